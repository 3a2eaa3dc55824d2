// The table of what hides comes from Unicode; the few that belong to a neighbour stand here.
// Lesson 1. Unicode names their properties: Join_Control, Variation_Selector,
// Default_Ignorable_Code_Point.
#include "ws/characters.hpp"

#include <algorithm>

#include "ws/hidden_characters.hpp"

namespace ws {

namespace {

// Zs, and the braille pattern without a dot.
constexpr CharacterRange blanks[] = {{0x20, 0x20},     {0xA0, 0xA0},     {0x1680, 0x1680},
                                     {0x2000, 0x200A}, {0x202F, 0x202F}, {0x205F, 0x205F},
                                     {0x2800, 0x2800}, {0x3000, 0x3000}};

constexpr CharacterRange selectors[] = {
    {0x180B, 0x180D}, {0x180F, 0x180F}, {0xFE00, 0xFE0F}, {0xE0100, 0xE01EF}};

}  // namespace

bool is_in(std::span<const CharacterRange> ranges, char32_t code) {
    const auto range = std::ranges::lower_bound(ranges, code, {}, &CharacterRange::last);
    return range != ranges.end() && range->first <= code;
}

char32_t code_of(Bytes character) {
    if (character.size() == 1) return character[0];
    char32_t code = character[0] & (0b0111'1111u >> character.size());
    for (const std::uint8_t byte : character.subspan(1)) code = code << 6 | (byte & 0b0011'1111u);
    return code;
}

Appearance appearance(char32_t code) {
    if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return Appearance::control;
    if (code > 0x20 && code < 0x7F) return Appearance::visible;
    if (code == 0x200C || code == 0x200D) return Appearance::joiner;
    if (is_in(blanks, code)) return Appearance::blank;
    if (is_in(selectors, code)) return Appearance::selector;
    return is_in(hidden_characters, code) ? Appearance::hidden : Appearance::visible;
}

bool Visibility::take(char32_t code) {
    const Appearance what = appearance(code);
    const bool behind_visible = last_ == Appearance::visible;
    const bool behind_selector = last_ == Appearance::selector;
    const bool shown = what == Appearance::visible || what == Appearance::blank ||
                       (what == Appearance::selector && behind_visible) ||
                       (what == Appearance::joiner && (behind_visible || behind_selector));
    last_ = shown ? what : Appearance::blank;
    return shown;
}

}  // namespace ws
