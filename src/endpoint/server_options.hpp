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

#include "endpoint/common_options.hpp"
#include "endpoint/count.hpp"
#include "endpoint/message.hpp"
#include "net/network.hpp"

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
    std::function<void(LoopConnection&, const MessagePiece&)> on_piece{};
    // What waited for a client that was slow has gone; it is read from again, unless the application
    // has paused it.
    std::function<void(LoopConnection&)> on_drain{};
    // Exactly once for each on_open. The client takes no more messages.
    std::function<void(LoopConnection&, const Error&)> on_close{};
    // A GET or HEAD without `Upgrade: websocket`. False: nothing here, the answer is 426.
    std::function<bool(const ws::Request&, ws::HttpReply&)> on_http{};
    // Something that an operator should know: who, and one line. Not escaped.
    std::function<void(const net::Address&, std::string_view)> on_log{};
};

// Limits and times; each is an option of the server programs by the same name. A client is pinged
// each ping_interval; one without a sign of life for the idle timeout, which is longer, is given up.
struct ServerOptions : ConnectionOptions, ServerPolicy {
    std::string host = "localhost";
    std::uint16_t port = 8080;
    std::chrono::milliseconds shutdown_timeout{5'000};    // for all of them, at the end
    std::string shutdown_reason{};                        // of the Close that they get then
    std::uint64_t max_backlog_bytes = 1u << 20;  // waiting for one client; then we stop reading it
    std::uint64_t max_connections = 0;           // 0: what RLIMIT_NOFILE allows, less 32
    std::uint64_t max_connections_per_address = 0;  // 0: no limit
    // Whose X-Forwarded-For is believed. A proxy's connections are not limited by its own address,
    // but by those of the clients that it speaks for; and LoopConnection::address() is theirs.
    std::vector<net::Network> proxies{};
    // How many connections are traced, the first ones; a trace of thousands is no text.
    std::uint64_t max_traced = static_cast<std::uint64_t>(-1);
};

// Readable by any thread; see endpoint/metrics.hpp for their text.
struct Counters {
    Count connections_accepted;
    Count connections_refused;  // over a limit, before any handshake
    Count connections_open;     // now; sockets, whatever their state
    Count handshakes;           // that succeeded
    Count http_requests;
    Count messages_received;
    Count messages_sent;
    Count bytes_received;
    Count bytes_sent;
    Count pings_sent;
    Count timeouts;
    std::array<Count, ws::errc_count> errors{};  // by rule
};

}  // namespace endpoint
