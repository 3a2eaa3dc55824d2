// A block in each of its three forms, RFC 1951 §3.2.3 to §3.2.7, and which of them is the smallest.
// Lesson 14. The sizes are known before a bit is written: frequencies times lengths.
// Leaves out: BFINAL, which is never set; a WebSocket's stream ends with the connection.
#include "ws/deflate/blocks.hpp"

#include <algorithm>
#include <cassert>

namespace ws::deflate {

namespace {

constexpr std::size_t most_stored = 65535;
constexpr unsigned stored = 0, fixed = 1, dynamic = 2;

constexpr auto make_length_symbols() {
    std::array<std::uint16_t, max_match - min_match + 1> symbols{};
    for (unsigned symbol = first_length_symbol; symbol <= 285; ++symbol) {
        const Symbol length = length_symbol(symbol);
        for (unsigned extra = 0; extra < 1u << length.extra_bits; ++extra)
            if (length.base + extra <= max_match)
                symbols[length.base + extra - min_match] = static_cast<std::uint16_t>(symbol);
    }
    return symbols;
}

// How many of these lengths are written: those up to the last that is not 0.
std::size_t used(Bytes lengths, std::size_t least) {
    std::size_t count = lengths.size();
    while (count > least && lengths[count - 1] == 0) --count;
    return count;
}

// §3.2.4: after the three bits of its header a block goes on at the next byte, with LEN and NLEN. The
// blocks after the first begin at a byte, so their header takes one.
std::size_t stored_size(std::size_t bytes, unsigned bits_before) {
    const std::size_t blocks = std::max<std::size_t>(1, (bytes + most_stored - 1) / most_stored);
    const std::size_t first_header = (bits_before + 3 + 7) / 8 * 8 - bits_before;
    return first_header + (blocks - 1) * 8 + blocks * 32 + bytes * 8;
}

}  // namespace

constexpr std::array<std::uint16_t, max_match - min_match + 1> length_symbols =
    make_length_symbols();

Blocks::Codes Blocks::fixed_codes() {
    Codes codes;
    codes.literal_lengths = fixed_literal_lengths();
    codes.distance_lengths = fixed_distance_lengths();
    codes.make();
    return codes;
}

void Blocks::write(Buffer& out, Bytes data) {
    static const Codes fixed_code = fixed_codes();
    literal_counts_[end_of_block] = 1;
    make_codes_of_block();
    const std::size_t extra_bits = size_of_extra_bits();
    const std::size_t fixed_size = 3 + size_of_symbols(fixed_code) + extra_bits;
    const std::size_t own_size = 3 + size_of_header() + size_of_symbols(own_) + extra_bits;
    const std::size_t stored_bits = stored_size(data.size(), bit_count_);
    const std::size_t size = std::min({fixed_size, own_size, stored_bits});

    const std::size_t before = out.size();
    out.resize(before + (bit_count_ + size) / 8 + 1 + 8);  // BitWriter's eight bytes more
    BitWriter writer{out.data() + before};
    writer.put(bits_, bit_count_);
    // Of two that are as large, the one that costs its reader less: bytes as they are, then the codes
    // for which it has the tables already.
    if (size == stored_bits) {
        write_stored(writer, data);
    } else {
        const bool own = own_size < fixed_size;
        writer.put((own ? dynamic : fixed) << 1, 3);
        if (own) {
            own_.make();
            write_header(writer);
        }
        write_symbols(writer, own ? own_ : fixed_code);
    }
    out.resize(static_cast<std::size_t>(writer.position() - out.data()));
    bits_ = writer.bits();
    bit_count_ = writer.count();
    begin();
}

void Blocks::begin() {
    count_ = 0;
    literal_counts_.fill(0);
    distance_counts_.fill(0);
}

void Blocks::flush(Buffer& out) {
    assert(empty());
    // An empty stored block, less its LEN and NLEN: these are the four bytes that a message does not
    // end with (RFC 7692 §7.2.1). Three bits for the header, and zeros up to the next byte.
    out.push_back(static_cast<std::uint8_t>(bits_));
    if (bit_count_ + 3 > 8) out.push_back(0);
    bits_ = 0;
    bit_count_ = 0;
}

void Blocks::make_codes_of_block() {
    make_code_lengths(std::span{literal_counts_}.first(286), max_code_bits,
                      std::span{own_.literal_lengths}.first(286));
    make_code_lengths(std::span{distance_counts_}.first(30), max_code_bits,
                      std::span{own_.distance_lengths}.first(30));
    literal_count_ = used(Bytes{own_.literal_lengths}.first(286), 257);
    distance_count_ = used(Bytes{own_.distance_lengths}.first(30), 1);
    encode_lengths();
}

// §3.2.7: the lengths of both codes as one sequence, in which repeats are written as runs.
void Blocks::encode_lengths() {
    std::array<std::uint8_t, literal_symbols + distance_symbols> lengths;
    std::copy_n(own_.literal_lengths.begin(), literal_count_, lengths.begin());
    std::copy_n(own_.distance_lengths.begin(), distance_count_,
                lengths.begin() + static_cast<std::ptrdiff_t>(literal_count_));
    const std::size_t count = literal_count_ + distance_count_;
    run_count_ = 0;
    for (std::size_t i = 0; i < count;) {
        std::size_t run = 1;
        while (i + run < count && lengths[i + run] == lengths[i]) ++run;
        encode_run(lengths[i], run);
        i += run;
    }
    std::array<std::uint32_t, length_code_symbols> counts{};
    for (std::size_t i = 0; i < run_count_; ++i) ++counts[runs_[i].symbol];
    make_code_lengths(counts, max_length_code_bits, length_code_lengths_);
    // HCLEN says how many follow, four at least. They come in an order in which the last are rarely used.
    length_code_count_ = length_code_symbols;
    while (length_code_count_ > 4 &&
           length_code_lengths_[length_code_order[length_code_count_ - 1]] == 0)
        --length_code_count_;
}

// §3.2.7: 16 repeats the length before 3 to 6 times, 17 repeats 0 for 3 to 10 times, 18 for 11 to 138.
void Blocks::encode_run(std::uint8_t length, std::size_t run) {
    const auto add = [this](unsigned symbol, unsigned extra_bits, std::size_t extra) {
        runs_[run_count_++] = {static_cast<std::uint8_t>(symbol),
                               static_cast<std::uint8_t>(extra_bits),
                               static_cast<std::uint8_t>(extra)};
    };
    if (length != 0) {  // the length itself, and then how often it is copied
        add(length, 0, 0);
        --run;
    }
    while (run >= 3) {
        const std::size_t most = length != 0 ? 6 : 138;
        const std::size_t times = std::min(run, most);
        if (length != 0)
            add(16, 2, times - 3);
        else if (times <= 10)
            add(17, 3, times - 3);
        else
            add(18, 7, times - 11);
        run -= times;
    }
    for (; run > 0; --run) add(length, 0, 0);
}

// Of all symbols, also of those that do not occur: so the compiler can take several at once.
std::size_t Blocks::size_of_symbols(const Codes& codes) const {
    std::uint32_t size = 0;
    for (std::size_t symbol = 0; symbol < literal_symbols; ++symbol)
        size += literal_counts_[symbol] * codes.literal_lengths[symbol];
    for (std::size_t symbol = 0; symbol < distance_symbols; ++symbol)
        size += distance_counts_[symbol] * codes.distance_lengths[symbol];
    return size;
}

// The same whatever the codes are.
std::size_t Blocks::size_of_extra_bits() const {
    std::size_t size = 0;
    for (unsigned symbol = first_length_symbol; symbol <= 285; ++symbol)
        size += literal_counts_[symbol] * length_symbol(symbol).extra_bits;
    for (unsigned symbol = 0; symbol < 30; ++symbol)
        size += distance_counts_[symbol] * distance_symbol(symbol).extra_bits;
    return size;
}

std::size_t Blocks::size_of_header() const {
    std::size_t size = 14 + 3 * length_code_count_;  // 14: HLIT, HDIST, HCLEN
    for (std::size_t i = 0; i < run_count_; ++i)
        size += length_code_lengths_[runs_[i].symbol] + runs_[i].extra_bits;
    return size;
}

void Blocks::write_stored(BitWriter& writer, Bytes data) const {
    // At least one block, for no bytes as well: stored_size() has counted one.
    do {
        const Bytes part = data.first(std::min(data.size(), most_stored));
        data = data.subspan(part.size());
        writer.put(stored << 1, 3);
        writer.align();
        writer.put(part.size() | (part.size() ^ 0xFFFF) << 16, 32);
        writer.bytes(part);
    } while (!data.empty());
}

void Blocks::write_header(BitWriter& writer) const {
    writer.put((literal_count_ - 257) | (distance_count_ - 1) << 5 | (length_code_count_ - 4) << 10,
               14);
    for (std::size_t i = 0; i < length_code_count_; ++i)
        writer.put(length_code_lengths_[length_code_order[i]], 3);
    std::array<std::uint16_t, length_code_symbols> codes;
    make_codes(length_code_lengths_, codes);
    for (std::size_t i = 0; i < run_count_; ++i) {
        const auto [symbol, extra_bits, extra] = runs_[i];
        const unsigned length = length_code_lengths_[symbol];
        writer.put(codes[symbol] | std::uint64_t{extra} << length, length + extra_bits);
    }
}

// A match is a code, extra bits, a code and extra bits, 48 bits at most: they are put at once. The
// writer is copied, for then the compiler keeps it in registers.
void Blocks::write_symbols(BitWriter& to, const Codes& codes) const {
    BitWriter writer = to;
    for (std::size_t i = 0; i < count_; ++i) {
        const std::uint32_t distance = symbols_[i] >> 16, length = symbols_[i] & 0xFFFF;
        // No match has a distance of 0, so that marks a literal.
        if (distance == 0) {
            writer.put(codes.literals[length], codes.literal_lengths[length]);
            continue;
        }
        const unsigned length_is = length_symbols[length - min_match];
        const Symbol of_length = length_symbol(length_is);
        unsigned count = codes.literal_lengths[length_is];
        std::uint64_t bits = codes.literals[length_is] | std::uint64_t{length - of_length.base}
                                                             << count;
        count += of_length.extra_bits;
        const unsigned distance_is = symbol_of_distance(distance);
        const Symbol of_distance = distance_symbol(distance_is);
        bits |= std::uint64_t{codes.distances[distance_is]} << count;
        count += codes.distance_lengths[distance_is];
        bits |= std::uint64_t{distance - of_distance.base} << count;
        writer.put(bits, count + of_distance.extra_bits);
    }
    writer.put(codes.literals[end_of_block], codes.literal_lengths[end_of_block]);
    to = writer;
}

}  // namespace ws::deflate
