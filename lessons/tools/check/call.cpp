// Asking the student's process, and judging how it answers. A request has an id that nobody can
// guess, so that nothing is taken for an answer that was written before the question.
#include "lessons/tools/check/call.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "lessons/tools/check/backstage.hpp"
#include "lessons/tools/check/callee.hpp"
#include "lessons/tools/check/program.hpp"

namespace check {

namespace {

constexpr Milliseconds slice{100};

std::string arguments_in_words(const wire::Value& arguments) {
    std::string text;
    for (const wire::Value& each : arguments.list) text += (text.empty() ? "" : ", ") + in_words(each);
    return text;
}

// A call's text where there is little room.
std::string short_form(const Call& call) {
    return columns(call.text()) <= 40 && call.text().find('\n') == std::string::npos
               ? call.text()
               : call.name() + "()";
}

}  // namespace

std::string in_words(const wire::Value& value) {
    switch (value.kind) {
        case wire::Value::Kind::boolean: return value.number != 0 ? "true" : "false";
        case wire::Value::Kind::number:
            return (value.negative ? "-" : "") + std::to_string(value.number);
        case wire::Value::Kind::text: return quote(std::string_view{value.data}, 60);
        case wire::Value::Kind::bytes:
            return value.data.empty() ? "no bytes" : hex(bytes_of(value.data), 16);
        case wire::Value::Kind::descriptor: return "the socket";
        case wire::Value::Kind::list: return '[' + arguments_in_words(value) + ']';
    }
    return "";
}

std::string Call::shown() const { return name_ + '(' + arguments_in_words(arguments_) + ')'; }

void Answer::fail(std::string_view wanted) const {
    run_->fail(Verdict::wrong, call_ + " was answered with " + in_words(value_) + ", and not with " +
                                   std::string{wanted});
}

void Pending::interrupt() {
    Program& program = callee_->program();
    // A signal that comes too early would interrupt nothing.
    for (int tries = 0; tries < 200 && program.where_it_waits().empty(); ++tries)
        if (ready(Milliseconds{5})) return;
    program.interrupt();
}

bool Pending::ready(Milliseconds wait) { return callee_->answer_comes(id_, wait); }

Answer Pending::answer(std::string_view says) { return callee_->wait(id_, text_, says); }

// --- the process --------------------------------------------------------------------------------

Callee::Callee(Run& run) : run_{run} {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        std::perror("check: socketpair");
        std::exit(2);
    }
    socket_ = ends[0];
    ::fcntl(socket_, F_SETFL, O_NONBLOCK);
    program_ = &run_.backstage().start_calls(ends[1]);
    ::close(ends[1]);
}

Callee::~Callee() { ::close(socket_); }

std::uint64_t Callee::send(char letter, const Call& call) {
    std::uint64_t id = 0;
    if (::getrandom(&id, sizeof id, 0) != sizeof id) std::exit((std::perror("check: getrandom"), 2));
    std::vector<int> descriptors;
    const std::string bytes = wire::encode({id, letter, call.name(), call.arguments()}, descriptors);
    std::string_view rest = bytes;
    due_[id] = letter == 'm' ? call.arguments().list.size() : 1;
    while (!rest.empty()) {
        const long sent = wire::send_with(socket_, rest, descriptors, MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) break;  // it is gone; waiting for the answer says why
        if (sent > 0) {
            rest.remove_prefix(static_cast<std::size_t>(sent));
            descriptors.clear();
        } else if (!run_.backstage().wait_for(socket_, POLLOUT, in(run_.patience() * 2))) {
            break;
        }
    }
    return id;
}

void Callee::fail_forged(std::string_view how) {
    run_.fail(Verdict::wrong, "on the way back from your code came " + std::string{how} +
                                  ". The check did not ask for it: what writes to descriptor 3?");
}

void Callee::take(wire::Message message) {
    const auto due = due_.find(message.id);
    if (due == due_.end() || due->second == 0) fail_forged("an answer to no question");
    --due->second;
    answers_[message.id].push_back(std::move(message));
}

// Reads what there is. False: nothing came within this time, or nothing will.
bool Callee::read(Milliseconds wait) {
    if (!run_.backstage().wait_for(socket_, POLLIN, in(wait))) return false;
    const long size = wire::receive_with(socket_, bytes_, descriptors_, MSG_DONTWAIT);
    if (size <= 0) return size < 0 && errno == EAGAIN;
    try {
        while (auto message = wire::decode(bytes_, descriptors_)) take(std::move(*message));
    } catch (const wire::Mismatch& error) {
        fail_forged(std::string{"what is no answer at all ("} + error.what() + ")");
    }
    if (bytes_.empty())
        for (const int unasked : std::exchange(descriptors_, {})) ::close(unasked);
    return true;
}

