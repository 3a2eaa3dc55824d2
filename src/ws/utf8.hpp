// UTF-8 checked piece by piece, RFC 6455 §8.1 and RFC 3629. Lesson 8.
// A text message may be cut anywhere, also within a character, by a fragment's or a read's end;
// so the state between two pieces is kept here. Fails at the first byte that cannot belong.
#pragma once

#include "ws/bytes.hpp"

namespace ws {

class Utf8Validator {
  public:
    // Takes the next piece of the text. False from the first invalid byte on.
    bool feed(Bytes piece);

    // May the text end here, or is a character unfinished?
    bool complete() const { return missing_ == 0; }

    void reset() { *this = {}; }

  private:
    bool feed_byte(std::uint8_t byte);

    std::uint8_t missing_ = 0;  // continuation bytes that the character still needs
    std::uint8_t low_ = 0x80;   // the range of the next one: narrower than 80..BF right after
    std::uint8_t high_ = 0xBF;  // a lead byte that has forbidden successors
};

// A whole text at once.
bool is_utf8(Bytes text);

}  // namespace ws
