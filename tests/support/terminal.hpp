// A program on a terminal: keys go in, and what is on the screen comes out. pty(7).
// The screen is no more than what the programs use: text, line feed, carriage return, colors (which
// are left out), and the escape codes that clear (ESC [ K, ESC [ J) or move the cursor (A, C).
#pragma once

#include <termios.h>

#include <string>
#include <string_view>
#include <vector>

#include "net/fd.hpp"

namespace test {

class Terminal {
  public:
    Terminal(const std::string& path, std::vector<std::string> arguments, int columns = 80);
    ~Terminal();  // kills the program if it still runs

    void type(std::string_view keys);
    void resize(int columns);  // sends SIGWINCH
    void hang_up();            // closes the window
    void signal(int number);
    void signal_job(int number);  // to all of the job in the foreground

    // The lines of the screen, and those that have left it at the top.
    std::string screen() const;
    // Waits until the screen ends so. Fails the test, showing the screen, when it never does.
    void expect_end(std::string_view text);
    // Waits until the text is somewhere on it.
    void expect(std::string_view text);

    // The cursor's place in its line, in bytes.
    std::size_t cursor() const { return column_; }
    // Everything that was printed, with the escape codes.
    const std::string& raw() const { return raw_; }

    int wait();                    // for the program's end; its status, 128 + n for a signal
    void wait_for_stop();          // until it has been stopped by a signal
    tcflag_t local_modes() const;  // ICANON, ECHO, ...
    void set_local_modes(tcflag_t modes);
    pid_t pid() const { return pid_; }

  private:
    bool pump();
    void show(char byte);
    void obey(char final);

    net::Fd master_;
    pid_t pid_ = -1;
    std::vector<std::string> lines_{""};
    std::size_t row_ = 0;     // of the cursor, in lines_
    std::size_t column_ = 0;  // a byte of that line
    std::string raw_;
    std::string escape_;  // a code that is not complete
};

// A shell with job control at a terminal, as people have it: Ctrl-Z stops a job there.
struct JobShell {
    JobShell();
    void stop_job();  // types Ctrl-Z, and waits until the shell says that the job has stopped

    Terminal terminal;
};

}  // namespace test
