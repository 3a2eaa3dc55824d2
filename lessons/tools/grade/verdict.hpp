// What the judge said of a submission, read: its table, or what it showed before it was ended.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "lessons/tools/grade/process.hpp"
#include "lessons/tools/grade/report.hpp"

namespace grade {

// A line that a student's file cannot hold: the judge prints it before its table.
std::string new_mark();

// Outcomes, verdict, score and explanation of the row. Returns what the check said in full, for people.
std::string read_verdict(const Ended& ended, const std::string& mark, const Scenarios& scenarios, Row& row);

// Of what the check said, the part about each scenario that failed: its exchange, the byte that is off,
// the explanation. By name.
std::map<std::string, std::string> failures_in(std::string_view log);

}  // namespace grade
