// What the programs of lessons 5, 6 and 7 have in common besides the protocol: their options, how
// a client connects, how a server says where it listens.
// Leaves out: limits and time-outs beyond the handshake's (lessons 9 and 10).
#pragma once

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/capture.hpp"
#include "cli/key_options.hpp"
#include "lab/lab.hpp"
#include "net/address.hpp"
#include "net/look_up.hpp"
#include "net/signal.hpp"
#include "net/socket.hpp"

namespace lesson {

struct ServerOptions {
    cli::Common common;
    std::uint64_t handshake_timeout = 10;
    // What a browser finds here besides a WebSocket.
    std::unique_ptr<lab::Lab> lab = std::make_unique<lab::Lab>();
    // On the heap as well, so that options can be handed on once they are read.
    std::unique_ptr<cli::CaptureOption> capture = std::make_unique<cli::CaptureOption>();

    void declare(cli::Options& options) {
        options.server(common);
        capture->declare(options);
        options.path(common);
        options.number("--handshake-timeout", handshake_timeout, 1, 3600, "SECONDS",
                       "how long a client may take for its request");
    }
    std::chrono::seconds timeout() const { return std::chrono::seconds{handshake_timeout}; }
};

struct ClientOptions {
    cli::Common common;
    std::uint64_t handshake_timeout = 10;
    cli::KeyOptions keys;

    void declare(cli::Options& options) {
        options.client(common, {"ws"});
        options.path(common);
        options.number("--handshake-timeout", handshake_timeout, 1, 3600, "SECONDS",
                       "how long to wait for the connection, and then for the server's answer");
        keys.declare(options);
    }
    std::chrono::seconds timeout() const { return std::chrono::seconds{handshake_timeout}; }
    std::string authority() const { return net::join_host_port(common.host, common.port); }
    net::Fd connect(const net::StopSignal& stop) const {
        return net::connect_in_time(common.host, common.port, net::after(timeout()), stop.fd());
    }
};

// The one line that a server prints when it can be connected to; `port` is the real one.
inline void announce(const char* what, const cli::Common& common, std::uint16_t port) {
    std::printf("%s ws://%s%s\n", what, net::join_host_port(common.host, port).c_str(),
                common.path.c_str());
    std::fflush(stdout);
}

}  // namespace lesson
