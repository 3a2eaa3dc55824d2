// Asks for a WebSocket and checks the answer, step by step. RFC 6455 §4.1. Lesson 4.
// Leaves out: frames. It knows now that a WebSocket server is there, and says goodbye.
#include <cstdio>
#include <string>

#include "cli/options.hpp"
#include "lessons/04-handshake/head_socket.hpp"
#include "net/look_up.hpp"
#include "net/random.hpp"
#include "net/signal.hpp"
#include "ws/handshake.hpp"

namespace {

struct Options {
    cli::Common common;
    std::chrono::milliseconds handshake_timeout{10'000};
    std::string key;
};

Options read_options(int argc, char** argv) {
    Options options;
    cli::Options parser{"client", "Asks a server for a WebSocket and checks its answer."};
    parser.client(options.common, {"ws"});
    parser.path(options.common);
    parser.seconds("--handshake-timeout", options.handshake_timeout,
                   "for the connection, and then for the server's answer");
    parser.text("--key", options.key, "BASE64",
                "Sec-WebSocket-Key, for demonstrations (default: a random one, RFC 6455 §4.1)");
    parser.parse(argc, argv);
    return options;
}

ws::ClientHandshake make_handshake(const Options& options) {
    ws::ClientHandshake handshake{
        .host = net::join_host_port(options.common.host, options.common.port),
        .resource = options.common.path,
        .key = options.key};
    // RFC 6455 §4.1: "The nonce MUST be selected randomly for each connection."
    if (handshake.key.empty()) handshake.key = ws::make_key(net::RandomPool{}.bytes<16>());
    if (ws::is_sendable(handshake)) return handshake;
    handshake.key = ws::make_key({});
    throw cli::UsageError{ws::is_sendable(handshake) ? "--key: expected 16 bytes in base64"
                                                     : "the host or the path holds a character "
                                                       "that must not stand in a request"};
}

void print_lines(const char* title, std::string_view head) {
    std::puts(title);
    for (const std::string_view line : ws::split(head, '\n'))
        if (const auto visible = line.substr(0, line.find('\r')); !visible.empty())
            std::printf("  %s\n", ws::escape(visible).c_str());
}

// The steps of §4.2.2, item 5.4, as the server should have gone them.
void print_accept_key(const std::string& key, const ws::Response& response) {
    const std::string_view theirs = response.find("Sec-WebSocket-Accept").value_or("");
    const std::string ours = ws::accept_key(key);
    std::printf("Accept key\n  key, GUID   %s%s\n  SHA-1       %s\n  base64      %s\n", key.c_str(),
                ws::guid.data(), ws::hex(ws::accept_hash(key)).c_str(), ours.c_str());
    std::printf("  server's    %s%s\n", ws::escape(theirs, 60).c_str(),
                theirs == ours ? "  the same" : "  DIFFERENT");
}

// Why there is no WebSocket, for one line.
std::string reason(lesson::HeadSocket& socket, const ws::Response& response, ws::Errc errc,
                   int stop_fd) {
    if (errc == ws::Errc::none) {
        if (socket.io().status == net::IoStatus::timed_out)
            return "the server did not answer in time";
        if (socket.io().status == net::IoStatus::closed)
            return "the server ended the connection without an answer";
        return socket.io().message();
    }
    if (errc == ws::Errc::unexpected_status) {
        const std::string line =
            socket.first_line(response.count("Transfer-Encoding") > 0, stop_fd);
        const std::string first = ws::escape(response.start_line, 200);
        return line.empty() ? first : first + ": " + ws::escape(line, 200);
    }
    return std::string{ws::rule(errc).sentence} + " (" + std::string{ws::rule(errc).section} + ")";
}

int ask(int argc, char** argv) {
    const Options options = read_options(argc, argv);
    const ws::ClientHandshake handshake = make_handshake(options);
    const net::StopSignal stop;
    const net::Fd fd = net::connect_in_time(options.common.host, options.common.port,
                                        net::after(options.handshake_timeout), stop.fd());
    lesson::HeadSocket socket{fd, options.common.trace};
    const net::Deadline deadline = net::after(options.handshake_timeout);
    const std::string request = ws::client_request(handshake);
    print_lines("Request", request);
    socket.send(ws::Direction::from_client, request, deadline);

    ws::HeadReader reader{{}, ws::HeadReader::Interim::skip};
    ws::Response response;
    const bool received = socket.receive(reader, ws::Direction::from_server, deadline, stop.fd());
    if (stop.raised()) return 0;  // Ctrl-C is a wish and no failure
    if (!reader.text().empty()) print_lines("Response", reader.text());
    ws::Errc errc = received ? response.parse(reader.text()) : socket.error();
    if (received && errc == ws::Errc::none) errc = ws::check_response(response, handshake);
    if (response.status == 101) print_accept_key(handshake.key, response);
    std::fflush(stdout);
    if (!received || errc != ws::Errc::none) {
        std::fprintf(stderr, "Handshake failed: %s; path %s\n",
                     reason(socket, response, errc, stop.fd()).c_str(), handshake.resource.c_str());
        return 1;
    }
    std::printf("Connected! What follows the blank line are frames; %zu bytes of them are here.\n",
                socket.rest().size());
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, ask); }
