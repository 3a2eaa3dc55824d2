// Lesson 13, end to end: messages that are larger than what a program may hold. RFC 6455 §5.4,
// §6.2.
#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "lessons/13-streaming/progress.hpp"
#include "lessons/13-streaming/source.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/support/terminal.hpp"

using namespace test;

namespace {

constexpr const char* lesson = "13-streaming";
const std::string client = "lessons/13-streaming/client";

std::vector<std::string> to(std::uint16_t port, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--port", std::to_string(port)});
    return more;
}

// The last line of the server's log, without the time and the peer's address.
std::string next_log_line(LessonServer& server) {
    const std::string line = server.process.read_error_line();
    return line.substr(line.find(' ', line.find(' ') + 1) + 1);
}

// A file with these contents, until the end of the test.
struct ScratchFile {
    explicit ScratchFile(std::string_view contents) {
        const int fd = ::mkstemp(path.data());
        REQUIRE(fd >= 0);
        ::close(fd);
        std::ofstream{path, std::ios::binary} << contents;
    }
    ~ScratchFile() { ::unlink(path.c_str()); }
    std::string path = "/tmp/streaming-test-XXXXXX";
};

// RFC 3174 §7.3
const std::string abc = "3 bytes, SHA-1 a9993e364706816aba3e25717850c26c9cd0d89d";

}  // namespace

TEST_CASE("lesson 13: the server says where it is, and Ctrl-C ends it with status 0") {
    LessonServer server{lesson};
    CHECK(server.listening_line == "Streaming server at ws://localhost:8080/ws ...");
    server.stop();
}

TEST_CASE("lesson 13: both ends print the same SHA-1, of standard input and of a file") {
    LessonServer server{lesson};
    const ScratchFile file{"abc"};
    Finished result;
    SUBCASE("standard input") { result = run(program(client), to(server.port), "abc"); }
    SUBCASE("a file") { result = run(program(client), to(server.port, {"--file", file.path})); }
    SUBCASE("in frames of one byte") {
        result = run(program(client), to(server.port, {"--frame", "1", "--text"}), "abc");
    }
    CHECK(result.status == 0);
    CHECK(result.output == "Sent:     " + abc + "\nServer:   " + abc + "\n");
    CHECK(result.errors.empty());  // no progress bar in a pipe
    CHECK(server.process.read_line().starts_with("Received: " + abc + ", in "));
    CHECK(next_log_line(server) == "closed: 1000 (normal closure)");
}

TEST_CASE("lesson 13: an empty message") {
    LessonServer server{lesson};
    const Finished result = run(program(client), to(server.port, {"--echo"}));
    const std::string nothing = "0 bytes, SHA-1 da39a3ee5e6b4b0d3255bfef95601890afd80709\n";
    CHECK(result.status == 0);
    CHECK(result.output ==
          "Sent:     " + nothing + "Returned: " + nothing + "Server:   " + nothing);
}

TEST_CASE("lesson 13: twenty MiB there and back, more than the limit of a message in memory") {
    LessonServer server{lesson, {"--max-message-bytes", "20M"}};
    const Finished result =
        run(program(client),
            to(server.port, {"--size", "20M", "--echo", "--max-message-bytes", "20M"}));
    CHECK(result.status == 0);
    CHECK(result.errors.empty());
    const std::string sum = result.output.substr(10, result.output.find('\n') - 10);
    CHECK(sum.starts_with("20971520 bytes, SHA-1 "));
    CHECK(result.output == "Sent:     " + sum + "\nReturned: " + sum + "\nServer:   " + sum + '\n');
    CHECK(server.process.read_line().starts_with("Received: " + sum + ", in "));
}

TEST_CASE("lesson 13: the limit holds on either side, in the middle of the message") {
    LessonServer server{lesson, {"--max-message-bytes", "1M"}};
    SUBCASE("the server's") {
        const Finished result = run(program(client), to(server.port, {"--size", "2M"}));
        CHECK(result.status == 1);
        CHECK(result.output.empty());
        CHECK(result.errors ==
              "Disconnected: closed: 1009 (message too big) \"the message is larger "
              "than this endpoint allows\"\n");
        // Sixteen frames of 64 KiB are the limit; the seventeenth is refused by its header.
        CHECK(next_log_line(server) ==
              "Read error: RFC 6455 §10.4: the message is larger than this endpoint allows; failed "
              "with 1009, 1048576 bytes into a message");
    }
    SUBCASE("the client's") {
        const Finished result =
            run(program(client),
                to(server.port, {"--size", "1M", "--echo", "--max-message-bytes", "512K"}));
        CHECK(result.status == 1);
        CHECK(result.errors.starts_with("Disconnected: RFC 6455 §10.4: "));
    }
    CHECK(run(program(client), to(server.port), "abc").status == 0);
}

TEST_CASE("lesson 13: an input that is no text ends the message, and the server is told") {
    LessonServer server{lesson};
    Process sender{program(client), to(server.port, {"--text", "--frame", "2"})};
    sender.write("abc");
    sender.write("\xFF");
    sender.close_stdin();
    CHECK(sender.wait() == 1);
    CHECK(sender.output_so_far().empty());
    CHECK(sender.errors_so_far().starts_with(
        "client: a text message must be valid UTF-8 (RFC 6455 §5.6)\nDisconnected: closed: 1011"));
}

