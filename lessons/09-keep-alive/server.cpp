// Lesson 9: the echo server of lesson 8, for peers that may fall silent.
// It pings each client, gives up those from which nothing comes any more, and says so in its log.
// All of that happens while the client's thread waits in read_message(): see src/endpoint/blocking.
// Leaves out: who may connect at all (lesson 10).
#include "cli/blocking_options.hpp"
#include "cli/log.hpp"
#include "cli/say.hpp"
#include "endpoint/dial_accept.hpp"
#include "lab/lab_accept.hpp"
#include "lessons/09-keep-alive/keep_alive.hpp"
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
            // Why it ended, for good: there is no reading on after a timeout.
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
    cli::Options options{"server", "Lesson 9: an echo server that notices when a client is gone."};
    line.declare(options, accept_options);
    lesson::declare_keep_alive(options, accept_options);
    options.parse(argc, argv);
    lesson::check_keep_alive(accept_options);

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

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
