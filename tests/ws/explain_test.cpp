// Bytes explained bit by bit: what is shown, what is missing, what is wrong.
#include "ws/explain.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/support/bytes.hpp"

using namespace test::literals;
using test::operator+;

namespace {

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// The width of the widest line: characters, not bytes.
std::size_t widest(const std::string& text) {
    std::size_t most = 0;
    std::size_t columns = 0;
    for (const char c : text) {
        if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++columns;
        if (c == '\n') {
            most = std::max(most, columns - 1);
            columns = 0;
        }
    }
    return most;
}

}  // namespace

TEST_CASE("§5.2 a frame is drawn bit by bit") {
    CHECK(ws::explain("81 85 37 fa 21 3d 7f 9f 4d 51 58"_hex) ==
          "Frame 1, 11 bytes from offset 0, from a client\n"
          "   81                                              85\n"
          "  ┌───────┬───────┬───────┬───────┬───────────────┬───────┬─────────────────┐\n"
          "  │   1   │   0   │   0   │   0   │    0 0 0 1    │   1   │  0 0 0 0 1 0 1  │\n"
          "  └───────┴───────┴───────┴───────┴───────────────┴───────┴─────────────────┘\n"
          "     FIN    RSV1    RSV2    RSV3       opcode       MASK        length\n"
          "    last      -       -       -         text         yes           5\n"
          "     2  37 FA 21 3D               masking key\n"
          "     6  7F 9F 4D 51 58            payload, masked\n"
          "        48 65 6C 6C 6F            unmasked: \"Hello\"\n");
}

TEST_CASE("§5.2 each bit stands where it belongs") {
    CHECK(contains(ws::explain_frame("41 00"_hex), "│   0   │   1   │   0   │   0   │    0 0 0 1"));
    CHECK(contains(ws::explain_frame("22 00"_hex), "│   0   │   0   │   1   │   0   │    0 0 1 0"));
    CHECK(contains(ws::explain_frame("1a 00"_hex), "│   0   │   0   │   0   │   1   │    1 0 1 0"));
    CHECK(contains(ws::explain_frame("80 55"_hex), "│   0   │  1 0 1 0 1 0 1  │"));
    CHECK(contains(ws::explain_frame("00 00"_hex),
                   "    more      -       -       -     continuation"));
}

TEST_CASE("§5.2 extended lengths are shown with their values") {
    const std::string two = ws::explain("82 7e 01 00"_hex + ws::Buffer(256, 7));
    CHECK(contains(two, "126: next 2 bytes\n"));
    CHECK(contains(two, "     2  01 00                     length 256\n"));
    CHECK(contains(two, "     4  07 07 07 07 07 07 07 07 … payload\n"));
    CHECK_FALSE(contains(two, "✗"));

    const std::string eight = ws::explain("82 7f 00 00 00 00 00 01 00 00"_hex + ws::Buffer(65536));
    CHECK(contains(eight, "127: next 8 bytes\n"));
    CHECK(contains(eight, "     2  00 00 00 00 00 01 00 00   length 65536\n"));
    CHECK_FALSE(contains(eight, "incomplete"));
}

TEST_CASE("§5.5.1 a Close shows its code and reason, masked or not") {
    const std::string plain = ws::explain("88 05 03 e8 62 79 65"_hex);
    CHECK(contains(plain, "     2  03 E8                     Close code 1000\n"));
    CHECK(contains(plain, "     4  62 79 65                  reason \"bye\"\n"));

    const std::string masked = ws::explain("88 82 37 fa 21 3d 34 12"_hex);
    CHECK(contains(masked, "     6  34 12                     payload, masked\n"));
    CHECK(contains(masked, "        03 E8                     Close code 1000\n"));
    CHECK_FALSE(contains(masked, "reason"));

    CHECK(contains(ws::explain("88 01 03"_hex), "✗ RFC 6455 §5.5.1\n"));
    CHECK_FALSE(contains(ws::explain("88 00"_hex), "✗"));
}

TEST_CASE("§5.7 several frames in a row, with the offset of each") {
    const std::string text = ws::explain("01 03 48 65 6c (Hel) 80 02 6c 6f (lo)"_hex);
    CHECK(contains(text, "Frame 1, 5 bytes from offset 0, from a server\n"));
    CHECK(contains(text, "payload: \"Hel\"\n\nFrame 2, 4 bytes from offset 5, from a server\n"));
    CHECK(contains(text, "     7  6C 6F                     payload: \"lo\"\n"));
    CHECK_FALSE(contains(text, "Frame 3"));
    CHECK(contains(ws::explain_frame("80 02 6c 6f"_hex, 5), "     7  6C 6F   "));
}

