// Bytes and texts for the checks: hex, quotation, base64, wrapped lines.
// The checks never use what they check, so nothing in this folder includes a file of src/: a
// student's broken load_be() must not spoil the sentence that explains it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace check {

using Bytes = std::span<const std::uint8_t>;
using Buffer = std::vector<std::uint8_t>;

inline constexpr std::size_t everything = static_cast<std::size_t>(-1);

inline Bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Buffer buffer_of(std::string_view text) { return {text.begin(), text.end()}; }

// "81 05 48"; beyond `max` bytes the rest is "…".
std::string hex(Bytes bytes, std::size_t max = everything);
std::string hex(std::uint8_t byte);

// "81 05 48 65", also without blanks. Nothing: something else than pairs of hex digits is there.
std::optional<Buffer> read_hex(std::string_view text);
// The same for bytes written in a check, where a mistake is the check's own and ends it.
Buffer unhex(std::string_view text);

// Between quotation marks and harmless on a terminal: control bytes and what is no UTF-8 as \x1B.
std::string quote(Bytes bytes, std::size_t max = everything);
std::string quote(std::string_view text, std::size_t max = everything);

// The columns that a text takes; every character counts as one.
std::size_t columns(std::string_view text);

// Lines of at most `width` columns, broken at blanks. A '\n' in the text begins a new line.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

// The first byte in which the two differ; the shorter one's size when it is the beginning of
// the other.
std::size_t first_difference(Bytes a, Bytes b);

// Sec-WebSocket-Accept for a key, by OpenSSL directly. RFC 6455 §4.2.2.
std::string base64(Bytes bytes);
std::array<std::uint8_t, 20> sha1(Bytes bytes);
std::string accept_key(std::string_view key);

}  // namespace check
