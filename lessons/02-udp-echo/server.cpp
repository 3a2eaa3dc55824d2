// A UDP echo server: sends each datagram back to where it came from. Lesson 2.
// One socket and no accept(): a datagram says who sent it, and nothing ties two of them together.
// Leaves out: a check that the sender's address is true. Anybody can write any address there.
#include <cstdio>

#include "cli/byte_trace.hpp"
#include "cli/options.hpp"
#include "cli/say.hpp"
#include "net/datagram.hpp"
#include "net/signal.hpp"

namespace {

struct Settings {
    cli::Common common{.port = 9001};
    std::uint64_t buffer_bytes = 1024;
    std::uint64_t drop = 0;
};

class EchoServer {
  public:
    explicit EchoServer(const Settings& settings)
        : settings_{settings},
          sockets_{net::bind_udp(settings.common.host, settings.common.port)},
          buffer_(settings.buffer_bytes),
          trace_{settings.common.trace} {}

    void run(const net::StopSignal& stop) {
        cli::say("UDP server listening on :" + std::to_string(net::local_port(sockets_.front())));

        std::vector<int> descriptors{stop.fd()};
        for (const net::Fd& socket : sockets_) descriptors.push_back(socket.get());
        for (;;) {
            if (net::wait_readable(descriptors) == 0) return;
            // A look at both: a flood over one address family must not starve the other.
            for (const net::Fd& socket : sockets_) echo_one(socket);
        }
    }

  private:
    void echo_one(const net::Fd& socket) {
        const net::Received datagram = net::receive_datagram(socket, buffer_, net::Clock::now());
        if (!datagram) return;  // the other socket had one; or its checksum was wrong
        const ws::Bytes bytes = std::span{buffer_}.first(datagram.result.bytes);
        trace_.bytes(ws::Direction::from_client, bytes);
        if (datagram.truncated())
            log(datagram.peer, "sent " + std::to_string(datagram.size) + " bytes, but only " +
                                   std::to_string(bytes.size()) + " fit; the rest is gone");
        if (settings_.drop > 0 && ++received_ % settings_.drop == 0)
            return log(datagram.peer, "dropped on purpose (--drop)");

        const net::IoResult sent = net::send_datagram(socket, bytes, datagram.peer);
        if (!sent) return log(datagram.peer, "cannot send: " + sent.message());
        trace_.bytes(ws::Direction::from_server, bytes);
    }

    static void log(const net::Address& peer, const std::string& text) {
        std::fprintf(stderr, "%s: %s\n", peer.to_string().c_str(), text.c_str());
    }

    const Settings& settings_;
    std::vector<net::Fd> sockets_;  // one for each address family
    std::vector<std::uint8_t> buffer_;
    cli::ByteTrace trace_;
    std::uint64_t received_ = 0;
};

int serve(int argc, char** argv) {
    Settings settings;
    cli::Options options{"server", "Sends back every UDP datagram that it receives."};
    options.server(settings.common);
    options.number("--buffer", settings.buffer_bytes, 1, net::max_datagram_bytes, "BYTES",
                   "room for one datagram; what does not fit is cut off");
    options.number("--drop", settings.drop, 0, 1'000'000, "N",
                   "lose each Nth datagram, as a network would; 0: none");
    options.parse(argc, argv);

    const net::StopSignal stop;
    EchoServer{settings}.run(stop);
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
