// The judge of lesson 11, exercises 2 to 4: a buffer, a clock, one send, and one client alone.
// The loop is judged over real sockets in checks_loop.cpp.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

#include "lessons/tools/check/check.hpp"
#include "lessons/tools/check/descriptors.hpp"

namespace check {

namespace {

// --- exercise 2: a buffer and a clock -----------------------------------------------------------

const Scenario out_buffer{"out-buffer", exercise(2), "",
    "what was taken goes from the front, the rest stays in order", [](Run& run) {
    const std::string all = run.payload(400);
    for (const std::size_t step : {1u, 3u, 7u, 100u, 399u, 400u}) {
        run.fresh();
        run.call(Call{"OutBuffer"}.as("an OutBuffer"));
        run.call(Call{"append", bytes_of(all)}.as("append() of 400 bytes"));
        for (std::size_t gone = 0; gone < all.size();) {
            const std::size_t count = std::min(step, all.size() - gone);
            const std::string words =
                "taken(" + std::to_string(count) + ") of " + std::to_string(all.size() - gone) + " bytes";
            const auto [size, left] = run.call(Call{"taken", count}.as(words)).as<std::size_t, Buffer>();
            gone += count;
            run.equal("size()", size, all.size() - gone, "what the kernel took is gone, and nothing else");
            run.equal("bytes()", text_of(left), all.substr(gone), "the rest, in its order");
        }
        run.is_true(run.call(Call{"empty"}).as<bool>(), "all was taken, so the buffer is empty");
        const auto left = run.call(Call{"append", bytes_of("next")}.as("append() of \"next\"")).as<Buffer>();
        run.equal("bytes() after the next append()", text_of(left), "next",
                  "what was sent must not come a second time");
    }
}};

const Scenario out_buffer_cost{"out-buffer-cost", exercise(2), "",
    "the rest is not moved with each write, and what was sent is not kept for ever", [](Run& run) {
    const Buffer block(1000, 0x61);
    const Call fresh_buffer = Call{"OutBuffer"}.as("an OutBuffer");
    run.call(fresh_buffer);
    const Call crumbs = Call{"crumbs", 900, block, 40}.as("append() 900 times; taken(40) until it is empty");
    run.within(Milliseconds{500}, "0.9 MB leave in crumbs of 40 bytes", [&] { run.call(crumbs); });
    run.fresh();
    run.call(fresh_buffer);
    const Call behind = Call{"always_behind", 3000, block}.as("3,000 times: append() a block, taken(1000)");
    const auto capacity = run.call(behind).as<std::size_t>();
    run.is_true(capacity <= 64'000, "1,000 bytes are waiting, and the buffer holds " +
                                        std::to_string(capacity) +
                                        ": what was sent long ago is still in memory");
}};

// The LoopClock there; its interval is 250 ms.
class Ticks {
  public:
    Ticks(Run& run, std::uint32_t first, std::string_view when) : run_{run} {
        run.call(Call{"LoopClock", first}.as("a LoopClock that begins with " + std::to_string(first) +
                                             std::string{when}));
    }
    // How many milliseconds have passed, `time` at least.
    int update_until(int time) { return run_.call(Call{"update_until", time}).as<int>(); }
    bool due() { return run_.call(Call{"due"}).as<bool>(); }
    int until_due() { return run_.call(Call{"until_due"}).as<int>(); }
    // `left`: of the interval.
    void expect_not_due(std::string_view when, int left) {
        run_.is_true(!due(), std::string{when} + ", and due() says true; the interval is 250");
        const int until = until_due();
        run_.is_true(until > 0 && until <= left, std::string{when} + ", and until_due() says " +
                                                     std::to_string(until) + " ms; the interval is 250");
    }

