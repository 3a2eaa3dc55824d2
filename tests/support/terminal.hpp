// A program on a terminal: keys go in, and what is on the screen comes out. pty(7).
// The screen is no more than what the programs use: text, line feed, carriage return, backspace
// and ESC [ K, which clears to the end of the line.
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

    // The lines of the screen; the last one is that of the cursor.
    std::string screen() const;
    // Waits until the screen ends so. Fails the test, showing the screen, when it never does.
    void expect_end(std::string_view text);
    // Waits until the text is somewhere on it.
    void expect(std::string_view text);

    int wait();                    // for the program's end; its status, 128 + n for a signal
    tcflag_t local_modes() const;  // ICANON, ECHO, ...
    pid_t pid() const { return pid_; }

  private:
    bool pump();
    void show(char byte);

    net::Fd master_;
    pid_t pid_ = -1;
    std::vector<std::string> lines_{""};
    std::size_t column_ = 0;  // a byte of the last line
    bool escape_ = false;
};

}  // namespace test
