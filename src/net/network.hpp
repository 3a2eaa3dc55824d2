// Networks of both families, and which addresses belong to them. Lesson 10.
// Who may come in, who speaks for others and who came too often is decided by address; the port
// never matters here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/address.hpp"

namespace net {

// 16 bytes for both families: IPv4 as IPv6 has it, ::ffff:1.2.3.4.
std::array<std::uint8_t, 16> ip_bytes(const Address& address);

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

// "10.0.0.0/8", "fd00::/8", or an address alone. Nothing for anything else, also when bits
// after the network's are set: 10.1.2.3/8 may have been meant as another network.
std::optional<Network> parse_network(std::string_view text);

}  // namespace net
