// The judge of lesson 8, exercises 2 to 4: Close bodies, UTF-8, frames in crumbs. Functions alone.
// RFC 6455 §5.2 to §5.5, §7.4, §8.1, §10.4. The connection: checks_connection.cpp.
#include "lessons/tools/check/check.hpp"

namespace check {

namespace {

// --- the receiver, driven by hand ---------------------------------------------------------------

struct Limits {
    std::uint64_t message_bytes = 16u << 20;
    std::uint32_t fragments = 131'072;
    std::optional<std::uint64_t> later{};  // of bytes, from the second read on
};

// Parts of one message are put together: TEXT "Hello", opcode 9 "x". After them the broken rule.
std::string told(const Answer& answer) {
    const auto [pieces, errc] =
        answer.as<std::vector<std::tuple<unsigned, bool, Buffer>>, std::string>();
    std::string all;
    const auto add = [&](const std::string& what) { all += (all.empty() ? "" : ", ") + what; };
    Buffer message;
    for (const auto& [opcode, last, data] : pieces) {
        if (opcode >= 8) {
            add("opcode " + std::to_string(opcode) + ' ' + quote(data, 40));
            continue;
        }
        message.insert(message.end(), data.begin(), data.end());
        if (!last) continue;
        add((opcode == 1 ? "TEXT " : opcode == 2 ? "BINARY " : "CONTINUATION ") + quote(message, 40));
        message.clear();
    }
    if (errc != "none") add("failed: " + errc);
    return all.empty() ? "nothing" : all;
}

// With the rule's sentence in place of its name.
std::string in_words(Run& run, std::string told) {
    const std::size_t at = told.rfind("failed: ");
    if (at == std::string::npos) return told;
    const auto [sentence, section] = rule_of(run, told.substr(at + 8));
    return told.substr(0, at + 8) + sentence;
}

// A server's receiver takes these reads, and this comes out of it.
void expect_reads(Run& run, const std::vector<Buffer>& reads, const std::string& expected,
                  std::string_view why, const Limits& limits = {}) {
    const Call receive{"receive", reads, limits.message_bytes, limits.fragments, limits.later};
    const std::string got = told(run.call(Call{receive}.as("Receiver::feed(), " + Run::in_pieces(reads))));
    if (got == expected) return;
    run.equal("what comes out", Plain{in_words(run, got)}, Plain{in_words(run, expected)}, why);
}

// A client's frames, cut at every place.
void expect_received(Run& run, const std::vector<Frame>& in, const std::string& expected,
                     std::string_view why, const Limits& limits = {}) {
    run.for_every_cut(joined(in, run.key()), [&](const std::vector<Buffer>& reads) {
        expect_reads(run, reads, expected, why, limits);
    });
}

// --- exercise 2: the body of a Close ------------------------------------------------------------

bool may_be_sent(unsigned code) {
    const bool assigned = code >= 1000 && code <= 1014;
    const bool only_told = code == 1004 || code == 1005 || code == 1006;
    return (assigned && !only_told) || (code >= 3000 && code < 5000);
}

std::string_view reason_of(unsigned code) {
    if (code < 1000) return "0 to 999 are not used (§7.4.2)";
    if (code == 1004) return "1004 is reserved (§7.4.1)";
    if (code == 1005 || code == 1006 || code == 1015)
        return "a program says it to itself and never to its peer (§7.4.1)";
    if (code <= 1014) return "it has a meaning, in the RFC or in its registry";
    if (code < 3000) return "1016 to 2999 are for the protocol itself, and not assigned";
    if (code < 5000) return "3000 to 4999 are for libraries and applications (§7.4.2)";
    return "nothing is defined from 5000 on";
}

const Scenario close_codes{"close-codes", exercise(2), "RFC 6455 §7.4",
    "only some codes may stand in a Close frame", [](Run& run) {
    std::vector<Expected> calls;
    for (unsigned code = 0; code < 65536; ++code)
        calls.emplace_back(Call{"may_be_sent", code}, may_be_sent(code), reason_of(code));
    expect_calls(run, calls);
}};

struct Body {
    std::string_view payload;  // in hex
    std::string_view errc;
    unsigned code;
    std::string_view reason;
    std::string_view why;
};

void expect_body(Run& run, const Body& body) {
    run.fresh();
    const auto [errc, code, reason] =
        run.call("parse_close_body", unhex(body.payload)).as<std::string, unsigned, Buffer>();
    same_errc(run, errc, body.errc, body.why);
    if (errc != "none") return;
    run.equal("code", code, body.code, body.why);
    run.equal("reason", text_of(reason), body.reason, "everything after the two bytes");
}

const Scenario close_body{"close-body", exercise(2), "RFC 6455 §5.5.1",
    "a Close's body is empty, or a code and a text", [](Run& run) {
    for (const Body& body : {
             Body{"", "none", 1005, "", "no body, no code: 1005 stands for that"},
             Body{"03", "close_body_of_one_byte", 0, "", "one byte is half a code"},
             Body{"03 E8", "none", 1000, "", "03 E8 is 1000"},
             Body{"0F A1 77 68 79", "none", 4001, "why", "0F A1 is 4001"},
             Body{"03 EE", "invalid_close_code", 0, "", "03 EE is 1006, which is never sent"},
             Body{"00 00", "invalid_close_code", 0, "", "there is no 0"},
             Body{"03 E8 C3", "invalid_close_reason", 0, "", "C3 begins a character that does not end"},
             Body{"03 E8 66 FF 6F", "invalid_close_reason", 0, "", "FF is never UTF-8"},
         })
        expect_body(run, body);
}};

const Scenario close_reason{"close-reason", exercise(2), "RFC 6455 §5.5",
    "a Close holds 125 bytes, and a character is not cut", [](Run& run) {
    // Characters of 1 to 4 bytes, so that the limit falls on each of their bytes.
    for (const std::string_view character : {"a", "ü", "€", "👋"})
        for (std::size_t before = 0; before < 4; ++before) {
            std::string reason(before, 'x');
            while (reason.size() < 140) reason += character;
            std::size_t fits = before;
            while (fits + character.size() <= 123) fits += character.size();
            Buffer expected = unhex("03 E9");
            expected.insert(expected.end(), reason.begin(), reason.begin() + static_cast<std::ptrdiff_t>(fits));
            const std::string call = "append_close_body(1001, " + quote(reason, 20) + ", " +
                                     std::to_string(reason.size()) + " bytes)";
            run.fresh();
            const auto out = run.call(Call{"append_close_body", 1001, reason}.as(call)).as<Buffer>();
            run.equal("the number of bytes", out.size(), expected.size(),
                      "two for the code and at most 123 of whole characters");
            run.same_bytes(call, out, expected, {}, false);
        }
    expect_bytes(run, Call{"append_close_body", 1000, "bye"}, unhex("03 E8 62 79 65"), {}, false);
    expect_call(run, Call{"append_close_body", 1005, ""}, Buffer{}, "1005 means: a Close without a code");
}};

// --- exercise 3: UTF-8 --------------------------------------------------------------------------

// Naive, and over a whole text: decode, and look at the number.
bool is_utf8(Bytes text) {
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

std::string reason_of(Bytes text) {
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

const Scenario utf8_table{"utf8-table", exercise(3), "RFC 3629 §4, RFC 6455 §8.1",
    "the nine lines of the UTF-8 table", [](Run& run) {
    using B = std::uint8_t;
    std::vector<Expected> calls;
    const auto expect = [&](const Buffer& text) {
        calls.emplace_back(Call{"is_utf8", text}, is_utf8(text), reason_of(text));
    };
    // The edges of every range, in every place.
    const std::array<B, 18> tails{0x00, 0x41, 0x7F, 0x80, 0x81, 0x8F, 0x90, 0x9F, 0xA0,
                                  0xA1, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xF0, 0xF4, 0xFF};
    for (unsigned a = 0; a < 256; ++a) {
        expect({B(a)});
        for (unsigned b = 0; b < 256; ++b) expect({B(a), B(b)});
    }
    for (unsigned a = 0xC0; a < 256; ++a)
        for (const B b : tails)
            for (const B c : tails) {
                expect({B(a), b, c});
                for (const B d : {B{0x7F}, B{0x80}, B{0xBF}, B{0xC0}}) expect({B(a), b, c, d});
            }
    expect_calls(run, calls);
}};

const Scenario utf8_inside{"utf8-inside", exercise(3).needs(4), "RFC 6455 §8.1",
    "letters in a row may be skipped between two characters, and never within one", [](Run& run) {
    const std::string letters = run.payload(16);
    for (const std::string before : {"", "üüüüüüüa"})
        expect_call(run, Call{"is_utf8", buffer_of(before + "\xC3" + letters + "\x80")}, false,
                    "C3 begins a character, and a letter does not continue it");
    expect_received(run, {text("\xC3").not_last(), continuation(letters + "\x80")}, "failed: invalid_utf8",
                    "the first frame ends within a character, and a letter does not continue it");
}};

const Scenario utf8_cut{"utf8-cut", exercise(3).needs(4), "RFC 6455 §5.6, §8.1",
    "a character may be cut by a frame or a read, but not by the message's end", [](Run& run) {
    const std::string word = "Grüße €👋";
    for (std::size_t cut = 0; cut <= word.size(); ++cut)
        expect_received(run,
                        {text(word.substr(0, cut)).not_last(),
                         continuation(word.substr(cut))},
                        "TEXT " + quote(word),
                        "a fragment is no text by itself, only the message is one");
    expect_received(run, {text("a").not_last(), continuation("b\xFF" "c")}, "failed: invalid_utf8",
                    "a continuation belongs to the text that its message is, and FF is never UTF-8");
    expect_received(run, {text("Gr\xC3").not_last(), continuation("")}, "failed: invalid_utf8",
                    "the last fragment has no byte, and with it the text ends within a character");
    // The state belongs to the message: the next one begins anew.
    expect_received(run, {binary(unhex("C3")), text("a")},
                    "BINARY \"\\xC3\", TEXT \"a\"", "binary is not checked");
}};

const Scenario utf8_for_good{"utf8-for-good", exercise(3), "RFC 6455 §8.1",
    "what follows an invalid byte makes nothing right", [](Run& run) {
    for (const std::string bad : {"\xFF", "\xC3(", "aaaaaaaaaaaaaaaaaaaa\x80"})
        expect_call(run, Call{"Utf8Validator", std::vector{buffer_of(bad), buffer_of("good"), buffer_of("ü")}},
                    std::tuple{false, false},
                    "feed() of a piece with an invalid byte, and of two good ones: the last feed() is false, "
                    "and complete() as well. False is false for good, until reset()");
}};

const Scenario utf8_end{"utf8-end", exercise(3), "RFC 6455 §8.1", "a text must not end within a character",
    [](Run& run) {
    for (const std::string_view text : {"Gr\xC3", "\xE2\x82", "\xF0\x9F\x91"}) {
        expect_reads(run, {check::text(text).masked(run.key()).bytes()}, "failed: invalid_utf8",
                     "the frame has FIN, so nothing follows that could complete the character");
    }
}};

const Scenario utf8_fail_fast{"utf8-fail-fast", exercise(3), "RFC 6455 §8.1",
    "a byte that cannot be UTF-8 fails the connection when it comes", [](Run& run) {
    const Key key = run.key();
    for (const std::string_view bad : {"ab\xFF", "ab\xC3(", "ab\xED\xA0"}) {
        // A frame of 1,000 bytes is announced, and the bad byte is all that comes of it.
        Buffer bytes = text("").announcing(1000).masked(key).header();
        const Buffer payload = masked_with(key, bytes_of(bad));
        bytes.insert(bytes.end(), payload.begin(), payload.end());
        expect_reads(run, {bytes}, "failed: invalid_utf8",
                     "a text begins with " + quote(bad) + ", and the rest of 1,000 bytes is still to come: "
                     "nothing that follows can make it right, so nothing is waited for");
    }
}};

// --- exercise 4: frames in crumbs ---------------------------------------------------------------

const Scenario header_cut{"header-cut", exercise(4), "RFC 6455 §5.2",
    "a header may be cut anywhere, also within length and key", [](Run& run) {
    const std::string longer = run.payload(128);
    expect_received(
        run, {binary({}), binary(bytes_of(longer)), binary({})},
        "BINARY \"\", BINARY " + quote(longer, 40) + ", BINARY \"\"",
        "what has been taken from the socket does not come a second time");
}};

const Scenario mask_phase{"mask-phase", exercise(4), "RFC 6455 §5.3",
    "payload byte i takes key byte i mod 4, whichever read it came in", [](Run& run) {
    // First a read that ends in the payload and not in the header: nothing else is needed.
    for (const std::size_t size : {5u, 11u}) {
        const Key key = run.key();
        const std::string payload = run.payload(size);
        const Buffer frame = binary(bytes_of(payload)).masked(key).bytes();
        for (std::ptrdiff_t cut = 6; cut <= static_cast<std::ptrdiff_t>(frame.size()); ++cut) {
            const std::vector<Buffer> pieces{{frame.begin(), frame.begin() + cut},
                                                    {frame.begin() + cut, frame.end()}};
            expect_reads(run, pieces, "BINARY " + quote(payload),
                         "the key's index counts bytes of the payload, not of the read");
        }
    }
}};

const Scenario two_in_one{"two-in-one", exercise(4), "RFC 6455 §5", "one read may hold several frames",
    [](Run& run) {
    const std::string first = run.payload(5), second = run.payload(3);
    expect_reads(run, {joined({binary(bytes_of(first)), binary(bytes_of(second))}, run.key())},
                 "BINARY " + quote(first) + ", BINARY " + quote(second),
                 "the second one has arrived; nobody will send it again");
}};

const Scenario fragment_order{"fragment-order", exercise(4), "RFC 6455 §5.4",
    "continuations follow a beginning, and nothing else does", [](Run& run) {
    const auto part = [](std::string_view data) {
        return binary(bytes_of(data));
    };
    expect_received(run, {part("ab").not_last(), ping("x"), continuation("c")},
                    "opcode 9 \"x\", BINARY \"abc\"",
                    "a control frame may come in between, and changes nothing of the message");
    expect_received(run, {continuation("a")}, "failed: unexpected_continuation",
                    "nothing has begun that could be continued");
    expect_received(run, {part("a").not_last(), part("b")},
                    "failed: expected_continuation", "the first message has not ended");
    expect_received(run, {part("a").not_last(), text("")},
                    "failed: expected_continuation", "the first message has not ended");
    expect_received(run, {part("a"), continuation("b")},
                    "BINARY \"a\", failed: unexpected_continuation",
                    "the message has ended with FIN");
}};

const Scenario limit{"limit", exercise(4), "RFC 6455 §10.4",
    "the limits hold over a whole message, by what its headers announce", [](Run& run) {
    const Limits ten{.message_bytes = 10, .fragments = 3};
    const auto part = [](std::string_view data) {
        return binary(bytes_of(data));
    };
    const std::string too_big = "failed: message_too_big";
    expect_received(run, {part("0123456789"), part("0123456789")},
                    "BINARY \"0123456789\", BINARY \"0123456789\"",
                    "10 bytes each, and 10 are allowed", ten);
    expect_received(run, {part("0123456789a")}, too_big, "11 bytes, and 10 are allowed", ten);
    expect_received(run, {part("01234567").not_last(), continuation("89a")}, too_big,
                    "8 and 3 bytes are one message of 11", ten);
    // Only the header comes: it says enough.
    const std::uint64_t huge = (std::uint64_t{1} << 63) - 1;
    const Buffer header =
        continuation("").announcing(huge).masked(run.key()).header();
    expect_reads(run, {part("01234567").not_last().masked(run.key()).bytes(), header}, too_big,
                 "8 bytes are there, and the second header announces 2^63 - 1 more",
                 {.message_bytes = huge, .fragments = 3});
    // The same with a limit that is lowered meanwhile: 10 - 12 must not wrap around.
    expect_reads(run,
                 {joined({part("0123456789ab").not_last()}, run.key()),
                  joined({continuation("c")}, run.key())},
                 too_big, "12 bytes are there when 10 become the limit, and one more is announced",
                 {.message_bytes = 20, .fragments = 3, .later = 10});
    expect_received(run, {part("a").not_last(), continuation("b").not_last(), continuation("c")},
                    "BINARY \"abc\"", "3 frames, and 3 are allowed", ten);
    expect_received(run,
                    {part("a").not_last(), continuation("b").not_last(),
                     continuation("c").not_last(), continuation("d")},
                    "failed: too_many_fragments", "4 frames, and 3 are allowed", ten);
}};

}  // namespace

}  // namespace check
