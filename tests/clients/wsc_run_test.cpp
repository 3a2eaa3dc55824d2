// wsc -l --run: a program for each client, as websocketd has it.

#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "tests/clients/wsc.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/support/machine.hpp"
#include "ws/byte_order.hpp"

using test::open_peer;
using test::Process;
using test::RawPeer;
using test::wsc;

namespace {

struct Running {
    explicit Running(const std::string& command, std::vector<std::string> more = {})
        : process{"/usr/bin/env", test::measured(arguments(command, std::move(more)))} {
        const std::string line = process.read_error_line();
        REQUIRE(line.starts_with("Listening on port "));
        port = static_cast<std::uint16_t>(std::stoi(line.substr(18)));
    }
    static std::vector<std::string> arguments(const std::string& command, std::vector<std::string> more) {
        more.insert(more.end(), {"-l", "0", "--run", command});
        return more;
    }
    void stop() {
        process.signal(SIGINT);
        CHECK(process.wait() == 0);
    }

    Process process;
    std::uint16_t port = 0;
};

// Waits until a process has ended and nobody has it as a child any more.
bool gone(const std::string& pid) {
    const net::Deadline deadline = net::after(test::patience);
    while (std::filesystem::exists("/proc/" + pid))
        if (net::Clock::now() > *deadline) return false;
    return true;
}

// 'S' for a process that waits, 'R' for one that has something to do.
char state_of(const std::string& pid) {
    const std::string stat = test::contents_of("/proc/" + pid + "/stat");
    return stat[stat.rfind(')') + 2];
}

std::uint64_t written_by(const std::string& pid) {
    std::ifstream file{"/proc/" + pid + "/io"};
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("wchar: ")) return std::stoull(line.substr(7));
    return 0;
}

// What a program has written when it stands still: it waits for room, and wsc, which could make some,
// waits as well. While anything is on its way, one of the two has something to do.
std::uint64_t written_at_last(const std::string& program, pid_t wsc) {
    const net::Deadline deadline =
        net::after(std::chrono::duration_cast<std::chrono::milliseconds>(test::on_this_machine(test::patience)));
    std::uint64_t before = 0;
    for (int same = 0; same < 3;) {
        const bool wait = state_of(program) == 'S' && state_of(std::to_string(wsc)) == 'S';
        const std::uint64_t now = written_by(program);
        same = wait && now == before && now > 0 ? same + 1 : 0;
        before = now;
        REQUIRE(net::Clock::now() < *deadline);
        net::wait_readable({}, net::after(std::chrono::milliseconds{20}));
    }
    return before;
}

// A close frame's code and reason.
std::string close_of(RawPeer& peer) {
    ws::FrameHeader header;
    const ws::Buffer body = peer.receive_frame(header);
    REQUIRE(header.opcode == ws::Opcode::close);
    REQUIRE(body.size() >= 2);
    return std::to_string(ws::load_be<std::uint16_t>(body)) + ' ' +
           std::string{ws::as_text(body).substr(2)};
}

}  // namespace

TEST_CASE("wsc --run: each client has a program of its own, lines are messages both ways") {
    Running running{"while read -r line; do echo \"$$ got $line\"; done"};
    RawPeer one = open_peer(running.port, "/a");
    RawPeer two = open_peer(running.port, "/b");
    one.send_frame(ws::Opcode::text, "first");
    two.send_frame(ws::Opcode::text, "second\nthird");
    const std::string of_one = one.receive_text();
    const std::string of_two = two.receive_text();
    CHECK(of_one.ends_with(" got first"));
    CHECK(of_two.ends_with(" got second"));
    CHECK(two.receive_text().ends_with(" got third"));
    CHECK(of_one.substr(0, of_one.find(' ')) != of_two.substr(0, of_two.find(' ')));
    running.stop();
    CHECK(gone(of_one.substr(0, of_one.find(' '))));
}

TEST_CASE("§7.4.1 wsc --run: a program's end closes with 1000, or 1011 when it has failed") {
    Running well{"printf 'a\\r\\n\\n\\377\\nlast'"};
    RawPeer peer = open_peer(well.port);
    CHECK(peer.receive_text() == "a");
    CHECK(peer.receive_text() == "");
    ws::FrameHeader header;
    CHECK(peer.receive_frame(header) == ws::Buffer{0xFF});  // no UTF-8, so no text
    CHECK(header.opcode == ws::Opcode::binary);
    CHECK(peer.receive_text() == "last");
    CHECK(close_of(peer) == "1000 ");
    peer.close();
    well.stop();
    for (const auto& [command, words] :
         {std::pair{"exit 3", "1011 the program has ended with status 3"},
          {"kill -9 $$", "1011 the program has ended with status 137"},
          {"exec no-such-program 2>/dev/null", "1011 the program has ended with status 127"}}) {
        Running badly{command};
        RawPeer other = open_peer(badly.port);
        CHECK(close_of(other) == words);
    }
}

