// The three forms of the results. Whatever a student chose, such as the name of an archive, is
// made harmless for the terminal, for the spreadsheet (RFC 4180, and no formulas), for JSON.
#include "lessons/tools/grade/report.hpp"

#include <algorithm>
#include <stdexcept>

#include "json/parse.hpp"
#include "json/write.hpp"
#include "ws/hex.hpp"

namespace grade {

namespace {

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(std::string text, std::size_t width) {
    return text.append(width - std::min(width, columns(text)), ' ');
}

std::string score_of(const Row& row, const Scenarios& scenarios) {
    return std::to_string(row.score) + "/" + std::to_string(scenarios.size());
}

std::string why(const Row& row) {
    if (row.first.empty() || row.explanation.empty()) return row.first + row.explanation;
    return row.first + ": " + row.explanation;
}

std::string csv_field(std::string_view text) {
    std::string field;
    // A spreadsheet takes these for the beginning of a formula.
    if (!text.empty() && std::string_view{"=+-@\t\r"}.find(text[0]) != std::string_view::npos)
        field += '\'';
    for (const char c : text) {
        if (c == '"') field += '"';
        field += c;
    }
    return field.find_first_of(",\"\r\n") == field.npos ? field : '"' + field + '"';
}

std::string points_shown(const Row& row, const Scenarios& scenarios) {
    return shown(points_of(row, scenarios)) + "/" + shown(all_points(scenarios));
}

std::string number(const std::optional<int>& value) { return value ? std::to_string(*value) : ""; }

json::Value json_of(const std::optional<int>& value) { return value ? json::Value{*value} : json::Value{}; }

// The pairs of which more than a coincidence is to be expected, each once.
std::string alike(const std::vector<Row>& rows) {
    constexpr int worth_a_line = 80;
    std::string text;
    for (const Row& row : rows) {
        const auto& [percent, with] = row.likeness;
        const auto other = std::ranges::find(rows, with, &Row::student);
        const bool told = with < row.student && other != rows.end() && other->likeness.with == row.student;
        if (percent >= worth_a_line && !told)
            text += "alike: " + ws::escape(row.student, 40) + " and " + ws::escape(with, 40) + ", " +
                    std::to_string(percent) + " %\n";
    }
    return text;
}

}  // namespace

Outcome outcome_of(const Row& row, const Scenario& scenario) {
    const auto found = row.outcomes.find(scenario.name);
    return found == row.outcomes.end() ? Outcome{} : found->second;
}

double points_of(const Row& row, const Scenarios& scenarios) {
    double points = 0;
    for (const Scenario& scenario : scenarios)
        if (outcome_of(row, scenario).verdict == "passed") points += scenario.points;
    return points;
}

std::string table(const std::vector<Row>& rows, const Scenarios& scenarios) {
    constexpr std::size_t longest_name = 24, longest_reason = 90;
    std::size_t name_width = 7, score_width = 5, points_width = 6, verdict_width = 7;
    // Without weights they are the score.
    const bool weighted = std::ranges::any_of(scenarios, [](const Scenario& one) { return one.points != 1; });
    for (const Row& row : rows) {
        name_width = std::max(name_width, columns(ws::escape(row.student, longest_name)));
        score_width = std::max(score_width, score_of(row, scenarios).size());
        points_width = std::max(points_width, points_shown(row, scenarios).size());
        verdict_width = std::max(verdict_width, row.verdict.size());
    }
    const auto line = [&](const std::string& name, const std::string& score, const std::string& points,
                          const std::string& verdict, const std::string& reason) {
        std::string text = padded(name, name_width) + "  " + padded(score, score_width) + "  " +
                           (weighted ? padded(points, points_width) + "  " : "") +
                           padded(verdict, verdict_width) + "  " + reason;
        return text.substr(0, text.find_last_not_of(' ') + 1) + '\n';
    };
    std::string text = line("student", "score", "points", "verdict", "first failure");
    for (const Row& row : rows)
        text += line(ws::escape(row.student, longest_name), score_of(row, scenarios),
                     points_shown(row, scenarios), row.verdict, ws::escape(why(row), longest_reason));
    const auto has_another = [&](const Row& row) { return row.seed != rows.front().seed; };
    if (!rows.empty() && !rows.front().seed.empty() && std::ranges::none_of(rows, has_another))
        text += "seed " + rows.front().seed + ": SEED=" + rows.front().seed + " draws the same keys and payloads\n";
    return text + alike(rows);
}

std::string csv(const std::vector<Row>& rows, const Scenarios& scenarios) {
    std::string text = "student,verdict,score,of,first failure,explanation,read,seed,points,of points,last changed,"
                       "days late,beyond,suspicious words,likeness,like";
    for (const Scenario& scenario : scenarios) text += ',' + csv_field(scenario.name);
    text += "\r\n";
    for (const Row& row : rows) {
        const std::vector<std::string> fields{row.student,
                                              row.verdict,
                                              std::to_string(row.score),
                                              std::to_string(scenarios.size()),
                                              row.first,
                                              row.explanation,
                                              row.read,
                                              row.seed,
                                              shown(points_of(row, scenarios)),
                                              shown(all_points(scenarios)),
                                              row.handed_in.at ? shown_time(*row.handed_in.at) : "",
                                              number(row.handed_in.days_late),
                                              number(row.handed_in.beyond),
                                              row.words,
                                              row.likeness.with.empty() ? "" : std::to_string(row.likeness.percent),
                                              row.likeness.with};
        for (const std::string& field : fields) text += (&field == fields.data() ? "" : ",") + csv_field(field);
        for (const Scenario& scenario : scenarios)
            text += ',' + csv_field(outcome_of(row, scenario).verdict);
        text += "\r\n";
    }
    return text;
}

std::string json_text(const std::vector<Row>& rows, const Scenarios& scenarios) {
    json::Array students;
    for (const Row& row : rows) {
        json::Array list;
        for (const Scenario& scenario : scenarios) {
            const Outcome outcome = outcome_of(row, scenario);
            list.push_back(json::Object{{"scenario", scenario.name},
                                        {"exercise", scenario.exercise},
                                        {"points", scenario.points},
                                        {"verdict", outcome.verdict},
                                        {"explanation", outcome.explanation}});
        }
        students.push_back(json::Object{{"student", row.student},
                                        {"verdict", row.verdict},
                                        {"score", static_cast<std::int64_t>(row.score)},
                                        {"of", static_cast<std::int64_t>(scenarios.size())},
                                        {"first_failure", row.first},
                                        {"explanation", row.explanation},
                                        {"read", row.read},
                                        {"seed", row.seed},
                                        {"points", points_of(row, scenarios)},
                                        {"of_points", all_points(scenarios)},
                                        {"seconds", row.seconds},
                                        {"last_changed", row.handed_in.at ? shown_time(*row.handed_in.at) : ""},
                                        {"days_late", json_of(row.handed_in.days_late)},
                                        {"beyond", json_of(row.handed_in.beyond)},
                                        {"suspicious_words", row.words},
                                        {"likeness", row.likeness.percent},
                                        {"like", row.likeness.with},
                                        {"scenarios", std::move(list)}});
    }
    // A student on a line: small changes stay small when two runs are compared.
    std::string text = "[";
    for (const json::Value& student : students)
        text += (text.size() > 1 ? ",\n" : "\n") + json::write(student);
    return text + "\n]\n";
}

std::vector<Row> rows_of(const std::string& json_text) {
    json::Value value;
    const json::ParseError error = json::parse(json_text, value);
    const json::Array* students = error ? nullptr : value.array();
    if (students == nullptr) throw std::runtime_error{"results.json of an earlier grading cannot be read"};
    const auto text = [](const json::Value& from, std::string_view name) {
        const std::string* found = from.find_string(name);
        return found == nullptr ? std::string{} : *found;
    };
    std::vector<Row> rows;
    for (const json::Value& student : *students) {
        Row row{.student = text(student, "student"),
                .verdict = text(student, "verdict"),
                .first = text(student, "first_failure"),
                .explanation = text(student, "explanation"),
                .read = text(student, "read"),
                .seed = text(student, "seed")};
        const json::Value *score = student.find("score"), *scenarios = student.find("scenarios"),
                          *seconds = student.find("seconds");
        if (seconds != nullptr) row.seconds = seconds->number().value_or(0);
        if (score != nullptr) row.score = static_cast<std::size_t>(score->integer().value_or(0));
        if (scenarios != nullptr && scenarios->array() != nullptr)
            for (const json::Value& one : *scenarios->array())
                row.outcomes[text(one, "scenario")] = {text(one, "verdict"), text(one, "explanation")};
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace grade
