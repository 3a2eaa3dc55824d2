// Lesson 14, end to end: what its two programs say of sizes, of a bomb and of a secret. RFC 7692.
#include <doctest/doctest.h>

#include "tests/lessons/peers.hpp"

using namespace test;
using namespace test::literals;

namespace {

constexpr const char* lesson = "14-compression";

Finished run_client(std::uint16_t port, std::vector<std::string> more, const std::string& input = "") {
    more.insert(more.begin(), {"--port", std::to_string(port)});
    return run(program("lessons/14-compression/client"), more, input);
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string lines(int count) {
    std::string text;
    for (int i = 0; i < count; ++i)
        text += "{\"user\":\"ada\",\"text\":\"line " + std::to_string(i) + "\"}\n";
    return text;
}

// "Sent N bytes as M, ...": M.
std::uint64_t on_the_wire(const Finished& finished) {
    const std::size_t total = finished.output.rfind("Sent ");
    REQUIRE(total != std::string::npos);
    return std::stoull(finished.output.substr(finished.output.find(" as ", total) + 4));
}

}  // namespace

TEST_CASE("lesson 14: the server says where it is, and Ctrl-C ends it with status 0") {
    LessonServer server{lesson, {"--compress"}};
    CHECK(server.listening_line == "Compressing server at ws://localhost:8080/ws ...");
    server.stop();
}

TEST_CASE("lesson 14: messages have the sizes that the client says, in each mode") {
    LessonServer server{lesson, {"--compress", "--compress-threshold", "0"}};
    const std::string input = lines(50);
    const auto with = [&](std::vector<std::string> options) {
        const Finished finished = run_client(server.port, options, input);
        CHECK(finished.status == 0);
        for (int i = 0; i < 50; ++i)
            CHECK(contains(finished.output, "\"line " + std::to_string(i) + "\"} ("));
        return on_the_wire(finished);
    };
    const std::uint64_t plain = with({});
    const std::uint64_t takeover = with({"--compress", "--compress-threshold", "0"});
    const std::uint64_t alone = with({"--compress", "--compress-threshold", "0", "--no-context-takeover"});
    CHECK(plain == input.size() - 50);
    CHECK(takeover < plain / 3);
    CHECK(alone > takeover);
    CHECK(alone <= plain);
}

TEST_CASE("lesson 14: without --compress at either end nothing is compressed") {
    for (const bool at_server : {true, false}) {
        LessonServer server{lesson, at_server ? std::vector<std::string>{"--compress"}
                                              : std::vector<std::string>{}};
        const Finished finished =
            run_client(server.port, at_server ? std::vector<std::string>{"--trace"}
                                              : std::vector<std::string>{"--trace", "--compress"},
                       std::string(200, 'a') + '\n');
        CHECK(finished.status == 0);
        CHECK(contains(finished.output, "Sent 200 bytes as 200, received 200 bytes as 200\n"));
        CHECK(!contains(finished.errors, "RSV1"));
    }
}

TEST_CASE("lesson 14: a bomb is refused with 1009, and the server stays as it is") {
    LessonServer server{lesson, {"--compress", "--max-message-bytes", "1M"}};
    const Finished finished = run_client(server.port, {"--compress", "--bomb", "100M"});
    CHECK(finished.status == 1);
    CHECK(contains(finished.output, "Sent: 104857600 bytes as 10"));
    CHECK(contains(finished.errors, "Disconnected: closed: 1009 (message too big)"));
    CHECK(contains(server.process.read_error_line(),
                   "Read error: RFC 6455 §10.4: the message is larger than this endpoint allows; failed "
                   "with 1009"));
    const Finished small = run_client(server.port, {"--compress", "--bomb", "1M"});
    CHECK(small.status == 0);
    CHECK(contains(small.output, "Received: 1048576 bytes as "));
}

TEST_CASE("lesson 14: a corrupt message is named in one line of the log") {
    LessonServer server{lesson, {"--compress"}};
    RawPeer peer{server.port};
    std::string request = sample_request(server.port);
    request.insert(request.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    peer.send(request);
    peer.receive_head();
    peer.send("c1 81 00 00 00 00 07 (a block of the type 3)"_hex);
    peer.expect_close(1007);
    peer.close();
    CHECK(contains(server.process.read_error_line(),
                   "Read error: RFC 1951 §3.2.3: the compressed message holds a block of the reserved type 3; "
                   "failed with 1007"));
}

TEST_CASE("lesson 14: a secret beside the client's text is found out by lengths") {
    const std::string secret = "4f1c93aa";
    const std::vector<std::string> guess{"--compress", "--no-context-takeover", "--guess"};
    SUBCASE("while it is compressed") {
        LessonServer server{lesson, {"--compress", "--secret", secret, "--leak"}};
        CHECK(contains(run_client(server.port, guess).output, "The secret is " + secret + "\n"));
    }
    SUBCASE("and otherwise not") {
        LessonServer server{lesson, {"--secret", secret, "--leak"}};
        CHECK(contains(run_client(server.port, guess).output, "The lengths tell nothing.\n"));
    }
    SUBCASE("nor in a message of its own") {
        LessonServer server{lesson, {"--compress", "--compress-threshold", "0", "--secret", secret}};
        CHECK(contains(run_client(server.port, guess).output, "The lengths tell nothing.\n"));
        const Finished told = run_client(server.port, {"--compress"}, "hi\n\n");
        CHECK(contains(told.output, "session token is " + secret));
    }
}
