// Lesson 1 over real sockets: the server under hand-made clients, the client under hand-made
// servers, the two together.
#include <signal.h>

#include <functional>
#include <thread>

#include "tests/lessons/peers.hpp"
#include "tests/support/machine.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

const std::string server_name = "01-tcp-echo";
const std::string server_program = "lessons/01-tcp-echo/server";
const std::string client = "lessons/01-tcp-echo/client";

std::vector<std::string> to_port(std::uint16_t port, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--port", std::to_string(port)});
    return more;
}

// The client against a server that does `body` with its connection.
Finished run_client_against(const std::function<void(RawPeer&)>& body, std::string_view input) {
    net::Listener listener{"127.0.0.1", 0};
    Process process{program(client), to_port(listener.port(), {"--host", "127.0.0.1"})};
    process.write(input);
    RawPeer peer{listener};
    body(peer);
    const int status = process.wait();
    return {status, process.output_so_far(), process.errors_so_far()};
}

std::string pattern(std::size_t size) {
    std::string text;
    while (text.size() < size) text += std::to_string(text.size()) + ' ';
    text.resize(size);
    return text;
}

}  // namespace

TEST_CASE("lesson 1: the listening line, and Ctrl-C with clients connected ends with 0") {
    LessonServer server{server_name};
    CHECK(server.process.output_so_far() ==
          "Echo server on :" + std::to_string(server.port) + "\n");
    RawPeer silent{server.port};
    RawPeer busy{server.port};
    busy.send("x");
    CHECK(busy.receive(1) == ws::Buffer{'x'});
    server.stop();
    silent.expect_end();
    busy.expect_end();
    CHECK(server.process.errors_so_far() == "");
}

TEST_CASE("lesson 1: SIGTERM is as good as Ctrl-C") {
    LessonServer server{server_name};
    server.process.signal(SIGTERM);
    CHECK(server.process.wait() == 0);
}

TEST_CASE("lesson 1: lines come back, over IPv4 and over IPv6") {
    LessonServer server{server_name};
    for (const char* host : {"localhost", "127.0.0.1", "::1"}) {
        CAPTURE(host);
        const Finished talk =
            run(program(client), to_port(server.port, {"--host", host}), "one\n\nGrüße\nlast");
        CHECK(talk.status == 0);
        CHECK(talk.output == "one\n\nGrüße\nlast\n");
        CHECK(talk.errors == "");
    }
    server.stop();
}

TEST_CASE("lesson 1: what a server sends cannot draw on the client's terminal") {
    LessonServer server{server_name};
    const Finished talk = run(program(client), to_port(server.port), "\x1b[2J\x9b\t\\\n");
    CHECK(talk.output == "\\x1B[2J\\x9B\\t\\\n");
}

TEST_CASE("lesson 1: both sides trace the same, arrows from the client's side") {
    LessonServer server{server_name, {"--trace"}};
    const Finished talk = run(program(client), to_port(server.port, {"--trace"}), "Hello\nyou\n");
    const std::string trace =
        "  1 → 48 65 6C 6C 6F 0A          6 bytes \"Hello\\n\"\n"
        "  2 ← 48 65 6C 6C 6F 0A          6 bytes \"Hello\\n\"\n"
        "  3 → 79 6F 75 0A                4 bytes \"you\\n\"\n"
        "  4 ← 79 6F 75 0A                4 bytes \"you\\n\"\n"
        "  5 →                            end of stream\n"
        "  6 ←                            end of stream\n";
    CHECK(talk.errors == trace);
    server.stop();
    CHECK(server.process.errors_so_far() == trace);
}

TEST_CASE("lesson 1: a line larger than all buffers between the two") {
    LessonServer server{server_name};
    const std::string line = pattern(10'000'000);
    const Finished talk = run(program(client), to_port(server.port), line + "\nend\n");
    CHECK(talk.status == 0);
    CHECK(talk.output == line + "\nend\n");
    server.stop();
}

TEST_CASE("lesson 1: bytes of every value and cut come back as they were") {
    LessonServer server{server_name};
    RawPeer peer{server.port};
    const int small = 4096;
    ::setsockopt(peer.socket().get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    ws::Buffer bytes(1'000'000);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 31);
    std::thread sender{[&] { peer.try_send(bytes); }};
    const ws::Buffer echo = peer.receive(bytes.size());
    sender.join();
    CHECK(echo == bytes);
    // The end of our direction is no end of the other: what is under way still comes.
    peer.send("last");
    peer.end_sending();
    CHECK(peer.receive_to_end() == ws::Buffer{'l', 'a', 's', 't'});
    server.stop();
}

TEST_CASE("lesson 1: many clients at once, each with its own bytes") {
    LessonServer server{server_name};
    std::vector<RawPeer> peers;
    for (int i = 0; i < 100; ++i) peers.emplace_back(server.port);
    for (std::size_t i = 0; i < peers.size(); ++i) peers[i].send("client " + std::to_string(i));
    for (std::size_t i = peers.size(); i-- > 0;) {
        const std::string expected = "client " + std::to_string(i);
        CHECK(ws::as_text(peers[i].receive(expected.size())) == expected);
    }
    server.stop();
}

TEST_CASE("lesson 1: clients that reset, in one line each, do not disturb the others") {
    LessonServer server{server_name};
    RawPeer good{server.port};
    for (int i = 0; i < 20; ++i) {
        RawPeer bad{server.port};
        bad.send("x");
        bad.receive(1);
        bad.reset();
        CHECK(server.process.read_error_line().ends_with(": Connection reset by peer"));
    }
    good.send("still there?");
    CHECK(good.receive(12).size() == 12);
    server.stop();
}

