// Lesson 11 under load: what its text and src/README.md claim, measured. `make load-11` runs it;
// it is no part of `make test`, because it takes a minute and wants the machine for itself.
// Each case prints one line of what was seen, and fails when a limit does not hold.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <set>
#include <thread>

#include "net/descriptors.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/load/flooders.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

std::size_t descriptors_of(const Process& process) {
    const std::filesystem::path folder = "/proc/" + std::to_string(process.pid()) + "/fd";
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder}, {}));
}

ws::Buffer masked(ws::Opcode opcode, ws::Bytes payload) {
    ws::Buffer frame;
    ws::append_frame(frame, {.opcode = opcode, .masked = true, .key = {0x37, 0xFA, 0x21, 0x3D}},
                     payload);
    return frame;
}

// Many clients at once: lesson 11's client, which says when all are connected and have spoken.
struct Crowd {
    Crowd(std::uint16_t port, unsigned connections, unsigned rounds)
        : process{program("lessons/11-event-loop/client"),
                  {"--port", std::to_string(port), "--connections", std::to_string(connections),
                   "--rounds", std::to_string(rounds), "--hold"}} {
        summary = process.read_line(120s);
    }

    Process process;
    std::string summary;
};

// A message and its echo, again and again, for `time`; the longest that one took.
Millis worst_round_trip(RawPeer& peer, std::chrono::milliseconds time) {
    Millis worst{0};
    for (const net::Deadline end = net::after(time); net::Clock::now() < *end;) {
        const auto begin = net::Clock::now();
        peer.send_frame(ws::Opcode::text, "are you there?");
        CHECK(peer.receive_text() == "are you there?");
        worst = std::max<Millis>(worst, net::Clock::now() - begin);
    }
    return worst;
}

// The memory that a server uses for each of so many idle clients.
void measure_idle(const std::string& lesson, unsigned connections) {
    LessonServer server{lesson};
    // The first client makes the server fetch what it needs once.
    const std::vector<std::string> one{"--port", std::to_string(server.port), "--connections", "1"};
    CHECK(run(program("lessons/11-event-loop/client"), one).status == 0);
    const std::uint64_t before = memory_of(server.process);
    Crowd crowd{server.port, connections, 1};
    const std::string expected = std::to_string(connections) + " of " +
                                 std::to_string(connections) + " clients connected, " +
                                 std::to_string(connections) + " echoes, 0 errors";
    CHECK_MESSAGE(crowd.summary.starts_with(expected), crowd.summary);
    const std::uint64_t used = memory_of(server.process) - before;
    const Seconds cpu = cpu_time_of(server.process);
    net::wait_readable({}, net::after(2s));
    const Millis idle = cpu_time_of(server.process) - cpu;
    std::printf("%-14s %6u clients  %7.1f MiB  %7.0f bytes each  %5.2f ms of CPU a second   (%s)\n",
                lesson.c_str(), connections, mib(used), static_cast<double>(used) / connections,
                idle.count() / 2, crowd.summary.c_str());
    crowd.process.signal(SIGINT);
    CHECK(crowd.process.wait(60s) == 0);
    server.stop();
}

}  // namespace

