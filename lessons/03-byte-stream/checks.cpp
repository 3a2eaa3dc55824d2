// Checks of lesson 3: numbers in network byte order, a length before each message, and both
// programs with bytes that come in pieces of every size. Leaves out: the naive mode of the
// programs. It is wrong on purpose.
#include <poll.h>

#include <csignal>
#include <cstdio>

#include "lessons/tools/check/check.hpp"

namespace check {

namespace {

using namespace std::string_literals;

// A message as it must be on the wire, made by hand.
std::string framed(std::string_view message) {
    const std::size_t size = message.size();
    return std::string{static_cast<char>(size >> 8), static_cast<char>(size & 0xFF)}.append(
        message);
}

// A length of two bytes, read with these the wrong way round: "768" for 3.
std::string wrong_way_round(std::size_t length) {
    const std::size_t swapped = (length & 0xFF) << 8 | length >> 8;
    return std::to_string(swapped);
}

// --- ws/byte_order ------------------------------------------------------------------------------

std::string hexadecimal(std::uint64_t value) {
    char text[19];
    std::snprintf(text, sizeof text, "0x%llX", static_cast<unsigned long long>(value));
    return text;
}

// `size`: of the type that is asked for.
void check_load(Run& run, std::string_view hex, unsigned size, std::uint64_t expected) {
    run.fresh();
    const auto loaded = run.call(Call{"load_be", unhex(hex), size}.as(
                                     "load_be of " + std::string{hex} + ", " + std::to_string(size) +
                                     (size == 1 ? " byte" : " bytes")))
                            .as<std::uint64_t>();
    run.equal("load_be of " + std::string{hex}, Plain{hexadecimal(loaded)}, Plain{hexadecimal(expected)},
              "The first byte on the wire is worth most. Each further one shifts what is there by "
              "eight bits, in a type that has room for 64.");
}

const Scenario load{"load", exercise(2), "RFC 1700, network byte order",
    "the first byte on the wire is worth most", [](Run& run) {
    check_load(run, "C8", 1, 0xC8);
    check_load(run, "01 2C", 2, 0x012C);
    check_load(run, "00 C8", 2, 0x00C8);
    check_load(run, "01 02 03 04", 4, 0x01020304);
    check_load(run, "FF 80 90 A0", 4, 0xFF8090A0);
    check_load(run, "81 02 03 04 85 06 07 88", 8, 0x8102030485060788);
    check_load(run, "01 02 03 04", 2, 0x0102);  // what stands after it is not part of it
}};

void check_store(Run& run, std::uint64_t value, unsigned size, std::string_view hex) {
    const Buffer expected = unhex(hex);
    expect_bytes(run,
                 Call{"store_be", value, size, expected.size()}.as("store_be of " + std::to_string(value)),
                 expected,
                 {when(
                     [](const Came& came) {
                         return std::equal(came.got.begin(), came.got.end(), came.expected.rbegin());
                     },
                     "these are the right bytes in the order of this machine's memory, the one "
                     "that is worth least first. Expected " +
                         std::string{hex})},
                 false);
}

const Scenario store{"store", exercise(2), "RFC 1700, network byte order",
    "the byte that is worth most leaves first", [](Run& run) {
    check_store(run, 0xC8, 1, "C8");
    check_store(run, 300, 2, "01 2C");
    check_store(run, 0xFF8090A0, 4, "FF 80 90 A0");
    check_store(run, 0x8102030485060788, 8, "81 02 03 04 85 06 07 88");
    check_store(run, 1, 2, "00 01 EE");  // room for three bytes: the third is not touched
}};

// --- writes.hpp ---------------------------------------------------------------------------------

Call plan_writes(std::string_view typed, bool naive) {
    return Call{"plan_writes", typed, naive}.as("plan_writes of " + quote(typed, 60) +
                                                (naive ? ", naive" : ""));
}

void check_plan(Run& run, std::string_view typed, bool naive,
                const std::vector<std::string>& expected) {
    run.fresh();
    const auto planned = run.call(plan_writes(typed, naive)).as<std::optional<std::vector<Buffer>>>();
    run.is_true(planned.has_value(), "a lesson::Failure was thrown, and these messages can be sent");
    const std::vector<Buffer>& writes = *planned;
    run.equal("the number of writes", writes.size(), expected.size(),
              "\" + \" puts two messages into one write; only \" / \" ends a write.");
    const Mistakes mistakes{[&](const Came& came) -> std::optional<Explained> {
        if (naive || came.at > 1 || came.got.size() < 2 || came.expected.size() < 2)
            return std::nullopt;
        const int got = came.got[0] << 8 | came.got[1];
        const int right = came.expected[0] << 8 | came.expected[1];
        const std::string says = "the length says " + std::to_string(got);
        if (got == right + 2)
            return Explained{came.at,
                                    says +
                                        ": it counts its own two bytes too. The "
                                        "other side would take two bytes of the next message."};
        if (std::to_string(got) == wrong_way_round(static_cast<std::size_t>(right)))
            return Explained{0,
                                    says +
                                        ", because the byte that is worth least stands "
                                        "first. Expected " +
                                        hex(came.expected, 2),
                                    2};
        if (typed.find(" / ") != typed.npos && got < right)
            return Explained{came.at, says +
                                                 ": that is the first piece alone. A "
                                                 "length counts the message, however it is cut."};
        return Explained{came.at, says + ". Expected " + hex(came.expected, 2)};
    }};
    for (std::size_t i = 0; i < writes.size(); ++i)
        run.same_bytes("write " + std::to_string(i + 1), writes[i], bytes_of(expected[i]),
                       mistakes, false);
}

const Scenario plan{"plan", exercise(3).needs(2), "", "a length stands before each message",
    [](Run& run) {
    check_plan(run, "Hello", false, {framed("Hello")});
    check_plan(run, "", false, {framed("")});
    check_plan(run, "one + two + three", false,
               {framed("one") + framed("two") + framed("three")});
    const std::string longer = run.payload(300);
    check_plan(run, longer, false, {framed(longer)});
}};

const Scenario plan_cuts{"plan-cuts", exercise(3).needs(2), "", "\" / \" ends a write and no message",
    [](Run& run) {
    check_plan(run, "Hel / lo", false, {"\0\5Hel"s, "lo"});
    check_plan(run, "one + Hel / lo wor / ld + two", false,
               {framed("one") + "\0\x0BHel"s, "lo wor", "ld" + framed("two")});
}};

const Scenario plan_naive{"plan-naive", exercise(3), "", "naive is without lengths",
    [](Run& run) {
    check_plan(run, "one + two", true, {"onetwo"});
    check_plan(run, "Hel / lo", true, {"Hel", "lo"});
}};

const Scenario plan_too_long{"plan-too-long", exercise(3).needs(2), "",
    "two bytes cannot say more than 65535", [](Run& run) {
    const std::string most(65'535, 'x');
    check_plan(run, most, false, {framed(most)});
    run.step("a message of 65536 bytes");
    if (!run.call(plan_writes(most + 'x', false)).as<std::optional<std::vector<Buffer>>>()) return;
    run.fail(Verdict::wrong,
             "No lesson::Failure was thrown. Of 65536 the two bytes keep 00 00: an empty "
             "message, and 65536 bytes that are read as lengths and messages.");
}};

// --- the server ---------------------------------------------------------------------------------

// What is wrong with an echo, as far as it can be told from the bytes.
// `limit`: --max-message-bytes of the server.
Mistakes echo_mistakes(std::size_t length, std::size_t limit = 4096) {
    using Found = std::optional<Explained>;
    return {
        when([=](const Came& came) { return came.verdict == Verdict::closed_early && length == limit; },
             "a message of " + std::to_string(limit) + " bytes was refused, and --max-message-bytes is " +
                 std::to_string(limit) + ". What is as long as the limit is allowed: > and not >=."),
        [](const Came& came) -> Found {
            if (came.verdict != Verdict::wrong || came.at != 1 || came.got_byte(1) != 0)
                return std::nullopt;
            return Explained{0,
                             "a length of 00 00: its second byte had not come yet when it was "
                             "used. Even two bytes may come in two reads. Expected " +
                                 hex(came.expected, 2),
                             2};
        },
        [](const Came& came) -> Found {
            if (came.verdict != Verdict::wrong || came.at < 2 || came.got_byte(came.at) != 0)
                return std::nullopt;
            return Explained{
                came.at,
                "00 is what resize() put there: the rest of the message had not come yet when it "
                "was sent back. One read brings what is there; net::receive_exactly brings all."};
        },
        [](const Came& came) -> Found {
            if (came.verdict != Verdict::wrong || came.at != 0 ||
                came.got_byte(0) != came.expected_byte(2))
                return std::nullopt;
            return Explained{0, "the message came back without its length. The client cannot know "
                                "where it ends. Expected " +
                                    hex(came.expected, 7)};
        },
        when(
            [](const Came& came) { return came.verdict == Verdict::closed_early; },
            "the server ended the stream where an echo was due. To return false ends the "
            "conversation; after a message that was answered it goes on."),
        [length](const Came& came) -> Found {
            if (came.verdict != Verdict::nothing_received) return std::nullopt;
            return Explained{0, "no echo of a message of " + std::to_string(length) +
                                    " bytes, and the server waits for more. Is the length, " +
                                    hex(Bytes{came.expected}.first(2)) +
                                    ", read as another number? The wrong way round it is " +
                                    wrong_way_round(length) + '.'};
        },
    };
}

const Scenario echo{"echo", exercise(4).needs(2), "", "a message is what the length says, however it arrives",
    [](Run& run) {
    Server server{run};
    Peer client{run, server};
    for (const std::string_view message : {"Hello", "again"}) {
        client.send(framed(message));
        client.expect(framed(message), echo_mistakes(message.size()));
    }
    client.end_sending();
    client.expect_end("The stream ended between two messages, which is where it should.");
    run.is_true(server->errors().find("within") == std::string::npos,
                "The server says that something was cut off, and nothing was: " +
                    quote(server->errors(), 200));
}};

const Scenario shown{"shown", exercise(4).needs(2).once(), "",
    "the server shows messages, without their lengths", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.send(framed("Hel") + framed("lo\n"));
    client.expect(framed("Hel") + framed("lo\n"), echo_mistakes(3));
    server->expect_line("Message 1: \"Hel\"");
    server->expect_line("Message 2: \"lo\\n\"");
}};

const Scenario three_in_one{"three-in-one", exercise(4).needs(2), "",
    "what stands after a message is the next one", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.send(framed("one") + framed("two") + framed("three"));
    client.expect(framed("one"), echo_mistakes(3));
    const Mistakes lost{when(
        [](const Came& came) { return came.verdict != Verdict::wrong; },
        "three messages came in one piece, and only those before this one were answered. What "
        "a read brought after a message belongs to the next one.")};
    client.expect(framed("two"), lost);
    client.expect(framed("three"), lost);
}};

const Scenario empty{"empty", exercise(4).needs(2), "", "a message of 0 bytes is a message",
    [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.send(framed("") + framed("x") + framed(""));
    client.expect(framed("") + framed("x") + framed(""), echo_mistakes(0));
}};

const Scenario length_300{"length-300", exercise(4).needs(2), "", "both bytes of the length count",
    [](Run& run) {
    Server server{run};
    Peer client{run, server};
    for (const std::size_t size : {255u, 256u, 300u, 4096u}) {
        const std::string message = framed(run.payload(size));
        client.send(message);
        client.expect(message, echo_mistakes(size));
    }
}};

const Scenario too_long{"too-long", exercise(4).needs(2), "", "a length is a claim, and has a limit",
    [](Run& run) {
    Server server{run, {"--max-message-bytes", "100"}};
    Peer client{run, server};
    const std::string most = framed(run.payload(100));
    client.send(most);
    client.expect(most, echo_mistakes(100, 100));
    run.step("a message of 101 bytes is announced, and --max-message-bytes is 100");
    client.send("\x00\x65"s);
    client.expect_end(
        "Whoever waits for what was announced, and keeps room for it, can be "
        "made to keep as much as a stranger likes. Refuse it at once.");
    run.is_true(server->errors().find("announces 101 bytes") != std::string::npos,
                "The log does not say that 101 bytes were announced. It says: " +
                    quote(server->errors(), 200));
}};

void check_end(Run& run, std::string_view sent, std::string_view says) {
    Server server{run};
    Peer client{run, server};
    client.send(sent);
    client.end_sending();
    client.expect_end("The stream ended in the middle: there is nothing to send back.");
    run.is_true(server->errors().find(says) != std::string::npos,
                "Expected a line in the log with \"" + std::string{says} +
                    "\": whoever looks for the reason has nothing else. It says: " +
                    quote(server->errors(), 200));
}

const Scenario ends_in_length{"ends-in-length", exercise(4), "",
    "a stream that ends within a length is no orderly end",
    [](Run& run) { check_end(run, "\0"s, "within a length"); }};

const Scenario ends_in_message{"ends-in-message", exercise(4).needs(2), "",
    "a stream that ends within a message is no message",
    [](Run& run) { check_end(run, "\0\5Hel"s, "within a message"); }};

// Until the log of the server says so.
void expect_logged(Run& run, Server& server, const std::string& part, std::string_view why) {
    const Deadline deadline = in(run.patience() + Milliseconds{2000});
    while (server->errors().find(part) == std::string::npos && std::chrono::steady_clock::now() < deadline) {
        pollfd log{server->err(), POLLIN, 0};
        ::poll(&log, 1, 20);
    }
    run.is_true(server->errors().find(part) != std::string::npos,
                "the log of your server says " + quote(server->errors(), 200) + ", expected " + quote(part) +
                    " in it. " + std::string{why});
}

const Scenario silent_within{"silent-within", exercise(4).needs(2).once(), "",
    "a client that falls silent within a message is let go", [](Run& run) {
    Server server{run, {"--idle-timeout", "0.7"}};
    Peer client{run, server};
    client.send("\0\5Hel"s);
    run.step("the client says no more, and does not end the stream; --idle-timeout is 0.7 s");
    client.expect_end("Each wait has a deadline, also that for the rest of a message: net::receive_exactly takes it.");
    expect_logged(run, server, "within a message: timed out", "Whoever reads it must see why the client went.");
}};

const Scenario takes_nothing{"takes-nothing", exercise(4).needs(2).once(), "",
    "a client that takes no echo is let go", [](Run& run) {
    Server server{run, {"--idle-timeout", "0.7", "--max-message-bytes", "65535"}};
    Peer client{run, server};
    client.freeze();
    run.step("the client sends long messages and reads no echo, until your server can send no more");
    std::string many;
    while (many.size() < std::size_t{16} << 20) many += framed(std::string(65'535, 'x'));
    Bytes left = bytes_of(many);
    for (int i = 0; i < 10 && server->errors().find("timed out") == std::string::npos; ++i)
        left = left.subspan(client.push_now(left));
    expect_logged(run, server, ": timed out",
                  "Nothing was taken for 0.7 s, the --idle-timeout, so send_all() gave up within an echo. Whoever "
                  "does not look at its result reads on, and sends the next echo into the middle of this one.");
}};

const Scenario traced{"traced", exercise(4).needs(2).once(), "", "--trace shows a message both ways", [](Run& run) {
    Server server{run, {"--trace"}};
    Peer client{run, server};
    client.send(framed("Hello"));
    client.expect(framed("Hello"), echo_mistakes(5));
    for (const char* arrow : {"→", "←"})
        expect_logged(run, server, std::string{arrow} + " 00 05 48 65 6C 6C 6F       length 5, \"Hello\"",
                      "trace_.line() shows a message with its length, when it has come and when it was sent.");
}};

// --- the client ---------------------------------------------------------------------------------

const Scenario client_one{"client", exercise(5).needs(2, 3).one_by_one(), "",
    "an answer is what its length says, however it arrives", [](Run& run) {
    Host host{run};
    Client client{run, host};
    Peer server{run, host};
    client->type("Hello\n");
    server.expect(framed("Hello"));
    server.send(framed("Hello"));
    client->expect_line("Echo: \"Hello\"",
                        "An answer is its text, without the two bytes before it, however many "
                        "reads bring it.");
    const std::string longer = run.payload(300);
    client->type(longer + '\n');
    server.expect(framed(longer));
    server.send(framed(longer));
    client->expect_line("Echo: \"" + longer + '"');
    client->end_of_input();
    server.expect_end("The input has ended, so the client ends the stream.");
}};

const Scenario client_two{"client-two", exercise(5).needs(2, 3).one_by_one(), "",
    "as many answers as questions, each to its last byte", [](Run& run) {
    Host host{run};
    Client client{run, host};
    Peer server{run, host};
    client->type("one + two +  + Hel / lo\n");
    server.expect(framed("one") + framed("two") + framed("") + framed("Hello"));
    server.send(framed("one") + framed("two") + framed("") + framed("Hello"));
    constexpr std::string_view why =
        "All answers came in one piece. A read that takes more than one answer needs has "
        "taken the beginning of the next one.";
    client->expect_line("Echo: \"one\"", why);
    client->expect_line("Echo: \"two\"", why);
    client->expect_line("Echo: \"\"", why);
    client->expect_line("Echo: \"Hello\"", why);
}};

const Scenario interrupted{"interrupted", exercise(5).needs(2, 3).once(), "",
    "Ctrl-C ends the waiting for an answer at once", [](Run& run) {
    Host host{run};
    Client client{run, host};
    Peer server{run, host};
    client->type("Hello\n");
    server.expect(framed("Hello"));
    server.send("\0\5Hel"s);
    run.step("Ctrl-C for your client, while the rest of the answer is missing");
    client->signal(SIGINT);
    run.equal("the exit status", client->wait(), 0,
              "Your client has ended only when its time for the answer was over. Read with receive_some() of this "
              "class, which listens for Ctrl-C; net::receive_exactly does not.");
}};

const Scenario client_cut_off{"client-cut-off", exercise(5).needs(2, 3).once(), "", "half an answer is none",
    [](Run& run) {
    Host host{run};
    Client client{run, host};
    Peer server{run, host};
    client->type("Hello\n");
    server.expect(framed("Hello"));
    server.send("\0\5Hel"s);
    server.end_sending();
    run.equal("the exit status", client->wait(), 1,
              "The server ended the stream after 3 of 5 bytes: the question was not answered.");
    run.equal("what was printed", std::string_view{client->output()}, std::string_view{""},
              "Half an answer is none.");
}};

}  // namespace

}  // namespace check