TEST_CASE("lesson 1: a client that is silent is let go, one that takes nothing too") {
    LessonServer server{server_name, {"--idle-timeout", option(silence_on_this_machine(200ms))}};
    RawPeer silent{server.port};
    silent.expect_end();
    CHECK(server.process.read_error_line().ends_with(": closed, silent for too long"));
    RawPeer greedy{server.port};
    const ws::Buffer much(1'000'000);
    while (greedy.try_send(much)) continue;
    CHECK(server.process.read_error_line().ends_with(": the echo could not be sent: timed out"));
    server.stop();
}

TEST_CASE("lesson 1: Ctrl-C ends a server whose client takes nothing") {
    LessonServer server{server_name};
    RawPeer greedy{server.port};
    const ws::Buffer much(1'000'000);
    // Until both directions are full and the server is stuck in its send.
    while (net::send_all(greedy.socket(), much, net::after(200ms))) continue;
    server.process.signal(SIGINT);
    CHECK(server.process.wait(15s) == 0);
}

TEST_CASE("lesson 1: a port in use is one line and status 1") {
    LessonServer server{server_name};
    const Finished second = run(program(server_program), to_port(server.port));
    CHECK(second.status == 1);
    CHECK(second.output == "");
    CHECK(second.errors == "server: cannot listen on 127.0.0.1:" + std::to_string(server.port) +
                               ": Address already in use; another program has this port, choose "
                               "one with --port (0: any free one)\n");
    server.stop();
    LessonServer again{server_name};  // and nothing is left of the first
    again.stop();
}

TEST_CASE("lesson 1: nothing listens; a host that does not resolve; an address of others") {
    std::uint16_t port = 0;
    { port = net::Listener{"localhost", 0}.port(); }
    const Finished refused = run(program(client), to_port(port), "hello\n");
    CHECK(refused.status == 1);
    CHECK(refused.output == "");
    CHECK(refused.errors == "client: cannot connect to localhost:" + std::to_string(port) +
                                ": Connection refused; is the server running, and on this port?\n");
    for (const std::string& name : {client, server_program}) {
        const Finished unknown = run(program(name), {"--host", "no-such-host.invalid"});
        CHECK(unknown.status == 1);
        CHECK(unknown.errors.find("cannot find the host 'no-such-host.invalid': ") !=
              std::string::npos);
        CHECK(unknown.errors.find('\n') == unknown.errors.size() - 1);
    }
    const Finished foreign = run(program(server_program), {"--host", "192.0.2.7", "--port", "0"});
    CHECK(foreign.status == 1);
    CHECK(foreign.errors ==
          "server: cannot listen on 192.0.2.7:0: Cannot assign requested address; --host must "
          "name an address of this machine\n");
}

TEST_CASE("lesson 1: the client notices a server that hangs up between two lines") {
    const Finished talk = run_client_against(
        [](RawPeer& peer) {
            peer.send(peer.receive(4));
            peer.close();
        },
        "one\n");
    CHECK(talk.status == 1);
    CHECK(talk.output == "one\n");
    CHECK(talk.errors == "client: the server is gone: the peer ended the connection\n");
}

TEST_CASE("lesson 1: a server that ends in the middle of an echo, or resets") {
    Finished talk = run_client_against(
        [](RawPeer& peer) {
            peer.receive(4);
            peer.send("on");
            peer.close();
        },
        "one\n");
    CHECK(talk.status == 1);
    CHECK(talk.output == "");
    CHECK(talk.errors == "client: the server ended the connection before its echo was complete\n");
    talk = run_client_against(
        [](RawPeer& peer) {
            peer.receive(4);
            peer.reset();
        },
        "one\n");
    CHECK(talk.status == 1);
    CHECK(talk.errors == "client: no echo: Connection reset by peer\n");
}

TEST_CASE("lesson 1: an echo in single bytes is one echo; a greeting is none") {
    Finished talk = run_client_against(
        [](RawPeer& peer) {
            peer.receive(4);
            for (const char c : {'o', 'n', 'e', '\n'}) peer.send(std::string_view{&c, 1});
            peer.close();
        },
        "one\n");
    CHECK(talk.output == "one\n");
    talk = run_client_against([](RawPeer& peer) { peer.send("220 mail\x1b\r\n"); }, "");
    CHECK(talk.status == 1);
    CHECK(talk.errors == "client: this is no echo server, it sent \"220 mail\\x1B\\r\\n\"\n");
}

TEST_CASE("lesson 1: Ctrl-C ends the client with 0, idle or in the middle of an echo") {
    LessonServer server{server_name};
    Process idle{program(client), to_port(server.port)};
    idle.write("one\n");
    CHECK(idle.read_line() == "one");
    idle.signal(SIGINT);
    CHECK(idle.wait() == 0);
    const Finished waiting = [] {
        net::Listener listener{"127.0.0.1", 0};
        Process process{program(client), to_port(listener.port())};
        process.write("one\n");
        RawPeer peer{listener};
        peer.receive(4);
        process.signal(SIGINT);
        const int status = process.wait();
        return Finished{status, process.output_so_far(), process.errors_so_far()};
    }();
    CHECK(waiting.status == 0);
    CHECK(waiting.errors == "");
    server.stop();
}
