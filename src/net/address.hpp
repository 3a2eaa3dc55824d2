// Socket addresses of both families, and names looked up to them. Lesson 1.
// One type for both families: the rest of the code never asks which one it is.
// Leaves out: Unix sockets, scoped link-local addresses, asynchronous look-ups.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace net {

// An IPv4 or IPv6 address with a port, as the kernel stores it.
struct Address {
    sockaddr_storage storage{};
    socklen_t length = sizeof(sockaddr_storage);

    sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
    const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }

    int family() const { return storage.ss_family; }
    std::uint16_t port() const;
    void set_port(std::uint16_t port);

    // "127.0.0.1" or "::1". An IPv4 address that arrived through an IPv6 socket
    // ("::ffff:1.2.3.4") is shown as the IPv4 address that it is.
    std::string ip() const;

    // "127.0.0.1:9000" or "[::1]:9000".
    std::string to_string() const;
};

// A host that no address was found for. what() is one line for people.
class ResolveError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// All addresses of `host` for sockets of `type` (SOCK_STREAM or SOCK_DGRAM), in the order in
// which they should be tried. "localhost" gives both loopback addresses even where the hosts
// file names only one. Throws ResolveError. May block for as long as the resolver takes.
std::vector<Address> resolve(const std::string& host, std::uint16_t port, int type);

// "host:port", with brackets around an IPv6 address, as in a URL or a Host header.
std::string join_host_port(std::string_view host, std::uint16_t port);

}  // namespace net
