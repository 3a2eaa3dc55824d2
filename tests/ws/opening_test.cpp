// The opening handshake of both sides as values, over every cut, without a socket: RFC 6455 §4.
#include "ws/opening.hpp"

#include <doctest/doctest.h>

#include "tests/support/bytes.hpp"
#include "tests/support/errc.hpp"
#include "ws/deflate/codec.hpp"

using ws::Errc;
using Server = ws::ServerOpening::Step;
using Client = ws::ClientOpening::Step;

namespace {

// Heads are written with plain line ends here; on the wire each is CR LF.
std::string crlf(std::string_view lines) {
    std::string text;
    for (const char c : lines) text += c == '\n' ? std::string{"\r\n"} : std::string{c};
    return text;
}

// A good request; `first` and `more` are its first line and further ones.
std::string request(std::string_view first = "GET /ws HTTP/1.1", std::string_view more = "") {
    return crlf(std::string{first} +
                "\nHost: localhost:8080\nUpgrade: websocket\nConnection: Upgrade\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n" +
                std::string{more} + '\n');
}

constexpr std::string_view frames = "\x81\x85 what follows a head is no part of it";

// Feeds pieces as a driver does. Gives back what was left over, in all.
template <typename Opening>
std::string feed(Opening& opening, const test::Pieces& pieces, typename Opening::Step& step) {
    std::string rest;
    step = Opening::Step::more;
    for (const ws::Buffer& piece : pieces) {
        std::size_t taken = 0;
        if (step == Opening::Step::more) step = opening.feed(piece, taken);
        rest += ws::as_text(ws::Bytes{piece}.subspan(taken));
    }
    return rest;
}

// A server's whole opening.
struct Outcome {
    Server step = Server::more;
    std::string answer{};
    std::string page{};
    std::string rest{};
    std::string refusal{};
    std::string subprotocol{};
    Errc error = Errc::none;
};
Outcome serve(const test::Pieces& pieces, const ws::Policy& policy) {
    ws::ServerOpening opening;
    Outcome outcome;
    outcome.rest = feed(opening, pieces, outcome.step);
    if (outcome.step == Server::decide) outcome.step = opening.decide(policy);
    outcome.answer = opening.answer();
    outcome.page = opening.page();
    outcome.subprotocol = opening.subprotocol();
    outcome.error = opening.error();
    if (outcome.step == Server::refuse) outcome.refusal = opening.refusal();
    return outcome;
}
Outcome serve(std::string_view head, const ws::Policy& policy) {
    return serve(test::Pieces{ws::Buffer{head.begin(), head.end()}}, policy);
}

bool page(const ws::Request& request, ws::HttpReply& reply) {
    if (request.path != "/page") return false;
    reply.body = "a page";
    return true;
}

const ws::ClientHandshake ours{.host = "localhost:8080",
                               .resource = "/ws?token=secret",
                               .key = "dGhlIHNhbXBsZSBub25jZQ==",
                               .subprotocols = {"chat"}};

std::string answer(std::string_view more = "") {
    return crlf(
        "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n" +
        std::string{more} + '\n');
}

// What a client says to an answer that it does not like.
std::string complaint(std::string_view head, std::string_view body = "") {
    ws::ClientOpening opening{ours};
    std::size_t taken = 0;
    CHECK(opening.feed(ws::as_bytes(head), taken) == Client::failed);
    return opening.failure(ws::as_bytes(body));
}

}  // namespace

TEST_CASE("§4.2.2 server opening: a good request is judged once, answered, and frames follow") {
    const std::vector<std::string> protocols{"superchat", "chat"};
    test::for_every_split(
        ws::as_bytes(request("GET /ws HTTP/1.1", "Sec-WebSocket-Protocol: chat, superchat\n") +
                     std::string{frames}),
        [&](test::Pieces& pieces) {
            unsigned asked = 0;
            const Outcome outcome = serve(pieces, {.path = "/ws",
                                                   .admit =
                                                       [&](const ws::Request& head) {
                                                           ++asked;
                                                           CHECK(head.path == "/ws");
                                                           return Errc::none;
                                                       },
                                                   .subprotocols = protocols});
            CHECK(outcome.step == Server::open);
            CHECK(asked == 1);
            CHECK(outcome.subprotocol == "superchat");
            CHECK(outcome.answer == answer("Sec-WebSocket-Protocol: superchat\n"));
            CHECK(outcome.rest == frames);
        });
}

