// The words around an explanation. Plain text; colour is for terminals.
#include "lessons/tools/check/report.hpp"

#include <algorithm>
#include <map>

namespace check {

namespace {

// How much an explanation may take, whatever a student's code has sent or printed: a screen, and more where
// somebody looks at one alone (V=1, T=name). A trace shows all.
struct Room {
    std::size_t lines, columns;
    std::size_t exchange, printed;  // of its lines, at most
};
constexpr Room screen{24, 160, 14, 8}, alone{100, 320, 60, 24};

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

using Lines = std::vector<std::string>;

Lines lines_of(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::string first_columns(const std::string& text, std::size_t most) {
    if (columns(text) <= most) return text;
    std::size_t end = 0, seen = 0;
    // A byte that continues a character takes no column.
    while (seen < most || (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
        if ((static_cast<unsigned char>(text[end++]) & 0xC0) != 0x80) ++seen;
    return text.substr(0, text.find_last_not_of(' ', end - 1) + 1) + "…";
}

// At most `most` lines: the first `front` of them, how many are left out, and the last ones.
Lines shortened(Lines lines, std::size_t most, std::size_t front) {
    if (lines.size() <= most) return lines;
    const std::size_t left_out = lines.size() - most + 1;
    const auto begin = lines.begin() + static_cast<std::ptrdiff_t>(front);
    *begin = "     … " + std::to_string(left_out) + " lines";
    lines.erase(begin + 1, begin + static_cast<std::ptrdiff_t>(left_out));
    return lines;
}

// What was printed; its end says most.
Lines printed_by(const Outcome& outcome, std::size_t most) {
    return shortened(lines_of(outcome.printed), most, 1);
}

Lines explanation_of(const Outcome& outcome) {
    Lines lines = lines_of(outcome.block);
    if (!outcome.cut.empty())
        for (const std::string& line : wrap(outcome.cut, 78)) lines.push_back("        " + line);
    return lines;
}

// The exchange, the explanation and what was printed, with as much room for each as the others leave.
std::vector<Lines> parts_of(const Outcome& outcome, const Room& room) {
    Lines exchange;
    for (const std::string& line : outcome.exchange)
        if (line.front() == 'L')
            for (std::string& shown : lines_of(std::string_view{line}.substr(1))) exchange.push_back(std::move(shown));
    Lines explanation = explanation_of(outcome), printed = printed_by(outcome, room.printed);
    // Less the headline and the line of commands.
    const std::size_t all = room.lines - 2;
    const std::size_t for_explanation = std::min(explanation.size(), all / 2);
    exchange = shortened(std::move(exchange),
                         std::min(room.exchange, all - for_explanation - std::min(printed.size(), all / 6)), 2);
    printed = shortened(std::move(printed), all - exchange.size() - for_explanation, 1);
    const std::size_t left = all - exchange.size() - printed.size();
    explanation = shortened(std::move(explanation), left, left - 3);
    return {std::move(exchange), std::move(explanation), std::move(printed)};
}

// A line of a table holds neither tab nor line feed.
std::string flat(std::string text) {
    text = first_columns(text, screen.lines * 80);
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

    const Room& room = style.verbose ? alone : screen;
    bool whole = true;
    for (const Lines& part : parts_of(outcome, room))
        for (const std::string& line : part) {
            const std::string shown = first_columns(line, room.columns - 1);
            whole = whole && shown == line && !line.starts_with("     … ");
            text += shown + '\n';
        }
    return text + ' ' + commands(outcome) + (whole ? "" : " shows all of it") + '\n';
}

std::string passed(const Outcome& outcome) {
    std::string text = "ok   " + outcome.name() + "   " + outcome.scenario->rule() + '\n';
    for (const std::string& line : printed_by(outcome, alone.printed)) text += first_columns(line, alone.columns - 1) + '\n';
    return text;
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
    for (const std::string& line : explanation_of(outcome)) text += line + '\n';
    return text + "verdict: " + std::string{name_of(outcome.verdict)} + '\n';
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
