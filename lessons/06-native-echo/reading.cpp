// Reading exercise of lesson 6: an echo whose length counts characters. RFC 6455 §5.2.
// Leaves out: what a client makes of it. Try it: `make client-6` against a server that does this.
#include "lessons/tools/check/reading.hpp"

#include <algorithm>

namespace {

using check::Buffer;

constexpr std::string_view greeting = "Grüße";

// Every byte of UTF-8 but the first of a character has the form 10xxxxxx.
std::uint64_t characters(std::string_view text) {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(text, [](char byte) { return (byte & 0xC0) != 0x80; }));
}

Buffer with_another_echo(Buffer bytes) {
    const Buffer second = check::text("hi").bytes();
    bytes.insert(bytes.end(), second.begin(), second.end());
    return bytes;
}

Buffer right() { return with_another_echo(check::text(greeting).bytes()); }

Buffer broken() {
    return with_another_echo(check::text(greeting).announcing(characters(greeting)).bytes());
}

const check::Reading length_in_characters{
    {.lesson = 6,
     .exercise = 1,
     .question =
         "A client sent two texts, \"Grüße\" and \"hi\", and an echo server sent these bytes "
         "back. One byte is wrong. Which one, counted from 0?"},
    broken,
    [](check::Bytes bytes, std::string_view answer) {
        return check::judge_offset(
            bytes, answer, check::first_difference(bytes, right()),
            "the length says " + std::to_string(characters(greeting)) +
                ", the number of characters. A length counts bytes, and \"Grüße\" has " +
                std::to_string(greeting.size()) +
                " of them in UTF-8. The client takes the last two for the next header.");
    }};

}  // namespace
