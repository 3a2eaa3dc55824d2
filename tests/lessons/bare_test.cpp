// The bare programs of lessons 1 and 11: they work, and each breaks in the way that its lesson's
// text shows.
#include <signal.h>
#include <sys/wait.h>

#include "tests/lessons/peers.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

const std::string echo_server = "lessons/01-tcp-echo/bare/server";
const std::string echo_client = "lessons/01-tcp-echo/bare/client";
const std::string epoll_server = "lessons/11-event-loop/bare/server";

// A bare server; its only argument is the port.
struct BareServer {
    explicit BareServer(const std::string& name)
        : process{program(name), {"0"}}, port{listening_port(process.read_line())} {}

    // Returns when it has stopped: SIGCONT lets it go on.
    void suspend() {
        process.signal(SIGSTOP);
        int status = 0;
        REQUIRE(::waitpid(process.pid(), &status, WUNTRACED) == process.pid());
        REQUIRE(WIFSTOPPED(status));
    }

    Process process;
    std::uint16_t port;
};

// Has anything come that was not received yet?
bool has_bytes(const RawPeer& peer) {
    std::uint8_t byte = 0;
    return ::recv(peer.socket().get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void expect_echo(RawPeer& peer, std::string_view text) {
    peer.send(text);
    CHECK(ws::as_text(peer.receive(text.size())) == text);
}

void expect_text(RawPeer& peer, std::string_view text) {
    peer.send_frame(ws::Opcode::text, text);
    CHECK(peer.receive_text() == text);
}

}  // namespace

TEST_CASE("bare 1: the pair echoes, line by line, and one client after the other") {
    BareServer server{echo_server};
    for (int i = 0; i < 3; ++i) {
        Process client{program(echo_client), {std::to_string(server.port)}};
        client.write("Hello\n");
        CHECK(client.read_line() == "Hello");
        client.write("you\n");
        CHECK(client.read_line() == "you");
        client.close_stdin();
        CHECK(client.wait() == 0);
        CHECK(client.errors_so_far() == "");
    }
}

TEST_CASE("bare 1: a second client waits for as long as the first is silent") {
    BareServer server{echo_server};
    RawPeer first{server.port};
    expect_echo(first, "first");
    RawPeer second{server.port};
    second.send("second");
    expect_echo(first, "still the first");
    CHECK(!has_bytes(second));
    first.close();
    CHECK(ws::as_text(second.receive(6)) == "second");
}

TEST_CASE("bare 1: a client that resets its connection ends the server") {
    BareServer server{echo_server};
    RawPeer peer{server.port};
    expect_echo(peer, "x");
    peer.reset();
    CHECK(server.process.wait() == 1);
    CHECK(server.process.errors_so_far() == "recv: Connection reset by peer\n");
}

TEST_CASE("bare 1: a client that leaves before its echo kills the server, and nothing says why") {
    BareServer server{echo_server};
    RawPeer peer{server.port};
    expect_echo(peer, "x");
    server.suspend();
    peer.send(std::string(20'000, 'x'));  // several reads, and so several sends to nobody
    peer.close();
    server.process.signal(SIGCONT);
    CHECK(server.process.wait() == 128 + SIGPIPE);
    CHECK(server.process.errors_so_far() == "");
}

TEST_CASE("bare 1: after Ctrl-C with a client connected, the port is in use") {
    BareServer server{echo_server};
    RawPeer peer{server.port};
    expect_echo(peer, "x");
    server.process.signal(SIGINT);
    CHECK(server.process.wait() == 128 + SIGINT);
    peer.expect_end();
    peer.close();
    const Finished again = run(program(echo_server), {std::to_string(server.port)});
    CHECK(again.status == 1);
    CHECK(again.errors == "bind: Address already in use\n");
}

TEST_CASE("bare 1: the client takes what one recv brings for the whole echo") {
    net::Listener listener{"127.0.0.1", 0};
    Process client{program(echo_client), {std::to_string(listener.port())}};
    client.write(std::string(10'000, 'x'));
    client.close_stdin();
    RawPeer server{listener};
    server.receive(10'000);
    server.send(std::string(100, 'x'));
    CHECK(client.wait() == 0);
    CHECK(client.output_so_far() == std::string(100, 'x'));
}

TEST_CASE("bare 1: without a server the client says so") {
    std::uint16_t port = 0;
    { port = net::Listener{"127.0.0.1", 0}.port(); }
    const Finished alone = run(program(echo_client), {std::to_string(port)}, "x\n");
    CHECK(alone.status == 1);
    CHECK(alone.errors == "connect: Connection refused\n");
}

TEST_CASE("bare 11: a hundred clients, each gets its own echoes and an orderly end") {
    BareServer server{epoll_server};
    const Finished crowd = run(program("lessons/11-event-loop/client"),
                               {"--port", std::to_string(server.port), "--connections", "100"});
    CHECK(crowd.status == 0);
    CHECK(crowd.errors == "");
    CHECK(crowd.output.starts_with("100 of 100 clients connected, 300 echoes, 0 errors"));
}

TEST_CASE("bare 11: ping, fragments and Close are answered; a broken request is refused") {
    BareServer server{epoll_server};
    RawPeer peer = open_peer(server.port);
    peer.send_frame(ws::Opcode::ping, "beat");
    ws::FrameHeader header;
    CHECK(ws::as_text(peer.receive_frame(header)) == "beat");
    CHECK(header.opcode == ws::Opcode::pong);
    expect_text(peer, "Grüße");
    peer.send_frame(ws::Opcode::close, "\x03\xE8");
    peer.expect_close(1000);
    peer.expect_end();
    RawPeer wrong{server.port};
    wrong.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(wrong.receive_head().starts_with("HTTP/1.1 426 "));
    wrong.receive_to_end();
}

TEST_CASE("bare 11: a client that resets its connection harms nobody else") {
    BareServer server{epoll_server};
    RawPeer good = open_peer(server.port);
    open_peer(server.port).reset();
    expect_text(good, "still there");
}

TEST_CASE("bare 11: a client that does not read stops the server for all") {
    BareServer server{epoll_server};
    RawPeer good = open_peer(server.port);
    RawPeer greedy = open_peer(server.port);
    ws::FrameHeader header{.opcode = ws::Opcode::binary, .masked = true, .length = 1'000'000};
    ws::Buffer frame;
    ws::append_frame(frame, header, ws::Buffer(1'000'000));
    // Until both directions are full: the server sits in its send.
    while (net::send_all(greedy.socket(), frame, net::after(300ms))) continue;
    good.send_frame(ws::Opcode::text, "hello?");
    CHECK(!has_bytes(good));
    greedy.reset();
    CHECK(good.receive_text() == "hello?");
}

TEST_CASE("bare 11: a handler that closes its client ends the server") {
    BareServer server{epoll_server};
    RawPeer good = open_peer(server.port);
    RawPeer peer = open_peer(server.port);
    peer.send_frame(ws::Opcode::text, "bye");
    CHECK(server.process.wait() == 128 + SIGABRT);
    CHECK(server.process.errors_so_far().find("std::out_of_range") != std::string::npos);
    good.expect_end();
}

TEST_CASE("bare 11: without a descriptor left, the server ends") {
    // The search for leaks at the end of a test build would want descriptors too.
    const std::string few = "ulimit -n 16; ASAN_OPTIONS=detect_leaks=0 exec ";
    Process server{"/bin/sh", {"-c", few + program(epoll_server) + " 0"}};
    const std::uint16_t port = listening_port(server.read_line());
    std::vector<net::Fd> clients;
    try {
        while (clients.size() < 16) clients.push_back(net::connect_tcp("localhost", port));
    } catch (const std::system_error&) {
        // It has ended already.
    }
    CHECK(server.wait() == 1);
    CHECK(server.errors_so_far() == "accept4: Too many open files\n");
}
