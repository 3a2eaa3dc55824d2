// Type a line, see its echo. RFC 6455 §4.1, §5. Lesson 6.
// Leaves out: what session.hpp and frame_socket.hpp say that they leave out.
#include <cstdio>

#include "lessons/05-frames/frame_socket.hpp"
#include "lessons/05-frames/handshake.hpp"
#include "lessons/05-frames/programs.hpp"
#include "lessons/06-native-echo/session.hpp"
#include "net/signal.hpp"

namespace {

int talk(int argc, char** argv) {
    lesson::ClientOptions options;
    cli::Options parser{"client", "Sends each line of its input as a message, prints the echoes."};
    options.declare(parser);
    parser.parse(argc, argv);

    const net::StopSignal stop;
    const net::Fd socket = options.connect(stop);
    lesson::FrameSocket connection{socket, options.keys.masking.get(), options.common.trace};
    if (!lesson::ask_handshake(connection, options.authority(), options.common.path,
                               options.keys.handshake, options.timeout(), stop))
        return 1;

    // From here on Ctrl-C is a way to say goodbye. Until now it ended the program at once, for
    // nobody was there to be told.
    std::puts("Connected! Type messages to send, Ctrl+C to quit.");
    lesson::Session session{connection, "Echo: ", lesson::Session::State::talking};
    return session.run(stop);
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
