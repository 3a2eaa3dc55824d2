// Ctrl-C and `kill` as a descriptor that becomes readable. Lesson 1.
// A signal handler may call next to nothing, and a flag that it sets is seen only after the
// blocking call that happens to be running. A descriptor can be waited for beside the sockets.
#pragma once

#include "net/fd.hpp"

namespace net {

class StopSignal {
  public:
    // Blocks SIGINT and SIGTERM for this thread and all that it starts from now on, so make it
    // first of all in main(). Throws std::system_error.
    StopSignal();

    // Readable once either signal has come; for wait_readable() and Listener::accept().
    int fd() const { return fd_.get(); }

    // Has one come? Does not wait.
    bool raised() const;

  private:
    Fd fd_;
};

}  // namespace net
