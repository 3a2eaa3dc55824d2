// What a character looks like, as far as it matters where a peer's text is shown: that it can be
// seen, and that it leaves its neighbours where they are. Unicode 15. Lesson 1.
// Leaves out: how wide it is (the columns of a terminal, lesson 12).
#pragma once

#include <cstdint>
#include <span>

namespace ws {

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
