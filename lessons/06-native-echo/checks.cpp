// Checks of lesson 6: the echo server under a hand-made client, the client under a hand-made
// server. RFC 6455 §5, §7.
// Leaves out: the handshake (lesson 4), the frames' own forms (lesson 5), and what this lesson's
// programs leave out: fragments, binary, pongs, UTF-8, close codes (lesson 8).
#include <signal.h>

#include "lessons/tools/check/check.hpp"

namespace check {

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

// --- the server ---------------------------------------------------------------------------------

const Scenario echo{"echo", exercise(3), "RFC 6455 §5.6", "a text comes back as a text",
    [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    for (const std::size_t size : {5u, 0u, 126u, 70'000u}) {
        const std::string message = run.payload(size);
        client.send(text(message).masked(run.key()));
        client.expect(text(message).unmasked());
    }
    for (const std::string_view message : {"Grüße, 世界"sv, "a\0b"sv}) {
        client.send(text(message).masked(run.key()));
        client.expect(text(message).unmasked());
    }
}};

const Scenario two_frames{"two-frames", exercise(3), "RFC 6455 §5.2",
    "two frames in one read are two messages", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    const Frame one = text("one").masked(run.key());
    const Frame two = text("two").masked(run.key());
    Buffer both = one.bytes();
    const Buffer second = two.bytes();
    both.insert(both.end(), second.begin(), second.end());
    client.send(Bytes{both});
    client.expect(text("one").unmasked());
    client.expect(
        text("two").unmasked(),
        {when([](const Came& came) { return came.got.empty(); },
                     "the two frames came in one read, and only the first was answered. What "
                     "stood after it in the buffer must not be thrown away.")});
}};

constexpr std::string_view both_said_close =
    "Both have said Close. The server ends TCP, and it is the first to do so (§7.1.1), so that it "
    "keeps the TIME-WAIT and not the client.";

auto left_without_close() {
    return when(
        [](const Came& came) { return came.verdict == Verdict::closed_early; },
        "the connection ended without a Close. The client cannot tell this from a crash, and "
        "reports 1006. §5.5.1 asks for a Close in response");
}

const Scenario close_with_code{"close", exercise(3), "RFC 6455 §5.5.1", "a Close is answered, then TCP ends",
    [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    client.send(close(4001, "bye").masked(run.key()));
    // Only the code is asked for: a server that leaves the reason out is right as well.
    client.expect_close(
        4001, "the client said why it goes, and gets its code back",
        {left_without_close(),
         when(
             [](const Came& came) {
                 return came.got.size() > 1 && came.got[0] == 0x88 && came.got[1] == 0;
             },
             "this Close has no code. The client said why it goes, and gets its code "
             "back (§5.5.1: \"the endpoint typically echos the status code\")")});
    client.expect_end(both_said_close);
}};

const Scenario empty_close{"empty-close", exercise(3), "RFC 6455 §5.5.1",
    "a Close without a code is one too", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    client.send(close().masked(run.key()));
    client.expect(close().unmasked(),
                  {left_without_close(),
                   when(
                       [](const Came& came) {
                           return came.got.size() > 1 && came.got[0] == 0x88 &&
                                  came.got[1] >= 2;
                       },
                       "the client gave no code, and this answer has one. An echo has the body "
                       "that came, and here that is none")});
    client.expect_end(both_said_close);
}};

const Scenario after_close{"after-close", exercise(3).once(), "RFC 6455 §5.5.1",
    "the answer to a Close is the last that is sent", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    client.send(joined({close(1000), text("too late")}, run.key()));
    client.expect_close(1000, "the client says goodbye, and gets its code back");
    client.expect_end(
        "A text came in the same read as the client's Close, after it. Nobody waits for its echo: "
        "§5.5.1 allows no data frame after a Close, whatever still lies in the buffer.");
}};

const Scenario unmasked{"unmasked", exercise(3), "RFC 6455 §5.1",
    "a client that does not mask is failed with 1002", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    client.send(text("Hello").unmasked());
    client.expect_close(1002,
                        "the frame was not masked, so the connection has to be failed: first a "
                        "Close that says why, then the end of TCP");
    client.expect_end();
}};

const Scenario told_which{"told-which", exercise(3), "RFC 6455 §7.1.7",
    "a client that broke a rule is told which", [](Run& run) {
    Server server{run};
    // Each rule has its code, and its sentence is the reason.
    const auto broken = [&](const Frame& frame, std::uint16_t code, const std::string& why) {
        Peer client{run, server};
        client.open();
        const Buffer header = frame.header();  // what is judged before the payload is waited for
        client.send(Bytes{header});
        const Seen farewell = client.expect_close(code, why + ": errc() says which rule, and rule() has its close code");
        run.is_true(farewell.payload.size() > 2, "The Close has a code, and not a word on the rule that was broken. "
                                                 "connection.fail() sends its sentence along.");
        client.expect_end();
    };
    broken(text("Hello").unmasked(), 1002, "the frame was not masked");
    broken(text("Hello").masked(run.key()).rsv(4), 1002, "a reserved bit is set");
    broken(text("").announcing(std::uint64_t{1} << 40).masked(run.key()), 1009,
           "the frame announces a terabyte, which is more than we hold (§7.4.1)");
}};

