// Compression: what is compressed comes back, at every level, with every window, over any sequence
// of messages; and the bytes that RFC 7692 §7.2.3 shows. The comparison with zlib is make
// deflate-zlib.
#include "ws/deflate/deflate.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>

#include "tests/support/bytes.hpp"
#include "tests/support/errc.hpp"
#include "ws/deflate/inflate.hpp"

using namespace test::literals;
using namespace ws::deflate;

namespace {

// One direction of a connection: what one end compresses, the other decompresses.
class Pair {
  public:
    Pair(unsigned window_bits, int level, bool takeover = true)
        : takeover_{takeover}, deflater_{window_bits, level}, history_{window_bits} {}

    // The compressed form, which has come back as `data`.
    ws::Buffer send(ws::Bytes data) {
        ws::Buffer sent;
        deflater_.compress(data, sent, *blocks_);
        ws::Buffer stream = sent;
        ws::append(stream, flush_tail);
        ws::Buffer memory(data.size() + 1);
        Unpacked out{memory};
        Inflater inflater;
        ws::Bytes in{stream};
        const Inflater::Status status = inflater.run(in, out, history_);
        REQUIRE(inflater.error() == ws::Errc::none);
        REQUIRE(status == Inflater::Status::need_input);
        REQUIRE(inflater.between_blocks());
        REQUIRE(out.used == data.size());
        REQUIRE(std::ranges::equal(out.written(), data));
        if (takeover_) history_.remember(out.written());
        if (!takeover_) deflater_.forget();
        return sent;
    }

  private:
    bool takeover_;
    Deflater deflater_;
    History history_;
    std::unique_ptr<Blocks> blocks_ = std::make_unique<Blocks>();
};

// Words, numbers, runs, random bytes and repetitions from far back, one after the other.
ws::Buffer mixed(std::size_t size) {
    static const char* const words[] = {"the ",      "socket ", "frame ", "привет ",
                                        "\"text\":", "{}, ",    "0x7e ",  "\n"};
    std::mt19937 random{1951};
    ws::Buffer data;
    while (data.size() < size) {
        switch (random() % 5) {
            case 0:
            case 1:
                for (int i = 0; i < 20; ++i) ws::append(data, ws::as_bytes(words[random() % 8]));
                break;
            case 2: {
                // One after the other: compilers choose the order of arguments.
                const auto byte = static_cast<std::uint8_t>(random());
                data.insert(data.end(), random() % 700, byte);
                break;
            }
            case 3:
                for (auto i = random() % 300; i > 0; --i)
                    data.push_back(static_cast<std::uint8_t>(random()));
                break;
            default: {
                const std::size_t back = std::min<std::size_t>(data.size(), 1 + random() % 40'000);
                const ws::Buffer again(data.end() - static_cast<std::ptrdiff_t>(back),
                                       data.end() - static_cast<std::ptrdiff_t>(
                                                        back - std::min<std::size_t>(back, 300)));
                ws::append(data, again);
            }
        }
    }
    data.resize(size);
    return data;
}

ws::Buffer random_bytes(std::size_t size) {
    std::mt19937 random{4};
    ws::Buffer data(size);
    for (std::uint8_t& byte : data) byte = static_cast<std::uint8_t>(random());
    return data;
}

}  // namespace

TEST_CASE("deflate: the examples of RFC 7692 §7.2.3, bit for bit") {
    Pair pair{15, usual_level};
    // §7.2.3.1: one block with the fixed codes, and the first byte of an empty stored one.
    CHECK(pair.send(ws::as_bytes("Hello")) == "f2 48 cd c9 c9 07 00"_hex);
    // §7.2.3.2: once more. The RFC's 'H' and then four bytes from before ("f2 00 11 00 00") is how
    // zlib says it; five bytes from five before are a byte less.
    CHECK(pair.send(ws::as_bytes("Hello")) == "02 13 00 00"_hex);
    // §7.2.3.6: an empty message.
    CHECK(pair.send({}) == "00"_hex);
    Pair forgetful{15, usual_level, false};
    for (int i = 0; i < 3; ++i)
        CHECK(forgetful.send(ws::as_bytes("Hello")) == "f2 48 cd c9 c9 07 00"_hex);
}

TEST_CASE("deflate: every level and every window, at sizes around those of the window") {
    const ws::Buffer data = mixed(140'000);
    for (int level = min_level; level <= max_level; ++level) {
        for (unsigned bits = min_window_bits; bits <= max_window_bits; ++bits) {
            CAPTURE(level);
            CAPTURE(bits);
            Pair pair{bits, level, level % 2 == 0};
            const std::size_t window = std::size_t{1} << bits;
            const std::size_t most = bits == max_window_bits ? data.size() : 3 * window + 2000;
            for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{3},
                                           window - 1, window, window + 1, most})
                pair.send(ws::Bytes{data}.first(std::min(size, data.size())));
        }
    }
}

