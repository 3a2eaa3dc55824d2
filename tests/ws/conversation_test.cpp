// Frames judged in their order, as `make explain` does: RFC 6455 §5.4, §5.5.1, §7.4, §8.1.
#include "ws/conversation.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "tests/support/bytes.hpp"
#include "tests/support/errc.hpp"
#include "tests/support/exchange.hpp"
#include "tests/support/process.hpp"
#include "ws/close.hpp"
#include "ws/explain.hpp"

using namespace test;
using enum ws::Errc;

namespace {

// What each frame breaks; frames of a client may stand between those of a server.
std::vector<ws::Errc> judge(ws::Bytes bytes) {
    ws::Conversation client;
    ws::Conversation server;
    std::vector<ws::Errc> broken;
    ws::explain(bytes, [&](const ws::FrameHeader& header, ws::Bytes payload) {
        broken.push_back((header.masked ? client : server).take(header, payload));
        return broken.back();
    });
    return broken;
}

std::vector<ws::Errc> judge_both(ws::Bytes frames) {
    std::vector<ws::Errc> broken = judge(frames);
    CHECK(judge(masked(frames)) == broken);
    return broken;
}

using Broken = std::vector<ws::Errc>;

}  // namespace

TEST_CASE("§5.4 the order of frames, each frame judged, also behind a wrong one") {
    CHECK(judge_both("01 01 61  80 01 62"_hex) == Broken{none, none});
    CHECK(judge_both("80 01 61"_hex) == Broken{unexpected_continuation});
    CHECK(judge_both("81 01 61  00 01 62  80 00"_hex) ==
          Broken{none, unexpected_continuation, none});
    CHECK(judge_both("01 01 61  81 01 62  80 01 63"_hex) ==
          Broken{none, expected_continuation, unexpected_continuation});
    CHECK(judge_both("01 01 61  02 01 62  80 01 63"_hex) ==
          Broken{none, expected_continuation, none});
    // Control frames may come in between.
    CHECK(judge_both("01 01 61  89 00  8a 00  80 01 62"_hex) == Broken{none, none, none, none});
}

TEST_CASE("§5.4 the two directions have nothing to do with each other") {
    CHECK(judge("01 01 61  80 81 00 00 00 00 62  80 01 63"_hex) ==
          Broken{none, unexpected_continuation, none});
    CHECK(judge("01 01 61  01 81 00 00 00 00 62  80 81 00 00 00 00 63  80 01 64"_hex) ==
          Broken{none, none, none, none});
}

TEST_CASE("§8.1 text that is not UTF-8, in one frame, over frames, and as far as it is here") {
    CHECK(judge_both("81 02 c3 a4"_hex) == Broken{none});
    CHECK(judge_both("81 01 ff"_hex) == Broken{invalid_utf8});
    CHECK(judge_both("81 01 c3"_hex) == Broken{invalid_utf8});
    CHECK(judge_both("82 01 ff"_hex) == Broken{none});
    CHECK(judge_both("01 01 c3  80 01 a4"_hex) == Broken{none, none});
    CHECK(judge_both("01 01 c3  89 01 ff  80 01 28"_hex) == Broken{none, none, invalid_utf8});
    CHECK(judge_both("01 01 ff  00 01 ff  80 00"_hex) == Broken{invalid_utf8, none, none});
    CHECK(judge_both("02 01 ff  80 01 ff"_hex) == Broken{none, none});
    // Incomplete: the half of a character may be the kernel's cut, a wrong byte is wrong.
    CHECK(judge_both("81 02 c3"_hex) == Broken{none});
    CHECK(judge_both("81 03 61 ff"_hex) == Broken{invalid_utf8});
}

TEST_CASE("§7.4 every close code that must not be sent, and none that may") {
    for (unsigned code = 0; code <= 0xFFFF; ++code) {
        const ws::Buffer frame{0x88, 2, static_cast<std::uint8_t>(code >> 8),
                               static_cast<std::uint8_t>(code)};
        const bool right = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                           (code >= 3000 && code <= 4999);
        REQUIRE(judge(frame) == Broken{right ? none : invalid_close_code});
    }
    CHECK(judge_both("88 00"_hex) == Broken{none});
    CHECK(judge_both("88 01 03"_hex) == Broken{close_body_of_one_byte});
    CHECK(judge_both("88 04 03 e8 c3 a4"_hex) == Broken{none});
    CHECK(judge_both("88 03 03 e8 ff"_hex) == Broken{invalid_close_reason});
    CHECK(judge_both("88 03 03 e8 c3"_hex) == Broken{invalid_close_reason});
    CHECK(judge_both("88 02 03"_hex) == Broken{none});  // incomplete
    CHECK(judge_both("88 02 03 ed  88 02 03 ee"_hex) ==
          Broken{invalid_close_code, invalid_close_code});
}

TEST_CASE("§5.2 a frame with a wrong header begins and ends messages all the same") {
    // RSV1 is set: it may be compressed, so its bytes are no text to be judged.
    CHECK(judge("41 01 ff  80 01 ff"_hex) == Broken{none, none});
    CHECK(judge("83 01 61  01 01 61  8b 00  80 00"_hex) == Broken{none, none, none, none});
}

TEST_CASE("make explain marks what frames break together as it marks what one breaks") {
    const auto explain = [](const char* hex) {
        const Finished finished = run(program("clients/explain"), {hex});
        CHECK(finished.status == 0);
        CHECK(finished.errors == "");
        return finished.output;
    };
    const auto marks = [](const std::string& text, const std::string& rule) {
        return text.find("  ✗ RFC 6455 " + rule) != std::string::npos;
    };
    CHECK(marks(explain("88 02 03 ed"), "§7.4\n    this close code must not be sent\n"));
    CHECK(marks(explain("88 82 00 00 00 00 03 ee"), "§7.4\n"));
    CHECK(marks(explain("88 03 03 e8 ff"), "§5.5.1\n    the reason"));
    CHECK(marks(explain("88 01 03"), "§5.5.1\n    a Close body"));
    CHECK(marks(explain("81 01 ff"), "§8.1\n    a text message is not valid UTF-8\n"));
    CHECK(marks(explain("80 01 61"), "§5.4\n    a continuation frame came"));
    CHECK(marks(explain("01 01 61 81 01 62"), "§5.4\n    a new message began"));
    // A frame is marked once; the rule of its header comes first.
    const std::string both = explain("c0 01 ff");
    CHECK(marks(both, "§5.2\n"));
    CHECK_FALSE(marks(both, "§5.4\n"));
    CHECK(explain("01 03 48 65 6c  89 00  80 02 6c 6f  88 05 03 e8 62 79 65").find("✗") ==
          std::string::npos);
}
