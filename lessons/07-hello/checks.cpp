// Checks of lesson 7: addresses as texts, and both hello servers. RFC 6455 §5.5.1, §7.1.1.
// Leaves out: the client, which is lesson 6's session.
#include <signal.h>

#include <cstring>

#include "lessons/tools/check/check.hpp"
#include "net/address.hpp"

namespace {

using check::Run;
using namespace std::chrono_literals;

const check::Lesson lesson{7, "07-hello"};

// --- net/address --------------------------------------------------------------------------------

net::Address address_v4(std::array<std::uint8_t, 4> bytes) {
    net::Address address;
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(8080);
    std::memcpy(&in.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&address.storage, &in, sizeof in);
    address.length = sizeof in;
    return address;
}

net::Address address_v6(std::string_view hex) {
    net::Address address;
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(8080);
    std::memcpy(&in.sin6_addr, check::unhex(hex).data(), 16);
    std::memcpy(&address.storage, &in, sizeof in);
    address.length = sizeof in;
    return address;
}

const check::Scenario ip_v4{
    {.lesson = 7, .name = "ip-v4", .exercise = 3, .rule = "an IPv4 address as people write it",
     .section = "man 3 inet_ntop"},
    [](Run& run) {
        run.equal("ip() of 7F 00 00 01", address_v4({127, 0, 0, 1}).ip(), std::string{"127.0.0.1"});
        run.equal("ip() of C0 00 02 FF", address_v4({192, 0, 2, 255}).ip(),
                  std::string{"192.0.2.255"}, "Each byte is a number from 0 to 255.");
        run.equal("to_string() of it", address_v4({192, 0, 2, 255}).to_string(),
                  std::string{"192.0.2.255:8080"});
    }};

const check::Scenario ip_v6{
    {.lesson = 7, .name = "ip-v6", .exercise = 3, .rule = "an IPv6 address as people write it",
     .section = "man 3 inet_ntop"},
    [](Run& run) {
        const net::Address loopback = address_v6("00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01");
        run.equal("ip() of the loopback", loopback.ip(), std::string{"::1"},
                  "Brackets belong around it only where a port follows: to_string() adds both.");
        run.equal("to_string() of it", loopback.to_string(), std::string{"[::1]:8080"});
        const net::Address longest = address_v6("20 01 0D B8 11 11 22 22 33 33 44 44 55 55 66 66");
        run.equal("ip() of the longest form", longest.ip(),
                  std::string{"2001:db8:1111:2222:3333:4444:5555:6666"},
                  "inet_ntop() needs room for INET6_ADDRSTRLEN characters.");
    }};

const check::Scenario ip_mapped{
    {.lesson = 7, .name = "ip-mapped", .exercise = 3,
     .rule = "an IPv4 address that came over IPv6 is an IPv4 address",
     .section = "RFC 4291 §2.5.5.2"},
    [](Run& run) {
        run.equal("ip() of ::ffff:127.0.0.1",
                  address_v6("00 00 00 00 00 00 00 00 00 00 FF FF 7F 00 00 01").ip(),
                  std::string{"127.0.0.1"},
                  "A socket that takes both families shows IPv4 clients like this. As a text it "
                  "is somebody else than 127.0.0.1, and a list of addresses lets it through.");
        run.equal("ip() of ::fffe:127.0.0.1",
                  address_v6("00 00 00 00 00 00 00 00 00 00 FF FE 7F 00 00 01").ip(),
                  std::string{"::fffe:7f00:1"}, "Only FF FF before the last four bytes says so.");
    }};

// --- greet and say goodbye ----------------------------------------------------------------------

// The mistakes that people make with a farewell.
check::Mistakes farewell_mistakes() {
    return {
        check::when(
            [](const check::Came& came) { return came.verdict == check::Verdict::closed_early; },
            "the connection ended without a Close. The client cannot tell this from a "
            "crash, and says 1006"),
        check::when(
            [](const check::Came& came) {
                return came.verdict == check::Verdict::nothing_received;
            },
            "the greeting came and no Close behind it. The client waits"),
        check::when(
            [](const check::Came& came) {
                return came.got.size() > 1 && came.got[0] == 0x88 && came.got[1] == 0;
            },
            "this Close has no code. The other side sees 1005, \"no code\", and cannot tell "
            "whether that is good or bad"),
        check::when(
            [](const check::Came& came) {
                return came.got.size() > 3 && came.got[2] == 3 && came.got[3] == 0xEE;
            },
            "03 EE is 1006, which must never be on the wire (§7.4.1): it is what an "
            "endpoint says to itself when no Close came"),
    };
}

void check_hello(Run& run, check::Family family, const std::string& address) {
    check::Server server{run};
    check::Peer client{run, server, family};
    client.open();
    client.expect(check::text("Hello! Your IP is " + address).unmasked());
    client.expect(check::close(1000).unmasked(), farewell_mistakes());
    client.send(check::close(1000).masked(run.key()));
    client.expect_end(
        "Both have said Close. The server ends TCP, and it is the first to do so "
        "(§7.1.1).");
}

const check::Scenario hello{
    {.lesson = 7, .name = "hello", .exercise = 4,
     .rule = "a greeting, a Close with 1000, and the server ends TCP", .section = "RFC 6455 §7.1.1",
     .needs = {3}},
    [](Run& run) { check_hello(run, check::Family::ipv4, "127.0.0.1"); }};

const check::Scenario hello_v6{
    {.lesson = 7, .name = "hello-v6", .exercise = 4,
     .rule = "the address is the client's, in its own family", .needs = {3},
     .cuts = {check::Cut::whole}},
    [](Run& run) { check_hello(run, check::Family::ipv6, "::1"); }};

const check::Scenario one_write{
    {.lesson = 7, .name = "one-write", .exercise = 4,
     .rule = "greeting and Close leave in one write", .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run};
        // Several times: a busy kernel may put two small writes into one segment, now and then.
        for (int i = 0; i < 8; ++i) {
            check::Peer client{run, server};
            client.open();
            const auto both_are_here = [&client] {
                const check::Bytes came = client.received();
                const check::Seen greeting = check::read_frame(came);
                return greeting.whole && check::read_frame(came.subspan(greeting.size)).whole;
            };
            while (!both_are_here() && client.read()) continue;
            if (client.received().empty())
                client.fail(check::Verdict::closed_early,
                            "The server ended the connection and had not even greeted.");
            // One segment is the answer to the handshake. What came behind it may be read at once
            // although it was sent in two; so segments are counted, and not reads.
            if (both_are_here() && client.segments() <= 2) continue;
            run.show_frames(check::Way::from_server, client.received());
            client.fail(check::Verdict::wrong,
                        "The greeting came alone, and the Close in a write of its own. Two writes "
                        "are two packets and two wake-ups of the client; one send_raw is one.");
        }
    }};

