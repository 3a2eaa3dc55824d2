// The judge of lesson 9: pings and silence over the server, then deadlines and threads.
// RFC 6455 §5.4, §5.5.2, §5.5.3, §7.1.1.
// For the latter an endpoint::BlockingConnection runs in this process; the other end of its socket
// is ours, and what may never return is called on a thread that nobody waits for.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <latch>
#include <thread>

#include "endpoint/blocking.hpp"
#include "lessons/tools/check/check.hpp"

namespace {

using check::Milliseconds;
using check::Run;
using check::Verdict;
using Clock = std::chrono::steady_clock;

const check::Lesson lesson{9, "09-keep-alive"};

Milliseconds since(Clock::time_point begin) {
    return std::chrono::duration_cast<Milliseconds>(Clock::now() - begin);
}

std::string in_words(Milliseconds time) { return std::to_string(time.count()) + " ms"; }

// Nothing comes before its time. A little less is the clock's granularity.
void expect_not_before(Run& run, Clock::time_point begin, Milliseconds time,
                       std::string_view what) {
    const Milliseconds passed = since(begin);
    run.is_true(passed >= time - Milliseconds{20}, std::string{what} + " after " +
                                                       in_words(passed) + ", expected not before " +
                                                       in_words(time));
}

// --- exercise 3: pings and silence --------------------------------------------------------------

void expect_logged(Run& run, check::Server& server, const std::string& part,
                   std::string_view why) {
    const check::Deadline deadline = check::in(run.patience());
    while (server->errors().find(part) == std::string::npos && Clock::now() < deadline) {
        pollfd log{server->err(), POLLIN, 0};
        ::poll(&log, 1, 20);
    }
    const std::string& log = server->errors();
    run.is_true(log.find(part) != std::string::npos,
                "the log of your server says " + check::quote(log, 200) + ", expected " +
                    check::quote(part) + " in it\n" + std::string{why});
}

const check::Mistakes no_ping{check::when(
    [](const check::Came& came) { return came.verdict == Verdict::nothing_received; },
    "No ping came. A browser has no function that sends one, so a server that waits for pings "
    "waits for ever: it has to send them itself. 89 00 is one without payload.")};

const check::Scenario ping{
    {.lesson = 9,
     .name = "ping",
     .exercise = 3,
     .rule = "a ping leaves each interval, whatever else is sent",
     .section = "RFC 6455 §5.5.2",
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run, {"--ping-interval", "0.2", "--idle-timeout", "20"}};
        check::Peer client{run, server};
        const auto begin = Clock::now();
        client.open();
        for (int i = 0; i < 3; ++i) client.expect(check::ping(), no_ping);
        expect_not_before(run, begin, Milliseconds{600}, "The third ping of 0.2 s each came");
        client.send(check::pong().masked(run.key()));
        // Somebody who talks all the time gets them as well: a proxy in between may look at one
        // direction alone.
        const auto talk = Clock::now();
        int pings = 0;
        while (pings < 2 && since(talk) < run.patience()) {
            client.send(check::text("busy").masked(run.key()));
            while (!client.frame("the echo of \"busy\"").is(check::Op::text)) ++pings;
            pollfd nothing{-1, 0, 0};
            ::poll(&nothing, 1, 40);  // the pace of this client
        }
        run.is_true(pings == 2, "the client sends \"busy\" each 40 ms, and no ping came any more. "
                                "A ping is due each interval, whatever else is sent: proxies cut "
                                "what seems idle to them in one direction");
    }};

// --- a connection in this process ---------------------------------------------------------------

// A server's connection over a socket with little room, and the client's end of it in our hands.
// Never destroyed: a thread may be stuck in it for good, and the process ends soon.
class Pair {
  public:
    static Pair& make(Run& run, const endpoint::Options& options = {}) {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
        const int little = 16 * 1024;
        ::setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
        return *new Pair{run, options, ends[0], ends[1]};
    }

