// The trace: what students read when they ask what crossed the wire.
#include "ws/trace.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/bytes.hpp"

using namespace test;
using ws::Direction;

namespace {

std::string trace(const std::vector<std::pair<Direction, ws::Buffer>>& chunks,
                  ws::Tracer::Start start = ws::Tracer::Start::frames) {
    std::string lines;
    ws::Tracer tracer{[&lines](std::string_view line) { (lines += line) += '\n'; }, start};
    for (const auto& [direction, bytes] : chunks) tracer.bytes(direction, bytes);
    tracer.end();
    return lines;
}

}  // namespace

TEST_CASE("trace: one line a frame, both directions, numbered as they crossed") {
    CHECK(trace({{Direction::from_client, "81 85 37 fa 21 3d 7f 9f 4d 51 58"_hex},
                 {Direction::from_server, "81 05 48 65 6c 6c 6f"_hex},
                 {Direction::from_server, "88 05 03 e8 62 79 65"_hex}}) ==
          "  1 → 81 85 37 FA 21 3D 7F 9F …  TEXT FIN masked len=5 \"Hello\"\n"
          "  2 ← 81 05 48 65 6C 6C 6F       TEXT FIN len=5 \"Hello\"\n"
          "  3 ← 88 05 03 E8 62 79 65       CLOSE FIN len=5 1000 \"bye\"\n");
}

TEST_CASE("trace: a tap gets the bytes as they are, with or without lines") {
    for (const bool lines_too : {false, true}) {
        std::string lines;
        std::string tapped;
        ws::Tracer::Sink sink;
        if (lines_too) sink = [&lines](std::string_view line) { lines += line; };
        ws::Tracer tracer{sink, ws::Tracer::Start::frames};
        tracer.bytes(Direction::from_client, "81 80"_hex);  // before the tap
        tracer.tap([&tapped](Direction direction, ws::Bytes bytes) {
            tapped += (direction == Direction::from_client ? '>' : '<') + ws::hex(bytes) + ' ';
        });
        std::size_t counted = 0;
        tracer.tap([&counted](Direction, ws::Bytes bytes) { counted += bytes.size(); });
        tracer.bytes(Direction::from_client, "01 02 03"_hex);
        tracer.bytes(Direction::from_client, {});
        tracer.bytes(Direction::from_server, "81 00"_hex);
        tracer.bytes(Direction::from_client, "04"_hex);
        tracer.end();
        CHECK(tapped == ">01 02 03 <81 00 >04 ");
        CHECK(counted == 6);
        CHECK(lines.empty() != lines_too);
    }
}

TEST_CASE("trace: the same line however the bytes were cut") {
    const ws::Buffer frame = "89 84 01 02 03 04 69 60 69 60 82 7e 00 7e"_hex + ws::Buffer(126, 0xAA);
    const std::string whole = trace({{Direction::from_client, frame}});
    CHECK(whole.find("[AA AA AA AA AA AA AA AA …]") != std::string::npos);
    test::for_every_split(frame, [&whole](test::Pieces& pieces) {
        std::vector<std::pair<Direction, ws::Buffer>> chunks;
        for (const ws::Buffer& piece : pieces) chunks.emplace_back(Direction::from_client, piece);
        CHECK(trace(chunks) == whole);
    });
}

TEST_CASE("trace: a head is shown as its lines, and what follows it as frames") {
    const std::string_view head = "GET /ws HTTP/1.1\r\nHost: a\x1b[2J\r\n\r\n";
    const ws::Buffer bytes = ws::Buffer{head.begin(), head.end()} + "89 80 01 02 03 04"_hex;
    const std::string whole = trace({{Direction::from_client, bytes}}, ws::Tracer::Start::http_head);
    CHECK(whole ==
          "  1 → GET /ws HTTP/1.1\n      Host: a\\x1B[2J\n"
          "  2 → 89 80 01 02 03 04          PING FIN masked len=0\n");
    test::for_every_split(bytes, [&whole](test::Pieces& pieces) {
        std::vector<std::pair<Direction, ws::Buffer>> chunks;
        for (const ws::Buffer& piece : pieces) chunks.emplace_back(Direction::from_client, piece);
        CHECK(trace(chunks, ws::Tracer::Start::http_head) == whole);
    });
}