TEST_CASE("an incomplete frame says which field ends too early, and how much of it is missing") {
    const ws::Buffer whole = "81 fe 00 7e (126) 37 fa 21 3d"_hex + ws::Buffer(126);
    struct Case {
        std::size_t size;
        std::string missing;
    };
    const Case cases[] = {{0, "no byte is here"},
                          {1, "1 more byte of the first two bytes is missing"},
                          {2, "2 more bytes of the length are missing"},
                          {3, "1 more byte of the length is missing"},
                          {4, "4 more bytes of the masking key are missing"},
                          {7, "1 more byte of the masking key is missing"},
                          {8, "126 more bytes of the payload are missing"},
                          {133, "1 more byte of the payload is missing"}};
    for (const Case& c : cases) {
        CAPTURE(c.size);
        const std::string text = ws::explain(ws::Bytes{whole}.first(c.size));
        CHECK(contains(text, "  … incomplete: " + c.missing + '\n'));
    }
    CHECK_FALSE(contains(ws::explain(whole), "incomplete"));
    // What is here of a payload is shown all the same.
    CHECK(contains(ws::explain("81 05 48 65"_hex), "payload: \"He\"\n"));
}

TEST_CASE("a wrong frame names the rule, as its receiver would") {
    CHECK(contains(ws::explain("c1 00"_hex), "  ✗ RFC 6455 §5.2\n    a reserved bit is set"));
    CHECK(contains(ws::explain("83 00"_hex), "  ✗ RFC 6455 §5.2\n    the opcode is reserved"));
    CHECK(contains(ws::explain("09 00"_hex), "  ✗ RFC 6455 §5.5\n    a control frame must not"));
    CHECK(contains(ws::explain("89 7e 00 7e"_hex), "  ✗ RFC 6455 §5.5\n    a control frame has"));
    CHECK(contains(ws::explain("81 7e 00 05"_hex), "shortest form\n"));
    const std::string huge = ws::explain("82 7f ff ff ff ff ff ff ff ff 00"_hex);
    CHECK(contains(huge, "length 18446744073709551615\n"));
    CHECK(contains(huge, "the most significant bit"));
    CHECK(contains(huge, "18446744073709551614 more bytes of the payload"));
    // Masked or not, either is right for one of the two.
    CHECK_FALSE(contains(ws::explain("81 80 00 00 00 00"_hex), "✗"));
    CHECK_FALSE(contains(ws::explain("81 00"_hex), "✗"));
}

TEST_CASE("nothing from a payload reaches the terminal raw, and lines fit into 80 columns") {
    const std::string text = ws::explain("81 04 1b 5b 32 4a"_hex);
    CHECK(contains(text, "payload: \"\\x1B[2J\"\n"));
    CHECK(text.find('\x1b') == std::string::npos);

    for (const char* payload : {"\x1b", "a", "\xc3\xa4"}) {
        ws::Buffer bytes = "81 fe 01 00 00 00 00 00"_hex;
        while (bytes.size() < 8 + 256) ws::append(bytes, ws::as_bytes(payload));
        bytes.resize(8 + 256);
        CHECK(widest(ws::explain(bytes)) <= 80);
    }
    CHECK(widest(ws::explain("ff ff ff ff ff ff ff ff ff ff 00"_hex)) <= 80);
    CHECK(widest(ws::explain("81 7f 7f ff ff ff ff ff ff ff 00"_hex)) <= 80);
}

TEST_CASE("any two bytes can be explained") {
    for (unsigned i = 0; i < 65536; i += 3) {
        const ws::Buffer bytes{static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
        const std::string text = ws::explain(bytes);
        REQUIRE(contains(text, "Frame 1, 2 bytes"));
        REQUIRE(widest(text) <= 80);
    }
}

TEST_CASE("offsets of six digits and more are shown whole") {
    const std::string text =
        ws::explain("82 7f 00 00 00 00 00 01 86 a0"_hex + ws::Buffer(100'000, 7) + "81 02 68 69"_hex);
    CHECK(contains(text, "Frame 2, 4 bytes from offset 100010"));
    CHECK(contains(text, "\n100012  68 69"));
}
