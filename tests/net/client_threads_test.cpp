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

void echo_until_end(const Fd& socket, const net::Address&) {
    std::array<Byte, 1> buffer;
    while (net::receive_some(socket, buffer, soon())) net::send_all(socket, buffer, soon());
}

// Is this client served by echo_until_end()?
bool answers(const Fd& client) {
    std::array<Byte, 1> buffer;
    return net::send_all(client, "x") && net::receive_some(client, buffer, soon()) &&
           buffer[0] == 'x';
}

// All until the end of the stream.
std::string all_from(const Fd& client) {
    std::string text;
    std::array<Byte, 16> buffer;
    while (const net::IoResult result = net::receive_some(client, buffer, soon()))
        text.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(result.bytes));
    return text;
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
    CHECK(net::Clock::now() - begin < 10s);
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

TEST_CASE("threads: whoever comes beyond the limit is told so, and a place that is left is given") {
    net::Listener listener{"127.0.0.1", 0};
    net::ClientLimits limits;
    limits.in_all = 2;
    limits.turn_away = [](const Fd& socket, const net::Address&, net::ClientLimits::Broken broken) {
        net::send_all(socket, broken == net::ClientLimits::Broken::in_all ? "full" : "?");
    };
    net::ClientThreads threads{echo_until_end, net::ClientThreads::AtEnd::end_reading, 5s,
                               std::move(limits)};
    Fd first = add_client(listener, threads);
    const Fd second = add_client(listener, threads);
    CHECK(answers(first));
    CHECK(answers(second));
    for (int i = 0; i < 3; ++i) CHECK(all_from(add_client(listener, threads)) == "full");

    first.close();
    // Its thread needs a moment to see it.
    const net::Deadline patience = soon();
    for (;;) {
        const Fd third = add_client(listener, threads);
        if (answers(third)) break;
        REQUIRE(net::Clock::now() < *patience);
    }
}

TEST_CASE("threads: of those that find no place only a few are told, the others are dropped") {
    net::Listener listener{"127.0.0.1", 0};
    net::Wake release;
    net::ClientLimits limits;
    limits.in_all = 1;
    limits.turned_away = 2;
    limits.turn_away = [&](const Fd& socket, const net::Address&, net::ClientLimits::Broken) {
        const std::array watched{release.fd()};
        net::wait_readable(watched, soon());
        net::send_all(socket, "full");
    };
    net::ClientThreads threads{echo_until_end, net::ClientThreads::AtEnd::end_reading, 5s,
                               std::move(limits)};
    const Fd served = add_client(listener, threads);
    const Fd told = add_client(listener, threads);
    const Fd told_too = add_client(listener, threads);
    CHECK(all_from(add_client(listener, threads)).empty());
    release.raise();
    CHECK(all_from(told) == "full");
    CHECK(all_from(told_too) == "full");
    CHECK(answers(served));
}

TEST_CASE("threads: the limit by address, and clients behind a proxy") {
    net::Listener listener{"127.0.0.1", 0};
    net::ClientLimits limits;
    limits.per_address = 1;
    limits.turn_away = [](const Fd& socket, const net::Address&, net::ClientLimits::Broken broken) {
        net::send_all(socket, broken == net::ClientLimits::Broken::per_address ? "many" : "?");
    };
    SUBCASE("its own") {
        net::ClientThreads threads{echo_until_end, net::ClientThreads::AtEnd::end_reading, 5s,
                                   std::move(limits)};
        const Fd first = add_client(listener, threads);
        CHECK(answers(first));
        CHECK(all_from(add_client(listener, threads)) == "many");
    }
    SUBCASE("the one for whom a proxy speaks") {
        limits.proxies = {*net::parse_ip("127.0.0.1")};
        net::ClientThreads* self = nullptr;
        // The first byte says for whom.
        net::ClientThreads threads{
            [&](const Fd& socket, const net::Address& peer) {
                std::array<Byte, 1> who{};
                net::receive_some(socket, who, soon());
                const std::string ip = "203.0.113." + std::to_string(who[0]);
                net::send_all(socket, self->count_as(socket, *net::parse_ip(ip)) ? "y" : "n");
                echo_until_end(socket, peer);
            },
            net::ClientThreads::AtEnd::end_reading, 5s, std::move(limits)};
        self = &threads;
        const auto enter = [&](const Fd& client, const char* who) {
            std::array<Byte, 1> answer{};
            net::send_all(client, who);
            net::receive_some(client, answer, soon());
            return answer[0] == 'y';
        };
        const Fd first = add_client(listener, threads);
        const Fd second = add_client(listener, threads);
        const Fd third = add_client(listener, threads);
        CHECK(enter(first, "\x07"));
        CHECK(enter(second, "\x08"));
        CHECK_FALSE(enter(third, "\x07"));
    }
}
