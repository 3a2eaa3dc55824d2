// Characters to bytes and back, RFC 3629 §3. Lesson 12.
// Overlong forms, surrogates and what lies beyond U+10FFFF are no characters: two spellings of one
// character are how a check that looks for '<' is passed by.
#include "json/character.hpp"

namespace json {

namespace {

unsigned byte_at(std::string_view text, std::size_t index) {
    return static_cast<unsigned char>(text[index]);
}

}  // namespace

Character decode_utf8(std::string_view text) {
    const unsigned lead = byte_at(text, 0);
    if (lead < 0x80) return {lead, 1};
    // C0 and C1 could begin overlong forms only, and F5 to FF what lies beyond U+10FFFF.
    const std::size_t length = lead < 0xC2   ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF5 ? 4
                                             : 0;
    if (length == 0 || text.size() < length) return {};
    // Of the lead byte what comes after the bits that tell the length: so many ones, and a zero.
    char32_t code = lead & (0b0111'1111u >> length);
    for (std::size_t i = 1; i < length; ++i) {
        const unsigned byte = byte_at(text, i);
        if ((byte & 0b1100'0000) != 0b1000'0000) return {};
        code = code << 6 | (byte & 0b0011'1111);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (overlong || surrogate || code > 0x10FFFF) return {};
    return {code, length};
}

void append_utf8(std::string& out, char32_t code) {
    const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
    const auto put_rest = [&put, code](int shift) { put(0b1000'0000 | (code >> shift & 0b0011'1111)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0b1100'0000 | code >> 6);
        put_rest(0);
    } else if (code < 0x10000) {
        put(0b1110'0000 | code >> 12);
        put_rest(6);
        put_rest(0);
    } else {
        put(0b1111'0000 | code >> 18);
        put_rest(12);
        put_rest(6);
        put_rest(0);
    }
}

}  // namespace json