    void send(const check::Frame& frame) {
        const check::Buffer bytes = frame.masked(run_.key()).bytes();
        run_.show_frames(check::Way::from_client, bytes);
        // What the other end does not want to hear any more is no failure of ours.
        (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }

    // Takes some bytes, as a slow client does. False: there is none within `wait`, or no more.
    bool take(std::size_t most, Milliseconds wait) {
        if (!run_.wait_for(fd_, POLLIN, check::in(wait))) return false;
        check::Buffer bytes(most);
        const ssize_t size = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (size <= 0) return false;
        in_.insert(in_.end(), bytes.begin(), bytes.begin() + size);
        return true;
    }

    // The next frame; not whole when the bytes are none that this server may send. Nothing: none
    // came in time.
    std::optional<check::Seen> frame() {
        for (;;) {
            check::Seen seen = check::read_frame(in_);
            if (seen.has_header && !plausible(seen)) seen.whole = false;
            if (seen.whole || (seen.has_header && !plausible(seen))) {
                const check::Bytes bytes = check::Bytes{in_}.first(std::min(seen.size, in_.size()));
                last_.assign(bytes.begin(), bytes.end());
                in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(bytes.size()));
                return seen;
            }
            if (!take(64 * 1024, run_.patience())) return std::nullopt;
        }
    }
    const check::Buffer& last() const { return last_; }

    endpoint::BlockingConnection connection;

  private:
    Pair(Run& run, const endpoint::Options& options, int ours, int theirs)
        : connection{net::Fd{theirs}, ws::Role::server, options, {}, nullptr, nullptr},
          run_{run},
          fd_{ours} {}

    static bool plausible(const check::Seen& seen) {
        const bool known = seen.opcode <= 2 || (seen.opcode >= 8 && seen.opcode <= 10);
        return known && seen.rsv == 0 && !seen.masked && seen.length <= std::size_t{16} << 20;
    }

    Run& run_;
    int fd_;
    check::Buffer in_;
    check::Buffer last_;
};

// Calls something on a thread of its own. What it needs it has to hold by value.
template <typename Call>
auto apart(Call call) {
    std::packaged_task<decltype(call())()> task{std::move(call)};
    auto result = task.get_future();
    std::thread{std::move(task)}.detach();
    return result;
}

template <typename T>
T result_of(Run& run, std::future<T>& call, std::string_view says) {
    if (call.wait_for(run.patience()) != std::future_status::ready)
        run.fail(Verdict::timed_out, std::string{says});
    return call.get();
}

std::future<bool> start_reading(Pair& pair) {
    return apart([&pair] { return pair.connection.read_message().has_value(); });
}

std::future<bool> start_writing(Pair& pair, std::string text) {
    return apart([&pair, text = std::move(text)] {
        return pair.connection.write_message(ws::Opcode::binary, ws::as_bytes(text));
    });
}

// A message that fills every buffer on the way.
std::string big(Run& run) { return run.repeated(std::size_t{4} << 20); }

// Until the write has begun, and has no more room.
void wait_until_begun(Run& run, Pair& pair) {
    run.is_true(pair.take(1, run.patience()), "write_message() was called, and no byte of it came");
}

constexpr auto never_returned =
    "has not returned for 2.5 s, and the deadline was over long ago. Whoever relies on it waits "
    "until the other side's computer is replaced";

// --- exercise 3, on -----------------------------------------------------------------------------

