// Canonical Huffman codes, RFC 1951 §3.2.1 to §3.2.6. Lesson 14.
// A decoder pays for its table once a block and looks once a symbol; an encoder builds the tree
// from the rarest symbols upwards, and only the depths of its leaves matter.
#include "ws/deflate/huffman.hpp"

#include <algorithm>
#include <cassert>

namespace ws::deflate {

namespace {

constexpr TableEntry meaning(unsigned value, unsigned extra_bits, TableEntry kind = 0) {
    return kind | value << 16 | extra_bits;
}

constexpr auto make_literal_meanings() {
    std::array<TableEntry, literal_symbols> meanings{};
    for (unsigned symbol = 0; symbol < literal_symbols; ++symbol) {
        if (symbol < end_of_block) {
            meanings[symbol] = meaning(symbol, 0, literal_entry);
        } else if (symbol == end_of_block) {
            meanings[symbol] = meaning(0, 0, special_entry);
        } else if (symbol <= 285) {
            const Symbol length = length_symbol(symbol);
            meanings[symbol] = meaning(length.base, length.extra_bits);
        } else {
            // RFC 1951 §3.2.6: "Literal/length values 286-287 will never actually occur in the
            // compressed data, but participate in the code construction."
            meanings[symbol] = meaning(0, 0, special_entry | no_code_entry);
        }
    }
    return meanings;
}

constexpr auto make_distance_meanings() {
    std::array<TableEntry, distance_symbols> meanings{};
    for (unsigned symbol = 0; symbol < distance_symbols; ++symbol) {
        // RFC 1951 §3.2.6: "Note that distance codes 30-31 will never actually occur in the
        // compressed data."
        const bool occurs = symbol < 30;
        const Symbol distance = occurs ? distance_symbol(symbol) : Symbol{0, 0};
        meanings[symbol] =
            meaning(distance.base, distance.extra_bits, occurs ? 0 : special_entry | no_code_entry);
    }
    return meanings;
}

constexpr auto make_length_code_meanings() {
    std::array<TableEntry, length_code_symbols> meanings{};
    for (unsigned symbol = 0; symbol < length_code_symbols; ++symbol)
        meanings[symbol] = meaning(symbol, 0);
    return meanings;
}

// The bits of the code count twice: in their own field, and among all bits that a symbol takes.
constexpr TableEntry with_code_bits(TableEntry meant, unsigned bits) {
    return meant + (bits << 8) + bits;
}

// The lowest `bits` bits the other way round: halves are swapped, then halves of halves, and so on.
constexpr unsigned reversed(unsigned code, unsigned bits) {
    code = (code & 0x00FF) << 8 | (code & 0xFF00) >> 8;
    code = (code & 0x0F0F) << 4 | (code & 0xF0F0) >> 4;
    code = (code & 0x3333) << 2 | (code & 0xCCCC) >> 2;
    code = (code & 0x5555) << 1 | (code & 0xAAAA) >> 1;
    return code >> (16 - bits);
}

using Counts = std::array<std::uint16_t, max_code_bits + 1>;

// By four, which take turns: mostly it is the same length (0) again and again, and a counter that
// was just written can be read only some cycles later.
Counts count_lengths(Bytes lengths) {
    std::array<Counts, 4> counters{};
    for (std::size_t i = 0; i < lengths.size(); ++i) ++counters[i % 4][lengths[i]];
    Counts counts{};
    for (unsigned bits = 1; bits <= max_code_bits; ++bits)
        for (const Counts& counter : counters)
            counts[bits] = static_cast<std::uint16_t>(counts[bits] + counter[bits]);
    return counts;
}

// How much of all bit sequences the codes leave without a meaning; below zero: they overlap.
int unused_space(const Counts& counts) {
    int left = 1;
    for (unsigned bits = 1; bits <= max_code_bits && left >= 0; ++bits)
        left = 2 * left - counts[bits];
    return left;
}

// The symbols that have a code, the shortest codes first; in the order of the symbols among equals.
std::size_t sort_by_length(Bytes lengths, const Counts& counts,
                           std::array<std::uint16_t, literal_symbols>& sorted) {
    std::array<std::uint16_t, max_code_bits + 2> next{};
    for (unsigned bits = 1; bits <= max_code_bits; ++bits)
        next[bits + 1] = static_cast<std::uint16_t>(next[bits] + counts[bits]);
    for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol)
        if (lengths[symbol] != 0)
            sorted[next[lengths[symbol]]++] = static_cast<std::uint16_t>(symbol);
    return next[max_code_bits];
}

// The next code of the same length, of one that is turned round: a carry runs from the highest bit
// down. After the last one: 0.
unsigned next_reversed(unsigned code, unsigned bits) {
    unsigned bit = 1u << (bits - 1);
    while ((code & bit) != 0) bit >>= 1;
    return bit == 0 ? 0 : (code & (bit - 1)) | bit;
}

// Huffman's tree over symbols that are sorted by their frequency (above symbol_bits), the rarest
// first: how many leaves it has at each depth. Two nodes with the least weight become one, again
// and again; the new ones come in the order of their weight, so both queues are sorted.
constexpr unsigned symbol_bits = 9;
Counts leaves_at_depth(std::span<const std::uint32_t> sorted, unsigned max_bits) {
    std::array<std::uint32_t, 2 * literal_symbols> weight;
    std::array<std::uint16_t, 2 * literal_symbols> parent, depth;
    const std::size_t leaves = sorted.size(), nodes = 2 * leaves - 1;
    for (std::size_t i = 0; i < leaves; ++i) weight[i] = sorted[i] >> symbol_bits;
    std::size_t leaf = 0, inner = leaves;
    for (std::size_t made = leaves; made < nodes; ++made) {
        weight[made] = 0;
        for (int child = 0; child < 2; ++child) {
            // Of two that weigh the same the leaf is taken: so the tree stays flat.
            const bool rarer = inner == made || (leaf < leaves && weight[leaf] <= weight[inner]);
            const std::size_t picked = rarer ? leaf++ : inner++;
            weight[made] += weight[picked];
            parent[picked] = static_cast<std::uint16_t>(made);
        }
    }
    Counts counts{};
    depth[nodes - 1] = 0;
    // A parent was made after its children: from the end on, its depth is known before theirs.
    for (std::size_t node = nodes - 1; node-- > 0;) {
        depth[node] = static_cast<std::uint16_t>(depth[parent[node]] + 1);
        if (node < leaves) ++counts[std::min<unsigned>(depth[node], max_bits)];
    }
    return counts;
}

// Leaves that were too deep have been counted at max_bits, where there is no room for all of them.
// A leaf from further up goes one step down, and takes one of them as its sibling, until it fits.
void make_room(Counts& counts, unsigned max_bits) {
    unsigned taken = 0;  // in units of the smallest code
    for (unsigned bits = 1; bits <= max_bits; ++bits)
        taken += unsigned{counts[bits]} << (max_bits - bits);
    for (; taken > 1u << max_bits; --taken) {
        unsigned bits = max_bits - 1;
        while (counts[bits] == 0) --bits;
        // Together the leaf and its sibling take the space that the leaf had alone. What the sibling had
        // further down is free.
        --counts[bits];
        counts[bits + 1] = static_cast<std::uint16_t>(counts[bits + 1] + 2);
        --counts[max_bits];
    }
}

}  // namespace

