// Characters and their widths: UTF-8, RFC 3629; Unicode's East_Asian_Width and Mn, Me, Cf. Lesson 12.
// The ranges are those of whole blocks where the exceptions within are rare: a wrong guess costs a
// column on the screen and nothing else.
#include "terminal/columns.hpp"

#include <algorithm>
#include <array>

namespace terminal {

namespace {

struct Range {
    char32_t first;
    char32_t last;
};

constexpr auto no_columns = std::to_array<Range>({
    {0x0300, 0x036F},   // combining accents
    {0x0483, 0x0489},   {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F}, {0x06D6, 0x06DC},
    {0x0900, 0x0902},   {0x093C, 0x093C}, {0x0941, 0x0948}, {0x094D, 0x094D},  // Devanagari
    {0x0E31, 0x0E31},   {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E},                    // Thai
    {0x1AB0, 0x1AFF},   {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2064},
    {0x20D0, 0x20F0},   {0xFE00, 0xFE0F},  // variation selectors
    {0xFE20, 0xFE2F},   {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
});

constexpr auto two_columns = std::to_array<Range>({
    {0x1100, 0x115F},    // Hangul Jamo
    {0x231A, 0x231B},    {0x23E9, 0x23EC},   {0x25FD, 0x25FE},   {0x2614, 0x2615},
    {0x2648, 0x2653},    {0x267F, 0x267F},   {0x2693, 0x2693},   {0x26A1, 0x26A1},
    {0x26AA, 0x26AB},    {0x26BD, 0x26BE},   {0x26C4, 0x26C5},   {0x26CE, 0x26CE},
    {0x26D4, 0x26D4},    {0x26EA, 0x26EA},   {0x26F2, 0x26F3},   {0x26F5, 0x26F5},
    {0x26FA, 0x26FA},    {0x26FD, 0x26FD},   {0x2705, 0x2705},   {0x270A, 0x270B},
    {0x2728, 0x2728},    {0x274C, 0x274C},   {0x274E, 0x274E},   {0x2753, 0x2755},
    {0x2757, 0x2757},    {0x2795, 0x2797},   {0x27B0, 0x27B0},   {0x27BF, 0x27BF},
    {0x2B1B, 0x2B1C},    {0x2B50, 0x2B50},   {0x2B55, 0x2B55},
    {0x2E80, 0x303E},    // radicals, Chinese punctuation
    {0x3041, 0xA4CF},    // kana, Chinese characters, Yi
    {0xA960, 0xA97F},    {0xAC00, 0xD7A3},   // Hangul
    {0xF900, 0xFAFF},    {0xFE10, 0xFE19},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},    {0x16FE0, 0x18AFF}, {0x1AFF0, 0x1B2FB}, {0x1F004, 0x1F004},
    {0x1F0CF, 0x1F0CF},  {0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A}, {0x1F200, 0x1F320},
    {0x1F32D, 0x1F335},  {0x1F337, 0x1F37C}, {0x1F37E, 0x1F393}, {0x1F3A0, 0x1F3CA},
    {0x1F3CF, 0x1F3D3},  {0x1F3E0, 0x1F3F0}, {0x1F3F4, 0x1F3F4}, {0x1F3F8, 0x1F43E},
    {0x1F440, 0x1F440},  {0x1F442, 0x1F4FC}, {0x1F4FF, 0x1F53D}, {0x1F54B, 0x1F54E},
    {0x1F550, 0x1F567},  {0x1F57A, 0x1F57A}, {0x1F595, 0x1F596}, {0x1F5A4, 0x1F5A4},
    {0x1F5FB, 0x1F64F},  {0x1F680, 0x1F6C5}, {0x1F6CC, 0x1F6CC}, {0x1F6D0, 0x1F6D2},
    {0x1F6D5, 0x1F6D7},  {0x1F6DC, 0x1F6DF}, {0x1F6EB, 0x1F6EC}, {0x1F6F4, 0x1F6FC},
    {0x1F7E0, 0x1F7EB},  {0x1F90C, 0x1F93A}, {0x1F93C, 0x1F945}, {0x1F947, 0x1FAFF},
    {0x20000, 0x3FFFD},  // further Chinese characters
});

template <std::size_t N>
bool in(const std::array<Range, N>& ranges, char32_t code) {
    const auto range = std::ranges::lower_bound(ranges, code, {}, &Range::last);
    return range != ranges.end() && range->first <= code;
}

bool continues(char byte) { return (byte & 0xC0) == 0x80; }

char32_t code_of(std::string_view character) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    if (character.size() == 1) return byte(0);
    char32_t code = byte(0) & (0xFFu >> (character.size() + 1));
    for (std::size_t i = 1; i < character.size(); ++i) code = code << 6 | (byte(i) & 0x3F);
    return code;
}

std::size_t character_columns(std::string_view character) {
    const char32_t code = code_of(character);
    if (code < 0x300) return 1;
    return in(no_columns, code) ? 0 : in(two_columns, code) ? 2 : 1;
}

constexpr char32_t joiner = 0x200D;

bool is_skin_color(char32_t code) { return code >= 0x1F3FB && code <= 0x1F3FF; }

// Two of these are a flag.
bool is_flag_letter(char32_t code) { return code >= 0x1F1E6 && code <= 0x1F1FF; }

}  // namespace

std::size_t character_bytes(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t length = lead >= 0xF0 && lead <= 0xF4 ? 4
                               : lead >= 0xE0 && lead < 0xF0 ? 3
                               : lead >= 0xC2 && lead < 0xE0 ? 2
                                                             : 1;
    if (text.size() < length || !std::ranges::all_of(text.substr(1, length - 1), continues)) return 1;
    return length;
}

// Unicode's UAX #29, as far as people type it: accents, flags, emoji with a skin color or joined.
std::size_t cluster_bytes(std::string_view text) {
    std::size_t bytes = character_bytes(text);
    char32_t before = code_of(text.substr(0, bytes));
    bool half_flag = is_flag_letter(before);
    while (bytes < text.size()) {
        const std::string_view next = text.substr(bytes, character_bytes(text.substr(bytes)));
        const char32_t code = code_of(next);
        const bool joined = (before == joiner && in(two_columns, code)) || is_skin_color(code) ||
                            (half_flag && is_flag_letter(code));
        if (!joined && character_columns(next) > 0) break;
        half_flag = false;
        before = code;
        bytes += next.size();
    }
    return bytes;
}

std::size_t columns(std::string_view text) {
    std::size_t count = 0;
    while (!text.empty()) {
        std::string_view cluster = text.substr(0, cluster_bytes(text));
        text.remove_prefix(cluster.size());
        // Joined emoji are drawn as one.
        std::size_t width = cluster.size() > 4 && is_flag_letter(code_of(cluster.substr(0, 4))) ? 2 : 0;
        while (!cluster.empty()) {
            const std::size_t bytes = character_bytes(cluster);
            width = std::max(width, character_columns(cluster.substr(0, bytes)));
            cluster.remove_prefix(bytes);
        }
        count += width;
    }
    return count;
}

}  // namespace terminal