const check::Scenario ping_off{
    {.lesson = 9,
     .name = "ping-off",
     .exercise = 3,
     .rule = "an interval of zero means no pings, a timeout of zero no end",
     .section = "",
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        endpoint::Options silent;
        silent.ping_interval = Milliseconds{0};
        silent.idle_timeout = Milliseconds{400};
        Pair& first = Pair::make(run, silent);
        run.step("Connection with ping_interval 0 and idle_timeout 400 ms; read_message()");
        auto waiting = start_reading(first);
        run.is_true(!first.take(1, Milliseconds{300}),
                    "a byte came. A ping_interval of zero means that no pings are wanted");
        run.is_true(!result_of(run, waiting,
                               "read_message() has not returned for 2.5 s. No pings are wanted, "
                               "but silence still ends the connection"),
                    "read_message() gave a message; none was sent");

        endpoint::Options options;
        options.ping_interval = Milliseconds{100};
        options.idle_timeout = Milliseconds{0};
        Pair& pair = Pair::make(run, options);
        run.step("Connection with ping_interval 100 ms and idle_timeout 0; read_message()");
        auto reading = start_reading(pair);
        for (int i = 0; i < 3; ++i) {
            const auto seen = pair.frame();
            run.is_true(seen && seen->is(check::Op::ping), "expected a ping each 100 ms");
        }
        run.is_true(reading.wait_for(Milliseconds{0}) != std::future_status::ready,
                    "the client was given up: " + check::quote(pair.connection.error().message(), 80) +
                        ". An idle_timeout of zero means that silence ends nothing");
        pair.send(check::text("still here"));
        run.is_true(result_of(run, reading, "a text came, and read_message() has not returned it"),
                    "a text came, and read_message() says that the connection has ended");
    }};

const check::Scenario silence{
    {.lesson = 9,
     .name = "silence",
     .exercise = 3,
     .rule = "a client from which no byte comes is given up after the idle timeout",
     .section = "RFC 6455 §7.1.7",
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run, {"--ping-interval", "0.2", "--idle-timeout", "0.7"}};
        check::Peer client{run, server};
        const auto begin = Clock::now();
        client.open();
        client.expect(check::ping(), no_ping);
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

const check::Scenario any_byte_counts{
    {.lesson = 9,
     .name = "any-byte-counts",
     .exercise = 3,
     .rule = "any byte is a sign of life, also a tenth of a frame",
     .section = "RFC 6455 §5.5.3",
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run, {"--ping-interval", "0.15", "--idle-timeout", "1"}};
        check::Peer client{run, server};
        client.open();
        const std::string text = run.payload(4);
        const check::Buffer frame = check::text(text).masked(run.key()).bytes();
        run.step("the client sends a text of 10 bytes, one behind each ping, and no pong: its "
                 "pong has to wait until the text is through");
        const auto closed = check::when(
            [](const check::Came& came) { return came.verdict == Verdict::closed_early; },
            "The client was given up, though a byte came from it each 0.15 s. A pong is not the "
            "only sign of life: it cannot be sent within a frame, and on a slow line a frame "
            "takes long.");
        check::Mistakes mistakes{no_ping};
        mistakes.push_back(closed);
        for (std::size_t i = 0; i < frame.size(); ++i) {
            client.expect(check::ping(), mistakes);
            client.push(check::Bytes{frame}.subspan(i, 1));
        }
        for (check::Seen seen = client.frame("the echo"); !seen.is(check::Op::text);)
            seen = client.frame("the echo");
    }};

const check::Scenario close_timeout{
    {.lesson = 9,
     .name = "close-timeout",
     .exercise = 3,
     .rule = "whoever does not answer our Close has the close timeout, all of it",
     .section = "RFC 6455 §7.1.1",
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run, {"--ping-interval", "0.1", "--idle-timeout", "0.3",
                                   "--close-timeout", "1"}};
        check::Peer client{run, server};
        client.open();
        const auto begin = Clock::now();
        run.step("Ctrl-C for your server");
        server->signal(SIGINT);
        for (check::Seen seen = client.frame("a Close"); !seen.is(check::Op::close);)
            seen = client.frame("a Close");
        client.expect_end("the client has not answered the Close for 1 s, the --close-timeout. "
                          "Behind a Close no ping may follow (§5.5.1)");
        expect_not_before(run, begin, Milliseconds{1000},
                          "Once a Close is sent, silence (--idle-timeout 0.3) does not count any "
                          "more, only --close-timeout 1. Your server ended the connection");
        expect_logged(run, server, "did not answer our Close within 1 s",
                      "The close timeout comes first: who was told goodbye is not \"silent\"");
    }};

