// Lesson 4 from end to end: real programs over real sockets. RFC 6455 §4.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

#include "net/socket.hpp"
#include "tests/support/process.hpp"
#include "ws/bytes.hpp"

namespace {

const std::string server_path = "lessons/04-handshake/server";
const std::string client_path = "lessons/04-handshake/client";
const std::vector<std::string> rfc_key{"--key", "dGhlIHNhbXBsZSBub25jZQ=="};

// The server, started on a free port.
struct Server {
    test::Process process;
    std::string line;
    std::uint16_t port;

    explicit Server(std::vector<std::string> arguments = {})
        : process{test::program(server_path), with_port(std::move(arguments))},
          line{process.read_line()},
          port{test::listening_port(line)} {}

    static std::vector<std::string> with_port(std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"--port", "0"});
        return arguments;
    }
    int stop() {
        process.signal(SIGINT);
        return process.wait();
    }
};

test::Finished run_client(std::uint16_t port, std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.end(), {"--port", std::to_string(port)});
    return test::run(test::program(client_path), arguments);
}

// Everything up to the end of the stream.
std::string receive_all(const net::Fd& socket) {
    const net::Deadline deadline = net::after(test::patience);
    std::string text;
    std::array<std::uint8_t, 4096> buffer;
    while (const net::IoResult got = net::receive_some(socket, buffer, deadline))
        text += ws::as_text(ws::Bytes{buffer}.first(got.bytes));
    return text;
}

std::string ask_server(std::uint16_t port, std::string_view request) {
    const net::Fd socket = net::connect_tcp("localhost", port);
    REQUIRE(net::send_all(socket, request));
    return receive_all(socket);
}

const std::string good_headers =
    "Host: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const std::string good_request = "GET /ws HTTP/1.1\r\n" + good_headers;

// A server that takes one client, reads its request, and then does as it is told.
class FakeServer {
  public:
    explicit FakeServer(std::function<void(const net::Fd&)> then)
        : thread_{[this, then = std::move(then)] {
              const auto client = listener_.accept();
              if (!client) return;
              std::array<std::uint8_t, 4096> request;
              if (net::receive_some(client->socket, request, net::after(test::patience)))
                  then(client->socket);
          }} {}
    ~FakeServer() { thread_.join(); }

    std::uint16_t port() const { return listener_.port(); }

  private:
    net::Listener listener_{"localhost", 0};
    std::thread thread_;
};

// What the client says to a server that answers its request with `answer` and hangs up.
test::Finished client_of(const std::string& answer) {
    const FakeServer server{[&](const net::Fd& socket) { net::send_all(socket, answer); }};
    return run_client(server.port(), rfc_key);
}

const std::string good_answer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

}  // namespace

TEST_CASE("lesson 4: client and server shake hands, and both traces are the same") {
    Server server{{"--trace"}};
    CHECK(server.line ==
          "WebSocket handshake server at ws://localhost:" + std::to_string(server.port) + "/ws");
    std::vector<std::string> arguments = rfc_key;
    arguments.emplace_back("--trace");
    const test::Finished client = run_client(server.port, arguments);
    CHECK(client.status == 0);
    const std::string host = "localhost:" + std::to_string(server.port);
    CHECK(client.output ==
          "Request\n"
          "  GET /ws HTTP/1.1\n"
          "  Host: " +
              host +
              "\n"
              "  Upgrade: websocket\n"
              "  Connection: Upgrade\n"
              "  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
              "  Sec-WebSocket-Version: 13\n"
              "Response\n"
              "  HTTP/1.1 101 Switching Protocols\n"
              "  Upgrade: websocket\n"
              "  Connection: Upgrade\n"
              "  Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n"
              "Accept key\n"
              "  key, GUID   dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11\n"
              "  SHA-1       B3 7A 4F 2C C0 62 4F 16 90 F6 46 06 CF 38 59 45 B2 BE C4 EA\n"
              "  base64      s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n"
              "  server's    s3pPLMBiTxaQ9kYGzzhZRbK+xOo=  the same\n"
              "Connected! What follows the blank line are frames; 0 bytes of them are here.\n");
    CHECK(server.stop() == 0);
    CHECK(client.errors == server.process.errors_so_far());
    CHECK(client.errors.starts_with("  1 → GET /ws HTTP/1.1\n      Host: "));
    CHECK(client.errors.find("\n  2 ← HTTP/1.1 101 Switching Protocols\n      Upgrade: ") !=
          std::string::npos);
}

TEST_CASE("lesson 4: without --key every handshake has another one") {
    Server server;
    const test::Finished first = run_client(server.port);
    const test::Finished second = run_client(server.port);
    CHECK(first.status == 0);
    CHECK(second.status == 0);
    CHECK(first.output != second.output);
}

