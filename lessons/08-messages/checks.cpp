// The judge of lesson 8: Close bodies, UTF-8, frames in crumbs, messages, and the whole server.
// RFC 6455 §5.4, §5.5, §6.2, §7, §8.1, §10.4.
// Most of it drives ws::Connection as a value: bytes in, events and bytes out, no socket.
#include "lessons/tools/check/check.hpp"
#include "ws/connection.hpp"

// AddressSanitizer's count of what is allocated now. Checks are always built with it; its header
// is not part of every compiler's package.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();

namespace {

using check::Run;

const check::Lesson lesson{8, "08-messages"};

// --- a connection, driven by hand ---------------------------------------------------------------

std::string in_words(const ws::Event& event) {
    const std::string data = check::quote(event.data, 40);
    switch (event.type) {
        case ws::Event::message:
            return (event.opcode == ws::Opcode::text     ? "TEXT "
                    : event.opcode == ws::Opcode::binary ? "BINARY "
                                                         : "(no type) ") +
                   data;
        case ws::Event::ping: return "ping " + data;
        case ws::Event::pong: return "pong " + data;
        case ws::Event::close: return "close " + std::to_string(event.code) + ' ' + data;
        case ws::Event::failed:
            return "failed with " + std::to_string(event.code) + ": " +
                   std::string{ws::rule(event.error).sentence};
    }
    return "?";
}

// The server's end of a connection, and what came out of it.
struct Driven {
    explicit Driven(ws::Limits limits = {}) : connection{ws::Role::server, limits} {}

    void feed(const std::vector<check::Buffer>& pieces) {
        for (const check::Buffer& piece : pieces) {
            ws::Buffer copy{piece};  // of just this size, and unmasked in place
            connection.feed(copy);
            while (const auto event = connection.next(out)) {
                if (!events.empty()) events += ", ";
                events += in_words(*event);
            }
        }
    }

    ws::Connection connection;
    ws::Buffer out;
    std::string events;
};

// The receiver alone, and what came out of it: parts of one message are put together here.
struct Received {
    explicit Received(ws::Limits limits) : receiver{ws::Role::server, limits} {}

    void feed(const std::vector<check::Buffer>& pieces) {
        for (const check::Buffer& piece : pieces) {
            ws::Buffer copy{piece};
            receiver.feed(copy);
            while (const auto part = receiver.next()) take(*part);
        }
        if (receiver.error() == ws::Errc::none) return;
        add("failed: " + std::string{ws::rule(receiver.error()).sentence});
    }

    void take(const ws::Piece& part) {
        if (ws::is_control(part.opcode))
            return add("opcode " + std::to_string(static_cast<int>(part.opcode)) + ' ' +
                       check::quote(part.data, 40));
        message.insert(message.end(), part.data.begin(), part.data.end());
        if (!part.last) return;
        const bool text = part.opcode == ws::Opcode::text;
        const bool binary = part.opcode == ws::Opcode::binary;
        add((text ? "TEXT " : binary ? "BINARY " : "CONTINUATION ") + check::quote(message, 40));
        message.clear();
    }

    void add(const std::string& what) { events += (events.empty() ? "" : ", ") + what; }

