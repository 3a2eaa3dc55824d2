// Starting the student's programs and watching them: pipes for the three streams, a pidfd for the
// end. Nothing is written to a program while its output is left unread, so neither can block the
// other.
#include "lessons/tools/check/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "lessons/tools/check/backstage.hpp"
#include "lessons/tools/check/peer.hpp"

namespace check {

namespace {

// Far more than any program needs to start, on a busy machine and with sanitizers.
constexpr Milliseconds start_time{10'000};
constexpr Milliseconds report_time{8'000};  // to write a sanitizer's report to its end
constexpr int channel_there = 3;

void make_pipe(int (&ends)[2]) {
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        std::perror("check: pipe2");
        std::exit(2);
    }
}

[[noreturn]] void become(const std::string& path, const std::vector<std::string>& arguments,
                         int channel) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (channel == channel_there)
        ::fcntl(channel, F_SETFD, 0);
    else if (channel >= 0)
        ::dup2(channel, channel_there);
    ::close_range(channel >= 0 ? channel_there + 1 : channel_there, ~0U, 0);
    ::setenv("ASAN_OPTIONS", "detect_leaks=0:handle_abort=1:color=never", 1);
    ::setenv("UBSAN_OPTIONS", "print_stacktrace=1:color=never", 1);
    std::vector<char*> argv{const_cast<char*>(path.c_str())};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execv(path.c_str(), argv.data());
    std::perror(path.c_str());
    ::_exit(127);
}

struct WaitingCall {
    long number;
    std::string_view name;
};
constexpr std::array waiting_calls{
    WaitingCall{SYS_sendto, "sendto"},     WaitingCall{SYS_recvfrom, "recvfrom"},
    WaitingCall{SYS_sendmsg, "sendmsg"},   WaitingCall{SYS_recvmsg, "recvmsg"},
    WaitingCall{SYS_read, "read"},         WaitingCall{SYS_write, "write"},
    WaitingCall{SYS_accept4, "accept"},    WaitingCall{SYS_connect, "connect"},
    WaitingCall{SYS_ppoll, "poll"},        WaitingCall{SYS_pselect6, "select"},
    WaitingCall{SYS_epoll_pwait, "epoll_wait"}, WaitingCall{SYS_futex, "a lock or a thread's end"},
    WaitingCall{SYS_clock_nanosleep, "sleep"},  WaitingCall{SYS_wait4, "wait"},
#ifdef SYS_poll
    WaitingCall{SYS_accept, "accept"},     WaitingCall{SYS_poll, "poll"},
    WaitingCall{SYS_select, "select"},     WaitingCall{SYS_epoll_wait, "epoll_wait"},
    WaitingCall{SYS_nanosleep, "sleep"},
#endif
};

std::vector<std::string> threads_of(pid_t pid) {
    std::vector<std::string> threads;
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator{"/proc/" + std::to_string(pid) + "/task", error})
        threads.push_back(entry.path().filename().string());
    return threads;
}

// -1: it is running, or not ours to know.
long system_call_of(pid_t pid, const std::string& thread) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/task/" + thread + "/syscall"};
    long number = -1;
    return file >> number ? number : -1;
}

// Where a report begins that sanitizer.cpp reads; it is told in other words.
std::string_view without_report(std::string_view text) {
    std::size_t end = text.size();
    for (const std::string_view begin : {"=================", "runtime error:", "terminate called",
                                         "Assertion '", "Assertion `", "UndefinedBehaviorSanitizer"})
        end = std::min(end, text.find(begin));
    if (end < text.size()) end = text.rfind('\n', end) + 1;
    return text.substr(0, end);
}

std::string last_line(std::string_view text) {
    while (text.ends_with('\n')) text.remove_suffix(1);
    return std::string{text.substr(text.rfind('\n') + 1)};
}

}  // namespace

