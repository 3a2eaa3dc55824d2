// Runs the course's programs as a person would: with arguments, a standard input, two outputs,
// signals, an exit status. Every wait has a deadline and no wait is a fixed sleep; a wait that
// fails throws, and the message shows all that the program had printed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/fd.hpp"

namespace test {

// How long a program may stay silent. Far more than any needs, so that only a program that
// hangs meets it, however busy the machine is: beside eight busy ones some need half a minute.
inline constexpr std::chrono::milliseconds patience{90'000};

class Process {
  public:
    // Starts the program at `path`. Throws std::system_error when it cannot be started.
    explicit Process(const std::string& path, std::vector<std::string> arguments = {});

    // Kills the program if it still runs, and reaps it.
    ~Process();

    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    // The next line of standard output (or standard error), without its '\n'. Throws when the
    // stream ends first. Lines are handed out in order, each once.
    std::string read_line(std::chrono::milliseconds limit = patience);
    std::string read_error_line(std::chrono::milliseconds limit = patience);

    // Types into the program; what it prints meanwhile is read, so the two cannot block each
    // other. write() throws when the program reads no more (no SIGPIPE), try_write() says false.
    void write(std::string_view text);
    bool try_write(std::string_view text);
    void close_stdin() { stdin_.close(); }

    void signal(int number);  // SIGINT is Ctrl-C

    // Waits for the end of the program and reads all that it printed. The exit status; as in a
    // shell, 128 + n for a program that signal n ended.
    int wait(std::chrono::milliseconds limit = patience);

    // All that was printed so far, whether it was handed out by read_line() or not.
    const std::string& output_so_far();
    const std::string& errors_so_far();

    pid_t pid() const { return pid_; }

  private:
    struct Stream {
        net::Fd fd;
        std::string text;      // everything so far
        std::size_t used = 0;  // handed out by next_line()
    };

    bool pump(std::chrono::milliseconds limit, int writable = -1);
    bool reap();
    std::optional<std::string> next_line(Stream& stream);
    std::string read_line_of(Stream& stream, const char* name, std::chrono::milliseconds limit);
    [[noreturn]] void fail(const std::string& what);

    std::string command_;
    pid_t pid_ = -1;
    std::optional<int> status_;  // once reaped
    net::Fd stdin_;
    Stream out_;
    Stream errors_;
};

// A program from its beginning to its end.
struct Finished {
    int status = 0;
    std::string output;
    std::string errors;
};
Finished run(const std::string& path, const std::vector<std::string>& arguments = {},
             std::string_view input = {});

// The path of a built program: program("lessons/01-tcp-echo/server"). `make test` says in
// $TEST_BUILD where they lie.
std::string program(const std::string& name);

// The port in a server's listening line: 9000 of "Echo server on :9000".
std::uint16_t listening_port(std::string_view line);

}  // namespace test
