// From where a client of the loop comes, and how many come from there. Lesson 11.
// Behind a proxy that we trust it is the client for which the proxy speaks, from the handshake on.
// Leaves out: what becomes of one too many (endpoint/server, endpoint/loop_connection).
#pragma once

#include <string>
#include <unordered_map>

#include "net/forwarded.hpp"
#include "net/peer_address.hpp"
#include "ws/http.hpp"

namespace endpoint {

// How many clients each address has; kept only where there is a limit. 0: there is none.
struct Places {
    std::uint64_t most = 0;
    std::unordered_map<std::string, std::uint64_t> taken;

    bool is_full(const net::PeerAddress& peer) const {
        const auto found = taken.find(peer.key());
        return found != taken.end() && found->second >= most;
    }
};

class ClientAddress {
  public:
    explicit ClientAddress(const net::Address& peer) : peer_{peer} {}

    net::Address address() const { return peer_.address(); }

    // True: it is a proxy, and from now on its client, with port 0.
    bool look_behind_proxy(const ws::Request& request, std::span<const net::Network> proxies) {
        const net::Address peer = address();
        if (!net::contains(proxies, peer)) return false;
        const net::Address client =
            net::believed_client(peer, request.list("X-Forwarded-For"), proxies);
        if (net::same_ip(client, peer)) return false;
        peer_ = net::PeerAddress{client};
        return true;
    }

    // False: all places of this address are taken.
    bool take_place(Places& places) {
        if (places.most == 0) return true;
        if (places.is_full(peer_)) return false;
        ++places.taken[peer_.key()];
        counted_ = true;
        return true;
    }

    void give_back(Places& places) {
        if (!counted_) return;
        const auto place = places.taken.find(peer_.key());
        if (--place->second == 0) places.taken.erase(place);
    }

  private:
    net::PeerAddress peer_;
    bool counted_ = false;
};

}  // namespace endpoint
