// The two moments that matter, the next ping and the end of patience, and what is due at them.
// RFC 6455 §5.5.2: "A Ping frame may serve either as a keepalive or as a means to verify that the
// remote endpoint is still responsive." Both: proxies see that we are here, and the peer has to
// answer. Lesson 9.
#include "ws/keep_alive.hpp"

#include <algorithm>

namespace ws {

std::int32_t KeepAlive::ahead(Time now, Time since, Time time) {
    return static_cast<std::int32_t>(since + time - now);
}

KeepAlive::Next KeepAlive::next(Time now, const Times& times) {
    const bool pings = times.ping_interval != 0;
    const bool gives_up = times.idle_timeout != 0;
    const std::int32_t to_ping = ahead(now, pinged_, times.ping_interval);
    const std::int32_t to_end = ahead(now, heard_, times.idle_timeout);
    // Asked far too late, we cannot know whether the peer was silent: we were not there to hear it.
    constexpr auto limit = -static_cast<std::int32_t>(late);
    const bool stood_still = (pings && to_ping < limit) || (gives_up && to_end < limit);

    if (gives_up && to_end <= 0 && !stood_still) return {Duty::gone, forever};
    if (stood_still) heard_ = now;
    const bool ping = pings && (to_ping <= 0 || stood_still);
    // From now, and not from when it was due: what was missed is not made up for.
    if (ping) pinged_ = now;

    Time wait = forever;
    if (pings) wait = static_cast<Time>(ahead(now, pinged_, times.ping_interval));
    if (gives_up) wait = std::min(wait, static_cast<Time>(ahead(now, heard_, times.idle_timeout)));
    return {ping ? Duty::ping : Duty::none, wait};
}

}  // namespace ws
