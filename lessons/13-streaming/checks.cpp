// The judge of lesson 13, exercises 2 and 3: messages that are read in pieces. RFC 6455 §5.4.
// Exercises 4 to 6 are judged in checks_writing.cpp.
#include "lessons/13-streaming/checks.hpp"

namespace check {

namespace {

// A MessageReader there. One more of the same name ends the one before.
class Reader {
  public:
    explicit Reader(Run& run, std::string name = "reader") : run_{run}, name_{std::move(name)} {
        run.is_true(call<bool>("next_reader", name_ + " = next_reader()"),
                    "a message has begun, and next_reader() gives none");
    }

    Pending begin_piece() { return run_.start(piece_call()); }
    std::optional<std::string> piece() { return in_letters(run_.call(piece_call())); }
    static std::optional<std::string> in_letters(const Answer& answer) {
        const auto piece = answer.as<std::optional<Buffer>>();
        return piece ? std::optional{std::string{text_of(*piece)}} : std::nullopt;
    }
    bool complete() { return call<bool>("complete", name_ + ".complete()"); }
    Op type() { return call<Op>("type", name_ + ".type()"); }

    // What read() into so many bytes gives.
    std::string read(std::size_t room) { return in_cup(run_.call(read_call(room)), room); }
    Pending begin_read(std::size_t room) { return run_.start(read_call(room)); }
    std::string in_cup(const Answer& answer, std::size_t room) {
        const auto [count, cup] = answer.as<std::size_t, Buffer>();
        run_.is_true(count <= room, "read() says " + std::to_string(count) +
                                        " bytes, and there is room for " + std::to_string(room));
        return std::string{text_of(Bytes{cup}.first(count))};
    }

    // What next_piece() gives until it gives nothing.
    std::string rest() {
        std::string all;
        for (int i = 0; i < 100; ++i) {
            const std::optional<std::string> next = piece();
            if (!next) return all;
            run_.is_true(!next->empty(), "a piece has at least one byte; this one has none. At the "
                                         "end there is no piece, and that is told by nullopt");
            all += *next;
        }
        run_.fail(Verdict::wrong, "next_piece() gives pieces without end: what was handed out must go");
    }

  private:
    Call read_call(std::size_t room) const {
        return Call{"read", name_, room}.as((name_ == "reader" ? "" : name_ + '.') + "read() into " +
                                            std::to_string(room) + (room == 1 ? " byte" : " bytes"));
    }
    Call piece_call() const { return Call{"next_piece", name_}.as(name_ + ".next_piece()"); }
    template <typename T>
    T call(const std::string& function, std::string words) {
        return run_.call(Call{function, name_}.as(std::move(words))).as<T>();
    }

