// Values written so that every reader understands them alike. Lesson 12, RFC 8259. Numbers in
// their shortest form that reads back the same, text escaped where it could be misread.
// It calls itself for arrays and objects; a value that parse() made is at most max_depth deep.
#include "json/write.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "json/character.hpp"

namespace json {

namespace {

void append_real(std::string& out, double number) {
    // JSON has no word for infinity, and none for "not a number". JavaScript writes the same.
    if (!std::isfinite(number)) {
        out += "null";
        return;
    }
    // The longest ones take 24 characters: -2.2250738585072014e-308.
    std::array<char, 32> digits;
    const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    const std::string_view text{digits.data(), result.ptr};
    out += text;
    // So that it is a double again when it is read, and no integer.
    if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append_escape(std::string& out, char32_t code) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (code) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\b': out += "\\b"; return;
        case '\f': out += "\\f"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += digits[code >> shift & 15];
}

// RFC 8259 §7 asks for quotation mark, backslash and U+0000 to U+001F. Beyond that: DEL and C1
// control characters, which terminals obey, and the line ends U+2028 and U+2029, which JSON takes
// as they are and a script in an old browser does not.
bool needs_escape(char32_t code) {
    return code == '"' || code == '\\' || code < 0x20 || (code >= 0x7F && code < 0xA0) ||
           code == 0x2028 || code == 0x2029;
}

void append_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const Character character = decode_utf8(text);
        // What is written is UTF-8 whatever the value holds: U+FFFD stands for a byte that is none.
        if (character.length == 0) {
            append_utf8(out, 0xFFFD);
            text.remove_prefix(1);
            continue;
        }
        if (needs_escape(character.code))
            append_escape(out, character.code);
        else
            out += text.substr(0, character.length);
        text.remove_prefix(character.length);
    }
    out += '"';
}

}  // namespace

void append(std::string& out, const Value& value) {
    const char* comma = "";  // from the second element on, a real one
    const auto separate = [&] {
        out += comma;
        comma = ",";
    };
    switch (value.type()) {
        case Value::Type::null: out += "null"; break;
        case Value::Type::boolean: out += *value.boolean() ? "true" : "false"; break;
        case Value::Type::integer: out += std::to_string(*value.integer()); break;
        case Value::Type::real: append_real(out, *value.number()); break;
        case Value::Type::string: append_string(out, *value.string()); break;
        case Value::Type::array:
            out += '[';
            for (const Value& element : *value.array()) {
                separate();
                append(out, element);
            }
            out += ']';
            break;
        case Value::Type::object:
            out += '{';
            for (const Member& member : *value.object()) {
                separate();
                append_string(out, member.name);
                out += ':';
                append(out, member.value);
            }
            out += '}';
            break;
    }
}

std::string write(const Value& value) {
    std::string text;
    append(text, value);
    return text;
}

}  // namespace json
