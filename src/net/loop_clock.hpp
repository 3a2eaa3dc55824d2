// The time, for an event loop: one look at the clock a turn, and deadlines that cost nothing to
// move. Lesson 11. RFC-free, and no timer objects: each connection keeps the moments that matter
// to it as plain numbers, and once a quarter of a second the loop looks at all of them. For ten
// thousand connections that is a tenth of a millisecond of work; a timerfd for each would cost a
// system call with every message.
// Leaves out: precision. What is due happens up to one interval late, never early.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace net {

// Milliseconds since the clock was made. 32 bits last for 49 days, so a server compares only
// differences, which survive the wrap-around.
using Milliseconds = std::uint32_t;

// How long ago `then` was.
constexpr Milliseconds elapsed(Milliseconds now, Milliseconds then) { return now - then; }

class LoopClock {
  public:
    static constexpr std::chrono::milliseconds interval{250};

    // `first` is the time that it begins with.
    explicit LoopClock(Milliseconds first = 0) : first_{first}, now_{first}, last_{first} {}

    // Reads the clock; once a turn of the loop.
    void update() {
        const auto passed = Clock::now() - start_;
        now_ = first_ + static_cast<Milliseconds>(
                            std::chrono::duration_cast<std::chrono::milliseconds>(passed).count());
    }

    // The time of this turn.
    Milliseconds now() const { return now_; }

    // Is it time to look at all deadlines? True once an interval.
    bool due();

    // How long the loop may sleep before due() is true.
    std::chrono::milliseconds until_due() const;

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
    Milliseconds first_;
    Milliseconds now_;
    Milliseconds last_;
};

}  // namespace net
