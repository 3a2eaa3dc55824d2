// What a scenario can end with, and how a wrong answer is turned into a sentence.
// A check explains in the protocol's terms: the byte that is off, what it means there, and which
// of the mistakes that people make leads to it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lessons/tools/check/bytes.hpp"

namespace check {

enum class Verdict : std::uint8_t {
    passed,
    wrong,             // bytes, a value or a printed line; explained
    crashed,           // a signal, a sanitizer's report, the end of a server
    nothing_received,  // the connection is open, and no byte came
    closed_early,      // the connection ended before the answer was there
    timed_out,         // the answer began and did not end; or the code was still at work
    too_slow,          // right, but over the stated budget
    not_compiled,
};
std::string_view name_of(Verdict verdict);

// What came, beside what should have come.
struct Came {
    Bytes sent;      // the last thing that was sent
    Bytes expected;
    Bytes got;
    std::size_t at;  // the first byte in which the two differ
    Verdict verdict; // wrong, nothing_received, closed_early, timed_out
    bool frames;     // both are frames; otherwise heads, or just bytes

    std::optional<std::uint8_t> got_byte(std::size_t i) const {
        if (i >= got.size()) return std::nullopt;
        return got[i];
    }
    std::optional<std::uint8_t> expected_byte(std::size_t i) const {
        if (i >= expected.size()) return std::nullopt;
        return expected[i];
    }
};

// A mistake that was recognised: the byte to mark, how many, and one or two sentences. They stand
// after the mark, so "7E announces a 16-bit length, so ..." reads well.
struct Explained {
    std::size_t at = 0;
    std::string says{};
    std::size_t count = 1;
};

using Mistake = std::function<std::optional<Explained>(const Came&)>;
using Mistakes = std::vector<Mistake>;

// A mistake that needs no more than a condition: marked is the first byte that differs.
inline Mistake when(std::function<bool(const Came&)> is_it, std::string says) {
    return [is_it = std::move(is_it), says = std::move(says)](
               const Came& came) -> std::optional<Explained> {
        if (!is_it(came)) return std::nullopt;
        return Explained{came.at, says};
    };
}

}  // namespace check
