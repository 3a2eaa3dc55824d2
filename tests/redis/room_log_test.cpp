// Positions as text, and what replies about a room's log say.
#include "redis/room_log.hpp"

#include <doctest/doctest.h>

#include "redis/reply_reader.hpp"

using namespace redis;

namespace {

Reply read(std::string_view bytes) {
    ReplyReader reader;
    reader.feed(bytes);
    const auto reply = reader.next();
    REQUIRE(reply.has_value());
    return *reply;
}

constexpr std::string_view entry =
    "*2\r\n$3\r\n5-1\r\n*4\r\n$1\r\nn\r\n$2\r\n17\r\n$4\r\ntext\r\n$2\r\nhi\r\n";

}  // namespace

TEST_CASE("room log: a position is a text and back") {
    const Position position{1767225600000, 3, 17};
    CHECK(position.text() == "1767225600000-3/17");
    const auto parsed = parse_position(position.text());
    REQUIRE(parsed.has_value());
    CHECK(parsed->text() == position.text());
    CHECK(parse_position("0-0/0").has_value());
    CHECK(parse_position("18446744073709551615-0/1").has_value());
}

TEST_CASE("room log: what is no position is none") {
    for (const std::string_view text :
         {"", "1", "1-1", "1/1", "1-/1", "-1/1", "1-1/", "1-1/x", "1-1/1 ", " 1-1/1", "+1-1/1", "1--1/1",
          "01-1/1", "1-1/01", "18446744073709551616-0/1", "1-1/1/1", "$", "$-0/1"})
        CHECK_MESSAGE(!parse_position(text), text);
}

TEST_CASE("room log: what came later is said by the ids alone") {
    CHECK(Position{1, 9, 100} < Position{2, 0, 1});
    CHECK(Position{2, 0, 100} < Position{2, 1, 1});
    CHECK(Position{2, 1, 100} == Position{2, 1, 1});
}

TEST_CASE("room log: entries of replies") {
    const auto entries = entries_in(read("*1\r\n" + std::string{entry}));
    REQUIRE(entries.has_value());
    REQUIRE(entries->size() == 1);
    CHECK(entries->front().position.text() == "5-1/17");
    CHECK(entries->front().text == "hi");
    CHECK(entries_in(read("*0\r\n"))->empty());
    const auto logs =
        logs_in(read("*1\r\n*2\r\n$3\r\nlog\r\n*1\r\n" + std::string{entry}));
    REQUIRE(logs.has_value());
    CHECK(logs->front().log == "log");
    CHECK(logs->front().entries.front().text == "hi");
    CHECK(logs_in(read("*-1\r\n"))->empty());
    CHECK(logs_in(read("_\r\n"))->empty());
    CHECK(position_in(read("$6\r\n5-1/17\r\n"))->number == 17);
    CHECK(texts_in(read("*2\r\n$1\r\na\r\n$1\r\nb\r\n")) == std::vector<std::string>{"a", "b"});
}

TEST_CASE("room log: logs are a map in RESP3, and pairs in RESP2") {
    const std::string one = "$3\r\none\r\n*1\r\n" + std::string{entry}, two = "$3\r\ntwo\r\n*0\r\n";
    for (const std::string& bytes : {"*2\r\n*2\r\n" + one + "*2\r\n" + two, "%2\r\n" + one + two}) {
        const auto logs = logs_in(read(bytes));
        REQUIRE_MESSAGE((logs && logs->size() == 2), bytes);
        CHECK((*logs)[0].log == "one");
        CHECK((*logs)[0].entries.front().position.text() == "5-1/17");
        CHECK((*logs)[1].log == "two");
        CHECK((*logs)[1].entries.empty());
    }
    for (const std::string& bytes : {"*2\r\n" + one, "*1\r\n*3\r\n" + one + ":1\r\n",
                                     std::string{"%1\r\n:1\r\n*0\r\n"}, std::string{"%1\r\n+a\r\n:1\r\n"}})
        CHECK_MESSAGE(!logs_in(read(bytes)), bytes);
}

TEST_CASE("room log: a reply of another kind is no entry, and no position") {
    for (const std::string_view bytes :
         {"-WRONGTYPE Operation against a key\r\n", "+OK\r\n", ":1\r\n", "*1\r\n+OK\r\n",
          "*1\r\n*2\r\n$3\r\n5-1\r\n*2\r\n$1\r\nn\r\n$1\r\n1\r\n",
          "*1\r\n*2\r\n$3\r\n5-1\r\n*4\r\n$1\r\nn\r\n$1\r\nx\r\n$4\r\ntext\r\n$0\r\n\r\n",
          "*1\r\n*2\r\n$3\r\n5-1\r\n*4\r\n$1\r\nm\r\n$1\r\n1\r\n$4\r\ntext\r\n$0\r\n\r\n"}) {
        CHECK_MESSAGE(!entries_in(read(bytes)), bytes);
        CHECK_MESSAGE(!logs_in(read(bytes)), bytes);
        CHECK_MESSAGE(!position_in(read(bytes)), bytes);
    }
    CHECK_FALSE(texts_in(read("*1\r\n:1\r\n")));
    CHECK_FALSE(position_in(read("*-1\r\n")));
}

TEST_CASE("room log: all keys of a room fall to one machine of a cluster") {
    const RoomKeys keys{"chat:", "lobby"};
    CHECK(keys.log() == "chat:{lobby}:log");
    CHECK(keys.here() == "chat:{lobby}:here");
    CHECK(keys.said("k1") == "chat:{lobby}:said:k1");
}

TEST_CASE("room log: XREAD names all logs, and then all places") {
    const Command command =
        wait_for_entries({{"a", {1, 2, 9}}, {"b", {}}}, 10, 500);
    CHECK(command.bytes() == Command{"XREAD", "COUNT", "10", "BLOCK", "500", "STREAMS", "a", "b", "1-2",
                                     "0-0"}
                                 .bytes());
    CHECK(read_after({"p:", "r"}, {1, 2, 9}, 7).bytes() ==
          Command{"XRANGE", "p:{r}:log", "1-3", "+", "COUNT", "7"}.bytes());
    CHECK(read_after({"p:", "r"}, {1, ~std::uint64_t{0}, 9}, 7).bytes() ==
          Command{"XRANGE", "p:{r}:log", "2-0", "+", "COUNT", "7"}.bytes());
}