constexpr std::string_view end_drops =
    "connection.end() ends our direction first, and drops what still comes; fail() does so, too.";

const Scenario ends_in_order{"ends-in-order", exercise(3).once(), "RFC 6455 §7.1.1",
    "TCP ends in order, also when more lies unread", [](Run& run) {
    Server server{run};
    // At once, so that most of it is in the server's kernel when its first read has brought the first frame.
    const Frame more = text(run.payload(50'000));
    Peer leaves{run, server};
    leaves.open();
    leaves.send(joined({close(1000), more}, run.key()));
    leaves.expect_close(1000, "the client says goodbye, and gets its code back");
    leaves.expect_end_in_order("its Close and a long text after it", end_drops);
    Peer errs{run, server};
    errs.open();
    errs.send(joined({text("Hello").rsv(4), more}, run.key()));
    errs.expect_close(1002, "a reserved bit is set");
    errs.expect_end_in_order("a frame that breaks a rule and a long text after it", end_drops);
}};

const Scenario ping_unanswered{"ping-unanswered", exercise(3), "RFC 6455 §5.5.2",
    "what is no text is not echoed as one", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    client.send(ping("are you there?").masked(run.key()));
    client.send(binary(bytes_of("a picture")).masked(run.key()));
    client.send(text("Hello").masked(run.key()));
    client.expect(
        text("Hello").unmasked(),
        {when([](const Came& came) { return !came.got.empty() && came.got[0] == 0x8A; },
              "this is a pong, and no protocol can object (§5.5.2). But this lesson's task is to leave "
              "everything unanswered that is neither a text nor a Close, and to say so in the log"),
         when([](const Came& came) { return came.got.size() > 1 && came.got[1] == 9; },
              "this is the payload of a binary message, and no text. In this lesson it is left unanswered; "
              "lesson 8 sends it back"),
         when([](const Came& came) { return came.got.size() > 1 && came.got[1] == 14; },
              "this is the payload of the ping, sent back as a message that nobody "
              "wrote. In this lesson a ping is left alone; its answer is a pong"),
         when(
             [](const Came& came) { return came.verdict != Verdict::wrong; },
             "a ping and a binary message came before this text. They break no rule, so the connection goes on")});
    run.is_true(server->errors().find("left unanswered") != std::string::npos,
                "The log says nothing about the ping. What a server leaves out it should say: "
                "\"left unanswered\", and ws::describe_header.");
}};

const Scenario gone{"gone", exercise(3).once(), "", "a client that is gone is no broken rule",
    [](Run& run) {
    Server server{run};
    Peer good{run, server};
    good.open();
    for (const bool reset : {true, false}) {
        Peer bad{run, server};
        bad.open();
        const Buffer frame =
            text("half of it").masked(run.key()).bytes();
        bad.send(Bytes{frame}.first(8));
        if (reset)
            bad.reset();
        else
            bad.end_sending();
        if (!reset)
            bad.expect_end(
                "The client has left in the middle of a frame. There is "
                "nobody to answer, and no rule that was broken.");
    }
    good.send(text("still there?").masked(run.key()));
    good.expect(text("still there?").unmasked());
}};

// --- the client ---------------------------------------------------------------------------------

// Their client, connected to us.
struct Talk {
    explicit Talk(Run& run) : host{run}, client{run, host}, server{run, host} {
        server.welcome();
        client->expect_line("Connected! Type messages to send, Ctrl+C to quit.");
    }
    Host host;
    Client client;
    Peer server;
};

const Scenario client_echo{"client-echo", exercise(5).needs(4).one_by_one(), "",
    "an echo is shown when it is here", [](Run& run) {
    Talk talk{run};
    for (const std::string& message :
         {run.payload(5), std::string{"Grüße"}, run.payload(200)}) {
        talk.client->type(message + '\n');
        talk.server.expect(text(message).any_key());
        talk.server.send(text(message));
        talk.client->expect_line("Echo: " + message,
                                 "A frame may come in several reads. What is not complete "
                                 "waits for the next one, and nothing is lost.");
    }
}};

const Scenario client_two_frames{"client-two-frames", exercise(5).needs(4).one_by_one(), "RFC 6455 §5.2",
    "every frame that a read has brought is taken", [](Run& run) {
    Talk talk{run};
    talk.client->type("Hello\n");
    talk.server.expect(text("Hello").any_key());
    Buffer both = text("Hello").bytes();
    const Buffer second = text("and more").bytes();
    both.insert(both.end(), second.begin(), second.end());
    talk.server.send(Bytes{both});
    talk.client->expect_line("Echo: Hello");
    talk.client->expect_line("Echo: and more",
                             "Both frames came in one read. The second one lies in the buffer, "
                             "and the kernel has nothing more to report: whoever takes one "
                             "frame for each read sees it only when the server speaks again.");
}};

const Scenario client_ping{"client-ping", exercise(5).needs(4).one_by_one(), "RFC 6455 §5.5.2",
    "what is neither a text nor a Close ends nothing", [](Run& run) {
    Talk talk{run};
    talk.client->type("Hello\n");
    talk.server.expect(text("Hello").any_key());
    talk.server.send(ping("are you there?"));
    talk.server.send(binary(bytes_of("a picture")));
    talk.server.send(text("Hello"));
    talk.client->expect_line("Echo: Hello", "A ping and a binary message came before this text. They break no rule: "
                                            "they are left unanswered, and the session goes on.");
}};

const Scenario client_glued{"client-glued", exercise(5).needs(4).glued(), "RFC 6455 §4.1",
    "what came after the handshake's blank line is frames already", [](Run& run) {
    Host host{run};
    Client client{run, host};
    Peer server{run, host};
    server.welcome();
    server.send(text("I speak first"));
    server.expect_silence(50ms, "The client has nothing to say yet.");
    client->expect_line("Connected! Type messages to send, Ctrl+C to quit.");
    client->expect_line("Echo: I speak first",
                        "This text came in one piece with the answer to the handshake. It lies "
                        "in the buffer before the first wait, so it is taken before it.");
}};

const Scenario client_escapes{"client-escapes", exercise(5).needs(4).once(), "",
    "what came is shown, and cannot draw on the terminal", [](Run& run) {
    Talk talk{run};
    talk.client->type("x\n");
    talk.server.expect(text("x").any_key());
    talk.server.send(text("\x1B[2Jgone"));
    talk.client->expect_line("Echo: \\x1B[2Jgone",
                             "These bytes clear the screen of whoever prints them. What comes "
                             "from the other side goes through ws::escape.");
}};

const Scenario client_masked_reply{"client-masked-reply", exercise(5).needs(4).one_by_one(), "RFC 6455 §5.1",
    "a server that masks is failed, and the user told why", [](Run& run) {
    Talk talk{run};
    talk.client->type("Hello\n");
    talk.server.expect(text("Hello").any_key());
    talk.server.send(text("Hello").masked(run.key()));
    talk.server.expect_close(1002, "the frame was masked, and a server's must not be");
    talk.server.end_sending();
    run.equal("the exit status", talk.client->wait(), 1,
              "The session did not end as it should.");
    run.is_true(talk.client->errors().find("5.1") != std::string::npos,
                "Standard error does not name the rule. It says: " +
                    quote(talk.client->errors(), 200));
}};

const Scenario client_ends_in_order{"client-ends-in-order", exercise(5).needs(4).once(), "RFC 6455 §7.1.7",
    "a server that broke a rule can read which, also when it has said more", [](Run& run) {
    Talk talk{run};
    talk.client->type("Hello\n");
    talk.server.expect(text("Hello").any_key());
    talk.server.send(joined({text("Hello"), text(run.payload(50'000))}, run.key()));
    talk.server.expect_close(1002, "the frame was masked, and a server's must not be");
    talk.server.expect_end_in_order("a frame that breaks a rule and a long text after it",
                                    "connection_.fail() ends our direction first, and drops what still comes.");
}};

const Scenario client_lines{"client-lines", exercise(4).needs(5).one_by_one(), "",
    "lines that were piped in wait, and none is lost", [](Run& run) {
    Talk talk{run};
    talk.client->type("one\n\ntwo\nthree");
    talk.client->end_of_input();
    for (const std::string message : {"one", "", "two", "three"}) {
        talk.server.expect(
            text(message).any_key(),
            {when([&](const Came&) { return message.empty(); },
                  "an empty line was typed here, and it was not sent: it is a message without a byte"),
             when(
                [](const Came& came) {
                    return came.got.size() > 0 && came.got[0] == 0x88;
                },
                "the client closes, and has not sent all of its lines. The input has ended, "
                "but what came before its end is still to be sent")});
        if (message == "one")
            talk.server.expect_silence(
                100ms,
                "A further message came before the echo of the first. A line is sent "
                "when the answer to the one before it is here; until then it waits.");
        talk.server.send(text(message));
        talk.client->expect_line("Echo: " + message);
    }
    const Seen goodbye = talk.server.expect_close(
        1000, "the input has ended and every echo is here, so the client says goodbye");
    talk.server.send(close(goodbye.close_code()));
    talk.server.end_sending();
    run.equal("the exit status", talk.client->wait(), 0, "Everything was said and answered.");
}};

const Scenario client_ctrl_c{"client-ctrl-c", exercise(4).needs(5).one_by_one(), "RFC 6455 §7.1.2",
    "Ctrl-C is a goodbye, also while an echo is awaited", [](Run& run) {
    Talk talk{run};
    talk.client->type("Hello\n");
    talk.server.expect(text("Hello").any_key());
    run.step("no echo comes; the user types Ctrl-C");
    talk.client->signal(SIGINT);
    talk.server.expect_close(
        1000, "the user wants to leave, and waits for nothing any more but the server's Close");
    talk.server.send(close(1000));
    talk.server.end_sending();
    run.equal("the exit status", talk.client->wait(), 0, "To leave by Ctrl-C is no failure.");
}};

const Scenario client_one_close{"client-one-close", exercise(4).needs(5).one_by_one(), "RFC 6455 §5.5.1",
    "goodbye is said once, however late it is answered", [](Run& run) {
    Talk talk{run};
    run.step("the user types Ctrl-C");
    talk.client->signal(SIGINT);
    talk.server.expect_close(1000, "the user wants to leave");
    talk.server.expect_silence(300ms, "More came after the Close, and nothing may follow one. Ctrl-C's "
                                      "descriptor stays readable: once it was heard, wait for it no more.");
    talk.server.send(close(1000));
    talk.server.end_sending();
    run.equal("the exit status", talk.client->wait(), 0, "The Close was answered.");
}};

const Scenario client_late_echo{"client-late-echo", exercise(5).needs(4).one_by_one(), "RFC 6455 §5.5.1",
    "an echo that comes after our Close is shown, and changes nothing", [](Run& run) {
    Talk talk{run};
    talk.client->type("Hello\n");
    talk.server.expect(text("Hello").any_key());
    run.step("the user types Ctrl-C, and the echo comes after that");
    talk.client->signal(SIGINT);
    talk.server.expect_close(1000, "the user wants to leave");
    talk.server.send(text("Hello"));
    talk.client->expect_line("Echo: Hello", "It was on its way when the client said goodbye.");
    talk.server.expect_silence(300ms, "More came after the Close, and nothing may follow one. A text ends the "
                                      "waiting for an echo (State::waiting); a client that is closing goes on.");
    talk.server.send(close(1000));
    talk.server.end_sending();
    run.equal("the exit status", talk.client->wait(), 0, "The Close was answered.");
}};

const Scenario client_lost{"client-lost", exercise(4).one_by_one(), "RFC 6455 §7.1.5",
    "an end of TCP without a Close is a loss, and noticed at once", [](Run& run) {
    Talk talk{run};
    run.step("the user types nothing, and the server ends TCP");
    talk.server.end_sending();
    run.equal("the exit status", talk.client->wait(), 1, "No Close came: this was a crash.");
    run.is_true(talk.client->errors().find("The connection is lost") != std::string::npos,
                "Expected \"The connection is lost: …\" on standard error. It says: " +
                    quote(talk.client->errors(), 200));
}};

const Scenario client_no_close{"client-no-close", exercise(4).once(), "",
    "a server that never answers a Close keeps nobody", [](Run& run) {
    Talk talk{run};
    talk.client->end_of_input();
    talk.server.expect_close(1000, "the input has ended, so the client says goodbye");
    run.step("the server answers nothing");
    run.equal("the exit status", talk.client->wait(), 0,
              "The client has said goodbye in the right way. close() sets deadline_, and "
              "wait() must not wait longer.");
}};

const Scenario client_talked_at{"client-talked-at", exercise(4).needs(5).once(), "",
    "a server that talks on after our Close keeps nobody", [](Run& run) {
    Talk talk{run};
    talk.client->end_of_input();
    talk.server.expect_close(1000, "the input has ended, so the client says goodbye");
    run.step("the server answers no Close, and sends texts without a pause");
    const Buffer texts = joined(std::vector<Frame>(3'000, text("and another thing")));
    const Deadline patience = in(run.patience() + 2s);
    while (!talk.client->ended() && std::chrono::steady_clock::now() < patience) talk.server.push(texts);
    run.is_true(talk.client->ended(),
                "The client has said goodbye, and still listens. The socket is readable all the time, so a wait "
                "for it never ends by its deadline: look at deadline_ before you wait.");
    run.equal("the exit status", talk.client->wait(), 0, "The client has said goodbye in the right way.");
}};

}  // namespace

}  // namespace check