bool Callee::answer_comes(std::uint64_t id, Milliseconds limit) {
    const Deadline deadline = in(limit);
    const Milliseconds begin = program_->cpu_time();
    for (;;) {
        if (!answers_[id].empty()) return true;
        const auto left = std::chrono::duration_cast<Milliseconds>(
            deadline - std::chrono::steady_clock::now());
        const bool came = read(std::clamp(left, Milliseconds{0}, slice));
        if (came) continue;
        if (program_->ended()) {
            // What it said before its end still counts.
            while (read(Milliseconds{0})) {
            }
            if (!answers_[id].empty()) return true;
            run_.backstage().look_for_crashes(Milliseconds{0});
        }
        if (left.count() <= 0 || program_->cpu_time() - begin > most_computing) return false;
    }
}

Answer Callee::wait(std::uint64_t id, const std::string& text, std::string_view says) {
    // A call that computes may go on for its time, also on a busy machine; one that waits may not.
    const Milliseconds begin = program_->cpu_time();
    Milliseconds before = begin;
    while (!answer_comes(id, run_.patience())) {
        const Milliseconds now = program_->cpu_time();
        const std::string what = says.empty() ? text + " has not returned." : std::string{says};
        if (now - begin > most_computing) {
            const std::string after =
                " after " + std::to_string(most_computing.count() / 1000) + " seconds of computing";
            // On a slow machine what is too slow looks like what does not end.
            if (const auto& budget = run_.backstage().budget)
                run_.fail(Verdict::too_slow,
                          budget->what + " is not done" + after + "; " +
                              std::to_string(budget->plenty.count()) +
                              " ms are plenty. Work that is done again and again, or a loop that does not end?");
            run_.fail(Verdict::timed_out, what + " Still at work" + after + ": a loop that does not end?");
        }
        if (now - before < Milliseconds{20})
            run_.fail(Verdict::timed_out, what + program_->where_it_waits());
        before = now;
    }
    wire::Message message = std::move(answers_[id].front());
    answers_[id].pop_front();
    if (message.letter == 'r') return {run_, text, std::move(message.value)};
    if (message.letter == 'e')
        run_.fail(Verdict::crashed,
                  text + ": your code threw an exception: " + message.value.data);
    run_.fail(Verdict::wrong, "the check and its calls.cpp do not fit: " + message.value.data);
}

// --- expecting ----------------------------------------------------------------------------------

void expect_call(Run& run, const Call& call, const wire::Value& expected, std::string_view why) {
    run.fresh();
    const Answer answer = run.call(call);
    if (answer.value() == expected) return;
    std::string says = short_form(call) + " is " + in_words(answer.value()) + ", expected " + in_words(expected);
    if (!why.empty()) says.append("\n").append(why);
    run.fail(Verdict::wrong, says);
}

void expect_bytes(Run& run, const Call& call, Bytes expected, const Mistakes& mistakes, bool frames) {
    run.fresh();
    run.same_bytes(call.text(), run.call(call).as<Buffer>(), expected, mistakes, frames);
}

std::pair<std::string, std::string> rule_of(Run& run, std::string_view errc) {
    const Call asked{"rule", errc};
    return run.backstage().callee()
        .wait(run.backstage().callee().send('c', asked), asked.text())
        .as<std::pair<std::string, std::string>>();
}

void same_errc(Run& run, std::string_view got, std::string_view expected, std::string_view why) {
    if (got == expected) return;
    std::string says = "the answer is Errc::" + std::string{got} + ", expected Errc::" + std::string{expected};
    const auto [sentence, section] = rule_of(run, expected == "none" ? got : expected);
    if (expected == "none")
        says += ". Yours would mean: \"" + sentence + '"';
    else
        says += ": " + sentence + " (" + section + ")";
    if (!why.empty()) says.append("\n").append(why);
    run.fail(Verdict::wrong, says);
}

void expect_errc(Run& run, const Call& call, std::string_view expected, std::string_view why) {
    run.fresh();
    same_errc(run, run.call(call).as<std::string>(), expected, why);
}

void expect_calls(Run& run, const std::vector<Expected>& calls) {
    if (calls.empty()) return;
    std::vector<wire::Value> arguments;
    for (const Expected& each : calls) arguments.push_back(each.call.arguments());
    const std::uint64_t id =
        run.backstage().callee().send('m', Call{calls.front().call.name()}.with(std::move(arguments)));
    for (const Expected& each : calls) {
        run.fresh();
        run.step(each.call.text());
        const Answer answer = run.backstage().callee().wait(id, each.call.text());
        if (answer.value() == each.result) continue;
        std::string says = short_form(each.call) + " is " + in_words(answer.value()) +
                           ", expected " + in_words(each.result);
        if (!each.why.empty()) says.append("\n").append(each.why);
        run.fail(Verdict::wrong, says);
    }
}

}  // namespace check
