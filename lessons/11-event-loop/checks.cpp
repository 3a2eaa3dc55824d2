// The judge of lesson 11: the buffer and the clock alone, then the loop over real sockets.
// RFC 6455 §5.5.2, §7; RFC 9110 §15.6.4 for those who are too many.
// What time brings is asked of the program, with times that are short enough to wait for.
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <thread>

#include "lessons/tools/check/check.hpp"
#include "net/loop_clock.hpp"
#include "net/out_buffer.hpp"

namespace {

using check::Milliseconds;
using check::Run;
using check::Verdict;

const check::Lesson lesson{11, "11-event-loop"};

const std::vector<check::Cut> whole{check::Cut::whole};

// --- exercise 2: a buffer and a clock -----------------------------------------------------------

const check::Scenario out_buffer{
    {.lesson = 11,
     .name = "out-buffer",
     .exercise = 2,
     .rule = "what was taken goes from the front, the rest stays in order",
     .section = ""},
    [](Run& run) {
        const std::string text = run.payload(400);
        for (const std::size_t step : {1u, 3u, 7u, 100u, 399u, 400u}) {
            net::OutBuffer buffer;
            buffer.append(check::bytes_of(text));
            std::size_t gone = 0;
            while (gone < text.size()) {
                const std::size_t count = std::min(step, text.size() - gone);
                run.note('S', "taken(" + std::to_string(count) + ") of " +
                                  std::to_string(text.size() - gone) + " bytes");
                buffer.taken(count);
                gone += count;
                run.equal("size()", buffer.size(), text.size() - gone,
                          "what the kernel took is gone, and nothing else");
                run.equal("bytes()", check::text_of(buffer.bytes()), text.substr(gone),
                          "the rest, in its order");
            }
            run.is_true(buffer.empty(), "all was taken, so the buffer is empty");
            buffer.append(check::bytes_of("next"));
            run.equal("bytes() after the next append()", check::text_of(buffer.bytes()), "next",
                      "what was sent must not come a second time");
        }
    }};

const check::Scenario out_buffer_cost{
    {.lesson = 11,
     .name = "out-buffer-cost",
     .exercise = 2,
     .rule = "the rest is not moved with each write, and what was sent is not kept for ever",
     .section = "",
     .seconds = 40},
    [](Run& run) {
        const check::Buffer block(1000, 0x61);
        run.within(Milliseconds{1500}, "1.5 MB leave in crumbs of 40 bytes", [&] {
            net::OutBuffer buffer;
            for (int i = 0; i < 1500; ++i) buffer.append(block);
            while (!buffer.empty()) buffer.taken(std::min<std::size_t>(40, buffer.size()));
        });
        // A client that is always a little behind.
        net::OutBuffer buffer;
        buffer.append(block);
        for (int i = 0; i < 3000; ++i) {
            buffer.append(block);
            buffer.taken(block.size());
        }
        run.step("3,000 times: append() 1,000 bytes, taken(1000)");
        run.is_true(buffer.capacity() <= 64'000, "1,000 bytes are waiting, and the buffer holds " +
                                                     std::to_string(buffer.capacity()) +
                                                     ": what was sent long ago is still in memory");
    }};

// Waits until the clock's own time has moved on by so much.
void wait(net::LoopClock& clock, net::Milliseconds first, net::Milliseconds time) {
    do {
        std::this_thread::sleep_for(Milliseconds{5});
        clock.update();
    } while (net::elapsed(clock.now(), first) < time);
}

void expect_ticks(Run& run, net::Milliseconds first, std::string_view when) {
    net::LoopClock clock{first};
    run.step("a LoopClock that begins with " + std::to_string(first) + std::string{when});
    run.is_true(!clock.due(), "no interval has passed, and due() says true");
    run.is_true(clock.until_due().count() > 0 && clock.until_due() <= net::LoopClock::interval,
                "until_due() is " + std::to_string(clock.until_due().count()) +
                    " ms at the beginning of an interval of 250");
    wait(clock, first, 150);
    const net::Milliseconds passed = net::elapsed(clock.now(), first);
    // On a busy machine more may have passed than the interval.
    if (const auto left = net::LoopClock::interval - Milliseconds{passed}; left.count() > 0) {
        const std::string so_far = std::to_string(passed) + " ms have passed, and ";
        run.is_true(!clock.due(), so_far + "due() says true; the interval is 250");
        run.is_true(clock.until_due().count() > 0 && clock.until_due() <= left,
                    so_far + "until_due() says " + std::to_string(clock.until_due().count()) +
                        " ms; the interval is 250");
    }
    wait(clock, first, 260);
    run.equal("until_due() when it is due", clock.until_due().count(), Milliseconds::rep{0},
              "the loop must not sleep any more");
    run.is_true(clock.due(), "260 ms have passed, and due() says false");
    run.is_true(!clock.due(), "due() is true once an interval, not twice");
}

const check::Scenario clock_{{.lesson = 11,
                              .name = "clock",
                              .exercise = 2,
                              .rule = "due() is true once an interval",
                              .section = "",
                              .cuts = whole},
                             [](Run& run) { expect_ticks(run, 0, ""); }};

const check::Scenario clock_wrap{
    {.lesson = 11,
     .name = "clock-wrap",
     .exercise = 2,
     .rule = "the 32 bits begin again after 49 days, and the clock goes on",
     .section = "",
     .cuts = whole},
    [](Run& run) { expect_ticks(run, 0xFFFF'FFFF - 200, ", 200 ms before the 32 bits are full"); }};

// --- exercise 3: one read, one write ------------------------------------------------------------

const check::Scenario echo{{.lesson = 11,
                            .name = "echo",
                            .exercise = 3,
                            .rule = "what comes in goes out again",
                            .section = "RFC 6455 §5.6",
                            .needs = {4}},
                           [](Run& run) {
                               check::Server server{run};
                               check::Peer client{run, server};
                               client.open();
                               const std::string word = run.payload(5),
                                                 longer = run.payload(70'000);
                               client.send(check::text(word).masked(run.key()));
                               client.expect(check::text(word));
                               client.send(check::binary(check::bytes_of(word)).masked(run.key()));
                               client.expect(check::binary(check::bytes_of(word)));
                               client.send(check::text(longer).masked(run.key()));
                               client.expect(check::text(longer));
                           }};

const check::Scenario end_of_stream{
    {.lesson = 11,
     .name = "end-of-stream",
     .exercise = 3,
     .rule = "a client that ends its direction still gets what it asked for",
     .section = "RFC 6455 §7.1.1",
     .needs = {4}},
    [](Run& run) {
        check::Server server{run};
        check::Peer client{run, server};
        client.open();
        const std::string word = run.payload(9);
        client.send(check::text(word).masked(run.key()));
        client.end_sending();
        client.expect(check::text(word));
        client.expect_end("it has sent its end, and everything was answered");
    }};

const check::Scenario reset{{.lesson = 11,
                             .name = "reset",
                             .exercise = 3,
                             .rule = "a client that drops its connection harms nobody else",
                             .section = "",
                             .needs = {4}},
                            [](Run& run) {
                                check::Server server{run};
                                check::Peer stays{run, server};
                                stays.open();
                                stays.send(check::text("before").masked(run.key()));
                                stays.expect(check::text("before"));
                                for (int i = 0; i < 3; ++i) {
                                    check::Peer goes{run, server};
                                    goes.open();
                                    goes.send(check::text(run.payload(2000)).masked(run.key()));
                                    goes.reset();
                                }
                                stays.send(check::text("after").masked(run.key()));
                                stays.expect(check::text("after"));
                            }};

// Echo number `i` comes, and is right to its last byte.
void expect_echo(check::Peer& client, check::Bytes answer, std::size_t i, std::size_t all) {
    const std::string name = "echo " + std::to_string(i) + " of " + std::to_string(all);
    while (client.received().size() < answer.size())
        if (!client.read())
            client.fail(client.ended() ? Verdict::closed_early : Verdict::nothing_received,
                        name +
                            " did not come whole. What send() does not take has to wait, and "
                            "to be sent when epoll says so");
    const check::Bytes got = check::Bytes{client.received()}.first(answer.size());
    if (!std::ranges::equal(got, answer))
        client.fail(Verdict::wrong, name + " is wrong from its byte " +
                                        std::to_string(check::first_difference(got, answer)) +
                                        " on: something was sent twice, lost, or overtaken by "
                                        "later bytes");
    client.drop(answer.size());
}

// Sends as much as is taken while nothing is read; then all of it has to come back. The messages
// have these sizes, in turn.
void fill_and_drain(Run& run, check::Peer& client, std::size_t messages,
                    const std::vector<std::size_t>& sizes) {
    std::vector<check::Buffer> frames, answers;
    for (const std::size_t size : sizes) {
        const std::string payload = run.payload(size);
        frames.push_back(check::text(payload).masked(run.key()).bytes());
        answers.push_back(check::text(payload).bytes());
    }
    const auto of = [](const std::vector<check::Buffer>& those, std::size_t i) -> const check::Buffer& {
        return those[i % those.size()];
    };
    run.step("up to " + std::to_string(messages) + " messages of " +
             (sizes.size() > 1 ? std::to_string(sizes.front()) + " and " : "") +
             std::to_string(sizes.back()) + " bytes, nothing is read");
    std::size_t sent = 0;
    std::size_t taken = 0;  // of the last one
    while (sent < messages && (taken = client.push_now(of(frames, sent))) == of(frames, sent).size())
        ++sent;
    const bool cut = sent < messages && taken > 0;
    const std::size_t all = sent + (cut ? 1 : 0);
    run.step("now the " + std::to_string(all) + " echoes are read");
    for (std::size_t i = 0; i < sent; ++i) expect_echo(client, of(answers, i), i + 1, all);
    if (!cut) return;
    if (!client.push(check::Bytes{of(frames, sent)}.subspan(taken)))
        client.fail(Verdict::timed_out,
                    "all echoes were read, and the server takes no more bytes: it has stopped "
                    "reading from a slow client, and has to go on when its backlog is gone");
    expect_echo(client, of(answers, sent), all, all);
}

const check::Scenario slow_reader_lives{
    {.lesson = 11,
     .name = "slow-reader-lives",
     .exercise = 3,
     .rule = "EAGAIN is no end: a client that reads late gets everything",
     .section = "",
     .needs = {4},
     .cuts = whole,
     .seconds = 30},
    [](Run& run) {
        check::Server server{run};
        check::Peer client{run, server};
        client.open();
        client.send(check::text("a").masked(run.key()));
        client.expect(check::text("a"));
        client.freeze(256 * 1024);
        fill_and_drain(run, client, 200, {50'000});
    }};

// --- exercise 4: what the kernel does not take --------------------------------------------------

const check::Scenario backlog_order{
    {.lesson = 11,
     .name = "backlog-order",
     .exercise = 4,
     .rule = "what has waited leaves before what came later",
     .section = "",
     .needs = {3},
     .cuts = whole,
     .seconds = 30},
    [](Run& run) {
        check::Server server{run, {"--max-backlog-bytes", "67108864"}};
        check::Peer client{run, server};
        client.open();
        client.send(check::text("a").masked(run.key()));
        client.expect(check::text("a"));
        client.freeze(256 * 1024);
        fill_and_drain(run, client, 300, {50'000});

        // A large message leaves together with the small ones before it. Where in them the kernel
        // stops is its own affair, so several sizes are tried.
        check::Server mixed{run, {"--max-backlog-bytes", "262144"}};
        for (std::size_t small = 4'000; small < 4'222; small += 37) {
            check::Peer reader{run, mixed};
            reader.open();
            reader.freeze(64 * 1024);
            fill_and_drain(run, reader, 1'200, {small, small, small, small, 17'000});
        }
    }};

const check::Scenario backlog_limit{
    {.lesson = 11,
     .name = "backlog-limit",
     .exercise = 4,
     .rule = "a client that reads nothing costs max_backlog_bytes, and no more",
     .section = "",
     .needs = {3},
     .cuts = whole,
     .seconds = 30},
    [](Run& run) {
        check::Server server{run, {"--max-backlog-bytes", "262144"}};
        check::Peer client{run, server};
        client.open();
        client.send(check::text("a").masked(run.key()));
        client.expect(check::text("a"));
        client.freeze();
        const std::size_t before = server->resident_kib();
        const check::Buffer frame = check::binary(check::Buffer(100'000)).masked(run.key()).bytes();
        run.step("messages of 100,000 bytes, up to 64 MB, and nothing is read");
        std::size_t taken = 0;
        while (taken < 640 && client.push_now(frame) == frame.size()) ++taken;
        const std::size_t grown = server->resident_kib() - before;
        run.is_true(taken < 640 || grown < 24 * 1024,
                    "the server has taken 64 MB from a client that reads nothing, and holds " +
                        std::to_string(grown / 1024) +
                        " MiB more than before: it has to stop reading");
        run.is_true(grown < 24 * 1024, "the server has grown by " + std::to_string(grown / 1024) +
                                           " MiB for one client that reads nothing");
    }};

const check::Scenario others_served{
    {.lesson = 11,
     .name = "others-served",
     .exercise = 4,
     .rule = "a client that reads nothing keeps nobody waiting",
     .section = "",
     .needs = {3},
     .cuts = whole,
     .seconds = 30},
    [](Run& run) {
        check::Server server{run};
        check::Peer frozen{run, server};
        frozen.open();
        frozen.send(check::text("a").masked(run.key()));
        frozen.expect(check::text("a"));
        frozen.freeze();
        const check::Buffer frame = check::binary(check::Buffer(100'000)).masked(run.key()).bytes();
        for (int i = 0; i < 200 && frozen.push_now(frame) == frame.size(); ++i) {
        }
        check::Peer other{run, server};
        other.open();
        for (int i = 0; i < 20; ++i) {
            other.send(check::text("still there?").masked(run.key()));
            other.expect(check::text("still there?"));
        }
    }};

// --- exercise 5: time without timers ------------------------------------------------------------

std::size_t descriptors_of(check::Server& server) {
    const std::filesystem::path folder = "/proc/" + std::to_string(server->pid()) + "/fd";
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder}, {}));
}

const check::Scenario handshake_timeout{
    {.lesson = 11,
     .name = "handshake-timeout",
     .exercise = 5,
     .rule = "half a request is not waited for without end",
     .section = "RFC 9110 §15.5.9",
     .cuts = whole},
    [](Run& run) {
        check::Server server{run, {"--handshake-timeout", "0.3"}};
        check::Peer client{run, server};
        client.send("GET /ws HTTP/1.1\r\nHost: localhost\r\n");
        client.expect_status(408, "the request is not complete after 0.3 s: 408, Request Timeout");
    }};

const check::Scenario ping{
    {.lesson = 11,
     .name = "ping",
     .exercise = 5,
     .rule = "a ping each interval, and whoever answers stays",
     .section = "RFC 6455 §5.5.2",
     .needs = {3, 4},
     .cuts = whole},
    [](Run& run) {
        check::Server server{run, {"--ping-interval", "0.9", "--idle-timeout", "60"}};
        check::Peer client{run, server};
        client.open();
        client.expect(check::ping());
        client.expect_silence(Milliseconds{500}, "one ping each interval, which is 0.9 s");
        client.send(check::pong().masked(run.key()));
        client.expect(check::ping());
    }};

const check::Scenario idle_timeout{
    {.lesson = 11,
     .name = "idle-timeout",
     .exercise = 5,
     .rule = "a client from which nothing comes any more is given up",
     .section = "",
     .needs = {3, 4},
     .cuts = whole},
    [](Run& run) {
        check::Server server{run, {"--ping-interval", "0.3", "--idle-timeout", "1.5"}};
        check::Peer client{run, server};
        client.open();
        client.expect(check::ping());
        client.expect_end("no byte for 1.5 s, not even a pong: nobody is there");
    }};

const check::Scenario close_timeout{
    {.lesson = 11,
     .name = "close-timeout",
     .exercise = 5,
     .rule = "a Close that is not answered is not waited for without end",
     .section = "RFC 6455 §7.1.1",
     .needs = {3, 4},
     .cuts = whole},
    [](Run& run) {
        check::Server server{run, {"--close-timeout", "0.5"}};
        static_cast<void>(server.port());
        const std::size_t before = descriptors_of(server);
        check::Peer client{run, server};
        client.open();
        client.send(check::text("not masked"));
        client.expect_close(1002, "a client's frame must be masked (§5.1)");
        client.expect_end("it has ended its side");
        run.step(
            "our side stays open; 0.5 s later the server has to close the socket all the same");
        const check::Deadline deadline = check::in(run.patience());
        while (descriptors_of(server) > before && std::chrono::steady_clock::now() < deadline)
            std::this_thread::sleep_for(Milliseconds{20});
        run.is_true(descriptors_of(server) <= before,
                    "its socket is still open: whoever never answers, and never ends TCP, keeps it "
                    "for ever. In each phase a client has close_timeout, or another limit");
    }};

// --- exercise 6: nothing left -------------------------------------------------------------------

// From now on the server may open descriptors below `most` only. Set when it runs, for it raises
// its limit as far as it may; and the limit of connections is beyond it, as if other parts of the
// program had taken the descriptors.
void leave_descriptors(check::Server& server, rlim_t most) {
    static_cast<void>(server.port());
    const rlimit few{most, most};
    ::prlimit(server->pid(), RLIMIT_NOFILE, &few, nullptr);
}

using Peers = std::vector<std::unique_ptr<check::Peer>>;

Peers connect(Run& run, check::Server& server, int count) {
    Peers peers;
    const Milliseconds before = server->cpu_time();
    for (int i = 0; i < count; ++i) peers.push_back(std::make_unique<check::Peer>(run, server));
    std::this_thread::sleep_for(Milliseconds{1200});
    const Milliseconds used = server->cpu_time() - before;
    run.is_true(used < Milliseconds{400},
                "the server has used " + std::to_string(used.count()) +
                    " ms of CPU time in 1.2 s in which nothing happened: accept() fails, epoll "
                    "says at once that somebody waits, accept() fails");
    return peers;
}

const check::Scenario no_descriptors{
    {.lesson = 11,
     .name = "no-descriptors",
     .exercise = 6,
     .rule = "whoever is too many is told so, and the loop does not spin",
     .section = "RFC 9110 §15.6.4",
     .needs = {3, 4, 5},
     .cuts = whole,
     .seconds = 30},
    [](Run& run) {
        check::Server server{run, {"--max-connections", "1000"}};
        leave_descriptors(server, 24);
        run.step("30 clients for a server that may open 24 descriptors");
        const Peers peers = connect(run, server, 30);
        peers.back()->expect_status(
            503, "who is too many learns it at once, and not by its own patience");
    }};

const check::Scenario looks_away{
    {.lesson = 11,
     .name = "looks-away",
     .exercise = 6,
     .rule = "where not even the spare descriptor helps, the loop looks away",
     .section = "man 2 accept",
     .needs = {3, 4, 5},
     .cuts = whole,
     .seconds = 30},
    [](Run& run) {
        check::Server server{run, {"--max-connections", "1000"}};
        leave_descriptors(server, 4);
        run.step("a client for a server that may open no descriptor at all");
        const Peers peers = connect(run, server, 1);
    }};

}  // namespace
