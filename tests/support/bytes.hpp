// How the tests write bytes: annotated hex, and every way to cut them. See "81 05 ..."_hex.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "ws/bytes.hpp"

namespace test {

// Bytes from hex digits; what stands between parentheses is a remark.
//   "81 05 (TEXT FIN, 5 bytes) 48 65 6c 6c 6f ("Hello")"_hex
ws::Buffer from_hex(std::string_view text);

inline namespace literals {
inline ws::Buffer operator""_hex(const char* text, std::size_t size) {
    return from_hex({text, size});
}

// One buffer behind another: "..."_hex + payload.
ws::Buffer operator+(ws::Buffer left, ws::Bytes right);
}  // namespace literals

using ws::as_bytes;

// Runs `body` with the bytes whole, byte by byte, and cut into two at every offset. Each run
// gets copies of its own, so that unmasking in place does not spoil the next one. A failed
// check in `body` names the cut.
using Pieces = std::vector<ws::Buffer>;
void for_every_split(ws::Bytes bytes, const std::function<void(Pieces& pieces)>& body);

}  // namespace test
