// wsc -l --clients: several clients at once.

#include <doctest/doctest.h>
#include <signal.h>

#include <thread>

#include "tests/clients/wsc.hpp"
#include "tests/lessons/peers.hpp"

using test::open_peer;
using test::Process;
using test::RawPeer;
using test::Terminal;
using test::wsc;

namespace {

struct Several {
    explicit Several(std::vector<std::string> more = {})
        : process{"/usr/bin/env", test::measured(arguments(std::move(more)))} {
        port = port_of(process.read_error_line());
    }
    static std::vector<std::string> arguments(std::vector<std::string> more) {
        more.insert(more.end(), {"-l", "0", "--clients", "3"});
        return more;
    }
    static std::uint16_t port_of(const std::string& line) {
        REQUIRE(line.starts_with("Listening on port "));
        return static_cast<std::uint16_t>(std::stoi(line.substr(18)));
    }
    RawPeer connect(int number) {
        RawPeer peer = open_peer(port, "/any");
        CHECK(process.read_error_line() == "Client " + std::to_string(number) + " connected");
        return peer;
    }

    Process process;
    std::uint16_t port = 0;
};

void close_normally(RawPeer& peer) {
    peer.send_frame(ws::Opcode::close, "\x03\xE8");
    peer.expect_close(1000);
    peer.expect_end();
}

}  // namespace

TEST_CASE("wsc --clients: what is piped in goes to all or to one, and each line says whose it is") {
    Several several;
    Process& process = several.process;
    RawPeer one = several.connect(1);
    one.send_frame(ws::Opcode::text, "hello");
    CHECK(process.read_line() == "1: hello");
    RawPeer two = several.connect(2);
    RawPeer three = several.connect(3);
    RawPeer four{several.port};
    four.send(test::sample_request(several.port));
    CHECK(four.receive_head().starts_with("HTTP/1.1 503 "));

    // No client can speak for another one.
    two.send_frame(ws::Opcode::text, "a\n1: b");
    CHECK(process.read_line() == "2: a");
    CHECK(process.read_line() == "     1: b");
    three.send_frame(ws::Opcode::binary, "\x01\xFF");
    CHECK(process.read_line() == "3: 01 FF");

    process.write("all\n/to 2 only\n/to 7 x\n/to\n/clients\n");
    for (RawPeer* peer : {&one, &two, &three}) CHECK(peer->receive_text() == "all");
    CHECK(two.receive_text() == "only");
    for (RawPeer* peer : {&one, &two, &three}) CHECK(peer->receive_text() == "/to");
    CHECK(process.read_error_line() == "error: there is no client '7'; /clients lists them");
    for (const char* line : {"1  ", "2  ", "3  "}) {
        const std::string listed = process.read_error_line();
        CHECK(listed.starts_with(line));
        CHECK(listed.find("127.0.0.1:") != listed.npos);
    }

    close_normally(two);
    CHECK(process.read_error_line() == "2: Disconnected (code: 1000, reason: \"\")");
    // A place that is left is given again, the number is not.
    RawPeer five = several.connect(4);
    process.close_stdin();
    one.reset();
    CHECK(process.read_error_line() == "1: Disconnected (code: 1006, reason: \"\")");
    close_normally(three);
    CHECK(process.read_error_line() == "3: Disconnected (code: 1000, reason: \"\")");
    five.send("\x81\x01x");
    CHECK(process.read_error_line().starts_with("error: 4: Invalid WebSocket frame: "));
    five.expect_close(1002);
    five.close();
    // One line of the input was for nobody.
    CHECK(process.wait() == 1);
}

TEST_CASE("wsc --clients: commands reach one or all of them") {
    Several several{{"--slash"}};
    RawPeer one = several.connect(1);
    RawPeer two = several.connect(2);
    several.process.write("/ping p\n/to 2 /pong q\n/to 1 /binary FF\n/close 4000 all\n");
    ws::FrameHeader header;
    for (RawPeer* peer : {&one, &two}) {
        CHECK(ws::as_text(peer->receive_frame(header)) == "p");
        CHECK(header.opcode == ws::Opcode::ping);
    }
    CHECK(ws::as_text(two.receive_frame(header)) == "q");
    CHECK(header.opcode == ws::Opcode::pong);
    CHECK(one.receive_frame(header) == ws::Buffer{0xFF});
    for (RawPeer* peer : {&one, &two}) peer->expect_close(4000);
}

TEST_CASE("wsc --clients: Ctrl-C closes all of them, and the second one does not wait") {
    for (const bool twice : {false, true}) {
        Several several;
        RawPeer one = several.connect(1);
        RawPeer two = several.connect(2);
        several.process.signal(SIGINT);
        one.expect_close(1000);
        two.expect_close(1000);
        if (twice) {
            several.process.signal(SIGINT);
        } else {
            one.send_frame(ws::Opcode::close, "\x03\xE8");
            two.send_frame(ws::Opcode::close, "\x03\xE8");
        }
        CHECK(several.process.wait() == 0);
        CHECK(several.process.errors_so_far().find("Disconnected") == std::string::npos);
    }
}