Program::Program(Run& run, const std::string& path, std::string name,
                 std::vector<std::string> arguments, int channel)
    : run_{run}, name_{std::move(name)}, arguments_{std::move(arguments)} {
    int in[2], out[2], err[2];
    make_pipe(in);
    make_pipe(out);
    make_pipe(err);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::dup2(in[0], STDIN_FILENO);
        ::dup2(out[1], STDOUT_FILENO);
        ::dup2(err[1], STDERR_FILENO);
        become(path, arguments_, channel);
    }
    for (const int fd : {in[0], out[1], err[1]}) ::close(fd);
    in_ = in[1];
    out_ = out[0];
    err_ = err[0];
    for (const int fd : {in_, out_, err_}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
    functions_ = channel >= 0;
    if (pid_ < 0) run_.fail(Verdict::crashed, "the " + name_ + " could not be started");
}

Program::~Program() {
    if (!status_ && pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    for (const int fd : {in_, out_, err_})
        if (fd >= 0) ::close(fd);
}

// Of a program that prints without end only a part at once, and the last of it is kept.
void Program::read_some(int& fd, std::string& text) {
    constexpr std::size_t at_once = 1 << 20, kept = 16 << 20;
    char buffer[8192];
    for (std::size_t taken = 0; fd >= 0 && taken < at_once;) {
        const ssize_t size = ::read(fd, buffer, sizeof buffer);
        if (size == 0) ::close(std::exchange(fd, -1));
        if (size <= 0) break;
        text.append(buffer, static_cast<std::size_t>(size));
        taken += static_cast<std::size_t>(size);
    }
    if (text.size() <= kept) return;
    const std::size_t gone = text.size() - kept / 2;
    text.erase(0, gone);
    if (&text == &output_) read_ -= std::min(read_, gone);
}

void Program::read_output() {
    read_some(out_, output_);
    read_some(err_, errors_);
}

const std::string& Program::output() {
    read_output();
    return output_;
}

const std::string& Program::errors() {
    read_output();
    return errors_;
}

bool Program::reap() {
    int status = 0;
    if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
        status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return status_.has_value();
}

bool Program::ended() {
    if (!reap()) return false;
    read_output();
    return true;
}

std::string Program::what_it_said() {
    const std::string& said = errors().empty() ? output_ : errors_;
    return said.empty() ? "It printed nothing." : "It said: " + quote(last_line(said), 200);
}

namespace {

// A line of its own needs no quotation marks, and those within it no backslash.
std::string without_quotes(std::string_view quoted) {
    std::string line;
    for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
        if (quoted[i] == '\\' && quoted[i + 1] != '"') line += quoted[i++];
        else if (quoted[i] == '\\') ++i;
        line += quoted[i];
    }
    return line;
}

}  // namespace

std::string Program::printed() {
    constexpr std::size_t most = 200;  // report.cpp shows fewer
    read_output();
    std::vector<std::string> lines;
    const auto add = [&](std::string_view text) {
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            lines.push_back(without_quotes(quote(text.substr(0, end), 90)));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    };
    const std::size_t listening = port_ != 0 ? output_.find('\n') + 1 : 0;
    add(std::string_view{output_}.substr(listening));
    add(without_report(errors_));
    if (lines.empty()) return "";
    std::string text = "        Your " + std::string{functions_ ? "code" : name_} + " printed:\n";
    if (lines.size() > most) text += "          …\n";
    for (std::size_t i = lines.size() > most ? lines.size() - most : 0; i < lines.size(); ++i)
        text += "          " + lines[i] + '\n';
    return text;
}

std::string Program::line() { return next_line(""); }

// What it has printed only when it was told to end: until then it stood in a buffer of its own.
std::string Program::held_back() {
    signal(SIGINT);
    end_of_input();
    const Deadline deadline = in(Milliseconds{2000});
    while (out_ >= 0 && run_.backstage().wait_for(out_, POLLIN, deadline)) read_output();
    return output_.substr(read_);
}

// No line has come within its time; what was begun of one is in output_.
void Program::fail_silent(std::string_view expected, const std::string& wanted) {
    const std::string rest = output_.substr(read_);
    std::string says = "the " + name_ + " printed no further line. ";
    if (!rest.empty())
        says += "It printed " + quote(rest, 60) + " without a line's end";
    else if (!expected.empty() && held_back().find(expected) != std::string::npos)
        says += "It came when the " + name_ + " was told to end, and stood in a buffer of its own until then: to "
                "a terminal each line leaves at once, to a pipe or a file only some thousand bytes together. "
                "std::fflush(stdout) sends on what is there.";
    else
        says += what_it_said();
    run_.fail(rest.empty() ? Verdict::nothing_received : Verdict::timed_out, says + wanted);
}

