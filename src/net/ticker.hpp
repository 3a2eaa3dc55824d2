// A descriptor that becomes readable again and again: timerfd(2), periodic. Lesson 16.
// For what lives beside an event loop and has deadlines of its own, which it looks at with each tick.
// Leaves out: single moments; the loop's ten thousand are numbers (net/loop_clock).
#pragma once

#include <sys/timerfd.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>

#include "net/fd.hpp"
#include "net/os_error.hpp"

namespace net {

class Ticker {
  public:
    // Throws std::system_error.
    explicit Ticker(std::chrono::milliseconds interval)
        : fd_{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)} {
        if (!fd_) throw_system_error("timerfd_create");
        itimerspec time{};
        time.it_interval.tv_sec = interval.count() / 1000;
        time.it_interval.tv_nsec = interval.count() % 1000 * 1'000'000;
        time.it_value = time.it_interval;
        if (::timerfd_settime(fd_.get(), 0, &time, nullptr) < 0)
            throw_system_error("timerfd_settime");
    }

    // Readable once an interval has passed, until take().
    int fd() const { return fd_.get(); }
    void take() noexcept {
        std::uint64_t ticks = 0;
        [[maybe_unused]] const ssize_t size = ::read(fd_.get(), &ticks, sizeof ticks);
    }

  private:
    Fd fd_;
};

}  // namespace net
