// UTF-8: RFC 6455 §8.1, RFC 3629. The validator against a slow one that decodes code points.
// "Fails at byte n" is told by feeding byte by byte: a text that may still become valid must not
// be refused, and one that cannot any more must be.
#include "ws/utf8.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <string>

#include "tests/support/bytes.hpp"
#include "ws/hex.hpp"

using namespace test::literals;

namespace {

// Encodes one code point as RFC 3629 §3 describes it.
ws::Buffer encode(std::uint32_t code_point) {
    const auto byte = [](std::uint32_t value) { return static_cast<std::uint8_t>(value); };
    const auto six_bits = [&](int shift) { return byte(0x80 + code_point / (1u << shift) % 64); };
    if (code_point < 0x80) return {byte(code_point)};
    if (code_point < 0x800) return {byte(0xC0 + code_point / 64), six_bits(0)};
    if (code_point < 0x10000) return {byte(0xE0 + code_point / 4096), six_bits(6), six_bits(0)};
    return {byte(0xF0 + code_point / 262144), six_bits(12), six_bits(6), six_bits(0)};
}

bool is_surrogate(std::uint32_t code_point) { return code_point >= 0xD800 && code_point <= 0xDFFF; }

// The size of the character that a lead byte announces by its high bits, 0 for none.
std::size_t announced_size(std::uint8_t lead) {
    if (lead < 0x80) return 1;
    if (lead / 32 == 0b110) return 2;
    if (lead / 16 == 0b1110) return 3;
    if (lead / 8 == 0b11110) return 4;
    return 0;
}

// Can these bytes be the first of a character of this size, or the whole of it? The smallest and
// the largest code point that begin so are decoded; one of those between must be valid.
bool can_begin(ws::Bytes begun, std::size_t size) {
    std::uint32_t low = size == 1 ? begun[0] : begun[0] & (0x7Fu >> size);
    for (std::size_t i = 1; i < begun.size(); ++i) low = low * 64 + begun[i] % 64;
    std::uint32_t high = low;
    for (std::size_t i = begun.size(); i < size; ++i) {
        low *= 64;
        high = high * 64 + 63;
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};  // of this size
    if (high < smallest[size] || low > 0x10FFFF) return false;
    return !(is_surrogate(low) && is_surrogate(high));
}

// What there is to know about a text: the index of the first byte that cannot belong to it
// (nothing: all can), and whether it may end where it ends.
struct Verdict {
    std::optional<std::size_t> wrong_at;
    bool complete;

    bool operator==(const Verdict&) const = default;
};

Verdict decode_slowly(ws::Bytes text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t size = announced_size(text[at]);
        if (size == 0) return {at, false};
        for (std::size_t have = 1; have <= size; ++have) {
            if (at + have > text.size()) return {std::nullopt, false};
            const ws::Bytes begun = text.subspan(at, have);
            if (have > 1 && begun[have - 1] / 64 != 0b10) return {at + have - 1, false};
            if (!can_begin(begun, size)) return {at + have - 1, false};
        }
        at += size;
    }
    return {std::nullopt, true};
}

Verdict feed_byte_by_byte(ws::Bytes text) {
    ws::Utf8Validator validator;
    for (std::size_t at = 0; at < text.size(); ++at)
        if (!validator.feed(text.subspan(at, 1))) return {at, validator.complete()};
    return {std::nullopt, validator.complete()};
}

std::string show(const Verdict& verdict) {
    return verdict.wrong_at   ? "wrong at " + std::to_string(*verdict.wrong_at)
           : verdict.complete ? "valid"
                              : "unfinished";
}

// Both validators, the fast one whole, byte by byte and over every cut.
void compare(ws::Bytes text) {
    const Verdict expected = decode_slowly(text);
    const Verdict seen = feed_byte_by_byte(text);
    if (seen != expected) FAIL(ws::hex(text), ": ", show(seen), ", not ", show(expected));
    const bool valid = !expected.wrong_at && expected.complete;
    if (ws::is_utf8(text) != valid) FAIL(ws::hex(text), ", whole: ", show(expected));
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        ws::Utf8Validator validator;
        const bool first = validator.feed(text.first(cut));
        const bool second = validator.feed(text.subspan(cut));
        const bool first_expected = !expected.wrong_at || *expected.wrong_at >= cut;
        if (first != first_expected || second != !expected.wrong_at ||
            validator.complete() != expected.complete)
            FAIL(ws::hex(text), ", cut before byte ", cut);
    }
}

}  // namespace

