// The scenarios that are judged, and what each is worth. Without weights each is a point. With
// WEIGHTS='5/2=4 5/3=10' an exercise is worth so many points, which its scenarios share alike; one
// that is not named keeps a point for each. The table, the pages and results.json all ask here.
#pragma once

#include <string>
#include <vector>

namespace grade {

struct Scenario {
    std::string name{};      // "5/length-126"
    std::string exercise{};  // "5/3"; "5/0" when it belongs to none
    std::string rule{};      // what it asks, in a few words
    double points = 1;

    int lesson() const { return std::stoi(name); }
};
using Scenarios = std::vector<Scenario>;

// From the lines that `check-NN --list` prints, those of lessons `from` to `to`.
Scenarios read_scenarios(const std::vector<std::string>& lines, int from, int to);

// Gives the exercises these weights. Throws std::runtime_error, in one line, when the text is no such
// list. Returns the exercises of the list that no scenario judges: their weight counts nothing.
std::vector<std::string> weigh(Scenarios& scenarios, const std::string& weights);

double all_points(const Scenarios& scenarios);
// "7", "7.5", "7.33".
std::string shown(double points);

}  // namespace grade
