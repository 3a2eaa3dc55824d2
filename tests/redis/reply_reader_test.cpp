// RESP2 and RESP3, as the Redis serialization protocol's specifications have them, over every cut.
#include "redis/reply_reader.hpp"

#include <doctest/doctest.h>

#include "redis/command.hpp"
#include "tests/support/bytes.hpp"

using redis::Reply;
using redis::ReplyLimits;
using redis::ReplyReader;

namespace {

Reply status(std::string text) { return {.kind = Reply::Kind::status, .text = std::move(text)}; }
Reply error(std::string text) { return {.kind = Reply::Kind::error, .text = std::move(text)}; }
Reply text(std::string text) { return {.kind = Reply::Kind::text, .text = std::move(text)}; }
Reply integer(std::int64_t value) { return {.kind = Reply::Kind::integer, .integer = value}; }
Reply array(std::vector<Reply> items) {
    return {.kind = Reply::Kind::array, .items = std::move(items)};
}
Reply map(std::vector<Reply> items) { return {.kind = Reply::Kind::map, .items = std::move(items)}; }
const Reply nothing{};

void check_reads(std::string_view bytes, const std::vector<Reply>& expected,
                 const ReplyLimits& limits = {}) {
    test::for_every_split(ws::as_bytes(bytes), [&](test::Pieces& pieces) {
        ReplyReader reader{limits};
        std::vector<Reply> replies;
        for (const ws::Buffer& piece : pieces) {
            reader.feed(ws::as_text(piece));
            while (auto reply = reader.next()) replies.push_back(std::move(*reply));
        }
        CHECK(reader.failed() == "");
        CHECK(replies == expected);
    });
}

void check_fails(std::string_view bytes, std::string_view what, const ReplyLimits& limits = {}) {
    test::for_every_split(ws::as_bytes(bytes), [&](test::Pieces& pieces) {
        ReplyReader reader{limits};
        for (const ws::Buffer& piece : pieces) {
            reader.feed(ws::as_text(piece));
            CHECK_FALSE(reader.next());
        }
        CHECK(reader.failed() == "the server sent " + std::string{what} + "; is it a Redis server?");
        reader.feed("+OK\r\n");
        CHECK_FALSE(reader.next());
    });
}

}  // namespace

TEST_CASE("redis: each kind of reply, over every cut") {
    check_reads("+OK\r\n", {status("OK")});
    check_reads("-NOAUTH Authentication required.\r\n", {error("NOAUTH Authentication required.")});
    check_reads(":0\r\n:-7\r\n:+12\r\n", {integer(0), integer(-7), integer(12)});
    check_reads("$5\r\nhello\r\n$0\r\n\r\n", {text("hello"), text("")});
    check_reads("$-1\r\n*-1\r\n", {nothing, nothing});
    check_reads("*0\r\n", {array({})});
}

TEST_CASE("redis: a text may hold what ends a line") {
    check_reads("$4\r\n\r\n+x\r\n+OK\r\n", {text("\r\n+x"), status("OK")});
    check_reads(std::string_view{"$3\r\na\0b\r\n", 9}, {text(std::string{"a\0b", 3})});
}

TEST_CASE("redis: arrays within arrays, and replies behind them") {
    check_reads("*2\r\n*2\r\n$1\r\na\r\n*0\r\n*3\r\n:1\r\n$-1\r\n-ERR x\r\n+next\r\n",
                {array({array({text("a"), array({})}), array({integer(1), nothing, error("ERR x")})}),
                 status("next")});
}

