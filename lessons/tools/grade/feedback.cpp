// The page. Its style is in it, so it can be mailed, put on a portal or opened from a disk; what a
// program of the student's printed is text in it, whatever it holds.
#include "lessons/tools/grade/feedback.hpp"

#include <algorithm>
#include <map>

#include "lessons/tools/grade/verdict.hpp"
#include "ws/hex.hpp"

namespace grade {

namespace {

constexpr std::size_t most_of_a_failure = 12'000;  // characters of it on the page

constexpr std::string_view style = R"css(
:root { --back: #fdfdfb; --paper: #f3f3ef; --ink: #1c1d1f; --soft: #5c6066; --line: #d5d6d2; --accent: #0b5cad;
  --good: #1a6b2f; --bad: #9a3412; }
@media (prefers-color-scheme: dark) {
  :root { --back: #16181b; --paper: #1f2226; --ink: #e8e8e6; --soft: #a2a7ae; --line: #383c42; --accent: #7ab8ff;
    --good: #83d193; --bad: #ffb07a; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--back); color: var(--ink);
  font: 17px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.3rem; margin: 2rem 0 .5rem; padding-top: .5rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.2rem 0 .4rem; }
p { margin: .4rem 0; }
a { color: var(--accent); text-underline-offset: .15em; }
.soft { color: var(--soft); }
.good { color: var(--good); }
.bad { color: var(--bad); }
ul { padding-left: 1.2rem; margin: .4rem 0; }
pre { margin: .5rem 0 1rem; padding: .6rem .8rem; overflow-x: auto; overflow-wrap: normal; background: var(--paper);
  border: 1px solid var(--line); border-radius: .4rem; font: .8rem/1.4 ui-monospace, "DejaVu Sans Mono", monospace; }
code { font: .88em ui-monospace, "DejaVu Sans Mono", monospace; }
@media print {
  :root { --back: #fff; --paper: #fff; --ink: #000; --soft: #333; --line: #999; --accent: #000; --good: #000; --bad: #000; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  pre { white-space: pre-wrap; overflow: visible; }
  h2, h3 { break-after: avoid; }
}
)css";

// Text that cannot become markup, and has no control character but the line feed.
std::string escaped(std::string_view text) {
    std::string safe;
    for (std::size_t end; !text.empty(); text.remove_prefix(end)) {
        end = std::min(text.find('\n'), text.size());
        for (const char c : ws::escape(text.substr(0, end))) {
            if (c == '&') safe += "&amp;";
            else if (c == '<') safe += "&lt;";
            else if (c == '>') safe += "&gt;";
            else if (c == '"') safe += "&quot;";
            else safe += c;
        }
        if (end < text.size()) safe += '\n', ++end;
    }
    return safe;
}

std::string shortened(std::string_view text) {
    if (text.size() <= most_of_a_failure) return escaped(text);
    return escaped(text.substr(0, text.rfind('\n', most_of_a_failure))) + "\n…";
}

std::string element(const std::string& name, const std::string& inside, const std::string& style_class = {}) {
    return '<' + name + (style_class.empty() ? "" : " class=\"" + style_class + '"') + '>' + inside + "</" + name + ">\n";
}

std::string link(const std::string& to, const std::string& words) {
    return "<a href=\"" + escaped(to) + "\">" + escaped(words) + "</a>";
}

std::string folder_of(int lesson, const Course& course) {
    const std::string two = (lesson < 10 ? "0" : "") + std::to_string(lesson) + '-';
    const auto found = std::ranges::find_if(course.lessons, [&](const std::string& one) { return one.starts_with(two); });
    return found == course.lessons.end() ? "" : *found;
}

// "1 of 3 scenarios", "2 of 3 scenarios, 2.67 of 4 points".
std::string counted(const Row& row, const Scenarios& some) {
    const auto passed = std::ranges::count_if(
        some, [&](const Scenario& one) { return outcome_of(row, one).verdict == "passed"; });
    std::string text = std::to_string(passed) + " of " + std::to_string(some.size()) +
                       (some.size() == 1 ? " scenario" : " scenarios");
    const auto weighted = [](const Scenario& one) { return one.points != 1; };
    if (std::ranges::any_of(some, weighted))
        text += ", " + shown(points_of(row, some)) + " of " + shown(all_points(some)) + " points";
    return text;
}

std::string head(const Row& row, const Scenarios& scenarios) {
    const std::string name = escaped(row.student);
    std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Feedback for " +
                       name + "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>" + std::string{style} +
                       "</style>\n</head>\n<body>\n<header>\n";
    html += element("h1", name);
    html += element("p", "<strong>" + escaped(row.verdict) + "</strong>, " + counted(row, scenarios),
                    row.verdict == "passed" ? "good" : "bad");
    std::string facts = row.read.empty() ? "" : "read: " + row.read;
    if (row.handed_in.at) facts += (facts.empty() ? "" : "; ") + ("last changed " + shown_time(*row.handed_in.at));
    if (row.handed_in.days_late.value_or(0) > 0)
        facts += ", " + std::to_string(*row.handed_in.days_late) + (*row.handed_in.days_late == 1 ? " day late" : " days late");
    if (!facts.empty()) html += element("p", escaped(facts), "soft");
    return html + "</header>\n<main>\n";
}

std::string failure(const Scenario& scenario, const Outcome& outcome,
                    const std::map<std::string, std::string>& failures) {
    std::string html = element("h3", escaped(scenario.name) + ": " + escaped(scenario.rule));
    const auto told = failures.find(scenario.name);
    if (told != failures.end()) return html + element("pre", shortened(told->second));
    return html + element("p", escaped(outcome.verdict + (outcome.explanation.empty() ? "" : ": " + outcome.explanation)), "bad");
}

// One exercise: where its text is, what fails with its explanation, what passes.
std::string exercise(const Row& row, const Scenarios& some, const std::map<std::string, std::string>& failures,
                     const Course& course) {
    const int lesson = some.front().lesson();
    const std::string number = some.front().exercise.substr(some.front().exercise.find('/') + 1);
    const std::string folder = folder_of(lesson, course);
    std::string html = "<section>\n";
    if (number == "0")
        html += element("h2", "Lesson " + std::to_string(lesson));
    else
        html += element("h2", "Lesson " + std::to_string(lesson) + ", exercise " + number);
    std::string where = counted(row, some);
    if (!folder.empty() && number != "0")
        where += "; " + link(course.book + '/' + folder + "-exercises.html#exercise-" + number, "the task") + ", " +
                 link(course.book + '/' + folder + "-hints.html#exercise-" + number, "hints") + ", " +
                 link(course.book + '/' + folder + ".html", "the text of lesson " + std::to_string(lesson)) +
                 " (<code>lessons/" + escaped(folder) + "/exercises.md</code>, <code>make hint-" +
                 std::to_string(lesson) + " T=" + number + "</code>)";
    html += element("p", where, "soft");
    std::string passed;
    for (const Scenario& scenario : some) {
        const Outcome outcome = outcome_of(row, scenario);
        if (outcome.verdict == "passed")
            passed += "<li>" + escaped(scenario.name) + ": " + escaped(scenario.rule) + "</li>\n";
        else
            html += failure(scenario, outcome, failures);
    }
    if (!passed.empty()) html += element("h3", "Passed", "good") + "<ul>\n" + passed + "</ul>\n";
    return html + "</section>\n";
}

}  // namespace

std::string feedback_page(const Row& row, const Scenarios& scenarios, std::string_view log, const Course& course) {
    const std::map<std::string, std::string> failures = failures_in(log);
    std::string html = head(row, scenarios);
    if (row.outcomes.empty() || row.verdict == "did not compile") {
        html += element("p", escaped(row.explanation), "bad");
        if (!log.empty()) html += element("pre", shortened(log));
        return html + "</main>\n</body>\n</html>\n";
    }
    std::vector<std::string> order;
    std::map<std::string, Scenarios> exercises;
    for (const Scenario& scenario : scenarios) {
        if (exercises[scenario.exercise].empty()) order.push_back(scenario.exercise);
        exercises[scenario.exercise].push_back(scenario);
    }
    for (const std::string& one : order) html += exercise(row, exercises[one], failures, course);
    return html + "</main>\n</body>\n</html>\n";
}

}  // namespace grade
