// Bytes that wait for the kernel: their order, and what they cost while they wait. Lesson 11.
#include "net/out_buffer.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <random>

#include "tests/support/bytes.hpp"

using namespace test;

namespace {

ws::Buffer copy(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

TEST_CASE("out buffer: what was not taken stays, in order") {
    net::OutBuffer buffer;
    CHECK(buffer.empty());
    buffer.append("01 02 03 04 05"_hex);
    buffer.taken(1);
    CHECK(copy(buffer.bytes()) == "02 03 04 05"_hex);
    buffer.append("06"_hex);
    buffer.taken(3);
    CHECK(copy(buffer.bytes()) == "05 06"_hex);
    CHECK(buffer.size() == 2);
    buffer.storage().push_back(7);
    CHECK(copy(buffer.bytes()) == "05 06 07"_hex);
    buffer.taken(0);
    buffer.taken(3);
    CHECK(buffer.empty());
    CHECK(buffer.bytes().empty());
}

TEST_CASE("out buffer: any mixture of appending and taking keeps every byte") {
    std::mt19937 random{11};
    net::OutBuffer buffer;
    std::uint8_t in = 0;
    std::uint8_t out = 0;
    for (int i = 0; i < 10'000; ++i) {
        ws::Buffer more(random() % 50);
        std::iota(more.begin(), more.end(), in);
        in = static_cast<std::uint8_t>(in + more.size());
        buffer.append(more);
        const std::size_t count = random() % (buffer.size() + 1);
        for (const std::uint8_t byte : buffer.bytes().first(count)) REQUIRE(byte == out++);
        buffer.taken(count);
    }
}

TEST_CASE("out buffer: a backlog that is never empty does not grow without end") {
    net::OutBuffer buffer;
    buffer.append(ws::Buffer(1000));
    for (int i = 0; i < 10'000; ++i) {
        buffer.append(ws::Buffer(100));
        buffer.taken(100);
    }
    CHECK(buffer.size() == 1000);
    CHECK(buffer.capacity() < 10'000);
}
