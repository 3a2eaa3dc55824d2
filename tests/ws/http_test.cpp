// The head of an HTTP message: RFC 9112 §2 to §6, as strict as a handshake needs it.
#include "ws/http.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/bytes.hpp"
#include "tests/support/errc.hpp"

using ws::Errc;
using ws::Parse;

namespace {

// Heads are written with plain line ends here; on the wire each is CR LF.
std::string crlf(std::string_view lines) {
    std::string text;
    for (const char c : lines) text += c == '\n' ? std::string{"\r\n"} : std::string{c};
    return text;
}

// What a reader made of some pieces.
struct Reading {
    Parse result = Parse::need_more;
    std::size_t taken = 0;  // over all pieces
    std::string text;
    Errc error = Errc::none;
};

Reading read(const test::Pieces& pieces, ws::HeadLimits limits = {},
             ws::HeadReader::Interim interim = ws::HeadReader::Interim::deliver) {
    ws::HeadReader reader{limits, interim};
    Reading reading;
    for (const ws::Buffer& piece : pieces) {
        std::size_t taken = 0;
        reading.result = reader.feed(piece, taken);
        CHECK(taken <= piece.size());
        reading.taken += taken;
        if (reading.result != Parse::need_more) break;
        CHECK(taken == piece.size());
    }
    reading.text = reader.text();
    reading.error = reader.error();
    return reading;
}

Reading read(std::string_view text, ws::HeadLimits limits = {}) {
    const ws::Bytes bytes = ws::as_bytes(text);
    return read(test::Pieces{{bytes.begin(), bytes.end()}}, limits);
}

Errc parse_request(std::string_view text) {
    ws::Request request;
    return request.parse(text);
}

Errc parse_target(const std::string& target) {
    return parse_request("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
}

}  // namespace

TEST_CASE("RFC 9112 §2.1 a head ends with its blank line, and what follows is left alone") {
    const std::string head = crlf("GET /ws HTTP/1.1\nHost: localhost:8080\nUpgrade: websocket\n\n");
    const std::string frame = "\x81\x85";  // a frame in the same read
    test::for_every_split(ws::as_bytes(head + frame), [&](test::Pieces& pieces) {
        const Reading reading = read(pieces);
        CHECK(reading.result == Parse::ok);
        CHECK(reading.taken == head.size());
        CHECK(reading.text == head);
    });
}

TEST_CASE("RFC 9112 §2.1 without its blank line a head is incomplete, wherever it ends") {
    const std::string head = crlf("GET /ws HTTP/1.1\nHost: a\n\n");
    for (std::size_t size = 0; size < head.size(); ++size) {
        const Reading reading = read(head.substr(0, size));
        CHECK(reading.result == Parse::need_more);
        CHECK(reading.taken == size);
        CHECK(reading.error == Errc::none);
    }
}

TEST_CASE("RFC 9112 §2.2 a bad byte is refused where it stands, not when the head is complete") {
    struct Case {
        std::string what;
        std::string good;  // all of this is taken without complaint
        std::string bad;   // the first byte of this is not
        Errc errc;
    };
    const Case cases[] = {
        {"lone LF after the start line", "GET / HTTP/1.1", "\nHost: a", Errc::bare_line_feed},
        {"lone LF after a header", "GET / HTTP/1.1\r\nHost: a", "\n\r\n", Errc::bare_line_feed},
        {"lone LF for the blank line", "GET / HTTP/1.1\r\nHost: a\r\n", "\n", Errc::bare_line_feed},
        {"CR within a line", "GET / HTTP/1.1\r\nHost: a\r", "b\r\n", Errc::bare_line_feed},
        {"two CR", "GET / HTTP/1.1\r", "\r\n", Errc::bare_line_feed},
        {"NUL in the target", "GET /", std::string{"\0x", 2}, Errc::control_byte_in_head},
        {"NUL in a name", "GET / HTTP/1.1\r\nHo", std::string{"\0", 1}, Errc::control_byte_in_head},
        {"NUL in a value", "GET / HTTP/1.1\r\nA: ", std::string{"\0", 1},
         Errc::control_byte_in_head},
        {"escape code in a value", "GET / HTTP/1.1\r\nA: ", "\x1b[2J", Errc::control_byte_in_head},
        {"DEL in a value", "GET / HTTP/1.1\r\nA: ", "\x7f", Errc::control_byte_in_head},
        {"TLS ClientHello", "", std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9},
         Errc::control_byte_in_head},
        {"an empty first line", "\r", "\nGET / HTTP/1.1", Errc::malformed_start_line},
    };
    for (const Case& c : cases) {
        CAPTURE(c.what);
        CHECK(read(c.good).result == Parse::need_more);
        test::for_every_split(ws::as_bytes(c.good + c.bad), [&](test::Pieces& pieces) {
            const Reading reading = read(pieces);
            CHECK(reading.result == Parse::error);
            CHECK(reading.error == c.errc);
            CHECK(reading.taken == c.good.size() + 1);
        });
    }
}

