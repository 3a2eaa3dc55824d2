// What is JSON and what is not, RFC 8259: each rule of the grammar with what satisfies it, what
// breaks it, and where the error is reported.
#include "json/parse.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <ctime>
#include <random>

#include "json/write.hpp"

using json::Array;
using json::Fault;
using json::Object;
using json::Value;
using namespace std::literals;

namespace {

Value parsed(std::string_view text) {
    CAPTURE(text);
    Value value;
    const json::ParseError error = json::parse(text, value);
    CHECK_MESSAGE(!error, error.message());
    return value;
}

void check_refused(std::string_view text, Fault fault, std::size_t position) {
    // A text of ten million brackets would not help whoever reads the failure.
    const std::string_view shown = text.substr(0, 100);
    CAPTURE(shown);
    Value value{"left over"};
    const json::ParseError error = json::parse(text, value);
    CHECK(sentence(error.fault) == sentence(fault));
    CHECK(error.position == position);
    CHECK(value.is_null());
}

std::string repeated(std::string_view piece, std::size_t count) {
    std::string text;
    for (; count > 0; --count) text += piece;
    return text;
}

}  // namespace

TEST_CASE("RFC 8259 §3 the three words, and only in lower case") {
    CHECK(parsed("null") == Value{});
    CHECK(parsed("true") == Value{true});
    CHECK(parsed(" false\n") == Value{false});
    for (const char* text : {"True", "NULL", "nul", "tru", "fals", "undefined", "NaN", "Infinity",
                             "nan", "'a'", "a", "\xEF\xBB\xBF[]", "/* */1", ",", ":", "]", "}"})
        check_refused(text, Fault::expected_value, 0);
    check_refused("nulll", Fault::text_after_value, 4);
    check_refused("-Infinity", Fault::digit_missing, 1);
}

TEST_CASE("RFC 8259 §2 white space is space, tab, line feed, carriage return, nothing else") {
    CHECK(parsed(" \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n") == Value{Array{1, 2}});
    CHECK(parsed(" { \"a\" : 1 , \"b\" : 2 } ") == Value{Object{{"a", 1}, {"b", 2}}});
    check_refused("[\f1]", Fault::expected_value, 1);
    check_refused("[1\v]", Fault::expected_comma_or_bracket, 2);
    check_refused("\u00A0[]", Fault::expected_value, 0);
    check_refused("[\u2060]", Fault::expected_value, 1);
    check_refused("\0"sv, Fault::expected_value, 0);
    check_refused("1\0"sv, Fault::text_after_value, 1);
    check_refused("", Fault::ends_too_early, 0);
    check_refused(" \n", Fault::ends_too_early, 2);
}

TEST_CASE("RFC 8259 §5 arrays") {
    CHECK(parsed("[]") == Value{Array{}});
    CHECK(parsed("[null, true, 1, 1.5, \"x\", [], {}]") ==
          Value{Array{nullptr, true, 1, 1.5, "x", Array{}, Object{}}});
    check_refused("[", Fault::ends_too_early, 1);
    check_refused("[1", Fault::ends_too_early, 2);
    check_refused("[1,", Fault::ends_too_early, 3);
    check_refused("[1,]", Fault::expected_value, 3);
    check_refused("[,1]", Fault::expected_value, 1);
    check_refused("[1,,2]", Fault::expected_value, 3);
    check_refused("[1 2]", Fault::expected_comma_or_bracket, 3);
    check_refused("[1:2]", Fault::expected_comma_or_bracket, 2);
    check_refused("[1}", Fault::expected_comma_or_bracket, 2);
    check_refused("[]]", Fault::text_after_value, 2);
    check_refused("[1]x", Fault::text_after_value, 3);
    check_refused("[\"a\",\n4\n,1,", Fault::ends_too_early, 11);
}

