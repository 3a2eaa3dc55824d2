// Answers the opening handshake: 101 to a good request, the right 4xx or 5xx to any other.
// RFC 6455 §4.2. Lesson 4.
// Leaves out: frames. Behind its 101 a WebSocket begins, and this server ends it at once.
#include <cstdio>
#include <string>

#include "cli/options.hpp"
#include "lessons/04-handshake/head_socket.hpp"
#include "net/client_threads.hpp"
#include "net/signal.hpp"
#include "ws/handshake.hpp"

namespace {

struct Options {
    cli::Common common;
    std::chrono::milliseconds handshake_timeout{10'000};
    std::uint64_t max_head_bytes = ws::HeadLimits{}.max_head_bytes;
    bool wrong_accept = false;
};

Options read_options(int argc, char** argv) {
    Options options;
    cli::Options parser{"server", "Answers WebSocket handshakes, right and wrong ones."};
    parser.server(options.common);
    parser.path(options.common);
    parser.seconds("--handshake-timeout", options.handshake_timeout,
                   "from a client's connection to its request's blank line");
    parser.number("--max-head-bytes", options.max_head_bytes, 64, 1 << 20, "BYTES",
                  "how long a request may be");
    parser.flag("--wrong-accept", options.wrong_accept,
                "be wrong on purpose: answer with the accept key of another key");
    parser.parse(argc, argv);
    return options;
}

// Reads one request and judges it. Nothing to answer when `gone`.
ws::Errc read_request(lesson::HeadSocket& socket, ws::HeadReader& reader, ws::Request& request,
                      const Options& options, int stop_fd, bool& gone) {
    // From the first byte to the last: a deadline that each byte pushed away would never come.
    const net::Deadline deadline = net::after(options.handshake_timeout);
    gone = false;
    if (!socket.receive(reader, ws::Direction::from_client, deadline, stop_fd)) {
        if (socket.error() != ws::Errc::none) return socket.error();
        gone = socket.io().status != net::IoStatus::timed_out;
        return ws::Errc::handshake_timeout;
    }
    if (const ws::Errc errc = request.parse(reader.text()); errc != ws::Errc::none) return errc;
    if (const ws::Errc errc = ws::check_request(request); errc != ws::Errc::none) return errc;
    // RFC 6455 §4.2.2: "If the requested service is not available, the server MUST send an
    // appropriate HTTP error code (such as 404 Not Found) and abort the WebSocket handshake."
    return request.path == options.common.path ? ws::Errc::none : ws::Errc::path_not_found;
}

std::string answer_to(const ws::Request& request, const Options& options) {
    std::string answer = ws::accept_response(request);
    if (!options.wrong_accept) return answer;
    const std::string right = ws::accept_key(*request.find("Sec-WebSocket-Key"));
    return answer.replace(answer.find(right), right.size(), ws::accept_key("another key"));
}

// One client, from its first byte to its end; runs on a thread of its own.
void shake_hands(const net::Fd& fd, const net::Address& peer, const Options& options, int stop_fd) {
    lesson::HeadSocket socket{fd, options.common.trace};
    ws::HeadReader reader{{.max_head_bytes = static_cast<std::size_t>(options.max_head_bytes)}};
    ws::Request request;
    bool gone = false;
    const ws::Errc errc = read_request(socket, reader, request, options, stop_fd, gone);
    if (gone) return;  // nobody is left to answer

    const bool accepted = errc == ws::Errc::none;
    const net::Deadline deadline = net::after(options.handshake_timeout);
    socket.send(ws::Direction::from_server,
                accepted ? answer_to(request, options) : ws::refuse_response(errc, request.path),
                deadline);
    if (accepted) {
        std::printf("Accepted %s, %zu bytes behind the blank line\n", peer.to_string().c_str(),
                    socket.rest().size());
        std::fflush(stdout);
    } else {
        const ws::Rule& broken = ws::rule(errc);
        const std::string path = request.path.empty() ? "" : "; path " + ws::escape(request.path, 200);
        std::fprintf(stderr, "Refused %s with %d: %s (%s)%s\n", peer.to_string().c_str(),
                     broken.http_status, std::string{broken.sentence}.c_str(),
                     std::string{broken.section}.c_str(), path.c_str());
    }
    socket.end(stop_fd);
}

int serve(int argc, char** argv) {
    const Options options = read_options(argc, argv);
    const net::StopSignal stop;
    net::Listener listener{options.common.host, options.common.port};
    std::printf("WebSocket handshake server at ws://%s%s\n",
                net::join_host_port(options.common.host, listener.port()).c_str(),
                options.common.path.c_str());
    std::fflush(stdout);

    net::ClientThreads clients{[&](const net::Fd& socket, const net::Address& peer) {
        shake_hands(socket, peer, options, stop.fd());
    }};
    while (auto client = listener.accept(stop.fd())) clients.start(std::move(*client));
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
