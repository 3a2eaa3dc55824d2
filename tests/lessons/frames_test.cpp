// Lesson 5 over real sockets: the mirror under a hand-made client, the touring client under a
// hand-made server, and the two together.
#include <signal.h>

#include <fstream>

#include "tests/lessons/peers.hpp"

using namespace test;

namespace {

const std::string server_name = "05-frames";
const std::string client = "lessons/05-frames/client";

Finished run_client(std::uint16_t port, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--port", std::to_string(port), "--key", sample_key,
                                       "--masking-key", "37FA213D"});
    return run(program(client), arguments);
}

}  // namespace

TEST_CASE("lesson 5: the client's tour of every header form comes back the same") {
    LessonServer server{server_name};
    CHECK(server.listening_line == "Frame server at ws://localhost:8080/ws");
    const Finished finished = run_client(server.port, {});
    CHECK(finished.errors == "");
    CHECK(finished.status == 0);
    const std::string expected =
        "opcode  payload  header sent                                header back\n"
        "TEXT          5  81 85 37 FA 21 3D                          81 05\n"
        "TEXT          0  81 80 37 FA 21 3D                          81 00\n"
        "TEXT        125  81 FD 37 FA 21 3D                          81 7D\n"
        "TEXT        126  81 FE 00 7E 37 FA 21 3D                    81 7E 00 7E\n"
        "TEXT      65535  81 FE FF FF 37 FA 21 3D                    81 7E FF FF\n"
        "TEXT      65536  81 FF 00 00 00 00 00 01 00 00 37 FA 21 3D  81 7F 00 00 00 00 00 01 00 "
        "00\n"
        "BINARY        4  82 84 37 FA 21 3D                          82 04\n"
        "PING         14  89 8E 37 FA 21 3D                          89 0E\n"
        "CLOSE         2  88 82 37 FA 21 3D                          88 02\n";
    std::string without_verdict;
    for (std::size_t start = 0; start < finished.output.size();) {
        const std::size_t end = finished.output.find('\n', start);
        std::string line = finished.output.substr(start, end - start);
        CHECK((line.ends_with("  same") || start == 0));
        line.erase(line.rfind("  "));
        line.erase(line.find_last_not_of(' ') + 1);
        without_verdict += line + '\n';
        start = end + 1;
    }
    CHECK(without_verdict == expected);
    server.stop();
}

TEST_CASE("lesson 5: one frame of a chosen kind") {
    LessonServer server{server_name};
    for (const char* length : {"0", "1", "125", "126", "127", "65535", "65536"}) {
        const Finished finished = run_client(server.port, {"--opcode", "2", "--length", length});
        CHECK(finished.status == 0);
        CHECK(finished.output.find("BINARY") != std::string::npos);
    }
    CHECK(run_client(server.port, {"--text", ""}).status == 0);
    CHECK(run_client(server.port, {"--opcode", "8", "--length", "2"}).status == 0);
    const Finished reserved = run_client(server.port, {"--opcode", "3"});
    CHECK(reserved.status == 1);
    CHECK(reserved.output.find("DIFFERENT") != std::string::npos);
    CHECK(reserved.errors.find("got CLOSE FIN len=") != std::string::npos);
    CHECK(reserved.errors.find("the opcode is reserved (3 to 7, 11 to 15)") != std::string::npos);
    server.stop();
}

TEST_CASE("lesson 5: the mirror changes nothing but the mask") {
    LessonServer server{server_name};
    RawPeer peer = open_peer(server.port);
    for_every_split(
        "01 83 37 fa 21 3d 7f 9f 4d (TEXT, not FIN) 80 82 01 02 03 04 6d 6d (CONT FIN)"_hex,
        [&peer](Pieces& pieces) {
            for (const ws::Buffer& piece : pieces) peer.send(piece);
            REQUIRE(peer.receive(9) == "01 03 48 65 6c 80 02 6c 6f"_hex);
        });
    peer.send("89 80 00 00 00 00  8a 80 00 00 00 00"_hex);
    REQUIRE(peer.receive(4) == "89 00 8a 00"_hex);
    peer.send("88 82 00 00 00 00 03 e8"_hex);
    REQUIRE(peer.receive(4) == "88 02 03 e8"_hex);
    peer.expect_end();
    server.stop();
}

