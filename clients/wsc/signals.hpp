// Signals as a descriptor: Ctrl-C, kill, a closed window, stop and continue, a new window size.
// All of them are blocked from the beginning on, so none can end the program with the terminal in
// a mode that only wsc understands. SIGPIPE is ignored: a reader that is gone is an error value.
#pragma once

#include <optional>

#include "net/fd.hpp"

namespace wsc {

class Signals {
  public:
    Signals();  // throws std::system_error

    int fd() const { return fd_.get(); }

    // The next signal that came; does not wait.
    std::optional<int> next() const;

    // One that came by now and asks us to leave: SIGINT, SIGTERM, SIGHUP, SIGQUIT.
    static bool asks_to_leave(int number);

  private:
    net::Fd fd_;
};

// For a child process, before its program begins: the signals as they were at the beginning of
// time, an end with ours, and no terminal of ours to be interrupted by.
void become_child();

}  // namespace wsc
