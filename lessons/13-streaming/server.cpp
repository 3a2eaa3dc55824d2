// Lesson 13: takes messages of any size, one read of them in memory at a time.
// Says how many bytes came and their SHA-1. A client that asks for the subprotocol "echo" gets its
// message back too, while it is still sending.
#include <cstdio>
#include <unordered_map>

#include "cli/log.hpp"
#include "cli/loop_options.hpp"
#include "cli/say.hpp"
#include "endpoint/server.hpp"
#include "lab/lab_loop.hpp"
#include "lessons/13-streaming/tally.hpp"
#include "net/signal.hpp"

namespace {

// Remembers of each message that is on its way some hundred bytes, and none of its own.
class Receiver {
  public:
    explicit Receiver(cli::Log& log) : log_{log} {}

    void on_piece(endpoint::LoopConnection& client, const endpoint::MessagePiece& piece) {
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
    cli::LoopLine line;
    endpoint::ServerOptions settings;
    cli::Options options{"server", "Lesson 13: takes messages that are larger than memory."};
    line.declare(options, settings);
    options.parse(argc, argv);
    line.finish(settings);
    settings.subprotocols = {"echo"};

    const net::StopSignal stop;
    cli::Log log;
    Receiver receiver{log};

    endpoint::Handlers handlers;
    handlers.on_piece = [&](auto& client, const auto& piece) { receiver.on_piece(client, piece); };
    handlers.on_close = [&](auto& client, const auto& error) { receiver.on_close(client, error); };
    handlers.on_log = [&](const auto& peer, std::string_view text) { log.line(peer, text); };

    lab::LabLoop lab;  // at /lab, for browsers
    lab.attach(settings, handlers);
    endpoint::Server server{settings, handlers};
    cli::announce("Streaming server at", line.common, server.port());
    server.run(stop.fd());
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
