// Streams read bit by bit, as RFC 1951 §3.2.2 has it, for people: speed is of no interest, and what is
// shown is not what our decoder thinks but what stands there.
#include "clients/explain/blocks.hpp"

#include <array>
#include <vector>

#include "ws/deflate/huffman.hpp"
#include "ws/hex.hpp"

namespace explain {

namespace {

using namespace ws::deflate;

// Which codes of which lengths there are, and the symbols in the order of their codes.
struct Code {
    std::array<unsigned, max_code_bits + 1> counts{};
    std::vector<unsigned> symbols{};

    explicit Code(ws::Bytes lengths) {
        for (unsigned bits = 1; bits <= max_code_bits; ++bits)
            for (unsigned symbol = 0; symbol < lengths.size(); ++symbol)
                if (lengths[symbol] == bits) {
                    ++counts[bits];
                    symbols.push_back(symbol);
                }
    }
};

class Reader {
  public:
    Reader(ws::Bytes packed, ws::Buffer& out, std::size_t most_lines)
        : packed_{packed}, out_{out}, lines_left_{most_lines} {}

    std::string run() {
        while (at_ < 8 * packed_.size()) block();
        if (left_out_ > 0) text_ += "      … " + std::to_string(left_out_) + " more\n";
        return std::move(text_);
    }

  private:
    // Past the end there are zeros: the caller has seen to it that nobody asks.
    unsigned bit() {
        const std::size_t byte = at_ / 8;
        const unsigned value = byte < packed_.size() ? packed_[byte] >> (at_ % 8) & 1u : 0u;
        ++at_;
        bits_ += value != 0 ? '1' : '0';
        return value;
    }
    unsigned number(unsigned count) {
        if (count > 0 && !bits_.empty()) bits_ += ' ';
        unsigned value = 0;
        for (unsigned i = 0; i < count; ++i) value |= bit() << i;
        return value;
    }
    unsigned symbol(const Code& code) {
        if (!bits_.empty()) bits_ += ' ';
        unsigned value = 0, first = 0, index = 0;
        for (unsigned bits = 1; bits <= max_code_bits; ++bits) {
            value = value << 1 | bit();
            if (value - first < code.counts[bits]) return code.symbols[index + value - first];
            index += code.counts[bits];
            first = (first + code.counts[bits]) << 1;
        }
        return end_of_block;
    }

    void say(const std::string& meaning) {
        if (lines_left_ == 0) {
            ++left_out_;
        } else {
            --lines_left_;
            text_ += "      " + bits_ + std::string(bits_.size() < 23 ? 23 - bits_.size() : 1, ' ') + meaning + '\n';
        }
        bits_.clear();
    }

    void block() {
        const bool is_last = number(1) == 1;
        const std::string last = is_last ? "the last block, " : "a block, ";
        switch (number(2)) {
            case 0: stored(last); break;
            case 1:
                say(last + "with the fixed codes");
                symbols(Code{fixed_literal_lengths()}, Code{fixed_distance_lengths()});
                break;
            default: dynamic(last);
        }
        if (is_last) at_ = (at_ + 7) / 8 * 8;  // what follows begins at a byte
    }

    void stored(const std::string& last) {
        at_ = (at_ + 7) / 8 * 8;
        const unsigned length = number(16);
        number(16);
        if (bits_.size() > 4) bits_.resize(4);
        say(last + "stored: " + std::to_string(length) + (length == 1 ? " byte" : " bytes") + " as they are");
        for (unsigned i = 0; i < length; ++i) out_.push_back(static_cast<std::uint8_t>(number(8)));
        bits_.clear();
    }

    void dynamic(const std::string& last) {
        const unsigned literals = 257 + number(5), distances = 1 + number(5), count = 4 + number(4);
        std::array<std::uint8_t, length_code_symbols> length_lengths{};
        for (unsigned i = 0; i < count; ++i)
            length_lengths[length_code_order[i]] = static_cast<std::uint8_t>(number(3));
        const Code code{length_lengths};
        ws::Buffer lengths;
        while (lengths.size() < literals + distances) {
            const unsigned next = symbol(code);
            const unsigned length = next < 16 ? next : next == 16 && !lengths.empty() ? lengths.back() : 0u;
            const unsigned times = next < 16    ? 1
                                   : next == 16 ? 3 + number(2)
                                   : next == 17 ? 3 + number(3)
                                                : 11 + number(7);
            lengths.insert(lengths.end(), times, static_cast<std::uint8_t>(length));
        }
        bits_.resize(4);
        say(last + "with codes of its own: " + std::to_string(literals) + " lengths, and " +
            std::to_string(distances) + " for distances");
        const ws::Bytes all{lengths};
        symbols(Code{all.first(literals)}, Code{all.subspan(literals)});
    }

    void symbols(const Code& literals, const Code& distances) {
        for (;;) {
            const unsigned next = symbol(literals);
            if (next == end_of_block) return say("the end of the block");
            if (next < end_of_block) {
                out_.push_back(static_cast<std::uint8_t>(next));
                say(ws::quote(ws::Bytes{out_}.last(1)));
                continue;
            }
            const Symbol of_length = length_symbol(next);
            const unsigned length = of_length.base + number(of_length.extra_bits);
            const Symbol of_distance = distance_symbol(symbol(distances));
            const unsigned distance = of_distance.base + number(of_distance.extra_bits);
            if (distance > out_.size()) return;
            for (unsigned i = 0; i < length; ++i) out_.push_back(out_[out_.size() - distance]);
            say(std::to_string(length) + " bytes from " + std::to_string(distance) + " back: " +
                ws::quote(ws::Bytes{out_}.last(length), 60));
        }
    }

    ws::Bytes packed_;
    ws::Buffer& out_;
    std::size_t at_ = 0;  // in bits
    std::string bits_;    // of the line at hand
    std::string text_;
    std::size_t lines_left_, left_out_ = 0;
};

}  // namespace

std::string blocks(ws::Bytes packed, ws::Buffer& before, std::size_t most_lines) {
    return Reader{packed, before, most_lines}.run();
}

}  // namespace explain
