// Networks from text, and addresses compared bit by bit. Lesson 10.
// Both families are 16 bytes here, so there is one comparison. An IPv4 address belongs to no
// network of IPv6 even so: is_v4() is asked first.
#include "net/network.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "net/parse_ip.hpp"

namespace net {

namespace {

// ::ffff:0:0/96 is where IPv6 has the addresses of IPv4.
constexpr std::array<std::uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned v4_prefix_bits = 96;

bool is_v4(const std::array<std::uint8_t, 16>& ip) {
    return std::equal(v4_prefix.begin(), v4_prefix.end(), ip.begin());
}

std::array<std::uint8_t, 16> with_zeros_after(std::array<std::uint8_t, 16> ip, unsigned bits) {
    for (unsigned i = 0; i < ip.size(); ++i) {
        const unsigned kept = std::clamp(bits, 8 * i, 8 * (i + 1)) - 8 * i;  // of this byte
        ip[i] = static_cast<std::uint8_t>(ip[i] & 0xFF00u >> kept);
    }
    return ip;
}

}  // namespace

std::array<std::uint8_t, 16> ip_bytes(const Address& address) {
    std::array<std::uint8_t, 16> bytes{};
    if (address.family() == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
        std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
    } else {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
        std::ranges::copy(v4_prefix, bytes.begin());
        std::memcpy(bytes.data() + v4_prefix.size(), &v4->sin_addr, 4);
    }
    return bytes;
}

// As texts: ip() writes an IPv4 address that came through an IPv6 socket as what it is.
bool same_ip(const Address& a, const Address& b) { return a.ip() == b.ip(); }

Network::Network(const Address& only) : first_{ip_bytes(only)}, bits_{128} {}

Network::Network(const Address& first, unsigned bits)
    : first_{ip_bytes(first)}, bits_{bits + (is_v4(first_) ? v4_prefix_bits : 0)} {}

bool Network::contains(const Address& address) const {
    const std::array<std::uint8_t, 16> other = ip_bytes(address);
    return is_v4(first_) == is_v4(other) && with_zeros_after(other, bits_) == first_;
}

std::optional<Network> parse_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::optional<Address> first = parse_ip(text.substr(0, slash));
    if (!first) return std::nullopt;
    if (slash == std::string_view::npos) return Network{*first};
    const std::string_view digits = text.substr(slash + 1);
    // Of ::ffff:10.0.0.0/104 and the like nobody knows in which family the bits are counted.
    const bool mapped = is_v4(ip_bytes(*first)) && first->family() == AF_INET6;
    const unsigned most = first->family() == AF_INET ? 32 : 128;
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc{} || end != digits.data() + digits.size() || bits > most || mapped ||
        (digits.size() > 1 && digits.front() == '0'))
        return std::nullopt;
    // 10.0.0.7/8 is a slip: a network begins where the bits that are left are 0.
    const Network network{*first, bits};
    return network.contains(*first) ? std::optional{network} : std::nullopt;
}

}  // namespace net
