// What came out of a scenario, and how it is told: the failure with its exchange, the score, the
// table for `make progress` and `make grade`.
#pragma once

#include <string>
#include <vector>

#include "lessons/tools/check/check.hpp"

namespace check {

// Put together from the notes of a run.
struct Outcome {
    const Scenario* scenario = nullptr;
    Verdict verdict = Verdict::passed;
    bool programs = false;              // it ran some, and did not call functions only
    std::vector<std::string> exchange;  // lines; those that only a trace shows begin with "Q"
    std::string step;                   // what was done last
    std::string says;                   // the explanation, in one line
    std::string block;                  // the same as it stands below the exchange
    std::string cut;                    // why this cut failed and another did not
    std::string not_built;              // the program that it needs
    std::string printed;                // by the student's code, in lines

    // "5/length-126"
    std::string name() const;
};

struct Style {
    bool colour = false;
    bool verbose = false;  // passing ones too, and more of an exchange
    bool trace = false;    // everything, bytes and handshakes too
};

// Never more than a screen (with style.verbose, four), however much was sent, said or printed.
std::string failure(const Outcome& outcome, const Style& style);
std::string passed(const Outcome& outcome);
// All of it.
std::string trace(const Outcome& outcome, const Style& style);

// One line for each lesson, then the sum: "score 31/34".
std::string score(const std::vector<Outcome>& outcomes);

// Tab-separated, with a line of titles.
std::string table(const std::vector<Outcome>& outcomes);

}  // namespace check
