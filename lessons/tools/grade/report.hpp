// What came of each submission, and how a class is told: a table on the screen, CSV for a
// spreadsheet, JSON for a program.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "lessons/tools/grade/hand_in.hpp"
#include "lessons/tools/grade/likeness.hpp"
#include "lessons/tools/grade/weights.hpp"

namespace grade {

// How a scenario ended, in the words of the harness; "not run" when there is no word of it.
struct Outcome {
    std::string verdict = "not run";
    std::string explanation{};  // its first line
};

struct Row {
    std::string student{};
    // passed, failed, did not compile, timed out, out of memory, too many processes, empty,
    // refused, no results
    std::string verdict{};
    std::size_t score = 0;      // scenarios that passed
    std::string first{};        // the first scenario that did not pass: "5/length-126"
    std::string explanation{};  // of it, or of the verdict
    std::map<std::string, Outcome> outcomes{};
    std::string read{};      // what was read of the submission
    std::string seed{};      // from which keys and payloads were drawn
    double seconds = 0;      // that building and checking took
    HandedIn handed_in{};    // when, and how late
    std::string words{};     // suspicious ones
    Likeness likeness{};     // to whose submission it is most alike
};

Outcome outcome_of(const Row& row, const Scenario& scenario);
double points_of(const Row& row, const Scenarios& scenarios);

// `scenarios`: all that are judged, in the order of the course.
std::string table(const std::vector<Row>& rows, const Scenarios& scenarios);
std::string csv(const std::vector<Row>& rows, const Scenarios& scenarios);
std::string json_text(const std::vector<Row>& rows, const Scenarios& scenarios);
// The rows of such a text, but for what is looked at anew each time: when it was handed in, words,
// likeness. Throws std::runtime_error when it is another text.
std::vector<Row> rows_of(const std::string& json_text);

}  // namespace grade
