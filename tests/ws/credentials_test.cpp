// §10.5: who sends a request, by Authorization or by cookie.
#include "ws/credentials.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <string>
#include <vector>

#include "tests/support/errc.hpp"
#include "ws/handshake.hpp"

using ws::Errc;

namespace {

const std::vector<ws::Account> accounts{
    {"alice", "open-sesame"}, {"bob", "horse=battery"}, {"mallory", "let-me-in", true}};

struct Result {
    Errc errc;
    std::string name;
    bool operator==(const Result&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Result& result) {
    return out << ws::rule(result.errc).name << " '" << result.name << '\'';
}

// A request with these header lines.
struct Asked {
    explicit Asked(const std::string& lines)
        : head{"GET /ws HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n"} {
        REQUIRE(request.parse(head) == Errc::none);
    }
    std::string head;
    ws::Request request;
};

Result ask(const std::string& lines) {
    const Asked asked{lines};
    Result result{Errc::none, "(untouched)"};
    result.errc = ws::authenticate(asked.request, accounts, result.name);
    return result;
}

std::string basic(const std::string& pair) {
    return "Authorization: Basic " + ws::base64(ws::as_bytes(pair)) + "\r\n";
}

const Result unknown{Errc::unauthorized, ""};
const Result alice{Errc::none, "alice"};

}  // namespace

TEST_CASE("§10.5 Basic, Bearer and the cookie lead to the same account") {
    CHECK(ask(basic("alice:open-sesame")) == alice);
    CHECK(ask("authorization:  bAsIc   YWxpY2U6b3Blbi1zZXNhbWU=\r\n") == alice);
    CHECK(ask("Authorization: Bearer open-sesame\r\n") == alice);
    CHECK(ask("Authorization: bearer   open-sesame\r\n") == alice);
    CHECK(ask("Cookie: session=open-sesame\r\n") == alice);
    CHECK(ask("Cookie: theme=dark; session=open-sesame; lang=de\r\n") == alice);
    CHECK(ask("Cookie: session=horse=battery\r\n") == Result{Errc::none, "bob"});
    CHECK(ask(basic("bob:horse=battery")) == Result{Errc::none, "bob"});
}

TEST_CASE("§10.5 who shows nothing or something wrong is unknown: 401") {
    for (const std::string& lines :
         std::vector<std::string>{"",
                                  basic("alice:open-sesam"),
                                  basic("alice:open-sesame "),
                                  basic("alice:"),
                                  basic("alice"),
                                  basic(":open-sesame"),
                                  basic("bob:open-sesame"),
                                  basic("Alice:open-sesame"),
                                  basic("alice:open-sesame:"),
                                  "Authorization: Basic\r\n",
                                  "Authorization: Basic ====\r\n",
                                  "Authorization: Basic YWxpY2U6b3Blbi1zZXNhbWU\r\n",
                                  "Authorization: Basic !WxpY2U6b3Blbi1zZXNhbWU=\r\n",
                                  "Authorization:\r\n",
                                  "Authorization: open-sesame\r\n",
                                  "Authorization: Digest open-sesame\r\n",
                                  "Authorization: Bearer\r\n",
                                  "Authorization: Bearer open-sesame x\r\n",
                                  "Authorization: Bearer open-sesam\r\n",
                                  "Authorization: Bearer \"open-sesame\"\r\n",
                                  "Cookie: session=\r\n",
                                  "Cookie: session\r\n",
                                  "Cookie: Session=open-sesame\r\n",
                                  "Cookie: xsession=open-sesame\r\n",
                                  "Cookie: session=\"open-sesame\"\r\n",
                                  "Cookie: a=b, session=open-sesame\r\n"}) {
        CAPTURE(lines);
        CHECK(ask(lines) == unknown);
    }
}

TEST_CASE("§10.5 whoever is blocked is known, and refused: 403") {
    CHECK(ask(basic("mallory:let-me-in")) == Result{Errc::forbidden, ""});
    CHECK(ask("Cookie: session=let-me-in\r\n") == Result{Errc::forbidden, ""});
    CHECK(ask(basic("mallory:guess")) == unknown);
}

TEST_CASE("§10.5 what could be understood in two ways is not understood") {
    CHECK(ask(basic("alice:open-sesame") + basic("alice:open-sesame")) == unknown);
    CHECK(ask("Cookie: session=open-sesame; session=let-me-in\r\n") == unknown);
    CHECK(ask("Cookie: session=open-sesame\r\nCookie: session=open-sesame\r\n") == unknown);
    // A header that is wrong is not made good by a cookie that is right.
    CHECK(ask(basic("alice:guess") + "Cookie: session=open-sesame\r\n") == unknown);
}

TEST_CASE("§10.5 without accounts nobody is asked") {
    const Asked asked{basic("alice:guess")};
    std::string name = "somebody";
    CHECK(ws::authenticate(asked.request, {}, name) == Errc::none);
    CHECK(name.empty());
}

TEST_CASE("secrets are compared whole") {
    CHECK(ws::equal_in_constant_time("abc", "abc"));
    for (const char* wrong : {"", "a", "ab", "abd", "xbc", "abcabc", "abca", "ABC"}) {
        CAPTURE(wrong);
        CHECK_FALSE(ws::equal_in_constant_time(wrong, "abc"));
    }
    CHECK_FALSE(ws::equal_in_constant_time({"abc\0", 4}, "abc"));
}

TEST_CASE("RFC 4648 §4 base64 is decoded strictly") {
    for (const std::string& text :
         std::vector<std::string>{"", "a", "ab", "abc", "abcd", "\xff\x00"}) {
        CAPTURE(text);
        CHECK(ws::decode_base64(ws::base64(ws::as_bytes(text))) == text);
    }
    CHECK(ws::decode_base64("++//") == "\xFB\xEF\xFF");
    for (const char* wrong : {"A", "AA", "AAA", "=", "====", "A===", "AA=A",
                              "AB==", "AAB=", "AA==AA==", "AA A", "AAA-", "AAA_", "AAA\n",
                              "AAA{", "AAA[", "AAA:", "AAA,"}) {
        CAPTURE(wrong);
        CHECK_FALSE(ws::decode_base64(wrong));
    }
}
