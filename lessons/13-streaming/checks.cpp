// The judge of lesson 13: messages in pieces, read and written, then the programs. RFC 6455 §5.4.
// An endpoint::BlockingConnection, a server's, runs in this process over a pair of sockets, whose
// other end is ours: what it reads was written there before, and what it sends is read there. What
// could wait for ever is looked at from another thread, which lets it go on and then says so.
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "endpoint/stream.hpp"
#include "lessons/tools/check/check.hpp"

namespace {

using check::Milliseconds;
using check::Run;
using check::Verdict;

const check::Lesson lesson{13, "13-streaming"};

const std::vector<check::Cut> once{check::Cut::whole};

// Two connected sockets: a connection on one of them, and the client's end.
class Pair {
  public:
    explicit Pair(Run& run) : run_{run} {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
        ours_ = ends[1];
        endpoint::Options options;
        options.close_timeout = Milliseconds{300};
        options.ping_interval = options.idle_timeout = {};
        connection_ = std::make_unique<endpoint::BlockingConnection>(
            net::Fd{ends[0]}, ws::Role::server, options, ws::Bytes{}, nullptr, nullptr);
    }
    ~Pair() { leave(); }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    endpoint::BlockingConnection& connection() { return *connection_; }
    endpoint::MessageWriter writer(ws::Opcode type, std::size_t frame_bytes) {
        return connection_->next_writer(type, frame_bytes);
    }

    void send(const check::Frame& frame) {
        const check::Buffer bytes = frame.masked(run_.key()).bytes();
        run_.show_frames(check::Way::from_client, bytes);
        send_raw(bytes);
    }
    void send_raw(check::Bytes bytes) {
        if (::send(ours_, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) std::abort();
    }
    void end() {
        run_.show_event(check::Way::from_client, "end of stream");
        ::shutdown(ours_, SHUT_WR);
    }
    // As a computer that is switched off.
    void leave() {
        if (ours_ >= 0) ::close(std::exchange(ours_, -1));
    }

    // All that has left so far is exactly these frames; `why` is said where one is missing, or one
    // too many.
    void expect(const std::vector<check::Frame>& frames, const std::string& why,
                const check::Mistakes& mistakes = {}) {
        take();
        check::Bytes rest{got_};
        for (std::size_t i = 0; i < frames.size(); ++i) {
            const check::Buffer wanted = with_any_reason(frames[i], rest).bytes();
            const std::string name =
                "frame " + std::to_string(i + 1) + " of " + std::to_string(frames.size());
            if (rest.empty())
                run_.fail(Verdict::wrong, name + ", " + check::describe(check::read_frame(wanted)) +
                                              ", has not left: " + why);
            const check::Bytes frame = rest.first(check::read_frame(rest).size);
            run_.same_bytes(name + ": the connection", frame, wanted, mistakes);
            run_.show_frames(check::Way::from_server, frame);
            rest = rest.subspan(frame.size());
        }
        if (rest.empty()) return;
        run_.show_frames(check::Way::from_server, rest.first(check::read_frame(rest).size));
        run_.fail(Verdict::wrong, "this frame is one more than is due: " + why);
    }

    // What has left goes into got_. False: nothing came within `patience`.
    bool take(Milliseconds patience = {}) {
        pollfd ours{ours_, POLLIN, 0};
        bool any = false;
        while (::poll(&ours, 1, static_cast<int>(any ? 0 : patience.count())) > 0) {
            std::uint8_t block[65536];
            const ssize_t size = ::recv(ours_, block, sizeof block, MSG_DONTWAIT);
            if (size <= 0) break;
            got_.insert(got_.end(), block, block + size);
            any = true;
        }
        return any;
    }
    std::size_t taken() const { return got_.size(); }

  private:
    // A Close may give whatever reason it likes.
    static check::Frame with_any_reason(const check::Frame& wanted, check::Bytes bytes) {
        const check::Seen due = check::read_frame(wanted.bytes()), seen = check::read_frame(bytes);
        if (!due.is(check::Op::close) || !seen.is(check::Op::close) || seen.payload.size() < 2)
            return wanted;
        return check::close(due.close_code(), seen.text().substr(2));
    }

    Run& run_;
    int ours_;
    check::Buffer got_;
    std::unique_ptr<endpoint::BlockingConnection> connection_;
};

// The reader of a message, for a block.
class Begun {
  public:
    Begun(Run& run, Pair& pair)
        : reader_((run.step("next_reader()"), pair.connection().next_reader())) {
        run.is_true(reader_.has_value(), "a message has begun, and next_reader() gives none");
    }
    endpoint::MessageReader* operator->() { return &*reader_; }