TEST_CASE("RFC 9110 §5.5 a tab and bytes beyond ASCII are allowed in a value") {
    CHECK(read("GET / HTTP/1.1\r\nA: b\tc\r\nB: gr\xc3\xbc\xdf\r\n\r\n").result == Parse::ok);
}

TEST_CASE("limit: a head may have exactly max_head_bytes") {
    const std::string head = crlf("GET / HTTP/1.1\nHost: a\n\n");
    test::for_every_split(ws::as_bytes(head + "more"), [&](test::Pieces& pieces) {
        CHECK(read(pieces, {.max_head_bytes = head.size()}).result == Parse::ok);

        const Reading reading = read(pieces, {.max_head_bytes = head.size() - 1});
        CHECK(reading.error == Errc::head_too_long);
        CHECK(reading.taken == head.size() - 1);
        CHECK(reading.text.size() == head.size() - 1);  // nothing beyond the limit is kept
    });
}

TEST_CASE("limit: the first line may have exactly max_start_line_bytes, other lines more") {
    const std::string line = "GET /0123456789 HTTP/1.1";
    const std::string head = line + crlf("\nHost: longer-than-the-first-line.example\n\n");
    test::for_every_split(ws::as_bytes(head), [&](test::Pieces& pieces) {
        CHECK(read(pieces, {.max_start_line_bytes = line.size()}).result == Parse::ok);

        const Reading reading = read(pieces, {.max_start_line_bytes = line.size() - 1});
        CHECK(reading.error == Errc::start_line_too_long);
        CHECK(reading.taken == line.size());
    });
}

TEST_CASE("limit: a head may have exactly max_header_lines") {
    const std::string head = crlf("GET / HTTP/1.1\nA: 1\nB: 2\nC: 3\n\n");
    test::for_every_split(ws::as_bytes(head), [&](test::Pieces& pieces) {
        CHECK(read(pieces, {.max_header_lines = 3}).result == Parse::ok);
        CHECK(read(pieces, {.max_header_lines = 2}).error == Errc::too_many_headers);
    });
}

