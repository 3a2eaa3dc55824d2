// Characters and their widths: UTF-8, RFC 3629; Unicode's East_Asian_Width and Mn, Me, Cf. Lesson 12.
// A wrong guess costs a column on the screen and nothing else.
// Leaves out: what a terminal makes of them; the tables are Unicode's.
#include "terminal/columns.hpp"

#include <algorithm>

#include "terminal/column_tables.hpp"

namespace terminal {

namespace {

char32_t code_of(std::string_view character) { return ws::code_of(ws::as_bytes(character)); }

std::size_t character_columns(std::string_view character) {
    const char32_t code = code_of(character);
    if (code < 0x300) return 1;
    return ws::is_in(no_columns, code) ? 0 : ws::is_in(two_columns, code) ? 2 : 1;
}

constexpr char32_t joiner = 0x200D;

bool is_skin_color(char32_t code) { return code >= 0x1F3FB && code <= 0x1F3FF; }

// Two of these are a flag.
bool is_flag_letter(char32_t code) { return code >= 0x1F1E6 && code <= 0x1F1FF; }

}  // namespace

std::size_t character_bytes(std::string_view text) {
    const ws::Bytes bytes = ws::as_bytes(text);
    const std::size_t length = ws::announced_bytes(bytes[0]);
    if (length == 0 || bytes.size() < length) return 1;
    return std::ranges::all_of(bytes.subspan(1, length - 1), ws::continues_character) ? length : 1;
}

std::size_t character_start(std::string_view text, std::size_t place) {
    while (place > 0 && ws::continues_character(ws::as_bytes(text)[place])) --place;
    return place;
}

// Unicode's UAX #29, as far as people type it: accents, flags, emoji with a skin color or joined.
std::size_t cluster_bytes(std::string_view text) {
    std::size_t bytes = character_bytes(text);
    char32_t before = code_of(text.substr(0, bytes));
    bool half_flag = is_flag_letter(before);
    while (bytes < text.size()) {
        const std::string_view next = text.substr(bytes, character_bytes(text.substr(bytes)));
        const char32_t code = code_of(next);
        // The joiner binds emoji. Between letters, in Persian say, it only changes their forms.
        const bool joined = (before == joiner && ws::is_in(two_columns, code)) || is_skin_color(code) ||
                            (half_flag && is_flag_letter(code));
        if (!joined && character_columns(next) > 0) break;
        // A third letter would begin the next flag.
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
