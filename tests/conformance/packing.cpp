// Deflate both ways, RFC 1951 §3.2, as plainly as it can be read there. See packing.hpp.
// A code is found by comparing bit by bit with all of them, as §3.2.2 counts them.
#include "tests/conformance/packing.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace conformance {

namespace {

constexpr std::array<unsigned, 29> length_base{3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                               31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr std::array<unsigned, 29> length_extra{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                                2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
constexpr std::array<unsigned, 30> distance_base{1,   2,   3,   4,   5,   7,    9,    13,   17,   25,
                                                 33,  49,  65,  97,  129, 193,  257,  385,  513,  769,
                                                 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
constexpr std::array<unsigned, 30> distance_extra{0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                                  6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

class BitWriter {
  public:
    void bits(unsigned value, unsigned count) {
        for (unsigned i = 0; i < count; ++i) bit(value >> i & 1);
    }
    void code(unsigned value, unsigned count) {  // Huffman codes: the most significant bit first
        for (unsigned i = count; i-- > 0;) bit(value >> i & 1);
    }
    void align() { free_ = 0; }
    void byte(char c) { out += c; }

    std::string out;

  private:
    void bit(unsigned value) {
        if (free_ == 0) out += '\0', free_ = 8;
        out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) | value << (8 - free_));
        --free_;
    }
    unsigned free_ = 0;
};

// §3.2.6
void fixed_symbol(BitWriter& writer, unsigned symbol) {
    if (symbol < 144) writer.code(0x30 + symbol, 8);
    else if (symbol < 256) writer.code(0x190 + symbol - 144, 9);
    else if (symbol < 280) writer.code(symbol - 256, 7);
    else writer.code(0xC0 + symbol - 280, 8);
}

void fixed_match(BitWriter& writer, unsigned length, unsigned distance) {
    unsigned l = 28, d = 29;
    while (length_base[l] > length) --l;
    while (distance_base[d] > distance) --d;
    fixed_symbol(writer, 257 + l);
    writer.bits(length - length_base[l], length_extra[l]);
    writer.code(d, 5);
    writer.bits(distance - distance_base[d], distance_extra[d]);
}

void fixed_block(BitWriter& writer, const std::string& all, std::size_t begin, std::size_t window,
                 bool matches) {
    writer.bits(0, 1), writer.bits(1, 2);
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; matches && i + 3 <= begin; ++i) seen[all.substr(i, 3)] = i;
    for (std::size_t i = begin; i < all.size();) {
        std::size_t length = 0, distance = 0;
        if (matches && i + 3 <= all.size())
            if (const auto found = seen.find(all.substr(i, 3)); found != seen.end())
                if (distance = i - found->second; distance <= window)
                    while (length < 258 && i + length < all.size() &&
                           all[i + length] == all[found->second + length])
                        ++length;
        const std::size_t step = length >= 3 ? length : 1;
        if (length >= 3)
            fixed_match(writer, static_cast<unsigned>(length), static_cast<unsigned>(distance));
        else
            fixed_symbol(writer, static_cast<unsigned char>(all[i]));
        for (std::size_t k = 0; matches && k < step && i + k + 3 <= all.size(); ++k)
            seen[all.substr(i + k, 3)] = i + k;
        i += step;
    }
    fixed_symbol(writer, 256);
}

void stored_block(BitWriter& writer, std::string_view bytes) {
    writer.bits(0, 3);
    writer.align();
    const auto length = static_cast<unsigned>(bytes.size());
    for (const unsigned value : {length & 255, length >> 8, ~length & 255, ~length >> 8 & 255})
        writer.byte(static_cast<char>(value));
    writer.out += bytes;
}

class BitReader {
  public:
    explicit BitReader(std::string_view bytes) : bytes_{bytes} {}

    unsigned bits(unsigned count) {
        unsigned value = 0;
        for (unsigned i = 0; i < count; ++i) value |= bit() << i;
        return value;
    }
    void align() { at_ = (at_ + 7) / 8 * 8; }
    bool failed() const { return failed_; }
    bool at_end() const { return at_ >= 8 * bytes_.size(); }

  private:
    unsigned bit() {
        if (at_end()) return failed_ = true, 0;
        const unsigned value = static_cast<unsigned char>(bytes_[at_ / 8]) >> at_ % 8 & 1;
        ++at_;
        return value;
    }
    std::string_view bytes_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

// §3.2.2: codes of one length are consecutive, in the order of their symbols.
class Code {
  public:
    explicit Code(const std::vector<unsigned>& lengths) {
        for (const unsigned length : lengths) ++count_[length];
        count_[0] = 0;
        for (unsigned length = 1; length < 16; ++length)
            for (unsigned symbol = 0; symbol < lengths.size(); ++symbol)
                if (lengths[symbol] == length) symbols_.push_back(symbol);
    }

    std::optional<unsigned> read(BitReader& reader) const {
        unsigned code = 0, first = 0, index = 0;
        for (unsigned length = 1; length < 16 && !reader.failed(); ++length) {
            code |= reader.bits(1);
            if (code - first < count_[length]) return symbols_[index + code - first];
            index += count_[length];
            first = (first + count_[length]) << 1;
            code <<= 1;
        }
        return std::nullopt;
    }

  private:
    std::array<unsigned, 16> count_{};
    std::vector<unsigned> symbols_;
};

bool read_symbols(BitReader& reader, const Code& literals, const Code& distances, std::string& out,
                  std::size_t window) {
    for (;;) {
        const auto symbol = literals.read(reader);
        if (!symbol || reader.failed()) return false;
        if (*symbol == 256) return true;
        if (*symbol < 256) {
            out += static_cast<char>(*symbol);
            continue;
        }
        if (*symbol > 285) return false;
        const unsigned length = length_base[*symbol - 257] + reader.bits(length_extra[*symbol - 257]);
        const auto place = distances.read(reader);
        if (!place || *place > 29) return false;
        const std::size_t distance = distance_base[*place] + reader.bits(distance_extra[*place]);
        if (distance > out.size() || distance > window) return false;
        for (unsigned i = 0; i < length; ++i) out += out[out.size() - distance];
    }
}

bool read_fixed(BitReader& reader, std::string& out, std::size_t window) {
    std::vector<unsigned> lengths(288, 8);
    std::fill(lengths.begin() + 144, lengths.begin() + 256, 9u);
    std::fill(lengths.begin() + 256, lengths.begin() + 280, 7u);
    return read_symbols(reader, Code{lengths}, Code{std::vector<unsigned>(30, 5)}, out, window);
}

// §3.2.7
bool read_dynamic(BitReader& reader, std::string& out, std::size_t window) {
    constexpr std::array<unsigned, 19> order{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    const unsigned literals = 257 + reader.bits(5), distances = 1 + reader.bits(5);
    const unsigned codes = 4 + reader.bits(4);
    std::vector<unsigned> code_lengths(19);
    for (unsigned i = 0; i < codes; ++i) code_lengths[order[i]] = reader.bits(3);
    const Code code{code_lengths};
    std::vector<unsigned> lengths;
    while (lengths.size() < literals + distances) {
        const auto symbol = code.read(reader);
        if (!symbol) return false;
        if (*symbol < 16) {
            lengths.push_back(*symbol);
        } else if (*symbol == 16) {
            if (lengths.empty()) return false;
            lengths.insert(lengths.end(), 3 + reader.bits(2), unsigned{lengths.back()});
        } else {
            const unsigned zeroes = *symbol == 17 ? 3 + reader.bits(3) : 11 + reader.bits(7);
            lengths.insert(lengths.end(), zeroes, 0u);
        }
    }
    if (lengths.size() > literals + distances) return false;
    const auto middle = lengths.begin() + literals;
    return read_symbols(reader, Code{{lengths.begin(), middle}}, Code{{middle, lengths.end()}}, out, window);
}

bool read_stored(BitReader& reader, std::string& out) {
    reader.align();
    const unsigned length = reader.bits(16), complement = reader.bits(16);
    if (length != (~complement & 0xFFFF)) return false;
    for (unsigned i = 0; i < length && !reader.failed(); ++i) out += static_cast<char>(reader.bits(8));
    return !reader.failed();
}

void keep_window(std::string& window, std::size_t bytes) {
    if (window.size() > bytes) window.erase(0, window.size() - bytes);
}

}  // namespace

std::string Packer::pack(std::string_view message, Kind kind) {
    const std::size_t begin = window_.size();
    window_ += message;
    BitWriter writer;
    if (kind == Kind::stored || kind == Kind::huge_blocks) {
        const std::size_t most = kind == Kind::stored ? 1000 : 65535;
        for (std::size_t at = 0; at < message.size(); at += most) {
            stored_block(writer, message.substr(at, most));
        }
    } else {
        fixed_block(writer, window_, begin, window_bytes_, kind == Kind::fixed);
    }
    // §7.2.1: an empty stored block ends the last byte; its four length bytes are left out.
    writer.bits(0, 3);
    writer.align();
    keep_window(window_, window_bytes_);
    return writer.out;
}

std::optional<std::string> Unpacker::unpack(std::string_view payload) {
    const std::string stream = std::string{payload} + std::string("\0\0\xFF\xFF", 4);
    BitReader reader{stream};
    const std::size_t begin = window_.size();
    bool good = true, final = false;
    while (good && !final && !reader.at_end()) {
        final = reader.bits(1) == 1;
        switch (reader.bits(2)) {
            case 0: good = read_stored(reader, window_); break;
            case 1: good = read_fixed(reader, window_, window_bytes_); break;
            case 2: good = read_dynamic(reader, window_, window_bytes_); break;
            default: good = false;
        }
    }
    if (!good) return std::nullopt;
    std::string message = window_.substr(begin);
    keep_window(window_, window_bytes_);
    return message;
}

}  // namespace conformance
