// The reading exercises of lesson 5: a reply of a broken server, and frames written by hand.
// RFC 6455 §5.2, §5.3. The right answers are computed; none is written here.
#include "lessons/tools/check/reading.hpp"

namespace {

using check::Buffer;
using check::Bytes;
using check::Judgement;
using check::Op;
using check::Seen;

// --- exercise 1 ---------------------------------------------------------------------------------

const std::string payload = "The server counts on the wrong end. " + std::string(98, '.');

Buffer right_reply() { return check::text(payload).bytes(); }

Buffer broken_reply() {
    Buffer bytes = right_reply();
    std::swap(bytes[2], bytes[3]);
    return bytes;
}

const check::Reading wrong_end{
    {.lesson = 5,
     .exercise = 1,
     .question = "A server echoes a text of " + std::to_string(payload.size()) +
                 " bytes. Every client waits for ever. These are all the bytes that it sent; "
                 "which one is wrong? (Answer with its offset, and the reason in your own words: "
                 "A='7 because ...')"},
    broken_reply, [](Bytes bytes, std::string_view answer) {
        const Seen seen = check::read_frame(bytes);
        return check::judge_difference(
            bytes, right_reply(), answer,
            "the length is there in host byte order. The client reads " + std::to_string(seen.length) +
                " and waits for " + std::to_string(seen.length - seen.payload.size()) +
                " bytes that never come.");
    }};

// --- exercise 6 ---------------------------------------------------------------------------------

struct Wanted {
    std::string_view what;
    Op op;
    Buffer payload;
};

const std::vector<Wanted>& wanted_frames() {
    static const std::vector<Wanted> frames{
        {"the text \"Hi, Bob\"", Op::text, check::buffer_of("Hi, Bob")},
        {"an empty ping", Op::ping, {}},
        {"a Close with the code 1000", Op::close, check::close(1000).payload()},
    };
    return frames;
}

// What is wrong with a frame that was written by hand; empty when nothing is.
std::string fault(const Seen& seen, const Wanted& wanted) {
    if (!seen.has_header) return "its header is not complete";
    if (seen.rsv != 0) return "a reserved bit is set";
    if (!seen.is(wanted.op)) return "its opcode is " + check::name_of_opcode(seen.opcode);
    if (!seen.fin) return "FIN is 0, so the message would go on";
    if (!seen.masked) return "a client's frame is masked; the MASK bit is 0";
    if (seen.key == check::Key{}) return "the key 00 00 00 00 masks nothing; take another one";
    if (seen.length_bytes != 0) return "its length is not in the shortest form";
    if (!seen.whole)
        return "it announces " + std::to_string(seen.length) + " bytes of payload, and " +
               std::to_string(seen.payload.size()) + " are there";
    if (seen.payload != wanted.payload)
        return "with the key " + check::hex(seen.key) + " its payload is unmasked to " +
               check::quote(seen.payload) + " (" + check::hex(seen.payload) + ")";
    return "";
}

Judgement judge_frames(Bytes, std::string_view answer) {
    const auto bytes = check::read_hex(answer);
    if (!bytes) return {false, "expected bytes in hex, such as A='81 85 37 FA 21 3D ...'"};
    Bytes rest{*bytes};
    std::vector<check::Key> keys;
    for (const Wanted& wanted : wanted_frames()) {
        const std::string offset = "the frame at offset " + std::to_string(bytes->size() - rest.size());
        const Seen seen = check::read_frame(rest);
        if (const std::string what = fault(seen, wanted); !what.empty())
            return {false, offset + " should be " + std::string{wanted.what} + ": " + what};
        for (const check::Key& key : keys)
            if (key == seen.key) return {false, offset + " has the key of an earlier one (§5.3)"};
        keys.push_back(seen.key);
        rest = rest.subspan(seen.size);
    }
    if (!rest.empty())
        return {false, "after the Close are " + std::to_string(rest.size()) +
                           " further bytes; no frame may follow a Close"};
    return {true, "a server reads three frames in them. Send them: make client-5 ARGS='--raw \"" +
                      check::hex(*bytes) + "\"'"};
}

const check::Reading by_hand{
    {.lesson = 5,
     .exercise = 6,
     .question = "Write, in hex and without a program, what a client sends: the text \"Hi, Bob\", an "
                 "empty ping, a Close with the code 1000. Three frames, each with a masking key of "
                 "your choice. These are the payloads, one after the other, unmasked:",
     .answer_form = "81 87 …"},
    [] {
        Buffer bytes;
        for (const Wanted& wanted : wanted_frames())
            bytes.insert(bytes.end(), wanted.payload.begin(), wanted.payload.end());
        return bytes;
    },
    judge_frames};

}  // namespace
