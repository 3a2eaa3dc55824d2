// The server's part of the frame lab: pages by name, traces with a bound. What servers do with them
// is in tests/lessons/lab_test.cpp.
#include "lab/lab.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <thread>

#include "tests/support/bytes.hpp"

using namespace test::literals;

namespace {

const std::string token = "0123456789abcdef0123456789abcdef";

// The request for a target, as a browser would send it.
struct Get {
    explicit Get(const std::string& target)
        : text{"GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n"} {
        REQUIRE(request.parse(text) == ws::Errc::none);
    }
    std::string text;
    ws::Request request;
};

std::string token_of(const std::string& target) {
    return std::string{lab::lab_token(Get{target}.request)};
}

// Status of the answer to a GET; 0: it is left to the server.
int status_of(const lab::Pages& pages, const std::string& target) {
    ws::HttpReply reply;
    return pages.answer(Get{target}.request, "/ws", reply) ? reply.status : 0;
}

std::string next_of(lab::Traces::Reader& reader) {
    const auto message = reader.next();
    return message ? std::string{ws::as_text(*message)} : "(end)";
}

}  // namespace

TEST_CASE("lab: a token is 32 hex digits in the query, and nothing else is one") {
    CHECK(token_of("/ws?lab=" + token) == token);
    CHECK(token_of("/ws?room=a&lab=" + token + "&x") == token);
    for (const std::string& query :
         {std::string{}, std::string{"?lab="}, "?lab=" + token + "0", "?lab=" + token.substr(1),
          "?xlab=" + token, "?lab=" + token.substr(2) + "AB", "?lab=" + token.substr(2) + "-z"})
        CHECK(token_of("/ws" + query).empty());
}

TEST_CASE("lab: pages are found by name, and no name leads out of the list") {
    const lab::Pages pages;
    REQUIRE(pages.complete());
    for (const char* path : {"/", "/lab", "/lab?x=1", "/common.css", "/echo.js", "/echo.css",
                             "/lab.js", "/lab.css", "/frame.js", "/dump.js", "/deflate.js", "/chat.js", "/chat.css",
                             "/resume.js"})
        CHECK_MESSAGE(status_of(pages, path) == 200, path);
    for (const char* path : {"/lab/", "/lab.html", "/echo.html", "/../Makefile", "/%2e%2e/Makefile",
                             "/..%2fMakefile", "//etc/passwd", "/lab/../lab", "/favicon.ico"})
        CHECK_MESSAGE(status_of(pages, path) == 404, path);
    CHECK(status_of(pages, "/ws") == 0);
    CHECK(status_of(pages, "/ws?lab=1") == 0);

    const lab::Pages none{"echo.html", "no/such/folder"};
    CHECK_FALSE(none.complete());
    CHECK(status_of(none, "/") == 0);
}

TEST_CASE("lab: every page forbids the browser what the pages do not need") {
    const lab::Pages pages;
    for (const char* path : {"/", "/lab", "/frame.js", "/nothing"}) {
        ws::HttpReply reply;
        REQUIRE(pages.answer(Get{path}.request, "/ws", reply));
        std::string all;
        for (const ws::Header& header : reply.headers)
            all += std::string{header.name} + ": " + std::string{header.value} + '\n';
        for (const char* wanted :
             {"Content-Security-Policy: default-src 'none'; script-src 'self'; ",
              "frame-ancestors 'none'", "X-Content-Type-Options: nosniff\n",
              "Referrer-Policy: no-referrer\n"})
            CHECK_MESSAGE(all.find(wanted) != std::string::npos, path << ": " << wanted);
        CHECK(all.find("unsafe") == std::string::npos);
    }
}

TEST_CASE("lab: a trace is told what crosses, in order, and who said it") {
    lab::Traces traces;
    CHECK_FALSE(traces.tap(token));  // nobody looks on
    lab::Traces::Reader reader{traces, token};
    CHECK(next_of(reader) == "=");
    const ws::Tracer::Tap tap = traces.tap(token);
    REQUIRE(tap);
    CHECK_FALSE(traces.tap(token));  // a trace shows one conversation
    tap(ws::Direction::from_client, ws::as_bytes("question"));
    tap(ws::Direction::from_server, ws::as_bytes("answer"));
    CHECK(next_of(reader) == ">question");
    CHECK(next_of(reader) == "<answer");
    // Another thread ends the wait.
    std::thread other{[&] { reader.stop(); }};
    CHECK(next_of(reader) == "(end)");
    other.join();
    CHECK(reader.end().code == 1000);
}

TEST_CASE("lab: a conversation goes on when its reader has gone") {
    lab::Traces traces;
    auto reader = std::make_unique<lab::Traces::Reader>(traces, token);
    const ws::Tracer::Tap tap = traces.tap(token);
    reader.reset();
    tap(ws::Direction::from_client, ws::as_bytes("nobody hears"));
    CHECK_FALSE(traces.tap(token));
}

TEST_CASE("lab: what waits for a slow reader is bounded, and then it is dropped") {
    lab::Traces traces;
    lab::Traces::Reader reader{traces, token};
    const ws::Tracer::Tap tap = traces.tap(token);
    const ws::Buffer piece(lab::max_trace_bytes / 4 - 10);
    for (int i = 0; i < 4; ++i) tap(ws::Direction::from_server, piece);
    CHECK(next_of(reader) == "=");
    CHECK(next_of(reader).size() == 1 + piece.size());
    // What was taken makes room.
    tap(ws::Direction::from_server, piece);
    CHECK(next_of(reader).size() == 1 + piece.size());
    for (int i = 0; i < 4; ++i) tap(ws::Direction::from_server, piece);
    CHECK(next_of(reader) == "(end)");
    CHECK(reader.end().code == 1013);
    CHECK(reader.end().reason == lab::reader_too_slow.reason);
}

TEST_CASE("lab: a trace needs a token, its own, and a place") {
    lab::Traces traces;
    lab::Traces::Reader nobody{traces, ""};
    CHECK(next_of(nobody) == "(end)");
    CHECK(nobody.end().code == 1008);

    auto first = std::make_unique<lab::Traces::Reader>(traces, token);
    {
        lab::Traces::Reader second{traces, token};
        CHECK(next_of(second) == "(end)");
        CHECK(second.end().reason == lab::token_in_use.reason);
    }
    CHECK(next_of(*first) == "=");
    CHECK(traces.tap(token));  // the one that was refused has taken nothing with it

    std::vector<std::unique_ptr<lab::Traces::Reader>> many;
    for (std::size_t i = 1; i < lab::max_trace_readers; ++i)
        many.push_back(std::make_unique<lab::Traces::Reader>(
            traces, std::string(31, 'a') + "0123456789abcdef"[i]));
    lab::Traces::Reader late{traces, std::string(32, 'b')};
    CHECK(next_of(late) == "(end)");
    CHECK(late.end().code == 1013);
    many.pop_back();
    lab::Traces::Reader later{traces, std::string(32, 'c')};
    CHECK(next_of(later) == "=");
}
