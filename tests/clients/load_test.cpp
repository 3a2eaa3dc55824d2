// load as a program: its modes against real servers, what it says of servers that do wrong, its
// command line. What needs no socket is in load_parts_test.cpp.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "json/parse.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/terminal.hpp"
#include "ws/handshake.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

Finished load(std::vector<std::string> arguments) {
    return run(program("clients/load"), arguments);
}

std::vector<std::string> at(std::uint16_t port, std::vector<std::string> more) {
    more.insert(more.begin(), {":" + std::to_string(port), "--json"});
    return more;
}

// The number behind "name": of one line of JSON; names are there once, or the first is meant.
double number(const std::string& json, const std::string& name) {
    const std::size_t place = json.find('"' + name + "\":");
    REQUIRE_MESSAGE(place != std::string::npos, json);
    return std::stod(json.substr(place + name.size() + 3));
}

Finished expect_success(const std::vector<std::string>& arguments) {
    Finished finished = load(arguments);
    CHECK_MESSAGE(finished.status == 0, finished.errors);
    CHECK(finished.errors.empty());
    if (finished.status == 0) {
        CHECK(number(finished.output, "errors") == 0);
        CHECK(number(finished.output, "unanswered") == 0);
    }
    return finished;
}

// A server in our hands, on a thread: `serve` gets the listening port.
class Serving {
  public:
    explicit Serving(std::function<void(net::Listener&)> serve)
        : thread_{[this, serve = std::move(serve)] { serve(listener_); }} {}
    std::uint16_t port() const { return listener_.port(); }
    void join() { thread_.join(); }

  private:
    net::Listener listener_{"127.0.0.1", 0};
    std::jthread thread_;
};

// Accepts a client and answers its handshake.
RawPeer accept_client(net::Listener& listener) {
    RawPeer peer{listener};
    const std::string request = peer.receive_head();
    const std::string name = "Sec-WebSocket-Key: ";
    const std::size_t key = request.find(name) + name.size();
    peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Accept: " +
              ws::accept_key(request.substr(key, request.find('\r', key) - key)) + "\r\n\r\n");
    return peer;
}

}  // namespace

TEST_CASE("load: an echo server gives back every message, whatever it is") {
    LessonServer server{"11-event-loop"};
    const std::vector<std::vector<std::string>> kinds{
        {"--messages", "1000"},
        {"--messages", "1001", "--connections", "3", "--in-flight", "32"},
        {"--messages", "200", "--bytes", "1", "--payload", "binary"},
        {"--messages", "200", "--bytes", "70000", "--payload", "utf8", "--connections", "2"},
        {"--messages", "20", "--bytes", "3000000", "--payload", "binary", "--in-flight", "2",
         "--connections", "2"},
        // All of them are due at once, before the measuring has begun.
        {"--messages", "300", "--rate", "100000000", "--in-flight", "4"},
    };
    for (const auto& kind : kinds) {
        CAPTURE(kind);
        const Finished finished = expect_success(at(server.port, kind));
        CHECK(number(finished.output, "messages") == std::stod(kind[1]));
        CHECK(number(finished.output, "p50") > 0);
        CHECK(number(finished.output, "p50") <= number(finished.output, "p99.99"));
        CHECK(number(finished.output, "p99.99") <= number(finished.output, "max"));
        json::Value value;
        CHECK_FALSE(json::parse(finished.output, value));
    }
    server.stop();
}

