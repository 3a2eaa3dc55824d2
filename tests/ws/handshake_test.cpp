// The opening handshake, both sides: RFC 6455 §4.1, §4.2, §4.4, §9.1, §11.3.
#include "ws/handshake.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/bytes.hpp"
#include "tests/support/errc.hpp"
#include "ws/hex.hpp"

using ws::Errc;

namespace {

// Heads are written with plain line ends here; on the wire each is CR LF.
std::string crlf(std::string_view lines) {
    std::string text;
    for (const char c : lines) text += c == '\n' ? std::string{"\r\n"} : std::string{c};
    return text;
}

// Reads a head piece by piece. The reader owns the text that `head` points into.
template <typename HeadType>
Errc read(ws::HeadReader& reader, const test::Pieces& pieces, HeadType& head) {
    for (const ws::Buffer& piece : pieces) {
        std::size_t taken = 0;
        const ws::Parse result = reader.feed(piece, taken);
        if (result == ws::Parse::error) return reader.error();
        if (result == ws::Parse::ok) return head.parse(reader.text());
    }
    FAIL("the head is incomplete");
    return Errc::none;
}

// What a server makes of a request, from its bytes.
Errc judge_request(const test::Pieces& pieces) {
    ws::HeadReader reader;
    ws::Request request;
    const Errc errc = read(reader, pieces, request);
    return errc == Errc::none ? ws::check_request(request) : errc;
}

// A good request in which one line is replaced, or left out when `line` is empty.
std::string request_with(std::string_view replaced, std::string_view line) {
    std::string head =
        "GET /chat HTTP/1.1\n"
        "Host: server.example.com\n"
        "Upgrade: websocket\n"
        "Connection: Upgrade\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
        "Sec-WebSocket-Version: 13\n"
        "X-Last: last\n"
        "\n";
    const std::size_t begin = head.find(replaced);
    REQUIRE(begin != std::string::npos);
    const std::size_t end = head.find('\n', begin) + 1;
    return crlf(head.replace(begin, end - begin, line.empty() ? "" : std::string{line} + '\n'));
}

// The handshake of RFC 6455 §1.3, both halves.
const std::string rfc_request = crlf(
    "GET /chat HTTP/1.1\n"
    "Host: server.example.com\n"
    "Upgrade: websocket\n"
    "Connection: Upgrade\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
    "Origin: http://example.com\n"
    "Sec-WebSocket-Protocol: chat, superchat\n"
    "Sec-WebSocket-Version: 13\n"
    "\n");
const std::string rfc_response = crlf(
    "HTTP/1.1 101 Switching Protocols\n"
    "Upgrade: websocket\n"
    "Connection: Upgrade\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n"
    "Sec-WebSocket-Protocol: chat\n"
    "\n");

const ws::ClientHandshake rfc_client{.host = "server.example.com",
                                     .resource = "/chat",
                                     .key = "dGhlIHNhbXBsZSBub25jZQ==",
                                     .subprotocols = {"chat", "superchat"},
                                     .origin = "http://example.com"};

}  // namespace

