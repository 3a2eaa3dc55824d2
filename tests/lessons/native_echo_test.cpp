// Lesson 6 over real sockets: the server under a hand-made client, the client under a hand-made
// server, and the two together.
#include <signal.h>

#include <fstream>
#include <thread>

#include "tests/lessons/peers.hpp"

using namespace test;

namespace {

const std::string server_name = "06-native-echo";
const std::string client = "lessons/06-native-echo/client";

std::vector<std::string> to_port(std::uint16_t port, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--port", std::to_string(port)});
    return more;
}

// A head and what follows it, for one write.
ws::Buffer glued(std::string_view head, const ws::Buffer& frames) {
    return ws::Buffer{head.begin(), head.end()} + frames;
}

// A frame that the server breaks off with `code`, and that leaves it serving.
void expect_failure(std::string_view what, const ws::Buffer& bytes, std::uint16_t code,
                    const std::string& section) {
    INFO(what);
    LessonServer server{server_name};
    RawPeer bystander = open_peer(server.port);
    RawPeer peer = open_peer(server.port);
    peer.send(bytes);
    peer.expect_close(code);
    peer.expect_end();
    CHECK(server.process.read_error_line().find(section) != std::string::npos);
    bystander.send_frame(ws::Opcode::text, "still there?");
    REQUIRE(bystander.receive_text() == "still there?");
    server.stop();
}

}  // namespace

TEST_CASE("lesson 6: the server says where it listens, and Ctrl-C ends it with 0") {
    LessonServer server{server_name};
    CHECK(server.listening_line == "Native WebSocket echo server at ws://localhost:8080/ws");
    server.stop();
}

TEST_CASE("lesson 6: Ctrl-C ends a server that has a client") {
    LessonServer server{server_name};
    RawPeer peer = open_peer(server.port);
    server.stop();
    peer.expect_end();
}

TEST_CASE("lesson 6: text of every length form comes back") {
    LessonServer server{server_name};
    RawPeer peer = open_peer(server.port);
    for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 65535u, 65536u, 70000u, 1000000u}) {
        INFO(size << " bytes");
        std::string text(size, '\0');
        for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 26);
        // A thread of its own: a million bytes fill every buffer between the two, and whoever
        // writes without reading would wait for ever.
        std::thread sender{[&] { peer.send_frame(ws::Opcode::text, text); }};
        const std::string echo = peer.receive_text();
        sender.join();
        CHECK(echo == text);
    }
    server.stop();
}

TEST_CASE("lesson 6: two frames in one write give two echoes") {
    LessonServer server{server_name};
    RawPeer peer = open_peer(server.port);
    peer.send("81 82 00 00 00 00 68 69 (hi)  81 81 00 00 00 00 21 (!)"_hex);
    REQUIRE(peer.receive(4) == "81 02 68 69"_hex);
    REQUIRE(peer.receive(3) == "81 01 21"_hex);
}

TEST_CASE("lesson 6: a frame cut anywhere is the same frame") {
    LessonServer server{server_name};
    RawPeer peer = open_peer(server.port);
    for_every_split("81 85 37 fa 21 3d 7f 9f 4d 51 58"_hex, [&peer](Pieces& pieces) {
        for (const ws::Buffer& piece : pieces) peer.send(piece);
        REQUIRE(peer.receive(7) == "81 05 48 65 6c 6c 6f"_hex);
    });
}

TEST_CASE("lesson 6: a frame that is glued to the request is echoed") {
    LessonServer server{server_name};
    RawPeer peer{server.port};
    peer.send(glued(sample_request(server.port), "81 82 00 00 00 00 68 69"_hex));
    REQUIRE(peer.receive_head() == sample_answer);
    REQUIRE(peer.receive_text() == "hi");
}

TEST_CASE("lesson 6: a request that comes byte by byte is answered") {
    LessonServer server{server_name};
    RawPeer peer{server.port};
    for (const char c : sample_request(server.port)) peer.send(std::string{c});
    REQUIRE(peer.receive_head() == sample_answer);
}

