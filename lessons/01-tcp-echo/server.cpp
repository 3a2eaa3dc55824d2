// A TCP echo server: sends back each byte that it gets, to many clients at once. Lesson 1.
// Leaves out: what the bytes mean. TCP carries a stream and no messages (lesson 3).
#include <array>
#include <cstdio>

#include "cli/byte_trace.hpp"
#include "cli/options.hpp"
#include "cli/say.hpp"
#include "net/client_threads.hpp"
#include "net/signal.hpp"
#include "net/socket.hpp"

namespace {

struct Settings {
    cli::Common common{.port = 9000};
    std::chrono::milliseconds idle_timeout{30'000};
};

void log(const net::Address& peer, const std::string& text) {
    std::fprintf(stderr, "%s: %s\n", peer.to_string().c_str(), text.c_str());
}

// One client, from its first byte to its end; runs on a thread of its own.
void echo(const net::Fd& socket, const net::Address& peer, const Settings& settings) {
    cli::ByteTrace trace{settings.common.trace};
    std::array<std::uint8_t, 4096> buffer;
    for (;;) {
        const net::IoResult got =
            net::receive_some(socket, buffer, net::after(settings.idle_timeout));
        if (got.status == net::IoStatus::closed) break;  // the client has said all it had to say
        if (got.status == net::IoStatus::timed_out) return log(peer, "closed, silent for too long");
        if (!got) return log(peer, got.message());

        const std::span chunk = std::span{buffer}.first(got.bytes);
        trace.bytes(ws::Direction::from_client, chunk);
        // A client that takes nothing for so long is as good as silent.
        const net::IoResult sent = net::send_all(socket, chunk, net::after(settings.idle_timeout));
        if (!sent) return log(peer, "the echo could not be sent: " + sent.message());
        trace.bytes(ws::Direction::from_server, chunk);
    }
    trace.end(ws::Direction::from_client);
    trace.end(ws::Direction::from_server);  // by the socket's destructor, when we return
}

int serve(int argc, char** argv) {
    Settings settings;
    cli::Options options{"server", "Sends back every byte that it receives over TCP."};
    options.server(settings.common);
    options.seconds("--idle-timeout", settings.idle_timeout, "a client may be silent for so long");
    options.parse(argc, argv);

    const net::StopSignal stop;
    net::Listener listener{settings.common.host, settings.common.port};
    cli::say("Echo server on :" + std::to_string(listener.port()));

    net::ClientThreads clients{[&settings](const net::Fd& socket, const net::Address& peer) {
        echo(socket, peer, settings);
    }};
    while (auto client = listener.accept(stop.fd())) clients.start(std::move(*client));
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