TEST_CASE("§5.1 lesson 5: --raw shows what an unmasked frame gets") {
    LessonServer server{server_name};
    const Finished finished = run_client(server.port, {"--raw", "81 05 48 65 6c 6c 6f"});
    CHECK(finished.errors.find(
              "  3 → 81 05 48 65 6C 6C 6F       TEXT FIN len=5 \"Hello\"  ✗ RFC 6455 §5.1: a frame "
              "from a client must be masked\n"
              "  4 ← 88 26 03 EA 61 20 66 72 …  CLOSE FIN len=38 1002") != std::string::npos);
    CHECK(finished.status == 0);
    CHECK(server.process.read_error_line().ends_with(
        "RFC 6455 §5.1: a frame from a client must be masked"));
    server.stop();
}

// Each row of the README's table of wrong frames: the bytes, and the sentence that they earn.
TEST_CASE("§5.2, §5.5 lesson 5: the wrong frames of the text break the rules that it names") {
    LessonServer server{server_name};
    std::ifstream text{"lessons/05-frames/README.md"};
    REQUIRE_MESSAGE(text, "the tests run in the root of the repository");
    int rows = 0;
    for (std::string line; std::getline(text, line);) {
        const std::size_t bytes_end = line.find("` | ", 3);
        const std::size_t sentence = line.rfind("| `");
        if (!line.starts_with("| `") || sentence == 0 || !line.ends_with("` |")) continue;
        ++rows;
        INFO(line);
        RawPeer peer = open_peer(server.port);
        peer.send(from_hex(line.substr(3, bytes_end - 3)));
        ws::FrameHeader header;
        const ws::Buffer close = peer.receive_frame(header);
        REQUIRE(header.opcode == ws::Opcode::close);
        REQUIRE(close.size() > 2);
        CHECK(ws::as_text(ws::Bytes{close}.first(2)) == "\x03\xEA");
        CHECK(ws::as_text(ws::Bytes{close}.subspan(2)) ==
              line.substr(sentence + 3, line.size() - sentence - 6));
        peer.expect_end();
    }
    CHECK(rows == 4);
    server.stop();
}

// The mistakes that the README shows: a server that answers with these bytes, and what the client
// says about them.
TEST_CASE("§5.2 lesson 5: the client names the mistake of a faulty server") {
    const auto verdict = [](const std::string& answer) {
        LessonServer server{server_name, {"--answer", answer}};
        const Finished finished =
            run_client(server.port, {"--length", "126", "--answer-timeout", "1"});
        CHECK(finished.status == 1);
        CHECK(finished.output.find("DIFFERENT") != std::string::npos);
        server.stop();
        return finished.errors;
    };
    CHECK(verdict("81 7e 61 61 61 61") ==
          "the frame 81 7E 61 61 is not complete: it announces 24929 bytes of payload, and 2 came "
          "(timed out)\n");
    CHECK(verdict("81 81 00 00 00 00 61") ==
          "the frame 81 81 00 00 00 00 breaks RFC 6455 §5.1: a frame from a server must not be "
          "masked\n");
    CHECK(verdict("c1 01 61") ==
          "the frame C1 01 breaks RFC 6455 §5.2: a reserved bit is set, and no extension that "
          "defines it was negotiated\n");
    CHECK(verdict("81 7e 00 05 48 65 6c 6c 6f") ==
          "the frame 81 7E 00 05 breaks RFC 6455 §5.2: the payload length is not written in its "
          "shortest form\n");
    CHECK(verdict("81 7f 00 00 7e 00 00 00 00 00").find("larger than") != std::string::npos);
    CHECK(verdict("81 05 48 65 6c 6c 6f") ==
          "Sent TEXT FIN masked len=126, got TEXT FIN len=5 "
          "\"Hello\"\n");
}

TEST_CASE("lesson 5: bad input on the command line, nobody listening, a wrong path") {
    CHECK(run(program(client), {"--raw", "8g"}).status == 2);
    CHECK(run(program(client), {"--opcode", "16"}).status == 2);
    CHECK(run(program("lessons/05-frames/server"), {"--answer", "8"}).status == 2);
    CHECK(run(program(client), {"--help"}).output.find("--raw HEX") != std::string::npos);
    CHECK(run(program("lessons/05-frames/server"), {"--help"}).status == 0);
    LessonServer server{server_name};
    const Finished lost = run_client(server.port, {"--path", "/elsewhere"});
    CHECK(lost.status == 1);
    CHECK(
        lost.errors ==
        "Handshake failed: HTTP/1.1 404 Not Found (there is no WebSocket endpoint at this path: "
        "/elsewhere); path /elsewhere\n");
    const std::uint16_t port = server.port;
    server.stop();
    CHECK(run_client(port, {}).status == 1);
}