TEST_CASE("RFC 8259 §4 objects keep the order of their members") {
    const Value value = parsed("{\"b\":1, \"a\":{\"c\":[2]}, \"\":null}");
    CHECK(value == Value{Object{{"b", 1}, {"a", Object{{"c", Array{2}}}}, {"", nullptr}}});
    CHECK(json::write(value) == "{\"b\":1,\"a\":{\"c\":[2]},\"\":null}");
    CHECK(parsed("{}") == Value{Object{}});
    check_refused("{", Fault::ends_too_early, 1);
    check_refused("{\"a\"", Fault::ends_too_early, 4);
    check_refused("{\"a\":", Fault::ends_too_early, 5);
    check_refused("{\"a\":1", Fault::ends_too_early, 6);
    check_refused("{\"a\":1,", Fault::ends_too_early, 7);
    check_refused("{\"a\":1,}", Fault::expected_name, 7);
    check_refused("{,\"a\":1}", Fault::expected_name, 1);
    check_refused("{a:1}", Fault::expected_name, 1);
    check_refused("{'a':1}", Fault::expected_name, 1);
    check_refused("{1:1}", Fault::expected_name, 1);
    check_refused("{\"a\" 1}", Fault::expected_colon, 5);
    check_refused("{\"a\",1}", Fault::expected_colon, 4);
    check_refused("{\"a\"::1}", Fault::expected_value, 5);
    check_refused("{\"a\":}", Fault::expected_value, 5);
    check_refused("{\"a\":1 \"b\":2}", Fault::expected_comma_or_brace, 7);
    check_refused("{\"a\":1]", Fault::expected_comma_or_brace, 6);
    check_refused("{\"a\":1}#", Fault::text_after_value, 7);
    check_refused("{\"a\":/*x*/1}", Fault::expected_value, 5);
}

TEST_CASE("RFC 8259 §4 a name that occurs twice in one object is refused") {
    check_refused("{\"a\":1,\"b\":2,\"a\":3}", Fault::duplicate_name, 13);
    check_refused("{\"a\":1,\"a\":1}", Fault::duplicate_name, 7);
    // The same name, spelled differently.
    check_refused("{\"role\":1,\"r\\u006Fle\":2}", Fault::duplicate_name, 10);
    check_refused("[{\"x\":{\"\":0,\"\":0}}]", Fault::duplicate_name, 12);
    CHECK(parsed("{\"a\":{\"a\":1}}") == Value{Object{{"a", Object{{"a", 1}}}}});
    CHECK(parsed("{\"a\":1,\"A\":2}").find("A")->integer() == 2);
}

