// Reading exercise of lesson 7: a farewell with its code in host byte order. RFC 6455 §5.5.1.
// Leaves out: other ways to spoil a Close; lesson 8 has them.
#include "lessons/tools/check/reading.hpp"

#include <algorithm>

namespace {

using check::Buffer;
using check::Bytes;

Buffer farewell(check::Frame close) {
    Buffer bytes = check::text("Hello!").bytes();
    const Buffer second = close.bytes();
    bytes.insert(bytes.end(), second.begin(), second.end());
    return bytes;
}

Buffer right() { return farewell(check::close(1000)); }

// As the two bytes lie in the memory of most machines, the byte that is worth least first.
Buffer broken() {
    Buffer body = check::close(1000).payload();
    std::ranges::reverse(body);
    return farewell({check::Op::close, body});
}

// A byte of the second frame is explained as such.
check::Judgement judge(Bytes bytes, std::string_view answer) {
    const std::size_t second = check::read_frame(bytes).size;
    const std::size_t wrong = check::first_difference(bytes, right());
    const auto chosen = check::number_in(answer);
    // Both bytes of the code have changed places, so either of them is a right answer.
    if (chosen == wrong || chosen == wrong + 1)
        return check::judge_offset(
            bytes, answer, static_cast<std::size_t>(*chosen),
            "the code of the Close. The byte that is worth most comes first, so 1000 is 03 E8. "
            "These two say " +
                std::to_string(check::read_frame(bytes.subspan(second)).close_code()) +
                ", a code that nobody may send.");
    if (!chosen || *chosen < second || *chosen >= bytes.size())
        return check::judge_offset(bytes, answer, wrong, "");
    return {false,
            "byte " + std::to_string(*chosen) + " belongs to the second frame, in it " +
                check::what_is(bytes.subspan(second), static_cast<std::size_t>(*chosen) - second) +
                ". That is not the byte that is wrong."};
}

const check::Reading swapped_code{
    {.lesson = 7,
     .exercise = 1,
     .question =
         "A hello server greets with \"Hello!\", then says goodbye with a Close of 1000. These "
         "are its bytes. Where do they go wrong? Name a byte, counted from 0."},
    broken,
    judge};

}  // namespace
