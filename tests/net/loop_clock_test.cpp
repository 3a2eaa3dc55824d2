// The clock of an event loop: intervals, and the wrap-around after 49 days. Lesson 11.
#include "net/loop_clock.hpp"

#include <doctest/doctest.h>

#include "net/socket.hpp"

using namespace std::chrono_literals;

TEST_CASE("loop clock: elapsed time survives the wrap-around of 32 bits") {
    CHECK(net::elapsed(1000, 400) == 600);
    CHECK(net::elapsed(0, 0xFFFF'FFFF) == 1);
    CHECK(net::elapsed(250, 0xFFFF'FFFF - 249) == 500);
    static_assert(net::elapsed(5, 0xFFFF'FFFB) == 10);
}

TEST_CASE("loop clock: is due once an interval, not before, also across the wrap-around") {
    for (const net::Milliseconds start : {0u, 0xFFFF'FFFFu - 100u}) {
        CAPTURE(start);
        net::LoopClock clock{start};
        const auto begin = net::Clock::now();
        clock.update();
        // Unless the machine has stopped for an interval between two lines.
        if (net::Clock::now() - begin < net::LoopClock::interval) CHECK_FALSE(clock.due());
        int rounds = 0;
        for (; !clock.due(); ++rounds) {
            REQUIRE(rounds < 10'000);
            const auto left = clock.until_due();
            CHECK(left > 0ms);
            CHECK(left <= net::LoopClock::interval);
            net::wait_readable({}, net::after(left));
            clock.update();
        }
        CHECK(net::Clock::now() - begin >= net::LoopClock::interval - 1ms);
        CHECK_FALSE(clock.due());
        CHECK(net::elapsed(clock.now(), start) >= 250);
        CHECK(clock.until_due() == net::LoopClock::interval);
    }
}