TEST_CASE("lesson 4: the server answers each broken request by its rule, then ends") {
    struct Case {
        std::string request;
        std::string start_line;
    };
    const Case cases[] = {
        {good_request, "HTTP/1.1 101 Switching Protocols\r\n"},
        {"GET /ws?room=1 HTTP/1.1\r\n" + good_headers, "HTTP/1.1 101 "},
        {"GET http://localhost/ws HTTP/1.1\r\n" + good_headers, "HTTP/1.1 101 "},
        {"GET /other HTTP/1.1\r\n" + good_headers, "HTTP/1.1 404 Not Found\r\n"},
        {"POST /ws HTTP/1.1\r\n" + good_headers, "HTTP/1.1 405 Method Not Allowed\r\n"},
        {"GET /ws HTTP/1.0\r\n" + good_headers, "HTTP/1.1 505 HTTP Version Not Supported\r\n"},
        {"GET /ws HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 426 Upgrade Required\r\n"},
        {"GET /ws HTTP/1.1\r\nContent-Length: 5\r\n" + good_headers + "hello",
         "HTTP/1.1 400 Bad Request\r\n"},
        {"GET /ws HTTP/1.1\nHost: a\n\n", "HTTP/1.1 400 Bad Request\r\n"},
        {"\x16\x03\x01 a TLS hello", "HTTP/1.1 400 Bad Request\r\n"},
        {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n\r\n", "HTTP/1.1 414 URI Too Long\r\n"},
        {"GET /ws HTTP/1.1\r\nA: " + std::string(20'000, 'x') + "\r\n\r\n",
         "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
    };
    Server server;
    for (const Case& c : cases) {
        const std::string answer = ask_server(server.port, c.request);
        CAPTURE(answer);
        CHECK(answer.starts_with(c.start_line));
        if (answer.starts_with("HTTP/1.1 101")) {
            CHECK(answer.ends_with("HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n\r\n"));
        } else {
            CHECK(answer.ends_with("\n"));
            CHECK(answer.find("\r\nConnection: close") != std::string::npos);
        }
    }
    CHECK(server.stop() == 0);
}

TEST_CASE("lesson 4: a request may arrive byte by byte, and bytes behind it are counted") {
    Server server;
    const net::Fd socket = net::connect_tcp("localhost", server.port);
    for (const char& c : good_request) REQUIRE(net::send_all(socket, std::string_view{&c, 1}));
    CHECK(receive_all(socket).starts_with("HTTP/1.1 101"));
    CHECK(server.process.read_line().ends_with(", 0 bytes behind the blank line"));

    ask_server(server.port, good_request + "\x81\x80????");
    CHECK(server.process.read_line().ends_with(", 6 bytes behind the blank line"));
}

TEST_CASE("lesson 4: a client that trickles gets 408, however busy it looks") {
    Server server{{"--handshake-timeout", "0.3"}};
    const net::Fd socket = net::connect_tcp("localhost", server.port);
    const net::Deadline limit = net::after(test::patience);
    // A byte each time that nothing has come for 50 ms, for as long as the server bears it.
    net::send_all(socket, "GET /");
    while (net::wait_readable(std::array{socket.get()}, net::after(std::chrono::milliseconds{50})) <
               0 &&
           net::Clock::now() < *limit)
        net::send_all(socket, "x");
    CHECK(receive_all(socket).starts_with("HTTP/1.1 408 Request Timeout\r\n"));
}

TEST_CASE("lesson 4: clients that are silent, gone or wrong leave the others alone") {
    Server server;
    const net::Fd silent = net::connect_tcp("localhost", server.port);
    { const net::Fd gone = net::connect_tcp("localhost", server.port); }
    ask_server(server.port, "nonsense\r\n\r\n");
    CHECK(run_client(server.port).status == 0);
    CHECK(server.stop() == 0);  // also with a client that never said a word
}

TEST_CASE("lesson 4: whoever asks for another path reads which one it was, and so does the log") {
    Server server;
    CHECK(ask_server(server.port, "GET /other?token=1 HTTP/1.1\r\n" + good_headers)
              .ends_with("there is no WebSocket endpoint at this path: /other\n"));
    const std::string line = server.process.read_error_line();
    CHECK(line.ends_with(" (RFC 6455 §4.2.2); path /other"));
    CHECK(server.stop() == 0);
}

TEST_CASE("lesson 4: nothing of a request reaches the server's log raw") {
    Server server{{"--trace"}};
    ask_server(server.port, "GET /ws HTTP/1.1\r\nHost: a\r\nA: \x1b[2J\r\n\r\n");
    ask_server(server.port, "GET /\xc2\x9b HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(server.stop() == 0);
    CHECK(server.process.errors_so_far().find('\x1b') == std::string::npos);
    CHECK(server.process.errors_so_far().find('\x9b') == std::string::npos);
}

TEST_CASE("§4.1 lesson 4: the client names the check that failed") {
    const std::string upgrade = "Upgrade: websocket\r\n";
    const auto with = [](std::string_view part, std::string_view by) {
        std::string answer = good_answer;
        return answer.replace(answer.find(part), part.size(), by);
    };
    struct Case {
        std::string answer;
        std::string failure;
    };
    const Case cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi\n", "HTTP/1.1 200 OK: hi"},
        {"HTTP/1.0 404 File not found\r\n\r\n", "HTTP/1.0 404 File not found"},
        {"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nnot here\n\r\n0\r\n\r\n",
         "HTTP/1.1 404 No: not here"},
        {"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 404 No"},
        {"HTTP/1.1 403 No\r\n\r\n\x1b[2J\r\n", "HTTP/1.1 403 No: \\x1B[2J"},
        {with(upgrade, ""),
         "the server's answer has no header 'Upgrade: websocket' (RFC 6455 §4.1)"},
        {with("Connection: Upgrade", "Connection: close"),
         "the server's answer has no header 'Connection: Upgrade' (RFC 6455 §4.1)"},
        {with("Sec-WebSocket-Accept", "X"),
         "the server's answer has no Sec-WebSocket-Accept header (RFC 6455 §4.1)"},
        {with("s3pP", "S3PP"),
         "Sec-WebSocket-Accept does not belong to the key that was sent (RFC 6455 §4.1)"},
        {with(upgrade, upgrade + "Sec-WebSocket-Protocol: chat\r\n"),
         "the server chose a subprotocol that was not offered (RFC 6455 §4.1)"},
        {with(upgrade, upgrade + "Sec-WebSocket-Extensions: x\r\n"),
         "the server chose an extension that was not offered (RFC 6455 §4.1)"},
        {"SSH-2.0-OpenSSH_9.2\r\n\r\n",
         "the first line is not that of an HTTP message (RFC 9112 §3)"},
        {"+OK", "the first line is not that of an HTTP message (RFC 9112 §3)"},
        {"HTTP/1.1 101 OK\n",
         "every line of the head must end with CR LF, and CR may stand nowhere else "
         "(RFC 9112 §2.2)"},
        {"", "the server ended the connection without an answer"},
        {"HTTP/1.1 101", "the server ended the connection without an answer"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.answer);
        const test::Finished client = client_of(c.answer);
        CHECK(client.status == 1);
        CHECK(client.errors == "Handshake failed: " + c.failure + "; path /ws\n");
        CHECK(client.output.find("Connected") == std::string::npos);
        CHECK(client.output.find('\x1b') == std::string::npos);
    }
    CHECK(client_of(good_answer).status == 0);
    // The first frame may come in the same segment as the head.
    CHECK(client_of(good_answer + "\x81\x02hi").output.find("; 4 bytes of them") !=
          std::string::npos);
}

TEST_CASE("lesson 4: --wrong-accept is caught by the client") {
    Server server{{"--wrong-accept"}};
    const test::Finished client = run_client(server.port, rfc_key);
    CHECK(client.status == 1);
    CHECK(client.output.find("  DIFFERENT\n") != std::string::npos);
    CHECK(client.errors.find("does not belong to the key") != std::string::npos);
}

TEST_CASE("lesson 4: a server that never answers is given up") {
    const FakeServer server{[](const net::Fd& socket) { receive_all(socket); }};
    const test::Finished client = run_client(server.port(), {"--handshake-timeout", "0.3"});
    CHECK(client.status == 1);
    CHECK(client.errors == "Handshake failed: the server did not answer in time; path /ws\n");
}

TEST_CASE("lesson 4: Ctrl-C ends a waiting client with status 0") {
    std::atomic<bool> asked = false;
    const FakeServer server{[&](const net::Fd& socket) {
        asked = true;
        receive_all(socket);
    }};
    test::Process client{test::program(client_path), {"--port", std::to_string(server.port())}};
    // Its request is on the way, so it has come to wait for the answer.
    const net::Deadline limit = net::after(test::patience);
    while (!asked && net::Clock::now() < *limit) std::this_thread::yield();
    REQUIRE(asked);
    client.signal(SIGINT);
    CHECK(client.wait() == 0);
    CHECK(client.errors_so_far().empty());
}

TEST_CASE("lesson 4: wrong usage is one line and status 2, no server one line and status 1") {
    const test::Finished bad_key = run_client(1, {"--key", "short"});
    CHECK(bad_key.status == 2);
    CHECK(bad_key.errors.find("--key") != std::string::npos);
    CHECK(std::ranges::count(bad_key.errors, '\n') == 1);
    CHECK(run_client(1, {"--path", "/a#b"}).status == 2);

    std::uint16_t free_port = 0;
    { free_port = net::Listener{"localhost", 0}.port(); }
    const test::Finished nobody = run_client(free_port);
    CHECK(nobody.status == 1);
    CHECK(std::ranges::count(nobody.errors, '\n') == 1);
    CHECK(nobody.output.empty());
}