    // What next_piece() gives until it gives nothing.
    std::string rest(Run& run) {
        std::string all;
        for (int i = 0; i < 1000; ++i) {
            run.step("next_piece()");
            const std::optional<ws::Bytes> piece = reader_->next_piece();
            if (!piece) return all;
            run.is_true(!piece->empty(),
                        "a piece has at least one byte; this one has none. At the "
                        "end there is no piece, and that is told by nullopt");
            all += ws::as_text(*piece);
        }
        run.fail(Verdict::wrong,
                 "next_piece() gives pieces without end: what was handed out must go");
    }

  private:
    std::optional<endpoint::MessageReader> reader_;
};

// Something done once, that another thread can wait for.
class Signal {
  public:
    void raise() {
        const std::lock_guard lock{mutex_};
        raised_ = true;
        changed_.notify_all();
    }
    bool wait(Milliseconds time) {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, time, [this] { return raised_; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool raised_ = false;
};

// --- exercise 2: a piece into a cup -------------------------------------------------------------

const check::Scenario read{
    {.lesson = 13,
     .name = "read",
     .exercise = 2,
     .rule = "what has no room waits for the next call",
     .section = "",
     .cuts = once},
    [](Run& run) {
        for (const std::size_t room : {10u, 5u, 12u, 100u}) {
            Pair pair{run};
            const std::string text = run.payload(12);
            run.call("a message of 12 bytes, and a cup for " + std::to_string(room));
            pair.send(check::text(text));
            Begun reader{run, pair};
            std::string all;
            while (all.size() < text.size()) {
                ws::Buffer cup(room);
                run.step("read() into " + std::to_string(room) + " bytes");
                const std::size_t count = reader->read(cup);
                run.is_true(count <= room, "read() says " + std::to_string(count) +
                                               " bytes, and there is room for " +
                                               std::to_string(room));
                run.is_true(count > 0, "read() says 0, the end, after " +
                                           std::to_string(all.size()) +
                                           " of 12 bytes: what had no room is lost. It has to "
                                           "wait in the reader for the next call");
                all += ws::as_text(ws::Bytes{cup}.first(count));
            }
            run.equal("what was read", all, text, "each byte once, in its order");
            ws::Buffer cup(room);
            run.step("read() once more");
            run.equal("read()", reader->read(cup), std::size_t{0},
                      "all was read, and 0 is the end");
        }
    }};

const check::Scenario read_one{
    {.lesson = 13,
     .name = "read-one-byte-at-a-time",
     .exercise = 2,
     .rule = "the smallest cup works, too",
     .section = "",
     .cuts = once},
    [](Run& run) {
        Pair pair{run};
        const std::string text = run.payload(7);
        pair.send(check::text(text));
        Begun reader{run, pair};
        for (const char expected : text) {
            ws::Buffer cup(1);
            run.step("read() into 1 byte");
            run.equal("read()", reader->read(cup), std::size_t{1}, "there are bytes left");
            run.equal("the byte", std::string(1, static_cast<char>(cup[0])),
                      std::string(1, expected), "each byte once, in its order");
        }
    }};

// --- exercise 3: the next piece -----------------------------------------------------------------

const check::Scenario pieces{
    {.lesson = 13,
     .name = "pieces",
     .exercise = 3,
     .rule = "pieces come until the message is over, over all of its frames",
     .section = "RFC 6455 §5.4",
     .cuts = once},
    [](Run& run) {
        Pair pair{run};
        const std::string a = run.payload(5), b = run.payload(9), c = run.payload(3);
        pair.send(check::text(a).not_last());
        pair.send(check::continuation(b).not_last());
        pair.send(check::ping("x"));
        pair.send(check::continuation(c));
        pair.send(check::binary(check::bytes_of("next")));
        Begun reader{run, pair};
        run.equal("the message", reader.rest(run), a + b + c,
                  "three frames, and all of them are this message: only FIN ends it");
        run.is_true(reader->type() == ws::Opcode::text, "its type is that of its first frame");
        Begun next{run, pair};
        run.equal("the next message", next.rest(run), "next", "it has begun after the first");
    }};

const check::Scenario piece_of_a_frame{
    {.lesson = 13,
     .name = "piece-of-a-frame",
     .exercise = 3,
     .rule = "a piece is what has arrived, and a frame may be larger than memory",
     .section = "RFC 6455 §5.2",
     .cuts = once},
    [](Run& run) {
        Pair pair{run};
        const std::string text = run.payload(30);
        const check::Buffer frame = check::text(text).masked(run.key()).bytes();
        run.show_frames(check::Way::from_client, frame);
        // 6 bytes of header; the rest of the frame comes when 20 bytes have been handed out, or
        // when the reader turns out to wait for it.
        const check::Bytes bytes{frame};
        pair.send_raw(bytes.first(6 + 10));
        Begun reader{run, pair};
        std::string all;
        const auto expect = [&](std::string_view part) {
            run.step("10 more bytes of the payload have arrived: next_piece()");
            Signal done;
            bool waited = false;
            std::thread watch{[&] {
                waited = !done.wait(run.patience());
                if (waited) pair.send_raw(bytes.subspan(6 + all.size() + part.size()));
            }};
            const std::optional<ws::Bytes> piece = reader->next_piece();
            done.raise();
            watch.join();
            run.is_true(!waited,
                        "next_piece() waits for the rest of the frame. 10 bytes had arrived: they "
                        "are a piece. A frame may announce 10 GiB, and whoever waits for all of it "
                        "has to keep all of it");
            run.is_true(piece.has_value(),
                        "10 bytes had arrived, and next_piece() gives none, although the message "
                        "has not ended: no byte left is no end, so read once more");
            all += ws::as_text(*piece);
            run.equal("what was handed out so far", all, text.substr(0, all.size()), "in order");
        };
        expect(std::string_view{text}.substr(0, 10));
        pair.send_raw(bytes.subspan(16, 10));
        expect(std::string_view{text}.substr(10, 10));
        pair.send_raw(bytes.subspan(26));
        all += reader.rest(run);
        run.equal("the message", all, text, "30 bytes in one frame");
    }};

const check::Scenario complete{
    {.lesson = 13,
     .name = "complete",
     .exercise = 3,
     .rule = "complete() is true when all was handed out, and not before",
     .section = "",
     .cuts = once},
    [](Run& run) {
        Pair pair{run};
        pair.send(check::text("one").not_last());
        pair.send(check::continuation("two"));
        pair.send(check::text(""));
        Begun reader{run, pair};
        run.is_true(!reader->complete(), "nothing was handed out yet, and complete() is true");
        run.equal("the message", reader.rest(run), "onetwo", "two frames, one message");
        run.is_true(reader->complete(),
                    "the whole message was handed out, and complete() is false: whoever asks it "
                    "takes the file for half of one. It is last_ that has to follow FIN");
        Begun empty{run, pair};
        run.equal("an empty message", empty.rest(run), "", "it has no bytes");
        run.is_true(empty->complete(), "an empty message is complete, and complete() is false");
    }};

const check::Scenario left_early{
    {.lesson = 13,
     .name = "left-early",
     .exercise = 3,
     .rule = "who leaves a message early gets the next one whole",
     .section = "",
     .cuts = once},
    [](Run& run) {
        Pair pair{run};
        pair.send(check::text("first").not_last());
        pair.send(check::continuation("rest that nobody reads"));
        pair.send(check::text("sec").not_last());
        pair.send(check::continuation("ond"));
        {
            Begun reader{run, pair};
            run.step("next_piece(), once");
            run.is_true(reader->next_piece().has_value(),
                        "the first bytes have arrived, and next_piece() gives none");
        }
        Begun reader{run, pair};
        run.equal("the next message", reader.rest(run), "second",
                  "what was left of the first one is dropped, and nothing of this one");
    }};

const check::Scenario past_reader{
    {.lesson = 13,
     .name = "past-reader",
     .exercise = 3,
     .rule = "a reader whose message is the past gives nothing any more",
     .section = "",
     .cuts = once},
    [](Run& run) {
        Pair pair{run};
        pair.send(check::text("first"));
        pair.send(check::text("sec").not_last());
        pair.send(check::continuation("ond"));
        Begun old{run, pair};
        Begun reader{run, pair};
        run.step("next_piece() of the first reader");
        const std::optional<ws::Bytes> piece = old->next_piece();
        run.is_true(!piece,
                    "the first reader gives a piece after the second message has begun: its "
                    "bytes lay in a buffer that belongs to the second one now");
        run.is_true(!old->complete(),
                    "complete() of the first reader is true, and its message was never handed out");
        run.equal("the second message", reader.rest(run), "second",
                  "the first reader must not take its bytes");
    }};

const check::Scenario lost{
    {.lesson = 13,
     .name = "lost-in-the-middle",
     .exercise = 3,
     .rule = "a message that will never be whole is not complete",
     .section = "RFC 6455 §7.1.5",
     .cuts = once},
    [](Run& run) {
        Pair pair{run};
        pair.send(check::text("half ").not_last());
        pair.send(check::continuation("of it").not_last());
        pair.end();
        Begun reader{run, pair};
        run.equal("what came", reader.rest(run), "half of it", "it has arrived");
        run.is_true(!reader->complete(),
                    "the connection ended in the middle, no FIN came, and complete() is true: half "
                    "a file is taken for all of it");
    }};

// --- exercise 4: fill a frame -------------------------------------------------------------------

constexpr std::size_t frame_bytes = 10;

// The frames of a text as a writer with frames of 10 sends them.
std::vector<check::Frame> frames_of(std::string_view text) {
    std::vector<check::Frame> frames;
    std::size_t at = 0;
    do {
        const std::string_view part = text.substr(at, frame_bytes);
        const check::Frame frame = at == 0 ? check::text(part) : check::continuation(part);
        at += frame_bytes;
        frames.push_back(at < text.size() ? frame.not_last() : frame);
    } while (at < text.size());
    return frames;
}

bool only_fin_differs(const check::Came& came) {
    return came.at == 0 && !came.got.empty() && (came.got[0] ^ came.expected[0]) == 0x80;
}

const check::Mistakes cut_wrongly{
    check::when(
        [](const check::Came& came) { return only_fin_differs(came) && came.got[0] < 0x80; },
        "FIN is 0, and this is the last frame. It left as soon as it was full, so an empty one "
        "had to end the message. Let a full frame wait: only the next byte shows that it is not "
        "the last."),
    check::when(
        [](const check::Came& came) { return only_fin_differs(came) && came.got[0] >= 0x80; },
        "FIN is 1: for the peer the message ends here, and what follows is another one. Only "
        "finish() knows which frame is the last."),
    check::when(
        [](const check::Came& came) {
            return came.at == 1 && check::read_frame(came.got).length > frame_bytes;
        },
        "the frame is larger than frame_bytes, which is 10. Memory is what it is about: a frame "
        "that grows with each write() becomes the whole message."),
    check::when(
        [](const check::Came& came) {
            const check::Seen got = check::read_frame(came.got);
            return came.at == 1 && got.length < check::read_frame(came.expected).length;
        },
        "the frame left before it was full: what one write() brings is no frame. Bytes are "
        "gathered until there are frame_bytes, 10, of them.")};

void expect_written(Run& run, std::size_t size, std::size_t step, const std::string& why) {
    Pair pair{run};
    const std::string text = run.payload(size);
    run.call("frames of 10; " + std::to_string(size) + " bytes, " + std::to_string(step) +
             " in each write(); finish()");
    auto writer = pair.writer(ws::Opcode::text, frame_bytes);
    bool sent = true;
    for (std::size_t at = 0; at < text.size(); at += step)
        sent = writer.write(std::string_view{text}.substr(at, step)) && sent;
    sent = writer.finish() && sent;
    pair.expect(frames_of(text), why, cut_wrongly);
    run.is_true(sent,
                "all of it has left, and write() or finish() says false: the connection is "
                "open, so it is true");
}

const check::Scenario frames{
    {.lesson = 13,
     .name = "frames",
     .exercise = 4,
     .rule = "frames of frame_bytes, the type in the first, FIN in the last",
     .section = "RFC 6455 §5.4",
     .cuts = once},
    [](Run& run) {
        for (const std::size_t step : {25u, 1u, 4u, 10u, 11u})
            expect_written(run, 25, step, "25 bytes are two full frames and one of 5 bytes");
    }};

const check::Scenario exactly{{.lesson = 13,
                               .name = "exactly-one-frame",
                               .exercise = 4,
                               .rule = "a full frame waits: it may be the last one",
                               .section = "RFC 6455 §5.4",
                               .cuts = once},
                              [](Run& run) {
                                  for (const std::size_t size : {10u, 20u, 9u, 11u})
                                      for (const std::size_t step : {size, std::size_t{5}})
                                          expect_written(run, size, step,
                                                         "finish() sends what waits, with FIN");
                              }};

const check::Scenario empty{
    {.lesson = 13,
     .name = "empty-message",
     .exercise = 4,
     .rule = "a message without bytes is one empty frame",
     .section = "RFC 6455 §5.4",
     .cuts = once},
    [](Run& run) {
        expect_written(run, 0, 1, "81 00 is a message, too, and finish() says that it is over");
    }};

const check::Scenario text_cut{
    {.lesson = 13,
     .name = "text-cut",
     .exercise = 4,
     .rule = "a text may be cut anywhere, its whole is UTF-8",
     .section = "RFC 6455 §5.6",
     .cuts = once},
    [](Run& run) {
        Pair pair{run};
        const std::string text = "zehn €, 👋 und ü";
        auto writer = pair.writer(ws::Opcode::text, frame_bytes);
        try {
            for (const char byte : text) {
                run.call(check::quote(text) + ", byte by byte: write() of " +
                         check::hex(static_cast<std::uint8_t>(byte)));
                writer.write(std::string_view{&byte, 1});
            }
            run.call(check::quote(text) + ", byte by byte; finish()");
            writer.finish();
        } catch (const std::invalid_argument&) {
            run.fail(
                Verdict::wrong,
                "a part of a character is refused, although the rest of it comes with the next "
                "call: the validator has to go on over all calls, and only finish() asks "
                "whether the text has ended within a character");
        }
        pair.expect(frames_of(text), "each frame has 10 bytes, also where that cuts a character",
                    cut_wrongly);
    }};

bool refused(const std::function<void()>& call) {
    try {
        call();
    } catch (const std::invalid_argument&) {
        return true;
    }
    return false;
}

const check::Scenario bad_text{
    {.lesson = 13,
     .name = "bad-text",
     .exercise = 4,
     .rule = "what can never be UTF-8 is refused, and nothing of it is sent",
     .section = "RFC 6455 §5.6",
     .cuts = once},
    [](Run& run) {
        {
            Pair pair{run};
            auto writer = pair.writer(ws::Opcode::text, frame_bytes);
            run.call("write() of \"abcdefghijk\\xFF\", frames of 10");
            run.is_true(refused([&] { writer.write("abcdefghijk\xFF"); }),
                        "FF stands in no UTF-8, and write() takes it: whatever follows, this "
                        "message would break §5.6. It throws std::invalid_argument");
            pair.expect({}, "nothing of a bad text leaves, so look at it before a byte is taken");
        }
        {
            Pair pair{run};
            auto writer = pair.writer(ws::Opcode::text, frame_bytes);
            run.call("write() of \"ab\\xC3\", then finish()");
            writer.write("ab\xC3");
            run.is_true(refused([&] { writer.finish(); }),
                        "C3 begins a character of two bytes, and finish() ends the text within it. "
                        "It throws std::invalid_argument");
            pair.expect({}, "a text that ends within a character is not sent");
        }
        Pair pair{run};
        auto writer = pair.writer(ws::Opcode::binary, frame_bytes);
        run.call("write() of the bytes 61 FF into a binary message, then finish()");
        run.is_true(!refused([&] {
            writer.write("a\xFF");
            writer.finish();
        }),
                    "binary data need not be UTF-8, and it is refused");
        pair.expect({check::binary(check::bytes_of("a\xFF"))}, "finish() sends what waits");
    }};

// --- exercise 5: two threads --------------------------------------------------------------------

const check::Scenario ping_between{
    {.lesson = 13,
     .name = "ping-between",
     .exercise = 5,
     .rule = "control frames go between the frames of a message",
     .section = "RFC 6455 §5.4",
     .needs = {4},
     .cuts = once},
    [](Run& run) {
        Pair pair{run};
        auto writer = pair.writer(ws::Opcode::text, frame_bytes);
        const std::string text = run.payload(15);
        run.step("write() of 11 bytes, ping(\"x\"), write() of 4, finish()");
        writer.write(std::string_view{text}.substr(0, 11));
        pair.connection().ping(ws::as_bytes("x"));
        writer.write(std::string_view{text}.substr(11));
        writer.finish();
        pair.expect(
            {check::text(text.substr(0, 10)).not_last(), check::ping("x"),
             check::continuation(text.substr(10))},
            "a frame leaves when it is known not to be the last, and a ping at once",
            {check::when(
                [](const check::Came& came) {
                    return check::read_frame(came.got).is(check::Op::ping);
                },
                "the ping has overtaken a frame that was full. A frame leaves as soon as it is "
                "known not to be the last; gathered until finish(), a message of 4 GiB "
                "would be in memory.")});
    }};

const check::Scenario others_wait{
    {.lesson = 13,
     .name = "others-wait",
     .exercise = 5,
     .rule = "frames of two messages never mix",
     .section = "RFC 6455 §5.4",
     .needs = {4},
     .cuts = once},
    [](Run& run) {
        Pair pair{run};
        const std::string text = run.payload(25);
        std::jthread other;
        bool early = false;
        {
            auto writer = pair.writer(ws::Opcode::text, frame_bytes);
            run.step("a message of 25 bytes; behind its first 11 another thread sends \"other\"");
            writer.write(std::string_view{text}.substr(0, 11));
            pair.take(run.patience());
            other = std::jthread{[&] { pair.connection().write_message("other"); }};
            early = pair.take(Milliseconds{150});
            writer.write(std::string_view{text}.substr(11));
            writer.finish();
        }
        other.join();
        std::vector<check::Frame> wanted = frames_of(text);
        wanted.push_back(check::text("other"));
        pair.expect(wanted, "the other message is sent when this one is finished",
                    {check::when(
                        [](const check::Came& came) {
                            return check::read_frame(came.got).text() == "other";
                        },
                        "a new message within one that has begun: the peer closes with 1002. The "
                        "turn ends with finish(), and not with each frame.")});
        run.is_true(!early, "bytes left while the message waited for its next write()");
    }};

const check::Scenario unfinished{
    {.lesson = 13,
     .name = "unfinished",
     .exercise = 5,
     .rule = "half a message is ended by a Close with 1011",
     .section = "RFC 6455 §7.4.1",
     .needs = {4},
     .cuts = once},
    [](Run& run) {
        Pair pair{run};
        const std::string text = run.payload(11);
        run.step("write() of 11 bytes, and an exception ends the writer's block");
        try {
            auto writer = pair.writer(ws::Opcode::text, frame_bytes);
            writer.write(text);
            throw std::runtime_error{"the disk is gone"};
        } catch (const std::runtime_error&) {
        }
        pair.expect({check::text(text.substr(0, 10)).not_last(), check::close(1011)},
                    "10 bytes have left without FIN, and the peer waits for the rest or takes the "
                    "next message for it. The destructor has to close with 1011",
                    {check::when(
                        [](const check::Came& came) {
                            const check::Seen got = check::read_frame(came.got);
                            return got.fin && got.is(check::Op::continuation);
                        },
                        "FIN, and the peer takes the first half of the message for all of it. Half "
                        "a message can only be ended by the end of the connection.")});
    }};

const check::Scenario unbegun{
    {.lesson = 13,
     .name = "unbegun",
     .exercise = 5,
     .rule = "a message of which nothing has left can be given up",
     .section = "",
     .needs = {4},
     .cuts = once},
    [](Run& run) {
        Pair pair{run};
        run.step("write() of 3 bytes, frames of 10, and the writer's block ends");
        {
            auto writer = pair.writer(ws::Opcode::text, frame_bytes);
            writer.write("abc");
        }
        run.step("another message: \"other\"");
        pair.connection().write_message("other");
        pair.expect({check::text("other")}, "the connection is open, and it is its turn",
                    {check::when(
                         [](const check::Came& came) {
                             return check::read_frame(came.got).is(check::Op::close);
                         },
                         "the connection is closed, and no frame of the message had left: the peer "
                         "knows nothing of it, so there is nothing to be ended."),
                     check::when(
                         [](const check::Came& came) {
                             return check::read_frame(came.got).text().starts_with("abc");
                         },
                         "a message that was given up is sent all the same: only finish() says "
                         "that it is whole.")});
    }};

// Pings until nobody takes them any more.
class Pinger {
  public:
    explicit Pinger(endpoint::BlockingConnection& connection)
        : thread_{[this, &connection](const std::stop_token& stop) {
              while (!stop.stop_requested() && connection.ping(ws::as_bytes(std::string(125, 'p'))))
                  ++sent_;
          }} {}

    // Has it been stuck for a while?
    void wait_until_stuck() {
        int last = -1;
        for (int still = 0; still < 6; last = sent_.load()) {
            std::this_thread::sleep_for(Milliseconds{25});
            still = sent_ == last ? still + 1 : 0;
        }
    }
    void stop() { thread_.request_stop(); }

  private:
    std::atomic<int> sent_ = 0;
    std::jthread thread_;
};

const check::Scenario stuck_ping{
    {.lesson = 13,
     .name = "stuck-ping",
     .exercise = 5,
     .rule = "while another thread sends, a frame waits, and is not put on a heap",
     .section = "",
     .needs = {4},
     .cuts = once,
     .seconds = 30},
    [](Run& run) {
        Pair pair{run};
        const std::string text = run.repeated(2'000'000);
        Signal written;
        bool sent = false, too_early = false;
        {
            auto writer = pair.writer(ws::Opcode::text, 1000);
            Pinger pinger{pair.connection()};
            run.step("the peer reads nothing, and the ping of another thread is stuck in send()");
            pinger.wait_until_stuck();
            run.step("write() of 2,000,000 bytes, frames of 1,000; finish()");
            std::jthread thread{[&] {
                sent = writer.write(text) && writer.finish();
                written.raise();
            }};
            too_early = written.wait(Milliseconds{400});
            pinger.stop();
            if (too_early) pair.leave();  // so that all of them end
            while (!too_early && !written.wait({})) pair.take(Milliseconds{20});
        }
        run.is_true(!too_early,
                    "write() and finish() have returned, and the peer has not taken a byte: 2 MB "
                    "wait in the connection's memory. As long as another thread sends "
                    "(sending_), wait for sending_done_, and then append");
        run.is_true(sent, "the peer reads again, and write() or finish() says false");
    }};

const check::Scenario lost_connection{
    {.lesson = 13,
     .name = "lost-connection",
     .exercise = 5,
     .rule = "when the peer has gone, write() says so, and the turn is given back",
     .section = "",
     .needs = {4},
     .cuts = once},
    [](Run& run) {
        Pair pair{run};
        bool returned = false;
        std::jthread other;
        Signal done;
        {
            auto writer = pair.writer(ws::Opcode::text, frame_bytes);
            run.step("the peer has gone; write() of 10 bytes, again and again");
            pair.leave();
            int calls = 0;
            while (calls < 100 && writer.write("0123456789")) ++calls;
            run.is_true(calls < 100,
                        "write() says true a hundred frames after the peer has gone: "
                        "a file would be read to its end for nobody");
            run.step("another thread: write_message()");
            other = std::jthread{[&] {
                pair.connection().write_message("other");
                done.raise();
            }};
            returned = done.wait(run.patience());
        }
        run.is_true(returned,
                    "write_message() of another thread does not return: it waits for its turn, and "
                    "the message that has it is lost. A failure ends the turn at once");
    }};

// --- the programs -------------------------------------------------------------------------------

std::string summary_of(std::string_view text) {
    std::string digits;
    for (const std::uint8_t byte : check::sha1(check::bytes_of(text))) {
        digits += "0123456789abcdef"[byte >> 4];
        digits += "0123456789abcdef"[byte & 15];
    }
    return std::to_string(text.size()) + " bytes, SHA-1 " + digits;
}

// The client has its answer: it closes, says what it knows, and is content.
void expect_content(check::Peer& server, check::Client& program,
                    const std::vector<std::string>& lines) {
    server.expect(check::close(1000).any_key());
    server.send(check::close(1000));
    server.end_sending();
    for (const std::string& line : lines)
        program->expect_line(line, "what the client counted, and what it was told");
    server.run().equal("the client's exit status", program->wait(), 0, "everything arrived");
}

const check::Scenario upload{
    {.lesson = 13,
     .name = "upload",
     .exercise = 5,
     .rule = "the client sends its standard input as one message, frame by frame",
     .section = "RFC 6455 §5.4",
     .needs = {3, 4}},
    [](Run& run) {
        const std::string text = run.payload(37);
        check::Host host{run};
        check::Client program{run, host, {"--text", "--frame", "10"}};
        check::Peer server{run, host};
        server.welcome();
        // The first frames are there before the input has ended.
        program->type(text.substr(0, 25));
        const std::vector<check::Frame> due = frames_of(text);
        for (std::size_t i = 0; i < 2; ++i) server.expect(due[i].any_key());
        program->type(text.substr(25));
        program->end_of_input();
        for (std::size_t i = 2; i < due.size(); ++i) server.expect(due[i].any_key());
        server.send(check::text(summary_of(text)));
        expect_content(server, program,
                       {"Sent:     " + summary_of(text), "Server:   " + summary_of(text)});
    }};

const check::Scenario both_ways{
    {.lesson = 13,
     .name = "both-ways",
     .exercise = 5,
     .rule = "one thread writes, another reads, and the pings of the peer are answered",
     .section = "RFC 6455 §5.5.2",
     .needs = {3, 4}},
    [](Run& run) {
        const std::string text = run.payload(18);
        check::Host host{run};
        check::Client program{run, host, {"--text", "--echo", "--frame", "10"}};
        check::Peer server{run, host};
        server.welcome("Sec-WebSocket-Protocol: echo\r\n");
        program->type(text.substr(0, 11));
        server.expect(check::text(text.substr(0, 10)).not_last().any_key());
        // The echo begins while the client is still waiting for its input.
        server.send(check::text(text.substr(0, 3)).not_last());
        server.send(check::ping("there?"));
        server.expect(check::pong("there?").any_key());
        program->type(text.substr(11));
        program->end_of_input();
        server.expect(check::continuation(text.substr(10)).any_key());
        server.send(check::continuation(text.substr(3)));
        server.send(check::text(summary_of(text)));
        expect_content(server, program,
                       {"Sent:     " + summary_of(text), "Returned: " + summary_of(text),
                        "Server:   " + summary_of(text)});
    }};

// --- exercise 6: stop and go on -----------------------------------------------------------------

const check::Scenario two_uploads{
    {.lesson = 13,
     .name = "two-uploads",
     .exercise = 6,
     .rule = "each client's message is counted for itself, as it was before",
     .section = "RFC 6455 §5.4",
     // Two clients that take turns: nothing can be glued to what comes later.
     .cuts = {check::Cut::whole, check::Cut::byte_by_byte, check::Cut::inside}},
    [](Run& run) {
        check::Server server{run};
        const std::string one = run.payload(20), two = run.payload(9);
        check::Peer ann{run, server}, bob{run, server};
        ann.open();
        bob.open();
        ann.send(check::text(one.substr(0, 12)).not_last().masked(run.key()));
        bob.send(check::text(two.substr(0, 4)).not_last().masked(run.key()));
        ann.send(check::ping("still there?").masked(run.key()));
        ann.expect(check::pong("still there?"));
        bob.send(check::continuation(two.substr(4)).masked(run.key()));
        const auto mixed = [](const std::string& both) {
            return check::Mistakes{check::when(
                [both](const check::Came& came) {
                    const std::string_view got = check::text_of(came.got);
                    return came.verdict == Verdict::wrong && got.find("SHA-1") != got.npos;
                },
                both)};
        };
        bob.expect(
            check::text(summary_of(two)),
            mixed("this is not what bob has sent (9 bytes in two frames). Is there one "
                  "count for all clients? What is known of a message belongs to its client."));
        ann.send(check::continuation(one.substr(12)).masked(run.key()));
        ann.expect(
            check::text(summary_of(one)),
            mixed("this is not what ann has sent (20 bytes in two frames). Did bob's message "
                  "begin, or end, her count?"));
    }};

}  // namespace
