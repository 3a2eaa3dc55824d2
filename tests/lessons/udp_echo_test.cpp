// Lesson 2 over real sockets.
#include <signal.h>

#include "net/datagram.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/support/machine.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

const std::string server_name = "02-udp-echo";
const std::string client = "lessons/02-udp-echo/client";

std::vector<std::string> to_port(std::uint16_t port, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--port", std::to_string(port)});
    return more;
}

net::Deadline soon() { return net::after(20s); }

// After which an answer counts as lost.
const std::string timeout = option(silence_on_this_machine(200ms));

}  // namespace

TEST_CASE("lesson 2: the listening line, and Ctrl-C ends with 0") {
    LessonServer server{server_name};
    CHECK(server.process.output_so_far() ==
          "UDP server listening on :" + std::to_string(server.port) + "\n");
    server.stop();
}

TEST_CASE("lesson 2: each line is a datagram, an empty one too, over both families") {
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

TEST_CASE("lesson 2: a loss is noticed, the rest goes on, and the status tells") {
    LessonServer server{server_name, {"--drop", "2"}};
    const Finished talk =
        run(program(client), to_port(server.port, {"--timeout", timeout}), "one\ntwo\nthree\n");
    CHECK(talk.status == 1);
    CHECK(talk.output == "one\nthree\n");
    CHECK(talk.errors == "client: no answer to \"two\", lost?\n");
    server.stop();
    CHECK(server.process.errors_so_far().find(": dropped on purpose (--drop)\n") !=
          std::string::npos);
}

TEST_CASE("lesson 2: sent again, a lost line gets its answer") {
    LessonServer server{server_name, {"--drop", "3"}};
    const Finished talk =
        run(program(client), to_port(server.port, {"--timeout", timeout, "--retries", "1"}),
            "one\ntwo\nthree\n");
    CHECK(talk.status == 0);
    CHECK(talk.output == "one\ntwo\nthree\n");
    CHECK(talk.errors == "client: no answer to \"three\", lost?\n");
    server.stop();
}

TEST_CASE("lesson 2: what does not fit into the server's buffer is gone, and it says so") {
    LessonServer server{server_name, {"--buffer", "4"}};
    const Finished talk = run(program(client), to_port(server.port), "1234\n12345\n123\n");
    CHECK(talk.output == "1234\n1234\n123\n");
    CHECK(server.process.read_error_line().ends_with(
        ": sent 5 bytes, but only 4 fit; the rest is gone"));
    server.stop();
}

TEST_CASE("lesson 2: nobody there is one line and status 1") {
    const std::uint16_t port = net::local_port(net::bind_udp("127.0.0.1", 0)[0]);
    const Finished talk = run(program(client), to_port(port), "one\ntwo\n");
    CHECK(talk.status == 1);
    CHECK(talk.output == "");
    CHECK(talk.errors == "client: Connection refused; is the server running, and on this port?\n");
}

TEST_CASE("lesson 2: a port in use, and a host that does not resolve") {
    LessonServer server{server_name};
    const Finished second = run(program("lessons/02-udp-echo/server"), to_port(server.port));
    CHECK(second.status == 1);
    CHECK(second.errors.starts_with("server: cannot listen on 127.0.0.1:"));
    const Finished unknown = run(program(client), {"--host", "no-such-host.invalid"});
    CHECK(unknown.status == 1);
    CHECK(unknown.errors.starts_with("client: cannot find the host 'no-such-host.invalid': "));
    server.stop();
}

TEST_CASE("lesson 2: a line that no datagram can hold") {
    LessonServer server{server_name};
    const Finished talk =
        run(program(client), to_port(server.port), std::string(70'000, 'x') + "\nshort\n");
    CHECK(talk.status == 1);
    CHECK(talk.output == "short\n");
    CHECK(talk.errors ==
          "client: this line is too long for a datagram, which holds 65507 bytes at most\n");
    server.stop();
}

TEST_CASE("lesson 2: an answer that comes too late is not taken for the next one") {
    const auto sockets = net::bind_udp("127.0.0.1", 0);
    Process process{program(client), to_port(net::local_port(sockets[0]), {"--timeout", timeout})};
    process.write("one\n");
    std::array<std::uint8_t, 100> buffer;
    const net::Received first = net::receive_datagram(sockets[0], buffer, soon());
    REQUIRE(first);
    CHECK(process.read_error_line() == "client: no answer to \"one\", lost?");
    CHECK(net::send_datagram(sockets[0], std::span{buffer}.first(first.size), first.peer));
    process.write("two\n");
    const net::Received second = net::receive_datagram(sockets[0], buffer, soon());
    CHECK(net::send_datagram(sockets[0], std::span{buffer}.first(second.size), second.peer));
    CHECK(process.read_line() == "two");
    CHECK(process.read_error_line() == "client: a late answer: \"one\"");
    process.close_stdin();
    CHECK(process.wait() == 1);
}

TEST_CASE("lesson 2: a flood of one client leaves another served, and Ctrl-C heard") {
    LessonServer server{server_name};
    const net::Fd flooder = net::connect_udp("::1", server.port);
    const net::Fd good = net::connect_udp("127.0.0.1", server.port);
    const std::vector<std::uint8_t> bytes(1000);
    for (int i = 0; i < 5000; ++i) net::send_datagram(flooder, bytes);
    CHECK(net::send_datagram(good, std::span{bytes}.first(1)));
    std::array<std::uint8_t, 8> buffer;
    CHECK(net::receive_datagram(good, buffer, soon()).size == 1);
    for (int i = 0; i < 5000; ++i) net::send_datagram(flooder, bytes);
    server.stop();
}

TEST_CASE("lesson 2: Ctrl-C ends the client with 0, idle or waiting") {
    const auto silent = net::bind_udp("127.0.0.1", 0);
    Process waiting{program(client),
                    to_port(net::local_port(silent[0]), {"--timeout", "60", "--trace"})};
    waiting.write("one\n");
    waiting.read_error_line();  // the trace of what it sent
    waiting.signal(SIGINT);
    CHECK(waiting.wait() == 0);
    LessonServer server{server_name};
    Process idle{program(client), to_port(server.port)};
    idle.write("one\n");
    idle.read_line();
    idle.signal(SIGINT);
    CHECK(idle.wait() == 0);
    server.stop();
}
