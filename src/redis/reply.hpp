// What a Redis server answers, as a value, in RESP2 and in RESP3. Lesson 16.
// RESP3 writes some things in a way of its own that RESP2 writes as text, number or array. The value is
// the same, so what reads replies does not ask which protocol it was. Only a map is a kind more.
// Leaves out: what RESP3 tells beyond the value (that a number is a double, that an array is a set).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redis {

struct Reply {
    enum class Kind : std::uint8_t {
        status,   // "+OK": a short text, never binary
        error,    // "-ERR ...", "!7 ERR ...": its first word says which
        integer,  // ":42"; 1 for "#t" and 0 for "#f"
        text,     // "$5 hello": any bytes; "=9 txt:hello"; the digits of ",1.5" and "(12345"
        array,    // "*2 ...", "~2 ...": replies
        map,      // "%2 ...": name, value, name, value
        nothing,  // "_", "$-1", "*-1": there is no such thing
    };

    Kind kind = Kind::nothing;
    std::string text{};  // of a status, an error, a text
    std::int64_t integer = 0;
    std::vector<Reply> items{};  // of an array, a map

    bool is_error() const { return kind == Kind::error; }
    bool is_nothing() const { return kind == Kind::nothing; }
    bool is_text() const { return kind == Kind::text || kind == Kind::status; }
    bool is_array() const { return kind == Kind::array; }
    bool is_map() const { return kind == Kind::map; }

    // An error's first word: "NOAUTH", "READONLY", "LOADING"; empty for what is no error.
    std::string_view error_code() const {
        return is_error() ? std::string_view{text}.substr(0, text.find(' ')) : std::string_view{};
    }

    bool operator==(const Reply&) const = default;
};

}  // namespace redis
