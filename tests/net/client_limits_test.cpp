// How many clients are served, in all and from one address, and what becomes of the others.
#include "net/client_limits.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "net/parse_ip.hpp"
#include "net/wake.hpp"

using namespace std::chrono_literals;
using net::Fd;
using Byte = std::uint8_t;

namespace {

net::Deadline soon() { return net::after(20s); }

// Connects one more client.
Fd add_client(net::Listener& listener, net::LimitedClients& clients) {
    Fd client = net::connect_tcp("127.0.0.1", listener.port(), soon());
    clients.start(std::move(*listener.accept()));
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

TEST_CASE("client limits: a client beyond the limit is told so, and a place that is left is given") {
    net::Listener listener{"127.0.0.1", 0};
    net::ClientLimits limits;
    limits.in_all = 2;
    limits.refuse = [](const Fd& socket, const net::Address&, net::ClientLimits::Broken broken) {
        net::send_all(socket, broken == net::ClientLimits::Broken::in_all ? "full" : "?");
    };
    net::LimitedClients clients{echo_until_end, net::ClientThreads::AtEnd::end_reading,
                                std::move(limits)};
    Fd first = add_client(listener, clients);
    const Fd second = add_client(listener, clients);
    CHECK(answers(first));
    CHECK(answers(second));
    for (int i = 0; i < 3; ++i) CHECK(all_from(add_client(listener, clients)) == "full");

    first.close();
    // Its thread needs a moment to see it.
    const net::Deadline patience = soon();
    for (;;) {
        const Fd third = add_client(listener, clients);
        if (answers(third)) break;
        REQUIRE(net::Clock::now() < *patience);
    }
}

TEST_CASE("client limits: of those that find no place only a few are told, the others are dropped") {
    net::Listener listener{"127.0.0.1", 0};
    net::Wake release;
    net::ClientLimits limits;
    limits.in_all = 1;
    limits.refused_at_once = 2;
    limits.refuse = [&](const Fd& socket, const net::Address&, net::ClientLimits::Broken) {
        const std::array watched{release.fd()};
        net::wait_readable(watched, soon());
        net::send_all(socket, "full");
    };
    net::LimitedClients clients{echo_until_end, net::ClientThreads::AtEnd::end_reading,
                                std::move(limits)};
    const Fd served = add_client(listener, clients);
    const Fd told = add_client(listener, clients);
    const Fd told_too = add_client(listener, clients);
    CHECK(all_from(add_client(listener, clients)).empty());
    release.raise();
    CHECK(all_from(told) == "full");
    CHECK(all_from(told_too) == "full");
    CHECK(answers(served));
}

TEST_CASE("client limits: the limit by address, and clients behind a proxy") {
    net::Listener listener{"127.0.0.1", 0};
    net::ClientLimits limits;
    limits.per_address = 1;
    limits.refuse = [](const Fd& socket, const net::Address&, net::ClientLimits::Broken broken) {
        net::send_all(socket, broken == net::ClientLimits::Broken::per_address ? "many" : "?");
    };
    SUBCASE("its own") {
        net::LimitedClients clients{echo_until_end, net::ClientThreads::AtEnd::end_reading,
                                std::move(limits)};
        const Fd first = add_client(listener, clients);
        CHECK(answers(first));
        CHECK(all_from(add_client(listener, clients)) == "many");
    }
    SUBCASE("the one for whom a proxy speaks") {
        limits.proxies = {*net::parse_ip("127.0.0.1")};
        net::LimitedClients* self = nullptr;
        // The first byte says for whom.
        net::LimitedClients clients{
            [&](const Fd& socket, const net::Address& peer) {
                std::array<Byte, 1> who{};
                net::receive_some(socket, who, soon());
                const std::string ip = "203.0.113." + std::to_string(who[0]);
                net::send_all(socket, self->count_as(socket, *net::parse_ip(ip)) ? "y" : "n");
                echo_until_end(socket, peer);
            },
            net::ClientThreads::AtEnd::end_reading, std::move(limits)};
        self = &clients;
        const auto enter = [&](const Fd& client, const char* who) {
            std::array<Byte, 1> answer{};
            net::send_all(client, who);
            net::receive_some(client, answer, soon());
            return answer[0] == 'y';
        };
        const Fd first = add_client(listener, clients);
        const Fd second = add_client(listener, clients);
        const Fd third = add_client(listener, clients);
        CHECK(enter(first, "\x07"));
        CHECK(enter(second, "\x08"));
        CHECK_FALSE(enter(third, "\x07"));
    }
}

TEST_CASE("client limits: a handler that throws gives its place back") {
    net::Listener listener{"127.0.0.1", 0};
    net::ClientLimits limits;
    limits.in_all = 1;
    limits.refuse = [](const Fd& socket, const net::Address&, net::ClientLimits::Broken) {
        net::send_all(socket, "full");
    };
    net::LimitedClients clients{[](const Fd&, const net::Address&) { throw net::Stopped{}; },
                                net::ClientThreads::AtEnd::end_reading, std::move(limits)};
    // A place is given back before the socket is closed.
    for (int i = 0; i < 5; ++i) CHECK(all_from(add_client(listener, clients)).empty());
}
