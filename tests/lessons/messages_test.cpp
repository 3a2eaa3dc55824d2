// Lesson 8, end to end: the complete echo server and client as programs. RFC 6455 §5 to §7.
#include <doctest/doctest.h>
#include <signal.h>

#include <random>
#include <thread>

#include "net/wake.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/support/machine.hpp"

using namespace test;

namespace {

constexpr const char* lesson = "08-messages";

ws::Buffer masked(ws::Opcode opcode, ws::Bytes payload, bool fin = true) {
    ws::Buffer frame;
    ws::append_frame(
        frame, {.fin = fin, .opcode = opcode, .masked = true, .key = {0x37, 0xFA, 0x21, 0x3D}},
        payload);
    return frame;
}

std::vector<std::string> to(std::uint16_t port, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--port", std::to_string(port)});
    return more;
}

// The last line of the server's log, without the time and the peer's address.
std::string next_log_line(LessonServer& server) {
    const std::string line = server.process.read_error_line();
    return line.substr(line.find(' ', line.find(' ') + 1) + 1);
}

}  // namespace

TEST_CASE("lesson 8: the server says where it is, and Ctrl-C ends it with status 0") {
    LessonServer server{lesson};
    CHECK(server.listening_line == "WebSocket server at ws://localhost:8080/ws ...");
    server.stop();
}

TEST_CASE("lesson 8: echo of many sizes, in fragments cut at random, with pings in between") {
    LessonServer server{lesson};
    RawPeer peer = open_peer(server.port);
    std::mt19937 random{20'110'401};  // the month of RFC 6455 was December; any seed will do
    for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 65'535u, 65'536u, 70'000u}) {
        CAPTURE(size);
        ws::Buffer payload(size);
        for (std::uint8_t& byte : payload) byte = static_cast<std::uint8_t>(random());
        ws::Buffer wire;
        ws::Bytes rest = payload;
        unsigned pings = 0;
        bool first = true;
        do {
            const std::size_t count = std::min<std::size_t>(rest.size(), 1 + random() % 20'000);
            const ws::Opcode opcode = first ? ws::Opcode::binary : ws::Opcode::continuation;
            ws::append(wire, masked(opcode, rest.first(count), count == rest.size()));
            rest = rest.subspan(count);
            first = false;
            if (rest.empty()) break;
            ws::append(wire, masked(ws::Opcode::ping, ws::as_bytes("hb")));
            ++pings;
        } while (!rest.empty());
        std::thread sender{[&] { peer.send(wire); }};
        ws::FrameHeader header;
        for (; pings > 0; --pings) {
            CHECK(peer.receive_frame(header) == ws::Buffer{'h', 'b'});
            CHECK(header.opcode == ws::Opcode::pong);
        }
        CHECK(peer.receive_frame(header) == payload);
        CHECK(header.opcode == ws::Opcode::binary);
        sender.join();
    }
    peer.send_frame(ws::Opcode::close, "\x03\xe8");
    peer.expect_close(1000);
    peer.expect_end();
    peer.close();
    CHECK(next_log_line(server) == "closed: 1000 (normal closure)");
}

TEST_CASE("lesson 8: the client echoes lines, sends fragments, and says how it ended") {
    LessonServer server{lesson};
    const Finished client =
        run(program("lessons/08-messages/client"), to(server.port, {"--fragment", "3"}),
            "Hello\nGr\xC3\xBC\xC3\x9F"
            "e\n");
    CHECK(client.status == 0);
    CHECK(client.output ==
          "Connected! Type messages to send, Ctrl+C to quit.\nReceived: Hello\nReceived: Grüße\n");
    CHECK(client.errors == "Disconnected: closed: 1000 (normal closure)\n");
}

TEST_CASE("lesson 8: a URL works as well, and a line that is no UTF-8 is not sent") {
    LessonServer server{lesson};
    const std::string url = "ws://127.0.0.1:" + std::to_string(server.port) + "/ws";
    const Finished client = run(program("lessons/08-messages/client"), {url}, "\xff\nok");
    CHECK(client.output.ends_with("Received: ok\n"));
    CHECK(client.errors.starts_with("not sent: a text message must be valid UTF-8"));
    CHECK(client.status == 0);
}

TEST_CASE("lesson 8: commands of the client") {
    LessonServer server{lesson};
    Process client{program("lessons/08-messages/client"), to(server.port, {"--slash"})};
    client.read_line();
    client.write("/ping hb\n");
    CHECK(client.read_line() == "Received pong: hb");
    client.write("/binary 00 ff\n");
    CHECK(client.read_line() == "Received: 2 bytes [00 FF]");
    client.write("/binary 0\n/close 1006\n/close 99999\n/fly\n");
    CHECK(client.read_error_line() == "not sent: /binary needs pairs of hex digits");
    CHECK(client.read_error_line() == "not sent: close code 1006 must not be sent (RFC 6455 §7.4)");
    CHECK(client.read_error_line().starts_with("not sent: close code "));
    CHECK(client.read_error_line() == "not sent: not /ping, /binary or /close");
    client.write("/close 4000 that is all\n");
    CHECK(client.read_error_line() == "Disconnected: closed: 4000 (private) \"that is all\"");
    CHECK(client.wait() == 0);
}

