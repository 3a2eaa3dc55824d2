// What a Redis server answers, as a value. RESP2, the first of its two protocols. Lesson 16.
// A reply is one of five kinds, and an array holds replies; that is the whole grammar.
// Leaves out: RESP3's further kinds. We ask for RESP2 (HELLO 2), so none of them comes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redis {

struct Reply {
    enum class Kind : std::uint8_t {
        status,   // "+OK": a short text, never binary
        error,    // "-ERR ...": its first word says which
        integer,  // ":42"
        text,     // "$5 hello": any bytes
        array,    // "*2 ...": replies
        nothing,  // "$-1" or "*-1": there is no such thing
    };

    Kind kind = Kind::nothing;
    std::string text{};  // of a status, an error, a text
    std::int64_t integer = 0;
    std::vector<Reply> items{};

    bool is_error() const { return kind == Kind::error; }
    bool is_nothing() const { return kind == Kind::nothing; }
    bool is_text() const { return kind == Kind::text || kind == Kind::status; }
    bool is_array() const { return kind == Kind::array; }

    // An error's first word: "NOAUTH", "READONLY", "LOADING"; empty for what is no error.
    std::string_view error_code() const {
        return is_error() ? std::string_view{text}.substr(0, text.find(' ')) : std::string_view{};
    }

    bool operator==(const Reply&) const = default;
};

}  // namespace redis
