// A whole WebSocket server on one screen: it echoes text. RFC 6455 §4.2, §5. Lesson 6.
// Leaves out: fragments (a part comes back as a whole message), binary, answers to pings, the
// check for UTF-8, the check of close codes, a farewell on Ctrl-C. Lesson 8 leaves out nothing.
#include <cstdio>

#include "lessons/05-frames/frame_socket.hpp"
#include "lessons/05-frames/handshake.hpp"
#include "lessons/05-frames/programs.hpp"
#include "net/client_threads.hpp"
#include "net/signal.hpp"

namespace {

void echo_frames(lesson::FrameSocket& connection, const net::Address& peer) {
    lesson::Frame frame;
    while (connection.receive(frame)) {
        switch (frame.header.opcode) {
            case ws::Opcode::text:
                if (!connection.send_text(ws::as_text(frame.payload))) return;
                break;
            case ws::Opcode::close:
                // RFC 6455 §5.5.1: "If an endpoint receives a Close frame and did not previously
                // send a Close frame, the endpoint MUST send a Close frame in response."
                connection.send(ws::Opcode::close, frame.payload);
                return connection.end();
            default:
                std::fprintf(stderr, "%s: left unanswered: %s\n", peer.to_string().c_str(),
                             ws::describe_header(frame.header).c_str());
        }
    }
    if (connection.errc() == ws::Errc::none) return;  // the client is gone
    lesson::log_broken_rule(peer, connection.errc());
    connection.fail(connection.errc());
}

// One client, from its handshake to its end; runs on a thread of its own.
void echo(const net::Fd& socket, const net::Address& peer, const lesson::ServerOptions& options) {
    lesson::FrameSocket connection{socket, nullptr, options.common.trace};
    if (lesson::accept_handshake(connection, peer, options)) echo_frames(connection, peer);
}

int serve(int argc, char** argv) {
    lesson::ServerOptions options;
    cli::Options parser{"server", "A WebSocket server that echoes text messages."};
    options.declare(parser);
    parser.parse(argc, argv);

    const net::StopSignal stop;
    net::Listener listener{options.common.host, options.common.port};
    lesson::announce("Native WebSocket echo server at", options.common, listener.port());

    net::ClientThreads clients{[&options](const net::Fd& socket, const net::Address& peer) {
        echo(socket, peer, options);
    }};
    while (auto client = listener.accept(stop.fd())) clients.start(std::move(*client));
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
