#include "tests/chaos/accidents.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "net/os_error.hpp"

namespace chaos {

namespace {

// "server 2" is a server.
std::string kind_of(const Program& program) { return program.name().substr(0, program.name().find(' ')); }

}  // namespace

void Program::start() {
    std::vector<char*> words;
    for (std::string& word : words_) words.push_back(word.data());
    words.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) net::throw_system_error("fork");
    if (pid_ != 0) return;
    // Whoever ends this test, ends them too.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int log = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    ::dup2(log, 1);
    ::dup2(log, 2);
    ::execvp(words.front(), words.data());
    ::_exit(127);
}

void Program::end(int number) {
    if (pid_ < 0) return;
    ::kill(pid_, SIGCONT);
    ::kill(pid_, number);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

void Program::signal(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
}

bool Program::running() {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
    return pid_ > 0;
}

void Accidents::turn(const std::function<void(const std::string&)>& log) {
    const Moment now = net::Clock::now();
    const auto due = std::partition(repairs_.begin(), repairs_.end(),
                                    [&](const Repair& each) { return each.when > now; });
    const std::vector<Repair> repairs{due, repairs_.end()};
    repairs_.erase(due, repairs_.end());
    for (const Repair& each : repairs) {
        repair(each);
        log(each.program->name() + (each.stopped ? " goes on" : " is started"));
    }
    for (Program* const server : servers_) look_for_deaths(*server);
    look_for_deaths(redis_);
    if (now < next_) return;
    next_ = now + between(500, 3500);
    cause(now, log);
}

void Accidents::look_for_deaths(Program& program) {
    const bool told = std::ranges::any_of(repairs_, [&](const Repair& each) { return each.program == &program; });
    if (told || program.running()) return;
    deaths_.push_back(program.name() + " ended by itself");
    program.start();
}

void Accidents::cause(Moment now, const std::function<void(const std::string&)>& log) {
    const auto dice = static_cast<unsigned>(random_() % 10);
    Program& program = dice < 6 ? *servers_[random_() % servers_.size()] : redis_;
    const bool busy = std::ranges::any_of(repairs_, [&](const Repair& each) { return each.program == &program; });
    const auto wait = between(200, 3000);
    // Longer than anybody waits for an answer: then what was asked is asked again, and both are heard.
    const auto pause = wait * 3;
    if (busy) return;
    if (dice % 3 == 2) {
        program.signal(SIGSTOP);
        repairs_.push_back({now + pause, &program, true});
        ++counts_[kind_of(program) + " stopped"];
        return log(program.name() + " is stopped for " + std::to_string(pause.count()) + " ms");
    }
    const bool killed = dice % 3 == 0;
    // In order takes its time: the others go on meanwhile, and so do we.
    program.signal(killed ? SIGKILL : SIGTERM);
    repairs_.push_back({now + wait, &program, false});
    ++counts_[kind_of(program) + (killed ? " killed" : " ended in order")];
    log(program.name() + (killed ? " is killed for " : " is ended, in order, for ") +
        std::to_string(wait.count()) + " ms");
}

void Accidents::repair(const Repair& repair) {
    if (repair.stopped) return repair.program->signal(SIGCONT);
    repair.program->end(SIGKILL);  // where it has not ended by now
    repair.program->start();
}

void Accidents::finish() {
    for (const Repair& each : repairs_) repair(each);
    repairs_.clear();
}

}  // namespace chaos
