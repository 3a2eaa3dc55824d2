// Values as text: what is escaped, and that numbers come back as they were. RFC 8259 §6, §7.
#include "json/write.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "json/character.hpp"
#include "json/parse.hpp"

using json::Array;
using json::Object;
using json::Value;
using namespace std::literals;

namespace {

Value reread(const std::string& text) {
    Value value;
    const json::ParseError error = json::parse(text, value);
    CHECK_MESSAGE(!error, text << ": " << error.message());
    return value;
}

}  // namespace

TEST_CASE("JSON: values in one line, members in order") {
    CHECK(json::write(Value{}) == "null");
    CHECK(json::write(true) == "true");
    CHECK(json::write(Array{}) == "[]");
    CHECK(json::write(Object{}) == "{}");
    CHECK(json::write(Object{{"b", Array{1, -2, "x"}}, {"a", Object{{"", false}}}}) ==
          R"({"b":[1,-2,"x"],"a":{"":false}})");
    std::string out = "data: ";
    json::append(out, Value{1});
    CHECK(out == "data: 1");
}

TEST_CASE("RFC 8259 §7 what is escaped in strings") {
    CHECK(json::write("\"\\/\b\f\n\r\t") == R"("\"\\/\b\f\n\r\t")");
    CHECK(json::write("\0\x01\x1F\x20\x7F"sv) == R"("\u0000\u0001\u001f \u007f")");
    CHECK(json::write("\xC2\x80\xC2\x9F\xC2\xA0") == "\"\\u0080\\u009f\xC2\xA0\"");
    CHECK(json::write("\u2027\u2028\u2029\u202A") == "\"\u2027\\u2028\\u2029\u202A\"");
    CHECK(json::write("Grüße, 世界 👋 <img>") == "\"Grüße, 世界 👋 <img>\"");
    CHECK(json::write(Object{{"a\nb", 1}}) == R"({"a\nb":1})");
}

TEST_CASE("RFC 8259 §8.1 what is not UTF-8 is replaced, so that the text always is") {
    CHECK(json::write("a\xFFz") == "\"a\uFFFDz\"");
    CHECK(json::write("\xE2\x82") == "\"\uFFFD\uFFFD\"");
    CHECK(json::write("\xED\xA0\x80") == "\"\uFFFD\uFFFD\uFFFD\"");
}

TEST_CASE("JSON: every character round-trips") {
    for (char32_t code = 0; code <= 0x10FFFF; code += code < 0x3000 ? 1 : 61) {
        if (code >= 0xD800 && code <= 0xDFFF) continue;
        std::string text;
        json::append_utf8(text, code);
        const json::Character character = json::decode_utf8(text);
        if (character.code != code || character.length != text.size() ||
            !(reread(json::write(text)) == Value{text}))
            FAIL_CHECK(static_cast<unsigned>(code));
    }
}

TEST_CASE("RFC 8259 §6 doubles are short, stay doubles, and come back bit by bit") {
    CHECK(json::write(0.1) == "0.1");
    CHECK(json::write(1.0) == "1.0");
    CHECK(json::write(-0.0) == "-0.0");
    CHECK(json::write(1e100) == "1e+100");
    CHECK(json::write(9223372036854775808.0) == "9223372036854775808.0");
    CHECK(json::write(std::numeric_limits<double>::infinity()) == "null");
    CHECK(json::write(std::nan("")) == "null");

    std::mt19937_64 random{53};
    for (int i = 0; i < 20'000; ++i) {
        const auto number = std::bit_cast<double>(random());
        if (!std::isfinite(number)) continue;
        const Value again = reread(json::write(number));
        if (again.type() != Value::Type::real ||
            std::bit_cast<std::uint64_t>(*again.number()) != std::bit_cast<std::uint64_t>(number))
            FAIL_CHECK(json::write(number));
    }
}

TEST_CASE("RFC 8259 §6 integers come back exactly") {
    std::mt19937_64 random{64};
    for (int i = 0; i < 20'000; ++i) {
        const auto number = static_cast<std::int64_t>(random() >> (1 + random() % 63));
        if (!(reread(json::write(number)) == Value{number})) FAIL_CHECK(number);
        if (!(reread(json::write(-number)) == Value{-number})) FAIL_CHECK(-number);
    }
}
