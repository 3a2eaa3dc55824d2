// What a character is to somebody who reads it on a terminal: at the borders between the kinds.
#include "ws/characters.hpp"

#include <doctest/doctest.h>

using ws::Appearance;
using ws::appearance;

TEST_CASE("characters: the borders of what a terminal obeys, of blanks, and of what is seen") {
    for (const char32_t code : {U'\0', U'\x1F', U'\x7F', char32_t{0x80}, char32_t{0x9F}})
        CHECK(appearance(code) == Appearance::control);
    for (const char32_t code : {U'!', U'~', char32_t{0xA1}, char32_t{0x4E00}})
        CHECK(appearance(code) == Appearance::visible);
    for (const char32_t code : {U' ', char32_t{0xA0}, char32_t{0x2003}, char32_t{0x3000}})
        CHECK(appearance(code) == Appearance::blank);
    for (const char32_t code : {char32_t{0x200C}, char32_t{0x200D}})
        CHECK(appearance(code) == Appearance::joiner);
    for (const char32_t code : {char32_t{0xFE0F}, char32_t{0xE0100}})
        CHECK(appearance(code) == Appearance::selector);
    for (const char32_t code : {char32_t{0x200B}, char32_t{0x202E}})
        CHECK(appearance(code) == Appearance::hidden);
}
