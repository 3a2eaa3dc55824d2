// The server of `make interop` for what the lessons' servers have no option for: it closes, pings
// and fragments when a client's text message asks for it, and speaks the subprotocol "chat".
// --endpoint blocking is the machinery of lesson 8's server, --endpoint epoll that of lesson 11's.
// RFC 6455 §5.4, §5.5, §7.4. Leaves out: everything that a lesson's server can show itself.
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

#include "cli/byte_trace.hpp"
#include "cli/compression_options.hpp"
#include "cli/options.hpp"
#include "endpoint/dial_accept.hpp"
#include "endpoint/server.hpp"
#include "endpoint/stream.hpp"
#include "net/client_threads.hpp"
#include "net/signal.hpp"

namespace {

// "!close 4002 see you" is the word "!close", the number 4002 and the rest.
struct Command {
    std::string_view word;
    std::string_view rest;

    explicit Command(const endpoint::Message& message) {
        if (message.type != ws::Opcode::text) return;
        const std::string_view text = ws::as_text(message.data);
        if (!text.starts_with('!') || text.size() > 200) return;
        word = text.substr(0, text.find(' '));
        rest = text.substr(std::min(word.size() + 1, text.size()));
    }

    ws::CloseCode code() const {
        ws::CloseCode code = 0;
        std::from_chars(rest.data(), rest.data() + rest.size(), code);
        return code;
    }

    std::string_view reason() const {
        const std::size_t space = rest.find(' ');
        return space == rest.npos ? std::string_view{} : rest.substr(space + 1);
    }
};

// The answer to !fragments, and the size of its frames: the last cut is within the ß.
constexpr std::string_view fragmented =
    "one, two, gr\xC3\xBC\xC3\x9F"
    "e";
constexpr std::size_t fragment_bytes = 5;

struct Settings {
    cli::Common common;
    bool epoll = false;
    endpoint::AcceptOptions blocking;
    endpoint::ServerOptions server;
};

// Not cli::Log, which leaves lines out when one address makes too many of them a second.
void log(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

void listening(std::uint16_t port) {
    std::printf("WebSocket server at ws://localhost:%u/ws ...\n", unsigned{port});
    std::fflush(stdout);
}

void obey(endpoint::BlockingConnection& connection, const endpoint::Message& message) {
    const Command command{message};
    if (command.word == "!close") {
        connection.close(command.code(), command.reason());
    } else if (command.word == "!ping") {
        connection.ping(ws::as_bytes(command.rest));
    } else if (command.word == "!fragments") {
        auto writer = connection.next_writer(ws::Opcode::text, fragment_bytes);
        writer.write(fragmented);
        writer.finish();
    } else {
        connection.write_message(message.type, message.data);
    }
}

int serve_blocking(const Settings& settings, int stop_fd) {
    net::Listener listener{settings.common.host, settings.common.port};
    listening(listener.port());
    net::ClientThreads clients{[&](const net::Fd& socket, const net::Address& peer) {
                                   try {
                                       const auto connection =
                                           endpoint::accept(socket, settings.blocking, peer);
                                       while (const auto message = connection->read_message())
                                           obey(*connection, *message);
                                       log(connection->error().message());
                                   } catch (const endpoint::HandshakeFailed& failure) {
                                       log(failure.what());
                                   }
                               },
                               net::ClientThreads::AtEnd::wait};
    while (auto client = listener.accept(stop_fd)) clients.start(std::move(*client));
    return 0;
}

void obey(endpoint::LoopConnection& client, const endpoint::Message& message) {
    const Command command{message};
    if (command.word == "!close") {
        client.close(command.code(), command.reason());
    } else if (command.word == "!ping") {
        client.ping(ws::as_bytes(command.rest));
    } else if (command.word == "!fragments") {
        for (std::size_t at = 0; at < fragmented.size(); at += fragment_bytes)
            client.send_piece(ws::Opcode::text, ws::as_bytes(fragmented.substr(at, fragment_bytes)),
                              at + fragment_bytes >= fragmented.size());
    } else {
        client.send(message.type, message.data);
    }
}

int serve_epoll(const Settings& settings, int stop_fd) {
    endpoint::Handlers handlers;
    handlers.on_message = [](endpoint::LoopConnection& client, const endpoint::Message& message) {
        obey(client, message);
    };
    handlers.on_close = [](endpoint::LoopConnection&, const endpoint::Error& error) {
        log(error.message());
    };
    endpoint::Server server{settings.server, handlers};
    listening(server.port());
    server.run(stop_fd);
    return 0;
}

int serve(int argc, char** argv) {
    Settings settings;
    cli::Options options{"ours_server", "Closes, pings and fragments when a client asks for it."};
    options.server(settings.common);
    options.custom("--endpoint", "KIND", "blocking or epoll", [&](const std::string& kind) {
        if (kind != "blocking" && kind != "epoll") throw cli::UsageError{"blocking or epoll"};
        settings.epoll = kind == "epoll";
    });
    cli::CompressionOptions compression;
    compression.declare(options);
    options.parse(argc, argv);
    const net::StopSignal stop;
    settings.server.host = settings.common.host;
    settings.server.port = settings.common.port;
    settings.server.subprotocols = settings.blocking.subprotocols = {"chat"};
    settings.blocking.stop_fd = stop.fd();
    using Sharing = cli::CompressionOptions::Sharing;
    settings.server.extensions = settings.blocking.extensions =
        compression.extensions(settings.epoll ? Sharing::one_thread : Sharing::none);
    if (settings.common.trace)
        settings.server.trace = settings.blocking.trace = cli::trace_to_stderr;
    return settings.epoll ? serve_epoll(settings, stop.fd()) : serve_blocking(settings, stop.fd());
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
