// Unpredictable bytes: what can be tested of them.
#include "net/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

TEST_CASE("§5.3 random: keys differ, also across the pool's end and between pools") {
    net::RandomPool pool;
    net::RandomPool other;
    std::set<std::array<std::uint8_t, 16>> seen;
    for (int i = 0; i < 200; ++i) {  // 64 of them empty a pool
        CHECK(seen.insert(pool.bytes<16>()).second);
        CHECK(seen.insert(other.bytes<16>()).second);
        pool.bytes<3>();  // so that a key spans two fillings
    }
}

TEST_CASE("random: more than a pool at once, and nothing at all") {
    net::RandomPool pool;
    std::vector<std::uint8_t> large(10'000, 0);
    pool.fill(large);
    // Each value is expected 39 times; that one is missing happens once in 10^15 runs.
    for (int value = 0; value < 256; ++value)
        CHECK(std::ranges::count(large, static_cast<std::uint8_t>(value)) > 0);
    pool.fill({});
}
