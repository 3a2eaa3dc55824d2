// Listening sockets that share one port, one for each event loop: SO_REUSEPORT, socket(7). Lesson 15.
// The kernel gives each new connection to one of them, chosen by a hash of both addresses and ports,
// so no two loops ever meet at the door, and none is woken for a client of another's.
// Leaves out: choosing by load (SO_ATTACH_REUSEPORT_EBPF), sharing with another process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/fd.hpp"

namespace net {

// `count` sets of sockets that listen on one port of `host`; each set is what bind_all() of
// net/socket gives, for one loop. Port 0 picks a free one. Throws as Listener does, EADDRINUSE also
// for another server that shares its port as we do.
std::vector<std::vector<Fd>> share_port(const std::string& host, std::uint16_t port,
                                        unsigned count);

}  // namespace net
