// The judge of lesson 13, exercises 4 to 6: messages that are written in pieces, then the programs
// over real sockets. RFC 6455 §5.4.
#include <thread>

#include "lessons/13-streaming/checks.hpp"

namespace check {

namespace {

constexpr std::size_t frame_bytes = 10;

// A text as a writer with such frames sends it.
std::vector<Frame> frames_of(std::string_view sent) {
    std::vector<Frame> frames;
    std::size_t at = 0;
    do {
        const std::string_view part = sent.substr(at, frame_bytes);
        const Frame frame = at == 0 ? text(part) : continuation(part);
        at += frame_bytes;
        frames.push_back(at < sent.size() ? frame.not_last() : frame);
    } while (at < sent.size());
    return frames;
}

// As in calls.cpp: false, true, std::invalid_argument.
enum class Result : std::uint8_t { lost, taken, refused };

// The MessageWriter there.
class Writer {
  public:
    explicit Writer(Run& run, Op type = Op::text, std::size_t frame_size = frame_bytes) : run_{run} {
        run.call(Call{"next_writer", type, frame_size}.as(
            "next_writer(" + std::string{type == Op::text ? "text" : "binary"} + ", " +
            std::to_string(frame_size) + ")"));
    }

    // So many bytes in each write().
    Result write(std::string_view bytes, std::size_t each = everything) {
        return run_
            .call(call_of_write(bytes, each)
                      .as("write() of " + quote(bytes, 40) +
                          (each < bytes.size() ? ", " + std::to_string(each) + " in each call" : "")))
            .as<Result>();
    }
    Pending begin_write(std::string_view bytes, std::string words) {
        return run_.start(call_of_write(bytes, everything).as(std::move(words)));
    }
    Result finish() { return run_.call(Call{"finish"}).as<Result>(); }
    void end_block() { run_.call(Call{"end_of_block"}.as("the writer's block ends")); }

  private:
    static Call call_of_write(std::string_view bytes, std::size_t each) {
        return Call{"write", bytes_of(bytes), each};
    }

