// Addresses to and from text; names looked up by getaddrinfo(3). Lesson 1.
// sockaddr_storage is room for an address of any family; only the two functions at the top look
// into it, and each after a look at the family.
#include "net/address.hpp"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace net {

namespace {

const sockaddr_in& v4(const Address& address) {
    return *reinterpret_cast<const sockaddr_in*>(&address.storage);
}

const sockaddr_in6& v6(const Address& address) {
    return *reinterpret_cast<const sockaddr_in6*>(&address.storage);
}

Address loopback(int family, std::uint16_t port) {
    Address address;
    if (family == AF_INET) {
        auto& in = *reinterpret_cast<sockaddr_in*>(&address.storage);
        in.sin_family = AF_INET;
        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.length = sizeof in;
    } else {
        auto& in6 = *reinterpret_cast<sockaddr_in6*>(&address.storage);
        in6.sin6_family = AF_INET6;
        in6.sin6_addr = in6addr_loopback;
        address.length = sizeof in6;
    }
    address.set_port(port);
    return address;
}

}  // namespace

std::uint16_t Address::port() const {
    return ntohs(family() == AF_INET6 ? v6(*this).sin6_port : v4(*this).sin_port);
}

void Address::set_port(std::uint16_t port) {
    if (family() == AF_INET6)
        reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port = htons(port);
    else
        reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(port);
}

std::string Address::ip() const {
    char text[INET6_ADDRSTRLEN] = "?";
    if (family() == AF_INET) {
        inet_ntop(AF_INET, &v4(*this).sin_addr, text, sizeof text);
    } else if (family() == AF_INET6) {
        const in6_addr& bytes = v6(*this).sin6_addr;
        // So a client of IPv4 comes through a socket that takes both families: ::ffff:192.0.2.1.
        if (IN6_IS_ADDR_V4MAPPED(&bytes))
            inet_ntop(AF_INET, &bytes.s6_addr[12], text, sizeof text);
        else
            inet_ntop(AF_INET6, &bytes, text, sizeof text);
    }
    return text;
}

std::string Address::to_string() const { return join_host_port(ip(), port()); }

std::vector<Address> resolve(const std::string& host, std::uint16_t port, int type) {
    // RFC 6761 §6.3: the name localhost always means the loopback addresses. Many systems'
    // hosts files give it only one family, and then `--host localhost` would bind only that.
    if (host == "localhost") return {loopback(AF_INET, port), loopback(AF_INET6, port)};

    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = type;
    addrinfo* found = nullptr;
    const int failure = getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (failure != 0)
        throw ResolveError{"cannot find the host '" + host + "': " + gai_strerror(failure)};
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, &freeaddrinfo};

    std::vector<Address> addresses;
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        Address address;
        std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
        address.length = entry->ai_addrlen;
        address.set_port(port);
        // A hosts file may name one address twice; to listen on it twice would fail.
        const bool known = std::ranges::any_of(addresses, [&](const Address& other) {
            return other.length == address.length &&
                   std::memcmp(&other.storage, &address.storage, address.length) == 0;
        });
        if (!known) addresses.push_back(address);
    }
    return addresses;
}

std::string join_host_port(std::string_view host, std::uint16_t port) {
    std::string text;
    const bool brackets = host.find(':') != std::string_view::npos;  // or its end would be the port
    if (brackets) text += '[';
    text += host;
    if (brackets) text += ']';
    return text + ':' + std::to_string(port);
}

}  // namespace net
