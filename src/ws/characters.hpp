// Characters as bytes (UTF-8, RFC 3629), and what they look like, as far as it matters where a peer's
// text is shown: that each can be seen, and leaves its neighbours where they are. Unicode 15. Lesson 1.
// Leaves out: how wide it is (the columns of a terminal, lesson 12); whether a text is UTF-8 (lesson 8).
#pragma once

#include "ws/bytes.hpp"

namespace ws {

constexpr bool continues_character(std::uint8_t byte) { return (byte & 0b1100'0000) == 0b1000'0000; }

// How many bytes the character has that begins with this one; 0: none does (C0, C1: overlong ASCII).
constexpr std::size_t announced_bytes(std::uint8_t lead) {
    return lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
}

// The number of a whole character.
char32_t code_of(Bytes character);

struct CharacterRange {
    char32_t first;
    char32_t last;
};

// `ranges` ascend.
bool is_in(std::span<const CharacterRange> ranges, char32_t code);

enum class Appearance : std::uint8_t {
    visible,
    blank,     // a space of any width, and what looks like one
    selector,  // chooses between two looks of the character before it: U+FE0F, the colorful one
    joiner,   // joins its neighbours, or keeps them apart: U+200D in 👩‍💻, U+200C in Persian
    hidden,   // shows as nothing, ends a line, or turns the direction of what follows
    control,  // of ASCII and Latin-1: terminals obey it
};

Appearance appearance(char32_t code);

// Goes through a text and tells what would be hidden in it. A selector or joiner stands where a
// visible character is before it, and one of them at a time; elsewhere it hides something, too.
class Visibility {
  public:
    // False: this one is not to be shown as it is.
    bool take(char32_t code);

    // What was taken last joins nothing, and is no blank.
    bool ends_visibly() const {
        return last_ == Appearance::visible || last_ == Appearance::selector;
    }

  private:
    Appearance last_ = Appearance::blank;
};

}  // namespace ws
