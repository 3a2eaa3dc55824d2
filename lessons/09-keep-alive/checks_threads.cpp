// The judge of lesson 9: deadlines, and threads that write side by side. RFC 6455 §5.4, §5.5, §7.1.
// An endpoint::BlockingConnection runs in the student's process; the other end of its socket is ours,
// and what may never return is called there on a thread of its own.
#include "lessons/09-keep-alive/checks.hpp"

namespace check {

namespace {

// Until the write has begun, and has no more room.
void wait_until_begun(Run& run, Pair& pair) {
    run.is_true(pair.take(1, run.patience()), "write_message() was called, and no byte of it came");
}

constexpr auto never_returned =
    "has not returned for 2.5 s, and the deadline was over long ago. Whoever relies on it waits "
    "until the other side's computer is replaced.";

// --- exercise 3, on: without pings, without an end -----------------------------------------------

const Scenario ping_off{"ping-off", exercise(3).once(), "",
    "an interval of zero means no pings, a timeout of zero no end", [](Run& run) {
    Pair first{run, {.ping_interval = Milliseconds{0}, .idle_timeout = Milliseconds{400}}};
    Pending waiting = first.start_reading();
    run.is_true(!first.take(1, Milliseconds{300}),
                "a byte came. A ping_interval of zero means that no pings are wanted");
    run.is_true(!waiting.answer("read_message() has not returned for 2.5 s. No pings are wanted, "
                           "but silence still ends the connection.").as<bool>(),
                "read_message() gave a message; none was sent");

    Pair pair{run, {.ping_interval = Milliseconds{100}, .idle_timeout = Milliseconds{0}}};
    Pending reading = pair.start_reading();
    for (int i = 0; i < 3; ++i) {
        const auto seen = pair.frame();
        run.is_true(seen && seen->is(Op::ping), "expected a ping each 100 ms");
    }
    run.is_true(!reading.ready(),
                "the client was given up: " + quote(pair.error().message, 80) +
                    ". An idle_timeout of zero means that silence ends nothing");
    pair.send(text("still here"));
    run.is_true(reading.answer("a text came, and read_message() has not returned it.").as<bool>(),
                "a text came, and read_message() says that the connection has ended");
}};

const Scenario no_burst{"no-burst", exercise(3).once(), "RFC 6455 §5.5.2",
    "after an absence one ping is due, and not all that were missed", [](Run& run) {
    constexpr Milliseconds interval{100};
    Pair pair{run, {.ping_interval = interval, .idle_timeout = Milliseconds{0}}};
    pair.send(text("first"));
    run.is_true(pair.start_reading().answer("a text came, and read_message() has not returned it.").as<bool>(),
                "a text came, and read_message() says that the connection has ended");
    run.step("for 0.7 s nobody is in read_message()");
    pollfd nothing{-1, 0, 0};
    ::poll(&nothing, 1, 700);
    const auto begin = Clock::now();
    Pending reading = pair.start_reading("read_message() once more");
    std::int64_t pings = 0;
    while (pings < 2 || since(begin) < Milliseconds{250}) {
        run.is_true(pair.frame().has_value(), "no ping came any more after the absence; one is due each 100 ms");
        ++pings;
    }
    const std::int64_t due = since(begin) / interval + 2;
    run.is_true(pings <= due, std::to_string(pings) + " pings came within " + in_words(since(begin)) +
                                  ", one each 100 ms is due. What was missed is not made up for: the next "
                                  "interval begins with the ping that leaves now");
}};

// --- exercise 4: deadlines ----------------------------------------------------------------------

void expect_given_up(Run& run, Pair& pair, std::string_view what) {
    const Pair::Error error = pair.error();
    run.is_true(error.timed_out(), "error() says " + quote(error.message, 80) + ", expected that " +
                                       std::string{what} + " has passed (Error::Kind::timed_out)");
    run.equal("error().code", error.code, 1006u, "no Close has come, and 1006 stands for that (§7.1.5)");
}

const Scenario read_deadline{"read-deadline", exercise(4).needs(3), "RFC 6455 §7.1.7",
    "a read ends at its deadline, whatever comes meanwhile", [](Run& run) {
    Pair quiet{run};
    const auto begin = Clock::now();
    quiet.set_read_deadline(Milliseconds{200});
    Pending reading = quiet.start_reading("read_message(); no byte comes");
    run.is_true(!reading.answer(std::string{"read_message() "} + never_returned).as<bool>(),
                "read_message() gave a message; none was sent");
    expect_not_before(run, begin, Milliseconds{200}, "read_message() returned");
    expect_given_up(run, quiet, "the read deadline");

    Pair busy{run};
    busy.set_read_deadline(Milliseconds{200});
    Pending again = busy.start_reading("read_message(); the client sends a ping each 40 ms");
    const auto start = Clock::now();
    while (!again.ready(Milliseconds{40})) {
        if (since(start) > run.patience())
            run.fail(Verdict::timed_out, "read_message() has not returned. A deadline is a moment: pings do "
                                         "not push it away, or a peer could do that for ever");
        busy.send(ping());
    }
    expect_given_up(run, busy, "the read deadline");
}};

const Scenario moved_deadline{"moved-deadline", exercise(4).needs(3), "",
    "a deadline that is moved counts for a reader that waits already", [](Run& run) {
    Pair pair{run};
    Pending reading = pair.start_reading("read_message() waits, without a deadline");
    pair.send(ping("?"));
    const auto pong = pair.frame();
    run.is_true(pong && pong->is(Op::pong), "a ping was sent, and no pong came back");
    run.is_true(!pair.take(1, Milliseconds{100}), "nobody asked, and a byte came");
    const auto begin = Clock::now();
    pair.set_read_deadline(Milliseconds{10'000});
    pair.set_read_deadline(Milliseconds{200});
    const Answer answer = reading.answer(
        "read_message() still waits, 2.5 s later. It sits in poll() and knows the deadline that there was "
        "when it went in: somebody has to wake it.");
    run.is_true(!answer.as<bool>(), "read_message() gave a message; none was sent");
    expect_not_before(run, begin, Milliseconds{200}, "read_message() returned");
    expect_given_up(run, pair, "the read deadline");
}};

const Scenario no_second_chance{"no-second-chance", exercise(4).needs(3), "RFC 6455 §7.1.7",
    "a read deadline that was missed is the end, and not \"try again\"", [](Run& run) {
    Pair pair{run};
    pair.set_read_deadline(Milliseconds{0});
    pair.start_reading().answer(std::string{"read_message() "} + never_returned);
    pair.set_read_deadline(std::nullopt);
    pair.send(text("late"));
    const std::string final = "The deadline was missed, so the connection has ended. The read may have stopped "
                              "within a frame; whoever goes on takes its rest for a header.";
    run.is_true(!pair.start_reading("read_message() once more").answer(final).as<bool>(),
                "read_message() gave a message after it had failed. " + final);
    run.is_true(!pair.start_writing("hello?", "write_message() of 6 bytes").answer(final).as<bool>(),
                "write_message() says that it has sent. " + final);
}};

// As a slow client takes them: 8 KiB each 40 ms, until the writer has returned. Was all sent?
bool take_slowly(Run& run, Pair& pair, Pending& writing, std::string_view says) {
    const auto begin = Clock::now();
    run.step("the client takes 8 KiB each 40 ms");
    while (!writing.ready(Milliseconds{40})) {
        if (since(begin) > run.patience() * 2) run.fail(Verdict::timed_out, std::string{says});
        pair.take(8 * 1024, Milliseconds{0});
    }
    return writing.answer().as<bool>();
}

const Scenario write_timeout{"write-timeout", exercise(4).once(), "",
    "the write timeout is for each byte, and not for all of them", [](Run& run) {
    Pair frozen{run, {.write_timeout = Milliseconds{300}}};
    const auto begin = Clock::now();
    Pending lost = frozen.start_writing_4_mib();
    run.step("the client takes nothing");
    const Answer answer = lost.answer("write_message() has not returned for 2.5 s: it waits for room in a "
                                      "client that is frozen, and with it whoever called it.");
    run.is_true(!answer.as<bool>(), "write_message() says that 4 MiB were sent; the client took nothing");
    expect_not_before(run, begin, Milliseconds{300}, "write_message() returned");
    expect_given_up(run, frozen, "the write timeout");

    Pair slow{run, {.write_timeout = Milliseconds{600}}};
    Pending writing = slow.start_writing(run.repeated(240 * 1024), "write_message() of 240 KiB");
    run.is_true(take_slowly(run, slow, writing, "write_message() has not returned, and all was taken"),
                "the message was given up, though the client took some of it each 40 ms. A slow client is "
                "alive: with each byte that it takes, the write timeout begins anew");
}};

const Scenario write_deadline{"write-deadline", exercise(4).once(), "",
    "a write deadline ends a write, also to a client that takes bytes", [](Run& run) {
    Pair pair{run};
    const auto begin = Clock::now();
    pair.set_write_deadline(Milliseconds{400});
    Pending writing = pair.start_writing_4_mib();
    run.is_true(!take_slowly(run, pair, writing,
                             "write_message() has not returned, and the deadline was 4 s ago. A deadline "
                             "is a moment, and does not move with each byte that is taken"),
                "write_message() says that 4 MiB were sent in time");
    expect_not_before(run, begin, Milliseconds{400}, "write_message() returned");

    Pair open{run};
    open.set_write_deadline(Milliseconds{0});
    Pending in_time = open.start_writing("Hello", "write_message() of 5 bytes");
    run.is_true(in_time.answer("write_message() of 5 bytes has not returned.").as<bool>(),
                "5 bytes were not sent. What the kernel takes at once is in time: try first, and wait only "
                "when there is no room");
}};

const Scenario taking_is_life{"taking-is-life", exercise(4).needs(3, 5).once(), "RFC 6455 §5.5.3",
    "a client that takes our bytes is alive, although it sends none", [](Run& run) {
    // All of it takes twice as long as silence may, and silence longer than a busy machine holds us up.
    Pair pair{run, {.ping_interval = Milliseconds{0}, .idle_timeout = Milliseconds{1200}}};
    Pending reading = pair.start_reading("one thread: read_message()");
    Pending writing = pair.start_writing(run.repeated(480 * 1024), "another: write_message() of 480 KiB");
    if (!take_slowly(run, pair, writing, "write_message() has not returned, and all was taken"))
        run.fail(Verdict::wrong, "the client was given up: " + quote(pair.error().message, 80) +
                                     ". Its pong stands after all that it has not read yet. That there is room "
                                     "again, where there was none, is a sign of life as well");
    pair.send(text("here"));
    run.is_true(reading.answer("a text came, and read_message() has not returned it.").as<bool>(),
                "a text came, and read_message() says that the connection has ended");
}};

// --- exercise 5: two writers --------------------------------------------------------------------

// What one thread sends, in its order. Each payload begins with the thread's letter and a number.
struct Stream {
    Op op;
    char name;
    std::vector<std::string> payloads{};
    std::size_t next = 0;
};

Stream make_stream(Run& run, Op op, char name, std::size_t longest) {
    Stream stream{op, name};
    // The first has its full length: for that of a message there is no room until the client reads.
    for (int i = 0; i < 40; ++i)
        stream.payloads.push_back(name + std::to_string(i) + ' ' +
                                  run.payload(i == 0 ? longest : run.number(0, longest)));
    return stream;
}

[[noreturn]] void fail_frame(Run& run, const Pair& pair, const std::string& says) {
    run.show_frames(Way::from_server, Bytes{pair.last()}.first(
                                                 std::min<std::size_t>(pair.last().size(), 200)));
    run.fail(Verdict::wrong, says);
}

void judge_frame(Run& run, const Pair& pair, const Seen& seen,
                 std::vector<Stream>& streams) {
    const std::string mixed = "this is none of the frames that were written: two threads were in "
                              "send() at once, and the bytes of one stand within a frame of the "
                              "other. The client reads them as a header, and gives up";
    if (!seen.whole) fail_frame(run, pair, mixed);
    for (Stream& stream : streams) {
        if (seen.payload.empty() || seen.payload[0] != static_cast<std::uint8_t>(stream.name) ||
            !seen.is(stream.op))
            continue;
        const auto at = std::ranges::find(stream.payloads, seen.text());
        const auto index = static_cast<std::size_t>(at - stream.payloads.begin());
        if (at == stream.payloads.end()) continue;
        const std::string number = std::to_string(index) + " of thread " + stream.name;
        if (index < stream.next)
            fail_frame(run, pair, "number " + number + " came a second time: what one thread has "
                                  "taken to send, another must not find in pending_ any more");
        if (index > stream.next)
            fail_frame(run, pair, "this is number " + number + ", and number " +
                                      std::to_string(stream.next) +
                                      " was lost on the way to send(): it was added to pending_ "
                                      "while another thread was sending, and then thrown away");
        ++stream.next;
        return;
    }
    fail_frame(run, pair, mixed);
}

// Each stream on a thread of its own; all that they send comes, each in its order.
void expect_streams(Run& run, std::vector<Stream> streams) {
    Pair pair{run};
    std::vector<Pending> threads;
    std::size_t left = 0;
    for (const Stream& stream : streams) {
        left += stream.payloads.size();
        threads.push_back(run.start(Call{"send_all", stream.op, stream.payloads}.as(
            std::string{"thread "} + stream.name + ": 40 times " +
            (stream.op == Op::ping ? "ping()" : "write_message()"))));
        // The first one has to wait for room when the others come.
        if (threads.size() == 1) wait_until_begun(run, pair);
    }
    // Nothing more is taken until all of them are at it.
    const Call begun = Call{"begun"}.as("they have begun");
    while (run.call(begun).as<std::size_t>() < streams.size()) {
    }
    for (; left > 0; --left) {
        const auto seen = pair.frame();
        if (!seen)
            run.fail(Verdict::timed_out,
                     "the client waits for " + std::to_string(left) + " further frames of " +
                         std::to_string(40 * streams.size()) +
                         ", and none comes: they were lost on the way to send(), or everybody waits for "
                         "everybody");
        judge_frame(run, pair, *seen, streams);
    }
    for (Pending& thread : threads)
        run.is_true(thread.answer("all frames came, and a writer has not returned: it waits to be told that "
                                  "it is its turn.")
                        .as<bool>(),
                    "all frames came, and for one of them the answer was false (not sent)");
}

const Scenario two_writers{"two-writers", exercise(5), "RFC 6455 §5.4",
    "the frames of several threads do not mix, none is lost, none sent twice", [](Run& run) {
    expect_streams(run, {make_stream(run, Op::text, 'A', 150'000),
                         make_stream(run, Op::text, 'B', 150'000),
                         make_stream(run, Op::text, 'C', 100)});
}};

const Scenario ping_meanwhile{"ping-meanwhile", exercise(5), "RFC 6455 §5.4, §5.5",
    "a ping waits for the end of the frame before it, and is not lost", [](Run& run) {
    expect_streams(run, {make_stream(run, Op::text, 'A', 150'000),
                         make_stream(run, Op::ping, 'P', 100),
                         make_stream(run, Op::ping, 'Q', 100)});
}};

// Each with a message of 4 MiB: A sends, and has no more room; B and C wait for their turn.
std::vector<Pending> start_three(Run& run, Pair& pair) {
    const std::vector<std::string> all{std::string(std::size_t{4} << 20, run.repeated(1).front())};
    std::vector<Pending> threads;
    for (const char* name : {"A", "B", "C"}) {
        threads.push_back(
            run.start(Call{"send_all", Op::text, all}.as(std::string{"thread "} + name + ": write_message() of 4 MiB")));
        if (threads.size() == 1) wait_until_begun(run, pair);
    }
    // A solution that waits in another way has had the time for it.
    const auto begin = Clock::now();
    while (run.students_process().waiting_threads() < 2 && since(begin) < Milliseconds{1000})
        threads.front().ready(Milliseconds{10});
    return threads;
}

// A's message is taken; one of B and C is next. With or without a deadline for their writes.
void expect_one_at_a_time(Run& run, std::optional<Milliseconds> deadline) {
    Pair pair{run};
    pair.set_write_deadline(deadline);
    std::vector<Pending> threads = start_three(run, pair);
    run.step("the client takes the message of A");
    const auto seen = pair.frame();
    run.is_true(seen && seen->whole && seen->payload.size() == std::size_t{4} << 20,
                "the 4 MiB of A did not come whole");
    run.is_true(threads[0].answer("A's message was taken, and its write_message() has not returned.").as<bool>(),
                "A's message was taken, and its write_message() says that it was not sent");
    run.is_true(!threads[1].ready(Milliseconds{400}) && !threads[2].ready(Milliseconds{400}),
                "the client has taken A's message and little more, and the write_message() of B or C says that "
                "its 4 MiB were sent. Both waited, both were woken, and only one of them has the turn: whoever "
                "wakes up looks again (`while`, or wait() with a condition), because somebody else may have "
                "been faster");
    run.step("the client takes it all");
    for (int i = 0; i < 2; ++i) run.is_true(pair.frame().has_value(), "B's or C's message did not come");
    for (std::size_t i = 1; i < threads.size(); ++i)
        run.is_true(threads[i].answer("all was taken, and a writer has not returned.").as<bool>(),
                    "all was taken, and write_message() says that it was not sent");
}

const Scenario one_at_a_time{"one-at-a-time", exercise(5).once(), "",
    "when a turn ends, one of those who wait is next, and the others wait on", [](Run& run) {
    expect_one_at_a_time(run, std::nullopt);
    expect_one_at_a_time(run, Milliseconds{60'000});
}};

const Scenario all_are_told{"all-are-told", exercise(5).once(), "",
    "when nothing can be sent any more, nobody waits for a turn", [](Run& run) {
    Pair pair{run};
    std::vector<Pending> threads = start_three(run, pair);
    run.step("the client's computer is switched off and on again: it knows of no connection");
    pair.close();
    for (Pending& thread : threads)
        run.is_true(!thread.answer("A could not send, and somebody still waits for a turn. Of those who wait, the "
                                   "one who is woken alone may have nothing to send any more, and wakes nobody: "
                                   "notify_all().")
                         .as<bool>(),
                    "the client has gone, and write_message() says that its 4 MiB were sent");
}};

const Scenario turn_deadline{"turn-deadline", exercise(5).once(), "",
    "whoever waits for its turn waits no longer than its write deadline", [](Run& run) {
    Pair pair{run};
    Pending first = pair.start_writing_4_mib("thread A: ");
    run.step("the client takes nothing");
    wait_until_begun(run, pair);
    const auto begin = Clock::now();
    pair.set_write_deadline(Milliseconds{300});
    Pending second = pair.start_writing("behind it", "thread B: write_message() of 9 bytes");
    run.is_true(!second.answer(std::string{"thread B's write_message() "} + never_returned).as<bool>(),
                "B's write_message() says that it has sent. A's 4 MiB are still before it, so the kernel has "
                "taken nothing of B's: it has to wait for its turn");
    expect_not_before(run, begin, Milliseconds{300}, "B's write_message() returned");
    expect_given_up(run, pair, "the write deadline");
    first.answer("the connection has ended, and thread A still waits in it.");
}};

const Scenario reader_goes_on{"reader-goes-on", exercise(5).once(), "RFC 6455 §5.5.2",
    "while a write waits for room, the reader reads", [](Run& run) {
    Pair pair{run};
    Pending writing = pair.start_writing_4_mib("thread A: ");
    run.step("the client takes nothing");
    wait_until_begun(run, pair);
    pair.send(ping("old"));
    pair.send(ping("new"));
    pair.send(text("are you there?"));
    const Answer read = pair.start_reading("thread B: read_message()").answer(
        "a text came, and read_message() does not return: it waits for the thread that writes, and that one "
        "for the client. If the client waits in its own write, both wait for ever. No lock may be held in "
        "send(), and the reader must not send while another thread does.");
    run.is_true(read.as<bool>(), "a text came, and read_message() says that the connection has ended");
    run.step("the client takes it all");
    const auto seen = pair.frame();
    run.is_true(seen && seen->whole && seen->payload.size() == std::size_t{4} << 20,
                "the 4 MiB did not come whole");
    const auto pong = pair.frame();
    run.is_true(pong && pong->is(Op::pong) && pong->text() == "new",
                "expected the pong \"new\" after the message: the answer to the newest ping (§5.5.3), as "
                "soon as there is room. output_blocked() of the protocol does that, when it is told");
    run.is_true(writing.answer("all was taken, and write_message() has not returned.").as<bool>(),
                "all was taken, and write_message() says that it was not sent");
}};

}  // namespace

}  // namespace check
