// A peer's Close, and what may follow it: the exit status that it gives a client, and bytes that nobody
// wants any more. RFC 6455 §5.5.1, §7.1.1, §7.4.
#include <signal.h>

#include <fstream>

#include "tests/lessons/peers.hpp"
#include "ws/handshake.hpp"

using namespace test;
using namespace test::literals;

namespace {

// A client of a lesson, and its server in our hands.
struct Met {
    explicit Met(const std::string& lesson)
        : client{program("lessons/" + lesson + "/client"),
                 {"--host", "127.0.0.1", "--port", std::to_string(listener.port()), "--key", sample_key}},
          peer{listener} {
        peer.receive_head();
        peer.send(sample_answer);
    }
    net::Listener listener{"127.0.0.1", 0};
    Process client;
    RawPeer peer;
};

// The most memory that a process has held so far, in bytes; 0 when it has ended.
std::size_t peak_of(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/status"};
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) * 1024;
    return 0;
}

// Sends frames of a megabyte until the process takes no more; by how much it has grown meanwhile.
std::size_t growth_under_flood(RawPeer& peer, pid_t pid, bool masked) {
    ws::FrameHeader header;
    header.opcode = ws::Opcode::binary;
    header.masked = masked;
    ws::Buffer frame;
    ws::append_frame(frame, header, ws::Buffer(1 << 20, 'x'));
    const std::size_t before = peak_of(pid);
    std::size_t peak = before;
    for (int sent = 0; sent < 64 && peer.try_send(frame); ++sent) peak = std::max(peak, peak_of(pid));
    return std::max(peak, peak_of(pid)) - before;
}

constexpr std::size_t enough = 16 << 20;

}  // namespace

TEST_CASE("§7.4.1 a Close ends every client with one status: 0 where all went well, 1 for 1011") {
    for (const std::string lesson : {"06-native-echo", "07-hello", "08-messages", "09-keep-alive",
                                     "10-trust-nobody"})
        for (const int status : {0, 1}) {
            const ws::Buffer close = status == 0 ? "88 02 03 E8"_hex : "88 02 03 F3"_hex;
            CAPTURE(lesson);
            CAPTURE(status);
            Met met{lesson};
            met.peer.send(close);
            ws::FrameHeader header;
            do met.peer.receive_frame(header);
            while (header.opcode != ws::Opcode::close);
            met.peer.end_sending();
            CHECK(met.client.wait() == status);
            if (status != 0) CHECK(met.client.errors_so_far().find("1011") != std::string::npos);
        }
}

TEST_CASE("§5.5.1 lessons 6 and 7: what a server sends after its Close is read and dropped") {
    for (const std::string lesson : {"06-native-echo", "07-hello"}) {
        CAPTURE(lesson);
        Met met{lesson};
        met.peer.send("88 02 03 E8"_hex);
        met.peer.expect_close(1000);
        CHECK(growth_under_flood(met.peer, met.client.pid(), false) < enough);
        met.peer.close();
        CHECK(met.client.wait() == 0);
    }
}

TEST_CASE("§5.5.1 lessons 6 and 7: what a client sends after its Close is read and dropped") {
    for (const std::string lesson : {"06-native-echo", "07-hello"}) {
        CAPTURE(lesson);
        LessonServer server{lesson};
        RawPeer peer = open_peer(server.port);
        if (lesson == "07-hello") peer.receive_text();
        peer.send_frame(ws::Opcode::close, "\x03\xE8");
        peer.expect_close(1000);
        CHECK(growth_under_flood(peer, server.process.pid(), true) < enough);
        peer.close();
        server.stop();
    }
}
