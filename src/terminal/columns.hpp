// How many columns of a terminal a text takes. Lesson 12.
// A character may take none (an accent that joins the letter before it), one, or two (Chinese,
// Japanese, Korean, emoji). The C library knows this only in a UTF-8 locale, which a program in a
// pipe or a container may not have; so there are Unicode 15's own tables here.
// Emoji that are joined by U+200D count as one; older terminals draw them one after the other.
// Leaves out: symbols that U+FE0F makes wide; terminals do not agree on those.
#pragma once

#include <cstddef>
#include <string_view>

namespace terminal {

// The bytes of the character at the front of `text`, which is not empty. A byte that begins no
// UTF-8 character is one by itself.
std::size_t character_bytes(std::string_view text);

// Where the character begins that the byte at `place` is in.
std::size_t character_start(std::string_view text, std::size_t place);

// What a cursor steps over: a character, and those after it that take no column of their own; a
// flag; an emoji of several parts.
std::size_t cluster_bytes(std::string_view text);

// The columns of a text without control characters.
std::size_t columns(std::string_view text);

}  // namespace terminal
