// Messages, and the writes in which they leave: two things that TCP does not keep together.
// Lesson 3. The notation is for trying it out: "a + b" is two messages in one write, "a / b" one
// message in two writes.
// Leaves out: a way to say " + " or " / " within a message.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "ws/byte_order.hpp"
#include "ws/bytes.hpp"

namespace lesson {

// What ends a session early; what() is for people.
class Failure : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// "a + b" at " + ": "a" and "b".
inline std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + separator.size());
    }
}

inline void append_length(ws::Buffer& out, std::size_t length) {
    if (length > 65'535) throw Failure{"a 2-byte length cannot say " + std::to_string(length)};
    out.resize(out.size() + 2);
    ws::store_be(ws::MutableBytes{out}.last(2), static_cast<std::uint16_t>(length));
}

// What leaves in each write. In naive mode a message is its text and nothing before it.
inline std::vector<ws::Buffer> plan_writes(const std::vector<std::string_view>& messages,
                                           bool naive) {
    std::vector<ws::Buffer> writes(1);
    for (const std::string_view message : messages) {
        const auto pieces = split(message, " / ");
        std::size_t length = 0;
        for (const std::string_view piece : pieces) length += piece.size();
        if (!naive) append_length(writes.back(), length);
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            if (i > 0) writes.emplace_back();
            ws::append(writes.back(), ws::as_bytes(pieces[i]));
        }
    }
    return writes;
}

}  // namespace lesson