TEST_CASE("trace: a server's refusal is text to its end, and its reason no frame") {
    const std::string_view answer = "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nNo.\n";
    test::for_every_split(test::as_bytes(answer), [](test::Pieces& pieces) {
        std::vector<std::pair<Direction, ws::Buffer>> chunks;
        for (const ws::Buffer& piece : pieces) chunks.emplace_back(Direction::from_server, piece);
        CHECK(trace(chunks, ws::Tracer::Start::http_head) ==
              "  1 ← HTTP/1.1 404 Not Found\n      Connection: close\n"
              "  2 ← No.\\n\n");
    });
}

TEST_CASE("trace: a broken rule is named beside the frame that broke it") {
    CHECK(trace({{Direction::from_client, "81 05 48 65 6c 6c 6f"_hex}}) ==
          "  1 → 81 05 48 65 6C 6C 6F       TEXT FIN len=5 \"Hello\""
          "  ✗ RFC 6455 §5.1: a frame from a client must be masked\n");
}

TEST_CASE("trace: what was cut off is shown as such") {
    CHECK(trace({{Direction::from_server, "81 7e 61 61 61"_hex}}) ==
          "  1 ← 81 7E 61 61 61             TEXT FIN len=24929 \"a\" (24928 bytes never came)\n");
    CHECK(trace({{Direction::from_server, "81 7e 61"_hex}}) ==
          "  1 ← 81 7E 61                   a frame's header that was never completed\n");
}

TEST_CASE("trace: a long text is cut between characters") {
    ws::Buffer frame = "81 1e"_hex;
    for (int i = 0; i < 10; ++i) ws::append(frame, test::as_bytes("€"));
    const std::string line = trace({{Direction::from_server, frame}});
    CHECK(line.find("\"€€€€€€€€…\"") != std::string::npos);
}

TEST_CASE("trace: once the server has agreed on compression, a text with RSV1 is shown as bytes") {
    const auto head = [](std::string_view extension) {
        const std::string text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                 "Sec-WebSocket-Extensions: " + std::string{extension} + "\r\n\r\n";
        return ws::Buffer{text.begin(), text.end()};
    };
    const auto after = [&](Direction direction, std::string_view extension) {
        return trace({{direction, head(extension)}, {direction, "c1 03 f2 48 cd"_hex}},
                     ws::Tracer::Start::http_head);
    };
    CHECK(after(Direction::from_server, "permessage-deflate").ends_with("TEXT FIN RSV1 len=3 [F2 48 CD]\n"));
    CHECK(after(Direction::from_server, "permessage-deflate; server_no_context_takeover").ends_with("[F2 48 CD]\n"));
    CHECK(after(Direction::from_server, "x-other").find("✗ RFC 6455 §5.2") != std::string::npos);
    // A client only offers.
    CHECK(after(Direction::from_client, "permessage-deflate").find("✗ RFC 6455 §5.2") != std::string::npos);
}

TEST_CASE("trace: a head without an end is shown and let go, an empty one is nothing") {
    const ws::Buffer endless(70'000, 'a');
    CHECK(trace({{Direction::from_client, endless}}, ws::Tracer::Start::http_head).size() > 60'000);
    CHECK(trace({{Direction::from_client, "0d 0a 0d 0a"_hex}}, ws::Tracer::Start::http_head) == "");
}

TEST_CASE("trace: of a text there is an ellipsis where something was left out, and only there") {
    for (const std::size_t size : {std::size_t{10}, std::size_t{60}, std::size_t{100}, std::size_t{120}}) {
        CAPTURE(size);
        const ws::Buffer frame = ws::Buffer{0x81, static_cast<std::uint8_t>(size)} + ws::Buffer(size, 'a');
        const std::string line = trace({{Direction::from_server, frame}});
        const std::string quoted = line.substr(line.find('"'));
        CHECK((quoted.find("…") != std::string::npos) == (std::ranges::count(quoted, 'a') < static_cast<std::ptrdiff_t>(size)));
    }
    // What never came is no part of it.
    CHECK(trace({{Direction::from_server, "81 05 61 62"_hex}}).find("\"ab\" (3 bytes never came)") != std::string::npos);
}
