// Lesson 7 over real sockets: both hello servers under a hand-made client, and with their own.
#include <signal.h>

#include "tests/lessons/peers.hpp"

using namespace test;

namespace {

const std::string server_name = "07-hello";
const std::string client = "lessons/07-hello/client";

Finished run_client(std::uint16_t port, std::string_view input) {
    return run(program(client), {"--host", "127.0.0.1", "--port", std::to_string(port)}, input);
}

}  // namespace

TEST_CASE("lesson 7: a greeting with the address, a Close with 1000, the server ends TCP") {
    LessonServer server{server_name};
    CHECK(server.listening_line == "WebSocket Hello server running at ws://localhost:8080/ws");
    RawPeer peer = open_peer(server.port);
    const std::string hello = peer.receive_text();
    CHECK((hello == "Hello! Your IP is 127.0.0.1" || hello == "Hello! Your IP is ::1"));
    REQUIRE(peer.receive(4) == "88 02 03 e8"_hex);
    SUBCASE("after the client's Close") {
        peer.send_frame(ws::Opcode::text, "too late, and not an error");
        peer.send_frame(ws::Opcode::close, "\x03\xE8");
        peer.expect_end();
    }
    SUBCASE("after a client that is gone") { peer.reset(); }
    SUBCASE("after a client that hangs up without a Close") { peer.end_sending(); }
    server.stop();
    CHECK(server.process.errors_so_far() == "");
}

TEST_CASE("lesson 7: the client prints the greeting, whatever its input is") {
    LessonServer server{server_name};
    for (const std::string_view input : {"", "a line that nobody reads\n"}) {
        const Finished finished = run_client(server.port, input);
        CHECK(finished.output == "Hello! Your IP is 127.0.0.1\n");
        CHECK(finished.errors == "");
        CHECK(finished.status == 0);
    }
    server.stop();
}

TEST_CASE("lesson 7: with --echo the greeting names the port, and messages come back") {
    LessonServer server{server_name, {"--echo"}};
    const Finished finished = run_client(server.port, "one\ntwo\x1b[2J\n");
    CHECK(finished.status == 0);
    CHECK(finished.errors == "");
    REQUIRE(finished.output.starts_with("Hello! Your IP is 127.0.0.1:"));
    const std::string who = finished.output.substr(18, finished.output.find('\n') - 18);
    CHECK(finished.output == "Hello! Your IP is " + who + "\none\ntwo\\x1B[2J\n");
    CHECK(server.process.read_line() == "Received from " + who + ": one");
    CHECK(server.process.read_line() == "Received from " + who + ": two\\x1B[2J");
    server.stop();
}

TEST_CASE("lesson 7: every length form comes back from the echoing server") {
    LessonServer server{server_name, {"--echo"}};
    RawPeer peer = open_peer(server.port);
    peer.receive_text();
    for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 65535u, 65536u}) {
        const std::string text(size, 'x');
        peer.send_frame(ws::Opcode::text, text);
        CHECK(server.process.read_line().ends_with(": " + text));  // a full pipe would stop it
        REQUIRE(peer.receive_text() == text);
    }
    server.stop();
}

TEST_CASE("§5.1 lesson 7: an unmasked frame gets 1002, and others are served on") {
    LessonServer server{server_name, {"--echo"}};
    RawPeer peer = open_peer(server.port);
    peer.receive_text();
    peer.send("81 05 48 65 6c 6c 6f"_hex);
    peer.expect_close(1002);
    peer.expect_end();
    CHECK(server.process.read_error_line().find("RFC 6455 §5.1") != std::string::npos);
    RawPeer next = open_peer(server.port);
    REQUIRE(next.receive_text().starts_with("Hello!"));
    server.stop();
}

TEST_CASE("lesson 7: a message in two frames and a ping between them, as its text shows it") {
    LessonServer server{server_name, {"--echo"}};
    RawPeer peer = open_peer(server.port);
    peer.receive_text();
    peer.send("01 83 00 00 00 00 48 65 6c  89 80 00 00 00 00  80 82 00 00 00 00 6c 6f"_hex);
    REQUIRE(peer.receive(5) == "81 03 48 65 6c"_hex);
    peer.send("88 80 00 00 00 00"_hex);
    REQUIRE(peer.receive(2) == "88 00"_hex);
    peer.expect_end();
}

TEST_CASE("lesson 7: two frames in one write reach the client as two") {
    net::Listener listener{"localhost", 0};
    Process process{program(client),
                    {"--port", std::to_string(listener.port()), "--key", sample_key}};
    RawPeer peer{listener};
    peer.receive_head();
    peer.send(ws::Buffer{sample_answer.begin(), sample_answer.end()} +
              "81 02 68 69  88 02 03 e8"_hex);
    CHECK(process.read_line() == "hi");
    peer.expect_close(1000);
    peer.end_sending();
    CHECK(process.wait() == 0);
}

TEST_CASE("lesson 7: the other ends: Ctrl-C, no server, bad options") {
    LessonServer server{server_name, {"--echo"}};
    Process process{program(client), {"--port", std::to_string(server.port)}};
    process.read_line();
    process.signal(SIGINT);
    CHECK(process.wait() == 0);
    const std::uint16_t port = server.port;
    server.stop();
    CHECK(run_client(port, "").status == 1);
    CHECK(run(program(client), {"--nonsense"}).status == 2);
    CHECK(run(program(client), {"--help"}).status == 0);
    CHECK(run(program("lessons/07-hello/server"), {"--help"}).output.find("--echo") !=
          std::string::npos);
}
