// What an epoll server is told, and what it tells: options, handlers, counters. Lesson 11.
// Each limit is explained where it is enforced, in endpoint/loop_connection and endpoint/server.
// Leaves out: doing anything with them; these are values.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "endpoint/http_reply.hpp"
#include "endpoint/message.hpp"
#include "net/network.hpp"
#include "ws/handshake.hpp"
#include "ws/origin.hpp"
#include "ws/receiver.hpp"
#include "ws/trace.hpp"

namespace endpoint {

class LoopConnection;

// The application. Each is called on the loop's thread and may call every member of LoopConnection
// and Server; what it is given lives until it returns.
struct Handlers {
    // The handshake has succeeded: what the client asked for. on_open comes next.
    std::function<void(LoopConnection&, const ws::Request&)> on_request{};
    std::function<void(LoopConnection&)> on_open{};
    std::function<void(LoopConnection&, const Message&)> on_message{};
    // When it is set, in place of on_message: messages come in pieces, as they arrive, and none is
    // ever put together (lesson 13). One that ends early, ends with on_close.
    std::function<void(LoopConnection&, const Piece&)> on_piece{};
    // What waited for a client that was slow has gone; reading from it has begun again.
    std::function<void(LoopConnection&)> on_drain{};
    // Exactly once for each on_open. The client takes no more messages.
    std::function<void(LoopConnection&, const Error&)> on_close{};
    // A GET without `Upgrade: websocket`. False: nothing here, the answer is 426.
    std::function<bool(const ws::Request&, HttpReply&)> on_http{};
    // Something that an operator should know: who, and one line. Not escaped.
    std::function<void(const net::Address&, std::string_view)> on_log{};
};

// Limits and times; each is an option of the server programs by the same name.
struct ServerOptions {
    std::string host = "localhost";
    std::uint16_t port = 8080;
    std::string path = "/ws";  // empty: any
    std::vector<std::string> subprotocols{};
    ws::Limits limits{};
    ws::HeadLimits head_limits{};
    std::chrono::milliseconds handshake_timeout{10'000};  // from accept to the blank line
    std::chrono::milliseconds ping_interval{30'000};      // of silence, then a ping; 0: none
    std::chrono::milliseconds idle_timeout{60'000};       // of silence, then TCP is ended; 0: never
    std::chrono::milliseconds close_timeout{5'000};       // for the peer's Close and end of TCP
    std::chrono::milliseconds write_timeout{30'000};      // without the peer taking a byte
    std::chrono::milliseconds shutdown_timeout{5'000};    // for all of them, at the end
    std::uint64_t max_backlog_bytes = 1u << 20;  // waiting for one client; then we stop reading it
    std::uint64_t max_connections = 0;           // 0: what RLIMIT_NOFILE allows, less 32
    std::uint64_t max_connections_per_address = 0;  // 0: no limit
    // Whose X-Forwarded-For is believed. A proxy's connections are not limited by its own address,
    // but by those of the clients that it speaks for; and LoopConnection::address() is theirs.
    std::vector<net::Network> proxies{};
    // A further judgement of a handshake that keeps the rules: origin, credentials. Not
    // Errc::none: it is refused by that rule. By default pages of other hosts may not connect
    // (§10.2): whoever forgets this option is safe. Lesson 10 has more to put here. The address is
    // that of the peer, also when it is a proxy.
    std::function<ws::Errc(const ws::Request&, const net::Address&)> admit =
        [](const ws::Request& request, const net::Address&) {
            return ws::check_origin(request, {});
        };
    ws::Tracer::Sink trace{};
    // How many connections are traced, the first ones; a trace of thousands is no text.
    std::uint64_t max_traced = static_cast<std::uint64_t>(-1);
};

// Readable by anyone on the loop's thread; see endpoint/metrics.hpp for their text.
struct Counters {
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_refused = 0;  // over a limit, before any handshake
    std::uint64_t connections_open = 0;     // now; sockets, whatever their state
    std::uint64_t handshakes = 0;           // that succeeded
    std::uint64_t http_requests = 0;
    std::uint64_t messages_received = 0;
    std::uint64_t messages_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t pings_sent = 0;
    std::uint64_t timeouts = 0;
    std::array<std::uint64_t, ws::errc_count> errors{};  // by rule
};

}  // namespace endpoint