TEST_CASE("redis: each kind of RESP3, over every cut, has the value that RESP2 has for it") {
    check_reads("_\r\n", {nothing});
    check_reads("#t\r\n#f\r\n", {integer(1), integer(0)});
    check_reads(",1.25\r\n,-3\r\n,+4\r\n,1e-9\r\n,inf\r\n,-inf\r\n,nan\r\n",
                {text("1.25"), text("-3"), text("+4"), text("1e-9"), text("inf"), text("-inf"), text("nan")});
    check_reads("(3492890328409238509324850943850943825024385\r\n(-1\r\n(+2\r\n",
                {text("3492890328409238509324850943850943825024385"), text("-1"), text("+2")});
    check_reads("!8\r\nERR a\r\nb\r\n!0\r\n\r\n", {error("ERR a\r\nb"), error("")});
    check_reads("=9\r\ntxt:hello\r\n=4\r\nmkd:\r\n", {text("hello"), text("")});
    check_reads("~2\r\n+a\r\n:1\r\n~0\r\n", {array({status("a"), integer(1)}), array({})});
    check_reads("%2\r\n+a\r\n:1\r\n$1\r\nb\r\n%0\r\n+next\r\n",
                {map({status("a"), integer(1), text("b"), map({})}), status("next")});
    check_reads("*3\r\n%1\r\n_\r\n*-1\r\n~1\r\n,2\r\n!5\r\nERR x\r\n",
                {array({map({nothing, nothing}), array({text("2")}), error("ERR x")})});
}

TEST_CASE("redis: what is pushed is no answer to anything") {
    check_reads(">2\r\n$7\r\nmessage\r\n*1\r\n+x\r\n:1\r\n>1\r\n_\r\n>0\r\n:2\r\n>1\r\n:3\r\n",
                {integer(1), integer(2)});
    check_reads("|1\r\n+a\r\n+b\r\n>1\r\n+x\r\n:1\r\n", {integer(1)});
    check_fails("*2\r\n:1\r\n>1\r\n+x\r\n:2\r\n", "a push within a reply");
    check_fails("|1\r\n+a\r\n>0\r\n", "a push within a reply");
}

TEST_CASE("redis: an attribute is skipped, wherever it stands") {
    check_reads("|1\r\n+ttl\r\n:9\r\n:1\r\n", {integer(1)});
    check_reads("*2\r\n|1\r\n+ttl\r\n*2\r\n:1\r\n:2\r\n+a\r\n|0\r\n+b\r\n+next\r\n",
                {array({status("a"), status("b")}), status("next")});
    check_reads("%1\r\n|1\r\n+x\r\n|1\r\n+y\r\n_\r\n#t\r\n+a\r\n|1\r\n_\r\n_\r\n:1\r\n",
                {map({status("a"), integer(1)})});
}

TEST_CASE("redis: what is no RESP ends the stream, and says what was wrong") {
    check_fails("HTTP/1.1 400 Bad Request\r\n", "a reply of an unknown kind");
    check_fails("\r\n", "an empty line in the place of a reply");
    check_fails(":1x\r\n", "a number that is none");
    check_fails(":\r\n", "a number that is none");
    check_fails("$x\r\n", "a text whose length is no number");
    check_fails("$-2\r\n", "a text whose length is no number");
    check_fails("*-2\r\n", "an array whose length is no number");
    check_fails("*9999999999999999999\r\n", "an array whose length is no number");
    check_fails("$2\r\nabc\r\n", "a text that does not end where it said");
    for (const std::string_view number : {":+-1", ":--1", ":9223372036854775808", ",", ",x", ",1.5x", ",--1",
                                          ",+-1", ", 1", "(", "(-", "(1.5", "(--1", "(0x1"})
        check_fails(std::string{number} + "\r\n", "a number that is none");
    check_fails("#\r\n", "a boolean that is none");
    check_fails("#true\r\n", "a boolean that is none");
    check_fails("_0\r\n", "a null that says more");
    check_fails("=5\r\nhello\r\n", "a verbatim text of no kind");
    check_fails("=3\r\ntxt\r\n", "a verbatim text of no kind");
    check_fails("=0\r\n\r\n", "a verbatim text of no kind");
    // -1 is RESP2's word for nothing; and no length comes later ("?"), for no Redis sends that.
    for (const std::string_view length : {"!-1", "=-1", "!x", "=", "$?", "=9223372036854775808", "$+-1"})
        check_fails(std::string{length} + "\r\n", "a text whose length is no number");
    for (const std::string_view length : {"%-1", "~-1", "|-1", ">-1", "%x", "~", "|?", ">9223372036854775808", "*+-1"})
        check_fails(std::string{length} + "\r\n", "an array whose length is no number");
}

