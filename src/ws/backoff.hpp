// How long to wait before connecting again, RFC 6455 §7.2.3. Lesson 16.
// Each wait is twice as long as the one before, up to a limit, and a good part of it is chance:
// when a server ends, ten thousand clients must not come back in the same moment.
// Leaves out: waiting. Chance comes in as a number, and time goes out as one.
#pragma once

#include <algorithm>
#include <cstdint>

namespace ws {

struct Backoff {
    std::uint32_t first = 500;    // milliseconds
    std::uint32_t most = 30'000;  // milliseconds
    unsigned failures = 0;        // so far, one after the other

    // RFC 6455 §7.2.3: "Should the first reconnect attempt fail, subsequent reconnect
    // attempts SHOULD be delayed by increasingly longer amounts of time, using a method such
    // as truncated binary exponential backoff."
    std::uint32_t next(std::uint32_t chance) {
        const std::uint64_t doubled = std::uint64_t{first} << std::min(failures, 20u);
        ++failures;
        const auto longest = static_cast<std::uint32_t>(std::min<std::uint64_t>(most, doubled));
        // Between half of it and all of it.
        return longest - chance % (longest / 2 + 1);
    }

    // It has worked.
    void reset() { failures = 0; }
};

}  // namespace ws
