// A peer's address in 19 bytes, for ten thousand connections that each remember one. Lesson 11.
// net::Address has the kernel's 128 bytes for it, and most of them are never used.
// Leaves out: scopes; and to show one, make a net::Address of it again.
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "net/network.hpp"

namespace net {

// IPv4 addresses are kept in their IPv6 form, ::ffff:1.2.3.4, and shown as IPv4 again.
class PeerAddress {
  public:
    PeerAddress() = default;

    explicit PeerAddress(const Address& address)
        : ip_{ip_bytes(address)}, port_{address.port()} {}

    Address address() const {
        Address address;
        auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
        v6.sin6_family = AF_INET6;
        std::memcpy(&v6.sin6_addr, ip_.data(), ip_.size());
        address.length = sizeof v6;
        address.set_port(port_);
        return address;
    }

    // Without the port, as a key for a table; the bytes, not a text.
    std::string key() const { return {ip_.begin(), ip_.end()}; }

  private:
    std::array<std::uint8_t, 16> ip_{};
    std::uint16_t port_ = 0;
};

}  // namespace net