const check::Scenario waits_for_close{
    {.lesson = 7, .name = "waits-for-close", .exercise = 4,
     .rule = "the server waits for the client's Close before it ends TCP",
     .section = "RFC 6455 §5.5.1", .needs = {3}, .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run};
        check::Peer client{run, server};
        client.open();
        client.expect(check::text("Hello! Your IP is 127.0.0.1").unmasked());
        client.expect(check::close(1000).unmasked(), farewell_mistakes());
        client.expect_silence(600ms,
                              "The server has ended TCP, and the client has not said Close yet. "
                              "Its Close is the proof that the farewell has arrived.");
        client.send(check::close(1000).masked(run.key()));
        client.expect_end();
    }};

const check::Scenario drops_what_comes{
    {.lesson = 7, .name = "drops-what-comes", .exercise = 4,
     .rule = "what the client had sent meanwhile does no harm", .section = "RFC 6455 §1.4",
     .needs = {3}},
    [](Run& run) {
        check::Server server{run};
        check::Peer client{run, server};
        client.open();
        client.send(check::text("a question").masked(run.key()));
        client.send(check::ping("and a ping").masked(run.key()));
        client.send(check::close(1000).masked(run.key()));
        client.expect(check::text("Hello! Your IP is 127.0.0.1").unmasked(),
                      {check::when([](const check::Came& came) { return came.got.empty(); },
                                   "the greeting was lost on its way. Closing a socket in which "
                                   "bytes lie unread sends a reset, and a reset destroys what the "
                                   "other side has not read yet")});
        client.expect(check::close(1000).unmasked(), farewell_mistakes());
        client.expect_end("The client's Close came behind a text and a ping, which are dropped.");
    }};

