// Bytes as people read and write them.
#include "ws/hex.hpp"

#include <doctest/doctest.h>

#include "ws/unhex.hpp"

using ws::as_bytes;
using ws::Buffer;
using ws::escape;
using ws::quote;

TEST_CASE("hex: pairs of digits, cut with an ellipsis") {
    CHECK(ws::hex(Buffer{}) == "");
    CHECK(ws::hex(Buffer{0x00, 0x7F, 0x80, 0xFF}) == "00 7F 80 FF");
    CHECK(ws::hex(Buffer{1, 2, 3}, 3) == "01 02 03");
    CHECK(ws::hex(Buffer{1, 2, 3}, 2) == "01 02 …");
    CHECK(ws::hex(Buffer{1}, 0) == "…");
}

TEST_CASE("unhex: the forms in which people have bytes") {
    const Buffer hello{0x81, 0x05, 0x48};
    for (const char* text : {"81 05 48", "810548", "81:05:48", "0x81, 0x05, 0x48", "0X810548",
                             "\\81\\05\\48", "{ 0x81,0x05,0x48 };", "  81\n05\t48  "}) {
        CAPTURE(text);
        CHECK(ws::unhex(text) == hello);
    }
    CHECK(ws::unhex("fF Ff") == Buffer{0xFF, 0xFF});
    CHECK(ws::unhex("") == Buffer{});
    CHECK(ws::unhex("00") == Buffer{0});
    for (const char* text : {"8", "81 0", "8 1", "81 0g", "hello", "81 5", "x81"}) {
        CAPTURE(text);
        CHECK_FALSE(ws::unhex(text).has_value());
    }
}

TEST_CASE("escape: text stays, control bytes and what is no UTF-8 do not") {
    CHECK(escape("Grüße, 漢字, 😀 \"quoted\" \\ ~") == "Grüße, 漢字, 😀 \"quoted\" \\ ~");
    CHECK(escape("a\nb\r\tc") == "a\\nb\\r\\tc");
    CHECK(escape(std::string_view{"\0\x1b[2J\x7f", 6}) == "\\x00\\x1B[2J\\x7F");
    for (int c = 0; c < 0x20; ++c) {
        CAPTURE(c);
        CHECK(escape(std::string(1, static_cast<char>(c))).front() == '\\');
    }
    // C1 controls: a terminal takes U+009B for ESC [.
    for (int second = 0x80; second < 0xA0; ++second)
        CHECK(escape(std::string{'\xC2', static_cast<char>(second)}).starts_with("\\xC2\\x"));
    CHECK(escape("\xC2\xA0") == "\xC2\xA0");
}

TEST_CASE("escape: every kind of invalid UTF-8, byte by byte") {
    CHECK(escape("\x80") == "\\x80");                    // a continuation without its lead
    CHECK(escape("\xC3") == "\\xC3");                    // a lead without continuation
    CHECK(escape("\xC3x") == "\\xC3x");                  // a lead, then something else
    CHECK(escape("\xE2\x82") == "\\xE2\\x82");           // cut off
    CHECK(escape("\xC0\xAF") == "\\xC0\\xAF");           // over-long '/'
    CHECK(escape("\xE0\x80\xAF") == "\\xE0\\x80\\xAF");  // the same in three
    CHECK(escape("\xF0\x80\x80\xAF") == "\\xF0\\x80\\x80\\xAF");
    CHECK(escape("\xED\xA0\x80") == "\\xED\\xA0\\x80");           // a surrogate
    CHECK(escape("\xF4\x90\x80\x80") == "\\xF4\\x90\\x80\\x80");  // beyond U+10FFFF
    CHECK(escape("\xF5\x80\x80\x80") == "\\xF5\\x80\\x80\\x80");
    CHECK(escape("\xFE\xFF") == "\\xFE\\xFF");
    CHECK(escape("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF") ==
          "\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF");  // the valid neighbours of all these
}

TEST_CASE("escape: what hides something or turns its neighbours is shown by its number") {
    CHECK(escape("gpj.\u202Eexe") == "gpj.\\u202Eexe");
    CHECK(escape("a\u200Bb\u2060c\uFEFFd\u00ADe\u061Cf") ==
          "a\\u200Bb\\u2060c\\uFEFFd\\u00ADe\\u061Cf");
    CHECK(escape("line\u2028line\u2029") == "line\\u2028line\\u2029");
    CHECK(escape("\U000E0041") == "\\U000E0041");
    // Between visible characters a joiner is part of the writing; a second one hides something.
    CHECK(escape("\U0001F469\u200D\U0001F4BB \u2764\uFE0F\u200D\U0001F525") ==
          "\U0001F469\u200D\U0001F4BB \u2764\uFE0F\u200D\U0001F525");
    CHECK(escape("a\u200D\u200Db \u200Cc\uFE0F\uFE0F") ==
          "a\u200D\\u200Db \\u200Cc\uFE0F\\uFE0F");
    CHECK(escape("\n\uFE0F") == "\\n\\uFE0F");
}

TEST_CASE("quote: quotation marks and backslashes within are escaped as well") {
    CHECK(quote(as_bytes("")) == "\"\"");
    CHECK(quote(as_bytes("say \"hi\" \\n\n")) == "\"say \\\"hi\\\" \\\\n\\n\"");
    CHECK(quote(as_bytes("abcdef"), 3) == "\"abc…\"");
    CHECK(quote(as_bytes("abc"), 3) == "\"abc\"");
    // A character is not cut: it may stand over the limit a little.
    CHECK(quote(as_bytes("aé!"), 2) == "\"aé…\"");
}

TEST_CASE("trace line: columns stay where they are") {
    using ws::Direction;
    CHECK(ws::trace_line(2, Direction::from_server, Buffer{0x81, 0x05}, "TEXT") ==
          "  2 ← 81 05                      TEXT");
    CHECK(ws::trace_line(10, Direction::from_client, Buffer(8, 0xAA), "eight") ==
          " 10 → AA AA AA AA AA AA AA AA    eight");
    CHECK(ws::trace_line(999, Direction::from_client, Buffer(9, 0xAA), "nine") ==
          "999 → AA AA AA AA AA AA AA AA …  nine");
    CHECK(ws::trace_line(1, Direction::from_client, {}, "none") ==
          "  1 →                            none");
    CHECK(ws::trace_line(1000, Direction::from_client, {}, "many").starts_with("1000 → "));
}

TEST_CASE("escape: three and four bytes at the borders between overlong and a character") {
    CHECK(ws::escape("\xE0\x9F\xBF") == "\\xE0\\x9F\\xBF");
    CHECK(ws::escape("\xE0\xA4\x80") == "\xE0\xA4\x80");
    CHECK(ws::escape("\xF0\x8F\xBF\xBF") == "\\xF0\\x8F\\xBF\\xBF");
    CHECK(ws::escape("\xF0\x9F\x98\x80") == "\xF0\x9F\x98\x80");
}
