// ws::KeepAlive by the clock of this machine, for endpoints that wait with a deadline. Lesson 9.
// Its numbers are milliseconds without an hour: the steady clock's, less what 32 bits do not hold.
// Leaves out: the event loop's clock (net/loop_clock), which is such a number already.
#pragma once

#include <chrono>

#include "net/socket.hpp"
#include "ws/keep_alive.hpp"

namespace endpoint {

inline ws::KeepAlive::Time keep_alive_now() {
    const auto since = net::Clock::now().time_since_epoch();
    return static_cast<ws::KeepAlive::Time>(
        std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

inline ws::KeepAlive::Times keep_alive_times(std::chrono::milliseconds ping_interval,
                                             std::chrono::milliseconds idle_timeout) {
    return {.ping_interval = static_cast<ws::KeepAlive::Time>(ping_interval.count()),
            .idle_timeout = static_cast<ws::KeepAlive::Time>(idle_timeout.count())};
}

// When to ask again; nothing: no need to.
inline net::Deadline deadline_of(const ws::KeepAlive::Next& next) {
    if (next.wait == ws::KeepAlive::forever) return std::nullopt;
    // Both moments were cut to whole milliseconds, so their difference may be one too small.
    return net::after(std::chrono::milliseconds{next.wait} + std::chrono::milliseconds{1});
}

}  // namespace endpoint
