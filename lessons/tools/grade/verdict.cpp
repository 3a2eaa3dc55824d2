// The judge's table is after the mark; without it, its lines are read.
#include "lessons/tools/grade/verdict.hpp"

#include <random>
#include <sstream>
#include <vector>

namespace grade {

namespace {

std::vector<std::string> fields_of(const std::string& line) {
    std::vector<std::string> fields;
    std::istringstream stream{line};
    for (std::string field; std::getline(stream, field, '\t');) fields.push_back(field);
    return fields;
}

// The rows of the judge's table: lesson, name, exercise, verdict, explanation.
void read_results(std::string_view text, Row& row) {
    std::istringstream stream{std::string{text}};
    for (std::string line; std::getline(stream, line);) {
        const std::vector<std::string> fields = fields_of(line);
        if (fields.size() < 4 || fields[0] == "lesson") continue;
        row.outcomes[fields[0] + "/" + fields[1]] = {fields[3], fields.size() > 4 ? fields[4] : ""};
    }
}

// The same from what the check printed as it went, for a submission that was ended before the table
// was complete: "ok   5/echo ...", "FAIL 5/echo ...   [timed out]".
void read_shown(std::string_view text, Row& row) {
    std::istringstream stream{std::string{text}};
    for (std::string line; std::getline(stream, line);) {
        std::istringstream words{line};
        std::string first, name;
        words >> first >> name;
        if ((first != "ok" && first != "FAIL") || name.find('/') == name.npos) continue;
        std::string verdict = first == "ok" ? "passed" : "wrong";
        const std::size_t open = line.rfind('[');
        if (first == "FAIL" && line.ends_with(']') && open != line.npos)
            verdict = line.substr(open + 1, line.size() - open - 2);
        row.outcomes.try_emplace(name, Outcome{verdict, ""});
    }
}

void judge(const Ended& ended, const Scenarios& scenarios, Row& row) {
    bool all = true;
    for (const Scenario& scenario : scenarios) {
        const auto found = row.outcomes.find(scenario.name);
        const bool passed = found != row.outcomes.end() && found->second.verdict == "passed";
        row.score += passed ? 1 : 0;
        if (!passed && all && found != row.outcomes.end()) {
            row.first = scenario.name;
            row.explanation = found->second.explanation;
            if (row.explanation.empty()) row.explanation = found->second.verdict;
        }
        all = all && passed;
    }
    for (const auto& [name, outcome] : row.outcomes)
        if (outcome.verdict == "did not compile") {
            row.verdict = outcome.verdict;
            row.explanation = outcome.explanation;
            return;
        }
    if (ended.how == Ended::How::too_late) {
        row.verdict = "timed out";
    } else if (ended.how == Ended::How::too_much_memory) {
        row.verdict = "out of memory";
    } else if (ended.how == Ended::How::too_many_processes) {
        row.verdict = "too many processes";
    } else if (row.outcomes.empty()) {
        row.verdict = "no results";
        row.explanation = "the check ended with status " + std::to_string(ended.status);
    } else {
        row.verdict = all ? "passed" : "failed";
        if (!all && row.first.empty()) row.explanation = "the check was ended before it was done";
    }
}

}  // namespace

std::string new_mark() {
    std::random_device random;
    std::string mark = "results";
    for (int i = 0; i < 4; ++i) mark += '-' + std::to_string(random());
    return mark;
}

std::string read_verdict(const Ended& ended, const std::string& mark, const Scenarios& scenarios, Row& row) {
    // What a student's code printed is never a line of its own in what the judge shows, and the judge
    // has the last word.
    const std::size_t at = ended.output.rfind('\n' + mark + '\n');
    if (at != ended.output.npos)
        read_results(std::string_view{ended.output}.substr(at), row);
    else
        read_shown(ended.output, row);
    judge(ended, scenarios, row);
    return ended.output.substr(0, at);
}

std::map<std::string, std::string> failures_in(std::string_view log) {
    std::map<std::string, std::string> failures;
    std::string* current = nullptr;
    std::istringstream stream{std::string{log}};
    for (std::string line; std::getline(stream, line);) {
        std::istringstream words{line};
        std::string first, name;
        words >> first >> name;
        // Below a failure all is indented, or is a line of its exchange, which begins with its number.
        if (line.starts_with("FAIL ") && name.find('/') != name.npos)
            current = &failures[name];
        else if (line.starts_with("ok ") || line.starts_with("lesson ") || line.starts_with("score "))
            current = nullptr;
        if (current != nullptr) *current += line + '\n';
    }
    for (auto& [name, text] : failures) text.erase(text.find_last_not_of('\n') + 1);
    return failures;
}

}  // namespace grade
