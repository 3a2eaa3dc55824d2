// Canonical Huffman codes, RFC 1951 §3.2.1 to §3.2.6: the RFC's own example, codes that are no
// codes, and every code of an encoder against what the decoder's table reads.
#include "ws/deflate/huffman.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <random>
#include <vector>

using namespace ws::deflate;

namespace {

using Lengths = std::vector<std::uint8_t>;

// Rooms of the size that the decoder has, on the heap: a byte outside is seen by the sanitizer.
struct Table {
    std::vector<TableEntry> room;
    DecodeTable table;

    Table(std::size_t size, unsigned index_bits) : room(size), table{room, index_bits} {}
};
struct LiteralTable : Table {
    LiteralTable() : Table{literal_table_size, literal_index_bits} {}
};
struct DistanceTable : Table {
    DistanceTable() : Table{distance_table_size, distance_index_bits} {}
};

TableEntry look_up(const DecodeTable& table, std::uint64_t bits, unsigned& code_length) {
    TableEntry entry = table[low_bits(bits, table.index_bits())];
    code_length = code_bits(entry);
    if ((entry & long_code_entry) != 0) {
        bits >>= table.index_bits();
        entry = table[base(entry) + low_bits(bits, code_length)];
        code_length = table.index_bits() + code_bits(entry);
    }
    return entry;
}

// Lengths of a complete code, made by splitting leaves at random; deep ones first where asked.
Lengths random_lengths(std::mt19937& random, std::size_t symbols, unsigned max_bits, bool deep) {
    std::vector<unsigned> leaves{1, 1};
    while (leaves.size() < symbols) {
        const std::size_t among = deep ? std::min<std::size_t>(leaves.size(), 3) : leaves.size();
        std::size_t leaf = leaves.size() - 1 - random() % among;
        for (std::size_t tries = 0; leaves[leaf] == max_bits && tries < leaves.size(); ++tries)
            leaf = (leaf + 1) % leaves.size();
        if (leaves[leaf] == max_bits) break;
        ++leaves[leaf];
        leaves.push_back(leaves[leaf]);
    }
    Lengths lengths(leaves.begin(), leaves.end());
    lengths.resize(symbols);
    std::ranges::shuffle(lengths, random);
    return lengths;
}

// What Huffman's own algorithm takes for these frequencies, with no limit on the length.
std::uint64_t best_size(std::span<const std::uint32_t> frequencies) {
    std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> nodes;
    for (const std::uint32_t frequency : frequencies)
        if (frequency != 0) nodes.push(frequency);
    std::uint64_t size = 0;
    while (nodes.size() > 1) {
        const std::uint64_t first = nodes.top();
        nodes.pop();
        const std::uint64_t sum = first + nodes.top();
        nodes.pop();
        nodes.push(sum);
        size += sum;
    }
    return size;
}

double space_taken(const Lengths& lengths) {
    double space = 0;
    for (const unsigned bits : lengths)
        if (bits != 0) space += 1.0 / (1u << bits);
    return space;
}

}  // namespace

TEST_CASE("deflate §3.2.2 the RFC's example: lengths (3, 3, 3, 3, 3, 2, 4, 4) are these codes") {
    const Lengths lengths{3, 3, 3, 3, 3, 2, 4, 4};
    std::vector<std::uint16_t> codes(8);
    make_codes(lengths, codes);
    // 010 011 100 101 110 00 1110 1111, each turned round.
    const std::vector<std::uint16_t> turned{0b010, 0b110, 0b001,  0b101,
                                            0b011, 0b00,  0b0111, 0b1111};
    CHECK(codes == turned);
}

TEST_CASE("deflate §3.2.5 lengths and distances follow each other without a gap") {
    unsigned next = min_match;
    for (unsigned symbol = 257; symbol <= 284; ++symbol) {
        CAPTURE(symbol);
        CHECK(length_symbol(symbol).base == next);
        next += 1u << length_symbol(symbol).extra_bits;
    }
    CHECK(next == 259);  // 284 could say 258 as well; 285 says it without extra bits
    CHECK(length_symbol(285).base == 258);
    CHECK(length_symbol(285).extra_bits == 0);
    next = 1;
    for (unsigned symbol = 0; symbol < 30; ++symbol) {
        CAPTURE(symbol);
        CHECK(distance_symbol(symbol).base == next);
        next += 1u << distance_symbol(symbol).extra_bits;
    }
    CHECK(next == 32769);
}

