// Verdicts on their way to people: a file of lines for each subject, and one table of all of them.
// Leaves out: how they came about (judge.hpp).
#pragma once

#include <string>
#include <vector>

#include "tests/conformance/judge.hpp"

namespace conformance {

struct Result {
    std::string group{};  // "2 pings and pongs"
    std::string id{};
    std::string title{};
    std::string section{};
    Outcome outcome{};
};

// Tab-separated: group, id, verdict, section, title, what was seen. Throws when it cannot be written.
void write_results(const std::string& path, const std::vector<Result>& results);
std::vector<Result> read_results(const std::string& path);

// One row a group, one column a file; a subject is called as its file is.
void print_table(const std::vector<std::string>& paths);
// Those that are not a pass, one line each; with `all`, every one.
void print_details(const std::vector<Result>& results, bool all);
std::string summary(const std::vector<Result>& results);

}  // namespace conformance