TEST_CASE("§4.2.2 server opening: each refusal has its status, and nothing is open") {
    struct Case {
        std::string head;
        Errc errc;
        std::string refusal;
    };
    const Case cases[] = {
        {request("GET /other?token=secret HTTP/1.1"), Errc::path_not_found,
         "refused with 404: there is no WebSocket endpoint at this path (RFC 6455 §4.2.2); path "
         "/other"},
        {request("POST /ws?token=secret HTTP/1.1"), Errc::method_not_get,
         "refused with 405: the method of the handshake must be GET (RFC 6455 §4.2.1); path /ws"},
        {request("GET ws HTTP/1.1"), Errc::malformed_target,
         "refused with 400: the request target is neither a path nor an http:// URL (RFC 6455 "
         "§4.2.1); path ws"},
        {request("GET /ws HTTP/1.0"), Errc::unsupported_http_version,
         "refused with 505: the handshake needs HTTP/1.1 (RFC 6455 §4.2.1); path /ws"},
        {crlf("GET /ws HTTP/1.1\nHost: a\n\n"), Errc::not_an_upgrade,
         "refused with 426: Not a websocket handshake: the header 'Upgrade: websocket' is missing "
         "(RFC 6455 §4.2.1); path /ws"},
        {"GET /ws HTTP/1.1\nHost: a\n\n", Errc::bare_line_feed,
         "refused with 400: every line of the head must end with CR LF, and CR may stand nowhere "
         "else (RFC 9112 §2.2)"},
        {request("GET /ws HTTP/1.1", "Origin: http://evil.test\n"), Errc::forbidden_origin,
         "refused with 403: pages from this Origin may not connect (RFC 6455 §10.2); path /ws, "
         "Origin http://evil.test, Host localhost:8080"},
        {request("GET /ws HTTP/1.1", "Origin: http://a\nOrigin: \xc3\x28\n"),
         Errc::forbidden_origin,
         "refused with 403: pages from this Origin may not connect (RFC 6455 §10.2); path /ws, "
         "Origin http://a and \\xC3(, Host localhost:8080"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.refusal);
        test::for_every_split(ws::as_bytes(c.head), [&](test::Pieces& pieces) {
            const Outcome outcome = serve(pieces, {.path = "/ws"});
            CHECK(outcome.step == Server::refuse);
            CHECK(outcome.error == c.errc);
            CHECK(outcome.answer == ws::refuse_response(c.errc, "/other"));
            CHECK(outcome.refusal == c.refusal);
            CHECK(outcome.subprotocol.empty());
        });
    }
}

TEST_CASE("§4.2.2 server opening: the questions come in one order: path, admission, subprotocol") {
    const std::vector<std::string> further{"/lab/trace"};
    unsigned asked = 0;
    const ws::Policy policy{.path = "/ws",
                            .further_paths = further,
                            .admit =
                                [&](const ws::Request&) {
                                    ++asked;
                                    return Errc::unauthorized;
                                },
                            .on_http = page};
    CHECK(serve(request("GET /other HTTP/1.1"), policy).error == Errc::path_not_found);
    CHECK(asked == 0);
    CHECK(serve(request(), policy).error == Errc::unauthorized);
    CHECK(serve(request("GET /lab/trace HTTP/1.1"), policy).error == Errc::unauthorized);
    CHECK(asked == 2);
    // Whoever wants a page is not asked who it is.
    CHECK(serve("GET /page HTTP/1.1\r\nHost: a\r\n\r\n", policy).step == Server::reply);
    CHECK(asked == 2);
    // Without a path: any. Without a word on admission: pages of the same origin.
    CHECK(serve(request("GET /other HTTP/1.1"), {}).step == Server::open);
    CHECK(serve(request("GET / HTTP/1.1", "Origin: http://localhost:8080\n"), {}).step ==
          Server::open);
    CHECK(serve(request("GET / HTTP/1.1", "Origin: null\n"), {}).step == Server::refuse);
    CHECK(serve(request("GET / HTTP/1.1", "Origin: null\n"), {.admit = {}}).step == Server::open);
}