// --- exercise 4: deadlines ----------------------------------------------------------------------

void expect_given_up(Run& run, Pair& pair, std::string_view what) {
    const endpoint::Error error = pair.connection.error();
    run.is_true(error.kind == endpoint::Error::Kind::timed_out,
                "error() says " + check::quote(error.message(), 80) + ", expected that " +
                    std::string{what} + " has passed (Error::Kind::timed_out)");
    run.equal("error().code", error.code, 1006,
              "no Close has come, and 1006 stands for that (§7.1.5)");
}

const check::Scenario read_deadline{
    {.lesson = 9,
     .name = "read-deadline",
     .exercise = 4,
     .rule = "a read ends at its deadline, whatever comes meanwhile",
     .section = "RFC 6455 §7.1.7",
     .needs = {3}},
    [](Run& run) {
        Pair& quiet = Pair::make(run);
        run.step("set_read_deadline(200 ms from now), then read_message(); no byte comes");
        const auto begin = Clock::now();
        quiet.connection.set_read_deadline(net::after(Milliseconds{200}));
        auto reading = start_reading(quiet);
        const std::string says = std::string{"read_message() "} + never_returned;
        run.is_true(!result_of(run, reading, says), "read_message() gave a message; none was sent");
        expect_not_before(run, begin, Milliseconds{200}, "read_message() returned");
        expect_given_up(run, quiet, "the read deadline");

        Pair& busy = Pair::make(run);
        run.step("the same; the client sends a ping each 40 ms");
        busy.connection.set_read_deadline(net::after(Milliseconds{200}));
        auto again = start_reading(busy);
        const auto start = Clock::now();
        while (again.wait_for(Milliseconds{40}) != std::future_status::ready) {
            if (since(start) > run.patience())
                run.fail(Verdict::timed_out,
                         "read_message() has not returned. A deadline is a moment: pings do not "
                         "push it away, or a peer could do that for ever");
            busy.send(check::ping());
        }
        expect_given_up(run, busy, "the read deadline");
    }};

