// The programs of a run, and what the process that reports is told.
#include "lessons/tools/check/backstage.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "lessons/tools/check/callee.hpp"

namespace check {

namespace {

std::uint64_t hash(std::string_view text) {
    std::uint64_t value = 0xCBF29CE484222325;  // FNV-1a
    for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    return value;
}

}  // namespace

Backstage::Backstage(Run& run, RunOptions given) : options{std::move(given)}, run_{run} {}
Backstage::~Backstage() = default;

void Backstage::begin(Cut cut) {
    cut_ = cut;
    // Each scenario has numbers of its own, so that leaving one out changes no other.
    state_ = options.seed ^ hash(options.name);
    first_key_ = true;
    lines_ = 0;
    note('X', "");
}

void Backstage::used_sockets() {
    if (!std::exchange(sockets_, true)) note('P', "");
}

// SplitMix64: a few lines, and good enough that nobody guesses a payload.
std::uint64_t Backstage::random() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

bool Backstage::takes_the_texts_key() { return std::exchange(first_key_, false) && options.seed == 0; }

// --- notes --------------------------------------------------------------------------------------

// A note: its kind, its length, its text. The report puts them together again; a run that dies
// in between has told all that it did before.
void Backstage::note(char kind, std::string_view text) {
    if (options.pipe < 0) return;
    const auto size = static_cast<std::uint32_t>(text.size());
    std::string bytes{kind};
    bytes.append(reinterpret_cast<const char*>(&size), sizeof size).append(text);
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t written = ::write(options.pipe, bytes.data() + done, bytes.size() - done);
        if (written < 0 && errno != EINTR) return;
        done += written > 0 ? static_cast<std::size_t>(written) : 0;
    }
}

std::string Backstage::next_number() {
    const std::string number = std::to_string(++lines_);
    return number.size() < 2 ? ' ' + number : number;
}

void Backstage::tell_printed() {
    std::string all;
    for (const auto& program : programs_) all += program->printed();
    note('O', all);
}

// --- programs -----------------------------------------------------------------------------------

Program& Backstage::program(const std::string& name, const std::vector<std::string>& arguments) {
    for (const auto& program : programs_)
        if (program->name() == name && program->arguments() == arguments && !program->ended())
            return *program;
    return start(name, arguments);
}

Program& Backstage::start(const std::string& name, const std::vector<std::string>& arguments) {
    programs_.push_back(std::make_unique<Program>(run_, path_of(name), name, arguments));
    return *programs_.back();
}

std::string Backstage::path_of(const std::string& program) const {
    if (options.built && std::ranges::find(*options.built, program) == options.built->end())
        throw NotBuilt{program};
    return options.build + "/lessons/" + folder_of_lesson(options.lesson) + "/" + program;
}

void Backstage::stop(Program& program) {
    std::erase_if(programs_, [&](const auto& ours) { return ours.get() == &program; });
}

void Backstage::look_for_crashes(Milliseconds wait) {
    for (const auto& program : programs_)
        if (const auto crash = program->crash(wait)) run_.fail(Verdict::crashed, *crash);
}

bool Backstage::wait_for(int fd, short events, Deadline deadline) {
    constexpr long long slice = 500;
    std::vector<Milliseconds> used;
    for (const auto& program : programs_) used.push_back(program->cpu_time());
    for (;;) {
        std::vector<pollfd> fds{{fd, events, 0}};
        for (const auto& program : programs_)
            for (const int output : {program->out(), program->err()})
                if (output >= 0) fds.push_back({output, POLLIN, 0});
        const auto left = std::chrono::duration_cast<Milliseconds>(
            deadline - std::chrono::steady_clock::now());
        const auto limit = std::clamp<long long>(left.count() + 1, 0, slice);
        const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(limit));
        for (const auto& program : programs_) program->read_output();
        if (ready > 0 && fds.front().revents != 0) return true;
        if (std::chrono::steady_clock::now() >= deadline) return false;
        // A call that computes for so long does not come back, and need not be waited for.
        for (std::size_t i = 0; i < used.size(); ++i)
            if (programs_[i]->cpu_time() - used[i] > most_computing) return false;
    }
}

Callee& Backstage::callee() {
    if (!callee_) callee_ = std::make_unique<Callee>(run_);
    return *callee_;
}

Program& Backstage::start_calls(int channel) {
    programs_.push_back(std::make_unique<Program>(run_, path_of("calls"), "calls",
                                                  std::vector<std::string>{}, channel));
    return *programs_.back();
}

}  // namespace check
