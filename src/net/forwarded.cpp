// The walk along X-Forwarded-For, from the address that we see to the one that we believe.
// Lesson 10. Every step is vouched for by the one before: an entry counts only when a proxy that
// we trust has written it.
#include "net/forwarded.hpp"

#include <algorithm>
#include <charconv>

#include "net/parse_ip.hpp"

namespace net {

bool contains(std::span<const Network> networks, const Address& address) {
    return std::ranges::any_of(networks,
                               [&](const Network& network) { return network.contains(address); });
}

namespace {

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, port);
    return error == std::errc{} && stopped == end;
}

// An entry as proxies write it: an address alone, or with a port: 1.2.3.4:5678, [::1], [::1]:5678.
// The port is of no interest: one client has many.
std::optional<Address> parse_entry(std::string_view text) {
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view port = text.substr(end + 1);
        if (!port.empty() && !(port.front() == ':' && is_port(port.substr(1)))) return std::nullopt;
        const std::optional<Address> address = parse_ip(text.substr(1, end - 1));
        return address && address->family() == AF_INET6 ? address : std::nullopt;
    }
    const std::size_t colon = text.find(':');
    // (An IPv6 address without brackets is full of colons, and has no port.)
    const bool with_port = colon != std::string_view::npos && is_port(text.substr(colon + 1)) &&
                           text.find('.') < colon;
    return parse_ip(with_port ? text.substr(0, colon) : text);
}

}  // namespace

Address believed_client(const Address& peer, std::span<const std::string_view> forwarded_for,
                        std::span<const Network> proxies) {
    Address client = peer;
    // From the right: each proxy adds its entry at the end. What a client sent itself stands left.
    while (contains(proxies, client) && !forwarded_for.empty()) {
        const std::optional<Address> before = parse_entry(forwarded_for.back());
        if (!before) break;
        client = *before;
        forwarded_for = forwarded_for.first(forwarded_for.size() - 1);
    }
    return client;
}

}  // namespace net
