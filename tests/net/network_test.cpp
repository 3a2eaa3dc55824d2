// Networks: what belongs to them, and what is none.
#include "net/network.hpp"
#include "net/parse_ip.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("network: a network holds what begins with its bits, in its own family") {
    const auto holds = [](std::string_view network, std::string_view address) {
        return net::parse_network(network).value().contains(net::parse_ip(address).value());
    };
    CHECK(holds("10.0.0.0/8", "10.0.0.0"));
    CHECK(holds("10.0.0.0/8", "10.255.255.255"));
    CHECK(holds("10.0.0.0/8", "::ffff:10.1.2.3"));  // as it comes through an IPv6 socket
    CHECK_FALSE(holds("10.0.0.0/8", "11.0.0.0"));
    CHECK_FALSE(holds("10.0.0.0/8", "9.255.255.255"));
    CHECK(holds("192.0.2.128/25", "192.0.2.128"));
    CHECK_FALSE(holds("192.0.2.128/25", "192.0.2.127"));
    CHECK(holds("172.16.0.0/12", "172.31.0.1"));
    CHECK_FALSE(holds("172.16.0.0/12", "172.32.0.1"));
    CHECK(holds("fd00::/8", "fdff::1"));
    CHECK_FALSE(holds("fd00::/8", "fe00::1"));
    CHECK(holds("2001:db8::/33", "2001:db8:7fff::1"));
    CHECK_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
    CHECK(holds("0.0.0.0/0", "203.0.113.7"));
    CHECK(holds("::/0", "2001:db8::1"));
    CHECK_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
    CHECK_FALSE(holds("::/0", "203.0.113.7"));
    for (const std::string_view one : {"192.0.2.1", "192.0.2.1/32"}) {
        CHECK(holds(one, "192.0.2.1"));
        CHECK_FALSE(holds(one, "192.0.2.0"));
    }
    CHECK(holds("2001:db8::1/128", "2001:db8::1"));
    CHECK_FALSE(holds("2001:db8::1", "2001:db8::"));
    net::Address with_port = net::parse_ip("10.1.2.3").value();
    with_port.set_port(8080);
    CHECK(net::parse_network("10.0.0.0/8")->contains(with_port));
}

TEST_CASE("network: what is no network") {
    for (const std::string_view wrong :
         {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/ 8",
          "10.0.0.0/8 ", "10.0.0.0/8/8", "10.0.0.0/255.0.0.0", "10/8", "fd00::/129",
          "localhost/8", "10.1.2.3/8", "192.0.2.129/25", "fd00::1/64", "::ffff:10.0.0.0/104",
          "10.0.0.0/4294967304"}) {
        CAPTURE(wrong);
        CHECK_FALSE(net::parse_network(wrong));
    }
}
