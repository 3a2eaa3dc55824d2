// Lesson 9, end to end: keep-alive as programs do it, with peers that are really stopped.
// RFC 6455 §5.5.2, §5.5.3, §7.1.5.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/lessons/peers.hpp"
#include "tests/support/machine.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr const char* lesson = "09-keep-alive";
constexpr const char* client_program = "lessons/09-keep-alive/client";
// What is noticed soon, and not taken for silence where the other side waits for its turn.
const std::chrono::milliseconds silence = silence_on_this_machine(900ms);

bool says_silent(std::string_view line, std::string_view before) {
    return line.starts_with(before) &&
           line.substr(before.size()).starts_with("given up (1006): the peer went silent: no byte from it for ");
}

// Options with which silence is noticed, after three pings.
std::vector<std::string> impatient(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--ping-interval", option(silence / 3), "--idle-timeout", option(silence)});
    return more;
}

std::vector<std::string> to(std::uint16_t port, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--port", std::to_string(port)});
    return more;
}

// The next line of the server's log, without the time and the peer's address.
std::string next_log_line(LessonServer& server) {
    const std::string line = server.process.read_error_line();
    return line.substr(line.find(' ', line.find(' ') + 1) + 1);
}

// "Received: Hello at 2026-11-21T07:30:00Z", whatever the digits.
bool is_hello(std::string line) {
    for (char& c : line)
        if (c >= '0' && c <= '9') c = '0';
    return line == "Received: Hello at 0000-00-00T00:00:00Z";
}

// Stops a program as Ctrl-Z does, and returns when all of its threads stand still.
void stop(Process& process) {
    process.signal(SIGSTOP);
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(process.pid()), &info, WSTOPPED) == 0);
}

// The payload of the next frame of a kind; pings and others before it are skipped.
std::string next_frame(RawPeer& peer, ws::Opcode opcode) {
    for (;;) {
        ws::FrameHeader header;
        const ws::Buffer payload = peer.receive_frame(header);
        if (header.opcode == opcode) return std::string{ws::as_text(payload)};
    }
}

void let_pass(std::chrono::milliseconds time) { net::wait_readable({}, net::after(time)); }

}  // namespace

TEST_CASE("lesson 9: the client says hello until its count, and closes with 1000") {
    LessonServer server{lesson};
    CHECK(server.listening_line == "WebSocket server at ws://localhost:8080/ws ...");
    Process client{program(client_program),
                   to(server.port, {"--interval", "0.05", "--count", "2"})};
    CHECK(is_hello(client.read_line()));
    CHECK(is_hello(client.read_line()));
    CHECK(client.wait() == 0);
    CHECK(client.errors_so_far() == "Disconnected: closed: 1000 (normal closure)\n");
    CHECK(is_hello(server.process.read_line()));
    CHECK(next_log_line(server) == "closed: 1000 (normal closure)");
    server.stop();
}

TEST_CASE("lesson 9: on Ctrl-C the client closes with 1000, waits for the echo, and ends with 0") {
    LessonServer server{lesson};
    Process client{program(client_program), to(server.port, {"--trace"})};
    CHECK(is_hello(client.read_line()));
    client.signal(SIGINT);
    CHECK(client.wait() == 0);
    CHECK(client.output_so_far().ends_with("\nInterrupt received, closing...\n"));
    CHECK(
        client.errors_so_far().ends_with("CLOSE FIN len=2 1000\n"
                                         "Disconnected: closed: 1000 (normal closure)\n"));
    CHECK(next_log_line(server) == "closed: 1000 (normal closure)");
}

TEST_CASE("lesson 9: Ctrl-C in the server says 1001 to a client that is not stopped") {
    LessonServer server{lesson};
    Process client{program(client_program), to(server.port)};
    CHECK(is_hello(client.read_line()));
    server.stop();
    CHECK(client.wait() == 0);
    CHECK(client.errors_so_far() == "Disconnected: closed: 1001 (going away)\n");
}

// The cable is pulled at the client's end: it is stopped in the middle of its work.
TEST_CASE("lesson 9: a client that is stopped goes silent, and others do not notice") {
    LessonServer server{lesson, impatient()};
    const auto begin = net::Clock::now();
    Process client{program(client_program), to(server.port)};
    Process other{program(client_program), to(server.port, {"--interval", "0.1"})};
    CHECK(is_hello(client.read_line()));

    stop(client);
    CHECK(says_silent(next_log_line(server), "Read error: "));
    CHECK(net::Clock::now() - begin >= silence);

    // Plugged in again, it finds the end of the connection, and no Close.
    client.signal(SIGCONT);
    CHECK(
        client.read_error_line().starts_with("Disconnected: lost without a Close frame (1006): "));
    CHECK(client.wait() == 1);
    CHECK(is_hello(other.read_line()));
    other.signal(SIGINT);
    CHECK(other.wait() == 0);
}

