// Literals and matches to blocks, RFC 1951 §3.2.3 to §3.2.7. Lesson 14.
// Symbols are collected until a block is full; then its codes are made, and it is written in the
// way that takes the fewest bits: stored, with the fixed codes, or with codes of its own.
// Holds nothing between two messages, so one of it serves any number of connections.
#pragma once

#include "ws/deflate/huffman.hpp"

namespace ws::deflate {

// The symbol that stands for a length of 3 to 258, and for a distance of 1 to 32768.
extern const std::array<std::uint16_t, max_match - min_match + 1> length_symbols;
constexpr unsigned symbol_of_distance(std::uint32_t distance) {
    const std::uint32_t value = distance - 1;
    if (value < 2) return value;
    const auto bits = static_cast<unsigned>(std::bit_width(value));
    return 2 * (bits - 1) + (value >> (bits - 2) & 1);
}

class Blocks {
  public:
    void literal(std::uint8_t byte) {
        ++literal_counts_[byte];
        symbols_[count_++] = byte;
    }
    void match(std::uint32_t length, std::uint32_t distance) {
        ++literal_counts_[length_symbols[length - min_match]];
        ++distance_counts_[symbol_of_distance(distance)];
        symbols_[count_++] = distance << 16 | length;
    }

    std::size_t left() const { return symbols_.size() - count_; }
    bool full() const { return left() == 0; }
    bool empty() const { return count_ == 0; }

    // Appends the block whose symbols stand for `data`, and begins the next.
    void write(Buffer& out, Bytes data);

    // Appends the first byte of an empty stored block; its length would follow, 00 00 ff ff. The
    // stream stands on a byte boundary then, and the next message may begin.
    void flush(Buffer& out);

  private:
    struct Codes {
        std::array<std::uint8_t, literal_symbols> literal_lengths;
        std::array<std::uint8_t, distance_symbols> distance_lengths;
        std::array<std::uint16_t, literal_symbols> literals;
        std::array<std::uint16_t, distance_symbols> distances;

        void make() {
            make_codes(literal_lengths, literals);
            make_codes(distance_lengths, distances);
        }
    };

    static Codes fixed_codes();
    void make_codes_of_block();
    void encode_lengths();
    void encode_run(std::uint8_t length, std::size_t run);
    std::size_t size_of_symbols(const Codes& codes) const;
    std::size_t size_of_extra_bits() const;
    std::size_t size_of_header() const;
    void write_stored(BitWriter& writer, Bytes data) const;
    void write_header(BitWriter& writer) const;
    void write_symbols(BitWriter& writer, const Codes& codes) const;
    void begin();

    std::size_t count_ = 0;
    std::array<std::uint32_t, 1u << 14> symbols_;  // a literal, or distance << 16 | length
    std::array<std::uint32_t, literal_symbols> literal_counts_{};
    std::array<std::uint32_t, distance_symbols> distance_counts_{};
    std::uint64_t bits_ = 0;  // that do not fill a byte yet
    unsigned bit_count_ = 0;

    // The codes of the block at hand, and how they are written: §3.2.7.
    Codes own_{};
    std::size_t literal_count_ = 0, distance_count_ = 0, length_code_count_ = 0;
    struct Run {
        std::uint8_t symbol, extra_bits, extra;
    };
    std::array<Run, literal_symbols + distance_symbols> runs_;
    std::size_t run_count_ = 0;
    std::array<std::uint8_t, length_code_symbols> length_code_lengths_;
};

}  // namespace ws::deflate
