#include "tests/support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "net/os_error.hpp"

namespace test {

namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
    net::Fd reading;
    net::Fd writing;
};

Pipe make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) net::throw_system_error("pipe2");
    return {net::Fd{ends[0]}, net::Fd{ends[1]}};
}

// Starts `command` with the three descriptors as its 0, 1 and 2 and with the signal handling
// of a fresh shell: nothing that a test blocked or ignored is passed on.
pid_t spawn(const std::vector<std::string>& command, int in, int out, int errors) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);

    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    sigset_t defaults = none;
    for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGQUIT}) sigaddset(&defaults, number);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    std::vector<char*> argv;
    for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);

    pid_t pid = -1;
    const int failure =
        ::posix_spawnp(&pid, argv.front(), &actions, &attributes, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failure != 0) net::throw_system_error("cannot start " + command.front(), failure);
    return pid;
}

// Reads what is there without waiting; closes the descriptor at the end of the stream.
void drain(net::Fd& fd, std::string& text) {
    std::array<char, 16384> buffer;
    while (fd) {
        const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
        if (got > 0)
            text.append(buffer.data(), static_cast<std::size_t>(got));
        else if (got < 0 && errno == EINTR)
            continue;
        else if (got < 0 && errno == EAGAIN)
            return;
        else
            fd.close();
    }
}

std::string indented(const std::string& text) {
    std::string result;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        result += "\n    | " + text.substr(start, end - start);
        start = end + 1;
    }
    return result.empty() ? " nothing" : result;
}

}  // namespace

Process::Process(const std::string& path, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), path);
    for (const std::string& argument : arguments)
        command_ += (command_.empty() ? "" : " ") + argument;
    Pipe in = make_pipe();
    Pipe out = make_pipe();
    Pipe errors = make_pipe();
    pid_ = spawn(arguments, in.reading.get(), out.writing.get(), errors.writing.get());
    stdin_ = std::move(in.writing);
    out_.fd = std::move(out.reading);
    errors_.fd = std::move(errors.reading);
    ::fcntl(stdin_.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(out_.fd.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(errors_.fd.get(), F_SETFL, O_NONBLOCK);
}

Process::~Process() {
    if (reap()) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

// Reads both outputs as soon as one has something, or `writable` takes bytes again; false when
// both are at their end.
bool Process::pump(std::chrono::milliseconds limit, int writable) {
    // poll() skips the -1 of a stream that is closed.
    std::array<pollfd, 3> polled{pollfd{out_.fd.get(), POLLIN, 0},
                                 pollfd{errors_.fd.get(), POLLIN, 0}, pollfd{writable, POLLOUT, 0}};
    ::poll(polled.data(), polled.size(),
           static_cast<int>(std::max<std::int64_t>(limit.count(), 0)));
    drain(out_.fd, out_.text);
    drain(errors_.fd, errors_.text);
    return out_.fd || errors_.fd;
}

// True once the program has ended.
bool Process::reap() {
    if (status_) return true;
    int state = 0;
    const pid_t ended = ::waitpid(pid_, &state, WNOHANG);
    if (ended != pid_) return false;
    status_ = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
    return true;
}

std::optional<std::string> Process::next_line(Stream& stream) {
    if (stream.used == stream.text.size()) return std::nullopt;
    std::size_t end = stream.text.find('\n', stream.used);
    if (end == std::string::npos) {
        if (stream.fd) return std::nullopt;
        end = stream.text.size();  // the last line may lack its '\n'
    }
    std::string line = stream.text.substr(stream.used, end - stream.used);
    stream.used = std::min(end + 1, stream.text.size());
    return line;
}

std::string Process::read_line_of(Stream& stream, const char* name,
                                  std::chrono::milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    for (;;) {
        if (auto line = next_line(stream)) return *line;
        if (!stream.fd) fail(std::string{"no further line: it ended its "} + name);
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) fail(std::string{"no further line in time on its "} + name);
        pump(left);
    }
}

std::string Process::read_line(std::chrono::milliseconds limit) {
    return read_line_of(out_, "standard output", limit);
}

std::string Process::read_error_line(std::chrono::milliseconds limit) {
    return read_line_of(errors_, "standard error", limit);
}

bool Process::try_write(std::string_view text) {
    // SIGPIPE would end the test program. It is held back while we write, and taken away when
    // it came; the process as a whole keeps the default, which some tests rely on.
    sigset_t pipe_signal;
    sigset_t before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    const auto deadline = Clock::now() + patience;
    int failure = 0;
    while (!text.empty() && failure == 0) {
        const ssize_t written = ::write(stdin_.get(), text.data(), text.size());
        if (written >= 0)
            text.remove_prefix(static_cast<std::size_t>(written));
        else if (errno == EAGAIN && Clock::now() < deadline)
            pump(std::chrono::milliseconds{100}, stdin_.get());
        else if (errno != EINTR)
            failure = errno;
    }
    const timespec no_time{};
    if (failure == EPIPE) ::sigtimedwait(&pipe_signal, nullptr, &no_time);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return failure == 0;
}

void Process::write(std::string_view text) {
    if (!try_write(text)) fail("it does not read its standard input any more");
}

void Process::signal(int number) {
    if (!reap()) ::kill(pid_, number);
}

int Process::wait(std::chrono::milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    while (!reap()) {
        if (Clock::now() >= deadline) fail("it does not end");
        // Usually the end of its outputs announces the end of a program; then it is a matter
        // of microseconds until it can be reaped.
        const bool open = pump(std::chrono::milliseconds{20});
        if (!open) ::poll(nullptr, 0, 1);
    }
    pump(std::chrono::milliseconds{0});
    return *status_;
}

const std::string& Process::output_so_far() {
    pump(std::chrono::milliseconds{0});
    return out_.text;
}

const std::string& Process::errors_so_far() {
    pump(std::chrono::milliseconds{0});
    return errors_.text;
}

void Process::fail(const std::string& what) {
    pump(std::chrono::milliseconds{0});
    throw std::runtime_error{command_ + ": " + what + ".\n  Standard output:" +
                             indented(out_.text) + "\n  Standard error:" + indented(errors_.text)};
}

Finished run(const std::string& path, const std::vector<std::string>& arguments,
             std::string_view input) {
    Process process{path, arguments};
    process.try_write(input);  // a program that refuses its options reads nothing
    process.close_stdin();
    Finished result;
    result.status = process.wait();
    result.output = process.output_so_far();
    result.errors = process.errors_so_far();
    return result;
}

std::string program(const std::string& name) {
    const char* build = std::getenv("TEST_BUILD");
    if (build == nullptr)
        throw std::runtime_error{"TEST_BUILD is not set: where do the programs lie? (make test)"};
    return std::string{build} + "/" + name;
}

std::uint16_t listening_port(std::string_view line) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    for (std::size_t colon = line.rfind(':'); colon != std::string_view::npos && colon > 0;
         colon = line.rfind(':', colon - 1)) {
        unsigned port = 0;
        std::size_t end = colon + 1;
        while (end < line.size() && digit(line[end]) && port < 65536)
            port = port * 10 + static_cast<unsigned>(line[end++] - '0');
        if (port > 0 && port < 65536) return static_cast<std::uint16_t>(port);
    }
    throw std::runtime_error{"no port in the listening line '" + std::string{line} + "'"};
}

}  // namespace test
