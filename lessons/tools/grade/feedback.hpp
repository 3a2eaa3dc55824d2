// What one student gets back: a page to read, and Gradescope's results.json. Both tell the same as the
// table, in the words of the check.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lessons/tools/grade/report.hpp"

namespace grade {

struct Course {
    std::vector<std::string> lessons{};  // the folders: "05-frames"
    std::string book{};                  // where `make book` lies, as the page sees it
};

// A whole HTML page that asks nothing of the network. `log`: what the check said in full.
std::string feedback_page(const Row& row, const Scenarios& scenarios, std::string_view log, const Course& course);

// As https://gradescope-autograders.readthedocs.io/en/latest/specs/ describes it. `visibility`: of the
// tests; visible, after_due_date, after_published or hidden.
std::string gradescope(const Row& row, const Scenarios& scenarios, std::string_view log,
                       const std::string& visibility);

}  // namespace grade
