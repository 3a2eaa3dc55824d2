// The functions for characters against Unicode's own tables (characters.txt), character by
// character.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "terminal/columns.hpp"
#include "ws/characters.hpp"

namespace {

struct Properties {
    std::string category = "-";
    bool wide = false;
    bool ignorable = false;
};

constexpr char32_t end_of_unicode = 0x110000;

std::vector<Properties> read_properties() {
    std::vector<Properties> all(end_of_unicode);
    std::ifstream file{"tests/unicode/characters.txt"};
    REQUIRE(file);
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        std::istringstream fields{line};
        std::ptrdiff_t first = 0;
        std::ptrdiff_t last = 0;
        Properties properties;
        fields >> std::hex >> first >> last >> properties.category;
        for (std::string mark; fields >> mark;)
            (mark == "W" ? properties.wide : properties.ignorable) = true;
        std::fill(all.begin() + first, all.begin() + last + 1, properties);
    }
    return all;
}

const Properties& properties_of(char32_t code) {
    static const std::vector<Properties> all = read_properties();
    return all[code];
}

std::string utf8(char32_t code) {
    const auto byte = [](char32_t value) { return static_cast<char>(value); };
    const auto tail = [&](int shift) { return byte(0x80 | (code >> shift & 0x3F)); };
    if (code < 0x80) return {byte(code)};
    if (code < 0x800) return {byte(0xC0 | code >> 6), tail(0)};
    if (code < 0x10000) return {byte(0xE0 | code >> 12), tail(6), tail(0)};
    return {byte(0xF0 | code >> 18), tail(12), tail(6), tail(0)};
}

// The properties that decide it, in the words of Unicode.
ws::Appearance expected(char32_t code) {
    const Properties& properties = properties_of(code);
    if (properties.category == "Cc") return ws::Appearance::control;
    if (code == 0x200C || code == 0x200D) return ws::Appearance::joiner;  // Join_Control
    if (properties.category == "Zs" || code == 0x2800) return ws::Appearance::blank;
    if (properties.category == "Zl" || properties.category == "Zp") return ws::Appearance::hidden;
    if (!properties.ignorable) return ws::Appearance::visible;
    // Variation_Selector
    const bool selects = (code >= 0x180B && code <= 0x180F && code != 0x180E) ||
                         (code >= 0xFE00 && code <= 0xFE0F) || (code >= 0xE0100 && code <= 0xE01EF);
    return selects ? ws::Appearance::selector : ws::Appearance::hidden;
}

bool takes_no_column(char32_t code) {
    const Properties& properties = properties_of(code);
    const std::string_view category = properties.category;
    if (code == 0xAD) return false;  // the soft hyphen, which terminals show
    if (code >= 0x1160 && code <= 0x11FF) return true;
    return category == "Mn" || category == "Me" || category == "Cf" || category == "Zl" ||
           category == "Zp" || properties.ignorable;
}

}  // namespace

TEST_CASE("Unicode: what each character looks like is what its properties say") {
    std::size_t wrong = 0;
    for (char32_t code = 0; code < end_of_unicode; ++code)
        if (ws::appearance(code) != expected(code) && wrong++ == 0)
            MESSAGE("first: U+" << std::hex << static_cast<unsigned long>(code));
    CHECK(wrong == 0);
}

TEST_CASE("Unicode: a terminal's columns are those of East_Asian_Width, and none for marks") {
    std::size_t wrong = 0;
    for (char32_t code = 0xA0; code < end_of_unicode; ++code) {
        if (properties_of(code).category == "Cs") continue;
        const std::size_t columns = takes_no_column(code) ? 0 : properties_of(code).wide ? 2 : 1;
        if (terminal::columns(utf8(code)) != columns && wrong++ == 0)
            MESSAGE("first: U+" << std::hex << static_cast<unsigned long>(code));
    }
    CHECK(wrong == 0);
}

TEST_CASE("Unicode: columns of words as people write them") {
    CHECK(terminal::columns("\u23F0\u23F3") == 4);                    // clock, hourglass
    CHECK(terminal::columns("\u0BA4\u0BAE\u0BBF\u0BB4\u0BCD") == 4);  // Tamil, with its virama
    CHECK(terminal::columns("e\u0301") == 1);                         // NFD
    CHECK(terminal::columns("\u05E9\u05C1\u05B8") == 1);              // Hebrew, pointed
    CHECK(terminal::columns("\u4E16\u754C") == 4);
}
