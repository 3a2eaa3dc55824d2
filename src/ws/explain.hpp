// Any bytes as frames, explained bit by bit: RFC 6455 §5.2 as a picture. Lesson 5.
// For people only: nothing else in this folder needs it.
// Leaves out: rules that take more than one frame to break, close codes and UTF-8. What knows them
// (lesson 8: ws/conversation) may be asked.
#pragma once

#include <functional>
#include <string>

#include "ws/bytes.hpp"
#include "ws/frame.hpp"

namespace ws {

// The first frame of `bytes`: its two first bytes as bits, then field by field what follows,
// the rule that it breaks, or what is missing. Lines of at most 80 columns, each with a line
// feed. `offset` is the number of its first byte.
std::string explain_frame(Bytes bytes, std::size_t offset = 0);

// Says which rule a frame breaks besides those of its header. Asked about every frame with a whole
// header, in their order; the payload is unmasked, and may be incomplete.
using FrameJudge = std::function<Errc(const FrameHeader& header, Bytes payload)>;

// All of the frames in `bytes`, one after the other.
std::string explain(Bytes bytes, const FrameJudge& judge = {});

}  // namespace ws
