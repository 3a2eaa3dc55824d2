// The judge of lesson 11, exercises 2 and 3: a buffer, a clock and one send alone.
// The loop is judged over real sockets in checks_loop.cpp.
#include <fcntl.h>
#include <sys/socket.h>

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
}

const Scenario ticks{"clock", exercise(2), "", "due() is true once an interval",
    [](Run& run) { expect_ticks(run, 0, ""); }};

const Scenario ticks_wrap{"clock-wrap", exercise(2), "",
    "the 32 bits begin again after 49 days, and the clock goes on",
    [](Run& run) { expect_ticks(run, 0xFFFF'FFFF - 200, ", 200 ms before the 32 bits are full"); }};

// --- exercise 3: send() without room ------------------------------------------------------------

const Scenario slow_reader_lives{"slow-reader-lives", exercise(3), "man 2 send",
    "EAGAIN is no end: a client that reads late is not lost", [](Run& run) {
    Ends ends{true};
    ::fcntl(ends.theirs(), F_SETFL, O_NONBLOCK);
    const Call flush = Call{"flush", pass(ends.theirs()), bytes_of("Hello")}.as("flush() of \"Hello\"");
    while (::send(ends.theirs(), "x", 1, MSG_NOSIGNAL) > 0) {
    }
    run.step("a client has not read for a while, and the kernel has no room for what is sent to it");
    run.is_true(!run.call(flush).as<bool>(),
                "send() said EAGAIN: the client has not read yet, and there is no room now. That is not the "
                "end of the connection");
    run.fresh();
    run.step("the client has gone");
    ends.close_mine();
    run.is_true(run.call(flush).as<bool>(),
                "send() said EPIPE: nobody will ever read what is sent there. That is the end, and the "
                "client has to be forgotten");
}};

}  // namespace

}  // namespace check