    ws::Receiver receiver;
    check::Buffer message;
    std::string events;
};

check::Buffer joined(const std::vector<check::Frame>& frames,
                     const std::optional<check::Key>& key) {
    check::Buffer bytes;
    for (const check::Frame& frame : frames) {
        const check::Buffer one = (key ? frame.masked(*key) : frame).bytes();
        bytes.insert(bytes.end(), one.begin(), one.end());
    }
    return bytes;
}

void expect_events(Run& run, const Received& received, const std::string& events,
                   std::string_view why) {
    const auto plain = [](const std::string& text) {
        return check::Plain{text.empty() ? "nothing" : text};
    };
    run.equal("what comes out", plain(received.events), plain(events), why);
}

// A client's frames into the receiver, cut at every place.
void expect_received(Run& run, const std::vector<check::Frame>& in, const std::string& events,
                     std::string_view why, ws::Limits limits = {}) {
    run.for_every_cut(joined(in, run.key()), [&](const std::vector<check::Buffer>& pieces) {
        Received received{limits};
        run.step("Receiver::feed(), " + Run::in_pieces(pieces));
        received.feed(pieces);
        expect_events(run, received, events, why);
    });
}

std::string failing(ws::Errc errc) { return "failed: " + std::string{ws::rule(errc).sentence}; }

// --- exercise 2: the body of a Close ------------------------------------------------------------

bool may_be_sent(unsigned code) {
    const bool assigned = code >= 1000 && code <= 1014;
    const bool only_told = code == 1004 || code == 1005 || code == 1006;
    return (assigned && !only_told) || (code >= 3000 && code < 5000);
}

const check::Scenario close_codes{
    {.lesson = 8,
     .name = "close-codes",
     .exercise = 2,
     .rule = "only some codes may stand in a Close frame",
     .section = "RFC 6455 §7.4"},
    [](Run& run) {
        for (unsigned code = 0; code < 65536; ++code) {
            const std::string call = "may_be_sent(" + std::to_string(code) + ")";
            const std::string_view why =
                code < 1000    ? "0 to 999 are not used (§7.4.2)"
                : code == 1004 ? "1004 is reserved (§7.4.1)"
                : code == 1005 || code == 1006 || code == 1015
                    ? "a program says it to itself and never to its peer (§7.4.1)"
                : code <= 1014 ? "it has a meaning, in the RFC or in its registry"
                : code < 3000  ? "1016 to 2999 are for the protocol itself, and not assigned"
                : code < 5000  ? "3000 to 4999 are for libraries and applications (§7.4.2)"
                               : "nothing is defined from 5000 on";
            run.note('S', call);
            run.equal(call, ws::may_be_sent(static_cast<ws::CloseCode>(code)), may_be_sent(code),
                      why);
        }
    }};

void expect_body(Run& run, check::Bytes payload, ws::Errc errc, unsigned code,
                 std::string_view reason, std::string_view why) {
    const std::string call = "parse_close_body(" + check::hex(payload, 12) + ")";
    run.note('S', call);
    ws::CloseBody body;
    const ws::Errc got = ws::parse_close_body(check::Buffer(payload.begin(), payload.end()), body);
    run.equal(call, ws::rule(got).sentence, ws::rule(errc).sentence, why);
    if (errc != ws::Errc::none) return;
    // The reason lives as long as the payload; here it is compared by a second call.
    const check::Buffer kept(payload.begin(), payload.end());
    ws::parse_close_body(kept, body);
    run.equal("code", unsigned{body.code}, code, why);
    run.equal("reason", ws::as_text(body.reason), reason, "everything behind the two bytes");
}

const check::Scenario close_body{
    {.lesson = 8,
     .name = "close-body",
     .exercise = 2,
     .rule = "a Close's body is empty, or a code and a text",
     .section = "RFC 6455 §5.5.1"},
    [](Run& run) {
        using ws::Errc;
        expect_body(run, {}, Errc::none, 1005, "", "no body, no code: 1005 stands for that");
        expect_body(run, check::unhex("03"), Errc::close_body_of_one_byte, 0, "",
                    "one byte is half a code");
        expect_body(run, check::unhex("03 E8"), Errc::none, 1000, "", "03 E8 is 1000");
        expect_body(run, check::unhex("0F A1 77 68 79"), Errc::none, 4001, "why", "0F A1 is 4001");
        expect_body(run, check::unhex("03 EE"), Errc::invalid_close_code, 0, "",
                    "03 EE is 1006, which is never sent");
        expect_body(run, check::unhex("00 00"), Errc::invalid_close_code, 0, "", "there is no 0");
        expect_body(run, check::unhex("03 E8 C3"), Errc::invalid_close_reason, 0, "",
                    "C3 begins a character that does not end");
        expect_body(run, check::unhex("03 E8 66 FF 6F"), Errc::invalid_close_reason, 0, "",
                    "FF is never UTF-8");
    }};

const check::Scenario close_reason{
    {.lesson = 8,
     .name = "close-reason",
     .exercise = 2,
     .rule = "a Close holds 125 bytes, and a character is not cut",
     .section = "RFC 6455 §5.5"},
    [](Run& run) {
        // Characters of 1 to 4 bytes, so that the limit falls on each of their bytes.
        for (const std::string_view character : {"a", "ü", "€", "👋"})
            for (std::size_t before = 0; before < 4; ++before) {
                std::string reason(before, 'x');
                while (reason.size() < 140) reason += character;
                std::size_t fits = before;
                while (fits + character.size() <= 123) fits += character.size();
                const std::string call = "append_close_body(1001, " + check::quote(reason, 20) +
                                         ", " + std::to_string(reason.size()) + " bytes)";
                run.note('S', call);
                ws::Buffer out;
                ws::append_close_body(out, 1001, reason);
                check::Buffer expected = check::unhex("03 E9");
                expected.insert(expected.end(), reason.begin(),
                                reason.begin() + static_cast<std::ptrdiff_t>(fits));
                run.equal(call + ": bytes", out.size(), expected.size(),
                          "two for the code and at most 123 of whole characters");
                run.same_bytes(call, out, expected, {}, false);
            }
        ws::Buffer out;
        ws::append_close_body(out, 1000, "bye");
        run.same_bytes("append_close_body(1000, \"bye\")", out, check::unhex("03 E8 62 79 65"), {},
                       false);
        out.clear();
        ws::append_close_body(out, 1005, "");
        run.equal("append_close_body(1005): bytes", out.size(), std::size_t{0},
                  "1005 means: a Close without a code");
    }};

// --- exercise 3: UTF-8 --------------------------------------------------------------------------

// Naive, and over a whole text: decode, and look at the number.
bool is_utf8(check::Bytes text) {
    for (std::size_t i = 0; i < text.size();) {
        const unsigned lead = text[i++];
        const int more = lead < 0x80       ? 0
                         : lead >> 5 == 6  ? 1
                         : lead >> 4 == 14 ? 2
                         : lead >> 3 == 30 ? 3
                                           : -1;
        if (more < 0) return false;
        std::uint32_t code = more == 0 ? lead : lead & (0x3Fu >> more);
        for (int k = 0; k < more; ++k, ++i) {
            if (i == text.size() || text[i] >> 6 != 2) return false;
            code = code << 6 | (text[i] & 0x3Fu);
        }
        const std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (code < least[more] || code > 0x10FFFF || code >> 11 == 27) return false;
    }
    return true;
}

std::string reason_of(check::Bytes text) {
    if (text.size() >= 2 &&
        (text[0] == 0xC0 || text[0] == 0xC1 || (text[0] == 0xE0 && text[1] < 0xA0) ||
         (text[0] == 0xF0 && text[1] < 0x90)))
        return "an overlong form: the same character has a shorter one, and only that is allowed";
    if (text.size() >= 2 && text[0] == 0xED && text[1] >= 0xA0)
        return "a surrogate, U+D800 to U+DFFF, half of a character of UTF-16: after ED only 80 to "
               "9F may follow";
    if (text.size() >= 2 && (text[0] > 0xF4 || (text[0] == 0xF4 && text[1] >= 0x90)))
        return "beyond U+10FFFF: F4 is the last lead byte, and after it only 80 to 8F may follow";
    return "RFC 3629 §4 lists what may follow which lead byte";
}

void expect_utf8(Run& run, const check::Buffer& text) {
    const std::string call = "is_utf8(" + check::hex(text) + ")";
    run.note('S', call);
    run.equal(call, ws::is_utf8(text), is_utf8(text), reason_of(text));
}

const check::Scenario utf8_table{
    {.lesson = 8,
     .name = "utf8-table",
     .exercise = 3,
     .rule = "the nine lines of the UTF-8 table",
     .section = "RFC 3629 §4, RFC 6455 §8.1"},
    [](Run& run) {
        using B = std::uint8_t;
        // The edges of every range, in every place.
        const std::array<B, 18> tails{0x00, 0x41, 0x7F, 0x80, 0x81, 0x8F, 0x90, 0x9F, 0xA0,
                                      0xA1, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xF0, 0xF4, 0xFF};
        for (unsigned a = 0; a < 256; ++a) {
            expect_utf8(run, {B(a)});
            for (unsigned b = 0; b < 256; ++b) expect_utf8(run, {B(a), B(b)});
        }
        for (unsigned a = 0xC0; a < 256; ++a)
            for (const B b : tails)
                for (const B c : tails) {
                    expect_utf8(run, {B(a), b, c});
                    for (const B d : {B{0x7F}, B{0x80}, B{0xBF}, B{0xC0}})
                        expect_utf8(run, {B(a), b, c, d});
                }
    }};

const check::Scenario utf8_cut{
    {.lesson = 8,
     .name = "utf8-cut",
     .exercise = 3,
     .rule = "a character may be cut by a frame or a read, but not by the message's end",
     .section = "RFC 6455 §5.6, §8.1",
     .needs = {4}},
    [](Run& run) {
        const std::string word = "Grüße €👋";
        for (std::size_t cut = 0; cut <= word.size(); ++cut)
            expect_received(run,
                            {check::text(word.substr(0, cut)).not_last(),
                             check::continuation(word.substr(cut))},
                            "TEXT " + check::quote(word),
                            "a fragment is no text by itself, only the message is one");
        // The state belongs to the message: the next one begins anew.
        expect_received(run, {check::binary(check::unhex("C3")), check::text("a")},
                        "BINARY \"\\xC3\", TEXT \"a\"", "binary is not checked");
    }};

const check::Scenario utf8_end{
    {.lesson = 8,
     .name = "utf8-end",
     .exercise = 3,
     .rule = "a text must not end within a character",
     .section = "RFC 6455 §8.1"},
    [](Run& run) {
        for (const std::string_view text : {"Gr\xC3", "\xE2\x82", "\xF0\x9F\x91"}) {
            run.step("Receiver::feed() of the text " + check::quote(text) + " in one frame");
            Received received{{}};
            received.feed({check::text(text).masked(run.key()).bytes()});
            expect_events(run, received, failing(ws::Errc::invalid_utf8),
                      "the frame has FIN, so nothing follows that could complete the character");
        }
    }};

const check::Scenario utf8_fail_fast{
    {.lesson = 8,
     .name = "utf8-fail-fast",
     .exercise = 3,
     .rule = "a byte that cannot be UTF-8 fails the connection when it comes",
     .section = "RFC 6455 §8.1"},
    [](Run& run) {
        const check::Key key = run.key();
        for (const std::string_view bad : {"ab\xFF", "ab\xC3(", "ab\xED\xA0"}) {
            // A frame of 1,000 bytes is announced, and the bad byte is all that comes of it.
            check::Buffer bytes = check::text("").announcing(1000).masked(key).header();
            const check::Buffer payload = check::masked_with(key, check::bytes_of(bad));
            bytes.insert(bytes.end(), payload.begin(), payload.end());
            run.step("Receiver::feed(" + check::hex(bytes) + "): a text that begins with " +
                     check::quote(bad) + "; the rest of 1,000 bytes is still to come");
            Received received{{}};
            received.feed({bytes});
            expect_events(run, received, failing(ws::Errc::invalid_utf8),
                      "nothing that follows can make it right, so nothing is waited for");
        }
    }};

// --- exercise 4: frames in crumbs ---------------------------------------------------------------

const check::Scenario header_cut{
    {.lesson = 8,
     .name = "header-cut",
     .exercise = 4,
     .rule = "a header may be cut anywhere, also within length and key",
     .section = "RFC 6455 §5.2"},
    [](Run& run) {
        const std::string longer = run.payload(128);
        expect_received(
            run, {check::binary({}), check::binary(check::bytes_of(longer)), check::binary({})},
            "BINARY \"\", BINARY " + check::quote(longer, 40) + ", BINARY \"\"",
            "what has been taken from the socket does not come a second time");
    }};

const check::Scenario mask_phase{
    {.lesson = 8,
     .name = "mask-phase",
     .exercise = 4,
     .rule = "payload byte i takes key byte i mod 4, whichever read it came in",
     .section = "RFC 6455 §5.3"},
    [](Run& run) {
        // First a read that ends in the payload and not in the header: nothing else is needed.
        for (const std::size_t size : {5u, 11u}) {
            const check::Key key = run.key();
            const std::string payload = run.payload(size);
            const check::Buffer frame = check::binary(check::bytes_of(payload)).masked(key).bytes();
            for (std::ptrdiff_t cut = 6; cut <= static_cast<std::ptrdiff_t>(frame.size()); ++cut) {
                const std::vector<check::Buffer> pieces{{frame.begin(), frame.begin() + cut},
                                                        {frame.begin() + cut, frame.end()}};
                run.step("Receiver::feed(), " + Run::in_pieces(pieces));
                Received received{{}};
                received.feed(pieces);
                expect_events(run, received, "BINARY " + check::quote(payload),
                          "the key's index counts bytes of the payload, not of the read");
            }
        }
    }};

const check::Scenario two_in_one{
    {.lesson = 8,
     .name = "two-in-one",
     .exercise = 4,
     .rule = "one read may hold several frames",
     .section = "RFC 6455 §5"},
    [](Run& run) {
        const std::string first = run.payload(5), second = run.payload(3);
        run.step("Receiver::feed() of two frames at once");
        Received received{{}};
        received.feed(
            {joined({check::binary(check::bytes_of(first)), check::binary(check::bytes_of(second))},
                    run.key())});
        expect_events(run, received,
                  "BINARY " + check::quote(first) + ", BINARY " + check::quote(second),
                  "the second one has arrived; nobody will send it again");
    }};

const check::Scenario fragment_order{
    {.lesson = 8,
     .name = "fragment-order",
     .exercise = 4,
     .rule = "continuations follow a beginning, and nothing else does",
     .section = "RFC 6455 §5.4"},
    [](Run& run) {
        using ws::Errc;
        const auto part = [](std::string_view data) {
            return check::binary(check::bytes_of(data));
        };
        expect_received(run, {part("ab").not_last(), check::ping("x"), check::continuation("c")},
                        "opcode 9 \"x\", BINARY \"abc\"",
                        "a control frame may come in between, and changes nothing of the message");
        expect_received(run, {check::continuation("a")}, failing(Errc::unexpected_continuation),
                        "nothing has begun that could be continued");
        expect_received(run, {part("a").not_last(), part("b")},
                        failing(Errc::expected_continuation), "the first message has not ended");
        expect_received(run, {part("a").not_last(), check::text("")},
                        failing(Errc::expected_continuation), "the first message has not ended");
        expect_received(run, {part("a"), check::continuation("b")},
                        "BINARY \"a\", " + failing(Errc::unexpected_continuation),
                        "the message has ended with FIN");
    }};

const check::Scenario limit{
    {.lesson = 8,
     .name = "limit",
     .exercise = 4,
     .rule = "the limits hold over a whole message, by what its headers announce",
     .section = "RFC 6455 §10.4"},
    [](Run& run) {
        const ws::Limits ten{.max_message_bytes = 10, .max_fragments = 3};
        const auto part = [](std::string_view data) {
            return check::binary(check::bytes_of(data));
        };
        const std::string too_big = failing(ws::Errc::message_too_big);
        expect_received(run, {part("0123456789"), part("0123456789")},
                        "BINARY \"0123456789\", BINARY \"0123456789\"",
                        "10 bytes each, and 10 are allowed", ten);
        expect_received(run, {part("0123456789a")}, too_big, "11 bytes, and 10 are allowed", ten);
        expect_received(run, {part("01234567").not_last(), check::continuation("89a")}, too_big,
                        "8 and 3 bytes are one message of 11", ten);
        // Only the header comes: it says enough.
        const std::uint64_t huge = (std::uint64_t{1} << 63) - 1;
        const check::Buffer header =
            check::continuation("").announcing(huge).masked(run.key()).header();
        run.step("Receiver::feed(" + check::hex(header) + "), behind 8 bytes of the same message");
        Received received{{.max_message_bytes = huge, .max_fragments = 3}};
        received.feed({part("01234567").not_last().masked(run.key()).bytes(), header});
        expect_events(run, received, too_big,
                  "8 bytes are there, and the header announces 2^63 - 1 more");
        expect_received(run,
                        {part("a").not_last(), check::continuation("b").not_last(),
                         check::continuation("c").not_last(), check::continuation("d")},
                        failing(ws::Errc::too_many_fragments), "4 frames, and 3 are allowed", ten);
    }};

// --- exercise 5: what a piece means -------------------------------------------------------------

const check::Scenario echo{
    {.lesson = 8,
     .name = "echo",
     .exercise = 5,
     .rule = "text comes back as text, binary as binary",
     .section = "RFC 6455 §5.6",
     .needs = {3, 4}},
    [](Run& run) {
        check::Server server{run};
        check::Peer client{run, server};
        client.open();
        const std::string word = run.payload(5), longer = run.payload(126);
        client.send(check::text(word).masked(run.key()));
        client.expect(check::text(word));
        // First with bytes that a text may have, too: then the opcode alone is wrong.
        client.send(check::binary(check::bytes_of(word)).masked(run.key()));
        client.expect(check::binary(check::bytes_of(word)));
        client.send(check::binary(check::unhex("00 FF 10")).masked(run.key()));
        client.expect(check::binary(check::unhex("00 FF 10")));
        client.send(check::text("").masked(run.key()));
        client.expect(check::text(""));
        client.send(check::text(longer).masked(run.key()));
        client.expect(check::text(longer));
    }};

const check::Scenario fragments{
    {.lesson = 8,
     .name = "fragments",
     .exercise = 5,
     .rule = "several frames are one message, handed on once, with the type of the first",
     .section = "RFC 6455 §5.4",
     .needs = {3, 4}},
    [](Run& run) {
        check::Server server{run};
        check::Peer client{run, server};
        client.open();
        const std::string a = run.payload(3), b = run.payload(1), c = run.payload(4);
        client.send(check::text(a).not_last().masked(run.key()));
        client.send(check::continuation(b).not_last().masked(run.key()));
        client.send(check::continuation("").not_last().masked(run.key()));
        client.send(check::continuation(c).masked(run.key()));
        client.expect(check::text(a + b + c));
        client.send(check::binary(check::bytes_of(a)).not_last().masked(run.key()));
        client.send(check::continuation(b).masked(run.key()));
        client.expect(check::binary(check::bytes_of(a + b)));
    }};

const check::Scenario ping_in_message{
    {.lesson = 8,
     .name = "ping-in-message",
     .exercise = 5,
     .rule = "a ping is answered at once, with its payload, also within a message",
     .section = "RFC 6455 §5.5.2",
     .needs = {3, 4}},
    [](Run& run) {
        check::Server server{run};
        check::Peer client{run, server};
        client.open();
        const std::string first = run.payload(4), second = run.payload(3), beat = run.payload(8);
        client.send(check::ping(beat).masked(run.key()));
        client.expect(check::pong(beat));
        client.send(check::ping().masked(run.key()));
        client.expect(check::pong());
        client.send(check::text(first).not_last().masked(run.key()));
        client.send(check::ping(beat).masked(run.key()));
        client.expect(check::pong(beat));
        client.send(check::pong("nobody asked").masked(run.key()));
        client.send(check::continuation(second).masked(run.key()));
        client.expect(check::text(first + second));
    }};

const check::Scenario ping_kept{
    {.lesson = 8,
     .name = "ping-kept",
     .exercise = 5,
     .rule = "while output is blocked the newest ping is kept, and no other",
     .section = "RFC 6455 §5.5.3"},
    [](Run& run) {
        const check::Key key = run.key();
        Driven driven;
        driven.connection.output_blocked(true, driven.out);
        run.step("output_blocked(true), then ping \"1\" to ping \"3\"");
        driven.feed({joined({check::ping("1"), check::ping("2"), check::ping("3")}, key)});
        run.equal("events", driven.events, "ping \"1\", ping \"2\", ping \"3\"");
        run.same_bytes("what leaves", driven.out, {}, {});
        run.step("output_blocked(false)");
        driven.connection.output_blocked(false, driven.out);
        run.same_bytes("what leaves", driven.out, check::pong("3").bytes());
        driven.connection.output_blocked(false, driven.out);
        run.same_bytes("what leaves after a second output_blocked(false)", driven.out,
                       check::pong("3").bytes());
    }};

const check::Scenario close_echo{
    {.lesson = 8,
     .name = "close-echo",
     .exercise = 5,
     .rule = "a Close is answered by a Close with the same code, then the server ends TCP",
     .section = "RFC 6455 §5.5.1, §7.1.1",
     .needs = {2, 4}},
    [](Run& run) {
        check::Server server{run};
        for (const auto code : {std::uint16_t{1000}, std::uint16_t{4001}}) {
            check::Peer client{run, server};
            client.open();
            // What follows a Close is discarded (§1.4): no echo of it.
            client.send(check::close(code, "bye").masked(run.key()));
            client.expect(check::close(code, "bye"));
            client.expect_end("both Closes have been sent, and it is the server that ends TCP");
        }
        check::Peer client{run, server};
        client.open();
        client.send(check::close().masked(run.key()));
        client.expect(check::close());
        client.expect_end("both Closes have been sent, and it is the server that ends TCP");
    }};

const check::Scenario close_once{
    {.lesson = 8,
     .name = "close-once",
     .exercise = 5,
     .rule = "whoever has sent a Close sends no second one, and no data",
     .section = "RFC 6455 §5.5.1",
     .needs = {2}},
    [](Run& run) {
        Driven driven;
        const check::Buffer ours = check::close(1001, "bye").bytes();
        run.step("close(1001, \"bye\")");
        driven.connection.close(driven.out, 1001, "bye");
        run.same_bytes("what leaves", driven.out, ours);
        run.step("then the peer's own Close comes, and a text behind it");
        driven.feed({joined({check::close(1001, "bye"), check::text("late")}, run.key())});
        run.equal("events", driven.events, "close 1001 \"bye\"",
                  "what follows a Close is discarded");
        run.same_bytes("what has left, all in all", driven.out, ours);
        run.is_true(driven.connection.state() == ws::State::closed,
                    "both Closes have gone, so the state is closed");
    }};

const check::Scenario fail{
    {.lesson = 8,
     .name = "fail",
     .exercise = 5,
     .rule = "a broken rule is answered by a Close with its code, then TCP ends",
     .section = "RFC 6455 §7.1.7",
     .needs = {2, 3, 4}},
    [](Run& run) {
        check::Server server{run};
        const auto expect = [&](const check::Frame& frame, std::uint16_t code,
                                std::string_view why) {
            check::Peer client{run, server};
            client.open();
            client.send(frame);
            client.expect_close(code, why);
            client.expect_end("a failed connection ends, and does not go on");
        };
        const check::Key key = run.key();
        expect(check::text("Hello"), 1002, "a client's frame must be masked (§5.1)");
        expect(check::text("Hello").rsv(4).masked(key), 1002, "RSV1 without an extension (§5.2)");
        expect(check::text("x").opcode(3).masked(key), 1002, "opcode 3 is reserved (§5.2)");
        expect(check::continuation("x").masked(key), 1002, "nothing to continue (§5.4)");
        expect(check::text("\xC3(").masked(key), 1007, "not UTF-8 (§8.1)");
        expect(check::close(1006).masked(key), 1002, "1006 must not be sent (§7.4.1)");
        expect(check::text("").announcing(std::uint64_t{17} << 20).masked(key), 1009,
               "17 MiB, and the limit is 16 (§10.4)");
    }};

// --- exercise 6: a header that promises too much ------------------------------------------------

const check::Scenario announced{
    {.lesson = 8,
     .name = "announced",
     .exercise = 6,
     .rule = "an announced length alone gets no memory",
     .section = "RFC 6455 §10.4",
     .needs = {4, 5}},
    [](Run& run) {
        const check::Key key = run.key();
        check::Buffer bytes =
            check::binary({}).announcing(std::uint64_t{16} << 20).masked(key).header();
        bytes.resize(bytes.size() + 10);  // of 16 MiB
        Driven driven;
        const std::size_t before = __sanitizer_get_current_allocated_bytes();
        run.step("Connection::feed(): a header that announces 16 MiB, and 10 bytes of them");
        driven.feed({bytes});
        const std::size_t grown = __sanitizer_get_current_allocated_bytes() - before;
        run.is_true(grown <= 4096,
                    "10 bytes have come, and the connection holds " + std::to_string(grown) +
                        " bytes: a thousand such clients would take them a thousand times");
    }};

const check::Scenario many_fragments{
    {.lesson = 8,
     .name = "many-fragments",
     .exercise = 6,
     .rule = "a message in many fragments is not moved with each of them",
     .section = "RFC 6455 §5.4",
     .needs = {4, 5},
     .seconds = 30},
    [](Run& run) {
        constexpr int count = 12'000;
        const check::Key key = run.key();
        const std::string part = run.payload(100);
        const check::Buffer middle = check::continuation(part).not_last().masked(key).bytes();
        run.within(check::Milliseconds{1500}, "a message of 1.2 MB in 12,000 fragments", [&] {
            Driven driven;
            driven.feed({check::text(part).not_last().masked(key).bytes()});
            for (int i = 2; i < count; ++i) driven.feed({middle});
            driven.feed({check::continuation(part).masked(key).bytes()});
            run.is_true(driven.events.starts_with("TEXT "), "the message came out");
        });
    }};

}  // namespace
