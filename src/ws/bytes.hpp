// Views of bytes, and the one way in which numbers are read from and written to the wire:
// network byte order, most significant byte first. Lesson 3.
// No casts of the wire: a pointer cast would read in the order of this machine's processor,
// and may stand at an address where a 64-bit load is not allowed.
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

// Reads an unsigned number of sizeof(T) bytes. `bytes` holds at least that many.
template <typename T>
constexpr T load_be(Bytes bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value = value << 8 | bytes[i];
    return static_cast<T>(value);
}

// Writes an unsigned number as sizeof(T) bytes. `out` has room for at least that many.
template <typename T>
constexpr void store_be(MutableBytes out, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
        out[i] = static_cast<std::uint8_t>(std::uint64_t{value} >> (8 * (sizeof(T) - 1 - i)));
}

inline void append(Buffer& out, Bytes bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

inline Bytes as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace ws
