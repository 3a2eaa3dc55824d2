// Lesson 11: an echo server for ten thousand clients on one thread.
// The event loop is src/endpoint/server; here is only what the application does when something
// has happened. No handler ever waits: whoever waits lets everybody wait.
#include <cstdio>

#include "cli/admission_options.hpp"
#include "cli/byte_trace.hpp"
#include "cli/log.hpp"
#include "cli/options.hpp"
#include "endpoint/metrics.hpp"
#include "endpoint/server.hpp"
#include "lab/lab_loop.hpp"
#include "net/descriptors.hpp"
#include "net/signal.hpp"

namespace {

struct Settings {
    cli::Common common;
    endpoint::ServerOptions server;
};

Settings read_options(int argc, char** argv) {
    Settings settings;
    endpoint::ServerOptions& server = settings.server;
    cli::Options options{"server", "Lesson 11: a WebSocket echo server on an event loop."};
    options.server(settings.common);
    options.path(settings.common);
    options.number("--max-message-bytes", server.limits.max_message_bytes, 0, 1u << 30, "N",
                   "a longer message is refused with 1009");
    options.number("--max-head-bytes", server.head_limits.max_head_bytes, 64, 1u << 20, "N",
                   "a longer request is refused with 431");
    options.number("--max-backlog-bytes", server.max_backlog_bytes, 0, 1u << 30, "N",
                   "waiting for one client; then we stop reading from it");
    options.number("--max-connections", server.max_connections, 0, 1u << 24, "N",
                   "in all; 0: what the limit of descriptors allows");
    options.number("--max-connections-per-address", server.max_connections_per_address, 0, 1u << 24,
                   "N", "0: no limit");
    cli::declare_allowed_origins(options, server);
    cli::declare_trusted_proxies(options, server.proxies);
    options.seconds("--handshake-timeout", server.handshake_timeout, "for the opening handshake");
    options.seconds_or_off("--ping-interval", server.ping_interval, "from one ping to the next");
    options.seconds_or_off("--idle-timeout", server.idle_timeout,
                           "without a sign of life, then the end");
    options.seconds("--close-timeout", server.close_timeout, "for the peer's Close");
    options.seconds("--write-timeout", server.write_timeout, "without the peer taking a byte");
    options.seconds("--shutdown-timeout", server.shutdown_timeout, "for all of them, at the end");
    options.parse(argc, argv);
    server.host = settings.common.host;
    server.port = settings.common.port;
    server.path = settings.common.path;
    if (settings.common.trace) server.trace = cli::trace_to_stderr;
    server.max_traced = 1;  // the first client
    return settings;
}

int serve(int argc, char** argv) {
    Settings settings = read_options(argc, argv);
    const net::StopSignal stop;
    net::raise_descriptor_limit();
    cli::Log log;
    endpoint::Server* running = nullptr;

    endpoint::Handlers handlers;
    handlers.on_message = [](endpoint::LoopConnection& client, const endpoint::Message& message) {
        client.send(message.type, message.data);
    };
    handlers.on_close = [&log](endpoint::LoopConnection& client, const endpoint::Error& error) {
        if (!error.expected()) log.line(client.address(), "Read error: " + error.message());
    };
    handlers.on_log = [&log](const net::Address& peer, std::string_view line) {
        log.line(peer, line);
    };
    handlers.on_http = [&running](const ws::Request& request, ws::HttpReply& reply) {
        if (request.path == "/health") {
            reply.body = "ok\n";
        } else if (request.path == "/metrics") {
            reply.content_type = endpoint::metrics_content_type;
            reply.body = endpoint::metrics_text(running->counters());
        } else {
            return false;
        }
        return true;
    };

    lab::LabLoop lab;  // at /lab, for browsers
    lab.attach(settings.server, handlers);
    endpoint::Server server{settings.server, handlers};
    running = &server;
    std::printf("WebSocket server at %s ...\n",
                cli::server_url(settings.common, "ws", server.port()).c_str());
    std::fflush(stdout);
    server.run(stop.fd());
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
