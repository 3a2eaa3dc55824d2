// The judge of lesson 8, exercises 5 and 6: what a piece means, over real sockets and by hand.
// RFC 6455 §5.4, §5.5, §6.2, §7, §10.4. Most of the latter drives ws::Connection as a value: bytes in,
// events and bytes out, no socket.
#include "lessons/tools/check/check.hpp"

namespace check {

namespace {

// --- a connection, driven by hand ---------------------------------------------------------------

// As in ws::Event, ws::State.
enum Type : std::uint8_t { message, ping_came, pong_came, close_came, failed };
constexpr unsigned closed = 2;

// The server's end of a connection, in the student's process, and what comes out of it.
class Driven {
  public:
    explicit Driven(Run& run) : run_{run} {
        run.fresh();
        run.call(Call{"Connection"}.as("a new connection, the server's end"));
    }

    void blocked(bool is) { run_.call("output_blocked", is); }

    // A client's frames, all in one read, and the events that come of them.
    void feed(const std::vector<Frame>& frames, const std::string& expected, std::string_view why = {}) {
        const Buffer bytes = joined(frames, run_.key());
        run_.show_frames(Way::from_client, bytes);
        std::string told;
        for (const auto& [type, opcode, code, errc, data] :
             run_.call(Call{"feed", bytes}.as("feed() of them"))
                 .as<std::vector<std::tuple<Type, unsigned, unsigned, std::string, Buffer>>>())
            told += (told.empty() ? "" : ", ") + in_words(type, opcode, code, errc) +
                    (type == failed ? "" : quote(data, 40));
        run_.equal("what comes out", Plain{told}, Plain{expected}, why);
    }

    // All that has left so far.
    void expect_sent(const std::vector<Frame>& frames, const std::string& why) {
        const auto sent = run_.call(Call{"sent"}.as("what has left so far")).as<Buffer>();
        const Buffer due = joined(frames);
        const std::size_t same = first_difference(sent, due);
        if (sent.size() > due.size() && same == due.size()) {
            run_.show_frames(Way::from_server, Bytes{sent}.subspan(same));
            run_.fail(Verdict::wrong, "this is more than was due: " + why);
        }
        if (sent.size() < due.size() && same == sent.size())
            run_.fail(Verdict::wrong, describe(read_frame(Bytes{due}.subspan(same))) + " has not left: " + why);
        run_.same_bytes("the connection", sent, due);
    }

  private:
    static std::string in_words(Type type, unsigned opcode, unsigned code, const std::string& errc) {
        switch (type) {
            case message: return opcode == 1 ? "TEXT " : opcode == 2 ? "BINARY " : "(no type) ";
            case ping_came: return "ping ";
            case pong_came: return "pong ";
            case close_came: return "close " + std::to_string(code) + ' ';
            case failed: return "failed with " + std::to_string(code) + ": " + errc;
        }
        return "?";
    }

    Run& run_;
};

// --- exercise 5: what a piece means -------------------------------------------------------------

const Scenario echo{"echo", exercise(5).needs(3, 4), "RFC 6455 §5.6",
    "text comes back as text, binary as binary", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    const std::string word = run.payload(5), longer = run.payload(126);
    client.send(text(word).masked(run.key()));
    client.expect(text(word));
    // First with bytes that a text may have, too: then the opcode alone is wrong.
    client.send(binary(bytes_of(word)).masked(run.key()));
    client.expect(binary(bytes_of(word)));
    client.send(binary(unhex("00 FF 10")).masked(run.key()));
    client.expect(binary(unhex("00 FF 10")));
    client.send(text("").masked(run.key()));
    client.expect(text(""));
    client.send(text(longer).masked(run.key()));
    client.expect(text(longer));
}};

const Scenario fragments{"fragments", exercise(5).needs(3, 4), "RFC 6455 §5.4",
    "several frames are one message, handed on once, with the type of the first", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    const std::string a = run.payload(3), b = run.payload(1), c = run.payload(4);
    client.send(text(a).not_last().masked(run.key()));
    client.send(continuation(b).not_last().masked(run.key()));
    client.send(continuation("").not_last().masked(run.key()));
    client.send(continuation(c).masked(run.key()));
    client.expect(text(a + b + c));
    client.send(binary(bytes_of(a)).not_last().masked(run.key()));
    client.send(continuation(b).masked(run.key()));
    client.expect(binary(bytes_of(a + b)));
}};