TEST_CASE("limit: the defaults are 16 KiB, 8 KiB for the first line, 100 header lines") {
    const auto of_size = [](std::size_t size) {
        const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nA: ";
        return start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
    };
    CHECK(read(of_size(16 * 1024)).result == Parse::ok);
    CHECK(read(of_size(16 * 1024 + 1)).error == Errc::head_too_long);

    const auto with_line = [](std::size_t size) {
        return "GET /" + std::string(size - 14, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
    };
    CHECK(read(with_line(8 * 1024)).result == Parse::ok);
    CHECK(read(with_line(8 * 1024 + 1)).error == Errc::start_line_too_long);

    const auto with_headers = [](int count) {
        std::string head = "GET / HTTP/1.1\r\n";
        for (int i = 0; i < count; ++i) head += "A: 1\r\n";
        return head + "\r\n";
    };
    CHECK(read(with_headers(100)).result == Parse::ok);
    CHECK(read(with_headers(101)).error == Errc::too_many_headers);
}

TEST_CASE("RFC 9112 §3 the request line is method, target, version with one space between") {
    struct Case {
        std::string line;
        Errc errc;
    };
    const Case cases[] = {
        {"GET /ws HTTP/1.1", Errc::none},
        {"GET /ws HTTP/1.2", Errc::none},
        {"GET /ws HTTP/1.9", Errc::none},
        {"GET /ws HTTP/1.0", Errc::none},
        {"GET /ws HTTP/0.9", Errc::unsupported_http_version},
        {"GET /ws HTTP/2.0", Errc::unsupported_http_version},
        {"PRI * HTTP/2.0", Errc::unsupported_http_version},
        {"GET /ws", Errc::malformed_start_line},
        {"GET /ws ", Errc::malformed_start_line},
        {"GET /ws HTTP/1.1 ", Errc::malformed_start_line},
        {"GET  /ws HTTP/1.1", Errc::malformed_start_line},
        {"GET /ws  HTTP/1.1", Errc::malformed_start_line},
        {" GET /ws HTTP/1.1", Errc::malformed_start_line},
        {"GET\t/ws\tHTTP/1.1", Errc::malformed_start_line},
        {"GET /w s HTTP/1.1", Errc::malformed_start_line},
        {"GET /ws http/1.1", Errc::malformed_start_line},
        {"GET /ws HTTP/1.10", Errc::malformed_start_line},
        {"GET /ws HTTP/1", Errc::malformed_start_line},
        {"GET /ws HTTP/+.1", Errc::malformed_start_line},
        {"GET /ws HTTPS/1.1", Errc::malformed_start_line},
        {"G(T /ws HTTP/1.1", Errc::malformed_start_line},
        {"hello", Errc::malformed_start_line},
        {"SSH-2.0-OpenSSH_9.2", Errc::malformed_start_line},
        {"POST /ws HTTP/1.1", Errc::method_not_get},
        {"HEAD /ws HTTP/1.1", Errc::none},
        {"head /ws HTTP/1.1", Errc::method_not_get},
        {"get /ws HTTP/1.1", Errc::method_not_get},
        {"OPTIONS * HTTP/1.1", Errc::method_not_get},
        {"CONNECT localhost:8080 HTTP/1.1", Errc::method_not_get},
    };
    for (const Case& c : cases) {
        CAPTURE(c.line);
        CHECK(parse_request(c.line + "\r\nHost: a\r\n\r\n") == c.errc);
    }
}

TEST_CASE("RFC 6455 §4.1 only who asks for an upgrade needs HTTP/1.1 and GET") {
    struct Case {
        std::string line;
        Errc plain;
        Errc upgrade;
    };
    const Case cases[] = {
        {"GET /ws HTTP/1.1", Errc::none, Errc::none},
        {"GET /ws HTTP/1.0", Errc::none, Errc::unsupported_http_version},
        {"HEAD /ws HTTP/1.1", Errc::none, Errc::method_not_get},
        {"HEAD /ws HTTP/1.0", Errc::none, Errc::unsupported_http_version},
        {"OPTIONS /ws HTTP/1.1", Errc::none, Errc::method_not_get},
        {"OPTIONS /ws HTTP/1.0", Errc::none, Errc::unsupported_http_version},
        {"POST /ws HTTP/1.0", Errc::method_not_get, Errc::method_not_get},
    };
    for (const Case& c : cases) {
        CAPTURE(c.line);
        CHECK(parse_request(c.line + "\r\nHost: a\r\n\r\n") == c.plain);
        CHECK(parse_request(c.line + "\r\nHost: a\r\nUpgrade: h2c\r\n\r\n") == c.plain);
        CHECK(parse_request(c.line + "\r\nHost: a\r\nUpgrade: h2c, WebSocket\r\n\r\n") == c.upgrade);
    }
}

TEST_CASE("RFC 9112 §3.2 any path and query, and absolute-form, are targets") {
    struct Case {
        std::string target;
        std::string authority;
        std::string path;
        std::string query;
    };
    const Case cases[] = {
        {"/", "", "/", ""},
        {"/ws", "", "/ws", ""},
        {"/ws?", "", "/ws", ""},
        {"/ws?room=1&x=/a?b", "", "/ws", "room=1&x=/a?b"},
        {"//ws", "", "//ws", ""},
        {"/%2e%2e/%00", "", "/%2e%2e/%00", ""},
        {"/a/../b;c=d,e", "", "/a/../b;c=d,e", ""},
        {"http://localhost:8080/ws?a=b", "localhost:8080", "/ws", "a=b"},
        {"HTTPS://[::1]:8080/ws", "[::1]:8080", "/ws", ""},
        {"http://localhost", "localhost", "/", ""},
        {"http://localhost?a=b", "localhost", "/", "a=b"},
        {"http://localhost/?a://b", "localhost", "/", "a://b"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.target);
        const std::string head = "GET " + c.target + " HTTP/1.1\r\nHost: a\r\n\r\n";
        ws::Request request;
        REQUIRE(request.parse(head) == Errc::none);
        CHECK(request.target == c.target);
        CHECK(request.authority == c.authority);
        CHECK(request.path == c.path);
        CHECK(request.query == c.query);
    }
}

TEST_CASE("RFC 9112 §3.2 other targets are refused") {
    for (const std::string target :
         {"*", "ws", "localhost:8080", "ws://localhost/ws", "http:/localhost/ws", "http://",
          "http:///ws", "http://user@localhost/ws", "http://a b/ws", "http://localhost:99999/ws",
          "http://[::1/ws", "/ws#top", "http://localhost/ws#top", "http://localhost?a#top",
          "http://localhost#top", "/gr\xc3\xbc\xc3\x9f"})
        CHECK_MESSAGE(parse_target(target) != Errc::none, target);
    CHECK(parse_target("/ws#top") == Errc::malformed_target);
    CHECK(parse_target("http://localhost?a#top") == Errc::malformed_target);
    CHECK(parse_target("http://localhost?\xff") == Errc::malformed_target);
}

TEST_CASE("RFC 9112 §5 header lines that are not exactly right are refused") {
    struct Case {
        std::string line;
        Errc errc;
    };
    const Case cases[] = {
        {"A: b", Errc::none},
        {"A:b", Errc::none},
        {"A:", Errc::none},
        {"A: : b:", Errc::none},
        {"!#$%&'*+-.^_`|~09az: b", Errc::none},
        {"A : b", Errc::space_before_colon},
        {"A\t: b", Errc::space_before_colon},
        {" A: b", Errc::folded_header},
        {"\tb", Errc::folded_header},
        {" ", Errc::folded_header},
        {": b", Errc::malformed_header},
        {"A", Errc::malformed_header},
        {"A B: c", Errc::malformed_header},
        {"A(: b", Errc::malformed_header},
        {"\xc3\xa4: b", Errc::malformed_header},
        {"\"A\": b", Errc::malformed_header},
    };
    for (const Case& c : cases) {
        CAPTURE(c.line);
        CHECK(parse_request("GET / HTTP/1.1\r\nHost: a\r\n" + c.line + "\r\n\r\n") == c.errc);
    }
}

TEST_CASE("RFC 9112 §2.1 a text without a blank line is no head") {
    CHECK(parse_request("GET / HTTP/1.1") == Errc::malformed_header);
    CHECK(parse_request("GET / HTTP/1.1\r\nHost: a\r\n") == Errc::malformed_header);
    CHECK(parse_request("") == Errc::malformed_start_line);
}

TEST_CASE("RFC 9110 §5.1 names are compared without case, values come trimmed and untouched") {
    const std::string head =
        crlf("GET / HTTP/1.1\nhOST:\t localhost:8080 \t\nX-Two:   a  b \nX-Empty:\nx-two: c\n\n");
    ws::Request request;
    REQUIRE(request.parse(head) == Errc::none);
    CHECK(request.host == "localhost:8080");
    CHECK(request.find("Host") == "localhost:8080");
    CHECK(request.find("x-TWO") == "a  b");
    CHECK(request.find("X-Empty") == "");
    CHECK_FALSE(request.find("X-Absent"));
    CHECK(request.count("X-Two") == 2);
    CHECK(request.headers().size() == 4);
}

TEST_CASE("RFC 9110 §5.6.1 lists span lines, empty elements are left out, tokens have no case") {
    const std::string head = crlf(
        "GET / HTTP/1.1\nHost: a\nConnection: keep-alive ,, \t\nCONNECTION:\n"
        "Connection: ,UPGRADE,\n\n");
    ws::Request request;
    REQUIRE(request.parse(head) == Errc::none);
    CHECK(request.list("connection") == std::vector<std::string_view>{"keep-alive", "UPGRADE"});
    CHECK(request.has_token("Connection", "Upgrade"));
    CHECK(request.has_token("Connection", "Keep-Alive"));
    CHECK_FALSE(request.has_token("Connection", "keep"));
    CHECK_FALSE(request.has_token("Connection", ""));
    CHECK_FALSE(request.has_token("Upgrade", "Upgrade"));
}

TEST_CASE("RFC 9112 §4 the status line") {
    struct Case {
        std::string line;
        Errc errc;
        int status;
    };
    const Case cases[] = {
        {"HTTP/1.1 101 Switching Protocols", Errc::none, 101},
        {"HTTP/1.1 101 ", Errc::none, 101},
        {"HTTP/1.1 101", Errc::none, 101},
        {"HTTP/1.1 404 Not  Found", Errc::none, 404},
        {"HTTP/1.0 404 File not found", Errc::none, 404},
        {"HTTP/1.0 101 Switching Protocols", Errc::unsupported_http_version, 101},
        {"HTTP/2.0 101 Switching Protocols", Errc::unsupported_http_version, 101},
        {"HTTP/1.1  101 Switching Protocols", Errc::malformed_start_line, 0},
        {"HTTP/1.1 1010 x", Errc::malformed_start_line, 0},
        {"HTTP/1.1 10 x", Errc::malformed_start_line, 0},
        {"HTTP/1.1 +10 x", Errc::malformed_start_line, 0},
        {"HTTP 101 Switching Protocols", Errc::malformed_start_line, 0},
        {"220 mail.example ESMTP", Errc::malformed_start_line, 0},
    };
    for (const Case& c : cases) {
        CAPTURE(c.line);
        const std::string head = c.line + "\r\nA: b\r\n\r\n";
        ws::Response response;
        CHECK(response.parse(head) == c.errc);
        CHECK(response.status == c.status);
        CHECK(response.start_line == c.line);
    }
}

TEST_CASE("RFC 9110 §7.2 a Host is a name, an IPv4 or a bracketed IPv6 address, and maybe a port") {
    for (const std::string host :
         {"localhost", "localhost:8080", "localhost:", "a.example.", "xn--bcher-kva.example",
          "under_score", "127.0.0.1:1", "a:65535", "a:00080", "%41b", "[::]", "[::1]:8080",
          "[2001:db8::8a2e:370:7334]", "[1:2:3:4:5:6:7:8]", "[::ffff:127.0.0.1]:80",
          "[1:2:3:4:5:6:7::]", "[::2:3:4:5:6:7:8]", "[64:ff9b::1.2.3.4]", "[FE80::A]"})
        CHECK_MESSAGE(ws::is_host(host), host);
    for (const std::string host : {"",
                                   ":8080",
                                   " a",
                                   "a b",
                                   "a\tb",
                                   "a/b",
                                   "a?",
                                   "a#",
                                   "a@b",
                                   "user:pass@a",
                                   "a\\b",
                                   "<a>",
                                   "http://a",
                                   "a:b",
                                   "a:80:80",
                                   "a:65536",
                                   "a:99999",
                                   "a:123456",
                                   "a:-1",
                                   "a:+1",
                                   "a: 1",
                                   "%",
                                   "%4",
                                   "%zz",
                                   "\xc3\xa4",
                                   "::1",
                                   "[",
                                   "]",
                                   "[]",
                                   "[::1",
                                   "[::1]8080",
                                   "[::1]x",
                                   "[::1]:x",
                                   "[::1]:65536",
                                   "[:]",
                                   "[:::]",
                                   "[1]",
                                   "[1:2:3:4:5:6:7]",
                                   "[1:2:3:4:5:6:7:8:9]",
                                   "[1::2::3]",
                                   "[12345::]",
                                   "[g::]",
                                   "[1:2:3:4:5:6:7:8::]",
                                   "[1:2:3:4:5:6:7::8]",
                                   "[:1:2:3:4:5:6:7]",
                                   "[1:2:3:4:5:6:7:]",
                                   "[1.2.3.4]",
                                   "[1.2.3.4::]",
                                   "[1.2.3.4::1]",
                                   "[::1.2.3]",
                                   "[::1.2.3.256]",
                                   "[::1.2.3.4:5]",
                                   "[::1 ]",
                                   "[fe80::1%eth0]",
                                   "[v1.x]"})
        CHECK_MESSAGE(!ws::is_host(host), host);
    CHECK(ws::is_host("[::1]:"));  // RFC 3986 §3.2.3: the port may be empty
}

TEST_CASE("RFC 9110 §5.6.2 tokens and values") {
    CHECK(ws::is_token("permessage-deflate"));
    for (const std::string text :
         {"", "a b", "a,b", "a;b", "a/b", "a\"b", "a=b", "\x7f", "\xc3\xa4"})
        CHECK_MESSAGE(!ws::is_token(text), text);
    CHECK(ws::is_header_value("a\tb \xc3\xa4"));
    CHECK(ws::is_header_value(""));
    for (const std::string_view text : {std::string_view{"a\r\nB: c"}, std::string_view{"\n"},
                                        std::string_view{"\0", 1}, std::string_view{"\x1b"}})
        CHECK_FALSE(ws::is_header_value(text));
}

TEST_CASE("RFC 9110 §15.2 interim responses before the final one are skipped, over every cut") {
    const std::string final = crlf("HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n\n");
    const std::string interim = crlf("HTTP/1.1 100 Continue\n\n") +
                                crlf("HTTP/1.1 103 Early Hints\nLink: </a.css>\nA: b\n\n");
    const std::string frame = "\x81\x02hi";
    constexpr auto skip = ws::HeadReader::Interim::skip;
    test::for_every_split(ws::as_bytes(interim + final + frame), [&](const test::Pieces& pieces) {
        const Reading reading = read(pieces, {}, skip);
        REQUIRE(reading.result == Parse::ok);
        REQUIRE(reading.text == final);
        REQUIRE(reading.taken == (interim + final).size());
    });
    const auto whole = [&](const std::string& text, ws::HeadLimits limits = {}) {
        const ws::Bytes bytes = ws::as_bytes(text);
        return read(test::Pieces{{bytes.begin(), bytes.end()}}, limits, skip);
    };
    // Others are final: also a refusal, and 101 itself. A server that reads requests skips nothing.
    for (const char* status : {"101 Switching Protocols", "200 OK", "404 Not Found"}) {
        const std::string head = crlf("HTTP/1.1 " + std::string{status} + "\n\n");
        CHECK(whole(head + final).text == head);
    }
    CHECK(read(interim).text == crlf("HTTP/1.1 100 Continue\n\n"));

    // All of them together are within the limit of one.
    const ws::HeadLimits enough{.max_head_bytes = (interim + final).size()};
    CHECK(whole(interim + final, enough).text == final);
    const ws::HeadLimits too_few{.max_head_bytes = (interim + final).size() - 1};
    CHECK(whole(interim + final, too_few).error == Errc::head_too_long);
    std::string endless;
    while (endless.size() < 20'000) endless += crlf("HTTP/1.1 100 Continue\n\n");
    const Reading reading = whole(endless);
    CHECK(reading.error == Errc::head_too_long);
    CHECK(reading.taken == 16 * 1024);
    // The lines of each count for itself.
    CHECK(whole(interim + final, {.max_header_lines = 2}).text == final);
    CHECK(whole(interim + final, {.max_header_lines = 1}).error == Errc::too_many_headers);
}

TEST_CASE("RFC 9112 §2.3 a version has one form") {
    for (const char* version : {"HTTQ/1.1", "HTTP/x.1", "HTTP/1x1", "HTTP/1.x", "HTTP/1.11", "HTTP/1."}) {
        CAPTURE(version);
        ws::Response response;
        CHECK(response.parse(version + std::string{" 404 Not Found\r\n\r\n"}) == Errc::malformed_start_line);
    }
}

TEST_CASE("RFC 9110 §15.2 what is no response is not skipped as one, over every cut") {
    const std::string text = "HTTP/1.1 1x0 Continue\r\n\r\n";
    test::for_every_split(ws::as_bytes(text), [&](const test::Pieces& pieces) {
        ws::HeadReader reader{{}, ws::HeadReader::Interim::skip};
        std::size_t taken = 0;
        Parse result = Parse::need_more;
        for (const ws::Buffer& piece : pieces) result = reader.feed(piece, taken);
        CHECK(result == Parse::ok);
        CHECK(reader.text() == text);
    });
}

TEST_CASE("RFC 3986 §3.2.2 the ends of what a number, a hex digit and a path may be") {
    CHECK_FALSE(ws::is_host("a:123456"));
    CHECK_FALSE(ws::is_host("[1:2:3:4:5:6:1.2.3]"));
    CHECK_FALSE(ws::is_host("[1:2:3:4:5:6:1..2.3]"));
    CHECK_FALSE(ws::is_host("[::g]"));
    CHECK_FALSE(ws::is_host("[::~]"));
    CHECK_FALSE(ws::is_host("[::/]"));
    CHECK(ws::is_host("[::aF09]"));
    CHECK_FALSE(ws::is_resource("/a\x7F"));
    CHECK_FALSE(ws::is_resource("/a\x80"));
    CHECK(ws::is_resource("/a~"));
}

TEST_CASE("RFC 9110 §15 a status that is none of ours has no phrase of its own") {
    CHECK(ws::status_phrase(404) == "Not Found");
    CHECK(ws::status_phrase(299) == "Unknown");
}
