// Compression: RFC 1951, with the flush that RFC 7692 §7.2.1 asks for. Lesson 14.
// Level 1 is the fastest, 9 the smallest; 6 is what most use. What is compressed refers back to
// what was compressed before, until forget() is called: context takeover.
// Leaves out: when messages are compressed at all (deflate/permessage).
#pragma once

#include "ws/deflate/blocks.hpp"
#include "ws/deflate/matcher.hpp"

namespace ws::deflate {

inline constexpr int min_level = 1, max_level = 9, usual_level = 6;

class Deflater {
  public:
    // A window of 2^window_bits bytes (8 to 15), and the level (1 to 9).
    Deflater(unsigned window_bits, int level);

    // How many bytes such a Deflater takes.
    static std::size_t memory_for(unsigned window_bits) {
        return sizeof(Deflater) + Matcher::memory_for(window_bits);
    }

    // Appends the compressed form of `data`, all of it, up to a byte boundary in front of the bytes
    // 00 00 ff ff. They end a block of no bytes; RFC 7692 leaves them out at the end of a message.
    // `blocks` keeps nothing from one call to the next.
    void compress(Bytes data, Buffer& out, Blocks& blocks);

    // The next message refers to none before.
    void forget() { matcher_.forget(); }

  private:
    struct Level {
        bool lazy;        // is a match looked for one byte further on, before the first is taken?
        unsigned enough;  // not when it is as long as this. Not lazy: the positions in a match that
                          // is longer are not remembered
        Effort effort;
    };
    static const Level& level(int number);
    // What was found one byte before the position and waits for what is found here.
    struct Held {
        bool byte = false;
        Match match{};
    };
    void take_first(std::size_t stop, Blocks& blocks);
    void take_better(std::size_t stop, Blocks& blocks, Held& held);
    void forgive_misses(unsigned length);
    void give_up_for_a_while(std::size_t stop, Blocks& blocks);

    const Level& level_;
    Matcher matcher_;
    std::size_t misses_ = 0;  // positions without a match since the last one
};

// The four bytes that compress() leaves out.
inline constexpr std::array<std::uint8_t, 4> flush_tail{0x00, 0x00, 0xFF, 0xFF};

}  // namespace ws::deflate
