// The judge of lesson 14, exercises 5 and 6: messages out and in, and the two programs.
// RFC 7692 §7.2. What a student compresses is unpacked by checks_unpack.hpp.
#include <cmath>

#include "lessons/14-compression/checks_unpack.hpp"

namespace check {

namespace {

// --- exercise 5: a message ----------------------------------------------------------------------

struct Sent {
    Buffer payload;
    unsigned rsv;
};

// One end of a conversation: a server's. A side of another name is another connection of the same thread.
class Side {
  public:
    Side(Run& run, bool takeover, std::size_t threshold = 0, std::string name = "server")
        : run_{run}, name_{std::move(name)} {
        const std::string who = name_ == "server" ? "a server, " : "another connection of its thread, ";
        run.call(Call{"codec", name_, true, std::tuple{!takeover, !takeover, 15u, 15u}, threshold}.as(
            who + (takeover ? "with" : "without") + " context takeover" +
            (threshold > 0 ? ", messages from " + std::to_string(threshold) + " bytes on" : "")));
    }

    Sent send(Bytes data, bool first = true, bool last = true) {
        const char* const what = first && last ? "message" : first ? "first part" : last ? "last part" : "next part";
        const Call call = Call{"send", name_, Buffer(data.begin(), data.end()), first, last}.as(
            (name_ == "server" ? "" : "the other's ") + std::string{"send() of a "} + what + ", " +
            std::to_string(data.size()) + " bytes " + quote(data, 30));
        const auto [payload, rsv] = run_.call(call).as<Buffer, unsigned>();
        return {payload, rsv};
    }

    std::tuple<Buffer, std::string> receive(const Buffer& payload, std::uint64_t most) {
        return run_
            .call(Call{"receive", name_, payload, most}.as(comes(payload, most)))
            .as<Buffer, std::string>();
    }
    // How many bytes are handed out, and the rule that was broken.
    std::tuple<std::uint64_t, std::string> receive_in_pieces(const Buffer& payload, std::uint64_t most) {
        return run_
            .call(Call{"receive_in_pieces", name_, payload, most}.as(comes(payload, most) + ", in pieces"))
            .as<std::uint64_t, std::string>();
    }

  private:
    static std::string comes(const Buffer& payload, std::uint64_t most) {
        return "a message of " + std::to_string(payload.size()) + " bytes comes, and may unpack to " +
               std::to_string(most);
    }