TEST_CASE("§5.5.1 lesson 6: a Close is answered, then the server ends TCP") {
    LessonServer server{server_name};
    SUBCASE("with a code and a reason") {
        RawPeer peer = open_peer(server.port);
        peer.send_frame(ws::Opcode::close,
                        "\x03\xE8"
                        "bye");
        REQUIRE(peer.receive(7) == "88 05 03 e8 62 79 65"_hex);
        peer.expect_end();
    }
    SUBCASE("empty, as wscat sends it") {
        RawPeer peer = open_peer(server.port);
        peer.send_frame(ws::Opcode::close, "");
        REQUIRE(peer.receive(2) == "88 00"_hex);
        peer.expect_end();
    }
    SUBCASE("from a client that is gone before the answer comes") {
        RawPeer peer = open_peer(server.port);
        peer.send_frame(ws::Opcode::close, "");
        peer.reset();
        RawPeer next = open_peer(server.port);
        next.send_frame(ws::Opcode::text, "next");
        REQUIRE(next.receive_text() == "next");
        CHECK(server.process.errors_so_far() == "");
    }
    server.stop();
}

TEST_CASE("lesson 6: the server ends its side of TCP, and still reads for a moment") {
    LessonServer server{server_name};
    RawPeer peer = open_peer(server.port);
    peer.send_frame(ws::Opcode::close, "\x03\xE8");
    REQUIRE(peer.receive(4) == "88 02 03 e8"_hex);
    peer.expect_end();
    // Bytes that come now must not meet a closed socket: its reset could destroy the Close frame
    // in a client that has not read it yet.
    peer.send("too late");
    CHECK(peer.try_send(as_bytes("and no reset has come")));
    peer.end_sending();
    server.stop();
}

TEST_CASE("§5.1 lesson 6: the server fails an unmasked frame with 1002 and serves on") {
    expect_failure("unmasked Hello", "81 05 48 65 6c 6c 6f"_hex, 1002, "RFC 6455 §5.1");
}

TEST_CASE("§5.2, §5.5 lesson 6: the server fails a broken header and serves on") {
    expect_failure("RSV1", "c1 80 00 00 00 00"_hex, 1002, "RFC 6455 §5.2");
    expect_failure("opcode 3", "83 80 00 00 00 00"_hex, 1002, "RFC 6455 §5.2");
    expect_failure("5 in 16 bits", "81 fe 00 05 00 00 00 00"_hex, 1002, "RFC 6455 §5.2");
    expect_failure("ping of 126", "89 fe 00 7e 00 00 00 00"_hex, 1002, "RFC 6455 §5.5");
    expect_failure("2^62 bytes", "81 ff 40 00 00 00 00 00 00 00 00 00 00 00"_hex, 1009,
                   "RFC 6455 §10.4");
}

TEST_CASE("lesson 6: clients that vanish harm nobody") {
    LessonServer server{server_name};
    for (const std::string_view part : {"", "GET /ws HT", "garbage\r\n\r\n"}) {
        RawPeer peer{server.port};
        peer.send(part);
        peer.reset();
    }
    RawPeer half = open_peer(server.port);
    half.send("81 fe 00"_hex);
    half.reset();
    RawPeer peer = open_peer(server.port);
    peer.send_frame(ws::Opcode::text, "alive");
    REQUIRE(peer.receive_text() == "alive");
    server.stop();
}

TEST_CASE("§4.2.1 lesson 6: the server refuses what is no handshake, and says why") {
    LessonServer server{server_name, {"--handshake-timeout", "1"}};
    const auto answer = [&server](const std::string& request) {
        RawPeer peer{server.port};
        peer.send(request);
        const std::string head = peer.receive_head();
        const std::size_t length = std::stoul(head.substr(head.find("Content-Length: ") + 16));
        const ws::Buffer body = peer.receive(length);
        peer.expect_end();
        return head.substr(0, head.find('\r')) + " | " + std::string{ws::as_text(body)};
    };
    CHECK(answer("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n")
              .starts_with("HTTP/1.1 426 Upgrade Required | Not a websocket handshake"));
    std::string without_key = sample_request(server.port);
    const std::size_t key = without_key.find("Sec-WebSocket-Key");
    without_key.erase(key, without_key.find("\r\n", key) + 2 - key);
    CHECK(answer(without_key) == "HTTP/1.1 400 Bad Request | Missing Sec-WebSocket-Key\n");
    CHECK(answer(sample_request(server.port, "/other")).starts_with("HTTP/1.1 404 Not Found"));
    CHECK(answer("\x16\x03\x01 this is TLS").starts_with("HTTP/1.1 400 Bad Request"));
    CHECK(answer("GET /ws HTTP/1.1\r\n").starts_with("HTTP/1.1 408 Request Timeout"));
    server.stop();
}