TEST_CASE("lesson 13: a peer that goes in the middle: the server says how far it came") {
    LessonServer server{lesson};
    RawPeer peer = open_peer(server.port);
    ws::Buffer frame;
    ws::append_frame(frame, {.fin = false, .opcode = ws::Opcode::binary, .masked = true},
                     ws::Buffer(1000));
    peer.send(frame);
    SUBCASE("by a reset") {
        // The ping's answer proves that the bytes before it have been read.
        peer.send_frame(ws::Opcode::ping, "?");
        CHECK(peer.receive(3) == "8a 01 3f"_hex);
        peer.reset();
        CHECK(
            next_log_line(server).ends_with("Connection reset by peer, 1000 bytes into a message"));
    }
    SUBCASE("by a Close") {
        peer.send_frame(ws::Opcode::close, "\x03\xe8");
        peer.expect_close(1000);
        CHECK(next_log_line(server) == "closed: 1000 (normal closure), 1000 bytes into a message");
    }
    CHECK(run(program(client), to(server.port), "abc").status == 0);
}

TEST_CASE("lesson 13: Ctrl-C, in the client and in the server, in the middle of a message") {
    LessonServer server{lesson};
    Process sender{program(client), to(server.port, {"--frame", "2", "--trace"})};
    sender.write("abc");
    // The trace shows when the first frame is on its way.
    while (sender.read_error_line().find("BIN") == std::string::npos) {
    }
    SUBCASE("in the client") {
        sender.signal(SIGINT);
        CHECK(sender.wait() == 1);
        CHECK(next_log_line(server) ==
              "closed: 1001 (going away) \"interrupted\", 2 bytes into a message");
        server.stop();
    }
    SUBCASE("in the server") {
        server.process.signal(SIGINT);
        CHECK(sender.wait() == 1);
        CHECK(server.process.wait() == 0);
    }
    CHECK(sender.errors_so_far().find("\nDisconnected: closed: 1001 (going away)") !=
          std::string::npos);
    CHECK(sender.output_so_far().empty());
}

TEST_CASE(
    "lesson 13: on a terminal there is a progress bar, and at the end nothing is left of it") {
    LessonServer server{lesson};
    Terminal terminal{program(client), to(server.port)};
    terminal.type("abc\n");
    terminal.expect("\n4 B  ");
    terminal.expect("B/s");
    terminal.type("\x04");  // Ctrl-D
    CHECK(terminal.wait() == 0);
    CHECK(terminal.screen().find("B/s") == std::string::npos);
    CHECK(terminal.screen().starts_with("abc\nSent:     4 bytes, SHA-1 "));
}

TEST_CASE("lesson 13: what cannot work is told in one line") {
    CHECK(run(program(client), {"--frame", "0"}).status == 2);
    CHECK(run(program(client), {"--size", "5Q"})
              .errors.starts_with(
                  "client: --size '5Q': expected a size such as 1000, 64K, 16M or 4G, from 0 to "));
    const Finished result = run(program(client), {"--file", "/no/such/file"});
    CHECK(result.status == 1);
    CHECK(result.errors == "client: cannot open '/no/such/file': No such file or directory\n");
}

TEST_CASE("lesson 13: sizes as people write them") {
    CHECK(cli::parse_size("0") == 0);
    CHECK(cli::parse_size("1000") == 1000);
    CHECK(cli::parse_size("64K") == 65'536);
    CHECK(cli::parse_size("4G") == 4'294'967'296);
    CHECK(cli::parse_size("1073741824G") == std::uint64_t{1} << 60);
    for (const char* wrong : {"", "K", "1k", "1KG", "-1", "1.5G", "1073741825G",
                              "18446744073709551616", "17179869184G"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(cli::parse_size(wrong), cli::UsageError);
    }
    CHECK(cli::shown_size(512) == "512 B");
    CHECK(cli::shown_size(1536) == "1.5 KiB");
    CHECK(cli::shown_size(1'048'575) == "1.0 MiB");
    CHECK(cli::shown_size(4'294'967'296) == "4.0 GiB");
}

TEST_CASE("lesson 13: the progress bar's line") {
    constexpr std::uint64_t gib = 1u << 30;
    CHECK(progress_line(gib, 2 * gib, 4) ==
          "[############            ]  50%  1.0 GiB of 2.0 GiB  256.0 MiB/s  0:04 left");
    CHECK(progress_line(2 * gib, 2 * gib, 4) ==
          "[########################] 100%  2.0 GiB of 2.0 GiB  512.0 MiB/s");
    CHECK(progress_line(gib, 100 * gib, 10) ==
          "[                        ]   1%  1.0 GiB of 100.0 GiB  102.4 MiB/s  16:30 left");
    CHECK(progress_line(0, gib, 0) == "[                        ]   0%  0 B of 1.0 GiB  0 B/s");
    CHECK(progress_line(0, 0, 1) == "[########################] 100%  0 B of 0 B  0 B/s");
    // From a pipe: nobody knows how long it will take.
    CHECK(progress_line(gib, std::nullopt, 4) == "1.0 GiB  256.0 MiB/s");
    // A file that has grown meanwhile.
    CHECK(progress_line(3 * gib, gib, 3).starts_with("[########################] 100%  3.0 GiB"));
}

TEST_CASE("lesson 13: generated bytes are the same however they are read") {
    const auto generate = [](std::size_t block_size) {
        Source source = Source::open("", 1000);
        ws::Buffer all;
        ws::Buffer block(block_size);
        for (;;) {
            const auto count = source.read(block, {-1, -1});
            REQUIRE(count);
            if (*count == 0) return all;
            ws::append(all, ws::Bytes{block}.first(*count));
        }
    };
    const ws::Buffer whole = generate(4096);
    CHECK(whole.size() == 1000);
    for (const std::size_t size : {1u, 3u, 8u, 999u, 1000u}) CHECK(generate(size) == whole);
}
