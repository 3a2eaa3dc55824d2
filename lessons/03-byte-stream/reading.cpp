// Reading exercises of lesson 3: messages with a 2-byte length before each, in a stream that
// knows nothing of them. `make answer-3 T=1` asks. Two mistakes that people make (nodejs/node#3445,
// mongoose#165): the length as it lies in memory, and the rest of a read thrown away.
#include "lessons/tools/check/reading.hpp"

namespace {

using check::Buffer;
using check::Bytes;
using check::Judgement;

void append_message(Buffer& stream, std::string_view text, bool swapped = false) {
    const auto high = static_cast<std::uint8_t>(text.size() >> 8);
    const auto low = static_cast<std::uint8_t>(text.size());
    stream.push_back(swapped ? low : high);
    stream.push_back(swapped ? high : low);
    stream.insert(stream.end(), text.begin(), text.end());
}

// Where the messages of a stream begin, and at the end where the last whole one ends.
std::vector<std::size_t> ends_of_messages(Bytes stream) {
    std::vector<std::size_t> ends{0};
    while (stream.size() - ends.back() >= 2) {
        const std::size_t at = ends.back();
        const std::size_t end = at + 2 + (std::size_t{stream[at]} << 8 | stream[at + 1]);
        if (end > stream.size()) break;
        ends.push_back(end);
    }
    return ends;
}

// What a byte is for a reader that trusts each length: "the second byte of the length 00 03".
std::string meaning_of(Bytes stream, std::size_t offset) {
    const std::vector<std::size_t> ends = ends_of_messages(stream);
    std::size_t message = 0;
    while (message + 1 < ends.size() && ends[message + 1] <= offset) ++message;
    const std::size_t at = offset - ends[message];
    const std::string of = " of message " + std::to_string(message + 1);
    const std::string byte = "byte " + std::to_string(offset) + " is ";
    if (at >= 2) return byte + check::quote(stream.subspan(offset, 1)) + ", text" + of;
    return byte + (at == 0 ? "the first" : "the second") + " of the two length bytes" + of;
}

constexpr std::string_view one = "one", two = "two", three = "three";

Buffer three_messages(bool broken) {
    Buffer stream;
    append_message(stream, one);
    append_message(stream, two, broken);
    append_message(stream, three);
    return stream;
}

const check::Reading host_order{
    {.lesson = 3,
     .exercise = 1,
     .question =
         "A client sends three messages, \"one\", \"two\" and \"three\", each with a 2-byte "
         "length in front. The server prints the first and then waits for ever. Which byte "
         "is the first that is wrong (its number), and why does the server wait?"},
    [] { return three_messages(true); },
    [](Bytes bytes, std::string_view answer) -> Judgement {
        const std::size_t wrong = check::first_difference(bytes, three_messages(false));
        const auto chosen = check::number_in(answer);
        if (!chosen || *chosen >= bytes.size())
            return {false, "name one of the bytes 0 to " + std::to_string(bytes.size() - 1)};
        const auto offset = static_cast<std::size_t>(*chosen);
        if (offset == wrong) {
            const unsigned read_as = unsigned{bytes[wrong]} << 8 | bytes[wrong + 1];
            return {true, "Here the length " + std::to_string(two.size()) +
                              " stands with its low byte first, as it lies in this machine's "
                              "memory. Read in network order it is " +
                              std::to_string(read_as) + ", and so many bytes never come."};
        }
        if (offset == wrong + 1)
            return {false, meaning_of(bytes, offset) +
                               ". It is wrong too, but one of its neighbours is the first."};
        return {false, meaning_of(bytes, offset) +
                           ". Take the length of each message off, and see where the next one "
                           "must begin."};
    }};

// One read: two whole messages, and the beginning of the third.
Buffer one_read() {
    Buffer stream = three_messages(false);
    for (int i = 0; i < 2; ++i) stream.pop_back();
    return stream;
}

const check::Reading kept_rest{
    {.lesson = 3,
     .exercise = 1,
     .question = "A server that knows lengths has read this with a single recv. It handles the "
                 "message at the front, then reads again into the same buffer, and one client in "
                 "ten never gets its second echo. How many of these bytes belong to a message that "
                 "is not whole yet, and so must be kept for the next read, once everything that is "
                 "whole was handled?"},
    one_read,
    [](Bytes bytes, std::string_view answer) -> Judgement {
        const std::vector<std::size_t> ends = ends_of_messages(bytes);
        const std::size_t rest = bytes.size() - ends.back();
        const auto chosen = check::number_in(answer);
        if (!chosen) return {false, "an answer begins with a number, such as A='3'"};
        if (*chosen == rest)
            return {true, std::to_string(ends.size() - 1) + " messages are whole, " +
                              std::to_string(rest) +
                              " bytes are the beginning of another. Throw them away and the next "
                              "read begins in the middle of a message."};
        if (*chosen + 2 == rest)
            return {false,
                    "so many bytes of its text are here; its length has come as well, and "
                    "without it nobody knows where it ends"};
        if (*chosen == bytes.size() - ends[1])
            return {false, "so much lies after the first message; but is none of it whole?"};
        if (*chosen == 0)
            return {false, "then the last message would be whole: its length is " +
                               check::hex(bytes.subspan(ends.back(), 2))};
        return {false, "the first message ends before byte " + std::to_string(ends[1]) +
                           ". Find the end of the next one, and go on until one is not whole."};
    }};

}  // namespace
