// --pcap of the lessons' servers: what crosses is in the file, each connection as a stream of its own,
// and Wireshark's own reader, where it is installed, finds the frames.
#include <doctest/doctest.h>
#include <signal.h>

#include <array>
#include <map>

#include "tests/clients/wsc.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/support/packets.hpp"
#include "ws/hex.hpp"

using namespace test;

namespace {

// From the client, and from the server.
using Streams = std::array<std::string, 2>;

// By the client's port. The packets of each stream follow one another.
std::map<std::uint16_t, Streams> streams_of(const std::string& file) {
    std::map<std::uint16_t, Streams> streams;
    std::map<std::uint16_t, std::array<std::uint32_t, 2>> next;
    for (const Packet& packet : packets_of(contents_of(file))) {
        const std::size_t side = packet.from_client ? 0 : 1;
        std::uint32_t& number = next[packet.client_port][side];
        CHECK(packet.number == number);
        const bool counted = (packet.flags & 0b0000'0011) != 0;
        number += static_cast<std::uint32_t>(packet.payload.size()) + (counted ? 1 : 0);
        streams[packet.client_port][side] += packet.payload;
    }
    return streams;
}

// What tshark says of the frames in a file, "1 1 1 5" for a text of five bytes with FIN and a mask;
// nothing where there is no tshark.
std::string frames_by_tshark(const std::string& file) {
    const Finished finished =
        run("/usr/bin/env", {"tshark", "-r", file, "-Y", "websocket", "-T", "fields", "-E", "separator=/s",
                             "-e", "websocket.opcode", "-e", "websocket.fin", "-e", "websocket.mask", "-e",
                             "websocket.payload_length"});
    if (finished.status == 127) return "";
    CHECK(finished.status == 0);
    return finished.output;
}

// One client after the other says a word, hears it, and closes.
void talk(LessonServer& server, std::string_view text) {
    RawPeer peer = open_peer(server.port);
    peer.send_frame(ws::Opcode::text, text);
    CHECK(peer.receive_text() == text);
    peer.send_frame(ws::Opcode::close, "\x03\xE8");
    peer.expect_close(1000);
    peer.expect_end();
}

}  // namespace

TEST_CASE("--pcap: what crosses a server is in the file, and Wireshark finds the frames") {
    const TemporaryFolder folder;
    const std::string file = folder.path("packets");
    // FrameSocket, the blocking endpoint, the event loop, several loops.
    for (const char* lesson : {"06-native-echo", "08-messages", "11-event-loop", "15-many-cores"}) {
        CAPTURE(lesson);
        std::vector<std::string> options{"--pcap", file, "--trace"};
        if (lesson == std::string_view{"15-many-cores"}) options.push_back("--echo");
        LessonServer server{lesson, options};
        talk(server, "Hello");
        talk(server, "again");
        server.stop();
        const auto streams = streams_of(file);
        REQUIRE(streams.size() == 2);
        std::string texts;
        for (const auto& [port, both] : streams) {
            CHECK(both[0].starts_with("GET /ws HTTP/1.1\r\n"));
            CHECK(both[0].ends_with(ws::as_text("88 82 37 fa 21 3d 34 12"_hex)));
            CHECK(both[1].starts_with(sample_answer + "\x81\x05"));
            CHECK(both[1].ends_with("\x88\x02\x03\xE8"));
            texts += both[1].substr(sample_answer.size() + 2, 5) + ' ';
        }
        CHECK(texts == "Hello again ");
        if (const std::string frames = frames_by_tshark(file); !frames.empty())
            CHECK(frames == "1 1 1 5\n1 1 0 5\n8 1 1 2\n8 1 0 2\n1 1 1 5\n1 1 0 5\n8 1 1 2\n8 1 0 2\n");
    }
}

TEST_CASE("--pcap: a refusal and the page that was asked for are in the file, too") {
    const TemporaryFolder folder;
    for (const char* lesson : {"05-frames", "10-trust-nobody", "12-chat"}) {
        CAPTURE(lesson);
        const std::string file = folder.path("packets");
        LessonServer server{lesson, {"--pcap", file}};
        RawPeer peer{server.port};
        peer.send("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n");
        const std::string answer{ws::as_text(peer.receive_to_end())};
        server.stop();
        const auto streams = streams_of(file);
        REQUIRE(streams.size() == 1);
        CHECK(streams.begin()->second[1] == answer);
    }
}

TEST_CASE("--pcap: a file that cannot be written ends the start, a full disk only the capture") {
    const Finished refused = run(program("lessons/08-messages/server"), {"--port", "0", "--pcap", "/no/such"});
    CHECK(refused.status == 1);
    CHECK(refused.errors == "server: --pcap: cannot write '/no/such': No such file or directory\n");
    for (const char* lesson : {"06-native-echo", "08-messages", "11-event-loop"}) {
        CAPTURE(lesson);
        LessonServer server{lesson, {"--pcap", "/dev/full"}};
        talk(server, "Hello");
        talk(server, "again");
        server.process.signal(SIGINT);
        CHECK(server.process.wait() == 0);
        const std::string& errors = server.process.errors_so_far();
        const std::string line =
            "--pcap: cannot write '/dev/full': No space left on device; the capture ends here\n";
        const std::size_t at = errors.find(line);
        CHECK(at != errors.npos);
        CHECK(errors.find(line, at + 1) == errors.npos);
    }
}
