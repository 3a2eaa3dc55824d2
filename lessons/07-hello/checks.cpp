// Checks of lesson 7: addresses as texts, and both hello servers. RFC 6455 §5.5.1, §7.1.1.
// Leaves out: the client, which is lesson 6's session.
#include <signal.h>

#include "lessons/tools/check/check.hpp"

namespace check {

namespace {

using namespace std::chrono_literals;

// --- net/address --------------------------------------------------------------------------------

// ip() or to_string() of an address with port 8080, given by its bytes.
Call of(std::string_view function, std::string_view hex) {
    return Call{std::string{function}, unhex(hex)}.as(std::string{function} + "() of " + std::string{hex});
}

const Scenario ip_v4{"ip-v4", exercise(3), "man 3 inet_ntop", "an IPv4 address as people write it",
    [](Run& run) {
    expect_call(run, of("ip", "7F 00 00 01"), "127.0.0.1");
    expect_call(run, of("ip", "C0 00 02 FF"), "192.0.2.255", "Each byte is a number from 0 to 255.");
    expect_call(run, of("to_string", "C0 00 02 FF"), "192.0.2.255:8080");
}};

const Scenario ip_v6{"ip-v6", exercise(3), "man 3 inet_ntop", "an IPv6 address as people write it",
    [](Run& run) {
    const std::string_view loopback = "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01";
    expect_call(run, of("ip", loopback), "::1",
                "Brackets belong around it only where a port follows: to_string() adds both.");
    expect_call(run, of("to_string", loopback), "[::1]:8080");
    expect_call(run, of("ip", "20 01 0D B8 11 11 22 22 33 33 44 44 55 55 66 66"),
                "2001:db8:1111:2222:3333:4444:5555:6666",
                "inet_ntop() needs room for INET6_ADDRSTRLEN characters.");
}};

const Scenario ip_mapped{"ip-mapped", exercise(3), "RFC 4291 §2.5.5.2",
    "an IPv4 address that came over IPv6 is an IPv4 address", [](Run& run) {
    const std::string_view mapped = "00 00 00 00 00 00 00 00 00 00 FF FF 7F 00 00 01";
    expect_call(run, of("ip", mapped), "127.0.0.1",
                "It is ::ffff:127.0.0.1. A socket that takes both families shows IPv4 clients like this. As "
                "a text it is somebody else than 127.0.0.1, and a list of addresses lets it through.");
    expect_call(run, of("to_string", mapped), "127.0.0.1:8080", "the port follows what ip() gives");
    expect_call(run, of("ip", "00 00 00 00 00 00 00 00 00 00 FF FE 7F 00 00 01"), "::fffe:7f00:1",
                "Only FF FF before the last four bytes says so.");
    expect_call(run, of("ip", "20 01 0D B8 00 00 00 00 00 00 FF FF 7F 00 00 01"), "2001:db8::ffff:7f00:1",
                "Ten bytes of zero stand before FF FF, or it is an address of IPv6 like any other.");
    expect_call(run, of("ip", "00 00 00 00 00 00 00 00 FF FF 00 00 7F 00 00 01"), "::ffff:0:7f00:1",
                "Its text begins with ::ffff: as well, and it is no IPv4 address: look at the bytes, and not at "
                "the text.");
    expect_call(run, of("ip", "00 00 00 00 00 00 00 00 00 00 00 00 C0 00 02 01"), "::192.0.2.1",
                "Without FF FF it stays an address of IPv6, whatever its last bytes look like.");
    expect_call(run, of("ip", "00 00 00 00 00 00 00 00 00 00 FF FF 01 02 03 04"), "1.2.3.4",
                "It is ::ffff:1.2.3.4.");
}};

// --- greet and say goodbye ----------------------------------------------------------------------

// The mistakes that people make with a farewell.
Mistakes farewell_mistakes() {
    return {
        when(
            [](const Came& came) { return came.verdict == Verdict::closed_early; },
            "the connection ended without a Close. The client cannot tell this from a "
            "crash, and says 1006"),
        when(
            [](const Came& came) {
                return came.verdict == Verdict::nothing_received;
            },
            "the greeting came and no Close after it. The client waits"),
        when(
            [](const Came& came) {
                return came.got.size() > 1 && came.got[0] == 0x88 && came.got[1] == 0;
            },
            "this Close has no code. The other side sees 1005, \"no code\", and cannot tell "
            "whether that is good or bad"),
        when(
            [](const Came& came) {
                return came.got.size() > 3 && came.got[2] == 3 && came.got[3] == 0xEE;
            },
            "03 EE is 1006, which must never be on the wire (§7.4.1): it is what an "
            "endpoint says to itself when no Close came"),
    };
}

void check_hello(Run& run, Family family, const std::string& address) {
    // So long that it is the client's Close that ends the waiting, on a busy machine, too.
    Server server{run, {"--close-timeout", "600"}};
    Peer client{run, server, family};
    client.open();
    client.expect(text("Hello! Your IP is " + address).unmasked());
    client.expect(close(1000).unmasked(), farewell_mistakes());
    client.send(close(1000).masked(run.key()));
    client.expect_end(
        "Both have said Close. The server ends TCP, and it is the first to do so "
        "(§7.1.1).");
}

const Scenario hello{"hello", exercise(4).needs(3), "RFC 6455 §7.1.1",
    "a greeting, a Close with 1000, and the server ends TCP",
    [](Run& run) { check_hello(run, Family::ipv4, "127.0.0.1"); }};

const Scenario hello_v6{"hello-v6", exercise(4).needs(3).once().over_ipv6(), "",
    "the address is the client's, in its own family",
    [](Run& run) { check_hello(run, Family::ipv6, "::1"); }};

const Scenario one_write{"one-write", exercise(4).once(), "", "greeting and Close leave in one write",
    [](Run& run) {
    Server server{run};
    // Several times: a busy kernel may put two small writes into one segment, now and then.
    for (int i = 0; i < 8; ++i) {
        Peer client{run, server};
        client.open();
        const auto both_are_here = [&client] {
            const Bytes came = client.received();
            const Seen greeting = read_frame(came);
            return greeting.whole && read_frame(came.subspan(greeting.size)).whole;
        };
        while (!both_are_here() && client.read()) continue;
        if (client.received().empty())
            client.fail(Verdict::closed_early,
                        "The server ended the connection and had not even greeted.");
        // One segment is the answer to the handshake. What came after it may be read at once
        // although it was sent in two; so segments are counted, and not reads.
        if (both_are_here() && client.segments() <= 2) continue;
        run.show_frames(Way::from_server, client.received());
        client.fail(Verdict::wrong,
                    "The greeting came alone, and the Close in a write of its own. Two writes "
                    "are two packets and two wake-ups of the client; one send is one.");
    }
}};

const Scenario waits_for_close{"waits-for-close", exercise(4).needs(3).once(), "RFC 6455 §5.5.1",
    "the server waits for the client's Close before it ends TCP", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    client.expect(text("Hello! Your IP is 127.0.0.1").unmasked());
    client.expect(close(1000).unmasked(), farewell_mistakes());
    for (const Frame& frame : {text("what?"), binary(bytes_of("?")), ping("?"), pong("?")})
        client.send(frame.masked(run.key()));
    client.expect_silence(600ms,
                          "The server has ended TCP, and the client has not said Close yet. "
                          "Its Close is the proof that the farewell has arrived. What comes before it is read and "
                          "dropped, whatever it is.");
    client.send(close(1000).masked(run.key()));
    client.expect_end();
}};

const Scenario drops_what_comes{"drops-what-comes", exercise(4).needs(3), "RFC 6455 §1.4",
    "what the client had sent meanwhile does no harm", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    client.send(text("a question").masked(run.key()));
    client.send(ping("and a ping").masked(run.key()));
    client.send(close(1000).masked(run.key()));
    client.expect(text("Hello! Your IP is 127.0.0.1").unmasked(),
                  {when([](const Came& came) { return came.got.empty(); },
                        "the greeting was lost on its way. Closing a socket in which bytes lie unread "
                        "sends a reset, and a reset destroys what the other side has not read yet")});
    client.expect(close(1000).unmasked(), farewell_mistakes());
    client.expect_end("The client's Close came after a text and a ping, which are dropped.");
}};

