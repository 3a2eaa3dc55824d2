// Tells each client the address that it comes from, then says goodbye, or echoes with --echo.
// RFC 6455 §5.5.1, §7.1.1 (who ends TCP). Lesson 7.
// Leaves out: all that lesson 6 leaves out; the address behind a proxy (lesson 10).
#include "cli/say.hpp"
#include "lessons/05-frames/frame_socket.hpp"
#include "lessons/05-frames/handshake.hpp"
#include "lessons/05-frames/programs.hpp"
#include "net/client_threads.hpp"
#include "net/signal.hpp"

namespace {

struct Options : lesson::ServerOptions {
    bool echo = false;
    std::chrono::milliseconds close_timeout{5'000};
};

// Greeting and Close leave in one write, so one read of the client's may bring both.
void send_greeting_and_close(lesson::FrameSocket& connection, const net::Address& peer) {
    ws::Buffer bytes;
    ws::FrameHeader header;
    ws::append_frame(bytes, header, ws::as_bytes("Hello! Your IP is " + peer.ip()));
    header.opcode = ws::Opcode::close;
    ws::append_frame(bytes, header, ws::Buffer{0x03, 0xE8});  // 1000, normal closure
    connection.send_raw(bytes);
}

// RFC 6455 §5.5.1: "The server MUST close the underlying TCP connection immediately; the client
// SHOULD wait for the server to close the connection". Immediately: once the client's Close has
// come as well.
void wait_for_close(lesson::FrameSocket& connection, std::chrono::milliseconds close_timeout) {
    lesson::Frame frame;
    const net::Deadline patience = net::after(close_timeout);
    while (connection.receive(frame, patience) && frame.header.opcode != ws::Opcode::close) {
    }
    connection.end();
}

void greet_and_echo(lesson::FrameSocket& connection, const net::Address& peer) {
    const std::string who = peer.to_string();
    connection.send_text("Hello! Your IP is " + who);
    lesson::Frame frame;
    while (connection.receive(frame)) {
        if (frame.header.opcode == ws::Opcode::close) {
            connection.send(ws::Opcode::close, frame.payload);
            return connection.end();
        }
        if (frame.header.opcode != ws::Opcode::text) continue;
        const std::string_view message = ws::as_text(frame.payload);
        cli::say("Received from " + who + ": " + ws::escape(message));
        if (!connection.send_text(message)) return;
    }
}

void hello(const net::Fd& socket, const net::Address& peer, const Options& options) {
    lesson::FrameSocket connection{socket, nullptr, options.common.trace};
    if (!lesson::accept_handshake(connection, peer, options)) return;
    if (options.echo) {
        greet_and_echo(connection, peer);
    } else {
        send_greeting_and_close(connection, peer);
        wait_for_close(connection, options.close_timeout);
    }
    if (connection.errc() == ws::Errc::none) return;
    lesson::log_broken_rule(peer, connection.errc());
    if (options.echo) connection.fail(connection.errc());
}

int serve(int argc, char** argv) {
    Options options;
    cli::Options parser{"server", "Tells each client its address, and closes or echoes."};
    options.declare(parser);
    parser.flag("--echo", options.echo, "after the greeting, echo messages instead of closing");
    parser.seconds("--close-timeout", options.close_timeout, "for the client's Close");
    parser.parse(argc, argv);
    const net::StopSignal stop;
    net::Listener listener{options.common.host, options.common.port};
    lesson::announce("WebSocket Hello server running at", options.common, listener.port());

    net::ClientThreads clients{[&options](const net::Fd& socket, const net::Address& peer) {
        hello(socket, peer, options);
    }};
    while (auto client = listener.accept(stop.fd())) clients.start(std::move(*client));
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
