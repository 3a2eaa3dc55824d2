// Lesson 10: an echo server that lets in whom it knows. Which page asks, which user, how many,
// and for whom a proxy speaks is judged before the first frame: endpoint::Admission has the rules,
// net::LimitedClients counts. What is left here is to ask them.
#include "cli/admission_options.hpp"
#include "cli/blocking_options.hpp"
#include "cli/log.hpp"
#include "cli/say.hpp"
#include "endpoint/dial_accept.hpp"
#include "lab/lab_accept.hpp"
#include "net/client_limits.hpp"
#include "net/signal.hpp"

namespace {

class EchoServer {
  public:
    EchoServer(endpoint::AcceptOptions options, cli::AdmissionOptions admission)
        : options_{std::move(options)},
          admission_{std::move(admission)},
          clients_{[this](const net::Fd& socket, const net::Address& peer) { serve(socket, peer); },
                   net::ClientThreads::AtEnd::wait, limits()} {}

    void start(net::Accepted client) { clients_.start(std::move(client)); }

  private:
    using Broken = net::ClientLimits::Broken;

    net::ClientLimits limits() {
        return {.in_all = admission_.max_connections,
                .per_address =
                    admission_.max_connections_per_address.value_or(net::ClientLimits::unlimited),
                .proxies = admission_.rules.proxies,
                .refuse = [this](const net::Fd& socket, const net::Address& peer,
                                 Broken broken) { refuse(socket, peer, broken); }};
    }

    void serve(const net::Fd& socket, const net::Address& peer) {
        endpoint::Guest guest{peer};
        endpoint::AcceptOptions options = options_;
        options.admit = [&](const ws::Request& request, const net::Address&) {
            endpoint::Verdict verdict = admission_.rules.judge(request, peer);
            guest = std::move(verdict.guest);
            return verdict.errc == ws::Errc::none ? take_place(socket, peer, guest.address) : verdict.errc;
        };
        // Logged before the client can know: it cannot act on a refusal that is not in the log.
        options.on_refused = [&](const endpoint::HandshakeFailed& refusal) {
            log_.line(guest.address, refusal.what());
        };
        try {
            const auto connection = lab::accept(lab_, socket, options, peer);
            if (!connection) return;  // the lab's business
            const bool direct = net::same_ip(guest.address, peer);
            log_.line(guest.address, "connected" + (guest.name.empty() ? "" : " as " + guest.name) +
                                         (direct ? "" : ", through the proxy " + peer.to_string()));
            echo(*connection, guest);
            log_.line(guest.address, connection->error().message());
        } catch (const endpoint::HandshakeFailed& failure) {
            if (failure.rule() == ws::Errc::none) log_.line(guest.address, failure.what());
        }
    }

    // The peer has a place already; a guest who comes through a proxy is counted as itself.
    ws::Errc take_place(const net::Fd& socket, const net::Address& peer, const net::Address& guest) {
        return net::same_ip(guest, peer) || clients_.count_as(socket, guest)
                   ? ws::Errc::none
                   : ws::Errc::too_many_connections_from_address;
    }

    void refuse(const net::Fd& socket, const net::Address& peer, Broken broken) try {
        endpoint::AcceptOptions options = options_;
        options.on_refused = [&](const endpoint::HandshakeFailed& refusal) {
            log_.line(peer, refusal.what());
        };
        endpoint::refuse(socket,
                         broken == Broken::in_all ? ws::Errc::too_many_connections
                                                  : ws::Errc::too_many_connections_from_address,
                         options);
    } catch (const endpoint::HandshakeFailed&) {
        // That is how it ends, and it is logged.
    }

    void echo(endpoint::BlockingConnection& connection, const endpoint::Guest& guest) {
        connection.write_message("Hello" + (guest.name.empty() ? "" : " " + guest.name) +
                                 "! Your IP is " + guest.address.ip());
        while (const auto message = connection.read_message()) {
            cli::say("Received: " + message->to_string());
            if (!connection.write_message(message->type, message->data))
                return connection.wait_until_closed();
        }
    }

    endpoint::AcceptOptions options_;
    cli::AdmissionOptions admission_;
    cli::Log log_;
    lab::Lab lab_;
    net::LimitedClients clients_;  // last: its threads use the others
};

int serve(int argc, char** argv) {
    cli::ServerLine line;
    cli::AdmissionOptions admission;
    endpoint::AcceptOptions accept_options;
    cli::Options options{"server", "Lesson 10: an echo server that lets in whom it knows."};
    line.declare(options, accept_options);
    admission.declare(options, 2);  // descriptors each: the socket, and one that wakes its reader
    options.custom("--subprotocol", "NAME", "one that we speak; repeatable, the best first",
                   [&](const std::string& name) { accept_options.subprotocols.push_back(name); });
    options.parse(argc, argv);

    const net::StopSignal stop;
    net::Listener listener = line.listen(accept_options, stop);

    EchoServer server{accept_options, admission};
    while (auto client = listener.accept(stop.fd())) server.start(std::move(*client));
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
