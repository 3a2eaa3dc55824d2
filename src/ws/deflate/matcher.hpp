// Where did these bytes stand before? LZ77 with chained hash tables, RFC 1951 §4. Lesson 14.
// Holds the window: what was compressed before, and what is to be compressed next. The memory that
// a connection with context takeover costs is in here; memory_for() says how much.
// Leaves out: which of the matches are used (deflate/deflate).
#pragma once

#include "ws/deflate/history.hpp"
#include "ws/deflate/huffman.hpp"

namespace ws::deflate {

struct Match {
    std::uint32_t length = 0;  // 0: none; else 3 to 258
    std::uint32_t distance = 0;
};

// How hard to look.
struct Effort {
    unsigned chain;  // places that are tried at most
    unsigned nice;   // a match of this length is good enough
    unsigned good;   // with one of this length already, a quarter of the chain is tried
};

class Matcher {
  public:
    // Distances of up to 2^window_bits bytes (for 15 bits, 512 less: positions fit into 16 bits).
    Matcher(unsigned window_bits, const Effort& effort);

    static std::size_t memory_for(unsigned window_bits);

    // Takes bytes from the front of `data`, as many as there is room for. True: all of them.
    bool fill(Bytes& data);

    // The bytes that are to be compressed next, and those that are at hand before them.
    const std::uint8_t* next() const { return window_.data() + position_; }
    std::size_t ahead() const { return end_ - position_; }
    // Bytes that should be ahead unless the data ends: less would cut matches short.
    static constexpr std::size_t lookahead = 512;

    // The longest match for the next bytes that is longer than `shortest`. Remembers the position,
    // and goes on to the next.
    Match find(unsigned shortest);
    // Goes on by so many positions, and remembers each of them, or none.
    void pass(std::size_t count);
    void skip(std::size_t count) { position_ += count; }

    // Nothing that was compressed so far is referred to any more. Costs nothing: the bytes and
    // their places stay, and are too old from now on.
    void forget() { oldest_ = position_; }

  private:
    void slide();
    void remember(std::uint32_t four);
    Match find_three(std::uint32_t four, std::size_t oldest) const;

    Effort effort_;
    std::size_t window_size_, most_distance_;
    unsigned hash_bits_, three_hash_bits_;
    std::size_t position_ = 1, end_ = 1;  // in window_; 0 stands for no position
    std::size_t oldest_ = 1;              // the first position that may be referred to
    Buffer window_;
    // The last position with each hash, of four bytes and of three; and for each position the one
    // before it with the same hash of four.
    std::vector<std::uint16_t> heads_, heads_of_three_, chain_;
};

}  // namespace ws::deflate