const Scenario ping_in_message{"ping-in-message", exercise(5).needs(3, 4), "RFC 6455 §5.5.2",
    "a ping is answered at once, with its payload, also within a message", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    const std::string first = run.payload(4), second = run.payload(3), beat = run.payload(8);
    client.send(ping(beat).masked(run.key()));
    client.expect(pong(beat));
    client.send(ping().masked(run.key()));
    client.expect(pong());
    client.send(text(first).not_last().masked(run.key()));
    client.send(ping(beat).masked(run.key()));
    client.expect(pong(beat));
    client.send(pong("nobody asked").masked(run.key()));
    client.send(continuation(second).masked(run.key()));
    client.expect(text(first + second));
}};

const Scenario ping_kept{"ping-kept", exercise(5), "RFC 6455 §5.5.3",
    "while output is blocked the newest ping is kept, and no other", [](Run& run) {
    Driven driven{run};
    driven.blocked(true);
    driven.feed({ping("1"), ping("2"), ping("3")}, "ping \"1\", ping \"2\", ping \"3\"");
    driven.expect_sent({}, "output is blocked: nothing may leave");
    driven.blocked(false);
    driven.expect_sent({pong("3")}, "the newest ping is answered when there is room again");
    driven.blocked(false);
    driven.expect_sent({pong("3")}, "it was answered, and once is enough");
}};

const Scenario close_echo{"close-echo", exercise(5).needs(2, 4), "RFC 6455 §5.5.1, §7.1.1",
    "a Close is answered by a Close with the same code, then the server ends TCP", [](Run& run) {
    Server server{run};
    for (const auto code : {std::uint16_t{1000}, std::uint16_t{4001}}) {
        Peer client{run, server};
        client.open();
        // What follows a Close is discarded (§1.4): no echo of it.
        client.send(close(code, "bye").masked(run.key()));
        // Only the code is asked for: a server that leaves the reason out is right as well.
        client.expect_close(code, "the client said why it goes, and gets its code back");
        client.expect_end("both Closes have been sent, and it is the server that ends TCP");
    }
    Peer client{run, server};
    client.open();
    client.send(close().masked(run.key()));
    client.expect(close());
    client.expect_end("both Closes have been sent, and it is the server that ends TCP");
}};

const Scenario close_once{"close-once", exercise(5).needs(2), "RFC 6455 §5.5.1",
    "whoever has sent a Close sends no second one, and no data", [](Run& run) {
    Driven driven{run};
    run.call("close", 1001, "bye");
    driven.expect_sent({close(1001, "bye")}, "the Close that was asked for");
    driven.feed({ping("?")}, "ping \"?\"");
    driven.expect_sent({close(1001, "bye"), pong("?")},
                       "a ping is answered until the peer's Close has come (§5.5.2)");
    driven.feed({close(1001, "bye"), text("late")}, "close 1001 \"bye\"",
                "what follows a Close is discarded");
    driven.expect_sent({close(1001, "bye"), pong("?")}, "a Close was sent before, and one is enough");
    run.is_true(run.call(Call{"state"}).as<unsigned>() == closed,
                "both Closes have gone, so the state is closed");

    Driven broken{run};
    run.call("close", 1001, "bye");
    broken.feed({text("x").opcode(3)}, "failed with 1002: reserved_opcode");
    broken.expect_sent({close(1001, "bye")},
                       "the peer broke a rule when our Close had left: it is not told by a second one");
}};

