// One thread for each client, and the end of them all.
#include "net/client_threads.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "net/wake.hpp"
#include "tests/support/machine.hpp"

using namespace std::chrono_literals;
using net::Fd;
using net::IoStatus;
using Byte = std::uint8_t;

namespace {

net::Deadline soon() { return net::after(20s); }

// Connects one more client and gives it to the threads.
Fd add_client(net::Listener& listener, net::ClientThreads& threads) {
    Fd client = net::connect_tcp("127.0.0.1", listener.port(), soon());
    threads.start(std::move(*listener.accept()));
    return client;
}

}  // namespace

TEST_CASE("threads: clients are served side by side, and each socket is closed at its end") {
    net::Listener listener{"127.0.0.1", 0};
    std::atomic<int> served{0};
    net::ClientThreads threads{[&](const Fd& socket, const net::Address&) {
        std::array<Byte, 1> buffer;
        while (net::receive_some(socket, buffer, soon())) net::send_all(socket, buffer, soon());
        ++served;
    }};
    std::vector<Fd> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(add_client(listener, threads));
    for (auto client = clients.rbegin(); client != clients.rend(); ++client) {
        std::array<Byte, 1> buffer;
        CHECK(net::send_all(*client, "x"));
        CHECK(net::receive_some(*client, buffer, soon()));
    }
    for (Fd& client : clients) {
        net::shutdown_sending(client);
        std::array<Byte, 1> buffer;
        CHECK(net::receive_some(client, buffer, soon()).status == IoStatus::closed);
    }
    CHECK(served <= 20);
}

TEST_CASE("threads: an exception ends its own client only") {
    net::Listener listener{"127.0.0.1", 0};
    net::ClientThreads threads{[&](const Fd& socket, const net::Address&) {
        std::array<Byte, 1> buffer;
        net::receive_some(socket, buffer, soon());
        if (buffer[0] == '!') throw std::runtime_error{"(this line belongs to a test)"};
        net::send_all(socket, buffer, soon());
    }};
    const Fd bad = add_client(listener, threads);
    const Fd good = add_client(listener, threads);
    std::array<Byte, 1> buffer;
    CHECK(net::send_all(bad, "!"));
    CHECK(net::receive_some(bad, buffer, soon()).status == IoStatus::closed);
    CHECK(net::send_all(good, "x"));
    CHECK(net::receive_some(good, buffer, soon()).status == IoStatus::ok);
}

TEST_CASE("threads: at the end each handler sees `closed`, and may say farewell") {
    net::Listener listener{"127.0.0.1", 0};
    std::optional<net::ClientThreads> threads;
    threads.emplace([](const Fd& socket, const net::Address&) {
        std::array<Byte, 1> buffer;
        if (net::receive_some(socket, buffer, soon()).status == IoStatus::closed)
            net::send_all(socket, "bye", soon());
    });
    const Fd client = add_client(listener, *threads);
    threads.reset();
    std::array<Byte, 3> buffer;
    CHECK(net::receive_exactly(client, buffer, soon()));
    CHECK(net::receive_some(client, buffer, soon()).status == IoStatus::closed);
}

TEST_CASE("threads: a client that takes nothing is cut after the grace") {
    net::Listener listener{"127.0.0.1", 0};
    std::optional<net::ClientThreads> threads;
    threads.emplace(
        [](const Fd& socket, const net::Address&) {
            const std::vector<Byte> bytes(1'000'000);
            while (net::send_all(socket, bytes)) continue;  // no deadline: stuck in send()
        },
        net::ClientThreads::AtEnd::end_reading, 50ms);
    const Fd client = add_client(listener, *threads);
    const auto begin = net::Clock::now();
    threads.reset();
    CHECK(net::Clock::now() - begin < test::on_this_machine(10s));
}

TEST_CASE("threads: handlers that watch the end themselves are waited for") {
    net::Listener listener{"127.0.0.1", 0};
    std::optional<net::ClientThreads> threads;
    std::atomic<bool> returned{false};
    threads.emplace(
        [&](const Fd& socket, const net::Address&) {
            std::array<Byte, 1> buffer;
            returned = net::receive_some(socket, buffer, soon()).status == IoStatus::ok;
        },
        net::ClientThreads::AtEnd::wait);
    const Fd client = add_client(listener, *threads);
    CHECK(net::send_all(client, "x"));
    threads.reset();
    CHECK(returned);
}
