// RESP2, as the Redis serialization protocol's specification has it, over every cut.
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

TEST_CASE("redis: what is no RESP2 ends the stream, and says what was wrong") {
    check_fails("HTTP/1.1 400 Bad Request\r\n", "a reply of an unknown kind");
    check_fails("\r\n", "an empty line in the place of a reply");
    check_fails(":1x\r\n", "a number that is none");
    check_fails(":\r\n", "a number that is none");
    check_fails("$x\r\n", "a text whose length is no number");
    check_fails("$-2\r\n", "a text whose length is no number");
    check_fails("*-2\r\n", "an array whose length is no number");
    check_fails("*9999999999999999999\r\n", "an array whose length is no number");
    check_fails("$2\r\nabc\r\n", "a text that does not end where it said");
    check_fails("%1\r\n+a\r\n+b\r\n", "a reply of an unknown kind");  // RESP3's map
}

TEST_CASE("redis: what is announced is held against limits before it comes") {
    check_fails("$11\r\n", "a text that is too long", {.max_text_bytes = 10});
    check_fails("*4\r\n", "an array that is too long", {.max_items = 3});
    check_fails("*1\r\n*1\r\n*1\r\n", "arrays that are nested too deep", {.max_depth = 2});
    check_fails("+123456\r\n", "a line that is too long", {.max_line_bytes = 5});
    // The kind counts, the end of the line does not, nor half of it.
    check_reads("+1234\r\n", {status("1234")}, {.max_line_bytes = 5});
    // Also one that never ends is not kept for ever.
    ReplyReader reader{{.max_line_bytes = 5}};
    reader.feed("+12345678");
    CHECK_FALSE(reader.next());
    CHECK(reader.failed() == "the server sent a line that is too long; is it a Redis server?");
    check_fails("*3\r\n$3\r\nabc\r\n$3\r\ndef\r\n$3\r\nghi\r\n", "a reply that is too large",
                {.max_reply_bytes = 3 * 64 + 8});
}

TEST_CASE("redis: the limit of a reply holds for each anew") {
    ReplyReader reader{{.max_reply_bytes = 100}};
    for (int i = 0; i < 1000; ++i) {
        reader.feed("$20\r\n01234567890123456789\r\n");
        CHECK(reader.next() == text("01234567890123456789"));
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
