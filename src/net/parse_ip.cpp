// inet_pton(3), first for the one family and then for the other. Lesson 2.
// It takes exactly the four numbers of IPv4 and the groups of IPv6, unlike inet_aton(), for which
// "1.2" is an address as well.
#include "net/parse_ip.hpp"

#include <arpa/inet.h>

#include <string>

namespace net {

std::optional<Address> parse_ip(std::string_view text) {
    // inet_pton() reads up to the first zero byte, and what stands after it would be ignored.
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    const std::string copy{text};
    Address address;
    auto& in = *reinterpret_cast<sockaddr_in*>(&address.storage);
    auto& in6 = *reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (inet_pton(AF_INET, copy.c_str(), &in.sin_addr) == 1) {
        in.sin_family = AF_INET;
        address.length = sizeof in;
    } else if (inet_pton(AF_INET6, copy.c_str(), &in6.sin6_addr) == 1) {
        in6.sin6_family = AF_INET6;
        address.length = sizeof in6;
    } else {
        return std::nullopt;
    }
    return address;
}

}  // namespace net
