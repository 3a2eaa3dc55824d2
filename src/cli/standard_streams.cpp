// stdout and stderr of the C library with functions of ours below them. Lesson 1; fopencookie(3).
// glibc lets a program assign the two, so printf() and puts() arrive here too, and no program has
// to print in another way for it. poll(2) comes before each write(2): to set O_NONBLOCK instead
// would set it for everybody who has the same terminal or pipe.
#include "cli/standard_streams.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <string_view>
#include <system_error>

namespace cli {

namespace {

struct Output {
    int fd;
    std::mutex mutex{};
    bool cut = false;                // the line that was written last has no end
    std::size_t dropped = 0;         // lines since the last one that was written
    int error = 0;                   // the first that was not the fault of a reader
    std::atomic<bool> gone = false;  // the reader
};

std::atomic<bool> may_wait = true;

Output out{STDOUT_FILENO}, errors{STDERR_FILENO};

// Readable as soon as somebody wants us to end, provided that these signals are blocked; where they
// are not, they end us by themselves.
int stop_fd() {
    static const int fd = [] {
        sigset_t signals;
        sigemptyset(&signals);
        for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&signals, number);
        return ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    }();
    return fd;
}

// Is there room? With `wait`: until there is, or until we are to end.
bool has_room(int fd, bool wait) {
    std::array<pollfd, 2> polled{pollfd{fd, POLLOUT, 0}, pollfd{wait ? stop_fd() : -1, POLLIN, 0}};
    while (::poll(polled.data(), polled.size(), wait ? -1 : 0) < 0 && errno == EINTR) continue;
    return polled[0].revents != 0;
}

// How much of the text was written. A pipe with room takes PIPE_BUF bytes without waiting.
std::size_t write_some(Output& output, std::string_view text, bool wait) {
    std::size_t done = 0;
    while (done < text.size() && has_room(output.fd, wait)) {
        const std::size_t count = std::min<std::size_t>(text.size() - done, PIPE_BUF);
        const ssize_t written = ::write(output.fd, text.data() + done, count);
        if (written >= 0)
            done += static_cast<std::size_t>(written);
        else if (errno != EINTR && errno != EAGAIN) {  // EAGAIN: others took the room
            if (errno == EPIPE)
                output.gone = true;
            else if (output.error == 0)
                output.error = errno;
            break;
        }
    }
    return done;
}

std::size_t lines_in(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

// Before anything else: that lines are missing here.
bool confess(Output& output) {
    if (output.dropped == 0) return true;
    const std::string line = (output.cut ? "...\n" : "") + std::to_string(output.dropped) +
                             (output.dropped == 1 ? " line was" : " lines were") +
                             " left out here: nobody has read in time\n";
    if (line.size() > PIPE_BUF || write_some(output, line, false) < line.size()) return false;
    output.dropped = 0;
    output.cut = false;
    return true;
}

ssize_t write_output(void* cookie, const char* bytes, std::size_t size) {
    Output& output = *static_cast<Output*>(cookie);
    const std::string_view text{bytes, size};
    const std::lock_guard lock{output.mutex};
    const bool wait = may_wait;
    const std::size_t done = wait || confess(output) ? write_some(output, text, wait) : 0;
    if (done > 0) output.cut = text[done - 1] != '\n';
    if (!wait) output.dropped += lines_in(text.substr(done));
    // All of it counts as written, so that the C library keeps nothing for another attempt.
    return static_cast<ssize_t>(size);
}

std::FILE* guarded(Output& output, int buffering) {
    std::FILE* const file = ::fopencookie(
        &output, "w", {.read = nullptr, .write = &write_output, .seek = nullptr, .close = nullptr});
    if (file != nullptr) std::setvbuf(file, nullptr, buffering, BUFSIZ);
    return file;
}

}  // namespace

void open_standard_streams() {
    for (;;) {
        const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0) return;
        if (fd > STDERR_FILENO) {
            ::close(fd);
            return;
        }
        ::fcntl(fd, F_SETFD, 0);
    }
}

void guard_output() {
    // Line by line for people; a file or a pipe gets more at a time, until somebody flushes.
    std::FILE* const guarded_out = guarded(out, ::isatty(STDOUT_FILENO) != 0 ? _IOLBF : _IOFBF);
    std::FILE* const guarded_errors = guarded(errors, _IONBF);
    if (guarded_out != nullptr) stdout = guarded_out;
    if (guarded_errors != nullptr) stderr = guarded_errors;
    ::signal(SIGPIPE, SIG_DFL);
}

void never_wait_for_readers() {
    may_wait = false;
    // A message that is shown may be longer than the 64 KiB that a pipe holds, and a reader that is
    // only slow shall not miss it: room for as much as anybody may ask for (pipe-max-size). Lines of
    // a log are short. Where it is no pipe, nothing happens.
    ::fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 1 << 20);
    ::signal(SIGPIPE, SIG_IGN);
}

bool reader_has_gone() {
    struct stat a {};
    struct stat b {};
    const bool same = ::fstat(STDOUT_FILENO, &a) == 0 && ::fstat(STDERR_FILENO, &b) == 0 &&
                      a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    return out.gone || (same && errors.gone);
}

std::string output_failure() {
    std::fflush(stdout);
    const std::scoped_lock lock{out.mutex, errors.mutex};
    for (Output* output : {&out, &errors}) confess(*output);
    if (out.error == 0) return "";
    return "cannot write to standard output: " + std::generic_category().message(out.error);
}

}  // namespace cli
