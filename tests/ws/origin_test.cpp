// §10.2: which page may connect. Compared as values, so that no spelling slips through.
#include "ws/origin.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/errc.hpp"

using ws::Errc;

namespace {

// What becomes of a page with these Origin lines that asks this host.
Errc judge(const std::string& host, const std::vector<std::string>& origins,
           const std::vector<ws::Origin>& allowed = {}) {
    std::string head = "GET /ws HTTP/1.1\r\nHost: " + host + "\r\n";
    for (const std::string& origin : origins) head += "Origin: " + origin + "\r\n";
    head += "\r\n";
    ws::Request request;
    REQUIRE(request.parse(head) == Errc::none);
    return ws::check_origin(request, allowed);
}

}  // namespace

TEST_CASE("§10.2 origins are read strictly, and compared as values") {
    CHECK(ws::parse_origin("http://localhost:8000") == ws::Origin{"http", "localhost", 8000});
    CHECK(ws::parse_origin("HTTPS://Example.COM") == ws::Origin{"https", "example.com", 443});
    CHECK(ws::parse_origin("http://example.com:80") == ws::parse_origin("http://example.com"));
    CHECK(ws::parse_origin("https://[::1]:8443") == ws::Origin{"https", "[::1]", 8443});
    CHECK(ws::parse_origin("https://[::1]") == ws::Origin{"https", "[::1]", 443});
    CHECK(ws::parse_origin("chrome-extension://abcdef") ==
          ws::Origin{"chrome-extension", "abcdef", 0});
    for (const char* wrong :
         {"", "null", "example.com", "://a", "http://", "http:///", "http://a/", "http://a b",
          "http://a http://b", "http://user@a", "http://a:65536", "http://a?b", "http://a#b", "*",
          "http://a, http://b", "ht tp://a", "http//a"}) {
        CAPTURE(wrong);
        CHECK_FALSE(ws::parse_origin(wrong));
    }
}

TEST_CASE("§10.2 by default a page may connect to the host that it came from") {
    struct Case {
        const char* host;
        const char* origin;
        bool allowed;
    };
    const Case cases[] = {
        {"localhost:8080", "http://localhost:8080", true},
        {"LOCALHOST:8080", "http://localhost:8080", true},
        {"example.com", "http://example.com", true},
        {"example.com", "https://example.com", true},  // TLS ends in front of us
        {"example.com", "https://example.com:443", true},
        {"example.com:443", "https://example.com", true},
        {"example.com:80", "http://example.com", true},
        {"example.com:", "http://example.com", true},
        {"[::1]:8080", "http://[::1]:8080", true},
        {"[::1]", "https://[::1]:443", true},
        {"localhost:8080", "http://localhost:8000", false},
        {"localhost:8080", "http://localhost", false},
        {"localhost:8080", "http://127.0.0.1:8080", false},
        {"example.com:443", "http://example.com", false},
        {"example.com", "http://evil.example", false},
        {"example.com", "http://example.com.evil.test", false},
        {"example.com", "http://evil.test/example.com", false},
        {"example.com", "http://sub.example.com", false},
        {"example.com", "http://xexample.com", false},
        {"example.com", "ftp://example.com", false},
        {"abcdef", "chrome-extension://abcdef", false},
        {"example.com", "null", false},
        {"null", "null", false},
        {"example.com", "", false},
    };
    for (const Case& c : cases) {
        CAPTURE(c.host);
        CAPTURE(c.origin);
        CHECK(judge(c.host, {c.origin}) == (c.allowed ? Errc::none : Errc::forbidden_origin));
    }
}

TEST_CASE("§10.2 whoever sends no Origin is no browser, and is let in") {
    CHECK(judge("example.com", {}) == Errc::none);
    CHECK(judge("example.com", {}, {*ws::parse_origin("https://a.test")}) == Errc::none);
}

TEST_CASE("§10.2 two Origins are one too many, even if both are right") {
    CHECK(judge("a.test", {"http://a.test", "http://evil.test"}) == Errc::forbidden_origin);
    CHECK(judge("a.test", {"http://a.test", "http://a.test"}) == Errc::forbidden_origin);
}

TEST_CASE("§10.2 a list of origins takes the place of the default") {
    const std::vector<ws::Origin> allowed{*ws::parse_origin("https://a.test"),
                                          *ws::parse_origin("http://localhost:8000")};
    CHECK(judge("api.test", {"https://a.test"}, allowed) == Errc::none);
    CHECK(judge("api.test", {"https://A.test:443"}, allowed) == Errc::none);
    CHECK(judge("api.test", {"http://localhost:8000"}, allowed) == Errc::none);
    CHECK(judge("api.test", {"http://a.test"}, allowed) == Errc::forbidden_origin);
    CHECK(judge("api.test", {"https://a.test:8443"}, allowed) == Errc::forbidden_origin);
    CHECK(judge("api.test", {"https://api.test"}, allowed) == Errc::forbidden_origin);
    CHECK(judge("api.test", {"null"}, allowed) == Errc::forbidden_origin);
}
