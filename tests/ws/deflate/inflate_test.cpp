// Decompression, RFC 1951: streams that zlib made, streams written by hand that break one rule
// each, and all of them over every cut of the input and of the room for the output.
#include "ws/deflate/inflate.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "tests/support/bit_string.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/errc.hpp"

using namespace test::literals;
using test::BitString;
using ws::Errc;
using ws::deflate::History;
using ws::deflate::Inflater;
using ws::deflate::Unpacked;

namespace {

struct Result {
    ws::Buffer data;
    Errc error = Errc::none;
    bool ended = false;     // with a last block
    bool between = false;   // or between two
    std::size_t taken = 0;  // bytes of input

    bool operator==(const Result&) const = default;
};

// Runs over input in these pieces, and gives room for `room` bytes at a time: memory of exactly
// that size, so that the sanitizer sees a byte outside.
Result inflate(const test::Pieces& pieces, std::size_t room, unsigned window_bits = 15) {
    Inflater inflater;
    History before{window_bits};
    Result result;
    ws::Buffer memory(room);
    for (const ws::Buffer& piece : pieces) {
        ws::Bytes in{piece};
        auto status = Inflater::Status::need_output;
        while (status == Inflater::Status::need_output) {
            Unpacked out{memory};
            status = inflater.run(in, out, before);
            before.remember(out.written());
            ws::append(result.data, out.written());
            if (status == Inflater::Status::need_output) REQUIRE(out.left() == 0);
        }
        if (status == Inflater::Status::need_input) REQUIRE(in.empty());
        result.error = inflater.error();
        result.ended = status == Inflater::Status::end;
        result.taken += piece.size() - in.size();
        if (status != Inflater::Status::need_input) break;
    }
    result.between = inflater.between_blocks();
    // How far a reader looked ahead when it gave up is its own business.
    if (result.error != Errc::none) result.taken = 0;
    return result;
}

Result inflate_whole(ws::Bytes stream, unsigned window_bits = 15) {
    return inflate({{stream.begin(), stream.end()}}, 70'000, window_bits);
}

// Every cut of the input, and rooms of 1, 2, 7 and 300 bytes.
void check_every_cut(ws::Bytes stream, const Result& expected) {
    CHECK(inflate_whole(stream) == expected);
    test::for_every_split(stream, [&](const test::Pieces& pieces) {
        for (const std::size_t room : {1u, 2u, 7u, 300u, 1000u}) {
            CAPTURE(room);
            CHECK(inflate(pieces, room) == expected);
        }
    });
}

ws::Buffer bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

void check_text(const ws::Buffer& stream, std::string_view text) {
    check_every_cut(stream, {bytes_of(text), Errc::none, true, false, stream.size()});
}

// What comes out before the rule is broken is the same in every cut, too.
void check_error(const ws::Buffer& stream, Errc error) {
    const Result whole = inflate_whole(stream);
    CHECK(whole.error == error);
    check_every_cut(stream, whole);
}

constexpr unsigned fixed = 1, dynamic = 2;
BitString last_block(unsigned type) { return BitString{}.number(1, 1).number(type, 2); }

// A dynamic block up to its symbols. The code lengths are written with a code of 4 bits for each of
// 0 to 15, which says the number itself, and without repeats.
BitString dynamic_block(const std::vector<unsigned>& literals,
                        const std::vector<unsigned>& distances) {
    BitString bits = last_block(dynamic);
    bits.number(static_cast<unsigned>(literals.size()) - 257, 5);
    bits.number(static_cast<unsigned>(distances.size()) - 1, 5).number(19 - 4, 4);
    for (int i = 0; i < 19; ++i) bits.number(i < 3 ? 0 : 4, 3);  // 16, 17, 18 are not used
    for (const auto* lengths : {&literals, &distances})
        for (const unsigned length : *lengths)
            for (int i = 3; i >= 0; --i) bits.number(length >> i & 1, 1);
    return bits;
}

// The lengths of the codes for 'a', 'b', the end of the block, and 257 (a length of 3).
std::vector<unsigned> literal_lengths(unsigned a, unsigned b, unsigned end, unsigned three) {
    std::vector<unsigned> lengths(258, 0u);
    lengths['a'] = a;
    lengths['b'] = b;
    lengths[256] = end;
    lengths[257] = three;
    return lengths;
}
const std::vector<unsigned> four = literal_lengths(2, 2, 2, 2);  // 00, 01, 10, 11

// Bytes after a stream, so that nothing is missing where a rule is broken.
ws::Buffer more() { return ws::Buffer(9, 0); }

ws::Buffer by_zlib() {
    return "15 8e d1 09 44 31 0c c3 56 c9 6a 86 1a 12 08 31 bc ba fb 5f ee 5b 16 32 25 ba 30 62 f1 "
           "c0"
           "22 13 3a 82 a7 c9 61 cb c1 1b 64 ec 2c 78 da a8 78 ce 0f 8e 4f e0 33 49 d0 17 31 cb 74 "
           "2c"
           "4b d0 82 cb 76 dd 64 b6 f5 b6 92 c3 39 f2 0a e8 59 e5 23 1e 69 04 b6 54 15 74 ae fb fe "
           "17"
           "fc 03"_hex;
}

}  // namespace

TEST_CASE("inflate §3.2.4 stored blocks") {
    check_text("01 05 00 fa ff 48 65 6c 6c 6f"_hex, "Hello");
    check_text("01 00 00 ff ff"_hex, "");
    check_text("00 02 00 fd ff 48 65 (not the last) 01 03 00 fc ff 6c 6c 6f"_hex, "Hello");
    check_text("f9 05 00 fa ff 48 65 6c 6c 6f (bits up to the next byte are ignored)"_hex, "Hello");
}

TEST_CASE("inflate §3.2.6 a fixed block: the example of RFC 7692 §7.2.3.4") {
    check_text("f3 48 cd c9 c9 07 00"_hex, "Hello");
}

TEST_CASE("inflate §3.2.6 every literal, and the longest match") {
    // The bytes 144 to 255 have codes of nine bits.
    std::string all;
    BitString bits = last_block(fixed);
    for (unsigned byte = 0; byte < 256; ++byte) {
        all += static_cast<char>(byte);
        const unsigned code = byte < 144 ? 0x30 + byte : 0x190 + (byte - 144);
        for (int i = byte < 144 ? 7 : 8; i >= 0; --i) bits.number(code >> i & 1, 1);
    }
    bits.code("11000101").code("01111").number(0, 6).code("0000000");  // 258 from 193 before
    for (int i = 0; i < 258; ++i) all += all[all.size() - 193];
    check_text(bits, all);
}

TEST_CASE("inflate §3.2.7 a dynamic block by zlib") {
    check_text(by_zlib(),
               "eooetianoeiedatoeehaodoatnleenelot es ee oet edltai uthrat roaeuteeeaetsa nltaodto"
               "tooaoeutseltishehltouooehnendotteealnaetreaueeta aleeii ethotoutoeet");
}

TEST_CASE("inflate §3.2.3 a match may overlap what it writes") {
    BitString one = last_block(fixed);  // a, 15 from 1
    one.code("10010001").code("0001011").number(0, 1).code("00000").code("0000000");
    check_text(one, "aaaaaaaaaaaaaaaa");
    BitString two = last_block(fixed);  // a, b, 5 from 2
    two.code("10010001").code("10010010").code("0000011").code("00001").code("0000000");
    check_text(two, "abababa");
}

TEST_CASE("inflate §3.2.7 one distance code of one bit, or none at all") {
    BitString one = dynamic_block(four, {1});
    check_text(one.code("00").code("11").code("0").code("10"), "aaaa");  // a, 3 from 1, end
    BitString none = dynamic_block(four, {0});
    check_text(none.code("00").code("01").code("10"), "ab");
    BitString empty = dynamic_block(literal_lengths(0, 0, 1, 0), {0});  // nothing but the end
    check_text(empty.code("0"), "");
}

TEST_CASE("inflate §3.2.7 up to 32 distance codes may be listed") {
    std::vector<unsigned> distances(32, 0u);
    distances[0] = distances[31] = 1;
    BitString bits = dynamic_block(four, distances);
    check_text(bits.code("00").code("11").code("0").code("10"), "aaaa");
    // The code of 31 is there; what it stands for is not.
    BitString used = dynamic_block(four, distances);
    check_error(used.code("00").code("11").code("1").code("10"), Errc::unassigned_code);
}

TEST_CASE("inflate §3.2.7 each rule for the lengths of the codes, broken") {
    BitString too_many = last_block(dynamic);
    check_error(too_many.number(30, 5).number(0, 9).bytes(more()), Errc::too_many_literal_codes);

    BitString counts = last_block(dynamic);
    counts.number(0, 5).number(0, 5).number(0, 4);  // lengths for 16, 17, 18, 0
    BitString none = counts, incomplete = counts, oversubscribed = counts;
    check_error(none.number(0, 12).bytes(more()), Errc::incomplete_code);
    incomplete.number(1, 3).number(2, 3).number(0, 6);
    check_error(incomplete.bytes(more()), Errc::incomplete_code);
    oversubscribed.number(1, 3).number(1, 3).number(1, 3).number(0, 3);
    check_error(oversubscribed.bytes(more()), Errc::oversubscribed_code);

    BitString repeat = counts;  // 16 first
    repeat.number(1, 3).number(0, 3).number(1, 3).number(0, 3).code("0");
    check_error(repeat.bytes(more()), Errc::no_length_to_repeat);
    BitString beyond = counts;  // 2 · 138 zeros for 258 lengths
    beyond.number(1, 3).number(0, 3).number(1, 3).number(0, 3);
    beyond.code("1").number(127, 7).code("1").number(127, 7);
    check_error(beyond.bytes(more()), Errc::too_many_lengths);
}

TEST_CASE("inflate §3.2.7 each rule for the codes themselves, broken") {
    const auto with = [](unsigned a, unsigned b, unsigned end, unsigned three,
                         const std::vector<unsigned>& distances) {
        return dynamic_block(literal_lengths(a, b, end, three), distances).bytes(more());
    };
    check_error(with(1, 1, 0, 0, {1}), Errc::no_end_of_block);
    check_error(with(1, 1, 1, 0, {1}), Errc::oversubscribed_code);
    check_error(with(2, 2, 2, 0, {1}), Errc::incomplete_code);
    check_error(with(0, 0, 2, 0, {1}), Errc::incomplete_code);
    check_error(with(2, 2, 2, 2, {1, 1, 1}), Errc::oversubscribed_code);
    check_error(with(2, 2, 2, 2, {2}), Errc::incomplete_code);

    // The one distance code is 0; there is none that begins with 1.
    BitString unused = dynamic_block(four, {1});
    unused.code("00").code("11").code("1").bytes(more());
    check_error(unused, Errc::unassigned_code);
    BitString no_distance = dynamic_block(four, {0});
    check_error(no_distance.code("00").code("11").bytes(more()), Errc::unassigned_code);
}

TEST_CASE("inflate §3.2.3, §3.2.4, §3.2.6 other rules, broken") {
    check_error("07 00 00 00"_hex, Errc::reserved_block_type);
    check_error("01 05 00 fa fe 48"_hex, Errc::stored_length_mismatch);
    check_error("01 05 00 05 00 48"_hex, Errc::stored_length_mismatch);
    for (const char* const code : {"11000110", "11000111"}) {  // 286 and 287
        BitString bits = last_block(fixed);
        check_error(bits.code(code).bytes(more()), Errc::unassigned_code);
    }
    for (const char* const code : {"11110", "11111"}) {  // distances 30 and 31
        BitString bits = last_block(fixed);
        bits.code("10010001").code("0000001").code(code).bytes(more());
        check_error(bits, Errc::unassigned_code);
    }
}

TEST_CASE("inflate §3.2.3 a distance does not reach before the first byte") {
    BitString nothing = last_block(fixed);
    nothing.code("0000001").code("00000").bytes(more());
    check_error(nothing, Errc::distance_too_far);
    BitString two = last_block(fixed);  // a, 3 from 2
    two.code("10010001").code("0000001").code("00001").bytes(more());
    check_error(two, Errc::distance_too_far);
    // Also in the middle of a long stream, where the fast loop reads.
    BitString far = last_block(fixed);
    for (int i = 0; i < 100; ++i) far.code("10010001");
    far.code("0000001").code("01101").number(4, 5).bytes(ws::Buffer(40, 0));  // 3 from 101
    check_error(far, Errc::distance_too_far);
}

TEST_CASE("inflate §3.2.3 a distance does not reach out of the agreed window, in no cut") {
    // 300 bytes, then three of them from 256 or 257 before.
    for (const unsigned distance : {256u, 257u}) {
        BitString bits = last_block(fixed);
        for (int i = 0; i < 300; ++i) bits.code(i % 2 == 0 ? "10010001" : "10010010");
        bits.code("0000001");
        if (distance == 256) bits.code("01111").number(63, 6);
        if (distance == 257) bits.code("10000").number(0, 7);
        bits.code("0000000").bytes(ws::Buffer(20, 0));
        const Errc expected = distance == 257 ? Errc::distance_too_far : Errc::none;
        for (const std::size_t room : {1u, 100u, 700u})
            CHECK(inflate({bits}, room, 8).error == expected);
        CHECK(inflate({bits}, 700, 9).error == Errc::none);
    }
}

TEST_CASE("inflate: a stream that stops anywhere is no error, and no end") {
    const ws::Buffer stream = by_zlib();
    for (std::size_t size = 1; size < stream.size(); ++size) {
        const Result got = inflate_whole(ws::Bytes{stream}.first(size));
        CHECK(got.error == Errc::none);
        CHECK(!got.ended);
        CHECK(!got.between);
        CHECK(got.taken == size);
    }
}

TEST_CASE("inflate: what follows the last block is not taken; after restart() a new one may come") {
    const ws::Buffer twice = "f3 48 cd c9 c9 07 00"_hex + "f3 48 cd c9 c9 07 00"_hex;
    test::for_every_split(twice, [](const test::Pieces& pieces) {
        Inflater inflater;
        const History before;
        ws::Buffer room(10);
        Unpacked out{room};
        std::size_t ends = 0;
        for (const ws::Buffer& piece : pieces) {
            for (ws::Bytes in{piece}; !in.empty();) {
                if (inflater.run(in, out, before) != Inflater::Status::end) continue;
                ++ends;
                CHECK(out.used == 5 * ends);
                CHECK(!inflater.between_blocks());
                inflater.restart();
                CHECK(inflater.between_blocks());
            }
        }
        CHECK(ends == 2);
        CHECK(room == bytes_of("HelloHello"));
    });
}

TEST_CASE("inflate §3.2.3 after an empty stored block a stream lies between two blocks") {
    // RFC 7692 §7.2.3.1: "Hello", and what a sync flush adds.
    const Result got = inflate_whole("f2 48 cd c9 c9 07 00 00 00 ff ff"_hex);
    CHECK(got == Result{bytes_of("Hello"), Errc::none, false, true, 11});
}

TEST_CASE("inflate: a bomb is not unpacked further than the room for it") {
    // A million zeros by zlib, in 985 bytes, of which most are zeros as well.
    ws::Buffer bomb = "ed c1 01 01 00 00 00 82 20 ff af 6e 48 40 01"_hex;
    bomb.resize(985);
    ws::Buffer room(1000, 1);
    Inflater inflater;
    Unpacked out{ws::MutableBytes{room}.first(900)};
    ws::Bytes in{bomb};
    for (int asked = 0; asked < 2; ++asked) {
        CHECK(inflater.run(in, out, History{}) == Inflater::Status::need_output);
        CHECK(out.used == 900);
    }
    ws::Buffer expected(900, 0);
    expected.resize(1000, 1);
    CHECK(room == expected);
}

TEST_CASE("inflate: any bytes give the same verdict in every cut") {
    std::mt19937 random{7692};
    for (int round = 0; round < 2000; ++round) {
        ws::Buffer stream = by_zlib();
        if (round % 2 == 0) {
            for (std::uint8_t& byte : stream) byte = static_cast<std::uint8_t>(random());
            stream[0] = static_cast<std::uint8_t>((stream[0] & 0xF8) | 1 | round % 4);
        } else {
            stream[random() % stream.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
        }
        const Result whole = inflate_whole(stream);
        test::Pieces bytes;
        for (const std::uint8_t byte : stream) bytes.push_back({byte});
        const auto middle = stream.begin() + static_cast<std::ptrdiff_t>(random() % stream.size());
        const test::Pieces halves{{stream.begin(), middle}, {middle, stream.end()}};
        for (const test::Pieces& pieces : {bytes, halves})
            REQUIRE(inflate(pieces, 1 + random() % 40) == whole);
    }
}

TEST_CASE("inflate: the history takes the last bytes, over any sequence of writes") {
    std::mt19937 random{5};
    for (int round = 0; round < 300; ++round) {
        History history{8};
        ws::Buffer all;
        for (int write = 0; write < 12; ++write) {
            ws::Buffer data(random() % (round % 2 == 0 ? 300 : 40));
            for (std::uint8_t& byte : data) byte = static_cast<std::uint8_t>(random());
            history.remember(data);
            ws::append(all, data);
            REQUIRE(history.size() == std::min<std::size_t>(all.size(), 256));
            for (std::size_t distance = 1; distance <= history.size(); ++distance) {
                const ws::Bytes got = history.at(distance, 50);
                const auto expected = ws::Bytes{all}.last(distance).first(got.size());
                REQUIRE(!got.empty());
                REQUIRE(std::ranges::equal(got, expected));
            }
        }
    }
}

TEST_CASE("inflate: an error stays one, and there is nothing to begin anew before an end") {
    Inflater inflater;
    History before{15};
    ws::Buffer memory(10);
    Unpacked out{memory};
    const ws::Buffer corrupt = "07"_hex, more = "00 00 00 ff ff"_hex;
    inflater.restart();
    ws::Bytes in{corrupt};
    CHECK(inflater.run(in, out, before) == Inflater::Status::error);
    in = more;
    inflater.restart();
    CHECK(inflater.run(in, out, before) == Inflater::Status::error);
    CHECK(inflater.error() == Errc::reserved_block_type);
}
