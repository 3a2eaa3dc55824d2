// Lesson 11: an echo server for ten thousand clients on one thread.
// The event loop is src/endpoint/server; here is only what the application does when something
// has happened. No handler ever waits: one that waits lets everybody wait.
#include "cli/admission_options.hpp"
#include "cli/log.hpp"
#include "cli/loop_options.hpp"
#include "cli/say.hpp"
#include "endpoint/metrics.hpp"
#include "endpoint/server.hpp"
#include "lab/lab_loop.hpp"
#include "net/descriptors.hpp"
#include "net/signal.hpp"

namespace {

// Two pages for the programs that watch a server. False: there is no such page.
bool show(const endpoint::Server& server, std::string_view path, ws::HttpReply& reply) {
    if (path == "/health") {
        reply.body = "ok\n";
    } else if (path == "/metrics") {
        reply.content_type = endpoint::metrics_content_type;
        reply.body = endpoint::metrics_text(server.counters());
    } else {
        return false;
    }
    return true;
}

int serve(int argc, char** argv) {
    cli::LoopLine line;
    endpoint::ServerOptions settings;
    cli::Options options{"server", "Lesson 11: a WebSocket echo server on an event loop."};
    line.declare(options, settings);
    cli::declare_trusted_proxies(options, settings.proxies);
    options.parse(argc, argv);
    line.finish(settings);
    settings.max_traced = 1;  // the first client

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
    handlers.on_log = [&log](const net::Address& peer, std::string_view text) {
        log.line(peer, text);
    };
    handlers.on_http = [&running](const ws::Request& request, ws::HttpReply& reply) {
        return show(*running, request.path, reply);
    };

    lab::LabLoop lab;  // at /lab, for browsers
    lab.attach(settings, handlers);
    endpoint::Server server{settings, handlers};
    running = &server;
    cli::announce("WebSocket server at", line.common, server.port());
    server.run(stop.fd());
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
