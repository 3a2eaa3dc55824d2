// When to ping and when to give up, RFC 6455 §5.5.2 and §5.5.3. Time is a number here: what takes
// minutes on a wire is a row of calls.
#include "ws/keep_alive.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using ws::KeepAlive;

namespace {

constexpr KeepAlive::Times defaults{.ping_interval = 30'000, .idle_timeout = 60'000};

// "ping, ask again in 30000"
std::string show(const KeepAlive::Next& next) {
    const char* const duties[] = {"nothing", "ping", "gone"};
    std::string text = duties[static_cast<int>(next.duty)];
    if (next.wait != KeepAlive::forever) text += ", ask again in " + std::to_string(next.wait);
    return text;
}

// The clock of these tests begins shortly before its 32 bits are full.
constexpr KeepAlive::Time start = 0xFFFF'F000;
constexpr KeepAlive::Time at(std::chrono::milliseconds time) {
    return start + static_cast<KeepAlive::Time>(time.count());
}

}  // namespace

TEST_CASE("§5.5.2 keep-alive: a ping each interval, whatever the peer sends") {
    KeepAlive peer{at(0s)};
    CHECK(show(peer.next(at(0s), defaults)) == "nothing, ask again in 30000");
    peer.heard(at(20s));
    CHECK(show(peer.next(at(20s), defaults)) == "nothing, ask again in 10000");
    CHECK(show(peer.next(at(29'999ms), defaults)) == "nothing, ask again in 1");
    CHECK(show(peer.next(at(30s), defaults)) == "ping, ask again in 30000");
    CHECK(show(peer.next(at(30s), defaults)) == "nothing, ask again in 30000");
    peer.heard(at(31s));
    CHECK(show(peer.next(at(60s), defaults)) == "ping, ask again in 30000");
    CHECK(show(peer.next(at(60s), defaults)) == "nothing, ask again in 30000");
}

TEST_CASE("keep-alive: a peer without a sign of life is given up, at the end of its time") {
    KeepAlive peer{at(0s)};
    peer.heard(at(5s));
    CHECK(show(peer.next(at(30s), defaults)) == "ping, ask again in 30000");
    CHECK(show(peer.next(at(60s), defaults)) == "ping, ask again in 5000");
    CHECK(show(peer.next(at(64'999ms), defaults)) == "nothing, ask again in 1");
    CHECK(show(peer.next(at(65s), defaults)) == "gone");
}

TEST_CASE("keep-alive: a byte, and bytes that it takes") {
    for (void (KeepAlive::*sign)(KeepAlive::Time) : {&KeepAlive::heard, &KeepAlive::took}) {
        KeepAlive peer{at(0s)};
        CHECK(show(peer.next(at(30s), defaults)) == "ping, ask again in 30000");
        (peer.*sign)(at(59s));
        CHECK(show(peer.next(at(60s), defaults)) == "ping, ask again in 30000");
    }
}

TEST_CASE("keep-alive: zero means never") {
    KeepAlive silent{at(0s)};
    CHECK(show(silent.next(at(1h), {0, 0})) == "nothing");
    CHECK(show(silent.next(at(2h), {0, 0})) == "nothing");

    KeepAlive pinged{at(0s)};
    CHECK(show(pinged.next(at(30s), {30'000, 0})) == "ping, ask again in 30000");
    CHECK(show(pinged.next(at(60s), {30'000, 0})) == "ping, ask again in 30000");

    KeepAlive watched{at(0s)};
    CHECK(show(watched.next(at(20s), {0, 60'000})) == "nothing, ask again in 40000");
    CHECK(show(watched.next(at(60s), {0, 60'000})) == "gone");
}

// SIGSTOP, a debugger, a suspended laptop, `docker pause`.
TEST_CASE("keep-alive: after a time in which we stood still the ping comes first") {
    SUBCASE("before the ping was due") {
        KeepAlive peer{at(0s)};
        CHECK(show(peer.next(at(1h), defaults)) == "ping, ask again in 30000");
        CHECK(show(peer.next(at(1h + 30s), defaults)) == "ping, ask again in 30000");
        CHECK(show(peer.next(at(1h + 60s), defaults)) == "gone");
    }
    SUBCASE("after it, and the peer had not answered yet") {
        KeepAlive peer{at(0s)};
        CHECK(show(peer.next(at(30s), defaults)) == "ping, ask again in 30000");
        CHECK(show(peer.next(at(61'001ms), defaults)) == "ping, ask again in 30000");
        peer.heard(at(61'100ms));
        CHECK(show(peer.next(at(91'001ms), defaults)) == "ping, ask again in 30000");
    }
    SUBCASE("shortly before the end of its time, long before the next ping") {
        const KeepAlive::Times rare{.ping_interval = 50'000, .idle_timeout = 60'000};
        KeepAlive peer{at(0s)};
        CHECK(show(peer.next(at(50s), rare)) == "ping, ask again in 10000");
        CHECK(show(peer.next(at(70s), rare)) == "ping, ask again in 50000");
    }
    SUBCASE("without pings it gets its time once more") {
        KeepAlive peer{at(0s)};
        CHECK(show(peer.next(at(1h), {0, 60'000})) == "nothing, ask again in 60000");
        CHECK(show(peer.next(at(1h + 60s), {0, 60'000})) == "gone");
    }
    SUBCASE("but a look that is a little late is none") {
        KeepAlive peer{at(0s)};
        CHECK(show(peer.next(at(30s), defaults)) == "ping, ask again in 30000");
        CHECK(show(peer.next(at(60'900ms), defaults)) == "gone");
    }
}
