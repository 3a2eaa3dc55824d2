// Views of bytes, bytes that are collected, and text as bytes. Lesson 1.
// A view owns nothing: it is good as long as what it looks at.
// Leaves out: numbers in bytes (ws/byte_order).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ws {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

// Bytes that are collected: output that waits to be written, a message that is being put
// together.
using Buffer = std::vector<std::uint8_t>;

// How far a parser came. Bytes that have not arrived yet are no error.
enum class Parse : std::uint8_t { ok, need_more, error };

inline void append(Buffer& out, Bytes bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

inline Bytes as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace ws
