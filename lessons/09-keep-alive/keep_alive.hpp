// The options of keep-alive, the same for server and client. Lesson 9.
// What they do is endpoint/blocking's part; here they are read, and a pair of them that could not
// work is refused.
#pragma once

#include "cli/options.hpp"
#include "endpoint/blocking.hpp"

namespace lesson {

// Writes into `target`, which lives until options.parse() has returned.
inline void declare_keep_alive(cli::Options& options, endpoint::BlockingOptions& target) {
    options.seconds_or_off("--ping-interval", target.ping_interval, "from one ping to the next");
    options.seconds_or_off("--idle-timeout", target.idle_timeout,
                           "without any byte from the peer; then it is given up");
    options.number("--max-message-bytes", target.limits.max_message_bytes, 0, 1u << 30, "N",
                   "a longer message is refused with 1009");
}

inline void check_keep_alive(const endpoint::BlockingOptions& options) {
    const bool both = options.idle_timeout.count() != 0 && options.ping_interval.count() != 0;
    if (both && options.idle_timeout <= options.ping_interval)
        throw cli::UsageError{
            "--idle-timeout must be longer than --ping-interval: a peer needs the time between "
            "them to answer"};
}

}  // namespace lesson
