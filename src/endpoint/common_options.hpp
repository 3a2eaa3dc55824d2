// What both endpoints, the blocking one and the event loop, are told alike. Lesson 8.
// Limits and times of a connection, and what a server wants of its clients. The defaults are
// those that a server on a network should have: a program that forgets an option is safe.
// Leaves out: what only one of the two has (endpoint/blocking, opening, server_options).
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "net/address.hpp"
#include "ws/opening.hpp"
#include "ws/receiver.hpp"
#include "ws/trace.hpp"

namespace endpoint {

struct ConnectionOptions {
    ws::Limits limits{};
    ws::HeadLimits head_limits{};
    std::chrono::milliseconds handshake_timeout{10'000};  // for all of it, however it trickles
    std::chrono::milliseconds close_timeout{5'000};       // for the peer's Close and its end of TCP
    std::chrono::milliseconds write_timeout{30'000};      // without the peer taking a byte
    // Keep-alive; zero switches either off. It ends when the closing handshake begins. How the time
    // of a peer is counted that takes our bytes and sends none: see each endpoint.
    std::chrono::milliseconds ping_interval{30'000};
    std::chrono::milliseconds idle_timeout{60'000};
    // What changes messages on their way (§9), such as compression: offered by a client, agreed to by
    // a server. Outlives the connections; null: nothing.
    ws::Extensions* extensions = nullptr;
    // Called with each line of the trace; empty: no trace.
    ws::Tracer::Sink trace{};
    // Called once for each connection: what crosses it goes to the tap that this makes. Empty: none.
    std::function<ws::Tracer::Tap()> make_tap{};
};

// What a server wants of a request that keeps the rules; asked in this order (ws::Policy).
struct ServerPolicy {
    std::string path = "/ws";                  // requests for another one get 404; empty: any
    std::vector<std::string> further_paths{};  // with a WebSocket, besides that one
    // May this client come in? Not Errc::none: it is refused by that rule. By default pages of
    // other hosts may not connect (§10.2). Lesson 10 has more to put here. The address is that of
    // the peer, also when it is a proxy.
    std::function<ws::Errc(const ws::Request&, const net::Address& peer)> admit =
        [](const ws::Request& request, const net::Address&) { return ws::same_origin(request); };
    std::vector<std::string> subprotocols{};  // in order of preference
    bool any_subprotocol = false;             // in their place: whichever a client offers first
};

// For one request of `peer`. Both outlive what is returned.
inline ws::Policy policy_for(const ServerPolicy& rules, const net::Address& peer) {
    ws::Policy policy{.path = rules.path,
                      .further_paths = rules.further_paths,
                      .admit = {},
                      .subprotocols = rules.subprotocols,
                      .any_subprotocol = rules.any_subprotocol};
    if (rules.admit)
        policy.admit = [&](const ws::Request& request) { return rules.admit(request, peer); };
    return policy;
}

}  // namespace endpoint
