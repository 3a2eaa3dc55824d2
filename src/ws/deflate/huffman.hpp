// Canonical Huffman codes, RFC 1951 §3.2.1 and §3.2.2. Lesson 14.
// From lengths to a table that decodes with one look, and from frequencies to lengths and codes.
// The alphabets of DEFLATE stand here too, §3.2.5, because both directions need them.
// Leaves out: where the lengths stand in a stream (deflate/inflate, deflate/blocks).
#pragma once

#include "ws/deflate/bits.hpp"

namespace ws::deflate {

inline constexpr unsigned max_code_bits = 15;        // of literals, lengths and distances
inline constexpr unsigned max_length_code_bits = 7;  // of the code that writes code lengths

inline constexpr std::size_t literal_symbols = 288;  // 286 and 287 have codes, and no meaning
inline constexpr std::size_t distance_symbols = 32;  // so do 30 and 31
inline constexpr std::size_t length_code_symbols = 19;
inline constexpr unsigned end_of_block = 256;

inline constexpr std::uint16_t min_match = 3;
inline constexpr std::uint16_t max_match = 258;

// §3.2.5: a length or distance symbol stands for `base` and what its extra bits add to it.
struct Symbol {
    std::uint16_t base;
    std::uint8_t extra_bits;
};
inline constexpr std::uint16_t first_length_symbol = 257;
constexpr Symbol length_symbol(unsigned symbol) {  // 257 to 285
    const unsigned index = symbol - first_length_symbol;
    if (index < 4) return {static_cast<std::uint16_t>(min_match + index), 0};
    if (symbol == 285) return {max_match, 0};
    const unsigned extra = index / 4 - 1;
    return {static_cast<std::uint16_t>(min_match + ((4 + index % 4) << extra)),
            static_cast<std::uint8_t>(extra)};
}
constexpr Symbol distance_symbol(unsigned symbol) {  // 0 to 29
    if (symbol < 2) return {static_cast<std::uint16_t>(1 + symbol), 0};
    const unsigned extra = symbol / 2 - 1;
    return {static_cast<std::uint16_t>(1 + ((2 + symbol % 2) << extra)),
            static_cast<std::uint8_t>(extra)};
}

// §3.2.6: the lengths of the fixed codes.
std::array<std::uint8_t, literal_symbols> fixed_literal_lengths();
std::array<std::uint8_t, distance_symbols> fixed_distance_lengths();

// §3.2.7: the order in which the lengths of the code length code are written.
inline constexpr std::array<std::uint8_t, length_code_symbols> length_code_order{
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

// --- decoding --------------------------------------------------------------------------------

// What the bits at hand mean, in one number:
//   bits 0 to 7    how many bits code and extra bits take together
//   bits 8 to 11   how many of them the code takes
//   bit 12         special: one of the two kinds below, or the end of the block (base 0)
//   bit 13         special: the code is longer than the table's index. `base` is where the rest
//                  of the entries begins, bits 8 to 11 by how many bits they are indexed
//   bit 14         special: no code begins so
//   bits 16 to 30  the literal, or the base of a length or distance
//   bit 31         a literal
using TableEntry = std::uint32_t;
inline constexpr TableEntry literal_entry = 1u << 31;
inline constexpr TableEntry special_entry = 1u << 12;
inline constexpr TableEntry long_code_entry = 1u << 13;
inline constexpr TableEntry no_code_entry = 1u << 14;
constexpr unsigned all_bits(TableEntry entry) { return entry & 0xFF; }
constexpr unsigned code_bits(TableEntry entry) { return entry >> 8 & 0xF; }
constexpr unsigned base(TableEntry entry) { return entry >> 16 & 0x7FFF; }

// What each symbol means, less the length of its code.
extern const std::array<TableEntry, literal_symbols> literal_meanings;
extern const std::array<TableEntry, distance_symbols> distance_meanings;
extern const std::array<TableEntry, length_code_symbols> length_code_meanings;

enum class CodeFault : std::uint8_t { none, oversubscribed, incomplete };

// A decoding table: indexed by the next index_bits() bits of the stream, or fewer where no code
// is as long.
class DecodeTable {
  public:
    // `room` is enough for the longest such table; it lives as long as the table.
    constexpr DecodeTable(std::span<TableEntry> room, unsigned index_bits)
        : room_{room}, most_index_bits_{index_bits}, index_bits_{index_bits} {}

    // `lengths` holds the length of each symbol's code, 0: it has none; `meanings` is as long at
    // least. No code at all is a table in which none begins; a single code of one bit may be
    // incomplete where `lone_code` allows it (§3.2.7).
    CodeFault build(Bytes lengths, std::span<const TableEntry> meanings, bool lone_code);

    TableEntry operator[](std::size_t index) const { return room_[index]; }
    const TableEntry* data() const { return room_.data(); }
    unsigned index_bits() const { return index_bits_; }

  private:
    void build_long_codes(std::span<const std::uint16_t> symbols, Bytes lengths,
                          std::span<const TableEntry> meanings, unsigned code);

    std::span<TableEntry> room_;
    unsigned most_index_bits_;
    unsigned index_bits_;
};

// How many entries a table may need, for codes of 15 bits: what the most wasteful complete code
// takes (found by trying all of them).
inline constexpr unsigned literal_index_bits = 11, distance_index_bits = 8;
inline constexpr std::size_t literal_table_size = 2342, distance_table_size = 402;
inline constexpr std::size_t length_code_table_size = 1u << max_length_code_bits;

// --- encoding --------------------------------------------------------------------------------

// The lengths of the best code for these frequencies in which none is longer than `max_bits`.
// A symbol that never occurs has none (0), unless there would be fewer than two codes: then two
// symbols have one bit each, so that the code is complete.
void make_code_lengths(std::span<const std::uint32_t> frequencies, unsigned max_bits,
                       std::span<std::uint8_t> lengths);

// §3.2.2: the codes that belong to lengths, turned round so that their first bit is the lowest.
void make_codes(Bytes lengths, std::span<std::uint16_t> codes);

}  // namespace ws::deflate
