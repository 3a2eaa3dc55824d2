// A backplane is turned by whoever owns it; the tests of both kinds of Redis, played and real, turn it
// until something is so.
#pragma once

#include "endpoint/backplane.hpp"
#include "net/socket.hpp"
#include "tests/support/process.hpp"

namespace test {

// False after a time that is too long for anything.
template <typename Condition>
bool turn_until(endpoint::Backplane& backplane, Condition condition) {
    const net::Deadline deadline = net::after(patience);
    while (!condition()) {
        if (net::Clock::now() > *deadline) return false;
        const int fd = backplane.fd();
        net::wait_readable({&fd, 1}, net::after(std::chrono::milliseconds{20}));
        backplane.turn();
    }
    return true;
}

}  // namespace test
