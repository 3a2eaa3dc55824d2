// One character of UTF-8 at a time, RFC 3629, for the texts within JSON. Lesson 12.
// Apart from ws/utf8, which checks pieces cut anywhere and computes no character: a JSON text is
// whole, and its escapes name characters by number.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace json {

struct Character {
    char32_t code = 0;
    std::size_t length = 0;  // bytes; 0: there is no well-formed character
};

// The character at the front of `text`, which is not empty.
Character decode_utf8(std::string_view text);

// Appends a character that is no surrogate and not beyond U+10FFFF.
void append_utf8(std::string& out, char32_t code);

}  // namespace json
