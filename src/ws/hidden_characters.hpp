// Characters that show as nothing, or turn the order of others: escaped before they reach anybody's
// screen. Lesson 1. Written by tests/unicode/tables.py from Unicode 15's own tables; not by hand.
// Leaves out: joiners and variation selectors, which belong to the character before them.
#pragma once

#include "ws/characters.hpp"

namespace ws {

// Default_Ignorable_Code_Point, Zl, Zp.
inline constexpr CharacterRange hidden_characters[] = {
    {0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x061C, 0x061C}, {0x115F, 0x1160}, {0x17B4, 0x17B5},
    {0x180E, 0x180E}, {0x200B, 0x200B}, {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},
    {0x3164, 0x3164}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFF8}, {0x1BCA0, 0x1BCA3},
    {0x1D173, 0x1D17A}, {0xE0000, 0xE00FF}, {0xE01F0, 0xE0FFF},
};

}  // namespace ws
