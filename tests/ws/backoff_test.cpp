// Waiting longer each time, RFC 6455 §7.2.3.
#include "ws/backoff.hpp"

#include <doctest/doctest.h>

TEST_CASE("§7.2.3 waits grow to a limit, and chance takes up to half of each") {
    ws::Backoff longest{.first = 100, .most = 1000};
    for (const std::uint32_t expected : {100u, 200u, 400u, 800u, 1000u, 1000u})
        CHECK(longest.next(0) == expected);
    ws::Backoff any{.first = 100, .most = 1000};
    for (const std::uint32_t most : {100u, 200u, 400u, 800u, 1000u, 1000u}) {
        const std::uint32_t wait = any.next(0xDEADBEEF);
        CHECK(wait >= most / 2);
        CHECK(wait <= most);
    }
}

TEST_CASE("§7.2.3 every wait between half and all of it can be had") {
    bool seen[51] = {};
    for (std::uint32_t chance = 0; chance < 51; ++chance)
        seen[ws::Backoff{.first = 100}.next(chance) - 50] = true;
    for (const bool each : seen) CHECK(each);
}

TEST_CASE("§7.2.3 success begins anew, and a thousand failures do not overflow") {
    ws::Backoff backoff{.first = 500, .most = 30'000};
    for (int i = 0; i < 1000; ++i) backoff.next(0);
    CHECK(backoff.next(0) == 30'000);
    backoff.reset();
    CHECK(backoff.next(0) == 500);
}
