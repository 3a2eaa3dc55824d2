// A test for each scenario. The text is plain, so that nothing in it is taken for markup.
#include <map>

#include "json/write.hpp"
#include "lessons/tools/grade/feedback.hpp"
#include "lessons/tools/grade/verdict.hpp"
#include "ws/hex.hpp"

namespace grade {

namespace {

// Lines stay lines; everything else that could draw is an escape.
std::string harmless(std::string_view text) {
    std::string safe;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        safe += ws::escape(text.substr(0, end));
        if (end == text.npos) break;
        safe += '\n';
        text.remove_prefix(end + 1);
    }
    return safe;
}

std::string output_of(const Outcome& outcome, const std::string& failure) {
    if (outcome.verdict == "passed") return "";
    if (!failure.empty()) return harmless(failure);
    return harmless(outcome.explanation.empty() ? outcome.verdict : outcome.verdict + ": " + outcome.explanation);
}

std::string summary(const Row& row, const Scenarios& scenarios) {
    std::string text = row.verdict + ": " + std::to_string(row.score) + " of " + std::to_string(scenarios.size()) +
                       " scenarios, " + shown(points_of(row, scenarios)) + " of " + shown(all_points(scenarios)) +
                       " points";
    if (row.first.empty() && !row.explanation.empty()) text += "\n" + row.explanation;
    if (!row.read.empty()) text += "\nread: " + row.read;
    return harmless(text);
}

}  // namespace

std::string gradescope(const Row& row, const Scenarios& scenarios, std::string_view log,
                       const std::string& visibility) {
    const std::map<std::string, std::string> failures = failures_in(log);
    json::Array tests;
    for (const Scenario& scenario : scenarios) {
        const Outcome outcome = outcome_of(row, scenario);
        const bool passed = outcome.verdict == "passed";
        const auto failure = failures.find(scenario.name);
        tests.push_back(json::Object{
            {"name", scenario.name + ": " + scenario.rule},
            {"name_format", "text"},
            {"number", scenario.exercise},
            {"score", passed ? scenario.points : 0.0},
            {"max_score", scenario.points},
            {"status", passed ? "passed" : "failed"},
            {"output", output_of(outcome, failure == failures.end() ? "" : failure->second)},
            {"output_format", "text"},
            {"visibility", visibility}});
    }
    const json::Object results{{"score", points_of(row, scenarios)},
                               {"max_score", all_points(scenarios)},
                               {"execution_time", static_cast<std::int64_t>(row.seconds + 0.5)},
                               {"output", summary(row, scenarios)},
                               {"output_format", "text"},
                               {"visibility", visibility},
                               {"stdout_visibility", "hidden"},
                               {"tests", std::move(tests)}};
    return json::write(results) + '\n';
}

}  // namespace grade
