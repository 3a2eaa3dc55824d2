// For the judge of lesson 14: DEFLATE once more, naive and independent of src/, so that what a
// student compresses is unpacked by somebody else; and streams written bit by bit. RFC 1951.
// Leaves out: speed. Each code is read bit by bit, as RFC 1951 §3.2.2 has it.
#pragma once

#include <bit>
#include <stdexcept>

#include "lessons/tools/check/check.hpp"

namespace check {

// The first bit is the lowest of the first byte; a code's first bit is its highest (§3.1.1).
class BitString {
  public:
    BitString& number(unsigned value, unsigned bits) {
        for (unsigned i = 0; i < bits; ++i) bit(value >> i & 1);
        return *this;
    }
    BitString& code(unsigned value, unsigned bits) {
        while (bits-- > 0) bit(value >> bits & 1);
        return *this;
    }
    // With the fixed codes of §3.2.6.
    BitString& literal(std::uint8_t byte) {
        return byte < 144 ? code(0x30u + byte, 8) : code(0x190u + byte - 144u, 9);
    }
    // A length of 3 to 10, or 258: those without further bits; any distance.
    BitString& match(unsigned length, unsigned distance) {
        if (length == 258)
            code(0xC5, 8);
        else
            code(length - 2, 7);
        const unsigned value = distance - 1;
        if (value < 2) return code(value, 5);
        const unsigned extra = static_cast<unsigned>(std::bit_width(value)) - 2;
        code(2 * (extra + 1) + (value >> extra & 1), 5);
        return number(value & ((1u << extra) - 1), extra);
    }
    BitString& end_of_block() { return code(0, 7); }
    // BFINAL and BTYPE.
    BitString& block(unsigned type, bool last = false) { return number(last ? 1 : 0, 1).number(type, 2); }

    Buffer bytes() const { return bytes_; }

  private:
    void bit(unsigned value) {
        if (count_ % 8 == 0) bytes_.push_back(0);
        bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | value << (count_ % 8));
        ++count_;
    }
    Buffer bytes_;
    std::size_t count_ = 0;
};

// What is wrong with a stream.
struct Malformed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Unpacker {
  public:
    // What the message unpacks to; `payload` lacks the four bytes 00 00 FF FF. Its matches may refer
    // to the messages before, unless forget() was called. Throws Malformed.
    Buffer message(Bytes payload) {
        in_.assign(payload.begin(), payload.end());
        static constexpr std::uint8_t tail[] = {0x00, 0x00, 0xFF, 0xFF};
        in_.insert(in_.end(), std::begin(tail), std::end(tail));
        at_ = 0;
        const std::size_t begin = all_.size();
        while (at_ < 8 * in_.size()) block();
        return {all_.begin() + static_cast<std::ptrdiff_t>(begin), all_.end()};
    }
    void forget() { all_.clear(); }

  private:
    struct Code {
        std::array<unsigned, 16> counts{};
        std::vector<unsigned> symbols{};  // by length, then in their order

        explicit Code(Bytes lengths) {
            for (unsigned length = 1; length < 16; ++length)
                for (unsigned symbol = 0; symbol < lengths.size(); ++symbol)
                    if (lengths[symbol] == length) {
                        ++counts[length];
                        symbols.push_back(symbol);
                    }
        }
    };

    unsigned bit() {
        if (at_ >= 8 * in_.size()) throw Malformed{"the message ends in the middle of a block"};
        const unsigned value = in_[at_ / 8] >> (at_ % 8) & 1u;
        ++at_;
        return value;
    }
    unsigned number(unsigned bits) {
        unsigned value = 0;
        for (unsigned i = 0; i < bits; ++i) value |= bit() << i;
        return value;
    }
    unsigned symbol(const Code& code) {
        unsigned value = 0, first = 0, index = 0;
        for (unsigned length = 1; length < 16; ++length) {
            value = value << 1 | bit();
            if (value - first < code.counts[length]) return code.symbols[index + value - first];
            index += code.counts[length];
            first = (first + code.counts[length]) << 1;
        }
        throw Malformed{"a code stands there that was given to no symbol"};
    }

    void block() {
        bit();  // BFINAL: another message may follow all the same
        switch (number(2)) {
            case 0: return stored();
            case 1: return fixed();
            case 2: return dynamic();
            default: throw Malformed{"a block has the reserved type 3"};
        }
    }
    void stored() {
        at_ = (at_ + 7) / 8 * 8;
        const unsigned length = number(16);
        if (number(16) != (length ^ 0xFFFF))
            throw Malformed{"after a stored block's length its bits do not stand turned"};
        for (unsigned i = 0; i < length; ++i) all_.push_back(static_cast<std::uint8_t>(number(8)));
    }
    void fixed() {
        Buffer lengths(288);
        for (std::size_t i = 0; i < lengths.size(); ++i)
            lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
        symbols(Code{lengths}, Code{Buffer(32, 5)});
    }
    void dynamic() {
        const unsigned literals = 257 + number(5), distances = 1 + number(5), count = 4 + number(4);
        static constexpr unsigned order[] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                             11, 4,  12, 3, 13, 2, 14, 1, 15};
        Buffer lengths(19);
        for (unsigned i = 0; i < count; ++i) lengths[order[i]] = static_cast<std::uint8_t>(number(3));
        const Code code{lengths};
        lengths.clear();
        while (lengths.size() < literals + distances) {
            const unsigned next = symbol(code);
            if (next == 16 && lengths.empty()) throw Malformed{"the first code length repeats one before it"};
            const unsigned length = next < 16 ? next : next == 16 ? lengths.back() : 0u;
            const unsigned times = next < 16    ? 1
                                   : next == 16 ? 3 + number(2)
                                   : next == 17 ? 3 + number(3)
                                                : 11 + number(7);
            lengths.insert(lengths.end(), times, static_cast<std::uint8_t>(length));
        }
        const Bytes all{lengths};
        symbols(Code{all.first(literals)}, Code{all.subspan(literals)});
    }

    void symbols(const Code& literals, const Code& distances) {
        for (;;) {
            const unsigned next = symbol(literals);
            if (next == 256) return;
            if (next < 256) {
                all_.push_back(static_cast<std::uint8_t>(next));
                continue;
            }
            if (next > 285) throw Malformed{"a length symbol above 285 stands there"};
            const unsigned length = next == 285 ? 258 : extended(next - 257, 4, 3);
            const unsigned far = symbol(distances);
            if (far > 29) throw Malformed{"a distance symbol above 29 stands there"};
            const unsigned distance = extended(far, 2, 1);
            if (distance > all_.size())
                throw Malformed{"a match refers " + std::to_string(distance) + " bytes back, and the other "
                                "end knows " + std::to_string(all_.size())};
            for (unsigned i = 0; i < length; ++i) all_.push_back(all_[all_.size() - distance]);
        }
    }
    // §3.2.5: from the second group on, each group of symbols has one extra bit more.
    unsigned extended(unsigned index, unsigned group, unsigned least) {
        if (index < group) return least + index;
        const unsigned bits = index / group - 1;
        return least + ((group + index % group) << bits) + number(bits);
    }

    Buffer in_;
    std::size_t at_ = 0;  // in bits
    Buffer all_;          // of this message and those before
};

}  // namespace check