  private:
    Run& run_;
};

void expect_ticks(Run& run, std::uint32_t first, std::string_view when) {
    Ticks clock{run, first, when};
    clock.expect_not_due("no time has passed", 250);
    // On a busy machine more may have passed than the interval.
    if (const int passed = clock.update_until(150); passed < 250)
        clock.expect_not_due(std::to_string(passed) + " ms have passed", 250 - passed);
    clock.update_until(260);
    run.equal("until_due() when it is due", clock.until_due(), 0, "the loop must not sleep any more");
    run.is_true(clock.due(), "260 ms have passed, and due() says false");
    run.is_true(!clock.due(), "due() is true once an interval, not twice");
    clock.update_until(900);
    run.is_true(clock.due(), "900 ms have passed, and due() says false");
    run.is_true(!clock.due(), "nobody has asked for more than two intervals, and due() is true for each of them: a "
                              "loop that slept for an hour would look at its clients 14,400 times in a row. What "
                              "was missed is not made up for; the next interval begins now");
}

const Scenario ticks{"clock", exercise(2), "", "due() is true once an interval",
    [](Run& run) { expect_ticks(run, 0, ""); }};

const Scenario ticks_wrap{"clock-wrap", exercise(2), "",
    "the 32 bits begin again after 49 days, and the clock goes on",
    [](Run& run) { expect_ticks(run, 0xFFFF'FFFF - 200, ", 200 ms before the 32 bits are full"); }};

// --- exercise 3: send() without room ------------------------------------------------------------

// An Output there, in its client's own turn. What send() says in place of sending is told with each
// flush(); 0: it sends to the other of two sockets.
class Sending {
  public:
    struct State {
        std::size_t taken;
        bool failed, blocked;
        std::uint32_t taken_at;
    };

    Sending(Run& run, const Ends& ends) : run_{run}, ends_{ends} {
        run.fresh();
        run.call(Call{"Output"}.as("an Output"));
    }
    State flush(std::string_view text, int says = 0, std::uint32_t now = 0) {
        std::string words = "flush() of " + quote(text);
        if (now != 0) words += " at " + std::to_string(now) + " ms";
        if (says != 0) words += "; send() says " + std::string{says == EAGAIN ? "EAGAIN" : "ENOBUFS"};
        const auto [taken, failed, blocked, taken_at] =
            run_.call(Call{"flush", pass(ends_.theirs()), bytes_of(text), says, now}.as(words))
                .as<std::size_t, bool, bool, std::uint32_t>();
        return {taken, failed, blocked, taken_at};
    }

  private:
    Run& run_;
    const Ends& ends_;
};

const Scenario slow_reader_lives{"slow-reader-lives", exercise(3), "man 2 send",
    "EAGAIN is no end: a client that reads late is not lost", [](Run& run) {
    Ends ends{true};
    ::fcntl(ends.theirs(), F_SETFL, O_NONBLOCK);
    while (::send(ends.theirs(), "x", 1, MSG_NOSIGNAL) > 0) {
    }
    Sending slow{run, ends};
    run.step("a client has not read for a while, and the kernel has no room for what is sent to it");
    run.is_true(!slow.flush("Hello").failed,
                "send() said EAGAIN: the client has not read yet, and there is no room now. That is not the "
                "end of the connection");
    Sending unlucky{run, ends};
    run.is_true(!unlucky.flush("Hello", ENOBUFS).failed,
                "send() said ENOBUFS: the kernel is short of memory at this moment, and has sent nothing. Later "
                "it may; that is not the end of the connection either");
    Sending gone{run, ends};
    run.step("the client has gone");
    ends.close_mine();
    run.is_true(gone.flush("Hello").failed,
                "send() said EPIPE: nobody will ever read what is sent there. That is the end, and the "
                "client has to be forgotten");
}};

// --- exercise 4: what the kernel does not take --------------------------------------------------

const Scenario blocked_since{"blocked-since", exercise(4).needs(3), "",
    "what the kernel took is told, and since when it takes nothing", [](Run& run) {
    Ends ends;
    Sending client{run, ends};
    const auto expect = [&](const Sending::State& got, std::size_t taken, bool blocked, std::uint32_t at,
                            std::string_view why) {
        run.equal("what flush() returns", got.taken, taken,
                  "so many bytes the kernel took: on_writable() takes that for a sign of life, and /metrics "
                  "adds it up");
        run.equal("blocked()", got.blocked, blocked, "blocked: from the first byte that waits to the last");
        run.equal("taken_at()", got.taken_at, at, why);
    };
    expect(client.flush("Hello", 0, 1'000), 5, false, 1'000, "all of it was taken then");
    expect(client.flush("more", EAGAIN, 40'000), 0, true, 40'000,
           "Nothing has waited until now, and now the kernel takes nothing: the write timeout begins here. "
           "Counted from the last byte that it took, 39 s ago, it would be over already");
    expect(client.flush("", EAGAIN, 45'000), 0, true, 40'000, "it still takes nothing, since 40,000 ms");
    expect(client.flush("", 0, 46'000), 4, false, 46'000, "what has waited was taken then");
}};

const Scenario heard_to_the_end{"heard-to-the-end", exercise(4).needs(3), "RFC 6455 §7.1.1",
    "whoever is told goodbye is still read, however much waits for it", [](Run& run) {
    Ends ends{true};
    ::fcntl(ends.theirs(), F_SETFL, O_NONBLOCK);
    const auto say = [&](Bytes bytes) { (void)!::send(ends.mine(), bytes.data(), bytes.size(), MSG_NOSIGNAL); };
    const Call readable = Call{"on_ready", EPOLLIN}.as("epoll reports it as readable");
    run.call(Call{"LoopConnection", pass(ends.theirs()), 1'000}.as("a client; max_backlog_bytes is 1,000"));
    say(bytes_of("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
    run.call(readable);
    std::vector<Frame> frames(20, binary(Buffer(1'000)));
    frames.push_back(continuation("nothing has begun"));
    run.step("it was let in, and from now on it reads nothing. It sends 20 messages of 1,000 bytes, and a frame "
             "that breaks a rule");
    say(joined(frames, run.key()));
    const auto waits = run.call(readable).as<std::size_t>();
    run.is_true(waits > 1'000, std::to_string(waits) + " bytes wait for it: the kernel took the first of the 20 "
                               "echoes, and the others have to wait, with the Close after them");
    run.step("it sends on, for it has not read the Close yet");
    say(Buffer(100));
    run.call(readable);
    int unread = -1;
    ::ioctl(ends.theirs(), FIONREAD, &unread);
    run.equal("the number of bytes that nobody has read", unread, 0,
              "It is ending, and what comes in then is dropped (the phases in loop_connection.hpp), so it has to "
              "be read. Only in the phase `open` we stop reading from a slow client. One that must write before "
              "it reads would wait for us, and we for it, until the write timeout.");
}};

}  // namespace

}  // namespace check