TEST_CASE("lesson 8: Ctrl-C in the client closes with 1000, in the server with 1001") {
    LessonServer server{lesson};
    Process one{program("lessons/08-messages/client"), to(server.port)};
    Process two{program("lessons/08-messages/client"), to(server.port)};
    one.read_line();
    two.read_line();
    one.signal(SIGINT);
    CHECK(one.wait() == 0);
    CHECK(next_log_line(server) == "closed: 1000 (normal closure)");
    server.process.signal(SIGINT);
    CHECK(two.read_error_line() == "Disconnected: closed: 1001 (going away)");
    CHECK(two.wait() == 0);
    CHECK(server.process.wait() == 0);
}

TEST_CASE("lesson 8: each broken rule ends its own connection, is logged, and nobody else's") {
    LessonServer server{lesson, {"--max-message-bytes", "1000"}};
    RawPeer good = open_peer(server.port);
    struct Case {
        ws::Buffer bytes;
        std::uint16_t code;
        ws::Errc rule;
    };
    const Case cases[] = {
        {"81 05 48 65 6c 6c 6f"_hex, 1002, ws::Errc::frame_not_masked},
        {"c1 80 00 00 00 00"_hex, 1002, ws::Errc::rsv_without_extension},
        {"83 80 00 00 00 00"_hex, 1002, ws::Errc::reserved_opcode},
        {"80 80 00 00 00 00"_hex, 1002, ws::Errc::unexpected_continuation},
        {"01 80 00 00 00 00 81 80 00 00 00 00"_hex, 1002, ws::Errc::expected_continuation},
        {"81 fe 00 05 00 00 00 00"_hex, 1002, ws::Errc::length_not_minimal},
        {"82 ff 80 00 00 00 00 00 00 00 00 00 00 00"_hex, 1002, ws::Errc::length_top_bit},
        {"82 ff 7f ff ff ff ff ff ff ff 00 00 00 00"_hex, 1009, ws::Errc::message_too_big},
        {"89 fe 00 7e 00 00 00 00"_hex, 1002, ws::Errc::control_too_long},
        {"09 80 00 00 00 00"_hex, 1002, ws::Errc::control_fragmented},
        {masked(ws::Opcode::text, "ff"_hex), 1007, ws::Errc::invalid_utf8},
        {masked(ws::Opcode::binary, ws::Buffer(1001)), 1009, ws::Errc::message_too_big},
        {masked(ws::Opcode::close, "03"_hex), 1002, ws::Errc::close_body_of_one_byte},
        {masked(ws::Opcode::close, "03 ee"_hex), 1002, ws::Errc::invalid_close_code},
        {masked(ws::Opcode::close, "03 e8 ff"_hex), 1007, ws::Errc::invalid_close_reason},
    };
    for (const Case& broken : cases) {
        CAPTURE(ws::rule(broken.rule).name);
        RawPeer peer = open_peer(server.port);
        peer.send(broken.bytes);
        peer.expect_close(broken.code);
        peer.expect_end();
        peer.close();
        good.send_frame(ws::Opcode::text, "still here");
        CHECK(good.receive_text() == "still here");
    }
    server.process.signal(SIGINT);
    good.expect_close(1001);
    good.send_frame(ws::Opcode::close, "\x03\xe9");
    good.close();
    CHECK(server.process.wait() == 0);
    // At most five lines a second for one address; the others are counted.
    CHECK(server.process.errors_so_far().find("Read error: RFC 6455 §5.1: a frame from a client "
                                              "must be masked; failed with 1002\n") !=
          std::string::npos);
}

TEST_CASE("lesson 8: peers that vanish do not disturb the server") {
    LessonServer server{lesson};
    for (const std::string_view begun : {"", "GET /ws HTTP/1.1\r\nHo", "\x16\x03\x01"}) {
        RawPeer peer{server.port};
        peer.send(begun);
        peer.reset();
    }
    for (const ws::Buffer& begun :
         {ws::Buffer{}, "81"_hex, "81 85 37 fa"_hex, "81 85 37 fa 21 3d 7f 9f"_hex,
          masked(ws::Opcode::binary, ws::Buffer(100'000)),
          masked(ws::Opcode::close, "03 e8"_hex)}) {
        RawPeer peer = open_peer(server.port);
        peer.send(begun);
        peer.reset();
    }
    RawPeer peer = open_peer(server.port);
    peer.send_frame(ws::Opcode::text, "hello");
    CHECK(peer.receive_text() == "hello");
}

TEST_CASE("lesson 8: what cannot work is told in one line") {
    const std::string client = program("lessons/08-messages/client");
    const std::string server = program("lessons/08-messages/server");
    LessonServer running{lesson};

    Finished result = run(server, to(running.port));
    CHECK(result.status == 1);
    CHECK(result.errors.starts_with("server: cannot listen on 127.0.0.1:"));
    CHECK(result.errors.find("choose one with --port") != std::string::npos);

    result = run(client, to(running.port, {"--path", "/other"}));
    CHECK(result.status == 1);
    CHECK(
        result.errors ==
        "client: Handshake failed: HTTP/1.1 404 Not Found (there is no WebSocket endpoint at this "
        "path: /other); path /other\n");

    CHECK(run(client, {"wss://localhost/"}).status == 2);
    CHECK(run(client, {"--masking-key", "12"}).status == 2);
    CHECK(run(server, {"--port"}).errors ==
          "server: --port needs a value: PORT (--help shows the options)\n");
    CHECK(run(client, {"--help"}).status == 0);

    net::Listener silent{"127.0.0.1", 0};
    result = run(client, {"ws://127.0.0.1:" + std::to_string(silent.port()) + "/",
                          "--handshake-timeout", option(silence_on_this_machine(std::chrono::milliseconds{100}))});
    CHECK(result.status == 1);
    CHECK(result.errors == "client: Handshake failed: the server did not answer in time; path /ws\n");
}