TEST_CASE("deflate §3.2.2 a table decodes every code that an encoder makes") {
    std::mt19937 random{1951};
    LiteralTable literals;
    DistanceTable distances;
    for (int round = 0; round < 400; ++round) {
        const bool is_distance = round % 2 == 1;
        const std::size_t symbols = is_distance ? 2 + random() % 29 : 257 + random() % 30;
        const Lengths lengths = random_lengths(random, symbols, max_code_bits, round % 4 < 2);
        std::vector<std::uint16_t> codes(symbols);
        make_codes(lengths, codes);
        DecodeTable& table = is_distance ? distances.table : literals.table;
        const std::span<const TableEntry> meanings =
            is_distance ? std::span<const TableEntry>{distance_meanings} : literal_meanings;
        REQUIRE(table.build(lengths, meanings, false) == CodeFault::none);
        for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
            if (lengths[symbol] == 0) continue;
            // Whatever follows the code.
            const std::uint64_t bits = std::uint64_t{random()} << lengths[symbol] | codes[symbol];
            unsigned length = 0;
            const TableEntry entry = look_up(table, bits, length);
            CHECK(length == lengths[symbol]);
            CHECK(base(entry) == base(meanings[symbol]));
            CHECK((entry & literal_entry) == (meanings[symbol] & literal_entry));
        }
    }
}

TEST_CASE("deflate §3.2.7 a code is complete, or the lone code of one bit where that is allowed") {
    LiteralTable room;
    const auto build = [&room](const Lengths& lengths, bool lone_code) {
        return room.table.build(lengths, literal_meanings, lone_code);
    };
    CHECK(build({1, 1}, false) == CodeFault::none);
    CHECK(build({1, 2, 2}, false) == CodeFault::none);
    CHECK(build({1, 1, 1}, true) == CodeFault::oversubscribed);
    CHECK(build({1, 2, 3, 3, 3}, true) == CodeFault::oversubscribed);
    CHECK(build({1, 2}, true) == CodeFault::incomplete);
    CHECK(build({2, 2, 2}, true) == CodeFault::incomplete);
    CHECK(build({2}, true) == CodeFault::incomplete);
    CHECK(build({1}, false) == CodeFault::incomplete);
    CHECK(build({}, false) == CodeFault::incomplete);
    CHECK(build(Lengths(286, 1), true) == CodeFault::oversubscribed);

    REQUIRE(build({0, 1}, true) == CodeFault::none);
    CHECK((room.table[0] & no_code_entry) == 0);
    CHECK((room.table[1] & no_code_entry) != 0);
    REQUIRE(build({0, 0}, true) == CodeFault::none);
    CHECK((room.table[0] & no_code_entry) != 0);
    CHECK((room.table[1] & no_code_entry) != 0);
}

TEST_CASE("deflate: code lengths are as good as Huffman's, complete, and within the limit") {
    std::mt19937 random{3};
    for (int round = 0; round < 500; ++round) {
        CAPTURE(round);
        const std::size_t symbols = 2 + random() % (literal_symbols - 1);
        std::vector<std::uint32_t> frequencies(symbols);
        for (std::uint32_t& frequency : frequencies)
            if (random() % 3 != 0)
                frequency = static_cast<std::uint32_t>(random() % (1u << random() % 16));
        const bool is_short = round % 2 == 0 && symbols <= 100;
        const unsigned max_bits = is_short ? max_length_code_bits : max_code_bits;
        Lengths lengths(symbols);
        make_code_lengths(frequencies, max_bits, lengths);
        CHECK(space_taken(lengths) == 1);
        CHECK(*std::ranges::max_element(lengths) <= max_bits);
        std::uint64_t size = 0;
        for (std::size_t i = 0; i < symbols; ++i) {
            CHECK((frequencies[i] == 0 || lengths[i] != 0));
            size += std::uint64_t{frequencies[i]} * lengths[i];
        }
        const auto unused = static_cast<std::size_t>(std::ranges::count(frequencies, 0u));
        const bool limited = *std::ranges::max_element(lengths) == max_bits;
        if (!limited && unused + 2 <= symbols) CHECK(size == best_size(frequencies));
    }
}

TEST_CASE(
    "deflate: frequencies that grow as Fibonacci's numbers want long codes, and get 15 bits") {
    std::vector<std::uint32_t> frequencies{1, 1};
    while (frequencies.size() < 28)
        frequencies.push_back(frequencies.back() + frequencies[frequencies.size() - 2]);
    Lengths lengths(frequencies.size());
    for (const unsigned max_bits : {15u, 7u}) {
        make_code_lengths(frequencies, max_bits, lengths);
        CHECK(space_taken(lengths) == 1);
        CHECK(*std::ranges::max_element(lengths) == max_bits);
        CHECK(std::ranges::is_sorted(lengths, std::greater<>{}));
    }
}

TEST_CASE("deflate: fewer than two symbols still make a complete code") {
    const std::vector<std::vector<std::uint32_t>> cases{{0, 0, 0}, {5, 0, 0}, {0, 0, 5}};
    for (const auto& frequencies : cases) {
        Lengths lengths(3);
        make_code_lengths(frequencies, max_code_bits, lengths);
        CHECK(space_taken(lengths) == 1);
        CHECK(*std::ranges::max_element(lengths) == 1);
    }
}
