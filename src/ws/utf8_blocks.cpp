// UTF-8 by looking bytes up in tables, 32 at once and without a branch for what they are. Lesson 8.
// The method is that of J. Keiser and D. Lemire, "Validating UTF-8 In Less Than One Instruction Per
// Byte" (2021). Needs AVX2, which processors have had since 2013: asked for when the program runs.
// Six times as fast as byte by byte (`make bench-micro`), on text of any language.
#include "ws/utf8_blocks.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "ws/characters.hpp"

namespace ws {

#if defined(__x86_64__)
namespace {

// What can be wrong with two bytes that stand side by side, a bit for each kind. Three halves of
// bytes (nibbles) tell: both of the first byte and the high one of the second. So each kind is three
// sets of nibbles, and it is there when all three nibbles are in theirs.
//
// One kind, `continued`, is wrong only sometimes: two continuation bytes in a row are right as the
// second and third byte of a character, or the third and fourth. That depends on the bytes before
// them, and is looked at apart; its bit is the top one, where such comparisons leave theirs.
enum Fault : std::uint8_t {
    too_short = 0b0000'0001,   // a lead byte, and then no continuation
    too_long = 0b0000'0010,    // ASCII, and then a continuation
    overlong_2 = 0b0000'0100,  // C0, C1: ASCII in two bytes
    overlong_3 = 0b0000'1000,  // E0 80 to E0 9F: two bytes would do
    surrogate = 0b0001'0000,   // ED A0 to ED BF
    at_border = 0b0010'0000,   // F0 80 to F0 8F: three would do. And F5 to FF before 80 to 8F
    too_large = 0b0100'0000,   // F4 90 to F4 BF: beyond U+10FFFF. And F5 to FF before 90 to BF
    continued = 0b1000'0000,
};

// For each value of a nibble, the kinds whose set it is in.
struct Tables {
    using Table = std::array<std::uint8_t, 16>;
    alignas(16) Table first_high{};
    alignas(16) Table first_low{};
    alignas(16) Table second_high{};
};

struct Nibbles {
    unsigned first, last;
};

constexpr void mark(Tables::Table& table, Nibbles set, Fault fault) {
    for (unsigned nibble = set.first; nibble <= set.last; ++nibble)
        table[nibble] = static_cast<std::uint8_t>(table[nibble] | fault);
}

constexpr Tables make_tables() {
    constexpr Nibbles any{0x0, 0xF};
    constexpr Nibbles continuation{0x8, 0xB};
    Tables tables;
    const auto wrong = [&](Fault fault, Nibbles first_high, Nibbles first_low, Nibbles second_high) {
        mark(tables.first_high, first_high, fault);
        mark(tables.first_low, first_low, fault);
        mark(tables.second_high, second_high, fault);
    };
    wrong(too_short, {0xC, 0xF}, any, {0x0, 0x7});
    wrong(too_short, {0xC, 0xF}, any, {0xC, 0xF});
    wrong(too_long, {0x0, 0x7}, any, continuation);
    wrong(overlong_2, {0xC, 0xC}, {0x0, 0x1}, continuation);
    wrong(overlong_3, {0xE, 0xE}, {0x0, 0x0}, {0x8, 0x9});
    wrong(surrogate, {0xE, 0xE}, {0xD, 0xD}, {0xA, 0xB});
    wrong(at_border, {0xF, 0xF}, {0x0, 0x0}, {0x8, 0x8});
    // F5 to FF begin no character; the byte after them says which of two kinds takes them along.
    wrong(at_border, {0xF, 0xF}, {0x5, 0xF}, {0x8, 0x8});
    wrong(too_large, {0xF, 0xF}, {0x4, 0xF}, {0x9, 0xB});
    wrong(continued, continuation, any, continuation);
    return tables;
}

constexpr Tables tables = make_tables();

using Block [[gnu::vector_size(utf8_block_bytes)]] = long long;  // what the instructions call __m256i

[[gnu::target("avx2")]] inline Block repeated(std::uint8_t byte) {
    return _mm256_set1_epi8(static_cast<char>(byte));
}

[[gnu::target("avx2")]] inline Block load_table(const Tables::Table& table) {
    const auto* at = reinterpret_cast<const __m128i*>(table.data());
    return _mm256_broadcastsi128_si256(_mm_load_si128(at));
}

// 32 look-ups in one instruction. Only the low half of each byte of `nibbles` may be set.
[[gnu::target("avx2")]] inline Block look_up(Block table, Block nibbles) {
    return _mm256_shuffle_epi8(table, nibbles);
}

[[gnu::target("avx2")]] inline Block high_nibbles(Block bytes) {
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), repeated(0x0F));
}

// For each byte of `now` the one that stands so many places before it, from `before` at the front.
template <int places>
[[gnu::target("avx2")]] inline Block shifted(Block now, Block before) {
    // The instruction shifts each half alone, so each is given the half before it.
    const Block halves_before = _mm256_permute2x128_si256(before, now, 0x21);
    return _mm256_alignr_epi8(now, halves_before, 16 - places);
}

// Not zero where a byte of `now` is wrong after those before it.
[[gnu::target("avx2")]] inline Block faults(Block now, Block before) {
    const Block first = shifted<1>(now, before);
    const Block pairs = _mm256_and_si256(
        _mm256_and_si256(look_up(load_table(tables.first_high), high_nibbles(first)),
                         look_up(load_table(tables.first_low),
                                 _mm256_and_si256(first, repeated(0x0F)))),
        look_up(load_table(tables.second_high), high_nibbles(now)));
    // A byte two places after E0 to FF, or three after F0 to FF, has to continue. Less so much, with
    // 0 for what would be below it, such a lead byte leaves its top bit set, and no other byte does.
    const Block third = _mm256_subs_epu8(shifted<2>(now, before), repeated(0xE0 - 0x80));
    const Block fourth = _mm256_subs_epu8(shifted<3>(now, before), repeated(0xF0 - 0x80));
    const Block has_to = _mm256_and_si256(_mm256_or_si256(third, fourth), repeated(0x80));
    // Where it does and has to, or neither, the two top bits cancel each other.
    return _mm256_xor_si256(pairs, has_to);
}

[[gnu::target("avx2")]] std::size_t count_valid(Bytes text) {
    Block before{};  // as if ASCII stood before the text
    std::size_t done = 0;
    for (; done + sizeof(Block) <= text.size(); done += sizeof(Block)) {
        const auto* at = reinterpret_cast<const __m256i*>(text.data() + done);
        const Block now = _mm256_loadu_si256(at);
        // Nothing but ASCII here, nor right before it: nothing can be wrong.
        if (_mm256_movemask_epi8(_mm256_or_si256(now, before)) != 0) {
            const Block wrong = faults(now, before);
            if (_mm256_testz_si256(wrong, wrong) == 0) break;
        }
        before = now;
    }
    return done;
}

// Less a last character of which the end is missing.
std::size_t whole_characters(Bytes text) {
    for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
        const std::uint8_t byte = text[text.size() - back];
        if (continues_character(byte)) continue;
        // What begins no character is left to the validator, which looks closer.
        const std::size_t size = announced_bytes(byte);
        return size == 0 || size > back ? text.size() - back : text.size();
    }
    return text.size();
}

}  // namespace

std::size_t valid_blocks(Bytes text) {
    if (text.size() < utf8_block_bytes || !__builtin_cpu_supports("avx2")) return 0;
    return whole_characters(text.first(count_valid(text)));
}
#else
std::size_t valid_blocks(Bytes) { return 0; }
#endif

}  // namespace ws