constexpr std::array<TableEntry, literal_symbols> literal_meanings = make_literal_meanings();
constexpr std::array<TableEntry, distance_symbols> distance_meanings = make_distance_meanings();
constexpr std::array<TableEntry, length_code_symbols> length_code_meanings = make_length_code_meanings();

std::array<std::uint8_t, literal_symbols> fixed_literal_lengths() {
    std::array<std::uint8_t, literal_symbols> lengths{};
    for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol)
        lengths[symbol] = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;
    return lengths;
}

std::array<std::uint8_t, distance_symbols> fixed_distance_lengths() {
    std::array<std::uint8_t, distance_symbols> lengths{};
    lengths.fill(5);
    return lengths;
}

// Codes of one length after the other: once those of n bits are there, the table for n + 1 bits
// begins as the one for n bits, twice. What is longer than the index gets a table after the first.
CodeFault DecodeTable::build(Bytes lengths, std::span<const TableEntry> meanings, bool lone_code) {
    const Counts counts = count_lengths(lengths);
    unsigned longest = max_code_bits;
    while (longest > 0 && counts[longest] == 0) --longest;
    const int unused = unused_space(counts);
    if (unused < 0) return CodeFault::oversubscribed;
    if (unused > 0 && !(lone_code && longest <= 1)) return CodeFault::incomplete;

    // Where no code is, or a lone one of one bit, some bits mean nothing, and say so.
    index_bits_ = std::clamp(longest, 1u, most_index_bits_);
    room_[0] = room_[1] = with_code_bits(special_entry | no_code_entry, 1);
    std::array<std::uint16_t, literal_symbols> sorted;
    const std::size_t used = sort_by_length(lengths, counts, sorted);

    std::size_t next = 0;
    unsigned code = 0;  // turned round
    for (unsigned bits = 1; bits <= index_bits_; ++bits) {
        if (bits > 1)
            std::copy_n(room_.begin(), 1u << (bits - 1), room_.begin() + (1 << (bits - 1)));
        for (unsigned i = 0; i < counts[bits]; ++i, code = next_reversed(code, bits))
            room_[code] = with_code_bits(meanings[sorted[next++]], bits);
    }
    if (next < used) build_long_codes({sorted.data() + next, used - next}, lengths, meanings, code);
    return CodeFault::none;
}

