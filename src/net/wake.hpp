// A descriptor by which one thread wakes another that waits for readable ones. Lesson 8.
// Raised, it stays readable until it is lowered: it says "this has happened", and not how often.
// Leaves out: a message. What has happened stands beside it, under a lock.
#pragma once

#include <sys/eventfd.h>

#include "net/fd.hpp"
#include "net/os_error.hpp"

namespace net {

class Wake {
  public:
    // Throws std::system_error.
    Wake() : fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
        if (!fd_) throw_system_error("eventfd");
    }

    // From any thread.
    void raise() noexcept { ::eventfd_write(fd_.get(), 1); }

    // Not readable any more, until the next raise(). For the thread that was woken.
    void lower() noexcept {
        eventfd_t count = 0;
        ::eventfd_read(fd_.get(), &count);
    }

    // Readable once raise() was called; for wait_readable().
    int fd() const { return fd_.get(); }

  private:
    Fd fd_;
};

}  // namespace net