TEST_CASE("RFC 8259 §6 integers are exact over all of 64 bits") {
    const std::pair<const char*, std::int64_t> numbers[] = {
        {"0", 0},
        {"1", 1},
        {"-1", -1},
        {"10", 10},
        {"9007199254740993", 9007199254740993},  // 2^53 + 1, which is no double
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    for (const auto& [text, number] : numbers) {
        CHECK(parsed(text) == Value{number});
        CHECK(json::write(Value{number}) == text);
    }
    check_refused("9223372036854775808", Fault::integer_out_of_range, 0);
    check_refused("[-9223372036854775809]", Fault::integer_out_of_range, 1);
    check_refused(repeated("9", 1'000'000), Fault::integer_out_of_range, 0);
}

TEST_CASE("RFC 8259 §6 doubles are the nearest ones") {
    const std::pair<const char*, double> numbers[] = {
        {"0.0", 0.0},
        {"0.1", 0.1},
        {"1e0", 1.0},
        {"1E+2", 100.0},
        {"1e-2", 0.01},
        {"123.456e3", 123456.0},
        {"0e999", 0.0},
        {"4.9406564584124654e-324", 4.9406564584124654e-324},
        {"5e-324", 4.9406564584124654e-324},
        {"2.2250738585072014e-308", 2.2250738585072014e-308},
        {"1.7976931348623157e308", 1.7976931348623157e308},
        {"9223372036854775808.0", 9223372036854775808.0},
        {"1e20", 1e20},
        {"0.30000000000000004", 0.1 + 0.2},
    };
    for (const auto& row : numbers) {
        CAPTURE(row.first);
        CHECK(parsed(row.first) == Value{row.second});
    }
    for (const char* text : {"-0", "-0.0", "-0e1"}) {
        const Value zero = parsed(text);
        REQUIRE(zero.number() == 0.0);
        CHECK(std::signbit(*zero.number()));
        CHECK(json::write(zero) == "-0.0");
    }
    // 1 with a million digits behind the point, and a million ones made small by an exponent.
    CHECK(parsed("1." + repeated("0", 1'000'000)).number() == 1.0);
    CHECK(parsed(repeated("1", 1'000'000) + "e-999999").number() == 1.1111111111111112);
    for (const char* text : {"1e309", "-1e309", "1e99999999999999999999", "1e-400", "-1e-9999"})
        check_refused(text, Fault::number_out_of_range, 0);
}

TEST_CASE("RFC 8259 §6 the grammar of numbers") {
    check_refused("-", Fault::ends_too_early, 1);
    check_refused("[-]", Fault::digit_missing, 2);
    check_refused("01", Fault::leading_zero, 0);
    check_refused("-012", Fault::leading_zero, 1);
    check_refused("00", Fault::leading_zero, 0);
    check_refused("[1.]", Fault::digit_missing, 3);
    check_refused("[1.e1]", Fault::digit_missing, 3);
    check_refused("1e", Fault::ends_too_early, 2);
    check_refused("[1e]", Fault::digit_missing, 3);
    check_refused("[1e+]", Fault::digit_missing, 4);
    check_refused("[1e+-2]", Fault::digit_missing, 4);
    check_refused("[--1]", Fault::digit_missing, 2);
    check_refused("[- 1]", Fault::digit_missing, 2);
    for (const char* text : {"+1", ".5", "e1"}) check_refused(text, Fault::expected_value, 0);
    check_refused("1.2.3", Fault::text_after_value, 3);
    check_refused("0x10", Fault::text_after_value, 1);
    check_refused("1_000", Fault::text_after_value, 1);
    check_refused("1e5.5", Fault::text_after_value, 3);
    check_refused("\uFF11", Fault::expected_value, 0);  // a full-width 1
}

TEST_CASE("RFC 8259 §7 strings: escapes and characters") {
    CHECK(parsed("\"\"") == Value{""});
    CHECK(parsed(R"("\"\\\/\b\f\n\r\t")") == Value{"\"\\/\b\f\n\r\t"});
    CHECK(parsed(R"("\u0041\u00e9\u20AC\u0000.")") == Value{"A\u00E9\u20AC\0."sv});
    CHECK(parsed("\"Grüße, 世界 👋 \x7F\u2028\"") == Value{"Grüße, 世界 👋 \x7F\u2028"});
    CHECK(parsed(R"("\uD83D\uDC4B \uDBFF\uDFFF")") == Value{"👋 \U0010FFFF"});
    CHECK(parsed("\"\uFEFF\uFFFF\"") == Value{"\uFEFF\uFFFF"});
    CHECK(parsed(R"("\\u0041")") == Value{"\\u0041"});
    check_refused("\"", Fault::ends_too_early, 1);
    check_refused("\"abc", Fault::ends_too_early, 4);
    check_refused("\"abc\\", Fault::ends_too_early, 5);
    check_refused("\"\\\"", Fault::ends_too_early, 3);
    for (const char* text :
         {R"("\a")", R"("\x41")", R"("\'")", R"("\0")", R"("\U0041")", "\"\\\n\"", "\"\\\u00E9\""})
        check_refused(text, Fault::unknown_escape, 1);
    for (const char* text : {R"("\u")", R"("\u41")", R"("\u004")", R"("\u00G0")", R"("\u 041")",
                             R"("\u-041")", R"("\u+041")", R"("\u0x4")", R"("\u)", R"("\u00)"})
        check_refused(text, Fault::malformed_unicode_escape, 3);
    check_refused("\"a\nb\"", Fault::control_character, 2);
    check_refused("\"\t\"", Fault::control_character, 1);
    check_refused("\"\0\""sv, Fault::control_character, 1);
    check_refused("\"\x1F\"", Fault::control_character, 1);
}

TEST_CASE("RFC 8259 §7 half a surrogate pair is refused") {
    check_refused(R"("\uD83D")", Fault::lone_surrogate, 1);
    check_refused(R"("ab\uDC4B")", Fault::lone_surrogate, 3);
    check_refused(R"("\uD83Dx")", Fault::lone_surrogate, 1);
    check_refused(R"("\uD83D\n")", Fault::lone_surrogate, 1);
    check_refused(R"("\uD83D\uD83D\uDC4B")", Fault::lone_surrogate, 1);
    check_refused(R"("\uDC4B\uD83D")", Fault::lone_surrogate, 1);
    check_refused(R"("\uD83D\u0041")", Fault::lone_surrogate, 1);
    check_refused(R"("\uD83D\u12")", Fault::malformed_unicode_escape, 9);
    check_refused(R"({"\uDFFF":1})", Fault::lone_surrogate, 2);
}

TEST_CASE("RFC 8259 §8.1 a string that is not UTF-8 is refused at its first wrong character") {
    for (const char* bytes :
         {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3\x41", "\xE2\x82", "\xE0\x9F\xBF",
          "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x9F\x91", "\xF4\x90\x80\x80",
          "\xF5\x80\x80\x80", "\xFE", "\xFF"})
        check_refused("\"ok" + std::string{bytes} + "\"", Fault::invalid_utf8, 3);
    check_refused("[\xFF]", Fault::expected_value, 1);
    check_refused("\xFF\xFE[\0]\0"sv, Fault::expected_value, 0);  // UTF-16
}

TEST_CASE("JSON: nesting is limited, and the limit is exact") {
    const auto nested = [](std::size_t depth) {
        return repeated("[", depth) + repeated("]", depth);
    };
    parsed(nested(64));
    check_refused(nested(65), Fault::too_deep, 64);
    check_refused(repeated("{\"a\":", 65), Fault::too_deep, 64 * 5);
    // What is refused costs no stack.
    check_refused(repeated("[", 10'000'000), Fault::too_deep, 64);
    check_refused(repeated("[{\"\":", 1'000'000), Fault::too_deep, 32 * 5);
    // Depth, and not number.
    parsed("[" + repeated("[],", 1000) + "[]]");

    Value value;
    CHECK(!json::parse(nested(1000), value, {.max_depth = 1000}));
    CHECK(json::write(value) == nested(1000));
    CHECK(json::parse("[]", value, {.max_depth = 0}).fault == Fault::too_deep);
    CHECK(!json::parse("1", value, {.max_depth = 0}));
}

TEST_CASE("JSON: the number of values is limited") {
    Value value;
    CHECK(!json::parse("[1,{\"a\":2}]", value, {.max_values = 4}));
    const json::ParseError error = json::parse("[1,{\"a\":2}]", value, {.max_values = 3});
    CHECK(error.fault == Fault::too_many_values);
    CHECK(error.position == 8);
}

TEST_CASE("JSON: errors are told in one line") {
    Value value;
    CHECK(json::parse("[1,]", value).message() == "byte 3: a value must begin here");
    for (unsigned i = 0; i <= static_cast<unsigned>(Fault::invalid_utf8); ++i)
        CHECK(json::sentence(static_cast<Fault>(i)).size() > 5);
}

// Time that grows with the square of the size would be minutes here.
TEST_CASE("JSON: large texts are read in time proportional to their size") {
    const std::clock_t start = std::clock();  // CPU time: a busy machine takes longer, and no more
    constexpr std::size_t many = 200'000;
    std::string members = "{\"0\":0";
    for (std::size_t i = 1; i < many; ++i) members += ",\"" + std::to_string(i) + "\":0";
    CHECK(parsed(members + "}").object()->size() == many);
    CHECK(parsed("\"" + repeated("\\u00e9\\n", many) + "\"").string()->size() == 3 * many);
    CHECK(parsed("[" + repeated("{},", many) + "1]").array()->size() == many + 1);
    check_refused(repeated(" ", 4'000'000), Fault::ends_too_early, 4'000'000);
    CHECK((std::clock() - start) / CLOCKS_PER_SEC < 20);
}

// Whatever the bytes are, parse() ends, stays within the text (the sanitizers watch), points into
// it, and what it takes can be written and read again as the same value.
TEST_CASE("JSON: texts with random changes are refused or round-trip") {
    const std::string seeds[] = {
        R"({"user":"ada","text":"Grüße \uD83D\uDC4B","time":"12:00","n":[1,-2.5e3,0]})",
        R"([[[]],{"a":{"b":[null,true,false]}},"\\\"\/\b\f\n\r\t\u0000",9223372036854775807])",
        R"( [ 1.7976931348623157e308 , 5e-324 , "世界" , { } ] )",
    };
    constexpr std::string_view alphabet = "[]{}:,\"\\u0dD8CcE+-.e19 tfn\x80\xC3\xF0\x1F";
    std::mt19937 random{8259};
    unsigned taken = 0;
    for (int round = 0; round < 30'000; ++round) {
        std::string text = seeds[random() % std::size(seeds)];
        for (auto changes = 1 + random() % 3; changes > 0; --changes) {
            const std::size_t at = random() % text.size();
            const char c = alphabet[random() % alphabet.size()];
            switch (random() % 4) {
                case 0: text[at] = c; break;
                case 1: text.insert(at, 1, c); break;
                case 2: text.erase(at, 1); break;
                default: text.insert(at, text.substr(random() % text.size(), random() % 12));
            }
        }
        // A buffer of exactly this size: a read beyond its end is seen.
        const std::vector<char> exact{text.begin(), text.end()};
        Value value;
        if (const json::ParseError error = json::parse({exact.data(), exact.size()}, value)) {
            if (error.position > text.size()) FAIL_CHECK(text);
            continue;
        }
        ++taken;
        Value again;
        const std::string written = json::write(value);
        if (json::parse(written, again) || !(again == value) || json::write(again) != written)
            FAIL_CHECK(text << " became " << written);
    }
    CHECK(taken > 1'000);
}