// Each row of the README's table of what is left out: what is sent, and what comes back.
TEST_CASE("lesson 6: the server leaves out what its text says") {
    LessonServer server{server_name};
    std::ifstream text{"lessons/06-native-echo/README.md"};
    REQUIRE_MESSAGE(text, "the tests run in the root of the repository");
    int rows = 0;
    for (std::string line; std::getline(text, line);) {
        const std::size_t sent_end = line.find("` | ", 3);
        if (!line.starts_with("| `") || line.find('\xC2') == std::string::npos ||
            line.find_first_not_of("0123456789abcdef ", 3) != sent_end)
            continue;
        ++rows;
        INFO(line);
        const std::string answer =
            line.substr(sent_end + 4, line.find(" |", sent_end + 4) - sent_end - 4);
        RawPeer peer = open_peer(server.port);
        peer.send(from_hex(line.substr(3, sent_end - 3)));
        if (answer == "nothing") {
            CHECK(server.process.read_error_line().find("left unanswered: ") != std::string::npos);
        } else {
            const ws::Buffer expected = from_hex(answer.substr(1, answer.size() - 2));
            REQUIRE(peer.receive(expected.size()) == expected);
        }
        // A Close ends the connection; after all else it goes on as if nothing had been.
        if (line.starts_with("| `88")) {
            peer.expect_end();
        } else {
            peer.send_frame(ws::Opcode::text, "ok");
            REQUIRE(peer.receive_text() == "ok");
        }
    }
    CHECK(rows == 7);
    server.stop();
}

TEST_CASE("lesson 6: the client sends piped lines, waits for the echoes, and closes") {
    LessonServer server{server_name};
    const Finished finished = run(program(client), to_port(server.port),
                                  "one\n\ntwo \"quoted\"\nthree\x1b[2J without an end");
    CHECK(finished.output ==
          "Connected! Type messages to send, Ctrl+C to quit.\n"
          "Echo: one\nEcho: \nEcho: two \"quoted\"\nEcho: three\\x1B[2J without an end\n");
    CHECK(finished.errors == "");
    CHECK(finished.status == 0);
    CHECK(server.process.errors_so_far() == "");
    server.stop();
}

TEST_CASE("lesson 6: both sides print the same trace") {
    LessonServer server{server_name, {"--trace"}};
    const Finished finished =
        run(program(client),
            to_port(server.port, {"--trace", "--masking-key", "37FA213D", "--key", sample_key}),
            "Hello\n");
    CHECK(finished.errors.find("  3 → 81 85 37 FA 21 3D 7F 9F …  TEXT FIN masked len=5 \"Hello\"\n"
                               "  4 ← 81 05 48 65 6C 6C 6F       TEXT FIN len=5 \"Hello\"\n"
                               "  5 → 88 82 37 FA 21 3D 34 12    CLOSE FIN masked len=2 1000\n"
                               "  6 ← 88 02 03 E8                CLOSE FIN len=2 1000\n") !=
          std::string::npos);
    server.stop();
    CHECK(server.process.errors_so_far() == finished.errors);
}

TEST_CASE("lesson 6: the client's masking keys differ from frame to frame") {
    net::Listener listener{"localhost", 0};
    Process process{program(client), to_port(listener.port(), {"--key", sample_key})};
    RawPeer peer{listener};
    peer.receive_head();
    peer.send(sample_answer);
    process.write("a\nb\n");
    ws::FrameHeader first;
    ws::FrameHeader second;
    peer.receive_frame(first);
    peer.send("81 01 61"_hex);
    peer.receive_frame(second);
    CHECK(first.masked);
    CHECK(second.masked);
    CHECK(first.key != second.key);
}

TEST_CASE("lesson 6: Ctrl-C closes the client's connection with 1000 and status 0") {
    net::Listener listener{"localhost", 0};
    Process process{program(client), to_port(listener.port(), {"--key", sample_key})};
    RawPeer peer{listener};
    peer.receive_head();
    peer.send(sample_answer);
    CHECK(process.read_line() == "Connected! Type messages to send, Ctrl+C to quit.");
    process.signal(SIGINT);
    peer.expect_close(1000);
    SUBCASE("when the server answers") {
        peer.send("88 02 03 e8"_hex);
        peer.end_sending();
    }
    SUBCASE("when the server does not answer") {}
    SUBCASE("when the server is gone") { peer.reset(); }
    CHECK(process.wait() == 0);
}

