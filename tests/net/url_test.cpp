// URLs, and the shorter forms that people type.
#include "net/url.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

struct Good {
    const char* text;
    const char* scheme;
    const char* host;
    int port;
    const char* resource;
};

std::string complaint(const std::string& text) {
    try {
        net::parse_url(text);
    } catch (const net::UrlError& error) {
        return error.what();
    }
    return "(accepted)";
}

}  // namespace

TEST_CASE("url: whole ones and short ones") {
    const Good cases[] = {
        {"ws://example.org:8080/chat?room=1", "ws", "example.org", 8080, "/chat?room=1"},
        {"WSS://example.org", "wss", "example.org", 0, "/"},
        {"ws://example.org:/x", "ws", "example.org", 0, "/x"},
        {"ws://[::1]:9000/", "ws", "::1", 9000, "/"},
        {"ws://[2001:db8::7]", "ws", "2001:db8::7", 0, "/"},
        {"ws://host?a=b", "ws", "host", 0, "/?a=b"},
        {"localhost:9000", "", "localhost", 9000, "/"},
        {"localhost", "", "localhost", 0, "/"},
        {":9000", "", "localhost", 9000, "/"},
        {":9000/ws", "", "localhost", 9000, "/ws"},
        {"[::1]:9000", "", "::1", 9000, "/"},
        {"host/a%20b", "", "host", 0, "/a%20b"},
    };
    for (const Good& expected : cases) {
        CAPTURE(expected.text);
        const net::Url url = net::parse_url(expected.text);
        CHECK(url.scheme == expected.scheme);
        CHECK(url.host == expected.host);
        CHECK(url.port == expected.port);
        CHECK(url.resource == expected.resource);
    }
}

TEST_CASE("§3 url: what is wrong is said in one line") {
    CHECK(complaint("ws://h:0/") ==
          "'ws://h:0/' is not a usable URL: the port must be a number "
          "from 1 to 65535");
    CHECK(complaint("h:65536").ends_with("the port must be a number from 1 to 65535"));
    CHECK(complaint("h:80x").ends_with("the port must be a number from 1 to 65535"));
    CHECK(complaint("ws://h:-1").ends_with("the port must be a number from 1 to 65535"));
    CHECK(complaint("ws://").ends_with("the host is missing"));
    CHECK(complaint("").ends_with("the host is missing"));
    CHECK(complaint(":").ends_with("the host is missing"));
    CHECK(complaint("/path").ends_with("the host is missing"));
    CHECK(complaint("::1").ends_with("an IPv6 address needs brackets, as in ws://[::1]:8080/"));
    CHECK(complaint("ws://[::1").ends_with("the bracket of the address is not closed"));
    CHECK(complaint("[]:80").ends_with("the address between the brackets is missing"));
    CHECK(complaint("[::1]80").ends_with("expected ':' after ']'"));
    CHECK(complaint("ws://me:secret@h/")
              .ends_with("a user name or password does not belong into it"));
    CHECK(complaint("ws://h/#top").find("a fragment ('#...') is never sent") != std::string::npos);
    CHECK(complaint("ws://h/\r\nX: y") ==
          "'ws://h/??X: y' is not a usable URL: it holds a control character");
    CHECK(complaint("h\x7f") == "'h?' is not a usable URL: it holds a control character");
    CHECK(complaint("\x1b[2J") == "'?[2J' is not a usable URL: it holds a control character");
}

TEST_CASE("url: what people paste from an address bar is percent-encoded") {
    CHECK(net::parse_url("ws://host/Grüße?q=a b").resource == "/Gr%C3%BC%C3%9Fe?q=a%20b");
    CHECK(net::parse_url("host/\xFF\"<>^`{|}\\").resource == "/%FF%22%3C%3E%5E%60%7B%7C%7D%5C");
    CHECK(net::parse_url("host/%C3%BC%20").resource == "/%C3%BC%20");
    CHECK(complaint("ws://büro.example/").find("'ws://büro.example/' is not a usable URL") == 0);
    CHECK(complaint("ws://büro.example/").find("xn--") != std::string::npos);
    CHECK(complaint("ws://a b/").find("'ws://a b/'") == 0);
    CHECK(complaint("ws://host/\n").find("control character") != std::string::npos);
}
