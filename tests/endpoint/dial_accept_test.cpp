// dial() and accept() over real sockets: RFC 6455 §4, and peers that are none.
#include "endpoint/dial_accept.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "net/url.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/raw_peer.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view request_head =
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

constexpr std::string_view response_head =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

endpoint::DialOptions with_rfc_key() {
    endpoint::DialOptions options;
    options.key = "dGhlIHNhbXBsZSBub25jZQ==";
    return options;
}

// Accepts one connection and gives it to `body` on a thread of its own.
class OneClientServer {
  public:
    explicit OneClientServer(std::function<void(const net::Fd&)> body)
        : thread_{[this, serve = std::move(body)] {
              if (const auto client = listener_.accept(stop_.fd())) serve(client->socket);
          }} {}
    ~OneClientServer() {
        stop_.raise();
        thread_.join();
    }
    std::string url(const std::string& path = "/ws") const {
        return "ws://127.0.0.1:" + std::to_string(listener_.port()) + path;
    }

  private:
    net::Listener listener_{"127.0.0.1", 0};
    net::Wake stop_;
    std::thread thread_;
};

// A server that answers every request with these bytes, and then ends the connection.
std::function<void(const net::Fd&)> answer(std::string bytes) {
    return [bytes = std::move(bytes)](const net::Fd& socket) {
        RawPeer peer{net::Fd{::dup(socket.get())}};
        peer.receive_head();
        peer.send(bytes);
        net::shutdown_sending(socket);
        peer.receive_to_end();
    };
}

std::string dial_failure(const std::string& url, const endpoint::DialOptions& options) {
    try {
        endpoint::dial(url, options);
    } catch (const std::exception& error) {
        return error.what();
    }
    return "no failure";
}

// What a server says to a request, and what it throws.
struct Refused {
    std::string response;
    std::string failure;
    ws::Errc rule = ws::Errc::none;
};
Refused refuse(std::string_view request, const endpoint::AcceptOptions& options = {}) {
    auto [near, far] = connected_pair();
    RawPeer client{std::move(near)};
    Refused result;
    std::thread server{[&result, &options, socket = std::move(far)]() mutable {
        try {
            endpoint::accept(socket, options);
        } catch (const endpoint::HandshakeFailed& failure) {
            result.failure = failure.what();
            result.rule = failure.rule();
        }
        socket.close();
    }};
    client.send(request);
    client.end_sending();
    const ws::Buffer bytes = client.receive_to_end();
    server.join();
    result.response = ws::as_text(bytes);
    return result;
}

}  // namespace

TEST_CASE("§4 dial() and accept() agree, and talk") {
    endpoint::AcceptOptions accept_options;
    accept_options.subprotocols = {"superchat", "chat"};
    OneClientServer server{[&](const net::Fd& socket) {
        const auto connection = endpoint::accept(socket, accept_options);
        CHECK(connection->subprotocol == "superchat");
        while (const auto message = connection->read_message())
            connection->write_message(message->type, message->data);
        CHECK(connection->error().expected());
    }};
    endpoint::DialOptions options;
    options.subprotocols = {"chat", "superchat"};
    options.headers = {{"X-Token", "a b"}};
    const auto connection = endpoint::dial(server.url(), options);
    CHECK(connection->subprotocol == "superchat");
    CHECK(connection->write_message("Grüße"));
    const auto message = connection->read_message();
    REQUIRE(message);
    CHECK(ws::as_text(message->data) == "Grüße");
    CHECK(connection->close(1000, "bye"));
    connection->wait_until_closed();
    CHECK(connection->error().expected());
}

TEST_CASE("§4.2.2 a frame glued to the request is the first message, however the bytes are cut") {
    const ws::Buffer bytes = ws::Buffer{request_head.begin(), request_head.end()} +
                             "81 85 37 fa 21 3d 7f 9f 4d 51 58"_hex;
    // Every cut of 300 bytes would open 300 connections; the interesting ones are around the
    // blank line, and byte by byte has them all.
    for (const std::size_t cut :
         {bytes.size(), std::size_t{1}, request_head.size() - 2, request_head.size(),
          request_head.size() + 1, request_head.size() + 5}) {
        CAPTURE(cut);
        auto [near, far] = connected_pair();
        RawPeer client{std::move(near)};
        std::thread sender{[&] {
            client.send(ws::Bytes{bytes}.first(cut));
            client.send(ws::Bytes{bytes}.subspan(cut));
        }};
        const auto connection = endpoint::accept(far);
        const auto message = connection->read_message();
        REQUIRE(message);
        CHECK(ws::as_text(message->data) == "Hello");
        sender.join();
        CHECK(client.receive_head() == response_head);
    }
}