TEST_CASE("wsc --clients: a file and an empty input are read as a pipe is") {
    const test::TemporaryFolder folder;
    test::write_file(folder.path("lines"), "one\ntwo\n");
    for (const std::string& input : {folder.path("lines"), std::string{"/dev/null"}}) {
        CAPTURE(input);
        Process process{"/bin/sh", {"-c", "exec " + wsc() + " -l 0 --clients 2 <'" + input + "'"}};
        RawPeer peer = open_peer(Several::port_of(process.read_error_line()));
        if (input != "/dev/null") {
            CHECK(peer.receive_text() == "one");
            CHECK(peer.receive_text() == "two");
        }
        close_normally(peer);
        CHECK(process.wait() == 0);
    }
}

TEST_CASE("wsc --clients: one that does not read holds up the input and no memory, and then it is given up") {
    Several several{{"--write-timeout", "5"}};
    RawPeer slow = several.connect(1);
    RawPeer other = several.connect(2);
    const std::size_t before = test::peak_memory(several.process.pid());
    // More than two kernels and a backlog hold.
    const std::string line(20'000, 'x');
    constexpr int lines = 2'000;
    std::thread reader{[&] {
        for (int i = 0; i < lines; ++i) CHECK(other.receive_text() == line);
    }};
    for (int i = 0; i < lines; ++i) several.process.write(line + '\n');
    several.process.close_stdin();
    reader.join();
    CHECK(several.process.read_error_line() == "error: 1: it took no bytes for too long");
    CHECK(several.process.read_error_line() ==
          "error: 1: not all messages were sent: the connection has ended");
    CHECK(test::peak_memory(several.process.pid()) - before < 32u << 20);
    close_normally(other);
    CHECK(several.process.wait() == 1);
}

TEST_CASE("wsc --clients: with one client a terminal looks as it does without, with two each line is marked") {
    Terminal server{wsc(), {"-l", "0", "--clients", "2", "--no-history"}};
    server.expect_end("CTRL+C to quit)\n> ");
    const std::uint16_t port = Several::port_of(server.screen());
    server.type("too early\r");
    server.expect_end("\n> too early\nerror: no client is connected\n> ");
    RawPeer one = open_peer(port);
    server.expect_end("\nClient connected\n> ");
    one.send_frame(ws::Opcode::text, "hello");
    server.expect_end("\nClient connected\n< hello\n> ");
    RawPeer two = open_peer(port);
    server.expect_end("\nClient 2 connected (/to 2 TEXT is for this one, /clients lists all)\n> ");
    one.send_frame(ws::Opcode::text, "a\nb");
    server.expect_end("\n< 1: a\n     b\n> ");
    server.type("to all\r");
    CHECK(one.receive_text() == "to all");
    CHECK(two.receive_text() == "to all");
    server.type("/to 1 to you\r");
    CHECK(one.receive_text() == "to you");
    server.expect_end("\n> /to 1 to you\n> ");
    close_normally(two);
    server.expect_end("\n2: Disconnected (code: 1000, reason: \"\")\n> ");
    one.send_frame(ws::Opcode::text, "alone");
    server.expect_end("\n< alone\n> ");
    server.type("\x04");
    one.expect_close(1000);
    one.send_frame(ws::Opcode::close, "\x03\xE8");
    CHECK(server.wait() == 0);
}

TEST_CASE("wsc --clients: a full disk behind standard output is told to all, and nobody waits for a reader") {
    Process full{"/bin/sh", {"-c", "exec " + wsc() + " -l 0 --clients 2 >/dev/full"}};
    RawPeer peer = open_peer(Several::port_of(full.read_error_line()));
    peer.send_frame(ws::Opcode::text, "lost");
    peer.expect_close(1001);
    peer.send_frame(ws::Opcode::close, "\x03\xE9");
    CHECK(full.wait() == 1);
    CHECK(full.errors_so_far().find("error: cannot write to standard output: No space left on device") !=
          std::string::npos);

    // Standard error is the shell's, standard output a pipe whose reader leaves after a line.
    Process cut{"/bin/sh", {"-c", "{ " + wsc() + " -l 0 --clients 2 2>&3 | head -n 1; } 3>&2"}};
    RawPeer other = open_peer(Several::port_of(cut.read_error_line()));
    other.send_frame(ws::Opcode::text, "the only one");
    CHECK(cut.read_line() == "1: the only one");
    other.expect_close(1000);
    other.send_frame(ws::Opcode::close, "\x03\xE8");
    CHECK(cut.wait() == 0);
}

TEST_CASE("wsc --clients: what does not go together is said") {
    CHECK(test::run(wsc(), {"--clients", "2", "ws://localhost:1/"}).errors ==
          "error: --clients works with --listen only (--help shows the options)\n");
    CHECK(test::run(wsc(), {"-l", "0", "--clients", "2", "--record", "x"}).status == 2);
    CHECK(test::run(wsc(), {"-l", "0", "--clients", "2", "-P"}).status == 2);
    CHECK(test::run(wsc(), {"-l", "0", "--clients", "2", "--run", "cat"}).status == 2);
}
