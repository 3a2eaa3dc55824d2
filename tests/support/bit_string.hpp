// Streams of DEFLATE written by hand: the first bit is the lowest of the first byte, RFC 1951
// §3.1.1.
#pragma once

#include <string_view>

#include "ws/bytes.hpp"

namespace test {

class BitString {
  public:
    // A number, its lowest bit first: block headers, counts, lengths, extra bits.
    BitString& number(unsigned value, unsigned bits) {
        for (unsigned i = 0; i < bits; ++i) bit(value >> i & 1);
        return *this;
    }
    // A Huffman code as the RFC writes it, "0010111": its highest bit first.
    BitString& code(std::string_view digits) {
        for (const char digit : digits) bit(digit == '1');
        return *this;
    }
    // Zeros up to the next byte, then these bytes.
    BitString& bytes(ws::Bytes data) {
        count_ = 0;
        ws::append(bytes_, data);
        return *this;
    }

    operator const ws::Buffer&() const { return bytes_; }

  private:
    void bit(bool set) {
        if (count_ == 0) bytes_.push_back(0);
        if (set) bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | 1u << count_);
        count_ = (count_ + 1) % 8;
    }

    ws::Buffer bytes_;
    unsigned count_ = 0;
};

}  // namespace test
