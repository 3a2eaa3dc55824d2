// UDP: datagrams, each a message of its own. Lesson 2.
// What the network does to them is left visible: a datagram may be lost, doubled, overtaken by
// a later one, or cut off by a buffer that is too small.
// Leaves out: broadcast, multicast, telling a router's complaint from a silent loss.
#pragma once

#include "net/socket.hpp"

namespace net {

// What a datagram over IPv4 can carry: 65,535 bytes less the headers of IP (20) and UDP (8).
inline constexpr std::size_t max_datagram_bytes = 65'507;

// Sockets for datagrams to every address of `host`, with one port for all of them; port 0
// picks a free one. Throws ResolveError or std::system_error.
std::vector<Fd> bind_udp(const std::string& host, std::uint16_t port);

// A socket for talking to one address of `host` alone, the first that will do: datagrams of others
// do not reach it. Nothing is sent, so this succeeds whether anybody is there or not. Throws as
// bind_udp, and Stopped when `stop_fd` was readable before the name was found.
Fd connect_udp(const std::string& host, std::uint16_t port, int stop_fd = -1);

// What became of receiving one datagram. `closed` does not occur: nobody is connected, and an
// empty datagram is a message like every other.
struct Received {
    IoResult result;       // bytes: how many are in the buffer
    std::size_t size = 0;  // how many were sent
    Address peer;          // by whom

    explicit operator bool() const { return bool{result}; }
    // The buffer was too small, and what did not fit is gone.
    bool truncated() const { return size > result.bytes; }
};

// Receives one datagram. Takes one that is here already even when the deadline has passed.
Received receive_datagram(const Fd& socket, std::span<std::uint8_t> buffer, Deadline deadline = {});

// Sends one datagram: whole, or not at all. `failed` with ECONNREFUSED speaks of an earlier one
// that found nobody. Never waits: a datagram that finds no room is lost, as anywhere on its way.
IoResult send_datagram(const Fd& socket, std::span<const std::uint8_t> bytes);  // connected
IoResult send_datagram(const Fd& socket, std::span<const std::uint8_t> bytes, const Address& to);

}  // namespace net
