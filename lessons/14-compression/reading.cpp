// A reading exercise of lesson 14: `make answer-14 T=1` asks. A compressed message of three letters,
// to be read with pencil and paper: RFC 1951 §3.1.1, §3.2.6; RFC 7692 §7.2.
#include "lessons/tools/check/reading.hpp"

namespace {

using check::Buffer;
using check::Bytes;
using check::Judgement;

// The fixed code of a letter is 30 (hexadecimal) and its byte, in eight bits, the highest first.
Buffer packed(std::string_view word) {
    std::vector<bool> bits{false, true, false};  // not the last block; fixed codes, 01
    for (const char letter : word)
        for (int bit = 7; bit >= 0; --bit)
            bits.push_back(((0x30 + static_cast<unsigned>(letter)) >> bit & 1u) != 0);
    bits.insert(bits.end(), 7, false);  // the end of the block
    bits.insert(bits.end(), 3, false);  // the header of an empty stored block; its length is cut
    Buffer bytes((bits.size() + 7) / 8);
    for (std::size_t i = 0; i < bits.size(); ++i)
        if (bits[i]) bytes[i / 8] = static_cast<std::uint8_t>(bytes[i / 8] | 1u << (i % 8));
    return bytes;
}

constexpr std::string_view word = "cat";

const check::Reading three_letters{
    {.lesson = 14,
     .exercise = 1,
     .question = "A server sent this frame after permessage-deflate was agreed on. Its payload is one "
                 "block with the fixed codes, and the beginning of an empty one. Which text is it? (Write "
                 "the payload's bits down with the lowest bit of each byte first. Skip three bits, the "
                 "block's header; then take eight at a time: as a number they are 30 hexadecimal more "
                 "than a letter in ASCII.)",
     .answer_form = "the text"},
    [] { return check::Frame{check::Op::text, packed(word)}.rsv(4).bytes(); },
    [](Bytes, std::string_view answer) -> Judgement {
        if (answer == word)
            return {true, "it has three literals and no match: with so few letters nothing is repeated, and "
                          "the message is larger than its text"};
        if (answer.size() != word.size())
            return {false, "the block has three literals, and seven zeros at its end (the symbol 256)"};
        std::size_t right = 0;
        while (answer[right] == word[right]) ++right;
        return {false, "letter " + std::to_string(right + 1) +
                           " is another one. Does each byte stand with its lowest bit first, and is a code "
                           "read from its highest bit?"};
    }};

}  // namespace
