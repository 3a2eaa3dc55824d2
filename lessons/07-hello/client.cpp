// Prints the server's greeting; what is typed after it is sent, what comes is printed. Lesson 7.
// Leaves out: what lesson 6 leaves out. It reuses that lesson's session as it is.
#include "lessons/05-frames/frame_socket.hpp"
#include "lessons/05-frames/handshake.hpp"
#include "lessons/05-frames/programs.hpp"
#include "lessons/06-native-echo/session.hpp"
#include "net/signal.hpp"

namespace {

int talk(int argc, char** argv) {
    lesson::ClientOptions options;
    cli::Options parser{"client", "Prints what a WebSocket server says, sends what is typed."};
    options.declare(parser);
    parser.parse(argc, argv);

    const net::StopSignal stop;
    const net::Fd socket = options.connect(stop);
    lesson::FrameSocket connection{socket, options.keys.masking.get(), options.common.trace};
    if (!lesson::ask_handshake(connection, options.authority(), options.common.path,
                               options.keys.handshake, options.timeout(), stop))
        return 1;

    // The server speaks first: the session begins with waiting, and input that is already at its
    // end does not cut the greeting off.
    lesson::Session session{connection, "", lesson::Session::State::waiting};
    return session.run(stop);
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