const check::Scenario moved_deadline{
    {.lesson = 9,
     .name = "moved-deadline",
     .exercise = 4,
     .rule = "a deadline that is moved counts for a reader that waits already",
     .section = "",
     .needs = {3}},
    [](Run& run) {
        Pair& pair = Pair::make(run);
        run.step("read_message() waits, without a deadline");
        auto reading = start_reading(pair);
        pair.send(check::ping("?"));
        const auto pong = pair.frame();
        run.is_true(pong && pong->is(check::Op::pong), "a ping was sent, and no pong came back");
        run.is_true(!pair.take(1, Milliseconds{100}), "nobody asked, and a byte came");
        run.step("set_read_deadline(10 s from now), then set_read_deadline(200 ms from now)");
        const auto begin = Clock::now();
        pair.connection.set_read_deadline(net::after(Milliseconds{10'000}));
        pair.connection.set_read_deadline(net::after(Milliseconds{200}));
        run.is_true(!result_of(run, reading,
                               "read_message() still waits, 2.5 s later. It sits in poll() and "
                               "knows the deadline that there was when it went in: somebody has "
                               "to wake it"),
                    "read_message() gave a message; none was sent");
        expect_not_before(run, begin, Milliseconds{200}, "read_message() returned");
        expect_given_up(run, pair, "the read deadline");
    }};

const check::Scenario no_second_chance{
    {.lesson = 9,
     .name = "no-second-chance",
     .exercise = 4,
     .rule = "a read deadline that was missed is the end, and not \"try again\"",
     .section = "RFC 6455 §7.1.7",
     .needs = {3}},
    [](Run& run) {
        Pair& pair = Pair::make(run);
        run.step("set_read_deadline(now), then read_message()");
        pair.connection.set_read_deadline(net::Clock::now());
        auto reading = start_reading(pair);
        result_of(run, reading, std::string{"read_message() "} + never_returned);
        run.step("set_read_deadline({}), then read_message() once more");
        pair.connection.set_read_deadline({});
        pair.send(check::text("late"));
        auto again = start_reading(pair);
        const std::string_view final =
            "The deadline was missed, so the connection has ended. The read may have stopped "
            "within a frame; who goes on, takes its rest for a header";
        run.is_true(!result_of(run, again, final),
                    "read_message() gave a message after it had failed. " + std::string{final});
        auto writing = start_writing(pair, "hello?");
        run.is_true(!result_of(run, writing, final),
                    "write_message() says that it has sent. " + std::string{final});
    }};

// As a slow client takes them: 8 KiB each 40 ms, until the writer has returned.
void take_slowly(Run& run, Pair& pair, std::future<bool>& writing, std::string_view says) {
    const auto begin = Clock::now();
    while (writing.wait_for(Milliseconds{40}) != std::future_status::ready) {
        if (since(begin) > run.patience() * 2) run.fail(Verdict::timed_out, std::string{says});
        pair.take(8 * 1024, Milliseconds{0});
    }
}

const check::Scenario write_timeout{
    {.lesson = 9,
     .name = "write-timeout",
     .exercise = 4,
     .rule = "the write timeout is for each byte, and not for all of them",
     .section = "",
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        endpoint::Options options;
        options.write_timeout = Milliseconds{300};
        Pair& frozen = Pair::make(run, options);
        run.step("write_message() of 4 MiB, write_timeout 300 ms; the client takes nothing");
        const auto begin = Clock::now();
        auto lost = start_writing(frozen, big(run));
        run.is_true(!result_of(run, lost,
                               "write_message() has not returned for 2.5 s: it waits for room in "
                               "a client that is frozen, and with it whoever called it"),
                    "write_message() says that 4 MiB were sent; the client took nothing");
        expect_not_before(run, begin, Milliseconds{300}, "write_message() returned");

        options.write_timeout = Milliseconds{600};
        Pair& slow = Pair::make(run, options);
        run.step("write_message() of 240 KiB, write_timeout 600 ms; the client takes 8 KiB each "
                 "40 ms");
        auto writing = start_writing(slow, run.repeated(240 * 1024));
        take_slowly(run, slow, writing, "write_message() has not returned, and all was taken");
        run.is_true(writing.get(), "the message was given up, though the client took some of it "
                                   "each 40 ms. A slow client is alive: with each byte that it "
                                   "takes, the write timeout begins anew");
    }};

const check::Scenario write_deadline{
    {.lesson = 9,
     .name = "write-deadline",
     .exercise = 4,
     .rule = "a write deadline ends a write, also to a client that takes bytes",
     .section = "",
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        Pair& pair = Pair::make(run);
        run.step("set_write_deadline(400 ms from now), then write_message() of 4 MiB; the client "
                 "takes 8 KiB each 40 ms");
        const auto begin = Clock::now();
        pair.connection.set_write_deadline(net::after(Milliseconds{400}));
        auto writing = start_writing(pair, big(run));
        take_slowly(run, pair, writing,
                    "write_message() has not returned, and the deadline was 4 s ago. A deadline "
                    "is a moment, and does not move with each byte that is taken");
        run.is_true(!writing.get(), "write_message() says that 4 MiB were sent in time");
        expect_not_before(run, begin, Milliseconds{400}, "write_message() returned");

        Pair& open = Pair::make(run);
        run.step("set_write_deadline(now), then write_message() of 5 bytes");
        open.connection.set_write_deadline(net::Clock::now());
        auto in_time = start_writing(open, "Hello");
        run.is_true(result_of(run, in_time, "write_message() of 5 bytes has not returned"),
                    "5 bytes were not sent. What the kernel takes at once is in time: try first, "
                    "and wait only when there is no room");
    }};

const check::Scenario taking_is_life{
    {.lesson = 9,
     .name = "taking-is-life",
     .exercise = 4,
     .rule = "a client that takes our bytes is alive, although it sends none",
     .section = "RFC 6455 §5.5.3",
     .needs = {3, 5},
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        endpoint::Options options;
        options.ping_interval = Milliseconds{0};
        options.idle_timeout = Milliseconds{600};
        Pair& pair = Pair::make(run, options);
        run.step("idle_timeout 600 ms, one thread reads; write_message() of 280 KiB, and the "
                 "client takes 8 KiB each 40 ms");
        auto reading = start_reading(pair);
        auto writing = start_writing(pair, run.repeated(280 * 1024));
        take_slowly(run, pair, writing, "write_message() has not returned, and all was taken");
        run.is_true(writing.get(),
                    "the client was given up: " +
                        check::quote(pair.connection.error().message(), 80) +
                        ". Its pong stands behind all that it has not read yet. That there is "
                        "room again, where there was none, is a sign of life as well");
        pair.send(check::text("here"));
        run.is_true(result_of(run, reading, "a text came, and read_message() has not returned it"),
                    "a text came, and read_message() says that the connection has ended");
    }};

// --- exercise 5: two writers --------------------------------------------------------------------

// What one thread sends, in its order. Each payload begins with the thread's letter and a number.
struct Stream {
    check::Op op;
    char name;
    std::vector<std::string> payloads{};
    std::size_t next = 0;
};

Stream make_stream(Run& run, check::Op op, char name, std::size_t longest) {
    Stream stream{op, name};
    // The first has its full length: for that of a message there is no room until the client reads.
    for (int i = 0; i < 40; ++i)
        stream.payloads.push_back(name + std::to_string(i) + ' ' +
                                  run.payload(i == 0 ? longest : run.number(0, longest)));
    return stream;
}

bool send_one(endpoint::BlockingConnection& connection, check::Op op, const std::string& payload) {
    return op == check::Op::ping ? connection.ping(ws::as_bytes(payload))
                                 : connection.write_message(payload);
}

[[noreturn]] void fail_frame(Run& run, const Pair& pair, const std::string& says) {
    run.show_frames(check::Way::from_server, check::Bytes{pair.last()}.first(
                                                 std::min<std::size_t>(pair.last().size(), 200)));
    run.fail(Verdict::wrong, says);
}

void judge_frame(Run& run, const Pair& pair, const check::Seen& seen,
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
    Pair& pair = Pair::make(run);
    std::vector<std::future<bool>> threads;
    const auto begun = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(streams.size()));
    std::size_t left = 0;
    for (const Stream& stream : streams) {
        left += stream.payloads.size();
        run.step(std::string{"thread "} + stream.name + ": 40 times " +
                 (stream.op == check::Op::ping ? "ping()" : "write_message()"));
        threads.push_back(apart([&pair, begun, op = stream.op, payloads = stream.payloads] {
            begun->count_down();
            return std::ranges::all_of(payloads, [&](const std::string& payload) {
                return send_one(pair.connection, op, payload);
            });
        }));
    }
    begun->wait();
    for (; left > 0; --left) {
        const auto seen = pair.frame();
        if (!seen)
            run.fail(Verdict::timed_out, "the client waits for " + std::to_string(left) +
                                             " further frames of " +
                                             std::to_string(40 * streams.size()) +
                                             ", and none comes: they were lost on the way to "
                                             "send(), or everybody waits for everybody");
        judge_frame(run, pair, *seen, streams);
    }
    for (std::future<bool>& thread : threads)
        run.is_true(result_of(run, thread, "all frames came, and a writer has not returned: it "
                                           "waits to be told that it is its turn"),
                    "all frames came, and for one of them the answer was false (not sent)");
}

const check::Scenario two_writers{
    {.lesson = 9,
     .name = "two-writers",
     .exercise = 5,
     .rule = "the frames of several threads do not mix, none is lost, none sent twice",
     .section = "RFC 6455 §5.4",
     .seconds = 20},
    [](Run& run) {
        expect_streams(run, {make_stream(run, check::Op::text, 'A', 150'000),
                             make_stream(run, check::Op::text, 'B', 150'000),
                             make_stream(run, check::Op::text, 'C', 100)});
    }};

const check::Scenario ping_meanwhile{
    {.lesson = 9,
     .name = "ping-meanwhile",
     .exercise = 5,
     .rule = "a ping waits for the end of the frame before it, and is not lost",
     .section = "RFC 6455 §5.4, §5.5",
     .seconds = 20},
    [](Run& run) {
        expect_streams(run, {make_stream(run, check::Op::text, 'A', 150'000),
                             make_stream(run, check::Op::ping, 'P', 100),
                             make_stream(run, check::Op::ping, 'Q', 100)});
    }};

const check::Scenario turn_deadline{
    {.lesson = 9,
     .name = "turn-deadline",
     .exercise = 5,
     .rule = "who waits for its turn waits no longer than its write deadline",
     .section = "",
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        Pair& pair = Pair::make(run);
        run.step("thread A: write_message() of 4 MiB, and the client takes nothing");
        auto first = start_writing(pair, big(run));
        wait_until_begun(run, pair);
        run.step("set_write_deadline(300 ms from now), then thread B: write_message()");
        const auto begin = Clock::now();
        pair.connection.set_write_deadline(net::after(Milliseconds{300}));
        auto second = start_writing(pair, "behind it");
        run.is_true(!result_of(run, second, std::string{"thread B's write_message() "} +
                                                never_returned),
                    "B's write_message() says that it has sent. A's 4 MiB are still before it, so "
                    "the kernel has taken nothing of B's: it has to wait for its turn");
        expect_not_before(run, begin, Milliseconds{300}, "B's write_message() returned");
        expect_given_up(run, pair, "the write deadline");
        result_of(run, first, "the connection has ended, and thread A still waits in it");
    }};

const check::Scenario reader_goes_on{
    {.lesson = 9,
     .name = "reader-goes-on",
     .exercise = 5,
     .rule = "while a write waits for room, the reader reads",
     .section = "RFC 6455 §5.5.2",
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        Pair& pair = Pair::make(run);
        const std::string message = big(run);
        run.step("thread A: write_message() of 4 MiB, and the client takes nothing");
        auto writing = start_writing(pair, message);
        wait_until_begun(run, pair);
        pair.send(check::ping("old"));
        pair.send(check::ping("new"));
        pair.send(check::text("are you there?"));
        run.step("thread B: read_message()");
        auto reading = start_reading(pair);
        run.is_true(
            result_of(run, reading,
                      "a text came, and read_message() does not return: it waits for the thread "
                      "that writes, and that one for the client. If the client waits in its own "
                      "write, both wait for ever. No lock may be held in send(), and the reader "
                      "must not send while another thread does"),
            "a text came, and read_message() says that the connection has ended");
        run.step("the client takes it all");
        const auto seen = pair.frame();
        run.is_true(seen && seen->whole && seen->payload.size() == message.size(),
                    "the 4 MiB did not come whole");
        const auto pong = pair.frame();
        run.is_true(pong && pong->is(check::Op::pong) && pong->text() == "new",
                    "expected the pong \"new\" behind the message: the answer to the newest ping "
                    "(§5.5.3), as soon as there is room. output_blocked() of the protocol does "
                    "that, when it is told");
        run.is_true(result_of(run, writing, "all was taken, and write_message() has not returned"),
                    "all was taken, and write_message() says that it was not sent");
    }};

}  // namespace
