// Addresses of both families, as text and back; names.
#include "net/address.hpp"

#include <doctest/doctest.h>

using net::resolve;

TEST_CASE("address: localhost is both loopback addresses, IPv4 first") {
    const auto addresses = resolve("localhost", 9000, SOCK_STREAM);
    REQUIRE(addresses.size() == 2);
    CHECK(addresses[0].to_string() == "127.0.0.1:9000");
    CHECK(addresses[1].to_string() == "[::1]:9000");
}

TEST_CASE("address: numbers need no look-up") {
    const auto v4 = resolve("192.0.2.7", 65535, SOCK_STREAM);
    REQUIRE(v4.size() == 1);
    CHECK(v4[0].family() == AF_INET);
    CHECK(v4[0].ip() == "192.0.2.7");
    CHECK(v4[0].port() == 65535);

    const auto v6 = resolve("2001:db8::7", 0, SOCK_DGRAM);
    REQUIRE(v6.size() == 1);
    CHECK(v6[0].family() == AF_INET6);
    CHECK(v6[0].to_string() == "[2001:db8::7]:0");
}

TEST_CASE("address: IPv4 that came through an IPv6 socket is shown as IPv4") {
    auto mapped = resolve("::ffff:192.0.2.7", 80, SOCK_STREAM);
    REQUIRE(mapped.size() == 1);
    CHECK(mapped[0].to_string() == "192.0.2.7:80");
    mapped[0].set_port(81);
    CHECK(mapped[0].port() == 81);
}

TEST_CASE("address: a name that nobody has is told in one line") {
    for (const char* name : {"no-such-host.invalid", "", "256.1.1.1", "a b"}) {
        CAPTURE(name);
        std::string what;
        try {
            resolve(name, 80, SOCK_STREAM);
        } catch (const net::ResolveError& error) {
            what = error.what();
        }
        CHECK(what.starts_with("cannot find the host '" + std::string{name} + "': "));
        CHECK(what.find('\n') == std::string::npos);
    }
}

TEST_CASE("address: host and port as in a URL") {
    CHECK(net::join_host_port("example.org", 80) == "example.org:80");
    CHECK(net::join_host_port("::1", 80) == "[::1]:80");
}
