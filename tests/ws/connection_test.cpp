// An open connection: messages, ping and pong, the closing handshake. RFC 6455 §5.4 to §5.7, §7.
// Every exchange runs in both roles and over every cut; frames are written unmasked.
#include "ws/connection.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/support/bytes.hpp"
#include "tests/support/exchange.hpp"
#include "tests/support/memory.hpp"
#include "ws/hex.hpp"

using namespace test::literals;
using test::check_exchange;
using test::close_frame;
using test::Recorder;
using ws::Errc;
using ws::Opcode;
using ws::Role;
using ws::State;

namespace {

// The frames break this rule: nothing but `before` is reported, then the failure, and all that
// the peer is told is why, in a Close of this code.
void check_failure(ws::Bytes frames, Errc errc, ws::CloseCode code,
                   std::vector<std::string> before = {}, ws::Limits limits = {}) {
    before.push_back("failed " + std::string{ws::rule(errc).name});
    check_exchange(frames, {before, close_frame(code, ws::rule(errc).sentence), State::closed},
                   limits);
}

}  // namespace

// --- messages -----------------------------------------------------------------------------------

TEST_CASE("§5.7 the examples of the RFC") {
    check_exchange(Role::client, "81 05 48 65 6c 6c 6f"_hex, {{"text \"Hello\""}});
    check_exchange(Role::server, "81 85 37 fa 21 3d 7f 9f 4d 51 58"_hex, {{"text \"Hello\""}});
    check_exchange(Role::client, "01 03 48 65 6c  80 02 6c 6f"_hex, {{"text \"Hello\""}});
    // An unmasked ping, and the masked pong that answers it.
    check_exchange(Role::client, "89 05 48 65 6c 6c 6f"_hex,
                   {{"ping \"Hello\""}, "8a 85 37 fa 21 3d 7f 9f 4d 51 58"_hex});
    check_exchange(Role::server, "8a 85 37 fa 21 3d 7f 9f 4d 51 58"_hex, {{"pong \"Hello\""}});

    // 256 bytes and 64 KiB of binary data in a single unmasked frame.
    for (const auto& header : {"82 7e 01 00"_hex, "82 7f 00 00 00 00 00 01 00 00"_hex}) {
        const std::size_t size = header.size() == 4 ? 256 : 65536;
        const ws::Buffer payload(size, 0xAB);
        for (const std::size_t cut : {std::size_t{1}, std::size_t{5}, size, size + 13}) {
            for (const Role role : {Role::client, Role::server}) {
                const ws::Buffer frame = header + payload;
                const ws::Buffer bytes = role == Role::server ? test::masked(frame) : frame;
                const std::size_t first = std::min(cut, bytes.size() - 1);
                Recorder recorder{role};
                recorder.feed(ws::Bytes{bytes}.first(first));
                CHECK(recorder.events.empty());
                recorder.feed(ws::Bytes{bytes}.subspan(first));
                REQUIRE(recorder.events.size() == 1);
                CHECK((recorder.events[0] == "binary " + ws::hex(payload)));
            }
        }
    }
}

TEST_CASE("§5.6 text and binary, empty and not, one behind the other") {
    check_exchange("81 01 61  82 00  81 00  82 03 00 ff 0a  81 02 c3 a9"_hex,
                   {{"text \"a\"", "binary ", "text \"\"", "binary 00 FF 0A", "text \"é\""}});
}

TEST_CASE("§5.4 a fragmented message is one message of the first frame's type") {
    check_exchange("02 01 01  00 02 02 03  80 01 04"_hex, {{"binary 01 02 03 04"}});
    check_exchange("01 01 61  80 01 62  82 01 63"_hex, {{"text \"ab\"", "binary 63"}});
}

TEST_CASE("§5.4 fragments may be empty, each of them") {
    check_exchange("01 00  80 00"_hex, {{"text \"\""}});
    check_exchange("01 00  00 00  00 00  80 01 61"_hex, {{"text \"a\""}});
    check_exchange("01 01 61  00 00  80 00"_hex, {{"text \"a\""}});
    check_exchange("02 00  00 01 61  00 00  80 01 62  82 00"_hex, {{"binary 61 62", "binary "}});
}

TEST_CASE("§5.4 control frames in the middle of a fragmented message") {
    check_exchange(
        "01 03 48 65 6c  89 01 3f  8a 00  00 00  89 00  80 02 6c 6f"_hex,
        {{"ping \"?\"", "pong \"\"", "ping \"\"", "text \"Hello\""}, "8a 01 3f  8a 00"_hex});
    // Between two empty fragments there is no data yet, but there is a message.
    check_exchange("01 00  89 00  80 00"_hex, {{"ping \"\"", "text \"\""}, "8a 00"_hex});
}

