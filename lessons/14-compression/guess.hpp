// A secret found out by the lengths of compressed answers: what CRIME (2012) and BREACH (2013) did
// to HTTPS. Lesson 14. Used are lengths alone, which encryption does not hide.
// The server puts its secret and our text into one message. If our text repeats a part of the
// secret, the answer refers back to it and is shorter; so each character is found by itself.
// Leaves out: other alphabets than hex digits.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

namespace lesson {

class Guess {
  public:
    // `length_of` sends a text, and says how many bytes of answer crossed the wire.
    explicit Guess(std::function<std::uint64_t(const std::string&)> length_of)
        : length_of_{std::move(length_of)} {}

    // What stands after `token is ` and before the semicolon; empty: the lengths tell nothing.
    std::string run() {
        std::string known;
        while (known.size() < most) {
            const char next = next_character(known);
            if (next == end) return known;
            if (next == none) break;
            known += next;
            if (progress) progress(known);
        }
        return "";
    }

    std::function<void(const std::string& known)> progress{};

  private:
    static constexpr std::size_t most = 64;
    static constexpr char end = ';', none = '\0';

    // The one whose answers are the shortest, if it is one.
    char next_character(const std::string& known) {
        char best = none;
        std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
        for (const char candidate : std::string_view{"0123456789abcdef;"}) {
            const std::uint64_t length = weigh(known + candidate);
            if (length == least) best = none;
            if (length >= least) continue;
            least = length;
            best = candidate;
        }
        return best;
    }

    // Whole bytes hide up to seven bits. Each of these letters takes 18 bits with the fixed codes, two
    // more than two bytes: the four lengths are rounded at four places, and their sum tells.
    std::uint64_t weigh(const std::string& guess) {
        std::uint64_t sum = 0;
        for (const std::string padding : {"", "é", "éü", "éüß"})
            sum += length_of_("token is " + guess + padding);
        return sum;
    }

    std::function<std::uint64_t(const std::string&)> length_of_;
};

}  // namespace lesson