TEST_CASE("§4.2.2 the accept key of the RFC's key and of the course's") {
    CHECK(ws::accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(ws::accept_key("x3JJHMbDL1EzLkh9GBhXDw==") == "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

TEST_CASE("§1.3 the accept key step by step") {
    CHECK(ws::hex(ws::accept_hash("dGhlIHNhbXBsZSBub25jZQ==")) ==
          "B3 7A 4F 2C C0 62 4F 16 90 F6 46 06 CF 38 59 45 B2 BE C4 EA");
    CHECK(ws::base64(ws::as_bytes("the sample nonce")) == "dGhlIHNhbXBsZSBub25jZQ==");
    CHECK(ws::base64(ws::as_bytes("ab")) == "YWI=");
    CHECK(ws::base64({}) == "");
}

TEST_CASE("§4.1 a key is the base64 form of 16 bytes") {
    std::array<std::uint8_t, 16> nonce;
    for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<std::uint8_t>(i + 1);
    // The RFC shows this key as "AQIDBAUGBwgJCgsMDQ4PEC==". Its last letter is wrong there: the
    // bits that belong to no byte are not 0.
    CHECK(ws::make_key(nonce) == "AQIDBAUGBwgJCgsMDQ4PEA==");
    CHECK(ws::make_key({}) == "AAAAAAAAAAAAAAAAAAAAAA==");
}

TEST_CASE("§4.2 a server accepts the RFC's request and answers as the RFC does") {
    test::for_every_split(ws::as_bytes(rfc_request), [](test::Pieces& pieces) {
        ws::HeadReader reader;
        ws::Request request;
        REQUIRE(read(reader, pieces, request) == Errc::none);
        CHECK(ws::check_request(request) == Errc::none);
        CHECK(request.path == "/chat");

        const std::string ours[] = {"chat"};
        const std::string_view chosen = ws::choose_subprotocol(request, ours);
        CHECK(ws::accept_response(request, chosen) == rfc_response);
    });
}

TEST_CASE("§4.2 a server accepts what real clients send") {
    const std::string wscat = crlf(
        "GET /ws HTTP/1.1\n"
        "X-Custom:  two spaces\n"
        "Sec-WebSocket-Version: 13\n"
        "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\n"
        "Connection: Upgrade\n"
        "Upgrade: websocket\n"
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\n"
        "Sec-WebSocket-Protocol: chat,superchat\n"
        "Origin:  http://localhost\n"
        "Host: localhost:8080\n"
        "\n");
    const std::string chromium = crlf(
        "GET /ws HTTP/1.1\n"
        "Host: localhost:8080\n"
        "Connection: Upgrade\n"
        "Pragma: no-cache\n"
        "Cache-Control: no-cache\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/126.0.0.0 Safari/537.36\n"
        "Upgrade: websocket\n"
        "Origin: http://localhost:8080\n"
        "Sec-WebSocket-Version: 13\n"
        "Accept-Encoding: gzip, deflate, br, zstd\n"
        "Accept-Language: en-US,en;q=0.9\n"
        "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\n"
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\n"
        "\n");
    const std::string firefox = crlf(
        "GET /ws HTTP/1.1\n"
        "Host: [::1]:8080\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\n"
        "Accept: */*\n"
        "Accept-Language: en-US,en;q=0.5\n"
        "Accept-Encoding: gzip, deflate, br, zstd\n"
        "Sec-WebSocket-Version: 13\n"
        "Origin: http://[::1]:8080\n"
        "Sec-WebSocket-Extensions: permessage-deflate\n"
        "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\n"
        "Connection: keep-alive, Upgrade\n"
        "Cookie: a=b; c=\"d\"\n"
        "Sec-Fetch-Dest: empty\n"
        "Sec-Fetch-Mode: websocket\n"
        "Sec-Fetch-Site: same-origin\n"
        "Pragma: no-cache\n"
        "Cache-Control: no-cache\n"
        "Upgrade: websocket\n"
        "\n");
    for (const std::string& head : {wscat, chromium, firefox})
        test::for_every_split(ws::as_bytes(head), [](test::Pieces& pieces) {
            CHECK(judge_request(pieces) == Errc::none);
        });
}

TEST_CASE("§4.2.1 a server accepts every form that the grammar allows") {
    struct Case {
        std::string replaced;
        std::string by;
    };
    const Case cases[] = {
        {"GET", "GET /chat HTTP/1.2"},
        {"GET", "GET http://server.example.com/chat?a=b HTTP/1.1"},
        {"GET", "GET HTTPS://SERVER.example.com/chat HTTP/1.1"},
        {"Host", "host:server.example.com:8080"},
        {"Host", "Host: [2001:db8::1]:8080"},
        {"Upgrade: w", "upgrade: WebSocket"},
        {"Upgrade: w", "Upgrade: h2c, websocket"},
        {"Upgrade: w", "Upgrade: h2c\nUpgrade: websocket"},
        {"Connection", "Connection: keep-alive, Upgrade"},
        {"Connection", "Connection: keep-alive,upgrade"},
        {"Connection", "CONNECTION: UPGRADE,"},
        {"Connection", "Connection: keep-alive\nConnection:\nConnection: Upgrade"},
        {"Sec-WebSocket-Key", "Sec-WebSocket-Key: \tdGhlIHNhbXBsZSBub25jZQ== "},
        {"Sec-WebSocket-Key", "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC=="},
        {"Sec-WebSocket-Key", "Sec-WebSocket-Key: ++++//////////////////=="},
        {"Sec-WebSocket-Version", "SEC-WEBSOCKET-VERSION:13"},
        {"X-Last", "Content-Length: 0"},
        {"X-Last", "Content-Length: 00"},
        {"X-Last", "Sec-WebSocket-Protocol: chat"},
        {"X-Last", "Sec-WebSocket-Protocol: chat, Chat,, v2.chat\nSec-WebSocket-Protocol: x"},
        {"X-Last", "Sec-WebSocket-Extensions: foo\nSec-WebSocket-Extensions: bar; baz=2"},
        {"X-Last", "Sec-WebSocket-Extensions: mux; max-channels=4; flow-control, deflate-stream"},
        {"X-Last", "Sec-WebSocket-Extensions: a ;b = c ; d=\"e\"; f=\"\\g\""},
    };
    for (const Case& c : cases) {
        CAPTURE(c.by);
        test::for_every_split(
            ws::as_bytes(request_with(c.replaced, c.by)),
            [](test::Pieces& pieces) { CHECK(judge_request(pieces) == Errc::none); });
    }
}

TEST_CASE("§4.2.1 a server refuses everything else, and says by status and sentence why") {
    struct Case {
        std::string replaced;
        std::string by;
        Errc errc;
        int status;
    };
    const Case cases[] = {
        {"GET", "POST /chat HTTP/1.1", Errc::method_not_get, 405},
        {"GET", "GET /chat HTTP/1.0", Errc::unsupported_http_version, 505},
        {"GET", "HEAD /chat HTTP/1.1", Errc::method_not_get, 405},
        {"GET", "GET /chat HTTP/2.0", Errc::unsupported_http_version, 505},
        {"GET", "GET chat HTTP/1.1", Errc::malformed_target, 400},
        {"GET", "GET /chat", Errc::malformed_start_line, 400},
        {"GET", "GET http://other.example.com/chat HTTP/1.1", Errc::host_mismatch, 400},
        {"GET", "GET http://server.example.com:81/chat HTTP/1.1", Errc::host_mismatch, 400},
        {"Host", "", Errc::missing_host, 400},
        {"Host", "Host: server.example.com\nHost: server.example.com", Errc::duplicate_host, 400},
        {"Host", "Host: a\nhost: b", Errc::duplicate_host, 400},
        {"Host", "Host:", Errc::malformed_host, 400},
        {"Host", "Host: a b", Errc::malformed_host, 400},
        {"Host", "Host: a/b", Errc::malformed_host, 400},
        {"Host", "Host: a:65536", Errc::malformed_host, 400},
        {"Host", "Host: ::1", Errc::malformed_host, 400},
        {"Host", "Host : a", Errc::space_before_colon, 400},
        {"X-Last", " folded", Errc::folded_header, 400},
        {"X-Last", "no colon", Errc::malformed_header, 400},
        {"X-Last", "(: no token", Errc::malformed_header, 400},
        {"X-Last", "X: \x1b[2J", Errc::control_byte_in_head, 400},
        {"X-Last", "X: a\rY: b", Errc::bare_line_feed, 400},
        {"X-Last", "Content-Length: 1", Errc::request_body, 400},
        {"X-Last", "Content-Length: 010", Errc::request_body, 400},
        {"X-Last", "Content-Length: -0", Errc::request_body, 400},
        {"X-Last", "Content-Length: 0, 0", Errc::request_body, 400},
        {"X-Last", "Content-Length:", Errc::request_body, 400},
        {"X-Last", "Content-Length: 0\nContent-Length: 0", Errc::request_body, 400},
        {"X-Last", "Content-Length: 0\nContent-Length: 5", Errc::request_body, 400},
        {"X-Last", "Transfer-Encoding: chunked", Errc::request_body, 400},
        {"X-Last", "Transfer-Encoding:", Errc::request_body, 400},
        {"X-Last", "Content-Length: 0\nTransfer-Encoding: identity", Errc::request_body, 400},
        {"Upgrade: w", "", Errc::not_an_upgrade, 426},
        {"Upgrade: w", "Upgrade: h2c", Errc::not_an_upgrade, 426},
        {"Upgrade: w", "Upgrade: websockets", Errc::not_an_upgrade, 426},
        {"Connection", "", Errc::connection_without_upgrade, 400},
        {"Connection", "Connection: keep-alive", Errc::connection_without_upgrade, 400},
        {"Connection", "Connection: Upgrades", Errc::connection_without_upgrade, 400},
        {"Sec-WebSocket-Version", "", Errc::unsupported_version, 426},
        {"Sec-WebSocket-Version", "Sec-WebSocket-Version: 8", Errc::unsupported_version, 426},
        {"Sec-WebSocket-Version", "Sec-WebSocket-Version: 13, 8", Errc::unsupported_version, 426},
        {"Sec-WebSocket-Version", "Sec-WebSocket-Version: 13\nSec-WebSocket-Version: 13",
         Errc::duplicate_header, 400},
        {"Sec-WebSocket-Key", "", Errc::missing_key, 400},
        {"Sec-WebSocket-Key", "Sec-WebSocket-Key:", Errc::malformed_key, 400},
        {"Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=", Errc::malformed_key,
         400},
        {"Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZXM=", Errc::malformed_key,
         400},
        {"Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZXM0", Errc::malformed_key,
         400},
        {"Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j-_==", Errc::malformed_key,
         400},
        {"Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j====", Errc::malformed_key,
         400},
        {"Sec-WebSocket-Key",
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
         Errc::duplicate_header, 400},
        {"X-Last", "Sec-WebSocket-Protocol:", Errc::malformed_subprotocol, 400},
        {"X-Last", "Sec-WebSocket-Protocol: a b", Errc::malformed_subprotocol, 400},
        {"X-Last", "Sec-WebSocket-Protocol: chat, chat", Errc::malformed_subprotocol, 400},
        {"X-Last", "Sec-WebSocket-Protocol: chat\nSec-WebSocket-Protocol: chat",
         Errc::malformed_subprotocol, 400},
        {"X-Last", "Sec-WebSocket-Extensions:", Errc::malformed_extension, 400},
        {"X-Last", "Sec-WebSocket-Extensions: foo;", Errc::malformed_extension, 400},
        {"X-Last", "Sec-WebSocket-Extensions: ;foo", Errc::malformed_extension, 400},
        {"X-Last", "Sec-WebSocket-Extensions: foo; a=", Errc::malformed_extension, 400},
        {"X-Last", "Sec-WebSocket-Extensions: foo; =b", Errc::malformed_extension, 400},
        {"X-Last", "Sec-WebSocket-Extensions: foo bar", Errc::malformed_extension, 400},
        {"X-Last", "Sec-WebSocket-Extensions: foo; a=\"\"", Errc::malformed_extension, 400},
        {"X-Last", "Sec-WebSocket-Extensions: foo; a=\"b,c\"", Errc::malformed_extension, 400},
        {"X-Last", "Sec-WebSocket-Extensions: foo; a=\"b\\\"", Errc::malformed_extension, 400},
        {"X-Last", "Sec-WebSocket-Extensions: foo; a=\"", Errc::malformed_extension, 400},
    };
    for (const Case& c : cases) {
        CAPTURE(c.by);
        test::for_every_split(
            ws::as_bytes(request_with(c.replaced, c.by)),
            [&](test::Pieces& pieces) { CHECK(judge_request(pieces) == c.errc); });
        CHECK(ws::rule(c.errc).http_status == c.status);
    }
}

TEST_CASE("§4.2.1 bare LF in a request is refused however it is cut") {
    std::string head = rfc_request;
    head.erase(head.find('\r'), 1);
    test::for_every_split(ws::as_bytes(head), [](test::Pieces& pieces) {
        CHECK(judge_request(pieces) == Errc::bare_line_feed);
    });
}

TEST_CASE("§4.2.2 a refusal has its status, one line that says why, and an end") {
    struct Case {
        Errc errc;
        std::string start_line;
    };
    const Case cases[] = {
        {Errc::malformed_key, "HTTP/1.1 400 Bad Request"},
        {Errc::bare_line_feed, "HTTP/1.1 400 Bad Request"},
        {Errc::path_not_found, "HTTP/1.1 404 Not Found"},
        {Errc::method_not_get, "HTTP/1.1 405 Method Not Allowed"},
        {Errc::handshake_timeout, "HTTP/1.1 408 Request Timeout"},
        {Errc::start_line_too_long, "HTTP/1.1 414 URI Too Long"},
        {Errc::not_an_upgrade, "HTTP/1.1 426 Upgrade Required"},
        {Errc::unsupported_version, "HTTP/1.1 426 Upgrade Required"},
        {Errc::head_too_long, "HTTP/1.1 431 Request Header Fields Too Large"},
        {Errc::too_many_headers, "HTTP/1.1 431 Request Header Fields Too Large"},
        {Errc::unsupported_http_version, "HTTP/1.1 505 HTTP Version Not Supported"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.start_line);
        const std::string answer = ws::refuse_response(c.errc);
        const std::size_t head_size = answer.find("\r\n\r\n") + 4;
        const std::string body = answer.substr(head_size);
        ws::Response response;
        REQUIRE(response.parse(answer) == Errc::none);
        CHECK(response.start_line == c.start_line);
        CHECK(response.has_token("Connection", "close"));
        CHECK(response.find("Content-Type") == "text/plain; charset=utf-8");
        CHECK(response.find("Content-Length") == std::to_string(body.size()));
        CHECK(body == std::string{ws::rule(c.errc).sentence} + "\n");
        const bool names_path = ws::refuse_response(c.errc, "/\x1B").ends_with(": /\\x1B\n");
        CHECK(names_path == (c.errc == Errc::path_not_found));
        CHECK(body.find('\n') == body.size() - 1);
        CHECK((response.find("Allow") == "GET") == (response.status == 405));
        CHECK((response.find("Upgrade") == "websocket") == (response.status == 426));
        CHECK((response.find("Sec-WebSocket-Version") == "13") == (response.status == 426));
        CHECK(response.has_token("Connection", "Upgrade") == (response.status == 426));
    }
}

TEST_CASE("§4.2.2 nothing of the request comes back, except what was checked") {
    const std::string head = crlf(
        "GET /reflect-me HTTP/1.1\nHost: reflect-me\nUpgrade: websocket\nConnection: Upgrade\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n"
        "Origin: http://reflect-me\nX-Other: reflect-me\n"
        "Sec-WebSocket-Protocol: reflect-me\nSec-WebSocket-Extensions: reflect-me\n\n");
    ws::Request request;
    REQUIRE(request.parse(head) == Errc::none);
    REQUIRE(ws::check_request(request) == Errc::none);
    const std::string ours[] = {"chat"};
    const std::string answer = ws::accept_response(request, ws::choose_subprotocol(request, ours));
    CHECK(answer == crlf("HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n"
                         "Connection: Upgrade\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
                         "\n\n"));
}

TEST_CASE("§4.2.2 the server's preference chooses among the subprotocols that were offered") {
    const auto choose = [](const std::string& offer, std::vector<std::string> ours) {
        const std::string head = request_with("X-Last", offer);
        ws::Request request;
        REQUIRE(request.parse(head) == Errc::none);
        return std::string{ws::choose_subprotocol(request, ours)};
    };
    CHECK(choose("Sec-WebSocket-Protocol: a, b", {"b", "a"}) == "b");
    CHECK(choose("Sec-WebSocket-Protocol: a\nSec-WebSocket-Protocol: b", {"c", "b"}) == "b");
    CHECK(choose("Sec-WebSocket-Protocol: A", {"a"}) == "");  // their case counts
    CHECK(choose("Sec-WebSocket-Protocol: a", {}) == "");
    CHECK(choose("X: y", {"a"}) == "");
}

TEST_CASE("§4.2.2 further headers of the answer") {
    ws::Request request;
    REQUIRE(request.parse(rfc_request) == Errc::none);
    const ws::Header extra[] = {{"Set-Cookie", "a=b"}};
    const std::string answer = ws::accept_response(request, {}, extra);
    CHECK(answer.find("\r\nSet-Cookie: a=b\r\n\r\n") != std::string::npos);
    CHECK(answer.find("Protocol:") == std::string::npos);
}

TEST_CASE("§4.1 a client asks as the RFC does") {
    CHECK(ws::is_sendable(rfc_client));
    CHECK(ws::client_request(rfc_client) == crlf("GET /chat HTTP/1.1\n"
                                                 "Host: server.example.com\n"
                                                 "Upgrade: websocket\n"
                                                 "Connection: Upgrade\n"
                                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
                                                 "Sec-WebSocket-Version: 13\n"
                                                 "Origin: http://example.com\n"
                                                 "Sec-WebSocket-Protocol: chat, superchat\n"
                                                 "\n"));
}

TEST_CASE("§4.1 what a client asks for, a server accepts") {
    ws::ClientHandshake handshake{.host = "[::1]:8080", .key = ws::make_key({})};
    handshake.headers = {{"Cookie", "a=b"}, {"Authorization", "Basic eDp5"}};
    const std::string request = ws::client_request(handshake);
    const ws::Bytes bytes = ws::as_bytes(request);
    CHECK(judge_request({{bytes.begin(), bytes.end()}}) == Errc::none);
    CHECK(request.find("\r\nCookie: a=b\r\nAuthorization: Basic eDp5\r\n\r\n") !=
          std::string::npos);
    CHECK(request.find("Origin") == std::string::npos);
    CHECK(request.find("Protocol") == std::string::npos);
}

TEST_CASE("§4.1 a client refuses to send a head that would not be one") {
    const auto sendable_with = [](auto change) {
        ws::ClientHandshake handshake = rfc_client;
        change(handshake);
        return ws::is_sendable(handshake);
    };
    CHECK_FALSE(sendable_with([](auto& h) { h.host = "a\r\nX: y"; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.host = ""; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.resource = "chat"; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.resource = "/a b"; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.resource = "/a HTTP/1.1\r\nX: y"; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.resource = "/a#b"; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.key = "short"; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.origin = "a\nb"; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.subprotocols = {"a b"}; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.subprotocols = {""}; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.subprotocols = {"a", "a"}; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.headers = {{"X Y", "z"}}; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.headers = {{"X", "a\r\nY: b"}}; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.headers = {{"host", "other"}}; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.headers = {{"Content-Length", "5"}}; }));
    CHECK_FALSE(sendable_with([](auto& h) { h.headers = {{"sec-websocket-key", "x"}}; }));
    CHECK(sendable_with([](auto& h) { h.headers = {{"X", ""}, {"X", "b"}}; }));
    CHECK(sendable_with([](auto& h) { h.subprotocols.clear(); }));
}

TEST_CASE("§4.1 a client accepts the RFC's answer") {
    test::for_every_split(ws::as_bytes(rfc_response), [](test::Pieces& pieces) {
        ws::HeadReader reader;
        ws::Response response;
        REQUIRE(read(reader, pieces, response) == Errc::none);
        CHECK(ws::check_response(response, rfc_client) == Errc::none);
        CHECK(response.find("Sec-WebSocket-Protocol") == "chat");
    });
}

TEST_CASE("§4.1 a client says which check an answer failed") {
    struct Case {
        std::string replaced;
        std::string by;
        Errc errc;
    };
    const Case cases[] = {
        {"Sec-WebSocket-P", "", Errc::none},
        {"Sec-WebSocket-P", "Sec-WebSocket-Protocol: superchat", Errc::none},
        {"HTTP", "HTTP/1.1 101 Anything", Errc::none},
        {"HTTP", "HTTP/1.2 101 Switching Protocols", Errc::none},
        {"Upgrade: w", "UPGRADE: WebSocket", Errc::none},
        {"Connection", "Connection: keep-alive, upgrade", Errc::none},
        {"Accept", "sec-websocket-accept:\ts3pPLMBiTxaQ9kYGzzhZRbK+xOo= ", Errc::none},

        {"HTTP", "HTTP/1.1 200 OK", Errc::unexpected_status},
        {"HTTP", "HTTP/1.1 404 Not Found", Errc::unexpected_status},
        {"HTTP", "HTTP/1.0 501 Not Implemented", Errc::unexpected_status},
        {"HTTP", "HTTP/1.0 101 Switching Protocols", Errc::unsupported_http_version},
        {"HTTP", "101 Switching Protocols", Errc::malformed_start_line},
        {"Upgrade: w", "", Errc::response_without_upgrade},
        {"Upgrade: w", "Upgrade: h2c", Errc::response_without_upgrade},
        {"Upgrade: w", "Upgrade: websocket, h2c", Errc::response_without_upgrade},
        {"Upgrade: w", "Upgrade: websocket\nUpgrade: h2c", Errc::response_without_upgrade},
        {"Connection", "", Errc::response_without_connection},
        {"Connection", "Connection: keep-alive", Errc::response_without_connection},
        {"Accept", "", Errc::missing_accept},
        {"Accept", "Sec-WebSocket-Accept:", Errc::wrong_accept},
        {"Accept", "Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=", Errc::wrong_accept},
        {"Accept", "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=", Errc::wrong_accept},
        {"Accept",
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n"
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
         Errc::duplicate_header},
        {"Sec-WebSocket-P", "Sec-WebSocket-Extensions: permessage-deflate",
         Errc::unrequested_extension},
        {"Sec-WebSocket-P", "Sec-WebSocket-Protocol: other", Errc::unrequested_subprotocol},
        {"Sec-WebSocket-P", "Sec-WebSocket-Protocol: Chat", Errc::unrequested_subprotocol},
        {"Sec-WebSocket-P", "Sec-WebSocket-Protocol: chat, superchat",
         Errc::unrequested_subprotocol},
        {"Sec-WebSocket-P", "Sec-WebSocket-Protocol:", Errc::unrequested_subprotocol},
        {"Sec-WebSocket-P", "Sec-WebSocket-Protocol: chat\nSec-WebSocket-Protocol: chat",
         Errc::duplicate_header},
        {"Sec-WebSocket-P", "X : y", Errc::space_before_colon},
        {"Sec-WebSocket-P", " folded", Errc::folded_header},
    };
    for (const Case& c : cases) {
        CAPTURE(c.by);
        std::string lines =
            "HTTP/1.1 101 Switching Protocols\n"
            "Upgrade: websocket\n"
            "Connection: Upgrade\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n"
            "Sec-WebSocket-Protocol: chat\n"
            "\n";
        std::size_t begin = lines.find(c.replaced);
        REQUIRE(begin != std::string::npos);
        begin = begin == 0 ? 0 : lines.rfind('\n', begin) + 1;
        const std::size_t end = lines.find('\n', begin) + 1;
        lines.replace(begin, end - begin, c.by.empty() ? "" : c.by + '\n');
        test::for_every_split(ws::as_bytes(crlf(lines)), [&](test::Pieces& pieces) {
            ws::HeadReader reader;
            ws::Response response;
            Errc errc = read(reader, pieces, response);
            if (errc == Errc::none) errc = ws::check_response(response, rfc_client);
            CHECK(errc == c.errc);
        });
    }
}

TEST_CASE("§4.1 a client that offered no subprotocol takes none") {
    ws::ClientHandshake handshake = rfc_client;
    handshake.subprotocols.clear();
    ws::Response response;
    REQUIRE(response.parse(rfc_response) == Errc::none);
    CHECK(ws::check_response(response, handshake) == Errc::unrequested_subprotocol);
}

TEST_CASE("§4.1 the ends of the base64 alphabet, and what else a client may leave out") {
    ws::ClientHandshake handshake{.host = "a", .key = "+/09AZaz+/09AZaz+/09AQ=="};
    CHECK(ws::is_sendable(handshake));
    for (const char wrong : {'{', '[', ':', '@', '`', '-', '.', ','}) {
        CAPTURE(wrong);
        handshake.key[3] = wrong;
        CHECK_FALSE(ws::is_sendable(handshake));
    }
    handshake.key[3] = 'A';
    handshake.extensions = "permessage-deflate\nX: y";
    CHECK_FALSE(ws::is_sendable(handshake));
}

TEST_CASE("§9.1 a parameter's value between quotation marks has both of them") {
    struct Case {
        std::string value;
        Errc errc;
    };
    const Case cases[] = {
        {"b", Errc::none},
        {"\"b\"", Errc::none},
        {"\"\\b\"", Errc::none},
        {"\"", Errc::malformed_extension},
        {"\"\"", Errc::malformed_extension},
        {"\"b", Errc::malformed_extension},
        {"b\"", Errc::malformed_extension},
        {"", Errc::malformed_extension},
    };
    for (const Case& c : cases) {
        CAPTURE(c.value);
        const std::string head = crlf(
            "GET /ws HTTP/1.1\nHost: a\nUpgrade: websocket\nConnection: Upgrade\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n"
            "Sec-WebSocket-Extensions: x; a=" +
            c.value + "\n\n");
        ws::Request request;
        REQUIRE(request.parse(head) == Errc::none);
        CHECK(ws::check_request(request) == c.errc);
    }
}
