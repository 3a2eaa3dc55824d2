// Bytes to text. Lesson 1.
// What may be printed as it is: whole, well-formed UTF-8 characters that are no control
// characters. Everything else becomes an escape, so that the same bytes always give the same
// harmless text. Characters that hide or turn others are escaped by their number.
#include "ws/hex.hpp"

#include <algorithm>

#include "ws/characters.hpp"

namespace ws {

namespace {

constexpr std::string_view digits = "0123456789ABCDEF";
constexpr std::string_view ellipsis = "…";

// Bytes shown at the beginning of a trace line, and the width of their column.
constexpr std::size_t shown_bytes = 8;
constexpr std::size_t hex_column = 3 * shown_bytes + 3;

// The length of the UTF-8 character at the front of `bytes`, or 0 for none. Control characters
// count as none, those of C1 too (C2 80 to C2 9F): terminals obey them.
std::size_t character_length(Bytes bytes) {
    const std::size_t length = announced_bytes(bytes[0]);
    if (length == 0 || bytes.size() < length) return 0;
    if (!std::ranges::all_of(bytes.subspan(1, length - 1), continues_character)) return 0;
    const char32_t code = code_of(bytes.first(length));
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    const bool control = appearance(code) == Appearance::control;
    return control || overlong || surrogate || code > 0x10FFFF ? 0 : length;
}

// "\u202E", "\U000E0001".
std::string escaped_character(char32_t code) {
    std::string text = code > 0xFFFF ? "\\U" : "\\u";
    for (int bits = code > 0xFFFF ? 28 : 12; bits >= 0; bits -= 4) text += digits[code >> bits & 15];
    return text;
}

std::string escaped_byte(std::uint8_t byte) {
    switch (byte) {
        case '\n': return "\\n";
        case '\r': return "\\r";
        case '\t': return "\\t";
        case '"': return "\\\"";
        case '\\': return "\\\\";
        default: return {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
}

// `quoted`: quotation marks and backslashes are escaped as well.
std::string escaped(Bytes bytes, std::size_t max, bool quoted) {
    std::string text;
    std::size_t done = 0;
    Visibility visibility;
    while (done < bytes.size() && done < max) {
        const bool mark = quoted && (bytes[done] == '"' || bytes[done] == '\\');
        const std::size_t length = mark ? 0 : character_length(bytes.subspan(done));
        const Bytes character = bytes.subspan(done, std::max<std::size_t>(length, 1));
        if (length == 0) {
            visibility = {};  // nothing joins across bytes that are no character
            text += escaped_byte(character[0]);
        } else if (const char32_t code = code_of(character); visibility.take(code)) {
            text += as_text(character);
        } else {
            text += escaped_character(code);
        }
        done += character.size();
    }
    if (done < bytes.size()) text += ellipsis;
    return text;
}

}  // namespace

std::string hex(Bytes bytes, std::size_t max) {
    std::string text;
    for (const std::uint8_t byte : bytes.first(std::min(max, bytes.size()))) {
        if (!text.empty()) text += ' ';
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    if (bytes.size() > max) (text += text.empty() ? "" : " ") += ellipsis;
    return text;
}

std::string escape(Bytes bytes, std::size_t max) { return escaped(bytes, max, false); }

std::string escape(std::string_view text, std::size_t max) { return escape(as_bytes(text), max); }

std::string quote(Bytes bytes, std::size_t max) { return '"' + escaped(bytes, max, true) + '"'; }

std::string trace_line(unsigned number, Direction direction, Bytes bytes,
                       std::string_view meaning) {
    std::string line = std::to_string(number);
    if (line.size() < 3) line.insert(0, 3 - line.size(), ' ');
    line += direction == Direction::from_client ? " → " : " ← ";
    const std::string shown = hex(bytes, shown_bytes);
    line += shown;
    // The ellipsis is three bytes long and one column wide.
    const std::size_t columns = shown.size() - (bytes.size() > shown_bytes ? 2 : 0);
    line.append(hex_column - columns, ' ');
    return line.append(meaning);
}

}  // namespace ws
