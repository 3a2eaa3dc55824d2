// A descriptor by which one thread wakes another that waits for readable ones. Lesson 8.
// Raised once, it stays readable: it says "this has happened", and not how often.
// Leaves out: a message. What has happened stands beside it, under a lock.
#pragma once

#include <sys/eventfd.h>

#include "net/error.hpp"
#include "net/fd.hpp"

namespace net {

class Wake {
  public:
    // Throws std::system_error.
    Wake() : fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
        if (!fd_) throw_system_error("eventfd");
    }

    // From any thread.
    void raise() noexcept { ::eventfd_write(fd_.get(), 1); }

    // Readable once raise() was called; for wait_readable().
    int fd() const { return fd_.get(); }

  private:
    Fd fd_;
};

}  // namespace net
