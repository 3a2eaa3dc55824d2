// Lesson 8: a complete WebSocket echo server, one thread a client.
// Whatever message a client sends comes back, text as text and binary as binary. Fragments,
// pings, UTF-8 and the closing handshake are src/ws's part; this file never sees them.
#include "cli/blocking_options.hpp"
#include "cli/log.hpp"
#include "cli/say.hpp"
#include "endpoint/dial_accept.hpp"
#include "lab/lab_accept.hpp"
#include "net/client_threads.hpp"
#include "net/signal.hpp"

namespace {

void echo(endpoint::BlockingConnection& connection) {
    while (const auto message = connection.read_message()) {
        cli::say("Received: " + message->to_string());
        if (!connection.write_message(message->type, message->data)) {
            // The peer has gone or is closing. Its Close may be among what is still to read.
            connection.wait_until_closed();
            return;
        }
    }
}

class EchoServer {
  public:
    EchoServer(cli::Log& log, endpoint::AcceptOptions options)
        : log_{log}, options_{std::move(options)} {}

    void serve(const net::Fd& socket, const net::Address& peer) {
        try {
            const auto connection = lab::accept(lab_, socket, options_);
            if (!connection) return;  // a page was asked for, or the lab's trace
            echo(*connection);
            const endpoint::Error error = connection->error();
            log_.line(peer, (error.expected() ? "" : "Read error: ") + error.message());
        } catch (const endpoint::HandshakeFailed& failure) {
            log_.line(peer, failure.what());
        }
    }

  private:
    cli::Log& log_;
    endpoint::AcceptOptions options_;
    lab::Lab lab_;  // at /lab, for browsers
};

int serve(int argc, char** argv) {
    cli::ServerLine line;
    endpoint::AcceptOptions accept_options;
    cli::Options options{"server", "Lesson 8: a complete WebSocket echo server."};
    line.declare(options, accept_options);
    options.number("--max-message-bytes", accept_options.limits.max_message_bytes, 0, 1u << 30,
                   "N", "a longer message is refused with 1009");
    options.parse(argc, argv);

    const net::StopSignal stop;
    net::Listener listener = line.listen(accept_options, stop);

    cli::Log log;
    EchoServer server{log, accept_options};
    // Each connection sees the stop signal by itself and says goodbye with 1001.
    net::ClientThreads clients{
        [&server](const net::Fd& socket, const net::Address& peer) { server.serve(socket, peer); },
        net::ClientThreads::AtEnd::wait};
    while (auto client = listener.accept(stop.fd())) clients.start(std::move(*client));
    return 0;
}

}  // namespace

// Nobody watches over a client that says nothing: lesson 9.
std::unique_ptr<endpoint::Liveness> endpoint::liveness(const ConnectionOptions&) { return nullptr; }

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
