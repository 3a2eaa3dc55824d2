// Each function looks at what came beside what was due and either knows the mistake or does not.
// They are naive and independent of each other; the order decides where two could be meant.
// RFC 6455 §5.1 to §5.5, §7.4; the mistakes are those that have been reported again and again.
#include "lessons/tools/check/mistakes.hpp"

#include <algorithm>

#include "lessons/tools/check/frame.hpp"

namespace check {

namespace {

using Found = std::optional<Explained>;

bool wrong_frame(const Came& came) {
    return came.frames && came.verdict == Verdict::wrong && came.expected.size() >= 2;
}

Seen wanted(const Came& came) { return read_frame(came.expected); }
Seen sent(const Came& came) { return read_frame(came.sent); }

std::string decimal(std::uint64_t value) { return std::to_string(value); }

// --- the second byte: mask and length -----------------------------------------------------------

Found masked_by_server(const Came& came) {
    if (!wrong_frame(came) || came.at != 1 || wanted(came).masked) return {};
    if (came.got.size() < 2 || (came.got[1] & 0x80) == 0) return {};
    const bool copied = came.got[0] == came.expected[0] && (came.got[1] ^ came.expected[1]) == 0x80;
    return Explained{1, hex(came.got[1]) + " has the MASK bit set. Only a client masks, a server "
                        "never does (§5.1)" +
                            std::string{copied ? ": the bit of the frame that came must not be "
                                                 "copied into the answer."
                                               : "."}};
}

Found unmasked_by_client(const Came& came) {
    if (!wrong_frame(came) || came.at != 1 || !wanted(came).masked) return {};
    if (came.got.size() < 2 || (came.got[1] & 0x80) != 0) return {};
    return Explained{1, hex(came.got[1]) + " lacks the MASK bit. A client masks every frame that it "
                        "sends (§5.1), and the four bytes of the key follow the length."};
}

// 126 or 127 announced, and the payload follows at once.
Found length_announced_and_missing(const Came& came) {
    if (!wrong_frame(came) || came.at < 2) return {};
    const Seen want = wanted(came);
    const auto form = static_cast<std::size_t>(want.length_bytes);
    if (form == 0 || came.at >= 2 + form || want.masked) return {};
    if (came.at == came.got.size())
        return Explained{1, hex(came.got[1]) + " announces a " + decimal(8 * form) +
                                "-bit length, and " + decimal(came.got.size() - 2) + " of its " +
                                decimal(form) + " bytes are there.  Expected " +
                                expected_bytes(came, 1 + form)};
    const Bytes behind = came.got.subspan(2);
    const std::size_t looked_at = std::min<std::size_t>(std::min(want.payload.size(), behind.size()), 8);
    if (looked_at < 2 || !std::equal(behind.begin(), behind.begin() + static_cast<std::ptrdiff_t>(looked_at),
                                     want.payload.begin()))
        return {};
    const std::string shown = quote(behind.first(std::min(form, behind.size())), 8);
    const Seen got = read_frame(came.got);
    return Explained{1, hex(came.got[1]) + " announces a " + decimal(8 * form) +
                            "-bit length, so the next " + (form == 2 ? "two" : "eight") +
                            " bytes are the length; yours are payload (" + shown + " = " +
                            decimal(got.length) + ").  Expected " + expected_bytes(came, 1 + form)};
}

Found length_in_host_order(const Came& came) {
    if (!wrong_frame(came) || came.at < 2) return {};
    const Seen want = wanted(came);
    const auto form = static_cast<std::size_t>(want.length_bytes);
    if (form == 0 || came.at >= 2 + form || came.got.size() < 2 + form) return {};
    Buffer turned(came.got.begin() + 2, came.got.begin() + static_cast<std::ptrdiff_t>(2 + form));
    std::ranges::reverse(turned);
    if (!std::ranges::equal(turned, came.expected.subspan(2, form))) return {};
    return Explained{2, "the length is there with its bytes in the wrong order: " +
                            hex(came.got.subspan(2, form)) + " reads as " +
                            decimal(read_frame(came.got).length) + ". The most significant byte "
                            "comes first (network byte order).  Expected " +
                            expected_bytes(came, 1 + form), form};
}

// 127 with four bytes after it, or with eight of which only four are right.
Found length_of_four_bytes(const Came& came) {
    if (!wrong_frame(came) || came.at < 2) return {};
    const Seen want = wanted(came);
    if (want.length_bytes != 8 || came.at >= 10 || came.got.size() < 6) return {};
    if (!std::ranges::equal(came.got.subspan(2, 4), came.expected.subspan(6, 4))) return {};
    return Explained{2, "7F announces a length of eight bytes; four are here.  Expected " +
                            expected_bytes(came, 9), 4};
}

Found length_without_its_upper_half(const Came& came) {
    if (!wrong_frame(came) || came.at < 2) return {};
    const Seen want = wanted(came);
    if (want.length_bytes != 8 || came.at >= 6 || came.got.size() < 10) return {};
    if (read_frame(came.got).length != (want.length & 0xFFFFFFFF)) return {};
    return Explained{came.at, "the upper half of the length is lost: " + decimal(want.length) +
                                  " became " + decimal(want.length & 0xFFFFFFFF) +
                                  ". An int, or another type of 32 bits, on the way?"};
}

Found length_cut_to_its_low_bits(const Came& came) {
    if (!wrong_frame(came) || came.at != 1 || came.got.size() < 2) return {};
    const Seen want = wanted(came);
    if (want.length <= 125 || (came.got[1] & 0x7F) >= 126) return {};
    const std::uint64_t low = came.got[1] & 0x7FU;
    if (low != (want.length & 0x7F)) return {};
    return Explained{1, "the payload has " + decimal(want.length) + " bytes, and the seven bits of the "
                        "length hold " + decimal(low) + ": its upper bits are lost. From 126 on "
                        "the seven bits say 126 and two bytes follow; from 65536 on 127, and eight "
                        "follow."};
}

Found length_of_126_in_seven_bits(const Came& came) {
    if (!wrong_frame(came) || came.at != 1 || came.got.size() < 2) return {};
    const Seen want = wanted(came);
    const unsigned bits = came.got[1] & 0x7F;
    if (want.length_bytes == 8 && bits == 126)
        return Explained{1, "7E announces a 16-bit length, and " + decimal(want.length) +
                                " needs more than 16 bits: 65535 is the largest. Beyond it comes 7F "
                                "and a length of eight bytes."};
    if (want.length_bytes == 2 && bits == 127)
        return Explained{1, "7F announces a length of eight bytes; " + decimal(want.length) +
                                " fits into two. The shortest form that holds the length must be used "
                                "(§5.2): 7E and two bytes."};
    if (want.length_bytes == 0 && bits >= 126)
        return Explained{1, hex(came.got[1]) + " announces a longer length field; " +
                                decimal(want.length) + " fits into the seven bits themselves. The "
                                "shortest form must be used (§5.2)."};
    return {};
}

// --- the first byte -----------------------------------------------------------------------------

Found fin_missing(const Came& came) {
    if (!wrong_frame(came) || came.at != 0 || (came.got[0] ^ came.expected[0]) != 0x80) return {};
    if ((came.got[0] & 0x80) == 0)
        return Explained{0, hex(came.got[0]) + " has FIN 0: it says that more frames of this message "
                            "follow, and the other side waits for them."};
    return Explained{0, hex(came.got[0]) + " has FIN 1: it says that the message ends here, and it "
                        "does not."};
}

// Data was due, and the answer is a Close: the program took a right frame for a broken one.
Found refused(const Came& came) {
    if (!wrong_frame(came) || wanted(came).is(Op::close)) return {};
    const Seen got = read_frame(came.got);
    if (!got.whole || !got.is(Op::close) || got.close_code() < 1000) return {};
    const std::string reason{got.text().substr(2)};
    return Explained{0, "this is a refusal: a Close with the code " + decimal(got.close_code()) +
                            (reason.empty() ? std::string{"."}
                                            : " and the reason " + quote(reason, 125) + ".") +
                            " What was sent before breaks no rule.  Expected " +
                            expected_bytes(came, 1)};
}

Found rsv_set(const Came& came) {
    if (!wrong_frame(came) || came.at != 0) return {};
    if ((came.got[0] & 0x70) == 0 || (came.expected[0] & 0x70) != 0) return {};
    return Explained{0, hex(came.got[0]) + " has a reserved bit set (RSV1 to RSV3, the bits 40, 20, "
                        "10). Without an extension they are 0 (§5.2)."};
}

bool tells_broken_rule(unsigned code) { return code == 1002 || code == 1003 || (code >= 1007 && code <= 1010); }

Found wrong_opcode(const Came& came) {
    if (!wrong_frame(came) || came.at != 0 || came.got.empty()) return {};
    const Seen got = read_frame(came.got);
    const Seen want = wanted(came);
    if (got.opcode == want.opcode) return {};
    std::string says = "the opcode is " + decimal(got.opcode) + " (" + name_of_opcode(got.opcode) +
                       "), expected " + decimal(want.opcode) + " (" + name_of_opcode(want.opcode) + ")";
    if (want.is(Op::pong) && got.is(Op::ping))
        says += ": a ping is answered with a pong (§5.5.3), or the two would never end";
    if (want.is(Op::binary) && got.is(Op::text))
        says += ": an echo of binary data is binary; as text it would have to be UTF-8";
    if (want.is(Op::close) && !is_control_opcode(got.opcode))
        says += tells_broken_rule(want.close_code())
                    ? ": after a broken rule no data is due any more, only a Close"
                    : ": the conversation is over, so no data is due any more, only a Close";
    if (want.is(Op::continuation))
        says += ": the first frame names the type, those that follow it have opcode 0 (§5.4)";
    return Explained{0, says + ".  Expected " + expected_bytes(came, 1)};
}

// --- the payload --------------------------------------------------------------------------------

// The payload that came, and where it begins; nothing when the headers differ.
std::optional<Bytes> payload_that_came(const Came& came, std::size_t& begin) {
    if (!wrong_frame(came)) return {};
    begin = wanted(came).header_size;
    if (came.at < begin || came.got.size() < begin) return {};
    return came.got.subspan(begin, std::min(came.got.size(), came.expected.size()) - begin);
}

Found payload_still_masked(const Came& came) {
    std::size_t begin = 0;
    const auto came_payload = payload_that_came(came, begin);
    const Seen question = sent(came);
    if (!came_payload || !question.masked || came_payload->size() < 2) return {};
    const Buffer as_sent = masked_with(question.key, question.payload);
    if (came_payload->size() > as_sent.size() ||
        !std::equal(came_payload->begin(), came_payload->end(), as_sent.begin()))
        return {};
    return Explained{begin, "this is the payload as it was sent, still masked. Each byte must be XORed "
                            "with a byte of the key (" + hex(question.key) + ") before it is used "
                            "(§5.3).", 1};
}

Found wrong_key_order(const Came& came) {
    std::size_t begin = 0;
    const auto payload = payload_that_came(came, begin);
    const Seen question = sent(came);
    if (!payload || !question.masked || payload->size() < 2) return {};
    const Buffer as_sent = masked_with(question.key, question.payload);
    const auto used = [&](std::size_t i) -> std::uint8_t {
        return i < as_sent.size() && i < payload->size() ? as_sent[i] ^ (*payload)[i] : std::uint8_t{0};
    };
    const std::size_t size = std::min(payload->size(), as_sent.size());
    const auto matches = [&](auto key_at) {
        for (std::size_t i = 0; i < size; ++i)
            if (used(i) != key_at(i)) return false;
        return size > 1;
    };
    const Key& key = question.key;
    const std::string by_hand = " Byte i takes key byte i mod 4 (§5.3).";
    if (matches([&](std::size_t) { return key[0]; }))
        return Explained{came.at, "every byte was XORed with the first byte of the key, " + hex(key[0]) +
                                      "." + by_hand};
    if (matches([&](std::size_t i) { return key[3 - i % 4]; }))
        return Explained{came.at, "the key was used backwards, " + hex(key[3]) + " first. Its bytes "
                                  "are in the order of the wire: it is no number." + by_hand};
    for (const std::size_t period : {2u, 3u, 5u, 8u})
        if (size >= period && size > 3 && matches([&](std::size_t i) {
                return i % period < 4 ? key[i % period] : std::uint8_t{0};
            }))
            return Explained{came.at, "the key begins again after " + decimal(period) +
                                          " bytes; it has four." + by_hand};
    for (std::size_t shift = 1; shift < 4; ++shift)
        if (matches([&](std::size_t i) { return key[(i + shift) % 4]; }))
            return Explained{came.at, "the key was used from its byte " + decimal(shift) +
                                          " on. The first payload byte takes key byte 0." + by_hand};
    if (matches([&](std::size_t i) { return i < 4 ? key[i] : std::uint8_t{0}; }))
        return Explained{came.at, "only the first four bytes were unmasked. After four bytes the key "
                                  "begins anew." + by_hand};
    // Right up to a point, and from there the key begins anew.
    const std::size_t at = came.at - begin;
    if (at > 0 && at % 4 != 0 && at < size) {
        bool again = true;
        for (std::size_t i = at; i < size && i < at + 4; ++i) again = again && used(i) == key[(i - at) % 4];
        if (again)
            return Explained{came.at, "up to here the payload is right; from payload byte " + decimal(at) +
                                          " on the key begins again with its first byte. The "
                                          "position in the key belongs to the frame, not to the read: "
                                          "it goes on where the last piece stopped."};
    }
    return {};
}

// A client that says MASK, sends a key, and leaves the payload as it is.
Found payload_not_masked(const Came& came) {
    std::size_t begin = 0;
    const auto payload = payload_that_came(came, begin);
    const Seen want = wanted(came);
    if (!payload || !want.masked || want.payload.size() < 2) return {};
    if (!std::ranges::equal(*payload, want.payload)) return {};
    return Explained{begin, "the MASK bit is set and the key is there, but the payload is not masked: "
                            "each byte must be XORed with a byte of the key (§5.3)."};
}

Found key_taken_for_payload(const Came& came) {
    std::size_t begin = 0;
    const auto payload = payload_that_came(came, begin);
    const Seen question = sent(came);
    if (!payload || !question.masked || payload->size() < 4) return {};
    const Bytes front = payload->first(4);
    const Buffer zeros = masked_with(question.key, question.key);
    if (std::ranges::equal(front, question.key) ||
        (std::ranges::equal(front, zeros) && !question.payload.empty() && question.payload[0] != 0))
        return Explained{begin, "these four bytes are the masking key (or the key XORed with itself). "
                                "The payload begins after it.", 4};
    return {};
}

Found payload_cut_short(const Came& came) {
    if (!wrong_frame(came) || came.at != 1) return {};
    const Seen got = read_frame(came.got);
    const Seen want = wanted(came);
    if (!got.whole || got.masked != want.masked || got.length >= want.length || got.length == 0) return {};
    if (!std::equal(got.payload.begin(), got.payload.end(), want.payload.begin())) return {};
    if (want.payload[got.payload.size()] == 0)
        return Explained{1, "the payload is cut before its zero byte: " + decimal(got.length) + " of " +
                                decimal(want.length) + " bytes. A C string ends there; a message "
                                "has a length, and may hold any byte."};
    return Explained{1, "the payload is cut: " + decimal(got.length) + " of " + decimal(want.length) +
                            " bytes. A read gives what is there, and that may be the beginning of a "
                            "frame only; the rest comes later."};
}

// The length is the first byte that differs, but only because the payload is another.
Found another_payload(const Came& came) {
    if (!wrong_frame(came) || came.at != 1) return {};
    const Seen got = read_frame(came.got);
    const Seen want = wanted(came);
    if (!got.whole || got.masked != want.masked || got.length == want.length || got.payload.empty() ||
        want.payload.empty())
        return {};
    const std::size_t most = std::min(got.payload.size(), want.payload.size());
    const auto differ = std::mismatch(got.payload.begin(),
                                      got.payload.begin() + static_cast<std::ptrdiff_t>(most),
                                      want.payload.begin());
    const auto same = static_cast<std::size_t>(differ.first - got.payload.begin());
    const Bytes more = Bytes{got.payload}.subspan(same);
    if (same == want.payload.size() && (hex(more) == "0A" || hex(more) == "0D 0A"))
        return Explained{1, "the end of the line, " + quote(more) + ", was sent as well: it ends what "
                            "was typed, and is no part of the message."};
    if (got.payload.size() < want.payload.size() &&
        std::equal(got.payload.rbegin(), got.payload.rend(), want.payload.rbegin()))
        return Explained{1, "the payload is only the end of the message: its last " +
                                decimal(got.length) + " of " + decimal(want.length) +
                                " bytes. What came before them is lost."};
    if (got.payload.size() > want.payload.size() && got.payload.size() - want.payload.size() > 2 &&
        std::equal(want.payload.rbegin(), want.payload.rend(), got.payload.rbegin()))
        return Explained{1, "the right payload stands at the end; the " +
                                decimal(got.length - want.length) + " bytes before it, " +
                                quote(Bytes{got.payload}.first(got.payload.size() - want.payload.size()), 40) +
                                ", do not belong to this message. Was a buffer not emptied?"};
    // A few bytes before the difference, so that it can be found.
    const std::size_t from = same > 20 ? same - 12 : 0;
    const auto shown = [from](const Seen& seen) {
        return (from > 0 ? "… " : "") + quote(Bytes{seen.payload}.subspan(from), 50) + " (" +
               decimal(seen.length) + " bytes)";
    };
    return Explained{1, "the payload is another: " + shown(got) + ".  Expected " + shown(want)};
}

// --- control frames -----------------------------------------------------------------------------

Found pong_without_payload(const Came& came) {
    if (!wrong_frame(came)) return {};
    const Seen got = read_frame(came.got);
    const Seen want = wanted(came);
    if (!want.is(Op::pong) || !got.is(Op::pong) || want.payload.empty() || !got.payload.empty())
        return {};
    return Explained{1, "this pong is empty. A pong brings back the payload of its ping (§5.5.3), here " +
                            quote(want.payload, 40) + ": by it the other side knows which ping was "
                            "answered."};
}

// --- Close --------------------------------------------------------------------------------------

// What a code says, in a few words. RFC 6455 §7.4.1.
std::string meaning_of(std::uint64_t code) {
    switch (code) {
        case 1000: return " (all is well)";
        case 1001: return " (going away)";
        case 1002: return " (a frame breaks a rule)";
        case 1003: return " (a type of data that we do not take)";
        case 1007: return " (a text is not UTF-8)";
        case 1008: return " (against our policy)";
        case 1009: return " (too big for us)";
        case 1011: return " (the server failed)";
        default: return "";
    }
}

Found close_code_backwards(const Came& came) {
    if (!wrong_frame(came) || !wanted(came).is(Op::close)) return {};
    const Seen got = read_frame(came.got);
    const Seen want = wanted(came);
    if (!got.is(Op::close) || got.payload.size() < 2 || want.payload.size() < 2) return {};
    if (got.close_code() == want.close_code()) return {};
    const std::size_t at = got.header_size;
    const bool turned = got.payload[0] == want.payload[1] && got.payload[1] == want.payload[0];
    if (turned)
        return Explained{at, hex(Bytes{got.payload}.first(2)) + " is the code " + decimal(want.close_code()) +
                                 " in the wrong byte order: it reads as " + decimal(got.close_code()) +
                                 ".", 2};
    const Seen question = sent(came);
    if (question.is(Op::close) && question.close_code() == got.close_code())
        return Explained{at, "the code " + decimal(got.close_code()) + " was echoed. But the Close that "
                             "brought it breaks a rule itself (§5.5.1, §7.4), and is answered with " +
                                 decimal(want.close_code()) + meaning_of(want.close_code()) + ".", 2};
    if (got.close_code() == 1005 || got.close_code() == 1006 || got.close_code() == 1015)
        return Explained{at, decimal(got.close_code()) + " must never be sent (§7.4.1). It is the name of "
                             "what an endpoint tells its own program when " +
                                 (got.close_code() == 1005 ? "a Close came without a code"
                                  : got.close_code() == 1006
                                      ? "the connection ended without a Close"
                                      : "TLS failed") +
                                 ".", 2};
    if (got.payload[0] >= '0' && got.payload[0] <= '9')
        return Explained{at, "the close code is a number in two bytes, not a text: " +
                                 decimal(want.close_code()) + " is " +
                                 hex(Bytes{want.payload}.first(2)) + " (§5.5.1).", 2};
    return Explained{at, "the close code is " + decimal(got.close_code()) + meaning_of(got.close_code()) +
                             ", expected " + decimal(want.close_code()) +
                             meaning_of(want.close_code()), 2};
}

// The code is right, and after it something is missing or is another.
Found another_close_reason(const Came& came) {
    if (!wrong_frame(came) || !wanted(came).is(Op::close)) return {};
    const Seen got = read_frame(came.got);
    const Seen want = wanted(came);
    if (!got.whole || !got.is(Op::close) || got.masked != want.masked || got.payload.size() < 2 ||
        want.payload.size() < 2 || got.close_code() != want.close_code() || got.payload == want.payload)
        return {};
    const auto reason = [](const Seen& seen) { return quote(Bytes{seen.payload}.subspan(2), 40); };
    if (got.payload.size() == 2)
        return Explained{1, "the code is right, and the reason after it, " + reason(want) +
                                ", is missing."};
    return Explained{1, "the code is right, and the reason is another: " + reason(got) +
                            ".  Expected " + reason(want)};
}

Found close_without_code(const Came& came) {
    if (!wrong_frame(came)) return {};
    const Seen got = read_frame(came.got);
    const Seen want = wanted(came);
    if (!want.is(Op::close) || !got.is(Op::close) || want.payload.size() < 2 || !got.payload.empty())
        return {};
    return Explained{1, "this Close has no body, so its code is lost: the other side sees 1005. Expected "
                        "the code " + decimal(want.close_code()) + " in two bytes."};
}

}  // namespace

bool is_control_opcode(std::uint8_t opcode) { return (opcode & 8) != 0; }

const Mistakes& common_mistakes() {
    static const Mistakes all{masked_by_server,
                              unmasked_by_client,
                              refused,
                              rsv_set,
                              fin_missing,
                              wrong_opcode,
                              pong_without_payload,
                              close_without_code,
                              close_code_backwards,
                              length_of_126_in_seven_bits,
                              length_announced_and_missing,
                              length_in_host_order,
                              length_without_its_upper_half,
                              length_of_four_bytes,
                              length_cut_to_its_low_bits,
                              another_close_reason,
                              payload_cut_short,
                              another_payload,
                              key_taken_for_payload,
                              payload_not_masked,
                              payload_still_masked,
                              wrong_key_order};
    return all;
}

std::string expected_bytes(const Came& came, std::size_t at) {
    const std::size_t last = std::min(came.expected.size(), std::max<std::size_t>(at + 1, 2));
    const std::size_t first = last > 12 ? last - 6 : 0;
    // Where the header is shown whole, the payload need not be promised.
    const std::size_t whole = came.frames ? read_frame(came.expected).header_size : came.expected.size();
    return (first > 0 ? "… " : "") + hex(came.expected.subspan(first, last - first)) +
           (last < whole ? " …" : "");
}

Explained explain_difference(const Came& came) {
    const std::size_t at = came.at;
    if (at >= came.got.size())
        return {at, "here it ends, after " + decimal(came.got.size()) + " of " +
                        decimal(came.expected.size()) + " bytes.  Expected " + expected_bytes(came, at)};
    if (at >= came.expected.size())
        return {at, "this is more than was due: the right bytes end before it, after " +
                        decimal(came.expected.size()) + " bytes" +
                        (came.frames ? ", and here comes " + first_byte_in_words(came.got[at]) : "")};
    if (!came.frames)
        return {at, "byte " + decimal(at) + " is " + hex(came.got[at]) + " " +
                        quote(came.got.subspan(at, 1)) + ", expected " + hex(came.expected[at]) + " " +
                        quote(came.expected.subspan(at, 1))};
    if (at == 0)
        return {0, hex(came.got[0]) + " is " + first_byte_in_words(came.got[0]) + ".  Expected " +
                       hex(came.expected[0]) + ": " + first_byte_in_words(came.expected[0])};
    if (at == 1)
        return {1, hex(came.got[1]) + " is " + second_byte_in_words(came.got[1]) + ".  Expected " +
                       hex(came.expected[1]) + ": " + second_byte_in_words(came.expected[1])};
    return {at, what_is(came.got, at) + ".  Expected " + what_is(came.expected, at)};
}

}  // namespace check
