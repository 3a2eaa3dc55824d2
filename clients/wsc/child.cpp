// fork(2) and exec, then bytes both ways as far as the pipes take them.
#include "clients/wsc/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "clients/wsc/signals.hpp"
#include "net/os_error.hpp"

namespace wsc {

namespace {

struct Pipe {
    Pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) < 0) net::throw_system_error("pipe2");
        reading = net::Fd{ends[0]};
        writing = net::Fd{ends[1]};
    }
    net::Fd reading, writing;
};

// The flag belongs to the end of the pipe, so the program's own end keeps waiting as programs expect.
void never_wait(const net::Fd& end) { ::fcntl(end.get(), F_SETFL, O_NONBLOCK); }

}  // namespace

Child::Child(const std::string& command,
             const std::vector<std::pair<std::string, std::string>>& variables) {
    Pipe in, out;
    pid_ = ::fork();
    if (pid_ < 0) net::throw_system_error("fork");
    if (pid_ == 0) {
        become_child();
        for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
        ::dup2(in.reading.get(), STDIN_FILENO);
        ::dup2(out.writing.get(), STDOUT_FILENO);
        ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
        ::_exit(127);
    }
    input_ = std::move(in.writing);
    output_ = std::move(out.reading);
    never_wait(input_);
    never_wait(output_);
    process_ = net::Fd{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
    if (!process_) {
        const int error = errno;
        kill();
        ::waitpid(pid_, nullptr, 0);
        throw std::system_error{error, std::generic_category(), "pidfd_open"};
    }
}

Child::~Child() {
    kill();
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
}

bool Child::take_lines(std::vector<std::string>& lines) {
    std::array<char, 65536> chunk;
    const ssize_t got = ::read(output_.get(), chunk.data(), chunk.size());
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) {
        if (!rest_.empty()) lines.push_back(std::exchange(rest_, {}));
        return false;
    }
    std::string_view text{chunk.data(), static_cast<std::size_t>(got)};
    for (std::size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
        rest_ += text.substr(0, end);
        if (rest_.ends_with('\r')) rest_.pop_back();
        lines.push_back(std::exchange(rest_, {}));
    }
    if (!babbles()) rest_ += text;
    return true;
}

void Child::give(std::string_view text) {
    if (!input_) return;
    pending_.append(text).append("\n");
    flush();
}

void Child::flush() {
    while (input_ && !pending_.empty()) {
        const ssize_t written = ::write(input_.get(), pending_.data(), pending_.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) return;
        if (written < 0) {  // it reads no more, and may have much to say still
            input_.close();
            pending_.clear();
            return;
        }
        pending_.erase(0, static_cast<std::size_t>(written));
    }
}

void Child::hang_up() {
    input_.close();
    pending_.clear();
    end_group(SIGHUP);
}

void Child::kill() { end_group(SIGKILL); }

// What it has started itself is meant, too. Before its first steps it has no group yet.
void Child::end_group(int signal) const {
    if (pid_ > 0 && ::kill(-pid_, signal) < 0) ::kill(pid_, signal);
}

std::optional<int> Child::reap() {
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT);
    if (ended.si_pid != pid_) return std::nullopt;
    kill();  // those whom it has left behind, as long as its number is its own
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace wsc