TEST_CASE("deflate: every size up to 300, and larger ones in steps") {
    const ws::Buffer data = mixed(70'000);
    for (const int level : {1, 6, 9}) {
        Pair pair{15, level, false};
        for (std::size_t size = 0; size <= 300; ++size) pair.send(ws::Bytes{data}.first(size));
        for (std::size_t size = 301; size <= data.size(); size += 4999)
            pair.send(ws::Bytes{data}.last(size));
    }
}

TEST_CASE("deflate §7.1.1 of RFC 7692: with context takeover a message refers to those before") {
    const ws::Buffer text = mixed(2'000);
    for (const int level : {1, 6, 9}) {
        CAPTURE(level);
        Pair takeover{15, level}, none{15, level, false};
        const std::size_t alone = none.send(text).size();
        CHECK(takeover.send(text).size() == alone);
        CHECK(takeover.send(text).size() < alone / 4);
        CHECK(none.send(text).size() == alone);
    }
}

TEST_CASE("deflate: a long conversation, whose window slides many times") {
    const ws::Buffer data = mixed(70'000);
    std::mt19937 random{8};
    for (const unsigned bits : {8u, 9u, 12u, 15u}) {
        Pair takeover{bits, bits % 2 == 0 ? 1 : 6}, mostly_forgetful{bits, 6, false};
        for (int message = 0; message < 150; ++message) {
            const std::size_t begin = random() % 60'000;
            const ws::Bytes part =
                ws::Bytes{data}.subspan(begin, random() % (message % 10 == 0 ? 10'000 : 900));
            takeover.send(part);
            mostly_forgetful.send(part);
        }
    }
}

TEST_CASE(
    "deflate: bytes that cannot be compressed cost five for each block of 16 KiB, and three") {
    for (const int level : {1, 6, 9}) {
        for (const std::size_t size : {1u, 100u, 16'384u, 65'535u, 65'536u, 200'000u}) {
            CAPTURE(size);
            Pair pair{15, level, false};
            CHECK(pair.send(random_bytes(size)).size() <= size + 5 * (size / 16'384 + 1) + 3);
        }
    }
}

TEST_CASE("deflate: zeros and other runs shrink to a thousandth") {
    for (const int level : {1, 6, 9}) {
        Pair pair{15, level};
        CHECK(pair.send(ws::Buffer(1'000'000, 0)).size() < 5'000);
        ws::Buffer periodic;
        while (periodic.size() < 1'000'000) ws::append(periodic, ws::as_bytes("abcdefghijklmnopq"));
        CHECK(pair.send(periodic).size() < 7'000);
    }
}

TEST_CASE("deflate: text is as small as zlib makes it, within three per cent") {
    // mixed(50'000) by zlib 1.2.13 at levels 1, 6 and 9, with a sync flush less its tail.
    const ws::Buffer data = mixed(50'000);
    const std::pair<int, std::size_t> sizes[] = {{1, 12038}, {6, 10231}, {9, 10063}};
    for (const auto& [level, by_zlib] : sizes) {
        Pair pair{15, level};
        CHECK(pair.send(data).size() <= by_zlib + by_zlib * 3 / 100);
    }
}

TEST_CASE("deflate: the memory of a window is stated") {
    CHECK(Matcher::memory_for(15) < 210'000);
    CHECK(Matcher::memory_for(10) < 10'000);
    CHECK(Matcher::memory_for(8) < 3'000);
}

// A block has room for 16,384 symbols. Bytes that are found nowhere are given up after 256 of them, and then
// only each twelfth is looked at: what is found again early decides where the second repetition is seen.
TEST_CASE("deflate: a block may be full just when the bytes behind it are given up") {
    const ws::Buffer noise = random_bytes(17'000);
    const auto at = [&noise](std::size_t place) { return noise.begin() + static_cast<std::ptrdiff_t>(place); };
    for (std::size_t second = 16'106; second < 16'142; second += 6) {
        for (std::size_t first = 100; first < 118; ++first) {
            CAPTURE(first);
            CAPTURE(second);
            ws::Buffer data{at(0), at(first)};
            data.insert(data.end(), at(0), at(8));
            data.insert(data.end(), at(first), at(second));
            data.insert(data.end(), at(1'000), at(1'064));
            data.insert(data.end(), at(second), noise.end());
            Pair pair{15, 6};
            pair.send(data);
        }
    }
}