TEST_CASE("redis: what is cut off is not complete, and not wrong") {
    const std::string_view whole = "%1\r\n|1\r\n+a\r\n(1\r\n=7\r\ntxt:abc\r\n~2\r\n#t\r\n!3\r\nERR\r\n";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        ReplyReader reader;
        reader.feed(whole.substr(0, size));
        CHECK_FALSE(reader.next());
        CHECK(reader.failed() == "");
    }
    check_reads(whole, {map({text("abc"), array({integer(1), error("ERR")})})});
}

TEST_CASE("redis: what is announced is held against limits before it comes") {
    check_fails("$11\r\n", "a text that is too long", {.max_text_bytes = 10});
    check_fails("*4\r\n", "an array that is too long", {.max_items = 3});
    check_fails("*1\r\n*1\r\n*1\r\n", "arrays that are nested too deep", {.max_depth = 2});
    check_fails("!11\r\n", "a text that is too long", {.max_text_bytes = 10});
    check_fails("=11\r\n", "a text that is too long", {.max_text_bytes = 10});
    check_fails("$9223372036854775807\r\n", "a text that is too long");
    // An entry of a map is two items.
    check_reads("%1\r\n:1\r\n:2\r\n", {map({integer(1), integer(2)})}, {.max_items = 3});
    for (const std::string_view length : {"~4", ">4", "%2", "|2", "%9223372036854775807", "|4611686018427387904"})
        check_fails(std::string{length} + "\r\n", "an array that is too long", {.max_items = 3});
    check_fails("~1\r\n%1\r\n|1\r\n", "arrays that are nested too deep", {.max_depth = 2});
    check_fails(">1\r\n*1\r\n~1\r\n", "arrays that are nested too deep", {.max_depth = 2});
    for (const std::string_view line : {"+123456", "(123456", ",123456", "$000001", "%000001"})
        check_fails(std::string{line} + "\r\n", "a line that is too long", {.max_line_bytes = 5});
    // The kind counts, the end of the line does not, nor half of it.
    check_reads("+1234\r\n", {status("1234")}, {.max_line_bytes = 5});
    // Also one that never ends is not kept for ever.
    ReplyReader reader{{.max_line_bytes = 5}};
    reader.feed("+12345678");
    CHECK_FALSE(reader.next());
    CHECK(reader.failed() == "the server sent a line that is too long; is it a Redis server?");
    check_fails("*3\r\n$3\r\nabc\r\n$3\r\ndef\r\n$3\r\nghi\r\n", "a reply that is too large",
                {.max_reply_bytes = 3 * 64 + 8});
    check_fails("%1\r\n=7\r\ntxt:abc\r\n!3\r\nERR\r\n", "a reply that is too large", {.max_reply_bytes = 3 * 64 + 8});
    check_fails("*1\r\n|1\r\n(123\r\n_\r\n:1\r\n", "a reply that is too large", {.max_reply_bytes = 4 * 64 + 3});
}

TEST_CASE("redis: the limit of a reply holds for each anew") {
    ReplyReader reader{{.max_reply_bytes = 200}};
    for (int i = 0; i < 1000; ++i) {
        reader.feed("$20\r\n01234567890123456789\r\n");
        CHECK(reader.next() == text("01234567890123456789"));
        reader.feed("|1\r\n_\r\n_\r\n>1\r\n_\r\n");  // nor does it sum up what is thrown away
    }
}

TEST_CASE("redis: an error's first word says which it is") {
    CHECK(error("READONLY You can't write against a read only replica.").error_code() == "READONLY");
    CHECK(error("LOADING").error_code() == "LOADING");
    CHECK(text("READONLY x").error_code() == "");
}

TEST_CASE("redis: a command is an array of texts, whatever its words hold") {
    CHECK(redis::Command{"PING"}.bytes() == "*1\r\n$4\r\nPING\r\n");
    CHECK(redis::Command{"SET", "a b", "x\r\nFLUSHALL\r\n"}.bytes() ==
          "*3\r\n$3\r\nSET\r\n$3\r\na b\r\n$13\r\nx\r\nFLUSHALL\r\n\r\n");
    redis::Command command{"XREAD"};
    command.add("").add("ü");
    CHECK(command.bytes() == "*3\r\n$5\r\nXREAD\r\n$0\r\n\r\n$2\r\nü\r\n");
}
