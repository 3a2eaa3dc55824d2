#include "tests/support/terminal.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "net/os_error.hpp"
#include "tests/support/process.hpp"

namespace test {

Terminal::Terminal(const std::string& path, std::vector<std::string> arguments, int columns) {
    std::vector<char*> argv{const_cast<char*>(path.c_str())};
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    winsize size{};
    size.ws_row = 24;
    size.ws_col = static_cast<unsigned short>(columns);
    int master = -1;
    pid_ = ::forkpty(&master, nullptr, nullptr, &size);
    if (pid_ < 0) net::throw_system_error("forkpty");
    if (pid_ == 0) {
        ::setenv("TERM", "xterm", 1);
        ::execv(path.c_str(), argv.data());
        ::_exit(127);
    }
    master_ = net::Fd{master};
}

Terminal::~Terminal() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

void Terminal::type(std::string_view keys) {
    while (!keys.empty()) {
        const ssize_t written = ::write(master_.get(), keys.data(), keys.size());
        if (written < 0) net::throw_system_error("write to the terminal");
        keys.remove_prefix(static_cast<std::size_t>(written));
    }
}

std::string Terminal::screen() const {
    std::string text;
    for (const std::string& line : lines_) text += (text.empty() ? "" : "\n") + line;
    return text;
}

void Terminal::expect_end(std::string_view text) {
    while (!screen().ends_with(text))
        if (!pump()) FAIL("the screen does not end with \"" << text << "\":\n" << screen());
}

void Terminal::expect(std::string_view text) {
    while (screen().find(text) == std::string::npos)
        if (!pump()) FAIL("the screen does not show \"" << text << "\":\n" << screen());
}

int Terminal::wait() {
    // Behind a window that is closed there is nothing to see.
    while (master_.get() >= 0 && pump()) {
    }
    const auto deadline = std::chrono::steady_clock::now() + patience;
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(pid_, &status, WNOHANG)) == 0) {
        if (std::chrono::steady_clock::now() > deadline) FAIL("it does not end:\n" << screen());
        ::poll(nullptr, 0, 1);
    }
    if (ended < 0) net::throw_system_error("waitpid");
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

tcflag_t Terminal::local_modes() const {
    termios modes{};
    if (::tcgetattr(master_.get(), &modes) < 0) net::throw_system_error("tcgetattr");
    return modes.c_lflag;
}

void Terminal::set_local_modes(tcflag_t local) {
    termios modes{};
    if (::tcgetattr(master_.get(), &modes) < 0) net::throw_system_error("tcgetattr");
    modes.c_lflag = local;
    if (::tcsetattr(master_.get(), TCSANOW, &modes) < 0) net::throw_system_error("tcsetattr");
}

void Terminal::wait_for_stop() {
    int status = 0;
    if (::waitpid(pid_, &status, WUNTRACED) < 0) net::throw_system_error("waitpid");
    REQUIRE_MESSAGE(WIFSTOPPED(status), "it ended in place of stopping");
}

// Shows what the program prints next. False at its end, or when it stays silent.
bool Terminal::pump() {
    pollfd entry{master_.get(), POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(patience.count())) <= 0) return false;
    std::array<char, 4096> bytes;
    const ssize_t got = ::read(master_.get(), bytes.data(), bytes.size());
    for (ssize_t i = 0; i < got; ++i) show(bytes[static_cast<std::size_t>(i)]);
    return got > 0;
}

void Terminal::show(char byte) {
    raw_ += byte;
    std::string& line = lines_[row_];
    if (!escape_.empty()) {
        escape_ += byte;
        const bool complete = escape_.size() > 2 ? byte >= 0x40 && byte <= 0x7E : byte != '[';
        if (complete) obey(byte);
    } else if (byte == '\x1B') {
        escape_ = byte;
    } else if (byte == '\r') {
        column_ = 0;
    } else if (byte == '\n') {
        if (++row_ == lines_.size()) lines_.emplace_back();
        column_ = 0;
    } else {
        line.resize(std::max(line.size(), column_ + 1));
        line[column_++] = byte;
    }
}

void Terminal::obey(char final) {
    const std::size_t count = static_cast<std::size_t>(
        std::max(1, std::atoi(escape_.substr(std::min<std::size_t>(2, escape_.size())).c_str())));
    if (final == 'K' || final == 'J') lines_[row_].resize(std::min(lines_[row_].size(), column_));
    if (final == 'J') lines_.resize(row_ + 1);
    if (final == 'A') row_ -= std::min(row_, count);
    if (final == 'C') column_ += count;
    escape_.clear();
}

void Terminal::resize(int columns) {
    winsize size{};
    size.ws_row = 24;
    size.ws_col = static_cast<unsigned short>(columns);
    ::ioctl(master_.get(), TIOCSWINSZ, &size);
}

void Terminal::hang_up() { master_.close(); }

void Terminal::signal(int number) { ::kill(pid_, number); }
void Terminal::signal_job(int number) { ::kill(-::tcgetpgrp(master_.get()), number); }

JobShell::JobShell()
    : terminal{"/usr/bin/env", {"PS1=shell# ", "bash", "--norc", "--noprofile", "--noediting", "-i"}} {}

void JobShell::stop_job() {
    terminal.type("\x1A");
    terminal.expect("Stopped ");
}

}  // namespace test
