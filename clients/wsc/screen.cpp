// Lines, colored and escaped. Nothing that a peer sent reaches a terminal as it came, but for the
// line feeds and tabs of a text.
// Leaves out: the line that is being typed (terminal/prompt).
#include "clients/wsc/screen.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "cli/standard_streams.hpp"
#include "clients/wsc/failure.hpp"
#include "clients/wsc/json_text.hpp"
#include "ws/hex.hpp"

namespace wsc {

namespace {

// A binary message on a terminal shows its beginning.
constexpr std::size_t shown_binary = 256;

bool on_terminal() {
    const char* terminal = std::getenv("TERM");
    return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0 && terminal != nullptr &&
           std::string_view{terminal} != "dumb";
}

std::string time_of_day() {
    const auto now = std::chrono::system_clock::now();
    const std::time_t second = std::chrono::system_clock::to_time_t(now);
    const auto part = std::chrono::duration_cast<std::chrono::milliseconds>(
        now - std::chrono::floor<std::chrono::seconds>(now));
    std::tm parts{};
    ::gmtime_r(&second, &parts);
    std::array<char, 32> text{};
    std::array<char, 40> all{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(all.data(), all.size(), "%s.%03dZ ", text.data(), static_cast<int>(part.count()));
    return all.data();
}

// Line feeds and tabs lay a text out; everything else that is no character is escaped. `margin`
// begins each further line, so that none of them can pass for one of ours.
std::string safe_text(std::string_view text, std::string_view margin) {
    std::string safe;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of("\n\t"), text.size());
        safe += ws::escape(text.substr(0, end));
        if (end < text.size()) safe += text[end];
        if (end < text.size() && text[end] == '\n') safe += margin;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return safe;
}

std::string indented(std::string_view text, std::string_view margin) {
    std::string lines;
    for (const char c : text) {
        lines += c;
        if (c == '\n') lines += margin;
    }
    return lines;
}

}  // namespace

Screen::Screen(const Settings& settings)
    : settings_{settings},
      interactive_{on_terminal()},
      bare_{interactive_ && settings.sends_and_leaves()} {
    if (settings.output.empty()) return;
    file_.reset(std::fopen(settings.output.c_str(), "wbe"));
    if (!file_)
        throw OwnFailure{"--output: cannot write '" + settings.output +
                         "': " + std::strerror(errno)};
}

void Screen::follow_terminal(int signal) {
    if (!prompt_) return;
    if (signal == SIGWINCH) prompt_->resized();
    if (signal == SIGCONT) prompt_->resume();
    if (signal == SIGTSTP) prompt_->suspend();
}

void Screen::begin_prompt() {
    if (prompt_) return;  // of the connection before
    constexpr std::size_t longest_raw = std::size_t{1} << 30;
    const int separator = settings_.raw              ? terminal::LineReader::no_separator
                          : settings_.null_separated ? '\0'
                                                     : '\n';
    prompt_ = std::make_unique<terminal::Prompt>(
        "> ",
        terminal::LineReader{STDIN_FILENO,
                             settings_.raw ? longest_raw : terminal::LineReader::default_max,
                             separator},
        true);
}

std::string Screen::decorated(std::string_view text, Color color) const {
    std::string plain = (settings_.timestamps ? time_of_day() : "") + std::string{text};
    if (!interactive_ || !settings_.color || bare_ || color == Color::none) return plain;
    const char* begin = color == Color::blue    ? "\x1B[34m"
                        : color == Color::green ? "\x1B[32m"
                                                : "\x1B[33m";
    return begin + plain + "\x1B[39m";
}

// As long as there is no prompt, the terminal shows by itself what is typed, and ^C.
void Screen::clear_typed() {
    if (!interactive_ || prompt_) return;
    std::fputs("\r\x1B[K", stdout);
    std::fflush(stdout);
}

void Screen::show(const std::string& text, std::FILE* where) {
    if (prompt_) return prompt_->print(text, where);
    clear_typed();
    std::fflush(stdout);
    std::fputs((text + '\n').c_str(), where);
    std::fflush(where);
}

std::string Screen::shown(ws::Opcode opcode, ws::Bytes data, std::string_view mark) const {
    const std::string begin{mark};
    if (opcode == ws::Opcode::binary) {
        if (!interactive_) return begin + ws::hex(data);
        return begin + "(binary, " + std::to_string(data.size()) +
               (data.size() == 1 ? " byte) " : " bytes) ") + ws::hex(data, shown_binary);
    }
    const std::string_view text = ws::as_text(data);
    const auto json = settings_.json ? indented_json(text) : std::nullopt;
    const std::string_view laid_out = json ? std::string_view{*json} : text;
    const std::string margin((bare_ ? 0 : 2) + mark.size(), ' ');
    if (::isatty(STDOUT_FILENO) != 0) return begin + safe_text(laid_out, margin);
    // A program that reads a pipe gets what was sent.
    return mark.empty() ? std::string{laid_out} : begin + indented(laid_out, margin);
}

void Screen::message(ws::Opcode opcode, ws::Bytes data, std::string_view mark) {
    if (file_) write_file(opcode, data);
    if (interactive_)
        show(decorated((bare_ ? "" : "< ") + shown(opcode, data, mark), Color::blue), stdout);
    else if (!file_)
        write_out(decorated(shown(opcode, data, mark), Color::none) + '\n');
}

int Screen::watched_output() const {
    struct stat status {};
    const bool pipe = ::fstat(STDOUT_FILENO, &status) == 0 && S_ISFIFO(status.st_mode);
    return pipe && !interactive_ && !file_ ? STDOUT_FILENO : -1;
}

// What a pipe or a file does not take is lost, and nobody may believe that it is there.
void Screen::write_out(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (const std::string why = cli::output_failure(); !why.empty()) throw OwnFailure{why};
}

// As it is, so that a file can be received; only texts get a line feed each.
void Screen::write_file(ws::Opcode opcode, ws::Bytes data) {
    std::fwrite(data.data(), 1, data.size(), file_.get());
    if (opcode == ws::Opcode::text) std::fputc('\n', file_.get());
    if (std::fflush(file_.get()) != 0 || std::ferror(file_.get()) != 0)
        throw OwnFailure{"--output: cannot write '" + settings_.output +
                         "': " + std::strerror(errno)};
}

void Screen::typed(std::string_view line) {
    if (interactive_) show("> " + ws::escape(line), stdout);
}

void Screen::received(const char* what, ws::Bytes data) {
    const std::string text =
        std::string{"Received "} + what + " (data: \"" + ws::escape(data) + "\")";
    if (interactive_)
        show(decorated((bare_ ? "" : "< ") + text, Color::blue), stdout);
    else
        show(decorated(text, Color::none), stderr);
}

void Screen::notice(std::string_view text) {
    if (settings_.sends_and_leaves() || settings_.quiet) return;
    show(decorated(text, Color::green), stderr);
}

void Screen::error(std::string_view text) {
    show(decorated((bare_ ? "" : "error: ") + std::string{text}, Color::yellow), stderr);
}

void Screen::trace(std::string_view line) { show(std::string{line}, stderr); }

void Screen::answer(std::string_view text) { show(decorated(text, Color::green), stderr); }

}  // namespace wsc