TEST_CASE("§5.4 a continuation frame needs a message to continue") {
    check_failure("80 01 61"_hex, Errc::unexpected_continuation, 1002);
    check_failure("00 00"_hex, Errc::unexpected_continuation, 1002);
    check_failure("81 01 61  80 00"_hex, Errc::unexpected_continuation, 1002, {"text \"a\""});
    check_failure("01 00  80 00  80 00"_hex, Errc::unexpected_continuation, 1002, {"text \"\""});
}

TEST_CASE("§5.4 no message begins before the last one has ended") {
    check_failure("01 01 61  81 01 62"_hex, Errc::expected_continuation, 1002);
    check_failure("01 01 61  01 01 62"_hex, Errc::expected_continuation, 1002);
    check_failure("02 00  82 00"_hex, Errc::expected_continuation, 1002);
    check_failure("02 01 61  8a 00  81 01 62"_hex, Errc::expected_continuation, 1002,
                  {"pong \"\""});
}

TEST_CASE("§5.1 the masking direction") {
    const auto told = [](Errc errc) { return close_frame(1002, ws::rule(errc).sentence); };
    check_exchange(Role::server, "81 05 48 65 6c 6c 6f (unmasked)"_hex,
                   {{"failed frame_not_masked"}, told(Errc::frame_not_masked), State::closed});
    check_exchange(
        Role::client, "81 85 37 fa 21 3d 7f 9f 4d 51 58 (masked)"_hex,
        {{"failed frame_masked"}, test::masked(told(Errc::frame_masked)), State::closed});
    // Control frames as well, and in the middle of a message.
    check_exchange(Role::server, "01 81 00 00 00 00 61  89 00"_hex,
                   {{"failed frame_not_masked"}, told(Errc::frame_not_masked), State::closed});
}

TEST_CASE("§5.2 reserved bits and opcodes") {
    check_failure("c1 01 61 (RSV1)"_hex, Errc::rsv_without_extension, 1002);
    check_failure("a1 01 61 (RSV2)"_hex, Errc::rsv_without_extension, 1002);
    check_failure("91 01 61 (RSV3)"_hex, Errc::rsv_without_extension, 1002);
    check_failure("c9 00 (PING, RSV1)"_hex, Errc::rsv_without_extension, 1002);
    check_failure("01 01 61  c0 00 (CONTINUATION, RSV1)"_hex, Errc::rsv_without_extension, 1002);
    check_failure("83 00"_hex, Errc::reserved_opcode, 1002);
    check_failure("87 01 61"_hex, Errc::reserved_opcode, 1002);
    check_failure("8b 00"_hex, Errc::reserved_opcode, 1002);
    check_failure("81 01 61  8f 00"_hex, Errc::reserved_opcode, 1002, {"text \"a\""});
}

TEST_CASE("§5.2 lengths in a wrong form") {
    check_failure("81 7e 00 05 48 65 6c 6c 6f"_hex, Errc::length_not_minimal, 1002);
    check_failure("82 7f 00 00 00 00 00 00 ff ff"_hex, Errc::length_not_minimal, 1002);
    check_failure("82 7f ff ff ff ff ff ff ff ff"_hex, Errc::length_top_bit, 1002);
    check_failure("82 7f 80 00 00 00 00 00 00 01 61"_hex, Errc::length_top_bit, 1002);
}

TEST_CASE("§5.5 control frames that are too long or fragmented") {
    check_failure("89 7e 00 7e (126)"_hex, Errc::control_too_long, 1002);
    check_failure("88 7e 00 7e (126)"_hex, Errc::control_too_long, 1002);
    check_failure("09 00"_hex, Errc::control_fragmented, 1002);
    check_failure("0a 01 61"_hex, Errc::control_fragmented, 1002);
    check_failure("08 00"_hex, Errc::control_fragmented, 1002);
}

TEST_CASE("§8.1 characters may be cut by fragments, and control frames come in between") {
    check_exchange("01 01 c3  80 01 a9"_hex, {{"text \"é\""}});
    check_exchange("01 02 f0 9f  89 01 ff (any byte)  00 01 91  80 01 8b"_hex,
                   {{"ping \"\\xFF\"", "text \"👋\""}, "8a 01 ff"_hex});
    check_exchange("82 02 c3 28 (binary may hold anything)"_hex, {{"binary C3 28"}});
}

