// Standard streams as they are in a bad hour: closed, full, or read by nobody. Every program of the
// course, with a shell before it that closes them.
#include <signal.h>

#include "tests/clients/wsc.hpp"
#include "tests/lessons/peers.hpp"

using namespace test;
using namespace test::literals;

namespace {

const std::vector<std::string> lessons{
    "01-tcp-echo",    "02-udp-echo", "03-byte-stream", "04-handshake",  "05-frames",
    "06-native-echo", "07-hello",    "08-messages",    "09-keep-alive", "10-trust-nobody",
    "11-event-loop",  "12-chat",     "13-streaming",   "14-compression",
    "15-many-cores",  "16-many-machines"};

// The command line, with its standard streams as `redirection` makes them.
std::vector<std::string> redirected(const std::string& redirection, const std::string& path,
                                    std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"-c", "exec \"$0\" \"$@\" " + redirection, path});
    return arguments;
}

// Echoes come back while nobody reads what the server prints; then it ends as it is told to.
void serve_unread(const std::string& lesson, const std::string& request_path) {
    CAPTURE(lesson);
    LessonServer server{lesson, {"--trace"}};
    RawPeer peer = open_peer(server.port, request_path);
    const std::string text(100, 'x');
    ws::FrameHeader header;
    for (int i = 0; i < 2000; ++i) {
        peer.send_frame(ws::Opcode::text, text);
        REQUIRE(peer.receive_frame(header).size() > 0);
    }
    // Somebody reads again: what was left out is said with the next line.
    const net::Deadline deadline = net::after(patience);
    while (server.process.errors_so_far().find(" left out here: nobody has read in time\n") ==
           std::string::npos) {
        REQUIRE(net::Clock::now() < *deadline);
        peer.send_frame(ws::Opcode::text, text);
        REQUIRE(peer.receive_frame(header).size() > 0);
    }
    peer.close();
    server.process.signal(SIGTERM);
    CHECK(server.process.wait() == 0);
}

}  // namespace

TEST_CASE(
    "standard streams: a server whose output nobody reads serves on, and says what it left out") {
    for (const char* lesson : {"08-messages", "09-keep-alive", "11-event-loop", "13-streaming", "14-compression"})
        serve_unread(lesson, "/ws");
}

TEST_CASE("standard streams: what is printed to a closed one is no frame") {
    for (const char* lesson : {"06-native-echo", "08-messages", "09-keep-alive", "12-chat", "16-many-machines"}) {
        CAPTURE(lesson);
        WscServer server;
        Process client{"/bin/sh", redirected("<&- >&- 2>&-",
                                             program("lessons/" + std::string{lesson} + "/client"),
                                             {server.url("/ws")})};
        RawPeer peer{server.listener};
        const std::string request = peer.receive_head();
        CHECK(request.starts_with("GET /ws HTTP/1.1\r\n"));
        peer.send(answer_to(request));
        ws::FrameHeader header;
        peer.receive_frame(header);  // fails for what is none
        CHECK(header.masked);
        client.signal(SIGTERM);
        peer.close();
        client.wait();
    }
}

TEST_CASE("standard streams: a server without standard input and error serves") {
    for (const std::string& lesson : lessons) {
        if (lesson < "05" || lesson == "12-chat" || lesson == "16-many-machines") continue;  // echoes frames
        CAPTURE(lesson);
        Process server{"/bin/sh", redirected("<&- 2>&-", program("lessons/" + lesson + "/server"),
                                             {"--port", "0", "--trace"})};
        const std::uint16_t port = listening_port(server.read_line());
        for (int i = 0; i < 3; ++i) {
            RawPeer peer = open_peer(port);
            peer.send("81 81"_hex);
            peer.reset();
        }
        RawPeer peer = open_peer(port);
        peer.send_frame(ws::Opcode::text, "x");
        ws::FrameHeader header;
        CHECK(peer.receive_frame(header).size() > 0);
        peer.close();
        server.signal(SIGTERM);
        CHECK(server.wait() == 0);
    }
}

TEST_CASE("standard streams: a server whose listening line was enough for its reader serves on") {
    for (const char* lesson : {"08-messages", "13-streaming"}) {
        CAPTURE(lesson);
        // The pipe's reader takes one line and goes, as `head -1`.
        Process pair{"/bin/sh",
                     {"-c", "{ \"$0\" --port 0 --trace 2>&1 & echo $! >&2; wait; } | head -1",
                      program("lessons/" + std::string{lesson} + "/server")}};
        const pid_t server = std::stoi(pair.read_error_line());
        const std::uint16_t port = listening_port(pair.read_line());
        for (int i = 0; i < 3; ++i) {
            RawPeer peer = open_peer(port);
            peer.send_frame(ws::Opcode::text, "x");
            ws::FrameHeader header;
            CHECK(peer.receive_frame(header).size() > 0);
        }
        ::kill(server, SIGTERM);
        CHECK(pair.wait() == 0);
    }
}

TEST_CASE("standard streams: text that a full disk does not take is no success") {
    const auto fails = [](const std::string& path, std::vector<std::string> arguments) {
        CAPTURE(path);
        const Finished finished =
            run("/bin/sh", redirected(">/dev/full", path, std::move(arguments)), "one\ntwo\n");
        CHECK(finished.status == 1);
        CHECK(finished.errors.find("cannot write to standard output: No space left on device\n") !=
              std::string::npos);
    };
    for (const std::string& lesson : lessons)
        for (const char* side : {"server", "client"})
            fails(program("lessons/" + lesson + '/' + side), {"--help"});
    fails(wsc(), {"--help"});
    fails(program("clients/explain"), {"81", "00"});
    for (const char* lesson : {"01-tcp-echo", "06-native-echo", "08-messages"}) {
        const LessonServer server{lesson};
        fails(program("lessons/" + std::string{lesson} + "/client"),
              {"--port", std::to_string(server.port)});
    }
    const LessonServer server{"08-messages"};
    fails(wsc(), {"-c", ":" + std::to_string(server.port) + "/ws"});
}
