// Lines of standard input, for programs that wait for a socket at the same time. Lesson 1.
// std::getline would read ahead into a buffer that poll() cannot see: the program would wait
// for a line that it already has. Here what was read ahead is asked for first.
// Leaves out: line editing, which the terminal does.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

namespace terminal {

// A line that is longer than LineReader's limit.
class LineTooLong : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Use next(), or
//       while (auto line = lines.next_buffered()) ...;   first what is here already,
//       if (lines.at_end()) ...;                         then perhaps nothing will come,
//       wait until lines.fd() is readable; lines.fill(); else wait for more.
class LineReader {
  public:
    static constexpr std::size_t default_max = 16 * 1024 * 1024;

    static constexpr int no_separator = -1;  // all of the input is one line

    // Reads from `fd` and does not close it. The character `separator` ends a line.
    explicit LineReader(int fd, std::size_t max_line_bytes = default_max, int separator = '\n')
        : fd_{fd}, max_{max_line_bytes}, separator_{separator} {}

    int fd() const { return fd_; }

    // A whole line that was read already, without its separator; without "\r\n", too. At the end of the input the rest
    // is a line too. Throws LineTooLong.
    std::optional<std::string> next_buffered();

    // Reads once. Waits when there is nothing yet. Throws std::system_error.
    void fill();

    // All of this in one: the next line; nothing at the end of the input, or when one of
    // `others` is readable before there is a line (-1 in it stands for none). Throws as above.
    std::optional<std::string> next(std::span<const int> others);

    // The input has ended (next_buffered() may still have lines).
    bool at_end() const { return at_end_; }

    // What was read and not handed out yet.
    std::size_t buffered_bytes() const { return buffer_.size() - start_; }

    // It has ended, and every line was handed out.
    bool exhausted() const { return at_end_ && start_ == buffer_.size(); }

  private:
    int fd_;
    std::size_t max_;
    int separator_;
    std::string buffer_;
    std::size_t start_ = 0;    // of the next line, in buffer_
    std::size_t scanned_ = 0;  // no '\n' between start_ and here: it need not be looked for again
    bool at_end_ = false;
};

}  // namespace terminal
