// When all deadlines are looked at: once an interval, also when the 32 bits wrap around. Lesson 11.
// Not in the header: all of the event loop includes that, and would be compiled anew.
// Leaves out: what is due then (endpoint/loop_connection).
#include "net/loop_clock.hpp"

namespace net {

bool LoopClock::due() {
    if (elapsed(now_, last_) < static_cast<Milliseconds>(interval.count())) return false;
    last_ = now_;
    return true;
}

std::chrono::milliseconds LoopClock::until_due() const {
    const Milliseconds waited = elapsed(now_, last_);
    const auto whole = static_cast<Milliseconds>(interval.count());
    return std::chrono::milliseconds{waited >= whole ? 0 : whole - waited};
}

}  // namespace net
