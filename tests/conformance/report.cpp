// The results as lines and as a table. See report.hpp.
#include "tests/conformance/report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

namespace conformance {

namespace {

using Counts = std::array<unsigned, verdicts>;

Verdict verdict_of(const std::string& name) {
    for (std::size_t i = 0; i < verdicts; ++i)
        if (name == name_of(static_cast<Verdict>(i))) return static_cast<Verdict>(i);
    throw std::runtime_error{"there is no verdict '" + name + "'"};
}

// "38" where all is well, else "36 2n 1F": passed, then what is not a pass.
std::string cell(const Counts& counts) {
    constexpr std::array<char, verdicts> letters{' ', 'n', 'i', 'F', 'u'};
    std::string text = std::to_string(counts[0]);
    for (std::size_t i = 1; i < verdicts; ++i)
        if (counts[i] > 0) text += " " + std::to_string(counts[i]) + letters[i];
    return text == "0" ? "" : text.starts_with("0 ") ? text.substr(2) : text;
}

}  // namespace

void write_results(const std::string& path, const std::vector<Result>& results) {
    std::ofstream file{path};
    for (const Result& each : results)
        file << each.group << '\t' << each.id << '\t' << name_of(each.outcome.verdict) << '\t' << each.section << '\t'
             << each.title << '\t' << each.outcome.seen << '\n';
    if (!file.flush()) throw std::runtime_error{"cannot write " + path};
}

std::vector<Result> read_results(const std::string& path) {
    std::ifstream file{path};
    if (!file) throw std::runtime_error{"cannot read " + path};
    std::vector<Result> results;
    for (std::string line; std::getline(file, line);) {
        std::istringstream fields{line};
        Result each;
        std::string verdict;
        for (std::string* field : {&each.group, &each.id, &verdict, &each.section, &each.title, &each.outcome.seen})
            std::getline(fields, *field, '\t');
        each.outcome.verdict = verdict_of(verdict);
        results.push_back(std::move(each));
    }
    return results;
}

void print_table(const std::vector<std::string>& paths) {
    std::vector<std::string> rows;
    std::map<std::string, std::map<std::string, Counts>> cells;
    for (const std::string& path : paths)
        for (const Result& each : read_results(path)) {
            for (const std::string& row : {each.group, std::string{"all"}}) {
                if (!cells.contains(row)) rows.push_back(row);
                ++cells[row][path][static_cast<std::size_t>(each.outcome.verdict)];
            }
        }
    std::erase(rows, "all");
    // Groups by their number; a client meets some that no server meets.
    std::ranges::sort(rows, {}, [](const std::string& row) { return std::stoi(row); });
    rows.push_back("all");
    std::printf("%-42s", "group");
    for (const std::string& path : paths) std::printf(" | %14s", std::filesystem::path{path}.stem().c_str());
    for (const std::string& row : rows) {
        std::printf("\n%-42s", row.c_str());
        for (const std::string& path : paths) std::printf(" | %14s", cell(cells[row][path]).c_str());
    }
    std::printf("\n(a number: passed; n non-strict, i informational, F failed, u unsupported)\n");
}

void print_details(const std::vector<Result>& results, bool all) {
    for (const Result& each : results)
        if (all || each.outcome.verdict == Verdict::fail || each.outcome.verdict == Verdict::non_strict)
            std::printf("%-13s %-7s %s: %s  (%s)\n", name_of(each.outcome.verdict), each.id.c_str(), each.title.c_str(),
                        each.outcome.seen.c_str(), each.section.c_str());
}

std::string summary(const std::vector<Result>& results) {
    Counts counts{};
    for (const Result& each : results) ++counts[static_cast<std::size_t>(each.outcome.verdict)];
    std::string line = std::to_string(results.size()) + " cases:";
    for (std::size_t i = 0; i < verdicts; ++i)
        if (counts[i] > 0) line += " " + std::to_string(counts[i]) + " " + name_of(static_cast<Verdict>(i)) + ",";
    line.pop_back();
    return line;
}

}  // namespace conformance
