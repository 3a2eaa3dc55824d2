// The walk along X-Forwarded-For, from the address that we see to the one that we believe.
// Lesson 10. Every step is vouched for by the one before: an entry counts only when a proxy that
// we trust has written it.
#include "net/forwarded.hpp"

#include <algorithm>

namespace net {

bool contains(std::span<const Network> networks, const Address& address) {
    return std::ranges::any_of(networks,
                               [&](const Network& network) { return network.contains(address); });
}

Address believed_client(const Address& peer, std::span<const std::string_view> forwarded_for,
                        std::span<const Network> proxies) {
    Address client = peer;
    while (contains(proxies, client) && !forwarded_for.empty()) {
        const std::optional<Address> before = parse_ip(forwarded_for.back());
        if (!before) break;
        client = *before;
        forwarded_for = forwarded_for.first(forwarded_for.size() - 1);
    }
    return client;
}

}  // namespace net
