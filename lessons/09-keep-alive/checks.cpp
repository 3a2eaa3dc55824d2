// The judge of lesson 9, exercise 3: pings and silence, over the server's own sockets.
// RFC 6455 §5.5.2, §5.5.3, §7.1.1. Deadlines and threads: checks_threads.cpp.
#include <poll.h>

#include <csignal>
#include <thread>

#include "lessons/09-keep-alive/checks.hpp"

namespace check {

namespace {

// --- exercise 3: pings and silence --------------------------------------------------------------

void expect_logged(Run& run, Server& server, const std::string& part,
                   std::string_view why) {
    const Deadline deadline = in(run.patience());
    while (server->errors().find(part) == std::string::npos && Clock::now() < deadline) {
        pollfd log{server->err(), POLLIN, 0};
        ::poll(&log, 1, 20);
    }
    const std::string& log = server->errors();
    run.is_true(log.find(part) != std::string::npos,
                "the log of your server says " + quote(log, 200) + ", expected " +
                    quote(part) + " in it\n" + std::string{why});
}

const Mistakes no_ping{when(
    [](const Came& came) { return came.verdict == Verdict::nothing_received; },
    "No ping came. A browser has no function that sends one, so a server that waits for pings "
    "waits for ever: it has to send them itself. 89 00 is one without payload.")};

const Scenario pings{"ping", exercise(3).once(), "RFC 6455 §5.5.2",
    "a ping leaves each interval, whatever else is sent", [](Run& run) {
    Server server{run, {"--ping-interval", "0.2", "--idle-timeout", "20"}};
    Peer client{run, server};
    const auto begin = Clock::now();
    client.open();
    for (int i = 0; i < 3; ++i) client.expect(ping(), no_ping);
    expect_not_before(run, begin, Milliseconds{600}, "The third ping of 0.2 s each came");
    client.send(pong().masked(run.key()));
    // Somebody who talks all the time gets them as well: a proxy in between may look at one
    // direction alone.
    const auto talk = Clock::now();
    int came = 0;
    while (came < 2 && since(talk) < run.patience()) {
        client.send(text("busy").masked(run.key()));
        while (!client.frame("the echo of \"busy\"").is(Op::text)) ++came;
        pollfd nothing{-1, 0, 0};
        ::poll(&nothing, 1, 40);  // the pace of this client
    }
    run.is_true(came == 2, "the client sends \"busy\" each 40 ms, and no ping came any more. "
                            "A ping is due each interval, whatever else is sent: proxies cut "
                            "what seems idle to them in one direction");
}};

const Scenario silence{"silence", exercise(3).once(), "RFC 6455 §7.1.7",
    "a client from which no byte comes is given up after the idle timeout", [](Run& run) {
    Server server{run, {"--ping-interval", "0.2", "--idle-timeout", "0.7"}};
    Peer client{run, server};
    const auto begin = Clock::now();
    client.open();
    client.expect(ping(), no_ping);
    run.step("the client is frozen: it answers no ping, and does not end TCP either");
    const auto frozen = Clock::now();
    while (!client.ended() && since(frozen) < run.patience()) {
        client.drop(client.received().size());
        client.read();
    }
    if (!client.ended())
        run.fail(Verdict::timed_out,
                 "--idle-timeout 0.7, and after more than 2.5 s the connection is still open. "
                 "TCP does not tell that a cable was pulled: nobody is there who could");
    expect_not_before(run, begin, Milliseconds{700}, "The client was given up");
    expect_logged(run, server, "the peer went silent",
                  "Whoever reads the log must see that it was silence, and not the network");
}};

const Scenario any_byte_counts{"any-byte-counts", exercise(3).once(), "RFC 6455 §5.5.3",
    "any byte is a sign of life, also a tenth of a frame", [](Run& run) {
    Server server{run, {"--ping-interval", "0.15", "--idle-timeout", "1"}};
    Peer client{run, server};
    client.open();
    const std::string word = run.payload(4);
    const Buffer frame = text(word).masked(run.key()).bytes();
    run.step("the client sends a text of 10 bytes, one after each ping, and no pong: its "
             "pong has to wait until the text is through");
    const auto closed = when(
        [](const Came& came) { return came.verdict == Verdict::closed_early; },
        "The client was given up, though a byte came from it each 0.15 s. A pong is not the "
        "only sign of life: it cannot be sent within a frame, and on a slow line a frame "
        "takes long.");
    Mistakes mistakes{no_ping};
    mistakes.push_back(closed);
    for (std::size_t i = 0; i < frame.size(); ++i) {
        client.expect(ping(), mistakes);
        client.push(Bytes{frame}.subspan(i, 1));
    }
    for (Seen seen = client.frame("the echo"); !seen.is(Op::text);)
        seen = client.frame("the echo");
}};

const Scenario close_timeout{"close-timeout", exercise(3).once(), "RFC 6455 §7.1.1",
    "whoever does not answer our Close has the close timeout, all of it", [](Run& run) {
    Server server{run, {"--ping-interval", "0.1", "--idle-timeout", "0.3",
                               "--close-timeout", "1"}};
    Peer client{run, server};
    client.open();
    const auto begin = Clock::now();
    run.step("Ctrl-C for your server");
    server->signal(SIGINT);
    for (Seen seen = client.frame("a Close"); !seen.is(Op::close);)
        seen = client.frame("a Close");
    client.expect_end("the client has not answered the Close for 1 s, the --close-timeout. "
                      "After a Close no ping may follow (§5.5.1)");
    expect_not_before(run, begin, Milliseconds{1000},
                      "Once a Close is sent, silence (--idle-timeout 0.3) does not count any "
                      "more, only --close-timeout 1. Your server ended the connection");
    expect_logged(run, server, "did not answer our Close within 1 s",
                  "The close timeout comes first: who was told goodbye is not \"silent\"");
}};

// --- exercise 4, over the server's own sockets ----------------------------------------------------

const Scenario stop_while_sending{"stop-while-sending", exercise(4).needs(3, 5).once(), "RFC 6455 §7.1.1",
    "Ctrl-C ends a write to a client that takes nothing", [](Run& run) {
    Server server{run, {"--close-timeout", "0.5", "--write-timeout", "60", "--idle-timeout", "0"}};
    Peer client{run, server};
    client.open();
    client.freeze();
    run.step("the client sends long messages and reads no echo, until your server can send no more");
    const Buffer frame = binary(Buffer(100'000)).masked(run.key()).bytes();
    for (int i = 0; i < 200 && client.push_now(frame) == frame.size(); ++i) {
    }
    run.step("Ctrl-C for your server");
    server->signal(SIGINT);
    const auto begin = Clock::now();
    while (!server->ended() && since(begin) < run.patience() + Milliseconds{2000}) {
        (void)server->errors();
        std::this_thread::sleep_for(Milliseconds{20});
    }
    run.is_true(server->ended(), "Your server has not ended. It waits for room, and hears nothing else: "
                                 "wait_for_room() looks after Ctrl-C and after the time that the peer has for "
                                 "our Close, --close-timeout 0.5.");
}};

}  // namespace

}  // namespace check
