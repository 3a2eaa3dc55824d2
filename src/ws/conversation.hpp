// Whole frames judged in their order, by the rules that a header alone cannot break: RFC 6455
// §5.4, §5.5.1, §7.4, §8.1. Lesson 8, for people who look at bytes (clients/explain).
// An endpoint fails the connection at the first broken rule. Here every frame is judged, also
// those after a wrong one.
// Leaves out: limits (ws/receiver); data after a Close, which an endpoint drops unread.
#pragma once

#include "ws/frame.hpp"
#include "ws/utf8.hpp"

namespace ws {

// The frames of one direction.
class Conversation {
  public:
    // The rule that the next frame breaks. `payload` is unmasked; of a frame that is incomplete
    // it is what is here. Frames that check_header() refuses are shown as well: they may begin
    // or end a message.
    Errc take(const FrameHeader& header, Bytes payload);

  private:
    Errc take_data(const FrameHeader& header, Bytes payload);

    bool in_message_ = false;
    bool valid_text_ = false;  // the message at hand is a text, and so far a valid one
    Utf8Validator utf8_;
};

}  // namespace ws