    Run& run_;
};

Call write_message(std::string_view words) { return Call{"write_message", words}; }

// --- exercise 4: fill a frame -------------------------------------------------------------------

bool only_fin_differs(const Came& came) {
    return came.at == 0 && !came.got.empty() && (came.got[0] ^ came.expected[0]) == 0x80;
}

const Mistakes cut_wrongly{
    when([](const Came& came) { return only_fin_differs(came) && came.got[0] < 0x80; },
         "FIN is 0, and this is the last frame. It left as soon as it was full, so an empty one "
         "had to end the message. Let a full frame wait: only the next byte shows that it is not the last."),
    when([](const Came& came) { return only_fin_differs(came) && came.got[0] >= 0x80; },
         "FIN is 1: for the peer the message ends here, and what follows is another one. Only "
         "finish() knows which frame is the last."),
    when([](const Came& came) { return came.at == 1 && read_frame(came.got).length > frame_bytes; },
         "the frame is larger than frame_bytes, which is 10. Memory is what it is about: a frame "
         "that grows with each write() becomes the whole message."),
    when([](const Came& came) {
             return came.at == 1 && read_frame(came.got).length < read_frame(came.expected).length;
         },
         "the frame left before it was full: what one write() brings is no frame. Bytes are "
         "gathered until there are frame_bytes, 10, of them.")};

void expect_written(Run& run, std::size_t size, std::size_t each, const std::string& why) {
    StreamPair pair{run};
    const std::string payload = run.payload(size);
    Writer writer{run};
    const Result written = writer.write(payload, each);
    const Result finished = writer.finish();
    pair.expect(frames_of(payload), why, cut_wrongly);
    run.is_true(written == Result::taken && finished == Result::taken,
                "all of it has left, and write() or finish() says false: the connection is open, so "
                "it is true");
}

const Scenario in_frames{"frames", exercise(4), "RFC 6455 §5.4",
    "frames of frame_bytes, the type in the first, FIN in the last", [](Run& run) {
    for (const std::size_t each : {25u, 1u, 4u, 10u, 11u})
        expect_written(run, 25, each, "25 bytes are two full frames and one of 5 bytes");
}};

const Scenario exactly{"exactly-one-frame", exercise(4), "RFC 6455 §5.4",
    "a full frame waits: it may be the last one", [](Run& run) {
    for (const std::size_t size : {10u, 20u, 9u, 11u})
        for (const std::size_t each : {size, std::size_t{5}})
            expect_written(run, size, each, "finish() sends what waits, with FIN");
    StreamPair pair{run};
    const std::string payload = run.payload(frame_bytes);
    Writer writer{run};
    writer.write(payload);
    writer.write("");
    pair.expect({}, "a write() without bytes is no byte more: the full frame may still be the last one");
    writer.finish();
    pair.expect(frames_of(payload), "finish() sends what waits, with FIN", cut_wrongly);
}};

const Scenario empty_message{"empty-message", exercise(4), "RFC 6455 §5.4",
    "a message without bytes is one empty frame", [](Run& run) {
    expect_written(run, 0, 1, "81 00 is a message, too, and finish() says that it is over");
}};

const Scenario text_cut{"text-cut", exercise(4), "RFC 6455 §5.6",
    "a text may be cut anywhere, its whole is UTF-8", [](Run& run) {
    StreamPair pair{run};
    const std::string words = "zehn €, 👋 und ü";
    Writer writer{run};
    const bool refused = writer.write(words, 1) == Result::refused || writer.finish() == Result::refused;
    run.is_true(!refused, "a part of a character is refused, although the rest of it comes with the next "
                          "call: the validator has to go on over all calls, and only finish() asks "
                          "whether the text has ended within a character");
    pair.expect(frames_of(words), "each frame has 10 bytes, also where that cuts a character", cut_wrongly);
}};

const Scenario bad_text{"bad-text", exercise(4), "RFC 6455 §5.6",
    "what can never be UTF-8 is refused, and nothing of it is sent", [](Run& run) {
    {
        StreamPair pair{run};
        run.is_true(Writer{run}.write("abcdefghijk\xFF") == Result::refused,
                    "FF stands in no UTF-8, and write() takes it: whatever follows, this "
                    "message would break §5.6. It throws std::invalid_argument");
        pair.expect({}, "nothing of a bad text leaves, so look at it before a byte is taken");
    }
    {
        StreamPair pair{run};
        run.is_true(Writer{run}.write(run.payload(25) + "\xFF") == Result::refused,
                    "FF stands in no UTF-8, and write() takes it behind two full frames");
        pair.expect({}, "write() throws, so nothing of its bytes may have left: look at all of them before the "
                        "first frame, and not at each frame's part");
    }
    {
        StreamPair pair{run};
        Writer writer{run};
        writer.write("ab\xC3");
        run.is_true(writer.finish() == Result::refused,
                    "C3 begins a character of two bytes, and finish() ends the text within it. "
                    "It throws std::invalid_argument");
        pair.expect({}, "a text that ends within a character is not sent");
    }
    {
        StreamPair pair{run};
        Writer writer{run};
        writer.write("abcdefghijk\xC3");
        run.is_true(writer.finish() == Result::refused,
                    "the first ten bytes have left already, and finish() still ends the text within a character: "
                    "the whole message must be UTF-8, however many frames it has. It throws "
                    "std::invalid_argument");
        pair.expect({text("abcdefghij").not_last()}, "the frame that was full, and nothing with FIN");
    }
    StreamPair pair{run};
    Writer writer{run, Op::binary};
    run.is_true(writer.write("a\xFF") != Result::refused && writer.finish() != Result::refused,
                "binary data need not be UTF-8, and it is refused");
    pair.expect({binary(bytes_of("a\xFF"))}, "finish() sends what waits");
}};

// --- exercise 5: two threads --------------------------------------------------------------------

const Scenario ping_between{"ping-between", exercise(5).needs(4), "RFC 6455 §5.4",
    "control frames go between the frames of a message", [](Run& run) {
    StreamPair pair{run};
    const std::string payload = run.payload(15);
    Writer writer{run};
    writer.write(payload.substr(0, 11));
    run.call("ping", "x");
    writer.write(payload.substr(11));
    writer.finish();
    pair.expect({text(payload.substr(0, 10)).not_last(), ping("x"), continuation(payload.substr(10))},
                "a frame leaves when it is known not to be the last, and a ping at once",
                {when([](const Came& came) { return read_frame(came.got).is(Op::ping); },
                      "the ping has overtaken a frame that was full. A frame leaves as soon as it is "
                      "known not to be the last; gathered until finish(), a message of 4 GiB "
                      "would be in memory.")});
}};

const Scenario others_wait{"others-wait", exercise(5).needs(4), "RFC 6455 §5.4",
    "frames of two messages never mix", [](Run& run) {
    StreamPair pair{run};
    const std::string payload = run.payload(25);
    Writer writer{run};
    writer.write(payload.substr(0, 11));
    pair.take(run.patience());
    run.step("another thread sends a message");
    Pending other = run.start(write_message("other"));
    const bool early = pair.take(Milliseconds{150});
    writer.write(payload.substr(11));
    writer.finish();
    writer.end_block();
    other.answer("write_message() of another thread does not return: the turn that ends with finish() is not "
                 "given back.");
    std::vector<Frame> wanted = frames_of(payload);
    wanted.push_back(text("other"));
    pair.expect(wanted, "the other message is sent when this one is finished",
                {when([](const Came& came) { return read_frame(came.got).text() == "other"; },
                      "a new message within one that has begun: the peer closes with 1002. The "
                      "turn ends with finish(), and not with each frame.")});
    run.is_true(!early, "bytes left while the message waited for its next write()");
}};

const Scenario unfinished{"unfinished", exercise(5).needs(4), "RFC 6455 §7.4.1",
    "half a message is ended by a Close with 1011", [](Run& run) {
    StreamPair pair{run};
    const std::string payload = run.payload(11);
    Writer{run}.write(payload);
    run.call(Call{"exception"}.as("an exception ends the writer's block"));
    pair.expect({text(payload.substr(0, 10)).not_last(), close(1011)},
                "10 bytes have left without FIN, and the peer waits for the rest or takes the "
                "next message for it. The destructor has to close with 1011",
                {when([](const Came& came) {
                          const Seen got = read_frame(came.got);
                          return got.fin && got.is(Op::continuation);
                      },
                      "FIN, and the peer takes the first half of the message for all of it. Half "
                      "a message can only be ended by the end of the connection.")});
    StreamPair bad{run};
    Writer writer{run};
    writer.write(payload + '\xC3');
    run.is_true(writer.finish() == Result::refused, "the text ends within a character, and finish() takes it");
    writer.end_block();
    bad.expect({text(payload.substr(0, 10)).not_last(), close(1011)},
               "finish() has refused the end of this text, so it is as unfinished as before: its turn goes on, "
               "until the destructor closes with 1011");
}};

const Scenario unbegun{"unbegun", exercise(5).needs(4), "",
    "a message of which nothing has left can be given up", [](Run& run) {
    StreamPair pair{run};
    Writer writer{run};
    writer.write("abc");
    writer.end_block();
    run.call(write_message("other"));
    pair.expect({text("other")}, "the connection is open, and it is its turn",
                {when([](const Came& came) { return read_frame(came.got).is(Op::close); },
                      "the connection is closed, and no frame of the message had left: the peer "
                      "knows nothing of it, so there is nothing to be ended."),
                 when([](const Came& came) { return read_frame(came.got).text().starts_with("abc"); },
                      "a message that was given up is sent all the same: only finish() says "
                      "that it is whole.")});
}};

// Nothing more leaves, and a thread there waits for room.
void wait_until_stuck(Run& run, const StreamPair& pair) {
    int last = 0;
    for (int still = 0; still < 6;) {
        std::this_thread::sleep_for(Milliseconds{25});
        const int now = pair.waiting();
        const bool stuck = now > 0 && now == last && !run.students_process().where_it_waits().empty();
        still = stuck ? still + 1 : 0;
        last = now;
    }
}

const Scenario stuck_ping{"stuck-ping", exercise(5).needs(4), "",
    "while another thread sends, a frame waits, and is not put on a heap", [](Run& run) {
    StreamPair pair{run};
    Writer writer{run, Op::text, 1000};
    run.step("the peer reads nothing, and the ping of another thread is stuck in send()");
    Pending pinging = run.start(Call{"ping_on"}.as("ping(), again and again"));
    wait_until_stuck(run, pair);
    Pending writing = writer.begin_write(run.repeated(2'000'000), "write() of 2,000,000 bytes");
    run.is_true(!writing.ready(Milliseconds{600}),
                "write() has returned, and the peer has not taken a byte: 2 MB "
                "wait in the connection's memory. As long as another thread sends "
                "(sending_), wait for sending_done_, and then append");
    run.call(Call{"end_pings"}.as("no further ping"));
    run.step("the peer reads again");
    const auto goes_on = [&](Pending& call) {
        for (int idle = 0; idle < 100 && !call.ready(Milliseconds{25});) idle = pair.take() ? 0 : idle + 1;
        return call.answer("the peer reads again, and write() or finish() does not return.").as<Result>();
    };
    const Result written = goes_on(writing);
    Pending finishing = run.start(Call{"finish"});
    run.is_true(written == Result::taken && goes_on(finishing) == Result::taken,
                "the peer reads again, and write() or finish() says false");
}};

const Scenario lost_connection{"lost-connection", exercise(5).needs(4), "",
    "when the peer has gone, write() says so, and the turn is given back", [](Run& run) {
    StreamPair pair{run};
    Writer writer{run};
    run.step("the peer has gone; write() of 10 bytes, again and again");
    pair.leave();
    int calls = 0;
    while (calls < 100 && writer.write("0123456789") == Result::taken) ++calls;
    run.is_true(calls < 100, "write() says true a hundred frames after the peer has gone: "
                             "a file would be read to its end for nobody");
    run.step("another thread sends a message");
    run.start(write_message("other"))
        .answer("write_message() of another thread does not return: it waits for its turn, and "
                "the message that has it is lost. A failure ends the turn at once.");
    run.is_true(writer.finish() == Result::lost, "finish() says true, and the peer has gone: whoever believes it "
                                                 "deletes the only copy of a file");
}};

// --- the programs -------------------------------------------------------------------------------

std::string summary_of(std::string_view sent) {
    std::string digits;
    for (const std::uint8_t byte : sha1(bytes_of(sent))) {
        digits += "0123456789abcdef"[byte >> 4];
        digits += "0123456789abcdef"[byte & 15];
    }
    return std::to_string(sent.size()) + " bytes, SHA-1 " + digits;
}

// The client has its answer: it closes, says what it knows, and is content.
void expect_content(Run& run, Peer& server, Client& program,
                    const std::vector<std::string>& lines) {
    server.expect(close(1000).any_key());
    server.send(close(1000));
    server.end_sending();
    for (const std::string& line : lines)
        program->expect_line(line, "what the client counted, and what it was told");
    run.equal("the client's exit status", program->wait(), 0, "everything arrived");
}

const Scenario upload{"upload", exercise(5).needs(3, 4), "RFC 6455 §5.4",
    "the client sends its standard input as one message, frame by frame", [](Run& run) {
    const std::string payload = run.payload(37);
    Host host{run};
    Client program{run, host, {"--text", "--frame", "10"}};
    Peer server{run, host};
    server.welcome();
    // The first frames are there before the input has ended.
    program->type(payload.substr(0, 25));
    const std::vector<Frame> due = frames_of(payload);
    for (std::size_t i = 0; i < 2; ++i) server.expect(due[i].any_key());
    program->type(payload.substr(25));
    program->end_of_input();
    for (std::size_t i = 2; i < due.size(); ++i) server.expect(due[i].any_key());
    server.send(text(summary_of(payload)));
    expect_content(run, server, program,
                   {"Sent:     " + summary_of(payload), "Server:   " + summary_of(payload)});
}};

const Scenario both_ways{"both-ways", exercise(5).needs(3, 4), "RFC 6455 §5.5.2",
    "one thread writes, another reads, and the pings of the peer are answered", [](Run& run) {
    const std::string payload = run.payload(18);
    Host host{run};
    Client program{run, host, {"--text", "--echo", "--frame", "10"}};
    Peer server{run, host};
    server.welcome("Sec-WebSocket-Protocol: echo\r\n");
    program->type(payload.substr(0, 11));
    server.expect(text(payload.substr(0, 10)).not_last().any_key());
    // The echo begins while the client is still waiting for its input.
    server.send(text(payload.substr(0, 3)).not_last());
    server.send(ping("there?"));
    server.expect(pong("there?").any_key());
    program->type(payload.substr(11));
    program->end_of_input();
    server.expect(continuation(payload.substr(10)).any_key());
    server.send(continuation(payload.substr(3)));
    server.send(text(summary_of(payload)));
    expect_content(run, server, program,
                   {"Sent:     " + summary_of(payload), "Returned: " + summary_of(payload),
                    "Server:   " + summary_of(payload)});
}};

// --- exercise 6: stop and go on -----------------------------------------------------------------

const Scenario two_uploads{"two-uploads", exercise(6).once(), "RFC 6455 §5.4",
    "each client's message is counted for itself, as it was before", [](Run& run) {
    Server server{run};
    const std::string one = run.payload(20), two = run.payload(9);
    Peer ann{run, server}, bob{run, server};
    ann.open();
    bob.open();
    ann.send(text(one.substr(0, 12)).not_last().masked(run.key()));
    bob.send(text(two.substr(0, 4)).not_last().masked(run.key()));
    ann.send(ping("still there?").masked(run.key()));
    ann.expect(pong("still there?"));
    bob.send(continuation(two.substr(4)).masked(run.key()));
    const auto mixed = [](const std::string& both) {
        return Mistakes{when(
            [both](const Came& came) {
                const std::string_view got = text_of(came.got);
                return came.verdict == Verdict::wrong && got.find("SHA-1") != got.npos;
            },
            both)};
    };
    bob.expect(
        text(summary_of(two)),
        mixed("this is not what bob has sent (9 bytes in two frames). Is there one "
              "count for all clients? What is known of a message belongs to its client."));
    bob.send(close(1000).masked(run.key()));
    bob.expect_close(1000, "bob has his answer, and closes");
    bob.expect_end("both have closed");
    ann.send(continuation(one.substr(12)).masked(run.key()));
    ann.expect(
        text(summary_of(one)),
        mixed("this is not what ann has sent (20 bytes in two frames). Did bob's message "
              "begin, or end, her count, or did it go when bob went?"));
    const std::string next = run.payload(6);
    ann.send(text(next).masked(run.key()));
    ann.expect(text(summary_of(next)), mixed("this is not ann's second message (6 bytes). Her count has to begin "
                                             "anew where a message ends."));
}};

}  // namespace

}  // namespace check
