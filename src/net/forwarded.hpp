// Who the client is when a proxy speaks for it: X-Forwarded-For. Lesson 10.
// Each proxy appends the address that it was called from, so the list reads: client, first proxy,
// second proxy. Anybody can send such a header, so it is read from its end, and only as far as
// proxies that we trust have written it.
// Some proxies write a port after the address (HTTP gateways of clouds do); it is left out.
// Leaves out: Forwarded (RFC 7239) and the PROXY protocol, which say the same in other words.
#pragma once

#include <span>
#include <string_view>

#include "net/network.hpp"

namespace net {

bool contains(std::span<const Network> networks, const Address& address);

// The client behind `peer`: the rightmost address in `forwarded_for` that is in none of
// `proxies`. `peer` itself when it is in none of them, and then the header says nothing. Where the
// list ends, or holds what is no address, it is the proxy that has passed that on.
Address believed_client(const Address& peer, std::span<const std::string_view> forwarded_for,
                        std::span<const Network> proxies);

}  // namespace net
