// Keys to lines, and lines drawn again. Lesson 12; termios(3), and one escape code: ESC [ K clears
// to the end of the line.
// The terminal does no editing in this mode, so backspace is ours, and a character is what UTF-8
// says it is. Ctrl-C stays a signal.
#include "cli/prompt.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "net/error.hpp"
#include "net/socket.hpp"
#include "ws/hex.hpp"

namespace cli {

namespace {

constexpr unsigned char ctrl_d = 0x04, backspace = 0x08, ctrl_u = 0x15, escape_key = 0x1B,
                        delete_key = 0x7F;

constexpr const char* clear_line = "\r\x1B[K";

bool can_clear_lines() {
    const char* terminal = std::getenv("TERM");
    return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0 && terminal != nullptr &&
           std::string_view{terminal} != "dumb";
}

bool continues_character(char byte) { return (byte & 0xC0) == 0x80; }

void remove_last_character(std::string& text) {
    while (!text.empty() && continues_character(text.back())) text.pop_back();
    if (!text.empty()) text.pop_back();
}

std::size_t terminal_columns() {
    winsize size{};
    const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
}

// The end of `text` that surely fits into so many columns. No character is wider than two, and
// none that takes less than three bytes is wider than one.
std::string_view end_that_fits(std::string_view text, std::size_t columns) {
    std::size_t start = text.size();
    while (start > 0) {
        std::size_t lead = start - 1;
        while (lead > 0 && continues_character(text[lead])) --lead;
        const std::size_t width = start - lead >= 3 ? 2 : 1;
        if (width > columns) break;
        columns -= width;
        start = lead;
    }
    return text.substr(start);
}

}  // namespace

Prompt::Prompt(std::string prompt)
    : prompt_{std::move(prompt)}, interactive_{can_clear_lines()}, lines_{STDIN_FILENO} {
    if (!interactive_) return;
    if (::tcgetattr(STDIN_FILENO, &saved_) < 0) net::throw_system_error("tcgetattr");
    termios mode = saved_;
    mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    // Ctrl-C ends the program in good order. What would stop or end it without asking, and leave
    // the terminal as it is now, is switched off.
    mode.c_cc[VSUSP] = mode.c_cc[VQUIT] = _POSIX_VDISABLE;
    if (::tcsetattr(STDIN_FILENO, TCSADRAIN, &mode) < 0) net::throw_system_error("tcsetattr");
    draw();
}

Prompt::~Prompt() {
    if (!interactive_) return;
    std::fputs(clear_line, stdout);
    std::fflush(stdout);
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_);
}

std::optional<std::string> Prompt::next(std::span<const int> others) {
    if (!interactive_) return lines_.next(others);
    std::vector<int> watched{others.begin(), others.end()};
    watched.push_back(STDIN_FILENO);
    for (;;) {
        {
            const std::lock_guard lock{mutex_};
            if (!finished_.empty()) {
                std::string line = std::move(finished_.front());
                finished_.pop_front();
                return line;
            }
            if (at_end_) return std::nullopt;
        }
        if (net::wait_readable(watched) != static_cast<int>(others.size())) return std::nullopt;
        read_keys();
    }
}

void Prompt::print(std::string_view line, std::FILE* where) {
    const std::lock_guard lock{mutex_};
    if (interactive_) std::fputs(clear_line, stdout);
    std::fflush(stdout);
    std::fputs((std::string{line} + '\n').c_str(), where);
    std::fflush(where);
    if (interactive_) draw();
}

void Prompt::read_keys() {
    std::array<unsigned char, 1024> keys;
    const ssize_t got = ::read(STDIN_FILENO, keys.data(), keys.size());
    if (got < 0 && errno != EINTR && errno != EAGAIN && errno != EIO)
        net::throw_system_error("cannot read the terminal");
    const std::lock_guard lock{mutex_};
    // EIO: the terminal has gone, and so has whoever sat there.
    if (got == 0 || (got < 0 && errno == EIO)) at_end_ = true;
    for (ssize_t i = 0; i < got; ++i) handle_key(keys[static_cast<std::size_t>(i)]);
    draw();
}

void Prompt::handle_key(unsigned char byte) {
    if (skip_escape(byte)) return;
    switch (byte) {
        case '\r':
        case '\n':
            finished_.push_back(std::move(typed_));
            typed_.clear();
            break;
        case backspace:
        case delete_key: remove_last_character(typed_); break;
        case ctrl_u: typed_.clear(); break;
        case ctrl_d: at_end_ = at_end_ || typed_.empty(); break;
        default:
            if (byte >= 0x20) typed_ += static_cast<char>(byte);
    }
}

// A key such as ↑ sends ESC [ A, others ESC [ 3 ~ or ESC O P: all of it is ignored.
bool Prompt::skip_escape(unsigned char byte) {
    switch (escape_) {
        case Escape::none:
            if (byte != escape_key) return false;
            escape_ = Escape::begun;
            return true;
        case Escape::begun:
            escape_ = byte == '[' || byte == 'O' ? Escape::sequence : Escape::none;
            return true;
        case Escape::sequence:
            if (byte >= 0x40 && byte <= 0x7E) escape_ = Escape::none;
            return true;
    }
    return false;
}

void Prompt::draw() {
    // One column stays free: a cursor beyond the last one would begin a new line.
    const std::size_t columns = terminal_columns();
    const std::size_t room = columns > prompt_.size() + 1 ? columns - prompt_.size() - 1 : 0;
    // What was pasted may hold anything, and half a character may not have come yet.
    const std::string typed = ws::escape(typed_);
    const std::string line = clear_line + prompt_ + std::string{end_that_fits(typed, room)};
    std::fputs(line.c_str(), stdout);
    std::fflush(stdout);
}

}  // namespace cli
