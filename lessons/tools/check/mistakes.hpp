// The mistakes that people really make with WebSocket frames, each recognised from the bytes that
// came, and each with the sentence that explains it. RFC 6455 §5, §7. PITFALLS of the course.
// A check adds its own in front of these.
#pragma once

#include <string>

#include "lessons/tools/check/verdict.hpp"

namespace check {

// All of them, in the order in which they are tried.
const Mistakes& common_mistakes();

// When none is recognised: what the byte that is off means, and what it should be.
Explained explain_difference(const Came& came);

// The beginning of what was expected, far enough to hold the byte at `at`: "81 7E 00 7E".
std::string expected_bytes(const Came& came, std::size_t at);

bool is_control_opcode(std::uint8_t opcode);

}  // namespace check