    Run& run_;
    std::string name_;
};

// --- exercise 2: a piece into a cup -------------------------------------------------------------

const Scenario read_in_cups{"read", exercise(2), "", "what has no room waits for the next call",
    [](Run& run) {
    for (const std::size_t room : {10u, 5u, 12u, 100u}) {
        StreamPair pair{run};
        const std::string sent = run.payload(12);
        run.step("a message of 12 bytes, and a cup for " + std::to_string(room));
        pair.send(text(sent));
        Reader reader{run};
        std::string all;
        while (all.size() < sent.size()) {
            const std::string got = reader.read(room);
            run.is_true(!got.empty(), "read() says 0, the end, after " + std::to_string(all.size()) +
                                          " of 12 bytes: what had no room is lost. It has to wait in the "
                                          "reader for the next call");
            all += got;
        }
        run.equal("what was read", all, sent, "each byte once, in its order");
        run.equal("read()", reader.read(room).size(), std::size_t{0}, "all was read, and 0 is the end");
    }
}};

const Scenario read_one{"read-one-byte-at-a-time", exercise(2), "", "the smallest cup works, too",
    [](Run& run) {
    StreamPair pair{run};
    const std::string sent = run.payload(7);
    pair.send(text(sent));
    Reader reader{run};
    for (const char expected : sent) {
        const std::string got = reader.read(1);
        run.equal("read()", got.size(), std::size_t{1}, "there are bytes left");
        run.equal("the byte", got, std::string(1, expected), "each byte once, in its order");
    }
}};

const Scenario half_full{"half-full", exercise(2), "", "a cup need not be full: what has arrived is handed out",
    [](Run& run) {
    StreamPair pair{run};
    const std::string sent = run.payload(12);
    run.step("a frame of 12 bytes that is not the last, a cup for 100, and nothing more comes");
    pair.send(text(sent).not_last());
    Reader reader{run};
    Pending reading = reader.begin_read(100);
    const std::string got = reader.in_cup(
        reading.answer("read() waits until its cup is full. 12 bytes have arrived: they are what it gives. The "
                       "peer may be waiting for an answer to them before it sends more."),
        100);
    run.equal("read()", got, sent, "what has arrived");
}};

// --- exercise 3: the next piece -----------------------------------------------------------------

const Scenario pieces{"pieces", exercise(3), "RFC 6455 §5.4",
    "pieces come until the message is over, over all of its frames", [](Run& run) {
    StreamPair pair{run};
    const std::string a = run.payload(5), b = run.payload(9), c = run.payload(3);
    pair.send(text(a).not_last());
    pair.send(continuation(b).not_last());
    pair.send(ping("x"));
    pair.send(continuation(c));
    pair.send(binary(bytes_of("next")));
    Reader reader{run};
    run.equal("the message", reader.rest(), a + b + c,
              "three frames, and all of them are this message: only FIN ends it");
    run.is_true(reader.type() == Op::text, "its type is that of its first frame");
    Reader next{run};
    run.equal("the next message", next.rest(), "next", "it has begun after the first");
    run.step("a message whose FIN comes in a frame without bytes");
    pair.send(text(a).not_last());
    pair.send(continuation(""));
    Reader ended{run, "third"};
    run.equal("the message", ended.rest(), a, "its last frame has FIN and nothing else");
    run.is_true(ended.complete(), "FIN has come, in an empty frame, and complete() is false");
}};

const Scenario piece_of_a_frame{"piece-of-a-frame", exercise(3), "RFC 6455 §5.2",
    "a piece is what has arrived, and a frame may be larger than memory", [](Run& run) {
    StreamPair pair{run};
    const std::string sent = run.payload(30);
    const Buffer frame = text(sent).masked(run.key()).bytes();
    run.show_frames(Way::from_client, frame);
    run.step("of these bytes the header has arrived, and 10 of the payload");
    // 6 bytes of header; more of the frame comes when 10 bytes have been handed out.
    const Bytes bytes{frame};
    pair.send_raw(bytes.first(6 + 10));
    Reader reader{run};
    std::string all;
    const auto expect_piece = [&] {
        const Answer answer = reader.begin_piece().answer(
            "next_piece() waits for the rest of the frame. 10 bytes had arrived: they "
            "are a piece. A frame may announce 10 GiB, and whoever waits for all of it "
            "has to keep all of it.");
        const std::optional<std::string> piece = Reader::in_letters(answer);
        run.is_true(piece.has_value(), "10 bytes had arrived, and next_piece() gives none, although the "
                                       "message has not ended: no byte left is no end, so read once more");
        all += *piece;
        run.equal("what was handed out so far", all, sent.substr(0, all.size()), "in order");
    };
    expect_piece();
    run.step("10 more bytes of the payload have arrived");
    pair.send_raw(bytes.subspan(16, 10));
    expect_piece();
    run.step("the rest has arrived");
    pair.send_raw(bytes.subspan(26));
    run.equal("the message", all + reader.rest(), sent, "30 bytes in one frame");
}};

const Scenario complete{"complete", exercise(3), "",
    "complete() is true when all was handed out, and not before", [](Run& run) {
    StreamPair pair{run};
    pair.send(text("one").not_last());
    pair.send(continuation("two"));
    pair.send(text(""));
    Reader reader{run};
    run.is_true(!reader.complete(), "nothing was handed out yet, and complete() is true");
    run.equal("the message", reader.rest(), "onetwo", "two frames, one message");
    run.is_true(reader.complete(), "the whole message was handed out, and complete() is false: whoever asks "
                                   "it takes the file for half of one. It is last_ that has to follow FIN");
    Reader empty{run};
    run.equal("an empty message", empty.rest(), "", "it has no bytes");
    run.is_true(empty.complete(), "an empty message is complete, and complete() is false");
}};

const Scenario left_early{"left-early", exercise(3), "",
    "whoever leaves a message early gets the next one whole", [](Run& run) {
    StreamPair pair{run};
    pair.send(text("first").not_last());
    pair.send(continuation("rest that nobody reads"));
    pair.send(text("sec").not_last());
    pair.send(continuation("ond"));
    run.is_true(Reader{run}.piece().has_value(), "the first bytes have arrived, and next_piece() gives none");
    Reader reader{run};
    run.equal("the next message", reader.rest(), "second",
              "what was left of the first one is dropped, and nothing of this one");
}};

const Scenario past_reader{"past-reader", exercise(3), "",
    "a reader whose message is the past gives nothing any more", [](Run& run) {
    StreamPair pair{run};
    pair.send(text("first"));
    pair.send(text("sec").not_last());
    pair.send(continuation("ond"));
    Reader old{run, "first"};
    Reader reader{run, "second"};
    run.is_true(!old.piece(), "the first reader gives a piece after the second message has begun: its "
                              "bytes lay in a buffer that belongs to the second one now");
    run.is_true(!old.complete(),
                "complete() of the first reader is true, and its message was never handed out");
    run.equal("the second message", reader.rest(), "second", "the first reader must not take its bytes");
    run.step("the same with read()");
    pair.send(text("third"));
    pair.send(text("fourth"));
    Reader half{run, "third"};
    half.read(2);
    Reader last{run, "fourth"};
    run.equal("the third reader's read()", half.read(5), "",
              "read() gives what waited in a reader whose message is the past: those bytes have gone with their "
              "buffer. Ask next_piece(), which knows");
    run.equal("the fourth message", last.rest(), "fourth", "the third reader must not take its bytes");
}};

const Scenario lost_message{"lost-in-the-middle", exercise(3), "RFC 6455 §7.1.5",
    "a message that will never be whole is not complete", [](Run& run) {
    StreamPair pair{run};
    pair.send(text("half ").not_last());
    pair.send(continuation("of it").not_last());
    pair.end();
    Reader reader{run};
    run.equal("what came", reader.rest(), "half of it", "it has arrived");
    run.is_true(!reader.complete(), "the connection ended in the middle, no FIN came, and complete() is "
                                    "true: half a file is taken for all of it");
}};

}  // namespace

}  // namespace check
