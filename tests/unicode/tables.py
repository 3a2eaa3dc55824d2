#!/usr/bin/env python3
"""From Unicode's own files to the tables of src/.

tables.py condense FOLDER   reads the Unicode character database (Debian: package unicode-data,
                            /usr/share/unicode) and writes characters.txt beside this script
tables.py write             writes the two headers in src/ from characters.txt

tests/unicode/unicode_test.cpp compares the functions with characters.txt, character by character.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "characters.txt")
SOURCE = os.path.join(HERE, "..", "..", "src")
# The general categories that something is decided by; all others are "-".
CATEGORIES = {"Mn", "Me", "Cc", "Cf", "Cs", "Zs", "Zl", "Zp"}
END = 0x110000


def ranges_of(path):
    """(first, last, value) of each line "0300..036F ; Mn # ..."."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            fields = [field.strip() for field in line.split("#")[0].split(";")]
            if len(fields) < 2:
                continue
            ends = fields[0].split("..")
            yield int(ends[0], 16), int(ends[-1], 16), fields[1]


def condense(folder):
    category, wide, ignorable = ["-"] * END, [False] * END, [False] * END
    for first, last, value in ranges_of(os.path.join(folder, "extracted/DerivedGeneralCategory.txt")):
        if value in CATEGORIES:
            category[first : last + 1] = [value] * (last + 1 - first)
    for first, last, value in ranges_of(os.path.join(folder, "EastAsianWidth.txt")):
        if value in "WF":
            wide[first : last + 1] = [True] * (last + 1 - first)
    for first, last, value in ranges_of(os.path.join(folder, "DerivedCoreProperties.txt")):
        if value == "Default_Ignorable_Code_Point":
            ignorable[first : last + 1] = [True] * (last + 1 - first)
    with open(DATA, "w", encoding="utf-8") as file:
        file.write("# Unicode 15.0.0: DerivedGeneralCategory.txt, EastAsianWidth.txt, DerivedCoreProperties.txt.\n"
                   "# (c) 2022 Unicode, Inc.; terms of use: https://www.unicode.org/terms_of_use.html\n"
                   "# first last  category (- for all that nothing is decided by), W: East_Asian_Width W or F,\n"
                   "# I: Default_Ignorable_Code_Point. Characters without any of them are left out.\n")
        key = lambda code: (category[code], wide[code], ignorable[code])
        first = 0
        for code in range(1, END + 1):
            if code < END and key(code) == key(first):
                continue
            what = key(first)
            if what != ("-", False, False):
                file.write("%04X %04X %s%s%s\n" % (first, code - 1, what[0], " W" if what[1] else "",
                                                    " I" if what[2] else ""))
            first = code


def read():
    """For each character: category, wide, ignorable."""
    found = [("-", False, False)] * END
    with open(DATA, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#"):
                continue
            fields = line.split()
            first, last = int(fields[0], 16), int(fields[1], 16)
            found[first : last + 1] = [(fields[2], "W" in fields[3:], "I" in fields[3:])] * (last + 1 - first)
    return found


def runs(wanted):
    """The ranges of the characters for which wanted(code) holds."""
    result, first = [], None
    for code in range(END + 1):
        if code < END and wanted(code):
            first = code if first is None else first
        elif first is not None:
            result.append((first, code - 1))
            first = None
    return result


def table(name, comment, ranges):
    lines, line = [], "   "
    for first, last in ranges:
        cell = " {0x%04X, 0x%04X}," % (first, last)
        if len(line) + len(cell) > 100:
            lines.append(line)
            line = "   "
        line += cell
    return "%s\ninline constexpr CharacterRange %s[] = {\n%s\n};\n" % (comment, name, "\n".join(lines + [line]))


def write(path, head, namespace, include, tables):
    with open(os.path.join(SOURCE, path), "w", encoding="utf-8") as file:
        file.write(head + "#pragma once\n\n" + include + "namespace " + namespace + " {\n\n" + "\n".join(tables) +
                   "\n}  // namespace " + namespace + "\n")


def write_headers():
    characters = read()
    # Variation_Selector and Join_Control: they belong to their neighbours (ws/characters).
    neighbourly = set(range(0xFE00, 0xFE10)) | set(range(0xE0100, 0xE01F0)) | {
        0x180B, 0x180C, 0x180D, 0x180F, 0x200C, 0x200D}

    def hidden(code):
        category, _, ignorable = characters[code]
        return code not in neighbourly and (ignorable or category in ("Zl", "Zp"))

    write("ws/hidden_characters.hpp",
          "// Characters that show as nothing, or turn the order of others: escaped before they reach anybody's\n"
          "// screen. Lesson 1. Written by tests/unicode/tables.py from Unicode 15's own tables; not by hand.\n"
          "// Leaves out: joiners and variation selectors, which belong to the character before them.\n",
          "ws", '#include "ws/characters.hpp"\n\n',
          [table("hidden_characters", "// Default_Ignorable_Code_Point, Zl, Zp.", runs(hidden))])

    # As the C library's wcwidth(): no column for what stands on another character or shows as nothing
    # (but for the soft hyphen), and for the vowels and finals of a Hangul syllable that is spelled out.
    def no_column(code):
        category, _, ignorable = characters[code]
        if code == 0xAD or category in ("Cc", "Cs"):
            return False
        return category in ("Mn", "Me", "Cf", "Zl", "Zp") or 0x1160 <= code <= 0x11FF or ignorable

    def two_columns(code):
        return characters[code][1] and not no_column(code)
    write("terminal/column_tables.hpp",
          "// Characters that take no column of a terminal, and those that take two. Lesson 12.\n"
          "// Written by tests/unicode/tables.py from Unicode 15's own tables; not by hand.\n"
          "// Leaves out: what takes one, which is all the rest.\n",
          "terminal", '#include "ws/characters.hpp"\n\n',
          [table("no_columns", "// Mn, Me, Cf, Zl, Zp, Default_Ignorable_Code_Point, Hangul vowels and finals.", runs(no_column)).replace("CharacterRange", "ws::CharacterRange"),
           table("two_columns", "// East_Asian_Width W and F.", runs(two_columns)).replace("CharacterRange", "ws::CharacterRange")])


if len(sys.argv) == 3 and sys.argv[1] == "condense":
    condense(sys.argv[2])
elif sys.argv[1:] == ["write"]:
    write_headers()
else:
    sys.exit(__doc__)