TEST_CASE("§8.1 invalid text fails with 1007, and nothing of it is delivered") {
    check_failure("81 02 61 ff"_hex, Errc::invalid_utf8, 1007);
    check_failure("81 01 c3 (half of a character)"_hex, Errc::invalid_utf8, 1007);
    check_failure("01 01 c3  80 00"_hex, Errc::invalid_utf8, 1007);
    check_failure("01 01 c3  80 01 28"_hex, Errc::invalid_utf8, 1007);
    check_failure("01 01 61  00 03 ed a0 80 (surrogate)"_hex, Errc::invalid_utf8, 1007);
    check_failure("81 04 f4 90 80 80 (beyond U+10FFFF)"_hex, Errc::invalid_utf8, 1007);
    check_failure("81 02 c0 80 (overlong)"_hex, Errc::invalid_utf8, 1007);
    // The next message begins anew.
    check_failure("81 01 61  81 01 a9"_hex, Errc::invalid_utf8, 1007, {"text \"a\""});
}

TEST_CASE("§8.1 invalid text fails before the message is complete") {
    // 1,000 bytes are announced, and two are there.
    check_failure("01 7e 03 e8 61 ff"_hex, Errc::invalid_utf8, 1007);
}

TEST_CASE("§10.4 a message over the limit fails with 1009, by its header") {
    const ws::Limits five{.max_message_bytes = 5};
    check_exchange("81 05 48 65 6c 6c 6f"_hex, {{"text \"Hello\""}}, five);
    check_exchange("01 03 48 65 6c  80 02 6c 6f"_hex, {{"text \"Hello\""}}, five);
    check_failure("81 06"_hex, Errc::message_too_big, 1009, {}, five);
    check_failure("01 03 48 65 6c  80 03"_hex, Errc::message_too_big, 1009, {}, five);
    check_failure("82 7f 7f ff ff ff ff ff ff ff"_hex, Errc::message_too_big, 1009);
    check_failure("02 01 61  80 7f 7f ff ff ff ff ff ff ff"_hex, Errc::message_too_big, 1009);
    check_exchange("82 00  81 00"_hex, {{"binary ", "text \"\""}}, {.max_message_bytes = 0});
    check_failure("82 01"_hex, Errc::message_too_big, 1009, {}, {.max_message_bytes = 0});
}

TEST_CASE("§10.4 another limit holds for the frames that are read from then on, over every cut") {
    // Set when this event has been given out.
    const auto check = [](ws::Bytes frames, std::string_view when, std::uint64_t first,
                          std::uint64_t then, const std::vector<std::string>& expected) {
        for (const Role role : {Role::server, Role::client}) {
            const ws::Buffer bytes = role == Role::server
                                         ? test::masked(frames)
                                         : ws::Buffer{frames.begin(), frames.end()};
            test::for_every_split(bytes, [&](const test::Pieces& pieces) {
                test::SampleKeys keys;
                ws::Connection connection{role, {.max_message_bytes = first}, &keys};
                std::vector<std::string> events;
                ws::Buffer out;
                for (ws::Buffer piece : pieces) {
                    connection.feed(piece);
                    while (const auto event = connection.next(out)) {
                        events.push_back(test::describe(*event));
                        if (events.back() == when) connection.set_read_limit(then);
                    }
                }
                REQUIRE(test::lines(events) == test::lines(expected));
            });
        }
    };
    const ws::Buffer two = "81 02 61 62  81 05 48 65 6c 6c 6f"_hex;
    check(two, "text \"ab\"", 5, 4, {"text \"ab\"", "failed message_too_big"});
    check(two, "text \"ab\"", 2, 5, {"text \"ab\"", "text \"Hello\""});
    check(two, "never", 2, 5, {"text \"ab\"", "failed message_too_big"});
    // In the middle of a message: all of its frames count, also those that came before.
    const ws::Buffer fragments = "01 03 48 65 6c  89 00  80 02 6c 6f"_hex;
    check(fragments, "ping \"\"", 5, 4, {"ping \"\"", "failed message_too_big"});
    check(fragments, "ping \"\"", 3, 5, {"ping \"\"", "text \"Hello\""});
    // Also when they are more than the new limit already, and nothing is added.
    const ws::Buffer none_more = "01 03 48 65 6c  89 00  80 00"_hex;
    check(none_more, "ping \"\"", 3, 2, {"ping \"\"", "failed message_too_big"});
    check(none_more, "ping \"\"", 4, 3, {"ping \"\"", "text \"Hel\""});
}

