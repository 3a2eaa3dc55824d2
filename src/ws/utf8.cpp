// UTF-8 as the table of RFC 3629 §4 has it, RFC 6455 §8.1. Lesson 8.
// A lead byte says how many bytes follow and in which range the next one lies; that range excludes
// overlong forms, surrogates and what lies beyond U+10FFFF, so no character is ever computed.
#include "ws/utf8.hpp"

#include <algorithm>
#include <cstring>

#include "ws/utf8_blocks.hpp"

namespace ws {

namespace {

// The states of a machine that takes one byte at a time: what may come next. A step is one shift
// and no branch, so it costs the same whatever the text is in. For that the successors of all
// nine states stand side by side in one 64-bit number for each byte, six bits a state, and a
// state's number is the place of its bits:
//   next state = successors[byte] >> state & 63
// Nothing leads out of `broken`: all of its bits are 0.
enum State : std::uint64_t {
    broken = 0,
    start = 6,
    one_more = 12,  // continuation bytes, 80..BF
    two_more = 18,
    three_more = 24,
    after_e0 = 30,  // these four need a second byte from a narrower range
    after_ed = 36,
    after_f0 = 42,
    after_f4 = 48,
};
constexpr std::uint64_t state_bits = 63;

using Successors = std::array<std::uint64_t, 256>;

constexpr void allow(Successors& table, State from, unsigned first, unsigned last, State to) {
    for (unsigned byte = first; byte <= last; ++byte) table[byte] |= std::uint64_t{to} << from;
}

// RFC 3629 §4, "Syntax of UTF-8 Byte Sequences", line by line. What is not allowed is broken.
constexpr Successors make_successors() {
    Successors table{};
    allow(table, start, 0x00, 0x7F, start);
    allow(table, start, 0xC2, 0xDF, one_more);  // C0 and C1 would be overlong forms of ASCII
    allow(table, start, 0xE0, 0xE0, after_e0);
    allow(table, start, 0xE1, 0xEC, two_more);
    allow(table, start, 0xED, 0xED, after_ed);
    allow(table, start, 0xEE, 0xEF, two_more);
    allow(table, start, 0xF0, 0xF0, after_f0);
    allow(table, start, 0xF1, 0xF3, three_more);
    allow(table, start, 0xF4, 0xF4, after_f4);

    allow(table, one_more, 0x80, 0xBF, start);
    allow(table, two_more, 0x80, 0xBF, one_more);
    allow(table, three_more, 0x80, 0xBF, two_more);
    allow(table, after_e0, 0xA0, 0xBF, one_more);  // lower: an overlong form
    allow(table, after_ed, 0x80, 0x9F, one_more);  // higher: a surrogate, U+D800 to U+DFFF
    allow(table, after_f0, 0x90, 0xBF, two_more);  // lower: an overlong form
    allow(table, after_f4, 0x80, 0x8F, two_more);  // higher: beyond U+10FFFF
    return table;
}

constexpr Successors successors = make_successors();

template <typename Word>
bool is_ascii(const std::uint8_t* bytes) {
    constexpr auto top_bits = static_cast<Word>(0x8080808080808080);
    Word word;
    std::memcpy(&word, bytes, sizeof word);
    return (word & top_bits) == 0;
}

// The number of bytes at the front that are ASCII, counted eight at a time (so up to seven more may
// follow, or three of a text that is shorter). Most text is ASCII, and this looks at it eight times as fast.
std::size_t ascii_prefix(Bytes bytes) {
    std::size_t done = 0;
    for (; done + 8 <= bytes.size(); done += 8)
        if (!is_ascii<std::uint64_t>(bytes.data() + done)) return done;
    // The last eight once more, of which some have been looked at.
    if (done > 0) return is_ascii<std::uint64_t>(bytes.data() + bytes.size() - 8) ? bytes.size() : done;
    return bytes.size() >= 4 && is_ascii<std::uint32_t>(bytes.data()) ? 4 : 0;
}

}  // namespace

bool Utf8Validator::feed(Bytes piece) {
    constexpr std::size_t block = 16;  // bytes between two looks at how it goes
    std::uint64_t state = state_;
    if (state == start && piece.size() < utf8_block_bytes && ascii_prefix(piece) == piece.size())
        return true;
    // First the rest of a character that the end of the piece before has cut.
    for (; !piece.empty() && state != start && state != broken; piece = piece.subspan(1))
        state = successors[piece.front()] >> state & state_bits;
    while (!piece.empty() && state != broken) {
        if (state == start) {
            if (piece.size() >= utf8_block_bytes) piece = piece.subspan(valid_blocks(piece));
            piece = piece.subspan(ascii_prefix(piece));
        }
        const Bytes now = piece.first(std::min(block, piece.size()));
        // The mask costs nothing: the processor takes a shift's count modulo 64 by itself.
        for (const std::uint8_t byte : now) state = successors[byte] >> (state & state_bits);
        state &= state_bits;
        piece = piece.subspan(now.size());
    }
    state_ = static_cast<std::uint8_t>(state);
    return state_ != broken;
}

bool is_utf8(Bytes text) {
    Utf8Validator validator;
    return validator.feed(text) && validator.complete();
}

}  // namespace ws
