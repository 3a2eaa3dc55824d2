// Bits in the order of DEFLATE, RFC 1951 §3.1.1: the first bit is the lowest of the first byte.
// Lesson 14. A reader that holds up to 63 bits, and a writer to room that is known to suffice.
// Leaves out: Huffman codes, which are packed the other way round (deflate/huffman turns them).
#pragma once

#include <bit>
#include <cstring>

#include "ws/bytes.hpp"

namespace ws::deflate {

// Eight bytes as a number whose lowest byte comes first, at any address.
inline std::uint64_t load_le64(const std::uint8_t* bytes) {
    std::uint64_t value = 0;
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&value, bytes, sizeof value);
    } else {
        for (unsigned i = 0; i < 8; ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
    }
    return value;
}

inline void store_le64(std::uint8_t* out, std::uint64_t value) {
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(out, &value, sizeof value);
    } else {
        for (unsigned i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
}

constexpr std::uint64_t low_bits(std::uint64_t bits, unsigned count) {
    return bits & ((std::uint64_t{1} << count) - 1);
}

class BitReader {
  public:
    // Takes as many bytes as fit from a rest of input that may be short.
    void refill(Bytes& in) {
        if (in.size() >= 8) {
            const std::uint8_t* next = in.data();
            refill_fast(next);
            forget_bits_above_count();
            in = in.subspan(static_cast<std::size_t>(next - in.data()));
            return;
        }
        while (count_ < 56 && !in.empty()) {
            bits_ |= std::uint64_t{in.front()} << count_;
            count_ += 8;
            in = in.subspan(1);
        }
    }

    // The same in three instructions, and 56 bits at least are there afterwards: at least eight
    // bytes are readable at `in`. Above count() stand bits of the byte that comes next; ored in
    // once more they change nothing.
    void refill_fast(const std::uint8_t*& in) {
        bits_ |= load_le64(in) << count_;
        in += (63 - count_) / 8;
        // Eight for each byte that was taken, added without adding: the lowest three bits stay as they are.
        count_ |= 56;
    }
    // Once the next bytes need not be those that refill_fast() saw.
    void forget_bits_above_count() { bits_ = low_bits(bits_, count_); }

    std::uint64_t bits() const { return bits_; }  // the next one is the lowest
    unsigned count() const { return count_; }     // at most 63

    void drop(unsigned count) {
        bits_ >>= count;
        count_ -= count;
    }
    std::uint32_t take(unsigned count) {
        const auto value = static_cast<std::uint32_t>(low_bits(bits_, count));
        drop(count);
        return value;
    }

    // On to the next byte boundary.
    void align() { drop(count_ % 8); }

    // Whole bytes that were taken and not used; they are the input's again.
    std::size_t give_back() {
        const std::size_t bytes = count_ / 8;
        count_ %= 8;
        bits_ = low_bits(bits_, count_);
        return bytes;
    }

  private:
    std::uint64_t bits_ = 0;
    unsigned count_ = 0;
};

// Writes to `out`, where eight bytes more than what is written may be overwritten.
class BitWriter {
  public:
    explicit BitWriter(std::uint8_t* out) : out_{out} {}

    // At most 56 bits, the first in the lowest.
    void put(std::uint64_t value, unsigned count) {
        bits_ |= value << count_;
        count_ += count;
        store_le64(out_, bits_);
        out_ += count_ / 8;
        // By 56 at most: seven bits have waited, and 56 came.
        bits_ >>= count_ & ~7u;
        count_ %= 8;
    }

    // Fills the byte at hand with zeros.
    void align() { put(0, (8 - count_) % 8); }

    // Whole bytes, at least one; the position is a byte boundary.
    void bytes(Bytes data) {
        std::memcpy(out_, data.data(), data.size());
        out_ += data.size();
    }

    // Where the next whole byte goes, and the bits that wait for it: less than eight.
    std::uint8_t* position() const { return out_; }
    std::uint64_t bits() const { return bits_; }
    unsigned count() const { return count_; }

  private:
    std::uint8_t* out_;
    std::uint64_t bits_ = 0;
    unsigned count_ = 0;
};

}  // namespace ws::deflate