TEST_CASE("§8.1 every code point is valid, every surrogate is not") {
    for (std::uint32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
        if (ws::is_utf8(encode(code_point)) == is_surrogate(code_point)) {
            CAPTURE(code_point);
            FAIL("judged wrongly");
        }
    }
    for (std::uint32_t code_point = 0x110000; code_point < 0x200000; ++code_point)
        if (ws::is_utf8(encode(code_point))) FAIL("beyond U+10FFFF: ", code_point);
}

TEST_CASE("§8.1 every sequence of one, two and three bytes fails where the slow decoder fails") {
    ws::Buffer text(1);
    for (unsigned first = 0; first < 256; ++first) {
        text = {static_cast<std::uint8_t>(first)};
        compare(text);
        for (unsigned second = 0; second < 256; ++second) {
            text = {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second)};
            compare(text);
        }
    }
    for (unsigned three = 'a' << 16; three < 1u << 24; ++three) {
        if (three == ('b' << 16)) three = 0x80 << 16;  // one ASCII letter stands for all
        const std::array<std::uint8_t, 3> bytes{static_cast<std::uint8_t>(three >> 16),
                                                static_cast<std::uint8_t>(three >> 8),
                                                static_cast<std::uint8_t>(three)};
        if (feed_byte_by_byte(bytes) != decode_slowly(bytes)) compare(bytes);
    }
}

TEST_CASE("§8.1 four bytes at every border of RFC 3629's table, over every cut") {
    const ws::Buffer borders =
        "00 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 ec ed ee ef f0 f1 f3 f4"
        " f5 f7 f8 ff"_hex;
    for (const std::uint8_t a : borders)
        for (const std::uint8_t b : borders)
            for (const std::uint8_t c : borders)
                for (const std::uint8_t d : borders) {
                    const std::array<std::uint8_t, 4> text{a, b, c, d};
                    compare(text);
                }
}

TEST_CASE("§8.1 an error or a cut within a long text, at every place") {
    // Characters of all sizes, and runs of ASCII that begin and end at any distance from a
    // multiple of eight: what is skipped quickly must not hide anything.
    std::string text = "Grüße, 世界! ";
    text += "This is a longer run of nothing but ASCII. ";
    text += "👋🏽 и ещё немного кириллицы ";
    text += "and the end €";
    const ws::Bytes whole = ws::as_bytes(text);
    compare(whole);
    for (const std::uint8_t wrong : "80 bf c0 c3 e2 ed f0 f4 f5 ff 41"_hex) {
        for (std::size_t at = 0; at < text.size(); ++at) {
            ws::Buffer broken{whole.begin(), whole.end()};
            broken[at] = wrong;
            compare(broken);
        }
    }
    for (std::size_t size = 0; size < text.size(); ++size) compare(whole.first(size));
}

TEST_CASE("§8.1 random texts with random errors in them") {
    std::mt19937 random{6455};
    for (int round = 0; round < 2000; ++round) {
        ws::Buffer text;
        for (auto count = random() % 40; count > 0; --count) {
            const std::uint32_t ranges[] = {0x80, 0x80, 0x800, 0x10000, 0x110000};
            ws::append(text, encode(static_cast<std::uint32_t>(random()) % ranges[random() % 5]));
        }
        if (random() % 2 == 0 && !text.empty())
            text[random() % text.size()] = static_cast<std::uint8_t>(random());
        compare(text);
    }
}

TEST_CASE("§8.1 after an invalid byte nothing is valid any more, until the next message") {
    ws::Utf8Validator validator;
    CHECK(validator.complete());
    CHECK_FALSE(validator.feed("ff"_hex));
    CHECK_FALSE(validator.complete());
    CHECK_FALSE(validator.feed("41"_hex));
    CHECK_FALSE(validator.feed({}));
    CHECK_FALSE(validator.complete());
    validator.reset();
    CHECK(validator.feed("41"_hex));
    CHECK(validator.complete());
}

TEST_CASE("§8.1 a character may be cut, but not the text within it") {
    ws::Utf8Validator validator;
    CHECK(validator.feed("f0 9f"_hex));
    CHECK_FALSE(validator.complete());
    CHECK(validator.feed({}));
    CHECK(validator.feed("91"_hex));
    CHECK_FALSE(validator.complete());
    CHECK(validator.feed("8b (👋)"_hex));
    CHECK(validator.complete());
    CHECK_FALSE(ws::is_utf8("f0 9f 91"_hex));
    CHECK(ws::is_utf8({}));
}
