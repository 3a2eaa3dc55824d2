// UTF-8 as the table of RFC 3629 §4 has it, RFC 6455 §8.1. Lesson 8.
// A lead byte says how many bytes follow and in which range the next one lies; that range excludes
// overlong forms, surrogates and what lies beyond U+10FFFF, so no character is ever computed.
#include "ws/utf8.hpp"

#include <cstring>

namespace ws {

namespace {

// The number of bytes at the front that are ASCII, counted eight at a time (so up to seven
// more may follow). Most text is ASCII, and this looks at it eight times as fast.
std::size_t ascii_prefix(Bytes bytes) {
    constexpr std::uint64_t top_bits = 0x8080808080808080;
    std::size_t done = 0;
    for (; done + 8 <= bytes.size(); done += 8) {
        std::uint64_t eight;
        std::memcpy(&eight, bytes.data() + done, sizeof eight);
        if ((eight & top_bits) != 0) break;
    }
    return done;
}

}  // namespace

bool Utf8Validator::feed(Bytes piece) {
    std::size_t done = 0;
    while (done < piece.size()) {
        if (missing_ == 0) done += ascii_prefix(piece.subspan(done));
        if (done == piece.size()) break;
        if (!feed_byte(piece[done++])) return false;
    }
    return true;
}

// RFC 3629 §4, the table of well-formed sequences:
//   00..7F
//   C2..DF 80..BF
//   E0 A0..BF 80..BF         a lower second byte would be an overlong form
//   E1..EC 80..BF 80..BF
//   ED 80..9F 80..BF         A0..BF would be a surrogate
//   EE..EF 80..BF 80..BF
//   F0 90..BF 80..BF 80..BF  a lower second byte would be an overlong form
//   F1..F3 80..BF 80..BF 80..BF
//   F4 80..8F 80..BF 80..BF  beyond U+10FFFF otherwise
bool Utf8Validator::feed_byte(std::uint8_t byte) {
    if (missing_ > 0) {
        if (byte < low_ || byte > high_) return false;
        --missing_;
        low_ = 0x80;
        high_ = 0xBF;
        return true;
    }
    if (byte < 0x80) return true;
    if (byte < 0xC2 || byte > 0xF4) return false;
    missing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    if (byte == 0xE0) low_ = 0xA0;
    if (byte == 0xED) high_ = 0x9F;
    if (byte == 0xF0) low_ = 0x90;
    if (byte == 0xF4) high_ = 0x8F;
    return true;
}

bool is_utf8(Bytes text) {
    Utf8Validator validator;
    return validator.feed(text) && validator.complete();
}

}  // namespace ws