const check::Scenario never_answers{
    {.lesson = 7, .name = "never-answers", .exercise = 4,
     .rule = "a client that never answers is let go after --close-timeout", .needs = {3},
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run, {"--close-timeout", "0.5"}};
        check::Peer client{run, server};
        client.open();
        client.expect(check::text("Hello! Your IP is 127.0.0.1").unmasked());
        client.expect(check::close(1000).unmasked(), farewell_mistakes());
        const auto begin = std::chrono::steady_clock::now();
        run.step("the client sends texts and never a Close; --close-timeout is 0.5 s");
        while (!client.ended() && std::chrono::steady_clock::now() - begin < 1500ms) {
            const check::Buffer text = check::text("x").masked(run.key()).bytes();
            client.send(check::Bytes{text});
            client.read(250ms);
        }
        const auto took = std::chrono::steady_clock::now() - begin;
        run.is_true(client.ended(),
                    "After 1.5 seconds the server still waits. Each such client keeps a thread for "
                    "ever; and a deadline that begins anew with each frame is none.");
        run.is_true(took > 400ms, "The server gave up after " + std::to_string(took / 1ms) +
                                      " ms. Some clients need a moment to answer.");
    }};

// --- greet and echo -----------------------------------------------------------------------------

// Reads the greeting, gives what it calls the client.
std::string take_greeting(Run& run, check::Peer& client) {
    const check::Seen greeting = client.frame("the greeting");
    constexpr std::string_view begin = "Hello! Your IP is 127.0.0.1:";
    run.is_true(greeting.is(check::Op::text) && greeting.text().starts_with(begin),
                "Expected a text that begins with " + check::quote(begin) +
                    " and ends with the client's port.");
    return std::string{greeting.text().substr(18)};
}

const check::Scenario greet_and_echo{
    {.lesson = 7, .name = "greet-and-echo", .exercise = 5,
     .rule = "--echo greets with address and port, then echoes", .needs = {3}},
    [](Run& run) {
        check::Server server{run, {"--echo"}};
        check::Peer client{run, server};
        client.open();
        // When everything is glued together the first text comes with the request.
        const std::string message = run.payload(5);
        client.send(check::text(message).masked(run.key()));
        const std::string who = take_greeting(run, client);
        client.expect(check::text(message).unmasked());
        server->expect_line("Received from " + who + ": " + message);
        const std::string longer = run.payload(200);
        client.send(check::text(longer).masked(run.key()));
        client.expect(check::text(longer).unmasked());
        server->expect_line("Received from " + who + ": " + longer);
    }};

const check::Scenario echo_close{
    {.lesson = 7, .name = "echo-close", .exercise = 5,
     .rule = "a Close is answered with its own code, then TCP ends", .section = "RFC 6455 §5.5.1",
     .needs = {3}},
    [](Run& run) {
        check::Server server{run, {"--echo"}};
                                     check::Peer client{run, server};
                                     client.open();
                                     client.send(check::ping("?").masked(run.key()));
                                     client.send(check::close(1001, "off").masked(run.key()));
                                     take_greeting(run, client);
                                     client.expect(check::close(1001, "off").unmasked(),
                                                   farewell_mistakes());
                                     client.expect_end();
                                 }};

const check::Scenario who_is_who{
    {.lesson = 7, .name = "who-is-who", .exercise = 5, .rule = "two clients have two ports",
     .needs = {3}, .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run, {"--echo"}};
        check::Peer first{run, server};
        check::Peer second{run, server};
        first.open();
        second.open();
        const std::string one = take_greeting(run, first);
        const std::string two = take_greeting(run, second);
        run.is_true(one != two, "Both are called " + one +
                                    ". ip() is without the port; "
                                    "to_string() has it.");
        second.send(check::text("from the second").masked(run.key()));
        second.expect(check::text("from the second").unmasked());
        server->expect_line("Received from " + two + ": from the second");
    }};

const check::Scenario escape{
    {.lesson = 7, .name = "escape", .exercise = 5,
     .rule = "a message comes back as it was, and is logged harmless", .needs = {3},
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run, {"--echo"}};
        check::Peer client{run, server};
        client.open();
        const std::string who = take_greeting(run, client);
        const std::string message = "two\nlines \x1B[2J";
        client.send(check::text(message).masked(run.key()));
        client.expect(check::text(message).unmasked());
        server->expect_line("Received from " + who + ": two\\nlines \\x1B[2J",
                            "A line feed in a message would forge a line of your log, and an "
                            "escape code clears the screen of whoever reads it: ws::escape.");
    }};

}  // namespace
