// One port, several listening sockets: the kernel chooses, and a stranger is kept out.
#include "net/shared_port.hpp"

#include <doctest/doctest.h>

#include <system_error>

#include "net/epoll.hpp"
#include "net/socket.hpp"
#include "tests/support/process.hpp"

TEST_CASE("shared port: all sets have the port, for each address of the host") {
    const auto sets = net::share_port("localhost", 0, 3);
    REQUIRE(sets.size() == 3);
    const std::uint16_t port = net::local_port(sets[0][0]);
    CHECK(port != 0);
    for (const auto& set : sets) {
        CHECK(set.size() == sets[0].size());
        for (const net::Fd& socket : set) CHECK(net::local_port(socket) == port);
    }
}

TEST_CASE("shared port: each set gets clients, and a client is in one queue only") {
    const auto sets = net::share_port("127.0.0.1", 0, 2);
    const std::uint16_t port = net::local_port(sets[0][0]);
    net::Epoll epoll;
    for (std::size_t i = 0; i < sets.size(); ++i)
        epoll.add(sets[i][0].get(), net::Epoll::readable, i);
    unsigned accepted[2] = {};
    // The hash is the kernel's: 64 clients on one side of two would be a chance of 2^-63.
    for (int i = 0; i < 64; ++i) {
        const net::Fd client = net::connect_tcp("127.0.0.1", port);
        const auto ready = epoll.wait(test::patience);
        REQUIRE(ready.size() == 1);
        const std::size_t set = ready[0].data.u64;
        CHECK(net::Fd{::accept(sets[set][0].get(), nullptr, nullptr)});
        ++accepted[set];
    }
    CHECK(accepted[0] > 0);
    CHECK(accepted[1] > 0);
}

TEST_CASE("shared port: a second server on it is told so, also one that shares its port") {
    const auto in_use = [](auto listen) {
        try {
            listen();
        } catch (const std::system_error& error) {
            return error.code().value() == EADDRINUSE;
        }
        return false;
    };
    const auto sets = net::share_port("127.0.0.1", 0, 2);
    const std::uint16_t port = net::local_port(sets[0][0]);
    CHECK(in_use([&] { net::share_port("127.0.0.1", port, 2); }));
    CHECK(in_use([&] { net::Listener{"127.0.0.1", port}; }));
    const net::Listener alone{"127.0.0.1", 0};
    CHECK(in_use([&] { net::share_port("127.0.0.1", alone.port(), 1); }));
}