const Scenario fail{"fail", exercise(5).needs(2, 3, 4), "RFC 6455 §7.1.7",
    "a broken rule is answered by a Close with its code, then TCP ends", [](Run& run) {
    Server server{run};
    const auto expect = [&](const Frame& frame, std::uint16_t code,
                            std::string_view why) {
        Peer client{run, server};
        client.open();
        client.send(frame);
        const Seen told = client.expect_close(code, why);
        run.is_true(told.payload.size() > 2,
                    "the Close has the code " + std::to_string(code) + " and no reason. Dozens of rules share that "
                    "code; the sentence of the one that was broken, rule(errc).sentence, says why, to whoever "
                    "reads the other side's log");
        client.expect_end("a failed connection ends, and does not go on");
    };
    const Key key = run.key();
    expect(text("Hello"), 1002, "a client's frame must be masked (§5.1)");
    expect(text("Hello").rsv(4).masked(key), 1002, "RSV1 without an extension (§5.2)");
    expect(text("x").opcode(3).masked(key), 1002, "opcode 3 is reserved (§5.2)");
    expect(continuation("x").masked(key), 1002, "nothing to continue (§5.4)");
    expect(text("\xC3(").masked(key), 1007, "not UTF-8 (§8.1)");
    expect(close(1006).masked(key), 1002, "1006 must not be sent (§7.4.1)");
    expect(text("").announcing(std::uint64_t{17} << 20).masked(key), 1009,
           "17 MiB, and the limit is 16 (§10.4)");
}};

const Scenario tcp_end{"tcp-end", exercise(5).needs(2, 3, 4), "RFC 6455 §7.1.1, §7.1.7",
    "whoever failed a connection reads on until its peer has ended, and nobody else", [](Run& run) {
    enum End : std::uint8_t { not_yet, now, drain };
    const Call call = Call{"tcp_end"}.as("tcp_end()");
    Driven in_order{run};
    run.is_true(run.call(call).as<End>() == not_yet, "the connection is open, and tcp_end() does not say not_yet");
    in_order.feed({close(1000)}, "close 1000 \"\"");
    run.is_true(run.call(call).as<End>() == now,
                "both Closes are through, nothing can follow: tcp_end() is expected to say now");
    Driven broken{run};
    broken.feed({continuation("x")}, "failed with 1002: unexpected_continuation");
    run.is_true(run.call(call).as<End>() == drain,
                "tcp_end() is expected to say drain. The peer that broke a rule may still be sending: bytes that "
                "nobody reads turn the end into a reset, and that may overtake the Close which says what was "
                "wrong. fail() notes it");
}};

// --- exercise 6: a header that promises too much ------------------------------------------------

const Scenario announced{"announced", exercise(6).needs(4, 5), "RFC 6455 §10.4",
    "an announced length alone gets no memory", [](Run& run) {
    Buffer bytes = binary({}).announcing(std::uint64_t{16} << 20).masked(run.key()).header();
    bytes.resize(bytes.size() + 10);  // of 16 MiB
    const Driven driven{run};
    const std::size_t before = run.students_process().requested_kib();
    run.call(Call{"feed", bytes}.as("feed(): a header that announces 16 MiB, and 10 bytes of them"));
    const std::size_t grown = run.students_process().requested_kib() - before;
    run.is_true(grown <= 8 * 1024, "10 bytes have come, and the connection has asked for " +
                                       std::to_string(grown) +
                                       " KiB of memory: a thousand such clients would take them a thousand times");
}};

const Scenario many_fragments{"many-fragments", exercise(6).needs(4, 5), "RFC 6455 §5.4",
    "a message in many fragments is not moved with each of them", [](Run& run) {
    constexpr int count = 5'000;
    const Key key = run.key();
    const std::string part = run.payload(100);
    const auto bytes = [&](const Frame& frame) { return frame.masked(key).bytes(); };
    const Driven driven{run};
    const Call call{"feed_often", bytes(text(part).not_last()), bytes(continuation(part).not_last()),
                    count - 2, bytes(continuation(part))};
    std::vector<std::size_t> sizes;
    run.within(Milliseconds{500}, "a message of 0.5 MB in 5,000 fragments", [&] {
        sizes = run.call(Call{call}.as("feed(), 5,000 times")).as<std::vector<std::size_t>>();
    });
    run.is_true(sizes == std::vector<std::size_t>{count * part.size()},
                "one message comes out, of 500,000 bytes");
}};

}  // namespace

}  // namespace check
