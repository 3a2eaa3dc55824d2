// A plain echo on each endpoint that there is, so that any suite can be let loose on every one of them:
//   blocking         what lessons 8 to 10 are built on        loop         lesson 11
//   blocking-pieces  a reader and a writer, lesson 13         loop-pieces  lesson 13's server
//   hub              rooms, lesson 12: each client is alone in a room of its own
//   reactors         the same on two loops, lesson 15
// Leaves out: everything that a lesson's program says and does besides.
#include <functional>
#include <map>

#include "cli/byte_trace.hpp"
#include "cli/compression_options.hpp"
#include "cli/options.hpp"
#include "cli/say.hpp"
#include "endpoint/dial_accept.hpp"
#include "endpoint/hub.hpp"
#include "endpoint/reactors.hpp"
#include "endpoint/stream.hpp"
#include "net/client_threads.hpp"
#include "net/descriptors.hpp"
#include "net/signal.hpp"

namespace {

using endpoint::BlockingConnection;
using endpoint::LoopConnection;

const std::string kinds = "blocking, blocking-pieces, loop, loop-pieces, hub, reactors";

struct Settings {
    cli::Common common;
    std::string kind = "blocking";
    endpoint::AcceptOptions blocking;
    endpoint::ServerOptions loop;
};

void echo_messages(BlockingConnection& connection) {
    while (const auto message = connection.read_message())
        if (!connection.write_message(message->type, message->data)) return connection.wait_until_closed();
}

void echo_pieces(BlockingConnection& connection) {
    while (auto reader = connection.next_reader()) {
        endpoint::MessageWriter writer = connection.next_writer(reader->type());
        while (const auto piece = reader->next_piece())
            if (!writer.write(*piece)) return connection.wait_until_closed();
        // Without its end, a message is not ended: its writer says so.
        if (reader->complete()) writer.finish();
    }
}

void serve_blocking(const Settings& settings, int stop_fd, void (*echo)(BlockingConnection&)) {
    net::Listener listener{settings.common.host, settings.common.port};
    cli::announce("WebSocket server at", settings.common, listener.port());
    net::ClientThreads clients{[&](const net::Fd& socket, const net::Address& peer) {
                                   try {
                                       echo(*endpoint::accept(socket, settings.blocking, peer));
                                   } catch (const endpoint::HandshakeFailed&) {
                                       // It was answered; whoever wants to see it, has --trace.
                                   }
                               },
                               net::ClientThreads::AtEnd::wait};
    while (auto client = listener.accept(stop_fd)) clients.start(std::move(*client));
}

void serve_loop(const Settings& settings, int stop_fd, const endpoint::Handlers& handlers,
                const std::function<void(endpoint::Server&)>& use = {}) {
    endpoint::Server server{settings.loop, handlers};
    if (use) use(server);
    cli::announce("WebSocket server at", settings.common, server.port());
    server.run(stop_fd);
}

void serve_hub(const Settings& settings, int stop_fd) {
    std::optional<endpoint::Hub> hub;
    endpoint::Handlers handlers;
    handlers.on_open = [&](LoopConnection& client) { hub->join(client, std::to_string(client.id())); };
    handlers.on_message = [&](LoopConnection& client, const endpoint::Message& message) {
        hub->broadcast(hub->room_of(client), message.type, message.data);
    };
    handlers.on_close = [&](LoopConnection& client, const endpoint::Error&) { hub->leave(client); };
    serve_loop(settings, stop_fd, handlers, [&](endpoint::Server& server) { hub.emplace(server); });
}

void serve_reactors(const Settings& settings, int stop_fd) {
    endpoint::ReactorsOptions options;
    static_cast<endpoint::ServerOptions&>(options) = settings.loop;
    options.loops = 2;
    endpoint::Reactors reactors{options, [](endpoint::Reactor& loop, endpoint::ServerOptions&) {
        endpoint::LoopHandlers handlers;
        handlers.on_open = [&loop](LoopConnection& client) {
            loop.hub().join(client, std::to_string(loop.number()) + "/" + std::to_string(client.id()));
        };
        handlers.on_message = [&loop](LoopConnection& client, const endpoint::Message& message) {
            loop.broadcast(client, loop.hub().room_of(client), message.type, message.data);
        };
        return handlers;
    }};
    cli::announce("WebSocket server at", settings.common, reactors.port());
    reactors.run(stop_fd);
}

void serve_on(const Settings& settings, int stop_fd) {
    endpoint::Handlers messages, pieces;
    messages.on_message = [](LoopConnection& client, const endpoint::Message& message) {
        client.send(message.type, message.data);
    };
    pieces.on_piece = [](LoopConnection& client, const endpoint::MessagePiece& piece) {
        client.send_piece(piece.type, piece.data, piece.last);
    };
    if (settings.kind == "blocking") serve_blocking(settings, stop_fd, echo_messages);
    else if (settings.kind == "blocking-pieces") serve_blocking(settings, stop_fd, echo_pieces);
    else if (settings.kind == "loop") serve_loop(settings, stop_fd, messages);
    else if (settings.kind == "loop-pieces") serve_loop(settings, stop_fd, pieces);
    else if (settings.kind == "hub") serve_hub(settings, stop_fd);
    else if (settings.kind == "reactors") serve_reactors(settings, stop_fd);
    else throw cli::UsageError{"--endpoint is one of: " + kinds};
}

int serve(int argc, char** argv) {
    Settings settings;
    cli::CompressionOptions compression;
    cli::Options options{"echo_server", "A plain echo on each endpoint, for conformance suites."};
    options.server(settings.common);
    options.path(settings.common);
    options.text("--endpoint", settings.kind, "KIND", kinds);
    compression.declare(options);
    options.parse(argc, argv);

    const net::StopSignal stop;
    net::raise_descriptor_limit();
    using Sharing = cli::CompressionOptions::Sharing;
    const bool threads = settings.kind.starts_with("blocking") || settings.kind == "reactors";
    settings.loop.host = settings.common.host;
    settings.loop.port = settings.common.port;
    settings.loop.path = settings.blocking.path = settings.common.path;
    settings.loop.extensions = settings.blocking.extensions =
        compression.extensions(threads ? Sharing::none : Sharing::one_thread);
    if (settings.common.trace) settings.loop.trace = settings.blocking.trace = cli::trace_to_stderr;
    settings.blocking.stop_fd = stop.fd();
    // In a room of one, a slow reader is no harm to others, and a suite sends much before it reads.
    settings.loop.max_backlog_bytes = 64u << 20;
    serve_on(settings, stop.fd());
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
