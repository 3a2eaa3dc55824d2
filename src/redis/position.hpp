// Where somebody is in the log of a room: after which entry. Lesson 16.
// As text "1767225600000-0/17": the id that a Redis stream gave the entry (milliseconds, and a
// number within them), and its number in the room. The id finds it; the number tells what is missing.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace redis {

struct Position {
    std::uint64_t time = 0;  // milliseconds
    std::uint64_t part = 0;  // of entries of one millisecond
    std::uint64_t number = 0;  // 1 for the first entry of a room; 0: before it

    // "1767225600000-0", as Redis writes it.
    std::string id() const { return std::to_string(time) + '-' + std::to_string(part); }
    // The smallest id after it. "(" before an id says the same, but to Redis 6.2 and later only.
    std::string next_id() const { return Position{time + (part + 1 == 0), part + 1}.id(); }
    std::string text() const { return id() + '/' + std::to_string(number); }

    // Which of two entries came later is said by their ids alone.
    std::strong_ordering operator<=>(const Position& other) const {
        if (const auto by_time = time <=> other.time; by_time != 0) return by_time;
        return part <=> other.part;
    }
    bool operator==(const Position& other) const { return (*this <=> other) == 0; }
};

// The opposite of text(); nothing for any other text. Comes from clients, so it is strict.
std::optional<Position> parse_position(std::string_view text);

// Of an id alone, with number 0.
std::optional<Position> parse_id(std::string_view text);

}  // namespace redis
