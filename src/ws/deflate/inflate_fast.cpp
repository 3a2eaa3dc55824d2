// The loop in which most symbols of a stream are read, RFC 1951 §3.2.3. Lesson 14.
// It runs while there are 16 bytes of input and room for three literals and the longest match: then
// nothing in it asks for the end of either, and copies may write a few bytes too far.
// Leaves out: whatever is rare; it is done by the steps of inflate.cpp.
#include "ws/deflate/inflate.hpp"

namespace ws::deflate {

namespace {

void copy_8(std::uint8_t* to, const std::uint8_t* from) { std::memcpy(to, from, 8); }
void copy_16(std::uint8_t* to, const std::uint8_t* from) { std::memcpy(to, from, 16); }

// Copies `length` bytes from `distance` before `to`, and less than 16 after them.
std::uint8_t* copy_back(std::uint8_t* to, std::size_t distance, std::size_t length) {
    std::uint8_t* const end = to + length;
    const std::uint8_t* from = to - distance;
    if (distance == 1) {
        std::memset(to, *from, length);
    } else if (length > 32 && distance < 64) {
        // What has been copied is a source, too: each step can be twice as long as the one before.
        for (std::size_t count = distance; to < end; count *= 2) {
            count = std::min(count, static_cast<std::size_t>(end - to));
            std::memcpy(to, from, count);
            to += count;
        }
    } else if (distance >= 16) {
        // Without a call: runs of the longest match come half as fast again.
        do {
            copy_16(to, from);
            copy_16(to + 16, from + 16);
            to += 32;
            from += 32;
        } while (to < end);
    } else if (distance >= 8) {
        for (; to < end; to += 8, from += 8) copy_8(to, from);
    } else {
        // Eight bytes are copied of which `distance` are right; the next step mends the others.
        for (; to < end; to += distance, from += distance) {
            std::uint8_t bytes[8];
            copy_8(bytes, from);
            copy_8(to, bytes);
        }
    }
    return end;
}

unsigned value(TableEntry entry, std::uint64_t bits) {
    return base(entry) + static_cast<unsigned>(low_bits(bits, all_bits(entry)) >> code_bits(entry));
}

// A decoding table whose values stay in registers.
struct Codes {
    explicit Codes(const DecodeTable& table)
        : entries{table.data()}, index_bits{table.index_bits()} {}
    TableEntry first(const BitReader& bits) const { return entries[low_bits(bits.bits(), index_bits)]; }
    // Of a code that is longer than the index.
    TableEntry second(TableEntry entry, BitReader& bits) const {
        bits.drop(index_bits);
        return entries[base(entry) + low_bits(bits.bits(), code_bits(entry))];
    }

    const TableEntry* entries;
    unsigned index_bits;
};

std::uint8_t* write_literal(std::uint8_t* to, TableEntry entry, BitReader& bits) {
    bits.drop(all_bits(entry));
    *to = static_cast<std::uint8_t>(base(entry));
    return to + 1;
}

struct Copy {
    std::size_t length = 0, distance = 0;
};

// `entry` is that of the length. A length of 0: the block's end, or no code.
Copy read_copy(TableEntry entry, const Codes& distances, BitReader& bits,
               const std::uint8_t*& next) {
    if ((entry & special_entry) != 0) return {};
    const std::size_t length = value(entry, bits.bits());
    bits.drop(all_bits(entry));
    bits.refill_fast(next);
    entry = distances.first(bits);
    if ((entry & long_code_entry) != 0) entry = distances.second(entry, bits);
    if ((entry & special_entry) != 0) return {};
    const std::size_t distance = value(entry, bits.bits());
    bits.drop(all_bits(entry));
    return {length, distance};
}

}  // namespace

// The copies stay in registers: for all that the compiler knows, `to` might point at bits_. A match is
// taken whole or not at all: what cannot be done here is begun anew by the steps of inflate.cpp, from
// where `bits` still stands.
void Inflater::read_symbols_fast(Bytes& in, Unpacked& out, const History& before) {
    assert(in.size() >= input_to_spare && out.left() >= room_to_spare);
    const std::uint8_t* next = in.data();
    const std::uint8_t* const last_input = in.data() + (in.size() - input_to_spare);
    std::uint8_t* const begin = out.room.data();
    std::uint8_t* to = begin + out.used;
    std::uint8_t* const last_room = begin + (out.room.size() - room_to_spare);
    BitReader bits = bits_;
    const Codes literals{*literals_}, distances{*distances_};
    while (next <= last_input && to <= last_room) {
        // 56 bits: three literals of the first table (33), and the length that follows (20).
        bits.refill_fast(next);
        TableEntry entry = literals.first(bits);
        for (int i = 0; i < 3 && (entry & literal_entry) != 0; ++i) {
            to = write_literal(to, entry, bits);
            entry = literals.first(bits);
        }
        if ((entry & literal_entry) != 0) continue;  // a fourth one needs new bits
        BitReader after = bits;
        if ((entry & long_code_entry) != 0) {
            entry = literals.second(entry, after);
            if ((entry & literal_entry) != 0) {
                to = write_literal(to, entry, after);
                bits = after;
                continue;
            }
        }
        const std::uint8_t* next_after = next;
        const Copy copy = read_copy(entry, distances, after, next_after);
        const auto reach = std::min(static_cast<std::size_t>(to - begin), before.window_size());
        if (copy.length == 0 || copy.distance > reach) break;
        bits = after;
        next = next_after;
        to = copy_back(to, copy.distance, copy.length);
    }
    out.used = static_cast<std::size_t>(to - begin);
    in = in.subspan(static_cast<std::size_t>(next - in.data()));
    bits.forget_bits_above_count();
    bits_ = bits;
}

}  // namespace ws::deflate