TEST_CASE("load: a time, and the server's CPU time in it") {
    LessonServer server{"11-event-loop"};
    const Finished finished =
        expect_success(at(server.port, {"--time", "0.3", "--warm-up", "0.1", "--pid",
                                        std::to_string(server.process.pid())}));
    CHECK(number(finished.output, "seconds") >= 0.3);
    CHECK(number(finished.output, "messages") > 0);
    CHECK(number(finished.output, "cpu_us") > 0);
    CHECK(number(finished.output, "resident_bytes") > 100'000);
    server.stop();
}

TEST_CASE("load: the mode idle says what a connection costs") {
    LessonServer server{"11-event-loop"};
    const Finished finished =
        expect_success(at(server.port, {"--mode", "idle", "--connections", "300", "--time", "0.1",
                                        "--pid", std::to_string(server.process.pid())}));
    CHECK(finished.output.find("\"bytes_each\":") != std::string::npos);
    server.stop();
}

TEST_CASE("load: the mode handshake opens and closes") {
    LessonServer server{"11-event-loop"};
    const Finished finished = expect_success(
        at(server.port, {"--mode", "handshake", "--connections", "7", "--messages", "100"}));
    CHECK(number(finished.output, "messages") == 100);
    server.stop();
}

namespace {

// Of so many clients, what one says goes to all the others; until all have left.
void fan_out(net::Listener& listener, std::size_t clients) {
    std::vector<net::Fd> sockets;
    while (sockets.size() < clients) sockets.push_back(std::move(listener.accept()->socket));
    ws::Buffer buffer(64 * 1024);
    for (std::size_t open = clients; open > 0;) {
        std::vector<int> numbers;
        for (const net::Fd& socket : sockets) numbers.push_back(socket.get());
        const int ready = net::wait_readable(numbers, net::after(patience));
        if (ready < 0) return;
        net::Fd& from = sockets[static_cast<std::size_t>(ready)];
        const net::IoResult received = net::receive_some(from, buffer);
        if (!received) {
            from.close();
            --open;
            continue;
        }
        for (const net::Fd& to : sockets)
            if (to && &to != &from) net::send_all(to, ws::Bytes{buffer}.first(received.bytes));
    }
}

}  // namespace

TEST_CASE("load: the mode fan-out counts what each receiver gets") {
    for (const char* in_flight : {"1", "5"}) {
        CAPTURE(in_flight);
        Serving server{[](net::Listener& listener) { fan_out(listener, 9); }};
        const Finished finished = expect_success(
            at(server.port(), {"--raw", "--mode", "fan-out", "--connections", "8", "--messages",
                               "40", "--in-flight", in_flight}));
        CHECK(number(finished.output, "messages") == 8 * 40);
        server.join();
    }
}

TEST_CASE("load: with a rate, the time in which a server stands still is seen in the percentiles") {
    // Echoes, but for half a second in the middle. 1,000 messages a second are due in that time
    // too, and each of them is late by what is left of it.
    Serving server{[](net::Listener& listener) {
        const RawPeer peer{listener};
        ws::Buffer buffer(64 * 1024);
        std::size_t bytes = 0;
        bool stood = false;
        for (;;) {
            const net::IoResult got = net::receive_some(peer.socket(), buffer, net::after(patience));
            if (!got) return;
            if (bytes += got.bytes; bytes > 100 * 26 && !std::exchange(stood, true))
                net::wait_readable({}, net::after(500ms));
            net::send_all(peer.socket(), ws::Bytes{buffer}.first(got.bytes));
        }
    }};
    const Finished finished =
        expect_success(at(server.port(), {"--raw", "--connections", "1", "--rate", "1000",
                                          "--warm-up", "0", "--time", "1"}));
    // A third of all were due in the first 350 ms of it.
    CHECK(number(finished.output, "p90") > 150'000);
    CHECK(number(finished.output, "max") > 450'000);
    server.join();
}

TEST_CASE("load: a server that does wrong is found out, and named in one line") {
    struct Case {
        std::function<void(RawPeer&)> answer;  // after the first message
        std::string words;
    };
    const Case cases[] = {
        {[](RawPeer& peer) { peer.send(std::string_view{"\x81\x03" "abc"}); },
         "load: client 1: message 0 came back with a wrong payload\n"},
        {[](RawPeer& peer) { peer.send(std::string_view{"\x81\x85" "abcdabcde"}); },
         "load: client 1: a frame from a server must not be masked\n"},
        {[](RawPeer& peer) { peer.send(std::string_view{"\x88\x02\x03\xE9", 4}); },
         "load: client 1: the server closed with 1001 (going away)\n"},
        {[](RawPeer& peer) { peer.close(); }, "load: client 1: the server ended the connection\n"},
        {[](RawPeer& peer) { peer.reset(); }, "load: client 1: Connection reset by peer\n"},
    };
    for (const Case& wrong : cases) {
        CAPTURE(wrong.words);
        Serving server{[&wrong](net::Listener& listener) {
            RawPeer peer = accept_client(listener);
            ws::FrameHeader header;
            peer.receive_frame(header);
            wrong.answer(peer);
            if (peer.socket()) peer.receive_to_end();
        }};
        const Finished finished =
            load(at(server.port(), {"--connections", "1", "--messages", "5"}));
        CHECK(finished.status == 1);
        CHECK(finished.errors == wrong.words);
        server.join();
    }
}

TEST_CASE("load: a server that never answers is given up") {
    Serving server{[](net::Listener& listener) {
        RawPeer peer = accept_client(listener);
        peer.receive_to_end();
    }};
    const Finished finished = load(
        at(server.port(), {"--connections", "1", "--messages", "5", "--timeout",
                            test::option(test::silence_on_this_machine(std::chrono::milliseconds{200}))}));
    CHECK(finished.status == 1);
    CHECK(finished.errors.find("load: the server has gone silent: 1 messages are on their way") ==
          0);
    server.join();
}

TEST_CASE("load: nobody listens, or no WebSocket server") {
    std::uint16_t free_port = 0;
    {
        const net::Listener listener{"127.0.0.1", 0};
        free_port = listener.port();
    }
    const Finished nobody = load(at(free_port, {}));
    CHECK(nobody.status == 1);
    CHECK(nobody.errors.find("is the server running") != std::string::npos);

    LessonServer server{"11-event-loop"};
    const Finished other = load(at(server.port, {"--path", "/elsewhere", "--connections", "1"}));
    CHECK(other.status == 1);
    CHECK(other.errors ==
          "load: client 1: Handshake failed: HTTP/1.1 404 Not Found (there is no WebSocket endpoint "
          "at this path: /elsewhere); path /elsewhere\n"
          "load: only 0 of 1 connections could be opened\n");
    server.stop();
}

TEST_CASE("load: each wrong command line is one line, and status 2") {
    struct Case {
        std::vector<std::string> arguments;
        std::string words;
    };
    const Case cases[] = {
        {{"--x"}, "unknown option '--x'"},
        {{"--mode", "both"}, "--mode 'both': expected one of echo, idle, fan-out, handshake"},
        {{"--payload", "x"}, "--payload 'x': expected one of ascii, utf8, binary"},
        {{"--connections", "0"}, "--connections '0': expected a number from 1 to 1000000"},
        {{"--bytes", "268435456", "--in-flight", "8"}, "--bytes times --in-flight is more than"},
        {{"--rate", "5", "--mode", "idle"}, "--rate is for the modes echo and fan-out"},
        {{"--messages", "5", "--mode", "idle"}, "idle has none"},
        {{"http://localhost/"}, "this program speaks ws://, not http://"},
    };
    for (const Case& wrong : cases) {
        CAPTURE(wrong.words);
        const Finished finished = load(wrong.arguments);
        CHECK(finished.status == 2);
        CHECK_MESSAGE(finished.errors.find(wrong.words) != std::string::npos, finished.errors);
        CHECK(std::ranges::count(finished.errors, '\n') == 1);
    }
    const Finished pid = load({"--pid", "4194304"});
    CHECK(pid.status == 1);
    CHECK(pid.errors == "load: there is no process 4194304 (--pid) on this machine\n");
}

TEST_CASE("load: README.md names the options that --help names") {
    std::ifstream file{"clients/load/README.md"};
    const std::string readme{std::istreambuf_iterator<char>{file}, {}};
    std::istringstream help{load({"--help"}).output};
    std::size_t options = 0;
    for (std::string word; help >> word;) {
        if (!word.starts_with("--") || word.size() < 4) continue;
        ++options;
        const std::string name = word.substr(0, word.find_first_not_of("-abcdefghijklmnopqrstuvwxyz"));
        CHECK_MESSAGE(readme.find('`' + name) != std::string::npos, name);
    }
    CHECK(options > 15);
}

TEST_CASE("load: on a terminal a line shows how it goes, and is gone in the end") {
    LessonServer server{"11-event-loop"};
    Terminal terminal{program("clients/load"),
                      {":" + std::to_string(server.port), "--time", "0.5", "--connections", "5"},
                      120};
    terminal.expect("errors      0\n");
    CHECK(terminal.wait() == 0);
    CHECK(terminal.raw().find("] measuring  ") != std::string::npos);
    CHECK(terminal.raw().find(" messages/s  p50 ") != std::string::npos);
    CHECK(terminal.screen().starts_with("ws://localhost:"));
    server.stop();
}

TEST_CASE("load: Ctrl-C ends a run, and what was measured is shown") {
    LessonServer server{"11-event-loop"};
    Terminal terminal{program("clients/load"),
                      {":" + std::to_string(server.port), "--time", "1000", "--warm-up", "0"},
                      120};
    terminal.expect("] measuring  ");
    terminal.signal(SIGINT);
    terminal.expect("errors      0\n");
    CHECK(terminal.wait() == 0);
    server.stop();
}

TEST_CASE("load: --trace shows the first client's frames") {
    LessonServer server{"11-event-loop"};
    const Finished finished = load({":" + std::to_string(server.port), "--trace", "--messages", "1",
                                    "--connections", "1", "--bytes", "3"});
    CHECK(finished.status == 0);
    CHECK(finished.errors.find("TEXT FIN masked len=3") != std::string::npos);
    CHECK(finished.errors.find("CLOSE FIN masked len=2") != std::string::npos);
    server.stop();
}
