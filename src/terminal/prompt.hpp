// A line to type on that survives what is printed meanwhile. Lesson 12.
// On a terminal it reads key by key: when a message comes, the line is cleared, the message
// printed, and the half-typed text drawn again. In a pipe it reads and prints plain lines.
// Leaves out: more than one row. Of a line that is too long a part with the cursor is shown.
#pragma once

#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "terminal/line_editor.hpp"
#include "terminal/line_reader.hpp"

namespace terminal {

class Prompt {
  public:
    // At most one at a time: it changes the terminal's mode, and the destructor restores it. A
    // program that is ended by Ctrl-C needs net::StopSignal for that, made before. Ctrl-Z stops
    // the job with the terminal restored (terminal/job).
    // In a pipe `lines` are read. `whole_pastes`: what is pasted is one line with line feeds in it, and
    // not as many lines; the terminal is asked to say where it begins and ends.
    explicit Prompt(std::string prompt = "> ", LineReader lines = LineReader{STDIN_FILENO},
                    bool whole_pastes = false);
    ~Prompt();
    Prompt(const Prompt&) = delete;
    Prompt& operator=(const Prompt&) = delete;

    // The next line that was typed, as it was typed. Nothing at the end of the input
    // (Ctrl-D on an empty line), or when one of `others` is readable before there is a line (-1
    // in it stands for none). One thread at a time. Throws as LineReader::next().
    std::optional<std::string> next(std::span<const int> others);

    // The same for a program with a loop of its own: lines that are here already; then, when
    // fd() is readable, fill(); and at_end() says that nothing follows. See LineReader.
    std::optional<std::string> next_buffered();
    int fd() const { return lines_.fd(); }
    void fill();
    bool at_end();
    // Nothing follows, and every line was handed out.
    bool exhausted();
    // What was read and not handed out yet; of keys that make no line yet nothing counts.
    std::size_t buffered_bytes() const { return lines_.buffered_bytes(); }

    // Prints a line above what is being typed. From any thread. `line` is safe to print
    // (ws::escape).
    void print(std::string_view line, std::FILE* where = stdout);

    // Both ends are a terminal that can clear a line.
    bool interactive() const { return interactive_; }

    // While it is hidden nothing is drawn, and what is typed waits.
    void hide(bool hidden = true);

    // What ↑ goes back to.
    void set_history(std::vector<std::string> lines) { editor_.set_history(std::move(lines)); }

    // For programs that take signals themselves. SIGTSTP: gives the terminal back, stops the
    // program, and goes on here when it is continued. SIGCONT: takes the terminal again. SIGWINCH:
    // draws for the new width.
    void suspend();
    void resume();
    void resized();

  private:
    void read_keys();
    bool take_terminal();
    void give_terminal_back();
    void stop(void (*stop_us)());
    void clear();
    void draw();

    std::string prompt_;
    bool interactive_;
    bool whole_pastes_;
    termios saved_{};
    LineReader lines_;

    std::mutex mutex_;  // guards what follows, and the terminal
    LineEditor editor_;
    bool hidden_ = false;
    bool at_end_ = false;
    std::size_t first_ = 0;   // byte of the shown line that is drawn first
    std::size_t column_ = 0;  // of the cursor on the screen
};

}  // namespace terminal
