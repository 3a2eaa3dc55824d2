// Reading exercise of lesson 12: `make answer-12 T=1` asks. A broadcast whose header counts the
// characters of the JSON text and not its bytes. RFC 6455 §5.2.
// Leaves out: the messages of the chat themselves, which are right.
#include <algorithm>

#include "lessons/tools/check/reading.hpp"

namespace {

using check::Buffer;

constexpr std::string_view joined = R"({"user":"Ann","text":"joined the chat","event":"joined"})";
constexpr std::string_view said = R"({"user":"Ann","text":"Grüße aus Köln 👋"})";

// Every byte of UTF-8 but the first of a character has the form 10xxxxxx.
std::uint64_t characters(std::string_view text) {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(text, [](char byte) { return (byte & 0xC0) != 0x80; }));
}

Buffer after_the_first(const check::Frame& second) {
    Buffer bytes = check::text(joined).bytes();
    std::ranges::copy(second.bytes(), back_inserter(bytes));
    return bytes;
}

Buffer right() { return after_the_first(check::text(said)); }

Buffer broken() { return after_the_first(check::text(said).announcing(characters(said))); }

const check::Reading broadcast_in_characters{
    {.lesson = 12,
     .exercise = 1,
     .question = "Ann joined a chat, and then she said hello. The server sent these bytes to each "
                 "member of the room, and every client closed the connection with 1002. One byte "
                 "is wrong. Which one, counted from 0?"},
    broken,
    [](check::Bytes bytes, std::string_view answer) -> check::Judgement {
        const std::size_t wrong = check::first_difference(bytes, right());
        // A byte of the second frame is explained as one of that frame.
        const std::size_t begin = check::text(joined).bytes().size();
        const auto chosen = check::number_in(answer);
        if (chosen && *chosen >= begin && *chosen != wrong && *chosen < bytes.size())
            return {false, "In the second frame: " +
                               check::what_is(bytes.subspan(begin),
                                              static_cast<std::size_t>(*chosen) - begin) +
                               ". That is not the byte that is wrong."};
        return check::judge_offset(
            bytes, answer, wrong,
            "the length says " + std::to_string(characters(said)) +
                ", and the message has that many characters. A length counts bytes, and in UTF-8 "
                "it has " +
                std::to_string(said.size()) + " of them. The client takes the last " +
                std::to_string(said.size() - characters(said)) +
                " for the next header. As long as people chat in ASCII, nobody notices.");
    }};

}  // namespace