TEST_CASE("wsc --run: the program learns who asks for what, and a page from elsewhere gets none") {
    Running running{"echo \"$REMOTE_ADDR $PATH_INFO $QUERY_STRING\""};
    RawPeer peer = open_peer(running.port, "/a/b?c=d&e");
    const std::string line = peer.receive_text();
    CHECK(line.substr(line.find(' ')) == " /a/b c=d&e");
    RawPeer page{running.port};
    std::string request = test::sample_request(running.port);
    page.send(request.insert(request.size() - 2, "Origin: http://elsewhere.example\r\n"));
    CHECK(page.receive_head().starts_with("HTTP/1.1 403 "));
}

TEST_CASE("wsc --run: when its client goes the program is told, and then made to go") {
    // The first one obeys, the second one is deaf, and so is what it has started.
    for (const char* command : {"echo $$; exec sleep 1000", "trap '' HUP; echo $$; sleep 1000; sleep 1000"})
        for (const bool politely : {true, false}) {
            CAPTURE(command);
            Running running{command};
            RawPeer peer = open_peer(running.port);
            const std::string pid = peer.receive_text();
            if (politely)
                peer.send_frame(ws::Opcode::close, "\x03\xE8");
            else
                peer.reset();
            CHECK(gone(pid));
            running.stop();
        }
}

TEST_CASE("wsc --run: the end of its input is what a program sees when its client goes") {
    const test::TemporaryFolder folder;
    Running running{"trap '' HUP; echo ready; cat >/dev/null; echo over >'" + folder.path("seen") + "'"};
    RawPeer peer = open_peer(running.port);
    CHECK(peer.receive_text() == "ready");
    peer.send_frame(ws::Opcode::close, "");
    const net::Deadline deadline = net::after(test::patience);
    while (!std::filesystem::exists(folder.path("seen"))) REQUIRE(net::Clock::now() < *deadline);
    running.stop();
}

TEST_CASE("wsc --run: a client that does not read stops its program, and memory stays") {
    // However long all this takes, nobody is given up and no ping is among what is counted.
    Running running{"echo $$; exec yes $(printf '%01000d' 0)", {"--ping", "3600", "--write-timeout", "3600"}};
    RawPeer peer = open_peer(running.port);
    const std::string program = peer.receive_text();
    const std::size_t before = test::peak_memory(running.process.pid());
    const std::uint64_t written = written_at_last(program, running.process.pid());
    CHECK(written < 30u << 20);  // what a backlog, two kernels and a pipe hold
    CHECK(test::peak_memory(running.process.pid()) - before < 16u << 20);
    // And it goes on where it stopped.
    const std::string line(1000, '0');
    for (std::uint64_t i = 0; i < written / 1001 + 1000; ++i) REQUIRE(peer.receive_text() == line);
    peer.close();
    running.stop();
}

TEST_CASE("wsc --run: a program that does not read stops its client, and memory stays") {
    Running running{"echo ready; exec sleep 1000"};
    RawPeer peer = open_peer(running.port);
    CHECK(peer.receive_text() == "ready");
    const std::size_t before = test::peak_memory(running.process.pid());
    ws::FrameHeader header;
    header.masked = true;
    header.opcode = ws::Opcode::text;
    ws::Buffer frame;
    ws::append_frame(frame, header, ws::Buffer(100'000, 'x'));
    bool stopped = false;
    for (int i = 0; i < 1000 && !stopped; ++i)
        stopped = !net::send_all(peer.socket(), frame, net::after(std::chrono::seconds{1}));
    CHECK(stopped);
    CHECK(test::peak_memory(running.process.pid()) - before < 16u << 20);
    running.stop();
}

TEST_CASE("wsc --run: a line without an end is refused before it fills the memory") {
    Running running{"exec tr '\\0' x </dev/zero"};
    RawPeer peer = open_peer(running.port);
    CHECK(close_of(peer) == "1011 a line of more than 1 MiB");
    peer.close();
    running.stop();
}

TEST_CASE("wsc --run: no more programs than --max-programs, and a place that is left is given again") {
    Running running{"echo $$; exec cat", {"--max-programs", "1"}};
    RawPeer first = open_peer(running.port);
    const std::string pid = first.receive_text();
    RawPeer second{running.port};
    second.send(test::sample_request(running.port));
    CHECK(second.receive_head().starts_with("HTTP/1.1 503 "));
    first.close();
    CHECK(gone(pid));
    RawPeer third = open_peer(running.port);
    third.receive_text();
    third.send_frame(ws::Opcode::text, "hi");
    CHECK(third.receive_text() == "hi");
    running.stop();
}

TEST_CASE("wsc --run: what does not go together is said") {
    CHECK(test::run(wsc(), {"--run", "cat", "ws://localhost:1/"}).errors ==
          "error: --run works with --listen only (--help shows the options)\n");
    CHECK(test::run(wsc(), {"-l", "0", "--run", "cat", "--binary"}).errors ==
          "error: --run does not go together with --binary (--help shows the options)\n");
    CHECK(test::run(wsc(), {"-l", "/tmp/x", "--run", "cat"}).status == 2);
}
