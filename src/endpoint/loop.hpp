// What the clients of one event loop share: buffers, clock, options, counters. Lesson 11.
// Owned by endpoint::Server; one thread. An idle connection owns no buffer: it borrows these for
// the moment in which it has something to do.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "endpoint/server_options.hpp"
#include "net/epoll.hpp"
#include "net/loop_clock.hpp"
#include "net/out_buffer.hpp"
#include "net/peer_address.hpp"

namespace endpoint {

struct Loop {
    // A read takes at most this much. The larger, the fewer system calls a large message costs;
    // beyond this size the kernel rarely has more at once.
    static constexpr std::size_t receive_bytes = 512 * 1024;

    Loop(ServerOptions server_options, Handlers application)
        : options{std::move(server_options)}, handlers{std::move(application)} {}

    ServerOptions options;
    Handlers handlers;
    net::Epoll epoll;
    net::LoopClock clock;
    Counters counters;
    std::uint64_t traced = 0;  // connections so far
    ws::Buffer receive_buffer = ws::Buffer(receive_bytes);

    // Output of `current`, the client whose bytes are being handled. Empty between clients.
    ws::Buffer out;
    const LoopConnection* current = nullptr;

    // What is left to do when the turn ends, by the clients' ids: output that handlers caused
    // for others than `current`, and clients that are over. Nobody is destroyed before that, so a
    // handler may close any client, also the one whose message it is handling.
    std::vector<std::uint64_t> to_flush;
    std::vector<std::uint64_t> to_remove;

    std::vector<std::unique_ptr<net::OutBuffer>> spare_buffers;

    // How many clients each address has; kept only with max_connections_per_address.
    bool is_full(const net::PeerAddress& peer) const {
        const auto found = from_address.find(peer.key());
        return found != from_address.end() && found->second >= options.max_connections_per_address;
    }
    std::unordered_map<std::string, std::uint64_t> from_address;
};

}  // namespace endpoint