constexpr std::string_view close_and_more = "its Close and a long text after it";
constexpr std::string_view end_drops =
    "connection.end() ends our direction first, and drops what still comes.";

const Scenario ends_in_order{"ends-in-order", exercise(4).needs(3).once(), "RFC 6455 §7.1.1",
    "TCP ends in order, also when more lies unread", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    client.expect(text("Hello! Your IP is 127.0.0.1").unmasked());
    client.expect(close(1000).unmasked(), farewell_mistakes());
    // At once, so that most of it is in the server's kernel when its first read has brought the Close.
    client.send(joined({close(1000), text(run.payload(50'000))}, run.key()));
    client.expect_end_in_order(close_and_more, end_drops);
}};

const Scenario never_answers{"never-answers", exercise(4).needs(3).once(), "",
    "a client that never answers is let go after --close-timeout", [](Run& run) {
    Server server{run, {"--close-timeout", "0.5"}}, patient{run, {"--close-timeout", "600"}};
    // This one comes first, so whoever waits for a time of its own lets it go first, too.
    Peer other{run, patient};
    other.open();
    other.frame("the greeting");
    other.expect(close(1000).unmasked(), farewell_mistakes());
    Peer client{run, server};
    // The server's time begins with its Close. That may lie here for a while before it is read, so
    // what is measured begins before all of it.
    const auto begin = std::chrono::steady_clock::now();
    client.open();
    client.expect(text("Hello! Your IP is 127.0.0.1").unmasked());
    client.expect(close(1000).unmasked(), farewell_mistakes());
    run.step("the client sends texts and never a Close; --close-timeout is 0.5 s");
    const Deadline patience = in(run.patience() + 1500ms);
    while (!client.ended() && std::chrono::steady_clock::now() < patience) {
        client.send(text("x").masked(run.key()));
        client.read(250ms);
    }
    const auto took = std::chrono::steady_clock::now() - begin;
    run.is_true(client.ended(),
                "After 4 seconds the server still waits. Each such client keeps a thread for "
                "ever; and a deadline that begins anew with each frame is none.");
    run.is_true(took > 400ms, "The server gave up after " + std::to_string(took / 1ms) +
                                  " ms. Some clients need a moment to answer.");
    run.step("a server that has --close-timeout 600 still waits for its client");
    other.expect_silence(100ms, "The patience is the option's, whatever it is: close_timeout, and no number of "
                                "your own.");
}};

// --- greet and echo -----------------------------------------------------------------------------

// Reads the greeting, gives what it calls the client.
std::string take_greeting(Run& run, Peer& client) {
    const Seen greeting = client.frame("the greeting");
    constexpr std::string_view begin = "Hello! Your IP is 127.0.0.1:";
    run.is_true(greeting.is(Op::text) && greeting.text().starts_with(begin),
                "Expected a text that begins with " + quote(begin) +
                    " and ends with the client's port.");
    return std::string{greeting.text().substr(18)};
}

const Scenario greet_and_echo{"greet-and-echo", exercise(5).needs(3), "",
    "--echo greets with address and port, then echoes", [](Run& run) {
    Server server{run, {"--echo"}};
    Peer client{run, server};
    client.open();
    // When everything is glued together the first text comes with the request.
    const std::string message = run.payload(5);
    client.send(text(message).masked(run.key()));
    const std::string who = take_greeting(run, client);
    client.expect(text(message).unmasked());
    server->expect_line("Received from " + who + ": " + message);
    const std::string longer = run.payload(200);
    client.send(text(longer).masked(run.key()));
    client.expect(text(longer).unmasked());
    server->expect_line("Received from " + who + ": " + longer);
}};

const Scenario echo_close{"echo-close", exercise(5).needs(3), "RFC 6455 §5.5.1",
    "a Close is answered with its own code, then TCP ends", [](Run& run) {
    Server server{run, {"--echo"}};
    Peer client{run, server};
    client.open();
    client.send(ping("?").masked(run.key()));
    client.send(close(1001, "off").masked(run.key()));
    take_greeting(run, client);
    // Only the code is asked for: a server that leaves the reason out is right as well.
    client.expect_close(1001, "the client said why it goes, and gets its code back", farewell_mistakes());
    client.expect_end();
}};

const Scenario echo_ends_in_order{"echo-ends-in-order", exercise(5).needs(3).once(), "RFC 6455 §7.1.1",
    "after the answered Close TCP ends in order, also when more lies unread", [](Run& run) {
    Server server{run, {"--echo"}};
    Peer client{run, server};
    client.open();
    take_greeting(run, client);
    // At once, so that most of it is in the server's kernel when its first read has brought the Close.
    client.send(joined({close(1000), text(run.payload(50'000))}, run.key()));
    client.expect_close(1000, "the client says goodbye, and gets its code back", farewell_mistakes());
    client.expect_end_in_order(close_and_more, end_drops);
}};

const Scenario who_is_who{"who-is-who", exercise(5).needs(3).once(), "", "two clients have two ports",
    [](Run& run) {
    Server server{run, {"--echo"}};
    Peer first{run, server};
    Peer second{run, server};
    first.open();
    second.open();
    const std::string one = take_greeting(run, first);
    const std::string two = take_greeting(run, second);
    run.is_true(one != two, "Both are called " + one + ". ip() is without the port; to_string() has it.");
    second.send(text("from the second").masked(run.key()));
    second.expect(text("from the second").unmasked());
    server->expect_line("Received from " + two + ": from the second");
}};

const Scenario escape{"escape", exercise(5).needs(3).once(), "",
    "a message comes back as it was, and is logged harmless", [](Run& run) {
    Server server{run, {"--echo"}};
    Peer client{run, server};
    client.open();
    const std::string who = take_greeting(run, client);
    const std::string message = "two\nlines \x1B[2J";
    client.send(text(message).masked(run.key()));
    client.expect(text(message).unmasked());
    server->expect_line("Received from " + who + ": two\\nlines \\x1B[2J",
                        "A line feed in a message would forge a line of your log, and an "
                        "escape code clears the screen of whoever reads it: ws::escape.");
}};

}  // namespace

}  // namespace check
