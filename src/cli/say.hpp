// A line on standard output, for people and for programs that wait for it. Lesson 1.
// Written at once, also into a pipe: there the C library would keep it until it has some more.
// Leaves out: what a peer sent; that goes through ws::escape first.
#pragma once

#include <cstdio>
#include <string>

#include "cli/options.hpp"

namespace cli {

inline void say(const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
}

// Where a WebSocket server is: "PREFIX ws://localhost:8080/ws ...", with the real port.
inline void announce(const std::string& prefix, const Common& common, std::uint16_t port) {
    say(prefix + " " + server_url(common, "ws", port) + " ...");
}

}  // namespace cli