// `wanted` says what the line should be, when there is none; `expected` is that line, if it is known.
std::string Program::next_line(const std::string& wanted, std::string_view expected) {
    const Deadline deadline = in(run_.patience() + (serves_ ? Milliseconds{0} : Milliseconds{2500}));
    for (;;) {
        read_output();
        if (const std::size_t end = output_.find('\n', read_); end != output_.npos) {
            const std::string line = output_.substr(read_, end - read_);
            read_ = end + 1;
            return line;
        }
        if (out_ < 0)
            run_.fail(Verdict::closed_early,
                      "the " + name_ + " ended before it printed the line that was waited for. " +
                          what_it_said() + wanted);
        if (!run_.backstage().wait_for(out_, POLLIN, deadline)) fail_silent(expected, wanted);
    }
}

void Program::expect_line(std::string_view expected, std::string_view why) {
    run_.backstage().note('S', "waits for the " + name_ + " to print " + quote(expected, 80));
    const std::string because = why.empty() ? "" : "\n" + std::string{why};
    const std::string printed = next_line("\nExpected " + quote(expected, 120) + because, expected);
    if (printed == expected) return;
    run_.fail(Verdict::wrong, "the " + name_ + " printed " + quote(printed, 120) + "\n   expected  " +
                                  std::string(name_.size() - 3, ' ') + quote(expected, 120) + because);
}

std::string Program::line_with(std::string_view part) {
    run_.backstage().note('S', "waits for the " + name_ + " to print a line with " + quote(part, 80));
    for (;;)
        if (const std::string printed = line(); printed.find(part) != printed.npos) return printed;
}

void Program::type(std::string_view text) {
    run_.show_event(Way::from_client, "typed into the " + name_ + ": " + quote(text, 60), true);
    const Deadline deadline = in(run_.patience());
    while (!text.empty() && in_ >= 0 && run_.backstage().wait_for(in_, POLLOUT, deadline)) {
        const ssize_t size = ::write(in_, text.data(), text.size());
        if (size < 0) return;
        text.remove_prefix(static_cast<std::size_t>(size));
    }
}

void Program::end_of_input() {
    if (in_ >= 0) ::close(std::exchange(in_, -1));
}

void Program::signal(int number) {
    told_to_end_ = true;
    if (!reap()) ::kill(pid_, number);
}

int Program::wait() {
    run_.backstage().note('S', "waits for the " + name_ + " to end");
    told_to_end_ = true;
    if (reap()) return *status_;
    const Milliseconds cpu_before = cpu_time();
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    const bool over = run_.backstage().wait_for(pidfd, POLLIN, in(run_.patience() + Milliseconds{2000}));
    ::close(pidfd);
    if (!over || !reap()) {
        // A program that waits uses next to nothing.
        const bool busy = cpu_time() - cpu_before > Milliseconds{150};
        run_.fail(Verdict::timed_out,
                  "the " + name_ + " does not end. " +
                      (busy ? "It computes without a pause: an endless loop? What is readable stays "
                              "so until it is read (Ctrl-C's descriptor, and an input that has ended, "
                              "for ever). "
                            : "") +
                      what_it_said());
    }
    read_output();
    if (const auto report = read_report(errors_, own_files(run_.backstage().options.lesson))) run_.fail(Verdict::crashed, *report);
    return *status_;
}

std::optional<std::string> Program::crash(Milliseconds wait) {
    read_output();
    const bool reporting = errors_.find("ERROR: AddressSanitizer") != errors_.npos ||
                           errors_.find("runtime error:") != errors_.npos ||
                           errors_.find("terminate called") != errors_.npos;
    if (!reap()) {
        const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
        run_.backstage().wait_for(pidfd, POLLIN, in(reporting ? report_time : wait));
        ::close(pidfd);
        if (!reap() && !reporting) return std::nullopt;
    }
    read_output();
    const std::string who = functions_ ? "your code" : "the " + name_;
    if (const auto report = read_report(errors_, own_files(run_.backstage().options.lesson))) return who + " crashed: " + *report;
    if (!status_ || told_to_end_) return std::nullopt;
    if (*status_ > 128)
        return who + " was ended by signal " + std::to_string(*status_ - 128) + " (" +
               strsignal(*status_ - 128) + "). " + what_it_said();
    if (functions_)
        return "your code ended the process, with status " + std::to_string(*status_) +
               ", and gave no answer. " + what_it_said();
    if (serves_)
        return "the " + name_ + " ended by itself, with status " + std::to_string(*status_) +
               ", when it should serve on. " + what_it_said();
    return std::nullopt;
}

