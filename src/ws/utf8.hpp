// UTF-8 checked piece by piece, RFC 6455 §8.1 and RFC 3629. Lesson 8.
// A text message may be cut anywhere, also within a character, by a fragment's or a read's end;
// so the state between two pieces is kept here. The piece with the first byte that cannot belong
// is the one that is refused; nothing waits for the end of the message.
#pragma once

#include "ws/bytes.hpp"

namespace ws {

class Utf8Validator {
  public:
    // Takes the next piece of the text. False from the first invalid byte on, for good.
    bool feed(Bytes piece);

    // May the text end here? Not within a character, and not after an invalid byte.
    bool complete() const { return state_ == start; }

    void reset() { *this = {}; }

  private:
    static constexpr std::uint8_t start = 6;  // between two characters; the rest is in utf8.cpp
    std::uint8_t state_ = start;
};

// A whole text at once.
bool is_utf8(Bytes text);

}  // namespace ws
