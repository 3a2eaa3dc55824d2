// Lesson 13: takes messages of any size, one read of them in memory at a time.
// Says how many bytes came and their SHA-1. A client that asks for the subprotocol "echo" gets its
// message back too, while it is still sending.
#include <cstdio>
#include <unordered_map>

#include "cli/admission_options.hpp"
#include "cli/byte_trace.hpp"
#include "cli/log.hpp"
#include "cli/options.hpp"
#include "endpoint/server.hpp"
#include "lab/lab_loop.hpp"
#include "lessons/13-streaming/tally.hpp"
#include "net/signal.hpp"

namespace {

struct Settings {
    cli::Common common;
    endpoint::ServerOptions server;
};

Settings read_options(int argc, char** argv) {
    Settings settings;
    endpoint::ServerOptions& server = settings.server;
    std::uint64_t max_fragments = server.limits.max_fragments;
    cli::Options options{"server", "Lesson 13: takes messages that are larger than memory."};
    options.server(settings.common);
    options.path(settings.common);
    cli::declare_allowed_origins(options, server);
    size_option(options, "--max-message-bytes", server.limits.max_message_bytes,
                "a longer message is refused with 1009");
    options.number("--max-fragments", max_fragments, 1, UINT32_MAX, "N",
                   "a message of more frames is refused with 1008");
    size_option(options, "--max-backlog-bytes", server.max_backlog_bytes,
                "waiting for one client; then we stop reading from it");
    options.seconds_or_off("--idle-timeout", server.idle_timeout,
                           "without a sign of life, then the end");
    options.seconds("--close-timeout", server.close_timeout, "for the peer's Close");
    options.seconds("--write-timeout", server.write_timeout, "without the peer taking a byte");
    options.parse(argc, argv);
    server.limits.max_fragments = static_cast<std::uint32_t>(max_fragments);
    server.host = settings.common.host;
    server.port = settings.common.port;
    server.path = settings.common.path;
    server.subprotocols = {"echo"};
    if (settings.common.trace) server.trace = cli::trace_to_stderr;
    return settings;
}

// Remembers of each message that is on its way some hundred bytes, and none of its own.
class Receiver {
  public:
    explicit Receiver(cli::Log& log) : log_{log} {}

    void on_piece(endpoint::LoopConnection& client, const endpoint::Piece& piece) {
        Message& message = messages_[client.id()];
        message.tally.add(piece.data);
        ++message.pieces;
        // A client that takes the echo slowly fills our backlog. Then the loop stops reading from
        // it, and no further piece comes: nothing to do here.
        if (client.subprotocol() == "echo") client.send_piece(piece.type, piece.data, piece.last);
        if (!piece.last) return;
        const std::string summary = message.tally.summary();
        std::printf("Received: %s, in %llu piece%s\n", summary.c_str(), message.pieces,
                    message.pieces == 1 ? "" : "s");
        std::fflush(stdout);
        client.send(summary);
        messages_.erase(client.id());
    }

    void on_close(endpoint::LoopConnection& client, const endpoint::Error& error) {
        const auto message = messages_.find(client.id());
        std::string line = (error.expected() ? "" : "Read error: ") + error.message();
        if (message != messages_.end()) {
            line += ", " + std::to_string(message->second.tally.bytes()) + " bytes into a message";
            messages_.erase(message);
        }
        log_.line(client.address(), line);
    }

  private:
    struct Message {
        Tally tally;
        unsigned long long pieces = 0;
    };
    cli::Log& log_;
    std::unordered_map<endpoint::ConnectionId, Message> messages_;
};

int serve(int argc, char** argv) {
    Settings settings = read_options(argc, argv);
    const net::StopSignal stop;
    cli::Log log;
    Receiver receiver{log};

    endpoint::Handlers handlers;
    handlers.on_piece = [&](auto& client, const auto& piece) { receiver.on_piece(client, piece); };
    handlers.on_close = [&](auto& client, const auto& error) { receiver.on_close(client, error); };
    handlers.on_log = [&](const auto& peer, std::string_view line) { log.line(peer, line); };

    lab::LabLoop lab;  // at /lab, for browsers
    lab.attach(settings.server, handlers);
    endpoint::Server server{settings.server, handlers};
    std::printf("Streaming server at %s ...\n",
                cli::server_url(settings.common, "ws", server.port()).c_str());
    std::fflush(stdout);
    server.run(stop.fd());
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