TEST_CASE("§4.2.2 server opening: a server without subprotocols of its own may take whichever comes first") {
    const std::string offer = "Sec-WebSocket-Protocol: chat, superchat\n";
    CHECK(serve(request("GET / HTTP/1.1", offer), {}).subprotocol.empty());
    CHECK(serve(request("GET / HTTP/1.1", offer), {.any_subprotocol = true}).subprotocol == "chat");
    CHECK(serve(request("GET / HTTP/1.1"), {.any_subprotocol = true}).subprotocol.empty());
}

TEST_CASE("RFC 9110 §9.3.2 server opening: a page by GET or HEAD, in HTTP/1.0 or 1.1") {
    struct Case {
        std::string head;
        std::string page;
    };
    const Case cases[] = {{"GET /page HTTP/1.1\r\nHost: a\r\n\r\n", "a page"},
                          {"GET /page HTTP/1.0\r\n\r\n", "a page"},
                          {"GET /page HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "a page"},
                          {"HEAD /page HTTP/1.1\r\nHost: a\r\n\r\n", ""},
                          {"HEAD /page HTTP/1.0\r\n\r\n", ""}};
    for (const Case& c : cases) {
        CAPTURE(c.head);
        test::for_every_split(ws::as_bytes(c.head), [&](test::Pieces& pieces) {
            const Outcome outcome = serve(pieces, {.path = "/ws", .on_http = page});
            CHECK(outcome.step == Server::reply);
            CHECK(outcome.answer == crlf("HTTP/1.1 200 OK\nConnection: close\n"
                                         "Content-Type: text/plain; charset=utf-8\n"
                                         "Content-Length: 6\n\n"));
            CHECK(outcome.page == c.page);
        });
    }
    // RFC 9112 §3.2 asks HTTP/1.1 for a Host, and nobody may have two.
    CHECK(serve("GET /page HTTP/1.1\r\n\r\n", {.on_http = page}).error == Errc::missing_host);
    CHECK(serve("GET /page HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", {.on_http = page}).error ==
          Errc::duplicate_host);
    CHECK(serve("POST /page HTTP/1.0\r\n\r\n", {.on_http = page}).error == Errc::method_not_get);
    // RFC 9110 §9.3.7: haproxy's `option httpchk` asks so, and takes a server out that refuses.
    for (const std::string head : {"OPTIONS /page HTTP/1.0\r\n\r\n",
                                   "OPTIONS /page HTTP/1.1\r\nHost: a\r\n\r\n"}) {
        const Outcome asked = serve(head, {.on_http = page});
        CHECK(asked.step == Server::reply);
        CHECK(asked.answer == crlf("HTTP/1.1 200 OK\nConnection: close\n"
                                   "Content-Type: text/plain; charset=utf-8\n"
                                   "Content-Length: 0\nAllow: GET, HEAD, OPTIONS\n\n"));
        CHECK(asked.page.empty());
    }
    // A refusal of HEAD has no content either.
    const Outcome refused = serve("HEAD /other HTTP/1.0\r\n\r\n", {.on_http = page});
    CHECK(refused.error == Errc::not_an_upgrade);
    CHECK(refused.answer.starts_with("HTTP/1.1 426 "));
    CHECK(refused.answer.ends_with("\r\n\r\n"));
}

TEST_CASE("server opening: whoever is too slow, or one too many, is refused at any time") {
    const std::string head = request();
    for (std::size_t size = 0; size < head.size(); ++size) {
        ws::ServerOpening opening;
        std::size_t taken = 0;
        CHECK(opening.feed(ws::as_bytes(head).first(size), taken) == Server::more);
        CHECK(taken == size);
        CHECK(opening.refuse(Errc::handshake_timeout) == Server::refuse);
        CHECK(opening.answer().starts_with("HTTP/1.1 408 "));
        CHECK(opening.refusal() ==
              "refused with 408: the handshake was not complete in time (RFC 9110 §15.5.9)");
    }
    ws::ServerOpening opening;
    opening.refuse(Errc::too_many_connections);
    CHECK(opening.answer() == ws::refuse_response(Errc::too_many_connections));
}

TEST_CASE("server opening: the limits for a head hold") {
    ws::ServerOpening opening{{.max_head_bytes = 64}};
    std::size_t taken = 0;
    CHECK(opening.feed(ws::as_bytes(request()), taken) == Server::refuse);
    CHECK(opening.error() == Errc::head_too_long);
}

TEST_CASE("§10.5 a refusal's line cannot be forged or flooded by what the client sent") {
    const Outcome outcome = serve(request("GET /" + std::string(1000, 'x') + " HTTP/1.1",
                                          "Origin: " + std::string(1000, 'y') + "\n"),
                                  {});
    CHECK(outcome.error == Errc::forbidden_origin);
    CHECK(outcome.refusal.size() < 700);
}

TEST_CASE("§4.1 client opening: a right answer opens, and frames follow") {
    test::for_every_split(
        ws::as_bytes(answer("Sec-WebSocket-Protocol: chat\n") + std::string{frames}),
        [](test::Pieces& pieces) {
            ws::ClientOpening opening{ours};
            Client step = Client::more;
            CHECK(feed(opening, pieces, step) == frames);
            CHECK(step == Client::open);
            CHECK(opening.subprotocol() == "chat");
            CHECK(opening.error() == Errc::none);
        });
    ws::ClientOpening opening{ours};
    CHECK(opening.request() == ws::client_request(ours));
}

TEST_CASE("RFC 9110 §15.2 client opening: any number of 1xx come before the answer") {
    const std::string early = crlf("HTTP/1.1 103 Early Hints\nLink: </a>\n\n");
    test::for_every_split(ws::as_bytes(crlf("HTTP/1.1 100 Continue\n\n") + early + early +
                                       answer() + std::string{frames}),
                          [](test::Pieces& pieces) {
                              ws::ClientOpening opening{ours};
                              Client step = Client::more;
                              CHECK(feed(opening, pieces, step) == frames);
                              CHECK(step == Client::open);
                              CHECK(opening.response().status == 101);
                          });
    // A server that never says more than that is bounded by the limit for one head.
    ws::ClientOpening opening{ours};
    Client step = Client::more;
    unsigned heads = 0;
    for (std::size_t taken = 0; step == Client::more && heads < 1000; ++heads)
        step = opening.feed(ws::as_bytes(early), taken);
    CHECK(opening.error() == Errc::head_too_long);
}

TEST_CASE("§4.1 client opening: what is wrong with an answer is told in one line, with the path") {
    const std::string accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    std::string wrong = answer();
    wrong.erase(wrong.find(accept), accept.size());
    CHECK(complaint(wrong) ==
          "Handshake failed: the server's answer has no Sec-WebSocket-Accept header (RFC 6455 "
          "§4.1); path /ws");
    CHECK(complaint("HTTP/1.1 404 Not Found\r\n\r\n", "there is none\r\nor two\n") ==
          "Handshake failed: HTTP/1.1 404 Not Found (there is none); path /ws");
    // RFC 9112 §7.1: the size of a chunk stands before it, and is no part of the page.
    CHECK(complaint("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n",
                    "E\r\nthere is none\n\r\n0\r\n\r\n") ==
          "Handshake failed: HTTP/1.1 404 Not Found (there is none); path /ws");
    CHECK(complaint("HTTP/1.0 403 Forbidden\r\n\r\n") ==
          "Handshake failed: HTTP/1.0 403 Forbidden; path /ws");
    CHECK(complaint("HTTP/1.1 403 Forbidden\r\n\r\n", "\x1b[31myou\n") ==
          "Handshake failed: HTTP/1.1 403 Forbidden (\\x1B[31myou); path /ws");
    CHECK(complaint("SSH-2.0-OpenSSH_9.2\r\n\r\n") ==
          "Handshake failed: the first line is not that of an HTTP message (RFC 9112 §3); path "
          "/ws");
    CHECK(ws::ClientOpening{ours}.failure("the server did not answer in time") ==
          "Handshake failed: the server did not answer in time; path /ws");
}

TEST_CASE("§4.1 client opening: a reason that has not come yet is awaited") {
    const auto awaits = [](std::string_view headers, std::string_view body,
                           std::string_view status = "403 Forbidden") {
        ws::ClientOpening opening{ours};
        std::size_t taken = 0;
        const std::string head = crlf("HTTP/1.1 " + std::string{status} + '\n' + std::string{headers} + '\n');
        CHECK(opening.feed(ws::as_bytes(head), taken) == Client::failed);
        return opening.awaits_reason(ws::as_bytes(body));
    };
    CHECK(awaits("Content-Length: 7\n", ""));
    CHECK(awaits("Content-Length: 7\n", "not yo"));
    CHECK_FALSE(awaits("Content-Length: 7\n", "not you"));
    CHECK_FALSE(awaits("Content-Length: 9\n", "not\n"));
    CHECK_FALSE(awaits("Content-Length: 999\n", std::string(200, 'x')));
    CHECK_FALSE(awaits("Content-Length: 0\n", ""));
    CHECK_FALSE(awaits("Content-Length: many\n", ""));
    CHECK_FALSE(awaits("", "", "204 No Content"));
    CHECK_FALSE(awaits("", "", "304 Not Modified"));
    CHECK(awaits("", ""));
    CHECK_FALSE(awaits("", "not you\n"));
    CHECK(awaits("Transfer-Encoding: chunked\n", ""));
    CHECK(awaits("Transfer-Encoding: chunked\n", "7\r\n"));
    CHECK(awaits("Transfer-Encoding: chunked\n", "7\r\nnot you"));
    CHECK_FALSE(awaits("Transfer-Encoding: chunked\n", "7\r\nnot you\r\n"));
    CHECK_FALSE(awaits("Transfer-Encoding: chunked\n", "0\r\n\r\n"));
    // Of an answer that breaks another rule, the rule is the reason.
    std::size_t taken = 0;
    ws::ClientOpening broken{ours};
    CHECK(broken.feed(ws::as_bytes("SSH-2.0-OpenSSH_9.2\r\n\r\n"), taken) == Client::failed);
    CHECK_FALSE(broken.awaits_reason({}));
}

TEST_CASE("§4.1 client opening: a wrong answer fails over every cut") {
    for (const char* more : {"Sec-WebSocket-Extensions: x\n", "Sec-WebSocket-Protocol: other\n"})
        test::for_every_split(ws::as_bytes(answer(more)), [](test::Pieces& pieces) {
            ws::ClientOpening opening{ours};
            Client step = Client::more;
            feed(opening, pieces, step);
            CHECK(step == Client::failed);
        });
}

TEST_CASE("§4 the two openings agree") {
    ws::ClientOpening client{ours};
    const std::vector<std::string> protocols{"chat"};
    const Outcome outcome = serve(client.request(), {.path = "/ws", .subprotocols = protocols});
    REQUIRE(outcome.step == Server::open);
    std::size_t taken = 0;
    CHECK(client.feed(ws::as_bytes(outcome.answer), taken) == Client::open);
    CHECK(client.subprotocol() == "chat");
}

TEST_CASE("§9.1 client opening: what was offered judges its answer, over every cut") {
    struct Case {
        std::string more;
        Errc errc;
        bool agreed;
    };
    const Case cases[] = {
        {"", Errc::none, false},
        {"Sec-WebSocket-Extensions: permessage-deflate\n", Errc::none, true},
        {"Sec-WebSocket-Extensions: permessage-deflate; unknown\n", Errc::wrong_extension_answer, false},
        {"Sec-WebSocket-Extensions: x\n", Errc::wrong_extension_answer, false},
    };
    for (const Case& c : cases) {
        CAPTURE(c.more);
        test::for_every_split(ws::as_bytes(answer(c.more)), [&](const test::Pieces& pieces) {
            ws::deflate::PermessageDeflate deflate{{}, ws::deflate::PermessageDeflate::Sharing::none};
            ws::ClientOpening opening{ours, {}, &deflate};
            CHECK(opening.request().find("Sec-WebSocket-Extensions: permessage-deflate;") != std::string::npos);
            Client step = Client::more;
            feed(opening, pieces, step);
            CHECK(step == (c.errc == Errc::none ? Client::open : Client::failed));
            CHECK(opening.error() == c.errc);
            CHECK((opening.take_extension() != nullptr) == c.agreed);
        });
    }
}

TEST_CASE("RFC 9112 §4 client opening: an answer without a status is told as such") {
    CHECK(complaint("HTTP/1.1 1x1 Switching\r\n\r\n").starts_with("Handshake failed: "));
    // Of its one chunk not even the size has arrived whole: that is no reason.
    CHECK(complaint("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n", "1") ==
          "Handshake failed: HTTP/1.1 403 Forbidden; path /ws");
}
