// Positions from text. Lesson 16.
// Digits and nothing else: no sign, no space, no leading zero, so that one position has one text.
// Leaves out: "+", "-" and "$", which Redis takes in the place of an id.
#include "redis/position.hpp"

#include <charconv>

namespace redis {

namespace {

// Takes a number and the character after it (0: the end) off the front.
std::optional<std::uint64_t> take_number(std::string_view& text, char follows) {
    const std::size_t end = follows != 0 ? text.find(follows) : text.size();
    if (end == std::string_view::npos || end == 0 || (text.front() == '0' && end > 1))
        return std::nullopt;
    std::uint64_t value = 0;
    const char* const stop = text.data() + end;
    const auto [last, error] = std::from_chars(text.data(), stop, value);
    if (error != std::errc{} || last != stop) return std::nullopt;
    text.remove_prefix(follows != 0 ? end + 1 : end);
    return value;
}

}  // namespace

std::optional<Position> parse_id(std::string_view text) {
    const auto time = take_number(text, '-');
    const auto part = time ? take_number(text, 0) : std::nullopt;
    if (!part) return std::nullopt;
    return Position{*time, *part, 0};
}

std::optional<Position> parse_position(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    auto position = parse_id(text.substr(0, slash));
    text.remove_prefix(slash + 1);
    const auto number = take_number(text, 0);
    if (!position || !number) return std::nullopt;
    position->number = *number;
    return position;
}

}  // namespace redis