// Codes that begin with the same index_bits() bits share a table, indexed by the bits that follow;
// it is as large as the longest of them needs.
void DecodeTable::build_long_codes(std::span<const std::uint16_t> symbols, Bytes lengths,
                                   std::span<const TableEntry> meanings, unsigned code) {
    std::array<int, max_code_bits + 1> counts{};  // of those that are not in a table yet
    for (const std::uint16_t symbol : symbols) ++counts[lengths[symbol]];
    std::size_t end = std::size_t{1} << index_bits_, begin = 0;
    unsigned sub_bits = 0;
    unsigned prefix = ~0u;
    for (const std::uint16_t symbol : symbols) {
        const unsigned bits = lengths[symbol];
        const unsigned own_bits = bits - index_bits_;
        const auto own_prefix = static_cast<unsigned>(low_bits(code, index_bits_));
        if (own_prefix != prefix) {
            prefix = own_prefix;
            sub_bits = own_bits;
            // Codes of this length may leave space in a table of so many bits. Then longer ones share
            // it: bit by bit it grows, until those of the next length use it up.
            for (int space = (1 << sub_bits) - counts[bits];
                 space > 0 && index_bits_ + sub_bits < max_code_bits;
                 space = 2 * space - counts[index_bits_ + sub_bits])
                ++sub_bits;
            begin = end;
            end += std::size_t{1} << sub_bits;
            assert(end <= room_.size());
            room_[prefix] = static_cast<TableEntry>(special_entry | long_code_entry | begin << 16 |
                                               sub_bits << 8 | index_bits_);
        }
        // All places that begin with this code, whatever bits come after it.
        for (std::size_t i = code >> index_bits_; i < std::size_t{1} << sub_bits;
             i += std::size_t{1} << own_bits)
            room_[begin + i] = with_code_bits(meanings[symbol], own_bits);
        --counts[bits];
        code = next_reversed(code, bits);
    }
}

void make_code_lengths(std::span<const std::uint32_t> frequencies, unsigned max_bits,
                       std::span<std::uint8_t> lengths) {
    // Sorted by frequency: the symbol goes along in the lower bits.
    std::array<std::uint32_t, literal_symbols> used;
    std::size_t count = 0;
    for (std::size_t symbol = 0; symbol < frequencies.size(); ++symbol) {
        // The next one overwrites what does not count. A branch, which nobody could predict, cost a
        // twentieth of the time of a message of 2 KB.
        used[count] = static_cast<std::uint32_t>(frequencies[symbol] << symbol_bits | symbol);
        count += frequencies[symbol] != 0 ? 1 : 0;
    }
    std::ranges::fill(lengths, std::uint8_t{0});
    // One symbol alone gets one bit, and beside it one that never occurs: a code with a gap is refused
    // by some decoders.
    if (count < 2) {
        const std::size_t only = count == 1 ? low_bits(used[0], symbol_bits) : 0;
        lengths[only] = lengths[only == 0 ? 1 : 0] = 1;
        return;
    }
    std::sort(used.begin(), used.begin() + static_cast<std::ptrdiff_t>(count));
    Counts counts = leaves_at_depth({used.data(), count}, max_bits);
    make_room(counts, max_bits);
    std::size_t next = 0;  // the rarest symbols have the longest codes
    for (unsigned bits = max_bits; bits > 0; --bits)
        for (; counts[bits] > 0; --counts[bits])
            lengths[low_bits(used[next++], symbol_bits)] = static_cast<std::uint8_t>(bits);
}

void make_codes(Bytes lengths, std::span<std::uint16_t> codes) {
    const Counts counts = count_lengths(lengths);
    std::array<unsigned, max_code_bits + 1> next{};
    for (unsigned bits = 2; bits <= max_code_bits; ++bits)
        next[bits] = (next[bits - 1] + counts[bits - 1]) << 1;
    for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol)
        if (const unsigned bits = lengths[symbol]; bits != 0)
            codes[symbol] = static_cast<std::uint16_t>(reversed(next[bits]++, bits));
}

}  // namespace ws::deflate