// And now at the server's end.
TEST_CASE("lesson 9: a server that is stopped goes silent, and its client says so") {
    LessonServer server{lesson};
    Process client{program(client_program), to(server.port, impatient())};
    CHECK(is_hello(client.read_line()));

    stop(server.process);
    CHECK(says_silent(client.read_error_line(), "Disconnected: "));
    CHECK(client.wait() == 1);

    server.process.signal(SIGCONT);
    CHECK(next_log_line(server).starts_with("Read error: lost without a Close frame (1006): "));
    Process next{program(client_program), to(server.port, {"--count", "1", "--interval", "0.05"})};
    CHECK(next.wait() == 0);
}

TEST_CASE("lesson 9: a server that was stopped itself gives up nobody who has spoken meanwhile") {
    LessonServer server{lesson, impatient()};
    RawPeer peer = open_peer(server.port);
    CHECK(peer.receive(2) == "89 00"_hex);  // its reader waits
    stop(server.process);
    peer.send_frame(ws::Opcode::text, "are you there?");
    let_pass(3 * silence / 2);
    server.process.signal(SIGCONT);
    CHECK(next_frame(peer, ws::Opcode::text) == "are you there?");
}

TEST_CASE(
    "§5.5.2 lesson 9: a peer that never answers is pinged, and then cut off without a Close") {
    LessonServer server{lesson, impatient()};
    RawPeer peer = open_peer(server.port);
    CHECK(peer.receive_to_end().size() >= 4);
    CHECK(says_silent(next_log_line(server), "Read error: "));
}

TEST_CASE("§5.5.3 lesson 9: a peer that only answers pings stays") {
    LessonServer server{lesson, {"--ping-interval", "0.1", "--idle-timeout", option(silence)}};
    RawPeer peer = open_peer(server.port);
    const auto begin = net::Clock::now();
    while (net::Clock::now() - begin < 3 * silence / 2) {
        CHECK(peer.receive(2) == "89 00"_hex);
        peer.send_frame(ws::Opcode::pong, "");
    }
    peer.send_frame(ws::Opcode::close, "\x03\xe8");
    CHECK(next_frame(peer, ws::Opcode::close) == "\x03\xe8");
    peer.expect_end();
}

TEST_CASE("§5.5.2 lesson 9: the client answers pings, sends its own, and shows both") {
    net::Listener listener{"127.0.0.1", 0};
    Process client{program(client_program),
                   to(listener.port(), {"--ping-interval", "0.1", "--interval", "60",
                                        "--show-pings", "--key", sample_key})};
    RawPeer server{listener};
    server.receive_head();
    server.send(sample_answer);
    server.send("89 02 68 62"_hex);
    bool answered = false;
    bool pinged = false;
    while (!answered || !pinged) {
        ws::FrameHeader header;
        const ws::Buffer payload = server.receive_frame(header);
        CHECK(header.masked);
        if (header.opcode == ws::Opcode::pong) answered = ws::as_text(payload) == "hb";
        if (header.opcode == ws::Opcode::ping && !pinged) {
            pinged = true;
            server.send("8a 00"_hex);
        }
    }
    CHECK(client.read_line() == "Received ping: \"hb\"");
    CHECK(client.read_line() == "Received pong: \"\"");
    server.send("88 02 03 e8"_hex);
    CHECK(next_frame(server, ws::Opcode::close) == "\x03\xe8");
    server.end_sending();
    CHECK(client.wait() == 0);
}

TEST_CASE("§10.4 lesson 9: the read limit, 1009") {
    LessonServer server{lesson, {"--max-message-bytes", "28"}};
    Process client{program(client_program), to(server.port)};
    CHECK(client.wait() == 1);
    CHECK(client.output_so_far().empty());
    CHECK(client.errors_so_far().starts_with("Disconnected: closed: 1009 (message too big) "));
    CHECK(next_log_line(server).starts_with("Read error: RFC 6455 §10.4: "));
}

TEST_CASE("lesson 9: times that cannot work are refused") {
    for (const char* name : {"server", "client"}) {
        const Finished result = run(program(std::string{"lessons/09-keep-alive/"} + name),
                                    {"--ping-interval", "60", "--idle-timeout", "60"});
        CHECK(result.status == 2);
        CHECK(result.errors.find("--idle-timeout must be longer than --ping-interval") !=
              std::string::npos);
        CHECK(run(program(std::string{"lessons/09-keep-alive/"} + name), {"--ping-interval", "x"})
                  .status == 2);
    }
}