TEST_CASE("§4.1 a frame glued to the answer is the client's first message") {
    OneClientServer server{answer(std::string{response_head} + "\x81\x02hi\x88\x02\x03\xe8")};
    const auto connection = endpoint::dial(server.url(), with_rfc_key());
    const auto message = connection->read_message();
    REQUIRE(message);
    CHECK(ws::as_text(message->data) == "hi");
    CHECK_FALSE(connection->read_message());
    CHECK(connection->error().expected());
}

TEST_CASE("§4.2.2 a broken request gets its status, one line why, and the end of TCP") {
    const Refused wrong_path = refuse("GET /other" + std::string{request_head.substr(7)});
    CHECK(wrong_path.response.starts_with("HTTP/1.1 404 Not Found\r\n"));
    CHECK(wrong_path.response.ends_with("\r\n\r\nthere is no WebSocket endpoint at this path: /other\n"));
    CHECK(wrong_path.failure ==
          "refused with 404: there is no WebSocket endpoint at this path (RFC 6455 §4.2.2); path "
          "/other");
    CHECK(refuse("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n").rule == ws::Errc::not_an_upgrade);
    CHECK(refuse("GET /ws HTTP/1.1\nHost: a\n\n").rule == ws::Errc::bare_line_feed);
    CHECK(refuse("\x16\x03\x01").rule == ws::Errc::control_byte_in_head);
    CHECK(refuse(std::string(20'000, 'A')).rule == ws::Errc::start_line_too_long);
}

TEST_CASE("§4.2.2 admit is asked last, and refuses by a rule of its own") {
    endpoint::AcceptOptions options;
    unsigned asked = 0;
    std::string refusals;
    options.admit = [&](const ws::Request& request, const net::Address& peer) {
        ++asked;
        CHECK(request.path == "/ws");
        CHECK(peer.port() == 0);  // none was given to accept()
        return ws::Errc::unauthorized;
    };
    options.on_refused = [&](const endpoint::HandshakeFailed& failure) {
        refusals += std::string{failure.what()} + '\n';
    };
    const Refused refused = refuse(request_head, options);
    CHECK(refused.response.starts_with("HTTP/1.1 401 Unauthorized\r\n"));
    CHECK(refused.response.find("\r\nWWW-Authenticate: Basic realm=\"WebSocket\"\r\n"
                                "WWW-Authenticate: Bearer realm=\"WebSocket\"\r\n") !=
          std::string::npos);
    CHECK(refused.rule == ws::Errc::unauthorized);
    CHECK(refuse("GET /other" + std::string{request_head.substr(7)}, options).rule ==
          ws::Errc::path_not_found);
    CHECK(asked == 1);
    CHECK(refusals ==
          "refused with 401: credentials are missing or wrong (RFC 9110 §15.5.2); path /ws\n"
          "refused with 404: there is no WebSocket endpoint at this path (RFC 6455 §4.2.2); path "
          "/other\n");
}

TEST_CASE("§10.2 by default a page of another host may not connect, and the log says which") {
    const auto from = [](const std::string& page) {
        std::string request{request_head};
        return refuse(request.insert(request.size() - 2, "Origin: " + page + "\r\n"));
    };
    const Refused foreign = from("http://evil.test");
    CHECK(foreign.response.starts_with("HTTP/1.1 403 Forbidden\r\n"));
    CHECK(foreign.failure ==
          "refused with 403: pages from this Origin may not connect (RFC 6455 §10.2); path /ws, "
          "Origin http://evil.test, Host localhost");
    CHECK(from("http://localhost").response.starts_with("HTTP/1.1 101 "));
    // No browser: no Origin.
    CHECK(refuse(request_head).response.starts_with("HTTP/1.1 101 "));
}

TEST_CASE("a client for whom there is no place is told so at once") {
    auto [near, far] = connected_pair();
    RawPeer client{std::move(near)};
    std::thread server{[socket = std::move(far)]() mutable {
        CHECK_THROWS_AS(endpoint::refuse(socket, ws::Errc::too_many_connections),
                        endpoint::HandshakeFailed);
        socket.close();
    }};
    // It has not sent a byte.
    CHECK(client.receive_head().find("\r\nRetry-After: 1\r\n") != std::string::npos);
    client.close();
    server.join();
}

TEST_CASE("§4.2.2 a client that leaves during the handshake is no broken rule") {
    CHECK(refuse("GET /ws HT").failure == "no handshake: the peer ended the connection");
    CHECK(refuse("").rule == ws::Errc::none);
}

TEST_CASE("the handshake timeout is absolute, however the bytes trickle") {
    auto [near, far] = connected_pair();
    RawPeer client{std::move(near)};
    net::Wake answered;
    std::thread trickle{[&] {
        // A byte each time the server has had a moment to read the one before.
        for (const char c : request_head) {
            const std::array watched{answered.fd()};
            if (net::wait_readable(watched, net::after(20ms)) == 0) return;
            if (!client.try_send(ws::Buffer{static_cast<std::uint8_t>(c)})) return;
        }
    }};
    endpoint::AcceptOptions options;
    options.handshake_timeout = 100ms;
    CHECK_THROWS_WITH_AS(endpoint::accept(far, options),
                         "refused with 408: the handshake was not complete in time "
                         "(RFC 9110 §15.5.9)",
                         endpoint::HandshakeFailed);
    answered.raise();
    trickle.join();
    far.close();
    const ws::Buffer bytes = client.receive_to_end();
    CHECK(ws::as_text(bytes).starts_with("HTTP/1.1 408 "));
}

TEST_CASE("§4.1 what a server can do wrong is told in one line") {
    const auto failure = [](std::string response) {
        OneClientServer server{answer(std::move(response))};
        return dial_failure(server.url(), with_rfc_key());
    };
    CHECK(failure("HTTP/1.1 403 Forbidden\r\n\r\nthis origin is not allowed\n") ==
          "Handshake failed: HTTP/1.1 403 Forbidden (this origin is not allowed); path /ws");
    CHECK(failure("HTTP/1.1 301 Moved Permanently\r\nLocation: /\r\n\r\n") ==
          "Handshake failed: HTTP/1.1 301 Moved Permanently; path /ws");
    CHECK(failure("SSH-2.0-OpenSSH_9.2\r\n\r\n") ==
          "Handshake failed: the first line is not that of an HTTP message (RFC 9112 §3); path /ws");
    CHECK(failure("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n") ==
          "Handshake failed: Sec-WebSocket-Accept does not belong to the key that was sent "
          "(RFC 6455 §4.1); path /ws");
    CHECK(failure("HTTP/1.1 200 OK\r\nX: \x1b[2J\r\n\r\n").find('\x1b') == std::string::npos);
    CHECK(failure("") == "Handshake failed: the peer ended the connection; path /ws");
}

TEST_CASE("dial() shows the reason of a refusal also when it comes after its head") {
    net::Wake head_was_read;
    OneClientServer server{[&](const net::Fd& socket) {
        RawPeer peer{net::Fd{::dup(socket.get())}};
        peer.receive_head();
        peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 27\r\n\r\n");
        net::wait_readable(std::array{head_was_read.fd()});
        peer.send("this origin is not allowed\n");
        peer.receive_to_end();
    }};
    endpoint::DialOptions options = with_rfc_key();
    options.trace = [&](std::string_view line) {
        if (line.find("403") != std::string_view::npos) head_was_read.raise();
    };
    CHECK(dial_failure(server.url(), options) ==
          "Handshake failed: HTTP/1.1 403 Forbidden (this origin is not allowed); path /ws");
}

TEST_CASE("a server that never answers is given up at the handshake timeout") {
    net::Wake done;
    OneClientServer server{[&](const net::Fd&) {
        const std::array watched{done.fd()};
        net::wait_readable(watched);
    }};
    endpoint::DialOptions options;
    options.handshake_timeout = test::silence_on_this_machine(100ms);
    CHECK(dial_failure(server.url(), options) ==
          "Handshake failed: the server did not answer in time; path /ws");
    done.raise();
}

TEST_CASE("§3 a URL that cannot be dialled is told in one line") {
    CHECK(dial_failure("wss://localhost/", {}) ==
          "'wss://localhost/': this client speaks ws:// only; for wss:// put a TLS tunnel in "
          "between");
    CHECK(dial_failure("http://localhost/", {}) ==
          "'http://localhost/': a WebSocket URL begins with ws://");
    CHECK(dial_failure("ws://localhost/#top", {}).find("fragment") != std::string::npos);
}

TEST_CASE("§10.5 nothing that a caller passes can break the request's lines") {
    endpoint::DialOptions options;
    SUBCASE("header value") { options.headers = {{"X-A", "1\r\nX-B: 2"}}; }
    SUBCASE("header name") { options.headers = {{"X A", "1"}}; }
    SUBCASE("origin") { options.origin = "http://a\r\n"; }
    SUBCASE("subprotocol") { options.subprotocols = {"a b"}; }
    SUBCASE("key") { options.key = "short"; }
    CHECK(dial_failure("ws://127.0.0.1:1/", options).find("cannot stand in an HTTP request") !=
          std::string::npos);
}

TEST_CASE("the trace shows the same lines at both ends") {
    std::string server_lines;
    std::string client_lines;
    {
        endpoint::AcceptOptions accept_options;
        accept_options.trace = [&](std::string_view line) { (server_lines += line) += '\n'; };
        OneClientServer server{[&](const net::Fd& socket) {
            const auto connection = endpoint::accept(socket, accept_options);
            while (const auto message = connection->read_message())
                connection->write_message(message->type, message->data);
        }};
        endpoint::DialOptions options = with_rfc_key();
        options.trace = [&](std::string_view line) { (client_lines += line) += '\n'; };
        const auto connection = endpoint::dial(server.url(), options);
        CHECK(connection->write_message("Hello"));
        CHECK(connection->read_message());
        CHECK(connection->close(1000));
        connection->wait_until_closed();
    }
    CHECK(server_lines == client_lines);
    CHECK(server_lines.find("TEXT FIN masked len=5 \"Hello\"") != std::string::npos);
    CHECK(server_lines.find("CLOSE FIN len=2 1000") != std::string::npos);
}

TEST_CASE("accept: a plain GET or HEAD gets what on_http has for it, and no connection") {
    endpoint::AcceptOptions options;
    options.on_http = [](const ws::Request& request, ws::HttpReply& reply) {
        if (request.path != "/page") return false;
        reply.body = "a page";
        reply.headers = {{"X-Content-Type-Options", "nosniff"}};
        return true;
    };
    const auto ask = [&options](const std::string& request, std::string& answer) {
        auto [near, far] = connected_pair();
        RawPeer peer{std::move(far)};
        peer.send(request);
        auto accepted = std::async(std::launch::async, [&options, &near = near] {
            return endpoint::accept(near, options) == nullptr;
        });
        peer.end_sending();
        const bool answered = accepted.get();
        near.close();
        answer = ws::as_text(peer.receive_to_end());
        return answered;
    };
    std::string answer;
    CHECK(ask("GET /page?x HTTP/1.1\r\nHost: localhost\r\n\r\n", answer));
    CHECK(answer ==
          "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
          "Content-Length: 6\r\nX-Content-Type-Options: nosniff\r\n\r\na page");
    const std::string page = answer;
    CHECK(ask("GET /page HTTP/1.0\r\n\r\n", answer));
    CHECK(answer == page);
    CHECK(ask("HEAD /page HTTP/1.0\r\n\r\n", answer));
    CHECK(answer + "a page" == page);
    CHECK_THROWS_AS(ask("GET /else HTTP/1.1\r\nHost: localhost\r\n\r\n", answer),
                    endpoint::HandshakeFailed);
    CHECK_THROWS_AS(ask("POST /page HTTP/1.1\r\nHost: localhost\r\n\r\n", answer),
                    endpoint::HandshakeFailed);
}

TEST_CASE("accept: whoever looks on sees all from the answer 101 on, and nothing of the request") {
    std::string seen;
    endpoint::AcceptOptions options;
    options.tap = [&seen](const ws::Request& request) -> ws::Tracer::Tap {
        if (request.query != "watched") return {};
        return [&seen](ws::Direction direction, ws::Bytes bytes) {
            seen += direction == ws::Direction::from_client ? '>' : '<';
            seen += ws::as_text(bytes).starts_with("HTTP/1.1 101 ") ? "101" : ws::hex(bytes);
            seen += '\n';
        };
    };
    for (const bool watched : {false, true}) {
        auto [near, far] = connected_pair();
        RawPeer peer{std::move(far)};
        std::string request{request_head};
        if (watched) request.insert(request.find(" HTTP"), "?watched");
        // A frame in the same read as the head is seen like the others.
        peer.send(request + std::string{ws::as_text("89 80 00 00 00 00"_hex)});
        peer.send_frame(ws::Opcode::close, "\x03\xe8");
        peer.end_sending();
        const auto connection = endpoint::accept(near, options);
        REQUIRE(connection);
        connection->wait_until_closed();
        CHECK(seen.empty() != watched);
    }
    CHECK(seen.starts_with(">89 80 00 00 00 00"));
    CHECK(seen.find("<101\n") != std::string::npos);
    CHECK(seen.find("<8A 00 88 02 03 E8\n") != std::string::npos);
}

TEST_CASE("RFC 9110 §15.2 dial() skips interim responses, but not for ever") {
    const std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
    {
        OneClientServer server{answer(hint + hint + std::string{response_head} + "\x81\x02hi")};
        const auto connection = endpoint::dial(server.url(), with_rfc_key());
        const auto message = connection->read_message();
        REQUIRE(message);
        CHECK(ws::as_text(message->data) == "hi");
    }
    std::string endless;
    while (endless.size() < 20'000) endless += hint;
    OneClientServer server{answer(endless)};
    CHECK(dial_failure(server.url(), with_rfc_key()).starts_with("Handshake failed: "));
}
