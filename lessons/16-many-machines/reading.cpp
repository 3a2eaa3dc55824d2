// A reading exercise of lesson 16: `make answer-16 T=1` asks. An answer of Redis, as XRANGE gives it: how
// many messages can a client not be given any more?
#include "lessons/tools/check/reading.hpp"

namespace {

using check::Buffer;
using check::Bytes;
using check::Judgement;

std::string text(std::string_view value) {
    return '$' + std::to_string(value.size()) + "\r\n" + std::string{value} + "\r\n";
}

std::string entry(std::string_view id, int number, std::string_view words) {
    return "*2\r\n" + text(id) + "*4\r\n" + text("n") + text(std::to_string(number)) + text("text") + text(words);
}

constexpr int seen = 17, first = 40;

Buffer reply() {
    const std::string bytes = "*2\r\n" + entry("1767225600000-3", first, "*3\r\n$2") +
                              entry("1767225600007-0", first + 1, "hi");
    return {bytes.begin(), bytes.end()};
}

const check::Reading missing{
    {.lesson = 16,
     .exercise = 1,
     .question = "ada was away. The last message that she saw has the position 1767225590000-0/17. Her new "
                 "server asks Redis for the entries after it (XRANGE), and this comes back. How many "
                 "messages can she not be given any more?",
     .as_text = true,
     .answer_form = "a number"},
    reply,
    [](Bytes, std::string_view answer) -> Judgement {
        if (answer == std::to_string(first - seen - 1))
            return {true, "she has 17, and 40 is the first that is still there: 18 to 39 are gone. The first "
                          "text looks like RESP, and is six bytes of somebody's words: its length said so"};
        if (answer == std::to_string(first - seen))
            return {false, "she has message 17, and 40 is there. Count those between the two"};
        if (answer == "0") return {false, "the ids say nothing about holes; the numbers (n) do"};
        return {false, "the entries' numbers stand after n. Which was the last that she saw, and which is the "
                       "first that came?"};
    }};

}  // namespace
