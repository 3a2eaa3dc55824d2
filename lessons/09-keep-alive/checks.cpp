// The judge of lesson 9, exercise 3: pings and silence, over the server's own sockets.
// RFC 6455 §5.5.2, §5.5.3, §7.1.1. Deadlines and threads: checks_threads.cpp.
#include <poll.h>

#include <csignal>
#include <thread>

#include "lessons/09-keep-alive/checks.hpp"

namespace check {

namespace {

// --- exercise 3: pings and silence --------------------------------------------------------------

// As in ws::KeepAlive.
enum Duty : std::uint8_t { nothing_due, ping_due, gone };
constexpr std::uint32_t forever = ~std::uint32_t{0};

// The KeepAlive there, which knows no clock: this is one.
class Moments {
  public:
    Moments(Run& run, std::uint32_t begin, std::uint32_t ping_interval, std::uint32_t idle_timeout)
        : run_{run}, ping_interval_{ping_interval}, idle_timeout_{idle_timeout} {
        run.fresh();
        run.call(Call{"KeepAlive", begin});
    }
    void heard(std::uint32_t now) { run_.call("heard", now); }
    void expect(std::uint32_t now, Duty duty, std::uint32_t wait, std::string_view why) {
        const std::string times =
            "{" + std::to_string(ping_interval_) + ", " + std::to_string(idle_timeout_) + "}";
        const auto [due, until] = run_.call(Call{"next", now, ping_interval_, idle_timeout_}.as(
                                                "next(" + std::to_string(now) + ", " + times + ")"))
                                      .as<Duty, std::uint32_t>();
        run_.equal("duty", Plain{name_of(due)}, Plain{name_of(duty)}, why);
        if (duty != gone) run_.equal("wait", until, wait, why);
    }

  private:
    static std::string name_of(Duty duty) {
        return duty == nothing_due ? "none" : duty == ping_due ? "ping" : duty == gone ? "gone" : "no Duty";
    }

    Run& run_;
    std::uint32_t ping_interval_, idle_timeout_;
};

const Scenario keep_alive{"keep-alive", exercise(3), "RFC 6455 §5.5.2",
    "of two moments, the next ping and the end of patience, the earlier one is next", [](Run& run) {
    // The second one begins where the 32 bits do again.
    for (const std::uint32_t begin : {1'000u, 0u - 250u}) {
        Moments silent{run, begin, 200, 500};
        silent.expect(begin, nothing_due, 200, "the first ping is due an interval after the opening");
        silent.expect(begin + 199, nothing_due, 1, "1 ms is missing");
        silent.expect(begin + 200, ping_due, 200, "it is due, and the next one 200 ms from now");
        silent.expect(begin + 400, ping_due, 100, "it is due; 100 ms from now nothing was heard for 500 ms");
        silent.expect(begin + 500, gone, forever,
                      "nothing was heard for 500 ms. Our own pings are no sign of the peer's life");
        Moments talks{run, begin, 200, 500};
        talks.expect(begin + 200, ping_due, 200, "a ping each interval");
        talks.heard(begin + 300);
        talks.expect(begin + 300, nothing_due, 100, "a byte moves the end of patience, and not the next ping");
        talks.expect(begin + 600, ping_due, 200, "its last byte came 300 ms ago, and a ping is due");
    }
    Moments quiet{run, 0, 0, 500};
    quiet.expect(0, nothing_due, 500, "an interval of zero: never a ping");
    quiet.expect(500, gone, forever, "and the end comes all the same");
    Moments patient{run, 0, 200, 0};
    patient.expect(200, ping_due, 200, "a timeout of zero: never an end");
    patient.expect(1'300, ping_due, 200, "and pings go on");
    Moments never{run, 0, 0, 0};
    never.expect(900, nothing_due, forever, "nothing is ever due, so nobody has to look up for it");
    Moments away{run, 0, 200, 500};
    away.expect(60'000, ping_due, 200, "a minute too late: it was we who stood still, so a ping comes first");
    away.expect(60'200, ping_due, 200, "and the peer has its 500 ms to answer, from then on");
    away.expect(60'500, gone, forever, "it has not answered");
}};

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

const Scenario pings_come{"ping", exercise(3).once(), "RFC 6455 §5.5.2",
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
    // Without pings: what becomes of sending them is exercise 4's.
    Server server{run, {"--ping-interval", "0", "--idle-timeout", "0.7"}};
    Peer client{run, server};
    const auto begin = Clock::now();
    client.open();
    run.step("the client is frozen: it says nothing, and does not end TCP either");
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
    expect_logged(run, server, "the peer went silent: no byte from it for 0.7 s",
                  "Whoever reads the log must see that it was silence and not the network, and how long it was");
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
                  "The close timeout comes first: a client that was told goodbye is not \"silent\"");
}};

// --- exercise 4, over the server's own sockets ----------------------------------------------------

const Scenario own_pings{"own-pings", exercise(4).needs(3).once(), "RFC 6455 §5.5.3",
    "that our ping could be sent is no sign of the peer's life", [](Run& run) {
    Pair pair{run, {.ping_interval = Milliseconds{100}, .idle_timeout = Milliseconds{500}}};
    Pending reading = pair.start_reading();
    run.step("the client's kernel takes our pings, and nobody answers them");
    const auto begin = Clock::now();
    while (!reading.ready(Milliseconds{20}) && since(begin) < run.patience() + Milliseconds{500})
        pair.take(1024, Milliseconds{0});
    run.is_true(reading.ready(),
                "after " + in_words(since(begin)) + " the client has not been given up; idle_timeout is 500 ms. Its "
                "kernel takes a ping also when nobody is there. In send(), sign_of_life() is for bytes for which there "
                "was no room before: only then somebody must have read something");
    run.is_true(!reading.answer().as<bool>(), "read_message() gave a message; none was sent");
}};

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
