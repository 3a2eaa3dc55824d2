// A line to type on that survives what is printed meanwhile. Lesson 12.
// On a terminal it reads key by key: when a message comes, the line is cleared, the message
// printed, and the half-typed text drawn again. In a pipe it reads and prints plain lines.
// Leaves out: arrow keys, history, Ctrl-Z; the end of a long line is shown, not all of it.
#pragma once

#include <termios.h>

#include <cstdio>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/line_reader.hpp"

namespace cli {

class Prompt {
  public:
    // At most one at a time: it changes the terminal's mode, and the destructor restores it. A
    // program that is ended by Ctrl-C needs net::StopSignal for that, made before.
    explicit Prompt(std::string prompt = "> ");
    ~Prompt();
    Prompt(const Prompt&) = delete;
    Prompt& operator=(const Prompt&) = delete;

    // The next line that was typed, as it was typed. Nothing at the end of the input
    // (Ctrl-D on an empty line), or when one of `others` is readable before there is a line (-1
    // in it stands for none). One thread at a time. Throws as LineReader::next().
    std::optional<std::string> next(std::span<const int> others);

    // Prints a line above what is being typed. From any thread. `line` is safe to print
    // (ws::escape).
    void print(std::string_view line, std::FILE* where = stdout);

    // Both ends are a terminal that can clear a line.
    bool interactive() const { return interactive_; }

  private:
    void read_keys();
    void handle_key(unsigned char byte);
    bool skip_escape(unsigned char byte);
    void draw();

    std::string prompt_;
    bool interactive_;
    termios saved_{};
    LineReader lines_;

    std::mutex mutex_;  // guards what follows, and the terminal
    std::string typed_;
    std::deque<std::string> finished_;  // lines, when several were pasted
    enum class Escape { none, begun, sequence } escape_ = Escape::none;  // of a key such as ↑
    bool at_end_ = false;
};

}  // namespace cli
