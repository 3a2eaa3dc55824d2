// wsc -l: a server for one client at a time.

#include <doctest/doctest.h>
#include <signal.h>

#include "tests/clients/wsc.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/support/machine.hpp"

using test::frame;
using test::Process;
using test::RawPeer;
using test::Terminal;
using test::wsc;
using namespace test::literals;

namespace {

const std::string quit = " (press CTRL+C to quit)";

// wsc -l on a free port, in a pipe.
struct Listening {
    explicit Listening(std::vector<std::string> arguments = {}, std::string_view input = "")
        : process{wsc(), with_port(std::move(arguments))} {
        process.write(input);
        const std::string line = process.read_error_line();
        REQUIRE(line.starts_with("Listening on port "));
        REQUIRE(line.ends_with(quit));
        port = static_cast<std::uint16_t>(std::stoi(line.substr(18)));
    }
    static std::vector<std::string> with_port(std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"-l", "0"});
        return arguments;
    }

    Process process;
    std::uint16_t port = 0;
};

RawPeer connect(std::uint16_t port, const std::string& headers = "") {
    RawPeer peer{port};
    std::string request = test::sample_request(port, "/any/path?x");
    request.insert(request.size() - 2, headers);
    peer.send(request);
    return peer;
}

}  // namespace

TEST_CASE("wsc -l: any path, any origin, the first subprotocol; messages go both ways") {
    Listening listening;
    RawPeer peer = connect(listening.port,
                           "Origin: http://elsewhere\r\nSec-WebSocket-Protocol: b, a\r\n"
                           "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    const std::string head = peer.receive_head();
    CHECK(head.starts_with("HTTP/1.1 101 "));
    CHECK(test::header(head, "Sec-WebSocket-Protocol") == "b");
    CHECK(head.find("Extensions") == std::string::npos);
    CHECK(listening.process.read_error_line() == "Client connected");

    peer.send_frame(ws::Opcode::text, "hello");
    CHECK(listening.process.read_line() == "hello");
    listening.process.write("to you\n");
    CHECK(peer.receive_text() == "to you");
    peer.send_frame(ws::Opcode::ping, "x");
    CHECK(peer.receive(3) == "8A 01 78"_hex);
    peer.send_frame(ws::Opcode::close,
                    "\x03\xE8"
                    "bye");
    CHECK(peer.receive(7) == "88 05 03 E8 62 79 65"_hex);
    peer.expect_end();  // the server ends TCP
    CHECK(listening.process.read_error_line() == "Disconnected (code: 1000, reason: \"bye\")");

    // The next one.
    RawPeer second = connect(listening.port);
    CHECK(second.receive_head() == test::sample_answer);
    CHECK(listening.process.read_error_line() == "Client connected");
    listening.process.signal(SIGINT);
    second.expect_close(1000);
    second.close();
    CHECK(listening.process.wait() == 0);
}

TEST_CASE("wsc -l: a second client is refused while there is one") {
    Listening listening;
    RawPeer peer = connect(listening.port);
    peer.receive_head();
    CHECK(listening.process.read_error_line() == "Client connected");
    RawPeer second{listening.port};
    CHECK(second.receive_head().starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    peer.send_frame(ws::Opcode::text, "still here");
    CHECK(listening.process.read_line() == "still here");
}

TEST_CASE("wsc -l: broken frames and ends without a Close are told, and the next client served") {
    Listening listening;
    for (const auto& [frames, words] :
         {std::pair{"81 05 48 65 6C 6C 6F"_hex, "error: Invalid WebSocket frame: MASK must be set"},
          {"81 81 00 00 00 00 FF"_hex, "error: Invalid WebSocket frame: invalid UTF-8 sequence"},
          {ws::Buffer{}, ""}}) {
        RawPeer peer = connect(listening.port);
        peer.receive_head();
        CHECK(listening.process.read_error_line() == "Client connected");
        peer.send(frames);
        peer.end_sending();
        peer.receive_to_end();
        if (*words != '\0') CHECK(listening.process.read_error_line() == words);
        CHECK(listening.process.read_error_line() == "Disconnected (code: 1006, reason: \"\")");
    }
}

TEST_CASE("wsc -l: what asks for no WebSocket gets the right status, and disturbs nobody") {
    Listening listening{{"--handshake-timeout",
                         test::option(test::silence_on_this_machine(std::chrono::milliseconds{300}))}};
    RawPeer plain{listening.port};
    plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(plain.receive_head().starts_with("HTTP/1.1 426 Upgrade Required\r\n"));
    RawPeer garbage{listening.port};
    garbage.send("\x16\x03\x01garbage");
    CHECK(garbage.receive_head().starts_with("HTTP/1.1 400 Bad Request\r\n"));
    RawPeer silent{listening.port};
    RawPeer peer = connect(listening.port);
    peer.receive_head();
    CHECK(listening.process.read_error_line() == "Client connected");
}

TEST_CASE("wsc -l: lines that are piped in wait for a client, and it goes when they are through") {
    Listening listening{{}, "one\ntwo\n"};
    listening.process.close_stdin();
    RawPeer peer = connect(listening.port);
    peer.receive_head();
    CHECK(peer.receive_text() == "one");
    CHECK(peer.receive_text() == "two");
    peer.send_frame(ws::Opcode::text, "thanks");
    peer.send_frame(ws::Opcode::close, "");
    CHECK(listening.process.wait() == 0);
    CHECK(listening.process.output_so_far() == "thanks\n");
}

TEST_CASE("wsc -l: a port that is taken, and options that would do nothing") {
    Listening listening;
    const std::string port = std::to_string(listening.port);
    const auto taken = test::run(wsc(), {"-l", port});
    CHECK(taken.errors ==
          "error: listen EADDRINUSE: address already in use localhost:" + port + "\n");
    CHECK(taken.status == 255);
    const auto elsewhere = test::run(wsc(), {"-l", "0", "--host", "192.0.2.1"});
    CHECK(elsewhere.errors ==
          "error: listen EADDRNOTAVAIL: Cannot assign requested address 192.0.2.1:0\n");
}

TEST_CASE("wsc -l: on a terminal, against wsc -c") {
    Terminal server{wsc(), {"-l", "0", "--no-history", "--slash", "-P"}};
    server.expect_end(quit + "\n> ");
    const std::string line = server.screen();
    const std::string port = line.substr(18, line.find(' ', 18) - 18);
    server.type("too early\r");
    server.expect_end("\n> too early\nerror: no client is connected\n> ");

    Terminal client{wsc(), {"-c", "ws://localhost:" + port, "--no-history", "-P"}};
    client.expect_end("Connected" + quit + "\n> ");
    server.expect_end("\nClient connected\n> ");
    client.type("hello\r");
    server.expect_end("\n< hello\n> ");
    server.type("/ping x\r");
    client.expect_end("\n< Received ping (data: \"x\")\n> ");
    server.expect_end("\n> /ping x\n< Received pong (data: \"x\")\n> ");
    client.type("\x04");
    CHECK(client.wait() == 0);
    server.expect_end("\nDisconnected (code: 1000, reason: \"\")\n> ");
    server.type("\x04");
    CHECK(server.wait() == 0);
}

TEST_CASE("wsc -l: what comes glued to the request is traced once") {
    Listening listening{{"--trace"}};
    RawPeer peer{listening.port};
    peer.send(test::sample_request(listening.port, "/") +
              std::string{ws::as_text("81 82 00 00 00 00 68 69 81 82 00 00"_hex)});
    CHECK(peer.receive_head() == test::sample_answer);
    CHECK(listening.process.read_line() == "hi");
    peer.send("00 00 68 6F"_hex);
    CHECK(listening.process.read_line() == "ho");
    peer.send("88 82 00 00 00 00 03 E8"_hex);
    peer.expect_close(1000);
    peer.close();
    listening.process.signal(SIGINT);
    CHECK(listening.process.wait() == 0);
    const std::string& trace = listening.process.errors_so_far();
    CAPTURE(trace);
    CHECK(trace.find("3 → 81 82 00 00 00 00 68 69    TEXT FIN masked len=2 \"hi\"\n") !=
          std::string::npos);
    CHECK(trace.find("4 → 81 82 00 00 00 00 68 6F    TEXT FIN masked len=2 \"ho\"\n") !=
          std::string::npos);
    CHECK(trace.find("\n  7 ") == std::string::npos);
}
