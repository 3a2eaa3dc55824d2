// Bytes as people read them. Lesson 1.
// Everything that a peer sent passes through quote() before it reaches a terminal or a log:
// escape codes and line feeds would otherwise let it draw there and forge lines.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "ws/bytes.hpp"

namespace ws {

inline constexpr std::size_t everything = static_cast<std::size_t>(-1);

// "81 05 48 65"; beyond `max` bytes the rest is "…".
std::string hex(Bytes bytes, std::size_t max = everything);

// Safe to print: whole UTF-8 characters as they are, every control byte and every byte that is
// no UTF-8 as an escape (\n, \x1B), and so what hides or turns others (\u202E). Beyond `max` bytes the rest is "…".
std::string escape(Bytes bytes, std::size_t max = everything);
std::string escape(std::string_view text, std::size_t max = everything);

// The same between quotation marks, and unmistakable: those within, and backslashes, are
// escaped too.
std::string quote(Bytes bytes, std::size_t max = everything);

// Which way bytes went. One perspective everywhere, whoever writes the trace: an arrow to the
// right comes from the client, an arrow to the left from the server.
enum class Direction : std::uint8_t { from_client, from_server };

// One line of the project's trace: number, arrow, the first eight bytes, what they are.
//   "  2 ← 81 05 48 65 6C 6C 6F       TEXT FIN len=5 "Hello""
std::string trace_line(unsigned number, Direction direction, Bytes bytes, std::string_view meaning);

}  // namespace ws
