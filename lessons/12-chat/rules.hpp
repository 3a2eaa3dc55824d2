// Lesson 12: what may be said in the chat, and when it was said.
// Names and texts go to everyone's screen, so the server decides what they may hold: a length, and
// no characters that draw or hide instead of being read. That they are UTF-8 has been seen to (RFC 6455
// §8.1, RFC 8259 §8.1).
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "json/character.hpp"
#include "ws/characters.hpp"

namespace chat {

inline const std::string name_rule =
    "name has 1 to 32 characters that can be seen, and plain spaces only between them";
inline const std::string text_rule =
    "a text has 1 to 2000 characters, none of which steers the screen or hides something";

// 1 to `most` characters, each to be seen where it stands (ws/characters: no control characters,
// which terminals obey; nothing that turns the direction of writing, by which a name can look like
// another one). Not all of them blank; `plain`: of the blanks only the space.
inline bool is_allowed(std::string_view text, std::size_t most, bool plain) {
    std::size_t count = 0;
    bool blank = true;
    ws::Visibility visibility;
    while (!text.empty()) {
        const json::Character character = json::decode_utf8(text);
        if (character.length == 0 || ++count > most || !visibility.take(character.code)) return false;
        const bool space = ws::appearance(character.code) == ws::Appearance::blank;
        if (plain && space && character.code != ' ') return false;
        blank = blank && space;
        text.remove_prefix(character.length);
    }
    return !blank && (!plain || visibility.ends_visibly());
}

inline bool is_text(std::string_view text) { return is_allowed(text, 2000, false); }

// A name is what it looks like: it neither begins nor ends with a space, or with half a joint.
inline bool is_name(std::string_view name) {
    return is_allowed(name, 32, true) && name.front() != ' ';
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
