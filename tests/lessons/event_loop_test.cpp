// Lesson 11, end to end: the epoll echo server and its crowd of clients as programs.
#include <doctest/doctest.h>
#include <signal.h>

#include "net/socket.hpp"
#include "tests/lessons/peers.hpp"

using namespace test;

namespace {

constexpr const char* lesson = "11-event-loop";
const char* const client = "lessons/11-event-loop/client";

std::vector<std::string> to(std::uint16_t port, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--port", std::to_string(port)});
    return more;
}

// A summary without its time.
std::string less_time(const std::string& line) { return line.substr(0, line.rfind(',')); }

std::string get(std::uint16_t port, std::string_view path) {
    RawPeer peer{port};
    peer.send("GET " + std::string{path} + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return std::string{ws::as_text(peer.receive_to_end())};
}

}  // namespace

TEST_CASE("lesson 11: the server says where it is, and Ctrl-C ends it with status 0") {
    LessonServer server{lesson};
    CHECK(server.listening_line == "WebSocket server at ws://localhost:8080/ws ...");
    server.stop();
}

TEST_CASE("lesson 11: hundreds of clients on one thread, each gets its own echoes") {
    LessonServer server{lesson};
    const Finished crowd =
        run(program(client), to(server.port, {"--connections", "300", "--rounds", "4"}));
    CHECK(crowd.status == 0);
    CHECK(crowd.errors == "");
    CHECK(less_time(crowd.output) == "300 of 300 clients connected, 1200 echoes, 0 errors");
    const std::string metrics = get(server.port, "/metrics");
    CHECK(metrics.find("\nwebsocket_handshakes_total 300\n") != std::string::npos);
    CHECK(metrics.find("\nwebsocket_messages_received_total 1200\n") != std::string::npos);
    // Everyone said goodbye: the log has nothing to tell.
    server.stop();
    CHECK(server.process.errors_so_far() == "");
}

TEST_CASE("lesson 11: Ctrl-C in the server says 1001 to all of them") {
    for (const int signal : {SIGINT, SIGTERM}) {
        LessonServer server{lesson};
        Process crowd{program(client),
                      to(server.port, {"--connections", "100", "--rounds", "1", "--hold"})};
        CHECK(less_time(crowd.read_line()) == "100 of 100 clients connected, 100 echoes, 0 errors");
        server.process.signal(signal);
        CHECK(crowd.read_line() == "100 closed by the server with 1001 (going away)");
        CHECK(crowd.wait() == 0);
        CHECK(server.process.wait() == 0);
    }
}

TEST_CASE("lesson 11: Ctrl-C in the client closes all with 1000") {
    LessonServer server{lesson};
    Process crowd{program(client), to(server.port, {"--connections", "50", "--hold"})};
    CHECK(less_time(crowd.read_line()) == "50 of 50 clients connected, 150 echoes, 0 errors");
    crowd.signal(SIGINT);
    CHECK(crowd.wait() == 0);
    CHECK(crowd.errors_so_far() == "");
    server.stop();
    CHECK(server.process.errors_so_far() == "");
}

TEST_CASE("lesson 11: the crowd talks to lesson 8's server as well, one thread for each client") {
    LessonServer server{"08-messages"};
    const Finished crowd = run(program(client), to(server.port, {"--connections", "50"}));
    CHECK(less_time(crowd.output) == "50 of 50 clients connected, 150 echoes, 0 errors");
    CHECK(crowd.status == 0);
}

TEST_CASE("lesson 11: health and metrics over HTTP, and nothing else") {
    LessonServer server{lesson};
    const std::string health = get(server.port, "/health");
    CHECK(health.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(health.ends_with("\r\n\r\nok\n"));
    const std::string metrics = get(server.port, "/metrics");
    CHECK(metrics.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") !=
          std::string::npos);
    CHECK(metrics.find("\nwebsocket_http_requests_total 1\n") != std::string::npos);
    CHECK(get(server.port, "/elsewhere").starts_with("HTTP/1.1 404 Not Found\r\n"));
    CHECK(get(server.port, "/ws").starts_with("HTTP/1.1 426 Upgrade Required\r\n"));
    CHECK(server.process.read_error_line().find(" refused with 426: ") != std::string::npos);
}

TEST_CASE("lesson 11: a mistake is logged in one line, a goodbye is not") {
    LessonServer server{lesson, {"--max-message-bytes", "10"}};
    RawPeer polite = open_peer(server.port);
    polite.send_frame(ws::Opcode::close, "\x03\xe8");
    polite.expect_close(1000);
    RawPeer peer = open_peer(server.port);
    peer.send_frame(ws::Opcode::text, "more than ten");
    peer.expect_close(1009);
    const std::string line = server.process.read_error_line();
    CHECK_MESSAGE(line.ends_with(" Read error: RFC 6455 §10.4: the message is larger than this "
                                 "endpoint allows; failed with 1009"),
                  line);
}

TEST_CASE("lesson 11: 64 descriptors serve those that fit, and the others get 503") {
    const std::string path = program("lessons/11-event-loop/server");
    Process server{"/bin/bash", {"-c", "ulimit -n 64; exec " + path + " --port 0"}};
    const std::uint16_t port = listening_port(server.read_line());
    std::vector<RawPeer> peers;
    std::size_t inside = 0;
    for (int i = 0; i < 100; ++i) {
        RawPeer peer{port};
        peer.send(sample_request(port));
        const std::string head = peer.receive_head();
        inside += head.starts_with("HTTP/1.1 101 ") ? 1 : 0;
        if (!head.starts_with("HTTP/1.1 101 ")) CHECK(head.starts_with("HTTP/1.1 503 "));
        peers.push_back(std::move(peer));
    }
    CHECK(inside == 32);  // 64 less a reserve of 32
    CHECK(get(port, "/health").starts_with("HTTP/1.1 503 "));
    for (RawPeer& peer : peers) peer.close();
    const auto healthy = [port] { return get(port, "/health").starts_with("HTTP/1.1 200 "); };
    const net::Deadline deadline = net::after(patience);
    bool again = healthy();
    while (!again && net::Clock::now() < *deadline) again = healthy();
    CHECK(again);
    server.signal(SIGTERM);
    CHECK(server.wait() == 0);
}

TEST_CASE("lesson 11: what cannot work is told in one line") {
    Finished result =
        run("/bin/bash", {"-c", "ulimit -n 100; exec " + program(client) + " --connections 1000"});
    CHECK(result.status == 1);
    CHECK(result.errors ==
          "client: 1000 connections need 1016 descriptors, and this process may open 100; raise "
          "the hard limit (ulimit -Hn, as root) or ask for fewer with --connections\n");

    LessonServer server{lesson, {"--max-connections", "2"}};
    result = run(program(client), to(server.port, {"--connections", "6", "--rounds", "1"}));
    CHECK(result.status == 1);
    CHECK(less_time(result.output) == "2 of 6 clients connected, 2 echoes, 4 errors");
    CHECK(result.errors.starts_with(
        "client: Handshake failed: HTTP/1.1 503 Service Unavailable (the server has as many "
        "connections as it can serve; try again later); path /ws\nclient: "));
    CHECK(run(program(client), {"--connections", "0"}).status == 2);
    CHECK(run(program(client), {"--help"}).status == 0);
    CHECK(run(program("lessons/11-event-loop/server"), {"--max-connections", "x"}).status == 2);
}
