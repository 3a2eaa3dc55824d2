// Any bytes as frames, explained bit by bit: RFC 6455 §5.2 as a picture. Lesson 5.
// For people only: nothing else in this folder needs it.
// Leaves out: rules that take more than one frame to break, close codes and UTF-8 (lesson 8).
#pragma once

#include <string>

#include "ws/bytes.hpp"

namespace ws {

// The first frame of `bytes`: its two first bytes as bits, then field by field what follows,
// the rule that it breaks, or what is missing. Lines of at most 80 columns, each with a line
// feed. `offset` is the number of its first byte.
std::string explain_frame(Bytes bytes, std::size_t offset = 0);

// All of the frames in `bytes`, one after the other.
std::string explain(Bytes bytes);

}  // namespace ws
