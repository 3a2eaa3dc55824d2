// Whom X-Forwarded-For makes the client: read from its end, and no further than trust goes.
#include "net/forwarded.hpp"
#include "net/parse_ip.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

std::vector<net::Network> networks(const std::vector<std::string>& texts) {
    std::vector<net::Network> result;
    for (const std::string& text : texts) result.push_back(net::parse_network(text).value());
    return result;
}

std::string believed(const std::string& peer, const std::vector<std::string_view>& list,
                     const std::vector<std::string>& proxies = {"10.0.0.1", "10.0.0.2", "::1"}) {
    return net::believed_client(net::parse_ip(peer).value(), list, networks(proxies)).ip();
}

}  // namespace

TEST_CASE("addresses: read as they are written, and nothing else") {
    CHECK(net::parse_ip("192.0.2.1")->to_string() == "192.0.2.1:0");
    CHECK(net::parse_ip("2001:db8::1")->ip() == "2001:db8::1");
    CHECK(net::parse_ip("::ffff:192.0.2.1")->ip() == "192.0.2.1");
    for (const std::string& wrong : std::vector<std::string>{
             "", " 192.0.2.1", "192.0.2.1 ", "192.0.2", "192.0.2.256", "192.0.2.1:80", "[::1]",
             "::1%lo", "localhost", "unknown", "_hidden", "1", "0x7f.0.0.1", "10.0.0.0/8",
             std::string{"192.0.2.1\0", 10}}) {
        CAPTURE(wrong);
        CHECK_FALSE(net::parse_ip(wrong));
    }
}

TEST_CASE("addresses: the same host over IPv4 and over IPv6") {
    const net::Address v4 = *net::parse_ip("192.0.2.1");
    net::Address mapped = *net::parse_ip("::ffff:192.0.2.1");
    mapped.set_port(7);
    CHECK(net::same_ip(v4, mapped));
    CHECK_FALSE(net::same_ip(v4, *net::parse_ip("192.0.2.2")));
}

TEST_CASE("X-Forwarded-For: from anybody else than a trusted proxy it says nothing") {
    CHECK(believed("192.0.2.9", {"203.0.113.7"}) == "192.0.2.9");
    CHECK(believed("192.0.2.9", {"203.0.113.7", "10.0.0.1"}) == "192.0.2.9");
    CHECK(believed("10.0.0.1", {"203.0.113.7"}, {}) == "10.0.0.1");
}

TEST_CASE("X-Forwarded-For: the rightmost address that is no proxy of ours is the client") {
    CHECK(believed("10.0.0.1", {"203.0.113.7"}) == "203.0.113.7");
    CHECK(believed("::ffff:10.0.0.1", {"203.0.113.7"}) == "203.0.113.7");
    CHECK(believed("::1", {"2001:db8::7"}) == "2001:db8::7");
    // What stands to the left was written by the client, who may write what it likes.
    CHECK(believed("10.0.0.1", {"6.6.6.6", "203.0.113.7"}) == "203.0.113.7");
    CHECK(believed("10.0.0.1", {"<script>", "203.0.113.7"}) == "203.0.113.7");
    CHECK(believed("10.0.0.1", {"10.0.0.2", "203.0.113.7"}) == "203.0.113.7");
    // Two proxies in a row.
    CHECK(believed("10.0.0.1", {"6.6.6.6", "203.0.113.7", "10.0.0.2"}) == "203.0.113.7");
}

TEST_CASE("X-Forwarded-For: all of a network may be proxies") {
    const std::vector<std::string> networks{"10.0.0.0/8", "fd00::/8"};
    CHECK(believed("10.1.2.3", {"203.0.113.7"}, networks) == "203.0.113.7");
    CHECK(believed("10.1.2.3", {"203.0.113.7", "fd12::1", "10.255.255.255"}, networks) ==
          "203.0.113.7");
    CHECK(believed("11.0.0.1", {"203.0.113.7"}, networks) == "11.0.0.1");
}

TEST_CASE("X-Forwarded-For: where it makes no sense, it is the proxy that passed it on") {
    CHECK(believed("10.0.0.1", {}) == "10.0.0.1");
    CHECK(believed("10.0.0.1", {"unknown"}) == "10.0.0.1");
    CHECK(believed("10.0.0.1", {"203.0.113.7", "203.0.113.7:x"}) == "10.0.0.1");
    CHECK(believed("10.0.0.1", {"203.0.113.7", "junk", "10.0.0.2"}) == "10.0.0.2");
    CHECK(believed("10.0.0.1", {"10.0.0.2", "10.0.0.1"}) == "10.0.0.2");
}

TEST_CASE("X-Forwarded-For: a port behind an address does not hide the client") {
    CHECK(believed("10.0.0.1", {"203.0.113.7:5678"}) == "203.0.113.7");
    CHECK(believed("10.0.0.1", {"[2001:db8::7]"}) == "2001:db8::7");
    CHECK(believed("10.0.0.1", {"[2001:db8::7]:5678"}) == "2001:db8::7");
    CHECK(believed("10.0.0.1", {"6.6.6.6", "203.0.113.7:1", "10.0.0.2:65535"}) == "203.0.113.7");
    for (const std::string_view wrong :
         {"203.0.113.7:", "203.0.113.7:x", "203.0.113.7:123456", "203.0.113.7:65536", "203.0.113.7:-1", "[203.0.113.7]", "[2001:db8::7",
          "[2001:db8::7]5678", "[2001:db8::7]:", "[]:1", ":5678"}) {
        CAPTURE(wrong);
        CHECK(believed("10.0.0.1", {"6.6.6.6", wrong}) == "10.0.0.1");
    }
}
