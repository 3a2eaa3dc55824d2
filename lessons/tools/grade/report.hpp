// What came of each submission, and how it is told: a table on the screen, CSV for a spreadsheet,
// JSON for a program.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

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
    std::size_t score = 0;
    std::string first{};        // the first scenario that did not pass: "5/length-126"
    std::string explanation{};  // of it, or of the verdict
    std::map<std::string, Outcome> outcomes{};
    std::string read{};  // what was read of the submission
    std::string seed{};  // from which keys and payloads were drawn
};

// `scenarios`: the names of all, in the order of the course.
using Names = std::vector<std::string>;
std::string table(const std::vector<Row>& rows, const Names& scenarios);
std::string csv(const std::vector<Row>& rows, const Names& scenarios);
std::string json_text(const std::vector<Row>& rows, const Names& scenarios);
// The rows of such a text. Throws std::runtime_error when it is another.
std::vector<Row> rows_of(const std::string& json_text);

}  // namespace grade