TEST_CASE("§10.4 a message of too many fragments fails with 1008") {
    const ws::Limits two{.max_fragments = 2};
    check_exchange("01 01 61  80 01 62"_hex, {{"text \"ab\""}}, two);
    check_failure("01 01 61  00 00  80 01 62"_hex, Errc::too_many_fragments, 1008, {}, two);
}

TEST_CASE("§10.4 a million empty fragments end at the limit of fragments") {
    Recorder recorder{Role::client};
    ws::Buffer empty_fragments = "02 00"_hex;
    empty_fragments.resize(2'000'000);
    recorder.feed(empty_fragments);
    CHECK(test::lines(recorder.events) == "failed too_many_fragments\n");
}

// --- ping and pong ------------------------------------------------------------------------------

TEST_CASE("§5.5.2 a ping is answered with a pong of the same payload") {
    check_exchange("89 00"_hex, {{"ping \"\""}, "8a 00"_hex});
    check_exchange("89 05 48 65 6c 6c 6f"_hex, {{"ping \"Hello\""}, "8a 05 48 65 6c 6c 6f"_hex});
    check_exchange("89 01 31  89 01 32"_hex,
                   {{"ping \"1\"", "ping \"2\""}, "8a 01 31  8a 01 32"_hex});
    const ws::Buffer longest(125, 'x');
    check_exchange("89 7d"_hex + longest,
                   {{"ping \"" + std::string(125, 'x') + "\""}, "8a 7d"_hex + longest});
}

TEST_CASE("§5.5.3 a pong that nobody asked for is reported and not answered") {
    check_exchange("8a 01 61"_hex, {{"pong \"a\""}});
}

TEST_CASE("§5.5.3 a pong may be sent unasked, until our Close") {
    ws::Connection server{Role::server, {}};
    ws::Buffer out;
    CHECK(server.pong(out, ws::as_bytes("hi")));
    CHECK(out == "8a 02 68 69"_hex);
    out.clear();
    CHECK(server.close(out, ws::close_code::normal, ""));
    out.clear();
    CHECK_FALSE(server.pong(out, ws::as_bytes("hi")));
    CHECK_FALSE(server.ping(out, ws::as_bytes("hi")));
    CHECK(out.empty());
}

TEST_CASE("§5.5.3 while output is blocked one pong waits, for the latest ping") {
    for (const Role role : {Role::server, Role::client}) {
        const auto from_peer = [&](ws::Bytes frames) {
            return role == Role::server ? test::masked(frames)
                                        : ws::Buffer{frames.begin(), frames.end()};
        };
        const auto from_us = [&](ws::Bytes frames) {
            return role == Role::client ? test::masked(frames)
                                        : ws::Buffer{frames.begin(), frames.end()};
        };
        Recorder recorder{role};
        recorder.connection.output_blocked(true, recorder.out);
        recorder.feed(from_peer("89 01 31  89 01 32  89 00"_hex));
        recorder.connection.output_blocked(true, recorder.out);
        CHECK(recorder.out.empty());
        CHECK(test::lines(recorder.events) == "ping \"1\"\nping \"2\"\nping \"\"\n");
        recorder.connection.output_blocked(false, recorder.out);
        CHECK(recorder.out == from_us("8a 00"_hex));
        recorder.connection.output_blocked(false, recorder.out);  // it was answered once
        CHECK(recorder.out == from_us("8a 00"_hex));
        recorder.feed(from_peer("89 01 33"_hex));  // and now the answer is immediate again
        CHECK(recorder.out == from_us("8a 00"_hex) + from_us("8a 01 33"_hex));
    }
}

TEST_CASE("§5.5.2 no pong after the peer's Close") {
    check_exchange("88 00  89 01 61"_hex, {{"close 1005 \"\""}, "88 00"_hex, State::closed});

    Recorder recorder{Role::client};
    recorder.connection.output_blocked(true, recorder.out);
    recorder.feed("89 01 31  88 00"_hex);
    recorder.connection.output_blocked(false, recorder.out);
    CHECK(recorder.out == test::masked("88 00"_hex));
}

TEST_CASE("§5.5.2 a flood of pings while output is blocked costs no memory") {
    ws::Connection connection{Role::server};
    ws::Buffer out;
    connection.output_blocked(true, out);
    ws::Buffer ping = test::masked("89 7d"_hex + ws::Buffer(125, 'x'));
    const ws::Buffer original = ping;
    const std::size_t before = test::memory().held;
    for (int i = 0; i < 10'000; ++i) {
        std::copy(original.begin(), original.end(), ping.begin());
        connection.feed(ping);
        while (connection.next(out)) {
        }
    }
    CHECK(out.empty());
    CHECK(test::memory().held - before < 256);
}

