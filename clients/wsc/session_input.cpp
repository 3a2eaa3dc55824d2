// What is typed, piped, given by -x, in a file or replayed, and the end of the input. Nothing is sent
// that would break a rule; the line that asked for it is refused (outgoing).
#include <poll.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "clients/wsc/failure.hpp"
#include "clients/wsc/session.hpp"
#include "ws/utf8.hpp"

namespace wsc {

namespace {

constexpr std::size_t input_pauses_at = 1 << 20;  // bytes that wait to be sent

}  // namespace

// -x and --replay stand in the place of a pipe.
bool Session::reads_input() const {
    const bool instead = !screen_.interactive() && (settings_.sends_and_leaves() || replay_);
    return open() && !input_ended() && !instead;
}

bool Session::wants_input() const { return reads_input() && out_.size() < input_pauses_at; }

// A pipe is read ahead a little, also while the peer takes nothing, so that its end is seen.
bool Session::wants_lines() const {
    return wants_input() ||
           (reads_input() && !screen_.interactive() && !screen_.prompt()->at_end() &&
            screen_.prompt()->buffered_bytes() < input_pauses_at);
}

void Session::read_input() {
    while (wants_input()) {
        if (auto text = screen_.prompt()->next_buffered())
            line(*std::move(text));
        else if (screen_.prompt()->at_end())
            return end_of_input();
        else
            return;
    }
    if (reads_input() && !screen_.interactive() && screen_.prompt()->exhausted()) end_of_input();
}

// A pipe's end means "that was all", Ctrl-D means "I leave".
void Session::end_of_input() {
    ending_.input_ended = true;
    if (screen_.interactive()) return leave(ws::close_code::normal, std::chrono::seconds{1});
    if (!client_) return;  // a server serves on, whatever it has to say itself
    if (settings_.wait) {
        if (settings_.wait->count() >= 0) leave_at_ = net::after(*settings_.wait);
        return;
    }
    leave_at_ = net::after(received_ >= sent_ ? std::chrono::milliseconds{0} : default_wait);
}

// The connection has ended; had the input, too? A server with nothing left to say serves no other.
void Session::see_end_of_input() {
    if (screen_.interactive() || input_ended()) return;
    pollfd input{screen_.prompt()->fd(), POLLIN, 0};
    if (!client_ && ::poll(&input, 1, 0) == 1) screen_.prompt()->fill();
    ending_.input_ended = screen_.prompt()->exhausted();
}

void Session::line(std::string text) {
    screen_.typed(text);
    if (screen_.interactive() && !around_.history.add(text)) screen_.error(around_.history.error());
    try {
        send(read_line(settings_, screen_.interactive(), std::move(text)));
    } catch (const LineRefused& refused) {
        screen_.error(refused.what());
        ending_.input_refused = !screen_.interactive();
    }
}

void Session::send(const Outgoing& what) {
    const ws::Bytes bytes = ws::as_bytes(what.bytes);
    switch (what.kind) {
        case Outgoing::message:
            connection_.send(out_.storage(), what.opcode, bytes);
            ++sent_;
            message_ends_.push_back(taken_ + out_.size());
            break;
        case Outgoing::ping: connection_.ping(out_.storage(), bytes); break;
        case Outgoing::pong: connection_.pong(out_.storage(), bytes); break;
        case Outgoing::close:
            connection_.close(out_.storage(), what.code, what.bytes);
            asked_to_close_ = true;
            end_at_ = net::after(settings_.close_timeout);
            break;
    }
}

// As it is: text where it may be text.
void Session::send_file(const std::string& name) {
    std::ifstream file{name, std::ios::binary};
    std::ostringstream content;
    // A folder can be opened, and nothing can be read from it.
    if (!file || (file.peek(), file.bad()))
        throw OwnFailure{"--send: cannot read '" + name + "': " + std::strerror(errno)};
    if (file.peek() != std::ifstream::traits_type::eof()) content << file.rdbuf();
    std::string bytes = std::move(content).str();
    const bool text = !settings_.binary && ws::is_utf8(ws::as_bytes(bytes));
    send({.opcode = text ? ws::Opcode::text : ws::Opcode::binary, .bytes = std::move(bytes)});
}

// Sends the next frames of the record, as far as the server has said what it had said before them.
void Session::replay_steps() {
    if (!replay_ || !open()) return;
    const auto now = net::Clock::now();
    while (replayed_ < replay_->steps.size() && open()) {
        const Step& step = replay_->steps[replayed_];
        if (received_ < step.after && !replay_overdue_) {
            if (!replay_at_) replay_at_ = now + settings_.wait.value_or(default_wait);
            return;
        }
        replay_overdue_ = false;
        replay_at_.reset();
        ++replayed_;
        replay_step(step);
    }
    if (!open() || leave_at_) return;
    leave_at_ =
        now + (received_ >= replay_->messages ? std::chrono::milliseconds{0} : default_wait);
}

void Session::replay_step(const Step& step) {
    switch (step.opcode) {
        case ws::Opcode::ping: connection_.ping(out_.storage(), step.payload); break;
        case ws::Opcode::pong: connection_.pong(out_.storage(), step.payload); break;
        case ws::Opcode::close: {
            ws::CloseBody body;
            ws::parse_close_body(step.payload, body);
            connection_.close(out_.storage(), body.code, ws::as_text(body.reason));
            end_at_ = net::after(settings_.close_timeout);
            break;
        }
        default: connection_.send_fragment(out_.storage(), step.opcode, step.payload, step.fin);
    }
}

}  // namespace wsc