TEST_CASE("load: threads against epoll, resident memory of idle clients") {
    net::raise_descriptor_limit();
    measure_idle("08-messages", 1000);
    measure_idle("11-event-loop", 1000);
    measure_idle("11-event-loop", 10'000);
}

TEST_CASE("load: a client that reads nothing while it asks for 1 GiB of echo") {
    LessonServer server{"11-event-loop"};
    RawPeer good = open_peer(server.port);
    RawPeer frozen = open_peer(server.port);
    const std::uint64_t before = memory_of(server.process);
    std::atomic<std::uint64_t> asked = 0;
    std::jthread asking{[&](const std::stop_token& stop) {
        const ws::Buffer message = masked(ws::Opcode::binary, ws::Buffer(1 << 20));
        while (!stop.stop_requested() && asked < (1u << 30)) {
            const std::size_t at = asked % message.size();
            const auto sent =
                net::send_some(frozen.socket(), ws::Bytes{message}.subspan(at), net::after(100ms));
            asked += sent.bytes;
        }
    }};
    const Millis worst = worst_round_trip(good, 3s);
    asking.request_stop();
    asking.join();
    const std::uint64_t peak = memory_of(server.process, "VmHWM") - before;
    std::printf(
        "a frozen client   wanted 1 GiB, got rid of %.1f MiB; the server grew by %.1f MiB; "
        "another client's worst round trip: %.1f ms\n",
        mib(asked), mib(peak), worst.count());
    // The limit, one message that is being put together, one that waits, the rest of a read.
    CHECK(peak < 8u << 20);
    CHECK(worst < 500ms);
    frozen.reset();
    server.process.signal(SIGINT);
    good.expect_close(1001);
    good.close();
    CHECK(server.process.wait() == 0);
}

TEST_CASE("load: eight flooders beside a client that behaves") {
    LessonServer server{"11-event-loop"};
    RawPeer good = open_peer(server.port);
    std::vector<std::jthread> flooders;
    std::atomic<std::uint64_t> echoes = 0;
    for (int i = 0; i < 8; ++i)
        flooders.emplace_back([&](const std::stop_token& stop) {
            RawPeer peer = open_peer(server.port);
            ws::Buffer batch;
            for (int k = 0; k < 2000; ++k)
                ws::append(batch, masked(ws::Opcode::text, ws::as_bytes("twenty bytes of text")));
            // An echo has no masking key: four bytes less each.
            ws::Buffer answers(batch.size() - 2000 * 4);
            while (!stop.stop_requested()) {
                if (!peer.try_send(batch)) return;
                if (!net::receive_exactly(peer.socket(), answers, net::after(patience))) return;
                echoes += 2000;
            }
        });
    const Millis worst = worst_round_trip(good, 3s);
    for (std::jthread& flooder : flooders) flooder.request_stop();
    flooders.clear();
    std::printf(
        "eight flooders    %.0f echoes a second for them; the other client's worst round "
        "trip: %.1f ms\n",
        static_cast<double>(echoes) / 3, worst.count());
    CHECK(worst < 100ms);
}

TEST_CASE("load: eight flooders of tiny messages beside a client that behaves, and newcomers") {
    LessonServer server{"11-event-loop"};
    RawPeer good = open_peer(server.port);
    Flooders flooders{[&](int) { return open_peer(server.port); }, "hi"};
    measure_flood("11", server.process, server.port, flooders, [&good] {
        good.send_frame(ws::Opcode::text, "are you there?");
        CHECK(good.receive_text() == "are you there?");
    });
    flooders.stop();
    server.process.signal(SIGINT);
    good.expect_close(1001);
    good.close();
    CHECK(server.process.wait() == 0);
}

TEST_CASE("load: ulimit -n 64, and 200 clients that want in") {
    const std::string path = program("lessons/11-event-loop/server");
    Process server{"/bin/bash", {"-c", "ulimit -n 64; exec " + path + " --port 0"}};
    const std::uint16_t port = listening_port(server.read_line());
    const auto begin = net::Clock::now();
    const Seconds cpu_before = cpu_time_of(server);
    // Those that are in stay until nobody is let in any more; then some leave and others try
    // again, as Retry-After asks, until everyone was in once.
    std::vector<RawPeer> inside;
    std::size_t served = 0;
    std::size_t refused = 0;
    std::size_t most = 0;
    while (served < 200) {
        RawPeer peer{port};
        peer.try_send(ws::as_bytes(sample_request(port)));
        const std::string head = peer.receive_head();
        if (head.starts_with("HTTP/1.1 101 ")) {
            peer.send_frame(ws::Opcode::text, "in");
            CHECK(peer.receive_text() == "in");
            ++served;
            inside.push_back(std::move(peer));
            most = std::max(most, inside.size());
        } else {
            CHECK(head.starts_with("HTTP/1.1 503 "));
            CHECK(head.find("\r\nRetry-After: 1\r\n") != std::string::npos);
            ++refused;
            if (refused % 20 == 0)
                for (int i = 0; i < 4 && !inside.empty(); ++i) {
                    inside.back().send_frame(ws::Opcode::close, "\x03\xe8");
                    inside.back().expect_close(1000);
                    inside.pop_back();
                }
        }
    }
    const Seconds storm = cpu_time_of(server) - cpu_before;
    // Full, with clients before the door that wait and do nothing: so does the server.
    std::vector<RawPeer> waiting;
    for (int i = 0; i < 100; ++i) waiting.emplace_back(port);
    const Seconds before = cpu_time_of(server);
    net::wait_readable({}, net::after(2s));
    const Seconds idle = cpu_time_of(server) - before;
    std::printf(
        "ulimit -n 64      200 clients served, %zu at a time at most, %zu refused with 503 "
        "on the way; %.2f s, %.3f s of CPU; then full: %.1f ms of CPU in 2 s\n",
        most, refused, Seconds{net::Clock::now() - begin}.count() - 2, storm.count(),
        Millis{idle}.count());
    CHECK(idle < 100ms);
    server.signal(SIGTERM);
    for (RawPeer& peer : inside) peer.expect_close(1001);
    inside.clear();
    CHECK(server.wait() == 0);
}

TEST_CASE("load: SIGTERM with 1,000 clients connected") {
    LessonServer server{"11-event-loop"};
    Crowd crowd{server.port, 1000, 1};
    const auto begin = net::Clock::now();
    server.process.signal(SIGTERM);
    CHECK(server.process.wait() == 0);
    const Millis took = net::Clock::now() - begin;
    const std::string line = crowd.process.read_line();
    CHECK(line == "1000 closed by the server with 1001 (going away)");
    CHECK(crowd.process.wait() == 0);
    std::printf("SIGTERM           %s; exit status 0 after %.0f ms\n", line.c_str(), took.count());
}

TEST_CASE("load: connects and closes, and resets, leave nothing behind") {
    LessonServer server{"11-event-loop"};
    const std::string request = sample_request(server.port);
    const ws::Buffer goodbye = masked(ws::Opcode::close, ws::Buffer{0x03, 0xE8});
    const ws::Buffer frame = masked(ws::Opcode::binary, ws::Buffer(5000));
    std::vector<std::uint64_t> memory;
    for (int round = 0; round < 4; ++round) {
        for (std::size_t i = 0; i < 2000; ++i) {
            RawPeer peer = open_peer(server.port);
            peer.send(ws::Bytes{frame}.first(1 + i * frame.size() / 2000));
            peer.reset();
        }
        memory.push_back(memory_of(server.process));
    }
    const std::size_t descriptors = descriptors_of(server.process);
    const Seconds cpu = cpu_time_of(server.process);
    const auto begin = net::Clock::now();
    for (int i = 0; i < 20'000; ++i) {
        // The end of the greeting and of the goodbye come from the server; it closes first.
        RawPeer peer{server.port};
        peer.send(request);
        peer.send(goodbye);
        peer.receive(sample_answer.size() + 4);
        peer.expect_end();
    }
    const Seconds took = net::Clock::now() - begin;
    const Seconds used = cpu_time_of(server.process) - cpu;
    std::printf(
        "storms            after 2,000 resets each: %.2f, %.2f, %.2f, %.2f MiB; 20,000 "
        "connects and closes in %.1f s, %.1f µs of the server's CPU each; %.2f MiB and %zu "
        "descriptors then, %zu before\n",
        mib(memory[0]), mib(memory[1]), mib(memory[2]), mib(memory[3]), took.count(),
        used.count() * 1e6 / 20'000, mib(memory_of(server.process)), descriptors_of(server.process),
        descriptors);
    CHECK(memory[3] <= memory[2]);
    CHECK(descriptors_of(server.process) <= descriptors);
    server.stop();
}
