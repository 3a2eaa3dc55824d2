// Lesson 14: an echo server that agrees on permessage-deflate, when it is told to (--compress).
// To the application nothing changes: it receives and sends whole messages, and never sees the
// compressed bytes. With --secret it answers with a secret, too; with --leak as a server must not.
#include "cli/compression_options.hpp"
#include "cli/log.hpp"
#include "cli/loop_options.hpp"
#include "cli/say.hpp"
#include "endpoint/server.hpp"
#include "lab/lab_loop.hpp"
#include "net/signal.hpp"

namespace {

std::string greeting(const std::string& secret) {
    return "Hello! Your session token is " + secret + "; keep it to yourself.";
}
std::string what_was_said(std::string_view text) { return "You said: " + std::string{text}; }

// A secret of the server's and a text of the client's in one message. If it is compressed, its
// length tells how much the two have in common.
void answer_in_one(endpoint::LoopConnection& client, const std::string& secret,
                   std::string_view text) {
    client.send(greeting(secret) + " " + what_was_said(text));
}

// In two. The secret goes as a broadcast does: it is compressed by itself, and with context
// takeover, too, nothing later refers to it.
void answer_apart(endpoint::LoopConnection& client, const std::string& secret,
                  std::string_view text) {
    client.send(ws::PreparedMessage{ws::Opcode::text, ws::as_bytes(greeting(secret))});
    client.send(what_was_said(text));
}

int serve(int argc, char** argv) {
    cli::LoopLine line;
    endpoint::ServerOptions settings;
    cli::CompressionOptions compression;
    std::string secret;
    bool leak = false;
    cli::Options options{"server", "Lesson 14: a WebSocket echo server that compresses."};
    line.declare(options, settings);
    compression.declare(options);
    options.text("--secret", secret, "TEXT", "answer a text with this, too");
    options.flag("--leak", leak, "both in one message, whose length tells the secret");
    options.parse(argc, argv);
    line.finish(settings);
    // All connections are served by one thread, so they share what compressing needs.
    settings.extensions = compression.extensions(cli::CompressionOptions::Sharing::one_thread);

    const net::StopSignal stop;
    cli::Log log;

    endpoint::Handlers handlers;
    handlers.on_message = [&](endpoint::LoopConnection& client, const endpoint::Message& message) {
        if (secret.empty() || message.type != ws::Opcode::text)
            client.send(message.type, message.data);
        else
            (leak ? answer_in_one : answer_apart)(client, secret, ws::as_text(message.data));
    };
    handlers.on_close = [&log](endpoint::LoopConnection& client, const endpoint::Error& error) {
        if (!error.expected()) log.line(client.address(), "Read error: " + error.message());
    };
    handlers.on_log = [&log](const net::Address& peer, std::string_view text) {
        log.line(peer, text);
    };

    lab::LabLoop lab;  // at /lab, for browsers
    lab.attach(settings, handlers);
    endpoint::Server server{settings, handlers};
    cli::announce("Compressing server at", line.common, server.port());
    server.run(stop.fd());
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
