// Socket addresses of both families, and names looked up to them. Lesson 1.
// One type for both families: the rest of the code never asks which one it is.
// Leaves out: Unix sockets, scoped link-local addresses, asynchronous look-ups.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
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

    // 16 bytes for both families: IPv4 as IPv6 has it, ::ffff:1.2.3.4.
    std::array<std::uint8_t, 16> ip_bytes() const;

    // "127.0.0.1:9000" or "[::1]:9000".
    std::string to_string() const;
};

// The address that `text` spells out, "192.0.2.1" or "2001:db8::1", with port 0. Nothing for
// anything else: no name is looked up, and brackets and ports do not belong into it.
std::optional<Address> parse_ip(std::string_view text);

// Do both stand for the same host, whatever their ports are?
bool same_ip(const Address& a, const Address& b);

// All addresses that begin with the same bits: 10.0.0.0/8, fd00::/8. Or a single one.
class Network {
  public:
    Network(const Address& only);                 // also where a Network is asked for
    Network(const Address& first, unsigned bits); // how many bits of it are the network's

    // Whatever the address's port is. An IPv4 address belongs to no network of IPv6, not even
    // to ::/0.
    bool contains(const Address& address) const;

  private:
    std::array<std::uint8_t, 16> first_;
    unsigned bits_;  // of those 16 bytes, which hold IPv4 as ::ffff:1.2.3.4
};

// "10.0.0.0/8", "fd00::/8", or an address alone. Nothing for anything else, also for bits behind
// the network's: who writes 10.1.2.3/8 may have meant another network.
std::optional<Network> parse_network(std::string_view text);

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
