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

std::string score_of(const Row& row, const Names& scenarios) {
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

Outcome outcome_of(const Row& row, const std::string& scenario) {
    const auto found = row.outcomes.find(scenario);
    return found == row.outcomes.end() ? Outcome{} : found->second;
}

}  // namespace

std::string table(const std::vector<Row>& rows, const Names& scenarios) {
    constexpr std::size_t longest_name = 24, longest_reason = 90;
    std::size_t name_width = 7, score_width = 5, verdict_width = 7;
    for (const Row& row : rows) {
        name_width = std::max(name_width, columns(ws::escape(row.student, longest_name)));
        score_width = std::max(score_width, score_of(row, scenarios).size());
        verdict_width = std::max(verdict_width, row.verdict.size());
    }
    const auto line = [&](const std::string& name, const std::string& score,
                          const std::string& verdict, const std::string& reason) {
        std::string text = padded(name, name_width) + "  " + padded(score, score_width) + "  " +
                           padded(verdict, verdict_width) + "  " + reason;
        return text.substr(0, text.find_last_not_of(' ') + 1) + '\n';
    };
    std::string text = line("student", "score", "verdict", "first failure");
    for (const Row& row : rows)
        text += line(ws::escape(row.student, longest_name), score_of(row, scenarios), row.verdict,
                     ws::escape(why(row), longest_reason));
    const auto has_another = [&](const Row& row) { return row.seed != rows.front().seed; };
    if (!rows.empty() && !rows.front().seed.empty() && std::ranges::none_of(rows, has_another))
        text += "seed " + rows.front().seed + ": SEED=" + rows.front().seed + " draws the same keys and payloads\n";
    return text;
}

std::string csv(const std::vector<Row>& rows, const Names& scenarios) {
    std::string text = "student,verdict,score,of,first failure,explanation,read,seed";
    for (const std::string& scenario : scenarios) text += ',' + csv_field(scenario);
    text += "\r\n";
    for (const Row& row : rows) {
        text += csv_field(row.student) + ',' + csv_field(row.verdict) + ',' +
                std::to_string(row.score) + ',' + std::to_string(scenarios.size()) + ',' +
                csv_field(row.first) + ',' + csv_field(row.explanation) + ',' + csv_field(row.read) + ',' + csv_field(row.seed);
        for (const std::string& scenario : scenarios)
            text += ',' + csv_field(outcome_of(row, scenario).verdict);
        text += "\r\n";
    }
    return text;
}

std::string json_text(const std::vector<Row>& rows, const Names& scenarios) {
    json::Array students;
    for (const Row& row : rows) {
        json::Array list;
        for (const std::string& scenario : scenarios) {
            const Outcome outcome = outcome_of(row, scenario);
            list.push_back(json::Object{{"scenario", scenario},
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
    const json::Error error = json::parse(json_text, value);
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
        const json::Value *score = student.find("score"), *scenarios = student.find("scenarios");
        if (score != nullptr) row.score = static_cast<std::size_t>(score->integer().value_or(0));
        if (scenarios != nullptr && scenarios->array() != nullptr)
            for (const json::Value& one : *scenarios->array())
                row.outcomes[text(one, "scenario")] = {text(one, "verdict"), text(one, "explanation")};
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace grade
