// The reading exercise of lesson 15: `make answer-15 T=1` asks. A load generator that waits for each
// answer before it sends again leaves out what it did not send: coordinated omission.
#include "lessons/tools/check/reading.hpp"

namespace {

using check::Buffer;
using check::Bytes;
using check::Judgement;

constexpr std::uint64_t pause = 2'000;    // ms
constexpr std::uint64_t all = 10'000;     // messages that were due in ten seconds
constexpr std::uint64_t p99 = pause - all / 100;

Buffer report() {
    const std::string text =
        "one client, a message of its own every millisecond, for 10 s\n"
        "it waits for each answer before it sends again\n"
        "answers: " + std::to_string(all - pause + 1) + "\n"
        "p50 0.2 ms, p99 0.2 ms, max " + std::to_string(pause) + " ms\n";
    return check::buffer_of(text);
}

const check::Reading omitted{
    {.lesson = 15,
     .exercise = 1,
     .question = "A load generator's report. Once in these ten seconds the server stood still for two of "
                 "them, and answered at once all the rest of the time. What would the p99 have been, "
                 "in milliseconds, if a message had left in every millisecond?",
     .as_text = true},
    report,
    [](Bytes, std::string_view answer) -> Judgement {
        const auto chosen = check::number_in(answer);
        if (!chosen) return {false, "give the p99 in milliseconds"};
        if (*chosen == p99)
            return {true, "2,000 of 10,000 messages were due while nothing moved, and waited 2,000, 1,999, "
                          "1,998, … ms. A hundred of them, 1 %, waited longer than " +
                              std::to_string(p99) + " ms. The generator saw one of them."};
        if (*chosen + 10 >= pause && *chosen <= pause + 10)
            return {false, "that is the longest wait, of one message: 1 % of all is a hundred of them"};
        if (*chosen + 10 >= p99 && *chosen <= p99 + 10)
            return {false, "very near: a hundred are 1 % of all; how long did the next one wait?"};
        if (*chosen <= 1)
            return {false, "so says the generator. How many messages did it not send while it waited?"};
        return {false, "write down how long each message that was due in the pause would have waited, and take "
                       "the hundred longest away"};
    }};

}  // namespace
