// How many descriptors this process may have open: RLIMIT_NOFILE, setrlimit(2). Lesson 10.
// Each connection costs one, and they are counted: a server that runs out of them cannot even
// accept a client to tell it so; one that knows its limit can. Two numbers: the soft limit holds,
// and any process may raise it as far as the hard one.
// Leaves out: the whole machine's limit (fs.file-max), which is far larger.
#pragma once

#include <sys/resource.h>

#include <cstdint>

namespace net {

inline std::uint64_t descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

// Raises the soft limit, mostly 1024, to the hard one. It is that low for programs that use
// select(2), which cannot handle a descriptor of 1024 or more; epoll can. Returns the new limit.
inline std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return descriptor_limit();
}

// Not given to clients: the standard streams, listening sockets, signals, clients that are being
// told that there is no place for them.
inline constexpr std::uint64_t reserved_descriptors = 32;

// What the limit allows when each connection takes so many descriptors; at least one.
inline std::uint64_t allowed_connections(std::uint64_t descriptors_each) {
    const std::uint64_t limit = descriptor_limit();
    if (limit < reserved_descriptors + descriptors_each) return 1;
    return (limit - reserved_descriptors) / descriptors_each;
}

}  // namespace net
