// Lesson 12: what may be said in the chat, and when it was said.
// Names and texts go to everyone's screen, so the server decides what they may hold: a length, and
// no characters that draw instead of being read. That they are UTF-8 has been seen to (RFC 6455
// §8.1, RFC 8259 §8.1).
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "json/character.hpp"

namespace chat {

inline const std::string name_rule =
    "name has 1 to 32 characters, none of them a control character, no space at either end";
inline const std::string text_rule =
    "a text has 1 to 2000 characters, none of them a control character";

// Characters that steer: control characters, which terminals obey, line and paragraph ends, and
// those that turn the direction of writing, by which a name can look like another one.
inline bool steers(char32_t code) {
    const auto in = [code](char32_t first, char32_t last) { return code >= first && code <= last; };
    return in(0x00, 0x1F) || in(0x7F, 0x9F) || in(0x200B, 0x200F) || in(0x2028, 0x202E) ||
           in(0x2060, 0x206F) || code == 0xFEFF;
}

// 1 to `most` characters, not blank, none that steers.
inline bool is_allowed(std::string_view text, std::size_t most) {
    std::size_t count = 0;
    bool blank = true;
    while (!text.empty()) {
        const json::Character character = json::decode_utf8(text);
        if (character.length == 0 || steers(character.code) || ++count > most) return false;
        blank = blank && character.code == ' ';
        text.remove_prefix(character.length);
    }
    return !blank;
}

inline bool is_text(std::string_view text) { return is_allowed(text, 2000); }

// A name is what it looks like: it neither begins nor ends with a space.
inline bool is_name(std::string_view name) {
    return is_allowed(name, 32) && name.front() != ' ' && name.back() != ' ';
}

// "2026-01-01T12:00:00Z", RFC 3339.
inline std::string now() {
    const std::time_t time = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[sizeof "2026-01-01T12:00:00Z"];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

}  // namespace chat