TEST_CASE("lesson 6: the answer and the first frame in one write") {
    net::Listener listener{"localhost", 0};
    Process process{program(client), to_port(listener.port(), {"--key", sample_key})};
    RawPeer peer{listener};
    peer.receive_head();
    peer.send(glued(sample_answer, "81 02 68 69  81 01 21"_hex));
    process.read_line();
    CHECK(process.read_line() == "Echo: hi");
    CHECK(process.read_line() == "Echo: !");
}

TEST_CASE("lesson 6: a server's broken frame ends the client with 1 and the rule") {
    net::Listener listener{"localhost", 0};
    Process process{program(client), to_port(listener.port(), {"--key", sample_key})};
    RawPeer peer{listener};
    peer.receive_head();
    peer.send(sample_answer);
    SUBCASE("masked") {
        peer.send("81 81 00 00 00 00 61"_hex);
        CHECK(process.read_error_line() ==
              "the frame 81 81 00 00 00 00 breaks RFC 6455 §5.1: a frame from a server must not be "
              "masked");
        peer.expect_close(1002);
    }
    SUBCASE("RSV1") {
        peer.send("c1 01 61"_hex);
        CHECK(process.read_error_line().starts_with("the frame C1 01 breaks RFC 6455 §5.2"));
        peer.expect_close(1002);
    }
    SUBCASE("the connection is lost") {
        peer.end_sending();
        CHECK(process.read_error_line().starts_with("The connection is lost"));
    }
    SUBCASE("the server closes with an error") {
        peer.send("88 05 03 f3 62 61 64"_hex);
        peer.expect_close(1011);
        peer.end_sending();
        CHECK(process.read_error_line() == "The server closed the connection: 1011 \"bad\"");
    }
    CHECK(process.wait() == 1);
}

TEST_CASE("§4.1 lesson 6: a handshake that fails ends the client with 1 and one line") {
    net::Listener listener{"localhost", 0};
    Process process{program(client),
                    to_port(listener.port(), {"--key", sample_key, "--handshake-timeout", "1"})};
    RawPeer peer{listener};
    peer.receive_head();
    std::string expected;
    SUBCASE("a refusal") {
        peer.send("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nnot \x1b[31myou\nsecond\n");
        peer.end_sending();
        expected = "Handshake failed: HTTP/1.1 403 Forbidden (not \\x1B[31myou); path /ws\n";
    }
    SUBCASE("a refusal whose connection stays open") {
        peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        expected = "Handshake failed: HTTP/1.1 403 Forbidden; path /ws\n";
    }
    SUBCASE("a server that never answers") {
        expected = "Handshake failed: the server did not answer in time; path /ws\n";
    }
    SUBCASE("a server that hangs up") {
        peer.end_sending();
        expected =
            "Handshake failed: the server ended the connection without an answer; path /ws\n";
    }
    SUBCASE("a server that speaks something else") {
        peer.send("220 mail.example ESMTP\r\n\r\n");
        expected =
            "Handshake failed: the first line is not that of an HTTP message (RFC 9112 §3); path "
            "/ws\n";
    }
    SUBCASE("a wrong accept key") {
        std::string answer = sample_answer;
        answer.replace(answer.find("s3pP"), 4, "AAAA");
        peer.send(answer);
        expected =
            "Handshake failed: Sec-WebSocket-Accept does not belong to the key that was "
            "sent (RFC 6455 §4.1); path /ws\n";
    }
    CHECK(process.wait() == 1);
    CHECK(process.errors_so_far() == expected);
    CHECK(process.output_so_far() == "");
}

TEST_CASE("lesson 6: bad command lines and bad ports") {
    const std::string server = program("lessons/06-native-echo/server");
    std::uint16_t taken = 0;
    {
        net::Listener listener{"localhost", 0};
        taken = listener.port();
        const Finished in_use = run(server, {"--port", std::to_string(taken)});
        CHECK(in_use.status == 1);
        CHECK(in_use.errors.find("in use") != std::string::npos);
    }
    const Finished nobody = run(program(client), to_port(taken));
    CHECK(nobody.status == 1);
    CHECK(nobody.errors.find("Connection refused") != std::string::npos);
    for (const std::string& side : {server, program(client)}) {
        CHECK(run(side, {"--nonsense"}).status == 2);
        CHECK(run(side, {"--port"}).status == 2);
        const Finished help = run(side, {"--help"});
        CHECK(help.status == 0);
        CHECK(help.output.find("--handshake-timeout") != std::string::npos);
        CHECK(help.errors == "");
    }
    CHECK(run(program(client), {"--masking-key", "37FA"}).status == 2);
    CHECK(run(program(client), {"wss://localhost/"}).status == 2);
}