// --- the closing handshake ----------------------------------------------------------------------

TEST_CASE("§5.5.1 a Close is answered with its own code and reason") {
    check_exchange("88 00"_hex, {{"close 1005 \"\""}, "88 00"_hex, State::closed});
    for (const int number : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                             3000, 3999, 4000, 4999}) {
        const auto code = static_cast<ws::CloseCode>(number);
        CAPTURE(code);
        check_exchange(
            close_frame(code),
            {{"close " + std::to_string(code) + " \"\""}, close_frame(code), State::closed});
        check_exchange(close_frame(code, "bye é"),
                       {{"close " + std::to_string(code) + " \"bye é\""},
                        close_frame(code, "bye é"),
                        State::closed});
    }
    const std::string longest(123, 'x');
    check_exchange(close_frame(1000, longest),
                   {{"close 1000 \"" + longest + "\""}, close_frame(1000, longest), State::closed});
}

TEST_CASE("§7.4 a Close with a code that must not be sent fails with 1002") {
    for (const int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
        check_failure(close_frame(static_cast<ws::CloseCode>(code), "x"), Errc::invalid_close_code,
                      1002);
}

TEST_CASE("§5.5.1 a Close body of one byte fails with 1002") {
    check_failure("88 01 03"_hex, Errc::close_body_of_one_byte, 1002);
}

TEST_CASE("§8.1 a Close reason that is not UTF-8 fails with 1007") {
    check_failure(close_frame(1000, "\xff"), Errc::invalid_close_reason, 1007);
    check_failure(close_frame(1000, "bye \xc3"), Errc::invalid_close_reason, 1007);
}

TEST_CASE("§1.4 whatever follows a Close is discarded, also what breaks a rule") {
    check_exchange("88 00  81 01 61"_hex, {{"close 1005 \"\""}, "88 00"_hex, State::closed});
    check_exchange("88 00  83 00 (reserved)"_hex,
                   {{"close 1005 \"\""}, "88 00"_hex, State::closed});
    check_exchange("88 00  88 02 03 e8"_hex, {{"close 1005 \"\""}, "88 00"_hex, State::closed});
}

TEST_CASE("§7.1.7 after a failure nothing more is read, and nothing more is sent") {
    check_failure("83 00  81 01 61  88 00  83 00"_hex, Errc::reserved_opcode, 1002);

    Recorder recorder{Role::client};
    recorder.feed("83 00"_hex);
    const ws::Buffer told = recorder.out;
    CHECK_FALSE(recorder.connection.send(recorder.out, Opcode::text, ws::as_bytes("x")));
    CHECK_FALSE(recorder.connection.send_fragment(recorder.out, Opcode::text, {}, true));
    CHECK_FALSE(recorder.connection.ping(recorder.out, {}));
    CHECK_FALSE(recorder.connection.pong(recorder.out, {}));
    CHECK_FALSE(recorder.connection.close(recorder.out, 1000, ""));
    CHECK(recorder.out == told);
}

TEST_CASE("§5.5.1 a Close in the middle of a fragmented message ends it undelivered") {
    check_exchange("01 01 61  88 02 03 e8"_hex,
                   {{"close 1000 \"\""}, "88 02 03 e8"_hex, State::closed});
    check_exchange("01 01 c3 (half of a character)  88 00"_hex,
                   {{"close 1005 \"\""}, "88 00"_hex, State::closed});
}

TEST_CASE("§7.1.2 the closing handshake that we begin: our Close, theirs, and no third") {
    for (const Role role : {Role::server, Role::client}) {
        const auto from_peer = [&](ws::Bytes frames) {
            return role == Role::server ? test::masked(frames)
                                        : ws::Buffer{frames.begin(), frames.end()};
        };
        test::for_every_split(
            from_peer("81 01 61 (under way)  89 01 3f  88 02 03 e9 (1001)  81 01 62"_hex),
            [&](const test::Pieces& pieces) {
                Recorder recorder{role};
                CHECK(recorder.connection.close(recorder.out, 1000, "bye"));
                CHECK(recorder.connection.state() == State::closing);
                CHECK_FALSE(recorder.connection.close(recorder.out, 1001, ""));
                CHECK_FALSE(recorder.connection.send(recorder.out, Opcode::text, {}));
                CHECK_FALSE(recorder.connection.ping(recorder.out, {}));
                for (const ws::Buffer& piece : pieces) recorder.feed(piece);
                CHECK(test::lines(recorder.events) == "text \"a\"\nping \"?\"\nclose 1001 \"\"\n");
                CHECK(recorder.connection.state() == State::closed);
                // §5.5.2: the ping came before the peer's Close, so it is answered.
                const ws::Buffer said = close_frame(1000, "bye") + "8a 01 3f"_hex;
                CHECK(recorder.out == (role == Role::client ? test::masked(said) : said));
            });
    }
}

TEST_CASE("§7.1.2 a broken rule after our Close: the state is closed, and no second Close") {
    Recorder recorder{Role::client};
    CHECK(recorder.connection.close(recorder.out, 1000, ""));
    recorder.feed("83 00  88 00"_hex);
    CHECK(test::lines(recorder.events) == "failed reserved_opcode\n");
    CHECK(recorder.connection.state() == State::closed);
    CHECK(recorder.out == test::masked(close_frame(1000)));
}

TEST_CASE("§5.5.1 both sides begin to close at the same time") {
    Recorder server{Role::server};
    Recorder client{Role::client};
    CHECK(server.connection.close(server.out, 1001, "restart"));
    CHECK(client.connection.close(client.out, 1000, "done"));
    const ws::Buffer from_server = server.out;
    const ws::Buffer from_client = client.out;
    server.feed(from_client);
    client.feed(from_server);
    CHECK(test::lines(server.events) == "close 1000 \"done\"\n");
    CHECK(test::lines(client.events) == "close 1001 \"restart\"\n");
    CHECK(server.connection.state() == State::closed);
    CHECK(client.connection.state() == State::closed);
    CHECK(server.out == from_server);  // neither said anything more
    CHECK(client.out == from_client);
}

TEST_CASE("§5.5.1 a Close without a code, and our own between two fragments") {
    Recorder server{Role::server};
    CHECK(server.connection.send_fragment(server.out, Opcode::text, ws::as_bytes("a"), false));
    CHECK(server.connection.close(server.out, ws::close_code::none, ""));
    CHECK_FALSE(server.connection.send_fragment(server.out, Opcode::text, {}, true));
    CHECK(server.out == "01 01 61  88 00"_hex);
}

// --- copies and memory --------------------------------------------------------------------------

TEST_CASE("§5.4 a message that arrived whole lies where it was fed") {
    // One frame; and fragments of which only one holds anything and has FIN.
    for (const auto& frames :
         {"82 05 48 65 6c 6c 6f"_hex, "02 00  00 00  80 05 48 65 6c 6c 6f"_hex}) {
        ws::Buffer bytes = test::masked(frames);
        ws::Connection connection{Role::server};
        ws::Buffer out;
        const std::size_t calls = test::memory().calls;
        connection.feed(bytes);
        const auto event = connection.next(out);
        REQUIRE(event.has_value());
        CHECK(ws::as_text(event->data) == "Hello");
        CHECK(event->data.data() == bytes.data() + bytes.size() - 5);
        CHECK_FALSE(connection.next(out).has_value());
        CHECK(test::memory().calls == calls);
    }
}

TEST_CASE("§5.4 an idle connection holds no buffer, whatever it has received") {
    static_assert(sizeof(ws::Connection) <= 176);
    test::SampleKeys keys;
    const std::size_t before = test::memory().held;
    ws::Connection connection{Role::client, {}, &keys};
    ws::Buffer out;
    out.reserve(1024);
    const std::size_t own = test::memory().held - before;  // `out` alone
    const auto held_after = [&](ws::Buffer bytes) {
        const std::size_t fed = test::memory().held;
        connection.feed(bytes);
        while (connection.next(out)) {
        }
        return test::memory().held - fed;
    };
    CHECK(held_after("01 03 48 65"_hex) > 0);              // half a message
    CHECK(held_after("6c  89 05 48"_hex) > 0);             // and half a ping
    held_after("65 6c 6c 6f  80 02 6c 6f  82 7e 01"_hex);  // both whole, half a header
    CHECK(test::memory().held - before == own);
}

TEST_CASE("§7.1 a closed connection holds no part of a message, while TCP still ends") {
    for (const auto& last : {"88 00"_hex, "83 00 (reserved)"_hex}) {
        Recorder recorder{Role::server};
        recorder.out.reserve(1024);
        recorder.connection.output_blocked(true, recorder.out);
        const std::size_t before = test::memory().held;
        recorder.feed(test::masked("02 7e 27 10"_hex + ws::Buffer(10'000) + "89 01 31"_hex));
        CHECK(test::memory().held - before >= 10'000);
        recorder.feed(test::masked(last));
        recorder.events = std::vector<std::string>{};
        CHECK(test::memory().held == before);
    }
}

TEST_CASE("§10.4 memory follows what has arrived, not what is announced") {
    for (const unsigned arrived : {1u, 100u, 10'000u}) {
        Recorder recorder{Role::client};
        const ws::Buffer header = "82 7f 00 00 00 00 01 00 00 00 (16 MiB)"_hex;
        const std::size_t before = test::memory().held;
        recorder.feed(header);
        CHECK(test::memory().held == before);
        recorder.feed(ws::Buffer(arrived));
        CHECK(test::memory().held - before <= 32 * arrived + 8192);
    }
}

TEST_CASE("§10.4 the assembly buffer is no larger than the limit") {
    Recorder recorder{Role::client, {.max_message_bytes = 1000}};
    const std::size_t before = test::memory().held;
    recorder.feed("02 7e 02 58 (600)"_hex + ws::Buffer(600));
    recorder.feed("00 64 (100)"_hex + ws::Buffer(100));
    CHECK(test::memory().held - before <= 1000 + 64);  // and what tells of it
}

TEST_CASE("§5.4 a message of 1 MiB in reads of 64 KiB is put together in one buffer") {
    ws::Connection connection{Role::server};
    ws::Buffer out;
    ws::Buffer bytes = test::masked("82 7f 00 00 00 00 00 10 00 00"_hex + ws::Buffer(1u << 20));
    ws::MutableBytes rest = bytes;
    const std::size_t calls = test::memory().calls;
    const std::size_t asked = test::memory().asked;
    std::size_t received = 0;
    while (!rest.empty()) {
        const std::size_t size = std::min<std::size_t>(rest.size(), 65536);
        connection.feed(rest.first(size));
        rest = rest.subspan(size);
        while (const auto event = connection.next(out)) received += event->data.size();
    }
    CHECK(received == 1u << 20);
    CHECK(test::memory().calls - calls == 2);  // the bytes, and what tells of them
    CHECK(test::memory().asked - asked <= (1u << 20) + 8192);
}

TEST_CASE("§5.4 the next bytes of a message have a place, within one frame and above a size") {
    Recorder recorder{Role::client, {.max_message_bytes = 1000}};
    const auto room = [&](std::size_t most) { return recorder.connection.room(most).size(); };
    CHECK(room(0) == 0);
    recorder.feed("02 64 (100)"_hex);
    CHECK(room(0) == 0);  // what tells the size has come, and no byte has earned memory
    recorder.feed(ws::Buffer(10));
    CHECK(room(0) == 90);
    CHECK(room(99) == 90);
    CHECK(room(100) == 0);
    recorder.feed(ws::Buffer(90));
    CHECK(room(0) == 0);  // a header comes next
    recorder.feed("89 04 (ping) 01"_hex);
    CHECK(room(0) == 0);  // what is missing is the ping's
    recorder.feed("02 03 04  80 05 (5) 01"_hex);
    CHECK(room(103) == 4);
    CHECK(room(105) == 0);
    recorder.feed("02 03 04 05"_hex);
    CHECK(recorder.events.size() == 2);
    CHECK(room(0) == 0);
    // Handed on as they come, bytes are nowhere put together.
    recorder.connection.deliver_pieces();
    recorder.feed("02 64 (100) 01"_hex);
    CHECK(room(0) == 0);
}

TEST_CASE("§5.4 fragments of one byte are not copied again and again") {
    test::SampleKeys keys;
    ws::Connection connection{Role::client, {}, &keys};
    ws::Buffer out;
    ws::Buffer first = "02 01 61"_hex;
    ws::Buffer next = "00 01 61"_hex;
    ws::Buffer last = "80 01 61"_hex;
    const ws::Limits limits;
    const std::size_t asked = test::memory().asked;
    connection.feed(first);
    CHECK_FALSE(connection.next(out));
    for (std::uint32_t count = 2; count < limits.max_fragments; ++count) {
        connection.feed(next);
        CHECK_FALSE(connection.next(out));
    }
    connection.feed(last);
    CHECK(connection.next(out)->data.size() == limits.max_fragments);
    // Doubling: what was asked for over time is at most four times what there is.
    CHECK(test::memory().asked - asked <= 4 * limits.max_fragments);
}

TEST_CASE("§6.2 pieces are handed out as they arrive, and nothing is put together") {
    const ws::Buffer bytes = "01 03 48 65 6c (Hel) 89 02 68 62 (ping) 80 02 6c 6f (lo) 82 00"_hex;
    test::for_every_split(bytes, [](test::Pieces& reads) {
        test::SampleKeys keys;
        ws::Connection connection{Role::client, {}, &keys};
        connection.deliver_pieces();
        ws::Buffer out;
        std::string text;
        unsigned messages = 0;
        for (ws::Buffer& read : reads) {
            const std::size_t held = test::memory().held;
            connection.feed(read);
            while (const auto event = connection.next(out)) {
                if (event->type != ws::Event::message) continue;
                text += ws::as_text(event->data);
                messages += event->last ? 1 : 0;
                CHECK(event->opcode ==
                      (messages < 2 || !event->last ? ws::Opcode::text : ws::Opcode::binary));
            }
            CHECK(test::memory().held < held + 200);  // the pong, a cut control frame
        }
        CHECK(text == "Hello");
        CHECK(messages == 2);
    });
}

// --- what a driver asks
// ----------------------------------------------------------------------------

TEST_CASE("§7.1.1 who ends TCP, and when") {
    using ws::TcpEnd;
    const auto after = [](Role role, const ws::Buffer& frames, bool closing = false) {
        test::SampleKeys keys;
        ws::Connection connection{role, {}, &keys};
        ws::Buffer out;
        CHECK(connection.tcp_end() == TcpEnd::not_yet);
        if (closing) connection.close(out, 1000, {});
        ws::Buffer bytes = role == Role::server ? test::masked(frames) : frames;
        connection.feed(bytes);
        while (connection.next(out)) {
        }
        return connection.tcp_end();
    };
    for (const bool closing : {false, true}) {
        CAPTURE(closing);
        CHECK(after(Role::server, "81 01 61"_hex, closing) == TcpEnd::not_yet);
        CHECK(after(Role::client, "81 01 61"_hex, closing) == TcpEnd::not_yet);
        CHECK(after(Role::server, "88 02 03 e8"_hex, closing) == TcpEnd::now);
        CHECK(after(Role::client, "88 02 03 e8"_hex, closing) == TcpEnd::await);
        for (const auto& broken : {"83 00"_hex, "88 01 03"_hex}) {
            CHECK(after(Role::server, broken, closing) == TcpEnd::drain);
            CHECK(after(Role::client, broken, closing) == TcpEnd::await);
        }
    }
}

TEST_CASE("§5.4 what was fed and not looked at may move, after each event") {
    const ws::Buffer frames =
        "81 01 61  89 01 70  01 02 62 63  8a 00  80 01 64  82 03 01 02 03  88 02 03 e8"_hex;
    const ws::Buffer bytes = test::masked(frames);
    test::for_every_split(bytes, [](test::Pieces& pieces) {
        ws::Connection connection{Role::server};
        ws::Buffer out;
        std::vector<std::string> events;
        for (ws::Buffer& piece : pieces) {
            connection.feed(piece);
            while (const auto event = connection.next(out)) {
                events.push_back(test::describe(*event));
                ws::Buffer other(connection.unread().begin(), connection.unread().end());
                connection.move_unread(other);
                std::ranges::fill(piece, std::uint8_t{0xEE});  // the old place is somebody else's
                piece.swap(other);                             // lives as long as it is read
            }
        }
        CHECK(test::lines(events) ==
              test::lines({"text \"a\"", "ping \"p\"", "pong \"\"", "text \"bcd\"",
                           "binary 01 02 03", "close 1000 \"\""}));
        CHECK(connection.unread().empty());
    });
}

TEST_CASE("§5.1 a message that is prepared once, or sent from where it lies, is the same message") {
    const ws::Buffer data(70'000, 0x61);
    for (const Role role : {Role::server, Role::client}) {
        test::SampleKeys keys;
        ws::Connection connection{role, {}, &keys};
        ws::Buffer copied;
        ws::Buffer prepared;
        ws::Buffer in_place;
        CHECK(connection.send(copied, Opcode::text, data));
        CHECK(connection.send(prepared, ws::PreparedMessage{Opcode::text, data}));
        ws::Bytes rest = data;
        CHECK(connection.send_in_place(in_place, Opcode::text, rest));
        CHECK((rest.data() == data.data()) == (role == Role::server));
        CHECK(in_place.size() + rest.size() == copied.size());
        ws::append(in_place, rest);
        CHECK((prepared == copied));
        CHECK((in_place == copied));

        connection.close(copied, 1000, {});
        prepared.clear();
        CHECK_FALSE(connection.send(prepared, ws::PreparedMessage{Opcode::text, data}));
        CHECK_FALSE(connection.send_in_place(prepared, Opcode::text, rest));
        CHECK(prepared.empty());
    }
}
