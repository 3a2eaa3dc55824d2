// epoll(7), level-triggered: what is reported, and for how long. Lesson 11.
#include "net/epoll.hpp"

#include <doctest/doctest.h>

#include <array>
#include <set>
#include <system_error>

#include "net/wake.hpp"
#include "tests/support/process.hpp"
#include "tests/support/raw_peer.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

// By value: epoll_event is packed, and a reference to its tag would not be aligned.
std::uint64_t tag_of(const epoll_event& event) { return event.data.u64; }

}  // namespace

TEST_CASE("epoll: a descriptor is reported by its tag, as long as there is something to read") {
    net::Epoll epoll;
    auto [near, far] = connected_pair();
    epoll.add(near.get(), net::Epoll::readable, 0x1234'5678'9ABC'DEF0);
    CHECK(epoll.wait(0ms).empty());
    REQUIRE(net::send_all(far, "ab", net::after(patience)));
    std::array<std::uint8_t, 1> byte;
    for (int i = 0; i < 2; ++i) {
        const auto ready = epoll.wait(patience);
        REQUIRE(ready.size() == 1);
        CHECK(tag_of(ready[0]) == 0x1234'5678'9ABC'DEF0);
        CHECK(ready[0].events == EPOLLIN);
        REQUIRE(net::receive_some(near, byte, net::after(patience)));
    }
    CHECK(epoll.wait(0ms).empty());
}

TEST_CASE("epoll: what is watched can change, and ends with the descriptor") {
    net::Epoll epoll;
    auto [near, far] = connected_pair();
    epoll.add(near.get(), 0, 1);
    REQUIRE(net::send_all(far, "a", net::after(patience)));
    CHECK(epoll.wait(0ms).empty());
    epoll.modify(near.get(), net::Epoll::readable | net::Epoll::writable, 2);
    auto ready = epoll.wait(patience);
    REQUIRE(ready.size() == 1);
    CHECK(tag_of(ready[0]) == 2);
    CHECK((ready[0].events & EPOLLOUT) != 0);
    epoll.remove(near.get());
    CHECK(epoll.wait(0ms).empty());
    epoll.add(near.get(), net::Epoll::readable, 3);
    near.close();
    CHECK(epoll.wait(0ms).empty());
}

TEST_CASE("epoll: that a connection has broken is reported also when nothing is watched") {
    net::Epoll epoll;
    auto [near, far] = connected_pair();
    epoll.add(near.get(), 0, 1);
    RawPeer{std::move(far)}.reset();
    const auto ready = epoll.wait(patience);
    REQUIRE(ready.size() == 1);
    CHECK((ready[0].events & EPOLLHUP) != 0);
}

TEST_CASE("epoll: more descriptors than one wait() reports are reported by the next ones") {
    net::Epoll epoll{2};
    std::array<net::Wake, 5> wakes;
    for (std::size_t i = 0; i < wakes.size(); ++i) {
        epoll.add(wakes[i].fd(), net::Epoll::readable, i);
        wakes[i].raise();
    }
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 10 && seen.size() < 5; ++i)
        for (const epoll_event& event : epoll.wait(patience)) seen.insert(tag_of(event));
    CHECK(seen.size() == 5);
}

TEST_CASE("epoll: misuse throws, and names the call") {
    net::Epoll epoll;
    CHECK_THROWS_WITH_AS(epoll.add(-1, net::Epoll::readable, 0), "epoll_ctl: Bad file descriptor",
                         std::system_error);
}
