// UDP over real sockets: boundaries, truncation, absence.
#include "net/datagram.hpp"

#include <doctest/doctest.h>

#include <array>
#include <system_error>

using namespace std::chrono_literals;
using net::IoStatus;
using Byte = std::uint8_t;

namespace {

net::Deadline soon() { return net::after(20s); }

net::IoResult send(const net::Fd& socket, std::string_view text) {
    return net::send_datagram(socket,
                              std::span{reinterpret_cast<const Byte*>(text.data()), text.size()});
}

std::string text_of(const net::Received& datagram, std::span<const Byte> buffer) {
    return {reinterpret_cast<const char*>(buffer.data()), datagram.result.bytes};
}

}  // namespace

TEST_CASE("datagram: boundaries are kept, an empty one is one, over both families") {
    const auto servers = net::bind_udp("localhost", 0);
    REQUIRE(servers.size() == 2);
    CHECK(net::local_port(servers[0]) == net::local_port(servers[1]));
    const char* hosts[] = {"127.0.0.1", "::1"};
    for (std::size_t i = 0; i < 2; ++i) {
        CAPTURE(hosts[i]);
        const net::Fd client = net::connect_udp(hosts[i], net::local_port(servers[i]));
        for (const char* text : {"one", "", "three"}) CHECK(send(client, text));
        std::array<Byte, 100> buffer;
        for (const char* text : {"one", "", "three"}) {
            const net::Received datagram = net::receive_datagram(servers[i], buffer, soon());
            REQUIRE(datagram);
            CHECK(text_of(datagram, buffer) == text);
            CHECK_FALSE(datagram.truncated());
            CHECK(datagram.peer.ip() == hosts[i]);
            CHECK(datagram.peer.port() == net::local_port(client));
            CHECK(net::send_datagram(servers[i], std::span{buffer}.first(2), datagram.peer));
            CHECK(net::receive_datagram(client, buffer, soon()).size == 2);
        }
    }
}

TEST_CASE("datagram: what does not fit is gone, and that is told") {
    const auto servers = net::bind_udp("127.0.0.1", 0);
    const net::Fd client = net::connect_udp("127.0.0.1", net::local_port(servers[0]));
    CHECK(send(client, "0123456789"));
    CHECK(send(client, "next"));
    std::array<Byte, 4> buffer;
    const net::Received cut = net::receive_datagram(servers[0], buffer, soon());
    CHECK(cut.truncated());
    CHECK(cut.size == 10);
    CHECK(text_of(cut, buffer) == "0123");
    const net::Received next = net::receive_datagram(servers[0], buffer, soon());
    CHECK_FALSE(next.truncated());
    CHECK(text_of(next, buffer) == "next");
}

TEST_CASE("datagram: silence meets the deadline; what is here already does not") {
    const auto servers = net::bind_udp("127.0.0.1", 0);
    const net::Fd client = net::connect_udp("127.0.0.1", net::local_port(servers[0]));
    std::array<Byte, 8> buffer;
    CHECK(net::receive_datagram(servers[0], buffer, net::after(10ms)).result.status ==
          IoStatus::timed_out);
    CHECK(send(client, "x"));
    CHECK(net::receive_datagram(servers[0], buffer, net::Clock::now()));
}

TEST_CASE("datagram: nobody there is known after the first one at the earliest") {
    const std::uint16_t port = net::local_port(net::bind_udp("127.0.0.1", 0)[0]);
    const net::Fd client = net::connect_udp("127.0.0.1", port);
    CHECK(send(client, "hello?"));
    std::array<Byte, 8> buffer;
    const net::Received answer = net::receive_datagram(client, buffer, soon());
    CHECK(answer.result.status == IoStatus::failed);
    CHECK(answer.result.error == ECONNREFUSED);
}

TEST_CASE("datagram: the largest one, and one more byte") {
    const auto servers = net::bind_udp("127.0.0.1", 0);
    const net::Fd client = net::connect_udp("127.0.0.1", net::local_port(servers[0]));
    std::vector<Byte> bytes(net::max_datagram_bytes + 1);
    std::vector<Byte> buffer(70'000);
    CHECK(net::send_datagram(client, std::span{bytes}.first(net::max_datagram_bytes)));
    CHECK(net::receive_datagram(servers[0], buffer, soon()).size == net::max_datagram_bytes);
    CHECK(net::send_datagram(client, bytes).error == EMSGSIZE);
}

TEST_CASE("datagram: a port in use cannot be shared; a stranger does not reach a client") {
    const auto servers = net::bind_udp("127.0.0.1", 0);
    const std::uint16_t port = net::local_port(servers[0]);
    CHECK_THROWS_AS(net::bind_udp("127.0.0.1", port), std::system_error);

    const net::Fd client = net::connect_udp("127.0.0.1", port);
    const net::Fd stranger = net::connect_udp("127.0.0.1", net::local_port(client));
    CHECK(send(stranger, "it is me, the server"));
    std::array<Byte, 8> buffer;
    CHECK(net::receive_datagram(client, buffer, net::after(20ms)).result.status ==
          IoStatus::timed_out);
}