    Run& run_;
    std::string name_;
};

// `sent` has RSV1, and unpacks to `data`.
void expect_unpacks(Run& run, const Sent& sent, Bytes data, Unpacker& peer, std::string_view why = "") {
    run.is_true(sent.rsv == 4, "the message has to be compressed, and RSV1 to say so; rsv is " + std::to_string(sent.rsv) +
                                   " and the payload has " + std::to_string(sent.payload.size()) + " bytes");
    try {
        const Buffer got = peer.message(sent.payload);
        run.equal("the peer appends 00 00 FF FF and", "unpacks " + quote(got, 40), "unpacks " + quote(data, 40));
        run.is_true(text_of(got) == text_of(data), "the peer unpacks " + std::to_string(got.size()) + " bytes that are not the " +
                                                       std::to_string(data.size()) + " of the message");
    } catch (const Malformed& fault) {
        run.fail(Verdict::wrong, "the peer appends 00 00 FF FF to " + hex(sent.payload, 24) + ", and cannot unpack it: " + fault.what() +
                                     (why.empty() ? "" : ". " + std::string{why}));
    }
}

bool has_tail(const Buffer& payload) {
    const std::size_t size = payload.size();
    return size >= 4 && payload[size - 4] == 0 && payload[size - 3] == 0 && payload[size - 2] == 0xFF && payload[size - 1] == 0xFF;
}

// Sentences whose words come again.
std::string sentences(Run& run, std::size_t size) {
    const std::string words[] = {run.payload(5), run.payload(3), run.payload(7), run.payload(4)};
    std::string text;
    while (text.size() < size) text += words[run.number(0, 3)] + " ";
    text.resize(size);
    return text;
}

const Scenario every_length{"every-length", exercise(5), "RFC 7692 §7.2.1",
    "wherever a block ends within a byte, the message ends at a byte", [](Run& run) {
    Side side{run, true};
    Unpacker peer;
    for (std::size_t size = 0; size < 40; ++size) {
        run.fresh();
        const Buffer data = run.random_bytes(size);
        const Sent sent = side.send(data);
        run.is_true(!has_tail(sent.payload), "the message ends with 00 00 FF FF: \"Remove 4 octets (that are 0x00 "
                                             "0x00 0xff 0xff) from the tail end\"; the peer puts them back");
        expect_unpacks(run, sent, data, peer);
        run.is_true(!sent.payload.empty(), "the message has no byte at all: an empty one is 00, an empty block");
    }
}};

const Scenario takeover{"takeover", exercise(5), "RFC 7692 §7.1.1",
    "with context takeover a message refers to those before", [](Run& run) {
    Side side{run, true};
    Unpacker peer;
    const std::string text = run.payload(60);
    const Sent first = side.send(bytes_of(text));
    expect_unpacks(run, first, bytes_of(text), peer);
    const Sent again = side.send(bytes_of(text));
    expect_unpacks(run, again, bytes_of(text), peer);
    run.is_true(again.payload.size() < 10, "the same message came before, and takes " + std::to_string(again.payload.size()) +
                                               " bytes again (" + std::to_string(first.payload.size()) +
                                               " the first time): nothing was taken over. Each connection has a "
                                               "Deflater of its own for this, in state()");
}};

const Scenario no_takeover{"no-takeover", exercise(5), "RFC 7692 §7.1.1.1",
    "without context takeover each message stands for itself", [](Run& run) {
    Side side{run, false};
    const std::string text = sentences(run, 200);
    for (int i = 0; i < 3; ++i) {
        Unpacker peer;  // it remembers nothing
        expect_unpacks(run, side.send(bytes_of(text)), bytes_of(text), peer);
    }
    run.fresh();
    run.step("between two parts of a message another connection sends one");
    Side one{run, false}, other{run, false, 0, "other"};
    Unpacker peer, peer_of_other;
    const std::string_view why = "Both connections use one window in turn: without context takeover it has to be "
                                 "empty after each part, or what one has sent is referred to by the other";
    Sent sent = one.send(bytes_of(text), true, false);
    expect_unpacks(run, other.send(bytes_of(text)), bytes_of(text), peer_of_other, why);
    const Sent rest = one.send(bytes_of(text), false, true);
    sent.payload.insert(sent.payload.end(), rest.payload.begin(), rest.payload.end());
    expect_unpacks(run, sent, bytes_of(text + text), peer, why);
}};

const Scenario parts{"parts", exercise(5), "RFC 7692 §7.2.1",
    "of a message in parts only the last is cut, and only the first has RSV1 on the wire", [](Run& run) {
    for (const bool with : {true, false}) {
        Side side{run, with};
        Unpacker peer;
        const std::string text = sentences(run, 300);
        Buffer all;
        unsigned rsv = 0;
        for (int part = 0; part < 3; ++part) {
            const Sent sent = side.send(bytes_of(text).subspan(static_cast<std::size_t>(part) * 100, 100), part == 0, part == 2);
            if (part == 0) rsv = sent.rsv;
            all.insert(all.end(), sent.payload.begin(), sent.payload.end());
            if (part < 2)
                run.is_true(has_tail(sent.payload), "part " + std::to_string(part + 1) + " of 3 ends with " +
                                                        hex(Bytes{sent.payload}.last(std::min<std::size_t>(4, sent.payload.size()))) +
                                                        ": the four bytes are removed from the end of the message, and "
                                                        "within it they stay");
        }
        expect_unpacks(run, {all, rsv}, bytes_of(text), peer);
    }
}};

const Scenario threshold{"threshold", exercise(5), "RFC 7692 §6.1",
    "a short message goes as it is, and so does one that would not shrink", [](Run& run) {
    const auto expect_plain = [&run](Side& side, Bytes data, std::string_view why) {
        const Sent sent = side.send(data);
        run.is_true(sent.rsv == 0, std::string{why} + ", and it has RSV1");
        run.equal("the payload", Plain{hex(sent.payload, 20)}, Plain{hex(data, 20)}, "it is the message itself");
    };
    for (const bool with : {false, true}) {
        run.fresh();
        Side side{run, with, 64};
        expect_plain(side, bytes_of(std::string(63, 'a')), "63 bytes are less than the threshold, 64");
        const std::string text(64, 'a'), part = run.payload(10), rest = run.payload(9);
        Unpacker peer;
        expect_unpacks(run, side.send(bytes_of(text)), bytes_of(text), peer);
        if (!with)
            expect_plain(side, run.random_bytes(200), "random bytes do not get smaller, and nothing has to be taken over");
        Sent sent = side.send(bytes_of(part), true, false);
        run.is_true(sent.rsv == 4, "the first part of a message is short, and the message may be long: nobody knows yet. "
                                   "So it is compressed, and its rsv is 4");
        const Sent last = side.send(bytes_of(rest), false, true);
        run.is_true(text_of(last.payload) != rest,
                    "the last part is short and goes as it is, and the first one had RSV1, which stands for the whole "
                    "message: the peer unpacks what was never compressed");
        sent.payload.insert(sent.payload.end(), last.payload.begin(), last.payload.end());
        expect_unpacks(run, sent, bytes_of(part + rest), peer);
    }
    Side side{run, false};
    for (std::size_t size = 1; size < 40; ++size) {
        run.fresh();
        const Sent sent = side.send(bytes_of(std::string(size, 'a')));
        run.is_true(sent.rsv == 0 || sent.payload.size() < size,
                    "a message of " + std::to_string(size) + " bytes is compressed to " +
                        std::to_string(sent.payload.size()) + " and has RSV1: it does not shrink, so it goes as it is, "
                        "and the peer has nothing to unpack");
    }
}};

const Scenario remembered{"remembered", exercise(5), "RFC 7692 §7.1.1",
    "what the peer has not unpacked, no later message refers to", [](Run& run) {
    Side side{run, true, 64};
    Unpacker peer;
    const Buffer random = run.random_bytes(200);
    for (int i = 0; i < 3; ++i) {
        const Sent sent = side.send(random);
        if (sent.rsv == 0) continue;  // plain, so it is in no window
        expect_unpacks(run, sent, random, peer);
    }
}};

// `size` zeros in about a thousandth of the bytes.
Buffer zeros(std::size_t size) {
    BitString bits;
    bits.block(1).literal(0);
    for (--size; size >= 258; size -= 258) bits.match(258, 1);
    for (; size > 0; --size) bits.literal(0);
    Buffer bytes = bits.end_of_block().block(0).bytes();
    return bytes;
}

const Scenario bomb{"bomb", exercise(5), "RFC 6455 §10.4",
    "the limit of a message counts what it unpacks to", [](Run& run) {
    for (const std::size_t size : {1000u, 5000u, 200'000u}) {
        Side side{run, false};
        const Buffer packed = zeros(size);
        const auto [data, errc] = side.receive(packed, size);
        run.is_true(errc == "none", std::to_string(size) + " bytes are allowed and so many there are, but it is " + errc);
        run.equal("the message", data.size(), size, "all of it is allowed");
        Side other{run, false};
        const auto [some, too_big] = other.receive(packed, size - 1);
        run.equal("one byte more than is allowed:", Plain{too_big}, Plain{"message_too_big"},
                  "the message has " + std::to_string(packed.size()) + " bytes on the wire, and it is its size in memory "
                  "that the limit is for. A bomb is " + std::to_string(size / packed.size()) + " times as large");
        run.fresh();
        Side third{run, false};
        const auto [handed, unbroken] = third.receive_in_pieces(packed, size);
        run.is_true(unbroken == "none", std::to_string(size) + " bytes are allowed and so many there are, but it is " + unbroken);
        run.equal("the pieces together", handed, std::uint64_t{size}, "all of it is allowed");
        Side fourth{run, false};
        const auto [out, broken] = fourth.receive_in_pieces(packed, size - 1);
        run.is_true(broken == "message_too_big" && out < size,
                    std::to_string(size - 1) + " bytes are allowed, and " + std::to_string(out) + " are handed out (" + broken +
                        "): the pieces before count as well, for the limit is the message's");
    }
}};

// --- the programs -------------------------------------------------------------------------------

Head ask(Peer& client, std::string_view extensions) {
    client.send("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Extensions: " + std::string{extensions} + "\r\n\r\n");
    return client.expect_status(101, "the request is right, and an offer is no reason to refuse");
}

// A compressed text, as one frame of a client.
Frame packed_text(Run& run, const Buffer& payload) {
    return Frame{Op::text, payload}.rsv(4).masked(run.key());
}
Buffer fixed_block(std::string_view text) {
    BitString bits;
    bits.block(1);
    for (const char c : text) bits.literal(static_cast<std::uint8_t>(c));
    return bits.end_of_block().block(0).bytes();
}

const Scenario server_agrees{"server", exercise(5).needs(2, 3, 4).one_by_one(), "RFC 7692 §7",
    "the server agrees, unpacks what comes, and compresses its echo", [](Run& run) {
    Server server{run, {"--compress", "--compress-threshold", "0"}};
    Peer client{run, server};
    client.expect_header(ask(client, "permessage-deflate; server_no_context_takeover"), "Sec-WebSocket-Extensions",
                         "permessage-deflate; server_no_context_takeover", "it was offered and can be kept");
    for (int i = 0; i < 2; ++i) {
        const std::string text = sentences(run, 80);
        client.send(packed_text(run, fixed_block(text)));
        const Seen echo = client.frame("the echo");
        Unpacker peer;
        expect_unpacks(run, {echo.payload, echo.rsv}, bytes_of(text), peer);
    }
}};

const Scenario bomb_stopped{"bomb-stopped", exercise(5).needs(2, 3, 4).once(), "RFC 6455 §10.4",
    "a bomb is refused with 1009 before it is unpacked, and others are served on", [](Run& run) {
    Server server{run, {"--compress", "--max-message-bytes", "100000"}};
    Peer bomber{run, server}, other{run, server};
    ask(bomber, "permessage-deflate");
    ask(other, "permessage-deflate");
    const std::size_t before = server->resident_kib();
    bomber.send(Frame{Op::binary, zeros(50'000'000)}.rsv(4).masked(run.key()));
    bomber.expect_close(1009, "it unpacks to 50 MB, and 100,000 bytes are allowed");
    const std::size_t after = server->resident_kib();
    run.is_true(after < before + 20'000, "the server's memory has grown by " + std::to_string((after - before) / 1024) +
                                             " MiB: it has unpacked the bomb to look how large it is");
    const std::string text = run.payload(30);
    other.send(packed_text(run, fixed_block(text)));
    other.expect(check::text(text));
}};

const Scenario client_compresses{"client", exercise(5).needs(2, 3, 4).one_by_one(), "RFC 7692 §7.1.1.2",
    "the client offers, and compresses what is typed", [](Run& run) {
    Host host{run};
    Client program{run, host, {"--compress", "--compress-threshold", "0", "--no-context-takeover"}};
    Peer server{run, host};
    const Head head = server.welcome("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                                     "client_no_context_takeover\r\n");
    run.is_true(head.find("Sec-WebSocket-Extensions").starts_with("permessage-deflate"), "the client offers no compression");
    for (int i = 0; i < 2; ++i) {
        const std::string text = sentences(run, 60);
        program->type(text + "\n");
        const Seen frame = server.frame("the message that was typed");
        Unpacker peer;
        expect_unpacks(run, {frame.payload, frame.rsv}, bytes_of(text), peer);
        server.send(Frame{Op::text, fixed_block(text)}.rsv(4));
    }
    program->end_of_input();
    server.expect(close(1000).any_key());
    server.send(close(1000));
    server.end_sending();
    run.equal("the client's exit status", program->wait(), 0, "all was answered, and it closed with 1000");
}};

// --- exercise 6: no secrets beside strangers' text ----------------------------------------------

// A client of a server with a secret; and what an eavesdropper sees of its answers, their lengths.
class Owner {
  public:
    Owner(Run& run, Server& server, std::string kept, bool takes_over)
        : run_{run}, client_{run, server}, secret_{std::move(kept)}, takeover_{takes_over} {
        ask(client_, takes_over ? "permessage-deflate" : "permessage-deflate; server_no_context_takeover");
    }

    // On the wire. In one message or in several, compressed or not: what was said, and the secret.
    std::size_t answer_to(const std::string& said) {
        client_.send(packed_text(run_, fixed_block(said)));
        std::string answer;
        std::size_t on_the_wire = 0;
        while (answer.find(said) == answer.npos || answer.find(secret_) == answer.npos) {
            const Seen frame = client_.frame("an answer that holds what the client has said, and its secret");
            on_the_wire += frame.payload.size();
            if (!takeover_) peer_.forget();
            answer += frame.rsv == 4 ? text_of(peer_.message(frame.payload)) : frame.text();
        }
        return on_the_wire;
    }

  private:
    Run& run_;
    Peer client_;
    Unpacker peer_{};
    const std::string secret_;
    const bool takeover_;
};

const Scenario secret{"secret", exercise(6).needs(2, 3, 4, 5).once(), "",
    "the secret still reaches its owner, and long texts are still compressed", [](Run& run) {
    const std::string token = run.payload(12);
    Server server{run, {"--compress", "--secret", token}};
    Owner owner{run, server, token, true};
    const std::size_t on_the_wire = owner.answer_to(sentences(run, 5000));
    run.is_true(on_the_wire < 3000, "the answer takes " + std::to_string(on_the_wire) +
                                        " bytes on the wire for 5,000 that repeat each other: nothing is compressed any more");
}};

class Lengths {
  public:
    void add(std::size_t length) {
        const auto value = static_cast<double>(length);
        count_ += 1;
        sum_ += value;
        squares_ += value * value;
    }
    double mean() const { return sum_ / count_; }
    // How far the mean lies from the true one: its variance.
    double doubt() const { return std::max(squares_ / count_ - mean() * mean(), 0.0) / count_; }

  private:
    double count_ = 0, sum_ = 0, squares_ = 0;
};

// Random padding makes lengths differ, too; but not by four times what chance makes of the means.
void expect_nothing_told(Run& run, const Lengths& right, const Lengths& wrong, std::string_view how) {
    const double shorter = wrong.mean() - right.mean();
    run.is_true(shorter < 2 + 4 * std::sqrt(right.doubt() + wrong.doubt()),
                "the answer to a text that holds the secret is " + std::to_string(std::lround(shorter)) +
                    " bytes shorter, on average, than one to other letters: " + std::string{how});
}

const Scenario secret_kept{"secret-kept", exercise(6).needs(2, 3, 4, 5).once(), "RFC 7692 §8",
    "whoever chooses the text and sees the lengths learns nothing of the secret", [](Run& run) {
    const std::string token = run.payload(32);
    Server server{run, {"--compress", "--secret", token}};
    // Long enough that its echo is compressed, too.
    const auto guess = [&run](const std::string& letters) { return "token is " + letters + " " + run.payload(40); };
    Lengths right, wrong;
    Owner owner{run, server, token, false};
    for (int i = 0; i < 200; ++i) {
        run.fresh();
        right.add(owner.answer_to(guess(token)));
        wrong.add(owner.answer_to(guess(run.payload(32))));
    }
    expect_nothing_told(run, right, wrong, "the answer refers to the secret, or the secret to it, and that can be counted");
    Lengths right_later, wrong_later;
    for (int i = 0; i < 40; ++i) {
        run.fresh();
        const bool is_right = i % 2 == 0;
        Owner other{run, server, token, true};
        other.answer_to(run.payload(41));
        (is_right ? right_later : wrong_later).add(other.answer_to(guess(is_right ? token : run.payload(32))));
    }
    expect_nothing_told(run, right_later, wrong_later,
                        "with context takeover it refers to the message before, in which the secret was");
}};

}  // namespace

}  // namespace check
