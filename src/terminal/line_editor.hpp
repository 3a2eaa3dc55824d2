// Keys to lines: a line that is being typed, its cursor, and the lines before it. Lesson 12.
// The usual keys: arrows, Home, End, Delete, Ctrl-A E B F P N U K W D, and Ctrl or Alt with an
// arrow for words. A value: keys go in byte by byte, and nothing is printed here.
// Ctrl-R searches the lines before. A paste that the terminal marks as one is one line.
// Leaves out: undo, more than one row.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace terminal {

class LineEditor {
  public:
    // The next byte from the terminal.
    void key(unsigned char byte);

    // The line as far as it was typed, and the cursor's place in it, in bytes. It holds what was
    // typed or pasted: no control characters but the tab, and perhaps bytes that are no UTF-8.
    const std::string& text() const { return text_; }
    std::size_t cursor() const { return cursor_; }

    // The next line that was ended by Enter; several, when they were pasted.
    std::optional<std::string> next_finished();

    // Ctrl-D was pressed on an empty line.
    bool at_end() const { return at_end_; }

    // Ctrl-R: text() is the latest earlier line with searched() in it. Another Ctrl-R goes further
    // back, Ctrl-G gives up; any other key than a character goes on with the line that was found.
    bool searching() const { return searching_; }
    const std::string& searched() const { return searched_; }

    // Ctrl-L, Ctrl-Z: once for each time that they were pressed.
    bool take_clear_screen();
    bool take_suspend();

    // What ↑ goes back to, the oldest line first. Lines that end are added by themselves, unless
    // they are empty, begin with a space, hold a line feed, or repeat the one before.
    void set_history(std::vector<std::string> lines);
    const std::vector<std::string>& history() const { return history_; }
    static bool is_remembered(std::string_view line) {
        return !line.empty() && line.front() != ' ' && line.find('\n') == std::string_view::npos;
    }

  private:
    void plain_key(unsigned char byte);
    void editing_key(unsigned char byte);
    void escape_byte(unsigned char byte);
    void string_byte(unsigned char byte);
    void escape_sequence(unsigned char final, bool control);
    void insert(unsigned char byte);
    void finish();
    void left(bool word = false);
    void right(bool word = false);
    void erase_next();
    void recall(std::size_t place);
    bool search_key(unsigned char byte);
    void search_from(std::size_t place);
    void paste_byte(unsigned char byte);

    std::string text_;
    std::size_t cursor_ = 0;
    std::string partial_;  // a character whose bytes have not all come
    std::deque<std::string> finished_;
    // Of a key such as ↑, or of what the terminal itself has to say.
    enum class Escape { none, begun, sequence, single_shift, linux_key, string, string_end };
    Escape escape_ = Escape::none;
    bool after_return_ = false;  // a line feed after it is no second Enter
    std::string parameters_;                                             // "1;5" of ESC [ 1 ; 5 D
    std::vector<std::string> history_;
    std::size_t recalled_ = 0;  // the line of history_ that is shown; its size: the one typed
    std::string typed_;         // what was typed before ↑
    bool searching_ = false;
    std::string searched_;
    bool pasting_ = false;     // between ESC [ 200 ~ and ESC [ 201 ~
    bool at_end_ = false;
    bool clear_screen_ = false;
    bool suspend_ = false;
};

}  // namespace terminal
