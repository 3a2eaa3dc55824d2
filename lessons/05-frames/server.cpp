// A mirror for frames: each one is taken apart bit by bit, printed, and sent back unmasked.
// RFC 6455 §5.2, §5.3. Lesson 5.
// Leaves out: what a frame is for (lessons 6 and 8). A ping comes back as a ping.
#include <cstdio>
#include <optional>
#include <set>

#include "lessons/05-frames/frame_socket.hpp"
#include "lessons/05-frames/handshake.hpp"
#include "lessons/05-frames/programs.hpp"
#include "net/client_threads.hpp"
#include "net/signal.hpp"
#include "ws/explain.hpp"
#include "ws/trace.hpp"
#include "ws/unhex.hpp"

namespace {

struct Options : lesson::ServerOptions {
    bool pictures = false;             // of every frame, and not only of the first of its form
    std::optional<ws::Buffer> answer;  // a faulty server: these bytes in answer to every frame
};

Options read_options(int argc, char** argv) {
    Options options;
    cli::Options parser{"server", "Takes WebSocket frames apart and sends them back unmasked."};
    options.declare(parser);
    parser.flag("--pictures", options.pictures,
                "draw the bits of every frame, not only of the first with its form of length");
    parser.custom("--answer", "HEX",
                  "answer every frame with exactly these bytes, to see what a client makes of a "
                  "server that is wrong",
                  [&options](const std::string& value) {
                      options.answer = ws::unhex(value);
                      if (!options.answer) throw cli::UsageError{"bytes in hex, such as 8100"};
                  });
    parser.parse(argc, argv);
    return options;
}

// Says what a frame is, and draws its bits. One fputs(), so that two clients' lines do not mix.
void print_frame(unsigned number, const lesson::Frame& frame, bool picture) {
    std::string text = "Frame " + std::to_string(number) + ": " +
                       ws::describe_header(frame.header) + ", header of " +
                       std::to_string(frame.header.size()) + " bytes\n";
    if (picture) text += ws::explain_frame(frame.wire);
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

void mirror(const net::Fd& socket, const net::Address& peer, const Options& options) {
    lesson::FrameSocket connection{socket, nullptr, options.common.trace};
    if (!lesson::accept_handshake(connection, peer, options)) return;

    std::set<std::uint8_t> drawn;  // forms of the length: 0, 2 or 8 further bytes
    lesson::Frame frame;
    for (unsigned number = 1; connection.receive(frame); ++number) {
        const bool first = drawn.insert(frame.header.length_bytes).second;
        print_frame(number, frame, first || options.pictures);
        // RFC 6455 §5.1: "A server MUST NOT mask any frames that it sends to the client." send()
        // sees to it; all else about the frame stays as it came.
        const bool sent = options.answer ? connection.send_raw(*options.answer)
                                         : connection.send(frame.header, frame.payload);
        if (!sent) return;
        // The Close that went back was the answer to the client's; §7.1.1: the server ends TCP.
        if (frame.header.opcode == ws::Opcode::close) return connection.end();
    }
    const ws::Errc broken = connection.errc();
    if (broken == ws::Errc::none) return;  // no rule was: the client is gone
    lesson::log_broken_rule(peer, broken);
    connection.fail(broken);
}

int serve(int argc, char** argv) {
    const Options options = read_options(argc, argv);
    const net::StopSignal stop;
    net::Listener listener{options.common.host, options.common.port};
    lesson::announce("Frame server at", options.common, listener.port());

    net::ClientThreads clients{[&options](const net::Fd& socket, const net::Address& peer) {
        mirror(socket, peer, options);
    }};
    while (auto client = listener.accept(stop.fd())) clients.start(std::move(*client));
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