std::size_t Program::kib_of(std::string_view entry) const {
    std::ifstream file{"/proc/" + std::to_string(pid_) + "/status"};
    for (std::string word; file >> word;)
        if (std::size_t kib = 0; word == entry && file >> kib) return kib;
    return 0;
}

Milliseconds Program::cpu_time() const {
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0)
        return Milliseconds{0};
    return Milliseconds{time.tv_sec * 1000 + time.tv_nsec / 1'000'000};
}

std::string Program::where_it_waits() const {
    std::string all;
    for (const std::string& thread : threads_of(pid_)) {
        const long number = system_call_of(pid_, thread);
        const auto found = std::ranges::find(waiting_calls, number, &WaitingCall::number);
        // Our own loop waits for the next question.
        if (found == waiting_calls.end() || (functions_ && found->number == SYS_recvmsg)) continue;
        if (all.find(found->name) == all.npos) all += (all.empty() ? "" : ", ") + std::string{found->name};
    }
    return all.empty() ? "" : " It is waiting in " + all + '.';
}

std::size_t Program::waiting_threads() const {
    const std::vector<std::string> threads = threads_of(pid_);
    return static_cast<std::size_t>(std::ranges::count_if(
        threads, [this](const std::string& thread) { return system_call_of(pid_, thread) == SYS_futex; }));
}

void Program::interrupt() {
    for (const std::string& thread : threads_of(pid_))
        ::syscall(SYS_tgkill, pid_, std::atoi(thread.c_str()), SIGUSR1);
}

std::uint16_t Program::port() {
    if (port_ != 0) return port_;
    run_.backstage().note('S', "waits for the server to say where it listens");
    const Deadline deadline = in(start_time);
    while (output().find('\n') == output_.npos && out_ >= 0 && run_.backstage().wait_for(out_, POLLIN, deadline)) {
    }
    const std::string first = output_.substr(0, output_.find('\n'));
    const std::size_t colon = first.rfind(':');
    if (colon != first.npos)
        port_ = static_cast<std::uint16_t>(std::strtoul(first.c_str() + colon + 1, nullptr, 10));
    if (port_ == 0) {
        run_.backstage().look_for_crashes(Milliseconds{300});
        run_.fail(Verdict::crashed,
                  "the server did not say where it listens. " + what_it_said());
    }
    read_ = output_.find('\n') + 1;
    serves_ = true;
    return port_;
}

std::vector<std::string> own_files(int lesson) {
    std::vector<std::string> files;
    const char* list = std::getenv("CHECK_FILES");
    std::ifstream file{list != nullptr ? list : ""};
    for (std::string line; std::getline(file, line);) {
        std::istringstream fields{line};
        std::string exercise, name;
        if (std::getline(fields, exercise, '\t') && std::getline(fields, name, '\t') &&
            std::atoi(exercise.c_str()) == lesson)
            files.push_back(name);
    }
    return files;
}

// --- the two that lessons have ------------------------------------------------------------------

Server::Server(Run& run, std::vector<std::string> arguments)
    : program_{run.backstage().program("server", [&] {
          arguments.insert(arguments.begin(), {"--port", "0"});
          return arguments;
      }())} {
    program_.port();
}

Client::Client(Run& run, const Host& host, std::vector<std::string> arguments)
    : Client{run, host.port(), std::move(arguments)} {}

Client::Client(Run& run, std::uint16_t port, std::vector<std::string> arguments)
    : run_{run}, program_{run.backstage().start("client", [&] {
          arguments.insert(arguments.begin(), {"--host", "127.0.0.1", "--port", std::to_string(port)});
          return arguments;
      }())} {}

Client::~Client() { run_.backstage().stop(program_); }

}  // namespace check
