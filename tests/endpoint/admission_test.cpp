// The rules of admission together: in which order they are asked, and what is known of a guest.
#include "endpoint/admission.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/errc.hpp"
#include "net/parse_ip.hpp"

using ws::Errc;

namespace {

endpoint::Verdict judge(const endpoint::Admission& rules, const std::string& lines,
             const std::string& peer = "192.0.2.9") {
    const std::string head = "GET /ws HTTP/1.1\r\nHost: a.test\r\n" + lines + "\r\n";
    ws::Request request;
    REQUIRE(request.parse(head) == Errc::none);
    net::Address address = *net::parse_ip(peer);
    address.set_port(51234);
    return rules.judge(request, address);
}

}  // namespace

TEST_CASE("admission: without rules, only a foreign page is refused") {
    CHECK(judge({}, "").errc == Errc::none);
    CHECK(judge({}, "Origin: https://a.test\r\n").errc == Errc::none);
    CHECK(judge({}, "Origin: https://evil.test\r\n").errc == Errc::forbidden_origin);
    CHECK(judge({}, "X-Forwarded-For: 6.6.6.6\r\n").guest.address.to_string() == "192.0.2.9:51234");
}

TEST_CASE("admission: a foreign page does not learn whether its visitor is known") {
    const endpoint::Admission rules{.accounts = {{"alice", "open-sesame"}}};
    CHECK(judge(rules, "Origin: http://evil.test\r\n").errc == Errc::forbidden_origin);
    const endpoint::Verdict known =
        judge(rules, "Origin: http://evil.test\r\nCookie: session=open-sesame\r\n");
    CHECK(known.errc == Errc::forbidden_origin);
    CHECK(known.guest.name.empty());
}

TEST_CASE("admission: a guest has an address and a name") {
    const endpoint::Admission rules{.accounts = {{"alice", "open-sesame"}},
                                    .proxies = {*net::parse_ip("192.0.2.9")}};
    const endpoint::Verdict alice =
        judge(rules,
              "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 1.1.1.1,203.0.113.7\r\n"
              "Cookie: session=open-sesame\r\n");
    CHECK(alice.errc == Errc::none);
    CHECK(alice.guest.name == "alice");
    CHECK(alice.guest.address.to_string() == "203.0.113.7:0");
    // Also known when it is refused: the log must name the right one.
    CHECK(judge(rules, "X-Forwarded-For: 203.0.113.7\r\n").errc == Errc::unauthorized);
    CHECK(judge(rules, "X-Forwarded-For: 203.0.113.7\r\n").guest.address.ip() == "203.0.113.7");
}
