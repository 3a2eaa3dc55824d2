// The shortcut of the UTF-8 check, against the check byte by byte (which utf8_test.cpp holds to a slow
// decoder): what it skips is valid, and it skips every full block before an error.
#include "ws/utf8_blocks.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tests/support/bytes.hpp"
#include "ws/hex.hpp"
#include "ws/utf8.hpp"

using namespace test::literals;

namespace {

constexpr std::size_t block = ws::utf8_block_bytes;

// Does this processor do it at all?
bool skips_blocks() { return ws::valid_blocks(ws::Buffer(block, 'a')) == block; }

// One byte a time is never a block. The index of the first byte that cannot belong to the text, or
// its size.
std::size_t wrong_at(ws::Bytes text) {
    ws::Utf8Validator validator;
    std::size_t at = 0;
    while (at < text.size() && validator.feed(text.subspan(at, 1))) ++at;
    return at;
}

bool is_whole_text(ws::Bytes text) {
    ws::Utf8Validator validator;
    for (const std::uint8_t& byte : text)
        if (!validator.feed({&byte, 1})) return false;
    return validator.complete();
}

// `wrong` is where the text is wrong, its size when it is not.
void check(ws::Bytes text, std::size_t wrong, bool whole) {
    const std::size_t skipped = ws::valid_blocks(text);
    // Up to three bytes of a character may be left at the end of a block.
    const std::size_t least = wrong < block ? 0 : wrong / block * block - 3;
    if (skipped > wrong || (skips_blocks() && skipped < least))
        FAIL(ws::hex(text), ": ", skipped, " bytes skipped, wrong at ", wrong);
    if (ws::is_utf8(text) != whole) FAIL(ws::hex(text), ": judged wrongly");
}

// ASCII with `middle` in it at every place around the border of two blocks.
void check_at_borders(ws::Bytes middle) {
    ws::Buffer alone{middle.begin(), middle.end()};
    alone.push_back('a');
    const std::size_t wrong = wrong_at(alone);
    const bool whole = is_whole_text(alone);
    ws::Buffer text(3 * block, 'a');
    for (const std::size_t border : {block, 2 * block})
        for (std::size_t at = border - middle.size(); at <= border; ++at) {
            std::ranges::copy(middle, text.begin() + static_cast<std::ptrdiff_t>(at));
            check(text, wrong == alone.size() ? text.size() : at + wrong, whole);
            std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(at), middle.size(), 'a');
        }
}

std::uint8_t byte(unsigned value) { return static_cast<std::uint8_t>(value); }

}  // namespace

TEST_CASE("§8.1 blocks: any two bytes side by side") {
    for (unsigned first = 0; first < 256; ++first)
        for (unsigned second = 0; second < 256; ++second)
            check_at_borders(std::array{byte(first), byte(second)});
}

TEST_CASE("§8.1 blocks: three and four bytes at every border of RFC 3629's table") {
    const ws::Buffer borders =
        "00 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 ec ed ee ef f0 f1 f3 f4 f5 f7 f8 ff"_hex;
    for (const std::uint8_t a : borders) {
        if (a < 0xC2) continue;  // one byte and three others, or wrong at once: see above
        for (const std::uint8_t b : borders)
            for (const std::uint8_t c : borders) {
                check_at_borders(std::array{a, b, c});
                for (const std::uint8_t d : borders) check_at_borders(std::array{a, b, c, d});
            }
    }
}

TEST_CASE("§8.1 blocks: every length, address and cut, with and without an error") {
    std::mt19937 random{6455};
    const std::string_view characters[] = {"a", "ü", "世", "👋", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF"};
    for (std::size_t length = 0; length <= 5 * block; ++length)
        for (std::size_t address = 0; address < block; ++address) {
            std::string text;
            while (text.size() < length) text += characters[random() % std::size(characters)];
            text.resize(length);  // also within a character
            const bool broken = length > 0 && random() % 2 == 0;
            if (broken) text[random() % length] = static_cast<char>(random());
            ws::Buffer memory(address + length);
            std::ranges::copy(text, memory.begin() + static_cast<std::ptrdiff_t>(address));
            const ws::Bytes here = ws::Bytes{memory}.subspan(address);
            check(here, wrong_at(here), is_whole_text(here));
        }
}

TEST_CASE("§8.1 blocks: a text in two pieces, cut anywhere, of characters that never fit a block") {
    for (const std::string_view character : {"ü", "世", "👋"}) {
        std::string text;
        while (text.size() < 6 * block) text += character;
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            ws::Utf8Validator validator;
            CHECK(validator.feed(ws::as_bytes(text).first(cut)));
            CHECK(validator.complete() == (cut % character.size() == 0));
            CHECK(validator.feed(ws::as_bytes(text).subspan(cut)));
            CHECK(validator.complete());
        }
    }
}
