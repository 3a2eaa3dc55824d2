// What the clients of one event loop share: buffers, clock, options, counters. Lesson 11.
// Owned by endpoint::Server; one thread. An idle connection owns no buffer: it borrows these for
// the moment in which it has something to do.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "endpoint/client_address.hpp"
#include "endpoint/input.hpp"
#include "endpoint/keep_alive_clock.hpp"
#include "endpoint/output.hpp"
#include "endpoint/server_options.hpp"
#include "net/epoll.hpp"
#include "net/loop_clock.hpp"

namespace endpoint {

struct Loop {
    Loop(ServerOptions server_options, Handlers application)
        : options{std::move(server_options)},
          handlers{std::move(application)},
          keep_alive{keep_alive_times(options.ping_interval, options.idle_timeout)} {
        places.most = options.max_connections_per_address;
    }

    ServerOptions options;
    Handlers handlers;
    ws::KeepAlive::Times keep_alive;
    net::Epoll epoll;
    net::LoopClock clock;
    Counters counters;
    std::uint64_t traced = 0;  // connections so far
    InputPool input;
    OutputPool output;
    Places places;

    // What is left to do, by the clients' ids. When the turn ends: output that handlers caused for
    // others than the client whose turn it was, and clients that are over. Nobody is destroyed
    // before that, so a handler may close any client, also the one whose message it is handling.
    // In the next turn: those of whose bytes not all have been handled.
    std::vector<std::uint64_t> to_flush;
    std::vector<std::uint64_t> to_remove;
    std::vector<std::uint64_t> to_go_on;
};

}  // namespace endpoint
