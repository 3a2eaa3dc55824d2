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

}  // namespace

void Inflater::read_symbols_fast(Bytes& in, Unpacked& out, const History& before) {
    assert(in.size() >= input_to_spare && out.left() >= room_to_spare);
    const std::uint8_t* next = in.data();
    const std::uint8_t* const last_input = in.data() + (in.size() - input_to_spare);
    std::uint8_t* const begin = out.room.data();
    std::uint8_t* to = begin + out.used;
    std::uint8_t* const last_room = begin + (out.room.size() - room_to_spare);
    // A copy stays in registers. For all that the compiler knows, `to` might point at bits_.
    BitReader bits = bits_;
    const TableEntry* const literals = literals_->data();
    const TableEntry* const distances = distances_->data();
    const unsigned literal_bits = literals_->index_bits(), distance_bits = distances_->index_bits();
    const auto near = [&] {
        return std::min<std::size_t>(static_cast<std::size_t>(to - begin), before.window_size());
    };

    while (next <= last_input && to <= last_room) {
        // 56 bits: three literals of the first table (33), and the length that follows (20).
        bits.refill_fast(next);
        TableEntry entry = literals[low_bits(bits.bits(), literal_bits)];
        for (int i = 0; i < 3 && (entry & literal_entry) != 0; ++i) {
            bits.drop(all_bits(entry));
            *to++ = static_cast<std::uint8_t>(base(entry));
            entry = literals[low_bits(bits.bits(), literal_bits)];
        }
        if ((entry & literal_entry) != 0) continue;  // a fourth one needs new bits
        // A match is taken whole or not at all: what cannot be done here is begun anew by the steps
        // of inflate.cpp, from where `bits` still stands.
        BitReader after = bits;
        if ((entry & long_code_entry) != 0) {
            after.drop(literal_bits);
            entry = literals[base(entry) + low_bits(after.bits(), code_bits(entry))];
            if ((entry & literal_entry) != 0) {
                after.drop(all_bits(entry));
                bits = after;
                *to++ = static_cast<std::uint8_t>(base(entry));
                continue;
            }
        }
        if ((entry & special_entry) != 0) break;  // the block's end, or no code
        const std::size_t length = value(entry, after.bits());
        after.drop(all_bits(entry));
        const std::uint8_t* next_after = next;
        after.refill_fast(next_after);
        entry = distances[low_bits(after.bits(), distance_bits)];
        if ((entry & long_code_entry) != 0) {
            after.drop(distance_bits);
            entry = distances[base(entry) + low_bits(after.bits(), code_bits(entry))];
        }
        const std::size_t distance = value(entry, after.bits());
        if ((entry & special_entry) != 0 || distance > near()) break;
        after.drop(all_bits(entry));
        bits = after;
        next = next_after;
        to = copy_back(to, distance, length);
    }
    out.used = static_cast<std::size_t>(to - begin);
    in = in.subspan(static_cast<std::size_t>(next - in.data()));
    bits.forget_bits_above_count();
    bits_ = bits;
}

}  // namespace ws::deflate
