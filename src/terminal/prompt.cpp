// Keys to lines, and lines drawn again. Lesson 12; termios(3), and a few escape codes: ESC [ K
// clears to the end of the line, ESC [ J to that of the screen, ESC [ n A and ESC [ n C move the
// cursor. The terminal does no editing in this mode; terminal/line_editor does. Ctrl-C stays a signal.
#include "terminal/prompt.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "net/os_error.hpp"
#include "net/socket.hpp"
#include "terminal/columns.hpp"
#include "terminal/job.hpp"
#include "ws/hex.hpp"

namespace terminal {

namespace {

constexpr const char* clear_line = "\r\x1B[K";

bool can_clear_lines() {
    const char* terminal = std::getenv("TERM");
    return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0 && terminal != nullptr &&
           std::string_view{terminal} != "dumb";
}

std::size_t terminal_columns() {
    winsize size{};
    const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
}

void put(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

// The beginning of the text that fits into so many columns.
std::string_view beginning_that_fits(std::string_view text, std::size_t room) {
    std::size_t end = 0;
    while (end < text.size()) {
        const std::size_t bytes = cluster_bytes(text.substr(end));
        const std::size_t width = columns(text.substr(end, bytes));
        if (width > room) break;
        room -= width;
        end += bytes;
    }
    return text.substr(0, end);
}

// The bytes to leave out at the front so that the rest fits.
std::size_t too_much(std::string_view text, std::size_t room) {
    std::size_t start = 0;
    for (std::size_t width = columns(text); width > room;) {
        const std::size_t bytes = cluster_bytes(text.substr(start));
        width -= columns(text.substr(start, bytes));
        start += bytes;
    }
    return start;
}

// Where to begin so that the cursor is among the drawn columns: as before where that is possible,
// and never so that room stays empty that the text could use.
std::size_t scrolled(std::string_view text, std::size_t cursor, std::size_t before,
                     std::size_t room) {
    std::size_t start = 0;  // counted from 0, so that it never stands within a character
    while (start < before && start < cursor) start += cluster_bytes(text.substr(start));
    start = std::min(start, cursor);
    start += too_much(text.substr(start, cursor - start), room);
    return std::min(start, too_much(text, room));
}

// A row of the screen is far shorter, whatever is in it.
constexpr std::size_t window_bytes = 16 * 1024;

// The byte from which on the text before the cursor is looked at.
std::size_t window_start(std::string_view text, std::size_t cursor) {
    return character_start(text, cursor > window_bytes ? cursor - window_bytes : 0);
}

}  // namespace

Prompt::Prompt(std::string prompt, LineReader lines, bool whole_pastes)
    : prompt_{std::move(prompt)},
      interactive_{can_clear_lines()},
      whole_pastes_{whole_pastes},
      lines_{std::move(lines)} {
    if (!interactive_) return;
    if (::tcgetattr(STDIN_FILENO, &saved_) < 0) net::throw_system_error("tcgetattr");
    if (!take_terminal()) net::throw_system_error("tcsetattr");
    draw();
}

Prompt::~Prompt() {
    if (!interactive_) return;
    clear();
    give_terminal_back();
}

bool Prompt::take_terminal() {
    termios mode = saved_;
    mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    // CR stays CR: a pasted CR LF would come as two line feeds, and end a line and an empty one.
    mode.c_iflag &= ~static_cast<tcflag_t>(ICRNL);
    // What is on its way to the screen when Ctrl-C is pressed must not be dropped: the line that
    // says how it ended, or the clearing of the prompt.
    mode.c_lflag |= NOFLSH;
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    // Ctrl-C ends the program in good order. What would stop or end it without asking, and leave
    // the terminal as it is now, is switched off; Ctrl-Z is a key like others.
    mode.c_cc[VSUSP] = mode.c_cc[VQUIT] = _POSIX_VDISABLE;
    if (whole_pastes_) put("\x1B[?2004h");
    return ::tcsetattr(STDIN_FILENO, TCSADRAIN, &mode) == 0;
}

void Prompt::give_terminal_back() {
    if (whole_pastes_) put("\x1B[?2004l");
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_);
}

std::optional<std::string> Prompt::next_buffered() {
    if (!interactive_) return lines_.next_buffered();
    const std::lock_guard lock{mutex_};
    return editor_.next_finished();
}

bool Prompt::at_end() {
    if (!interactive_) return lines_.at_end();
    const std::lock_guard lock{mutex_};
    return at_end_ || editor_.at_end();
}

bool Prompt::exhausted() { return interactive_ ? at_end() : lines_.exhausted(); }

std::optional<std::string> Prompt::next(std::span<const int> others) {
    if (!interactive_) return lines_.next(others);
    std::vector<int> watched{others.begin(), others.end()};
    watched.push_back(STDIN_FILENO);
    for (;;) {
        if (auto line = next_buffered()) return line;
        if (at_end()) return std::nullopt;
        if (net::wait_readable(watched) != static_cast<int>(others.size())) return std::nullopt;
        read_keys();
    }
}

// Both streams may lead to the same screen: each is flushed, so that lines stand in the order of the calls.
void Prompt::print(std::string_view line, std::FILE* where) {
    const std::lock_guard lock{mutex_};
    if (interactive_) clear();
    std::fflush(stdout);
    std::fputs((std::string{line} + '\n').c_str(), where);
    std::fflush(where);
    if (interactive_) draw();
}

void Prompt::fill() {
    if (interactive_)
        read_keys();
    else
        lines_.fill();
}

void Prompt::read_keys() {
    std::array<unsigned char, 1024> keys;
    const ssize_t got = ::read(STDIN_FILENO, keys.data(), keys.size());
    if (got < 0 && errno != EINTR && errno != EAGAIN && errno != EIO)
        net::throw_system_error("cannot read the terminal");
    const std::lock_guard lock{mutex_};
    // EIO: the terminal has gone, and so has the person who sat there.
    if (got == 0 || (got < 0 && errno == EIO)) at_end_ = true;
    for (ssize_t i = 0; i < got; ++i) editor_.key(keys[static_cast<std::size_t>(i)]);
    if (editor_.take_clear_screen()) put("\x1B[H\x1B[2J");
    if (editor_.take_suspend()) stop(&stop_job);
    draw();
}

void Prompt::suspend() {
    const std::lock_guard lock{mutex_};
    stop(&stop_process);
    draw();
}

void Prompt::stop(void (*stop_us)()) {
    if (interactive_) {
        clear();
        give_terminal_back();
    }
    stop_us();
    if (interactive_) take_terminal();  // unless the window was closed meanwhile
}

void Prompt::resume() {
    const std::lock_guard lock{mutex_};
    if (!interactive_) return;
    take_terminal();
    draw();
}

// A terminal that became narrower has wrapped the line that was drawn, so it began further up.
void Prompt::resized() {
    const std::lock_guard lock{mutex_};
    if (!interactive_ || hidden_) return;
    const std::size_t rows = column_ / terminal_columns();
    put("\r" + (rows > 0 ? "\x1B[" + std::to_string(rows) + "A" : std::string{}) + "\x1B[J");
    draw();
}

void Prompt::hide(bool hidden) {
    const std::lock_guard lock{mutex_};
    if (!interactive_ || hidden == hidden_) return;
    if (hidden) clear();
    hidden_ = hidden;
    draw();
}

void Prompt::clear() {
    if (!hidden_) put(clear_line);
}

void Prompt::draw() {
    if (hidden_) return;
    // One column stays free: a cursor beyond the last one would begin a new line.
    const std::size_t width = terminal_columns();
    const std::string prompt = editor_.searching() ? "(search) " + ws::escape(editor_.searched()) + ": "
                                                   : prompt_;
    const std::size_t used = columns(prompt) + 1;
    const std::size_t room = width > used ? width - used : 0;
    // What was pasted may hold anything, and be long: no more is looked at than may be shown.
    const std::string_view text = editor_.text();
    const std::size_t from = window_start(text, editor_.cursor());
    if (from > 0) first_ = 0;
    const std::string before = ws::escape(text.substr(from, editor_.cursor() - from));
    const std::string shown = before + ws::escape(text.substr(editor_.cursor(), window_bytes));
    first_ = scrolled(shown, before.size(), first_, room);
    const std::string_view visible =
        beginning_that_fits(std::string_view{shown}.substr(first_), room);
    column_ = columns(prompt) + columns(std::string_view{before}.substr(first_));

    std::string line = clear_line + prompt + std::string{visible};
    if (column_ < columns(prompt) + columns(visible)) {
        line += '\r';
        if (column_ > 0) line += "\x1B[" + std::to_string(column_) + 'C';
    }
    put(line);
}

}  // namespace terminal
