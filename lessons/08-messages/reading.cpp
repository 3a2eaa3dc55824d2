// Reading exercises of lesson 8: `make answer-8 T=1` asks. Two mistakes that people make: a frame
// taken for a message (gorilla/websocket#395), RFC 6455 §5.4, and a masking key that begins anew
// with each read (poco#4838), §5.3.
#include <algorithm>

#include "lessons/tools/check/reading.hpp"

namespace {

using check::Buffer;
using check::Bytes;
using check::Judgement;

Buffer joined(const std::vector<check::Frame>& frames) {
    Buffer bytes;
    for (const check::Frame& frame : frames) std::ranges::copy(frame.bytes(), back_inserter(bytes));
    return bytes;
}

std::vector<check::Seen> frames_in(Bytes bytes) {
    std::vector<check::Seen> frames;
    while (!bytes.empty()) {
        frames.push_back(check::read_frame(bytes));
        bytes = bytes.subspan(frames.back().size);
    }
    return frames;
}

// The server took each frame for a message, and sent the ending back as it was.
Buffer session() {
    return joined({check::text("Hel"), check::pong("alive?"), check::continuation("lo")});
}

const check::Reading one_frame_one_message{
    {.lesson = 8,
     .exercise = 1,
     .question =
         "A client sent \"Hello\" in two frames, \"Hel\" and \"lo\", with a ping between them. "
         "This is what a server sent back, and the client failed the connection. Which is "
         "the first byte that breaks a rule?"},
    session,
    [](Bytes bytes, std::string_view answer) -> Judgement {
        // The first data frame that does not fit what came before it.
        std::size_t at = 0;
        bool open = false;
        for (const check::Seen& frame : frames_in(bytes)) {
            const bool control = frame.opcode >= 8, continues = frame.is(check::Op::continuation);
            if (!control && continues != open) break;
            if (!control) open = !frame.fin;
            at += frame.size;
        }
        const auto chosen = check::number_in(answer);
        if (!chosen || *chosen >= bytes.size())
            return {false, "name one of the bytes 0 to " + std::to_string(bytes.size() - 1)};
        if (*chosen == at)
            return {true, check::first_byte_in_words(bytes[at]) +
                              ": a continuation, but nothing is open, for the text before it "
                              "had FIN set. RFC 6455 §5.4. The server took one frame for one "
                              "message: it closed the text with FIN, where the client's frame had "
                              "none."};
        if (*chosen == 0)
            return {false, check::first_byte_in_words(bytes[0]) +
                               ": a whole text, \"Hel\". That is not what was meant, but a server "
                               "may say so, and breaks no rule by it"};
        std::size_t begin = 0;
        for (const check::Seen& frame : frames_in(bytes)) {
            if (*chosen >= begin && *chosen < begin + frame.size)
                return {false, "in the frame that begins at byte " + std::to_string(begin) + ", " +
                                   check::what_is(bytes.subspan(begin, frame.size),
                                                  static_cast<std::size_t>(*chosen) - begin) +
                                   ". A pong may stand anywhere between frames; look at FIN and at "
                                   "the opcodes of the others."};
            begin += frame.size;
        }
        return {false, "that byte is right"};
    }};

constexpr check::Key key{0x37, 0xFA, 0x21, 0x3D};
constexpr std::string_view sent = "Hello, WebSocket";
constexpr std::size_t first_read = 6;

// Unmasked read by read, each beginning with the key's first byte.
Buffer badly_unmasked() {
    Buffer payload = check::masked_with(key, check::bytes_of(sent));
    const Bytes bytes{payload};
    Buffer got = check::masked_with(key, bytes.first(first_read));
    std::ranges::copy(check::masked_with(key, bytes.subspan(first_read)), back_inserter(got));
    return check::Frame{check::Op::binary, got}.bytes();
}

const check::Reading restarted_key{
    {.lesson = 8,
     .exercise = 1,
     .question = "A client sent a binary message, the text \"Hello, WebSocket\", masked with the "
                 "key 37 FA 21 3D. This is the server's echo. Its network gave the server the "
                 "payload in two reads, and it began with the first byte of the key at each of "
                 "them. How many bytes of payload were in the first read?"},
    badly_unmasked,
    [](Bytes bytes, std::string_view answer) -> Judgement {
        const check::Seen echo = check::read_frame(bytes);
        const std::size_t split = check::first_difference(echo.payload, check::bytes_of(sent));
        const auto chosen = check::number_in(answer);
        if (!chosen) return {false, "an answer begins with a number, such as A='3'"};
        if (*chosen == split) {
            const auto name = [](std::size_t i) { return "key byte " + std::to_string(i % 4); };
            return {true, "the payload is right up to there. Byte " + std::to_string(split) +
                              " needs " + name(split) + " and got " + name(0) +
                              ": the index belongs to the frame, not to the read (§5.3)."};
        }
        if (*chosen == split + echo.header_size)
            return {false, "that is its place in the frame; the payload begins after the header"};
        if (*chosen == 4)
            return {false,
                    "the key is 4 bytes long, but the bytes after the fourth are right: "
                    "compare with 48 65 6C 6C 6F, \"Hello\""};
        if (*chosen < split)
            return {false, "payload byte " + std::to_string(*chosen) +
                               " is as the client meant it, so it was unmasked in the same read as "
                               "those before it, or with the right key byte"};
        return {false, "there is a wrong byte before that one. The payload should be " +
                           check::hex(check::bytes_of(sent))};
    }};

}  // namespace
