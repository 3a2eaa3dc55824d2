// How many connections a process may hold: each costs a descriptor, and they are counted.
// Lesson 10. A server that runs out of them cannot even accept a client to tell it so; one that
// knows its limit can.
#pragma once

#include <sys/resource.h>

#include <cstdint>

namespace net {

// Not given to clients: the standard streams, listening sockets, signals, clients that are being
// told that there is no place for them.
inline constexpr std::uint64_t reserved_descriptors = 32;

// What RLIMIT_NOFILE (`ulimit -n`) allows when each connection takes so many descriptors; at
// least one.
inline std::uint64_t allowed_connections(std::uint64_t descriptors_each) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < reserved_descriptors + descriptors_each) return 1;
    return (limit.rlim_cur - reserved_descriptors) / descriptors_each;
}

}  // namespace net
