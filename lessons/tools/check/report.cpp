// The words around an explanation. Plain text; colour is for terminals.
#include "lessons/tools/check/report.hpp"

#include <algorithm>
#include <map>

namespace check {

namespace {

// Of an exchange; the second of one that somebody looks at alone. A trace shows all.
constexpr std::size_t most_lines = 12, most_lines_alone = 60;

std::string_view colour(const Style& style, std::string_view code) {
    return style.colour ? code : std::string_view{};
}

std::string commands(const Outcome& outcome) {
    const Scenario& scenario = *outcome.scenario;
    const std::string number = std::to_string(scenario.lesson());
    std::string text;
    if (scenario.exercise().number > 0)
        text = "make hint-" + number + " T=" + std::to_string(scenario.exercise().number) + "      ";
    return text + "make trace-" + number + " T=" + scenario.name();
}

// A line of a table holds neither tab nor line feed.
std::string flat(std::string text) {
    for (char& c : text)
        if (c == '\t' || c == '\n') c = ' ';
    return text;
}

}  // namespace

std::string Outcome::name() const {
    return std::to_string(scenario->lesson()) + "/" + scenario->name();
}

std::string failure(const Outcome& outcome, const Style& style) {
    const Scenario& scenario = *outcome.scenario;
    std::string text{colour(style, "\033[1;31m")};
    text += "FAIL";
    text += colour(style, "\033[0;1m");
    text += " " + outcome.name() + "   " + scenario.rule();
    text += colour(style, "\033[0m");
    if (!scenario.section().empty()) text += "   " + scenario.section();
    if (outcome.verdict != Verdict::wrong)
        text.append("   [").append(name_of(outcome.verdict)).append("]");
    text += '\n';

    std::vector<std::string> lines;
    for (const std::string& line : outcome.exchange)
        if (line.front() == 'L') lines.push_back(line.substr(1));
    const std::size_t most = style.verbose ? most_lines_alone : most_lines;
    const std::size_t left_out = lines.size() > most ? lines.size() - most : 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (left_out > 0 && i == 2) text += "     … " + std::to_string(left_out) + " lines\n";
        if (left_out == 0 || i < 2 || i >= 2 + left_out) text += lines[i] + '\n';
    }
    text += outcome.block;
    if (!outcome.cut.empty())
        for (const std::string& line : wrap(outcome.cut, 78)) text += "        " + line + '\n';
    return text + outcome.printed + ' ' + commands(outcome) + '\n';
}

std::string trace(const Outcome& outcome, const Style& style) {
    const Scenario& scenario = *outcome.scenario;
    std::string text = outcome.name() + "   " + scenario.rule();
    if (!scenario.section().empty()) text += "   " + scenario.section();
    text += '\n';
    for (const std::string& line : outcome.exchange) {
        if (line.front() == 'B') {
            // All bytes, sixteen to a line, where the line above could not show them.
            const std::string bytes = line.substr(1);
            if (bytes.size() <= 3 * 8) continue;
            for (std::size_t at = 0; at < bytes.size(); at += 3 * 16)
                text += "         " + bytes.substr(at, 3 * 16 - 1) + '\n';
        } else {
            text += (line.front() == 'Q' ? " · " : "") + line.substr(line.front() == 'Q' ? 4 : 1) + '\n';
        }
    }
    text += outcome.printed;
    if (outcome.verdict == Verdict::passed)
        return text + std::string{colour(style, "\033[32m")} + "passed" +
               std::string{colour(style, "\033[0m")} + '\n';
    return text + outcome.block + "verdict: " + std::string{name_of(outcome.verdict)} + '\n';
}

std::string score(const std::vector<Outcome>& outcomes) {
    std::map<int, std::pair<std::size_t, std::size_t>> lessons;
    std::size_t passed = 0;
    for (const Outcome& outcome : outcomes) {
        auto& [good, all] = lessons[outcome.scenario->lesson()];
        const bool ok = outcome.verdict == Verdict::passed;
        good += ok ? 1 : 0;
        passed += ok ? 1 : 0;
        ++all;
    }
    std::string text;
    for (const auto& [number, counts] : lessons)
        text += "lesson " + std::to_string(number) + ": " + std::to_string(counts.first) + "/" +
                std::to_string(counts.second) + '\n';
    return text + "score " + std::to_string(passed) + "/" + std::to_string(outcomes.size()) + '\n';
}

std::string table(const std::vector<Outcome>& outcomes) {
    std::string text = "lesson\tname\texercise\tverdict\texplanation\n";
    for (const Outcome& outcome : outcomes) {
        const Scenario& scenario = *outcome.scenario;
        text += std::to_string(scenario.lesson()) + '\t' + scenario.name() + '\t' +
                std::to_string(scenario.exercise().number) + '\t' + std::string{name_of(outcome.verdict)} +
                '\t' + flat(outcome.says) + '\n';
    }
    return text;
}

}  // namespace check
