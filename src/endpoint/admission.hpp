// Who may come in: the page, the user, and the address for which a proxy speaks. Lesson 10.
// For AcceptOptions::admit and ServerOptions::admit: it judges a request that keeps all rules of
// the handshake. RFC 6455 §4.2.2, §10.1, §10.2, §10.5.
// Leaves out: how many may come (net/client_limits).
#pragma once

#include <string>
#include <vector>

#include "net/network.hpp"
#include "ws/credentials.hpp"
#include "ws/origin.hpp"

namespace endpoint {

// A client as we believe it to be.
struct Guest {
    net::Address address;  // behind a proxy: with port 0
    std::string name{};    // of its account; empty when there are no accounts
};

// What was judged of a request.
struct Verdict {
    ws::Errc errc;  // none, or the rule by which it is refused
    Guest guest;    // the address is known in any case, the name of a user who may come in
};

struct Admission {
    std::vector<ws::Origin> origins{};    // of pages that may connect; empty: of this host only
    std::vector<ws::Account> accounts{};  // empty: nobody is asked who they are
    std::vector<net::Network> proxies{};  // whose X-Forwarded-For is believed

    Verdict judge(const ws::Request& request, const net::Address& peer) const;
};

}  // namespace endpoint
