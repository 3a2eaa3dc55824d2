// Reading `check-NN --list`, reading weights, sharing them out.
#include "lessons/tools/grade/weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace grade {

Scenarios read_scenarios(const std::vector<std::string>& lines, int from, int to) {
    Scenarios scenarios;
    for (const std::string& line : lines) {
        std::istringstream fields{line};
        Scenario one;
        std::string exercise;
        if (!std::getline(fields, one.name, '\t') || !std::getline(fields, exercise, '\t')) continue;
        std::getline(fields, one.rule);
        one.exercise = one.name.substr(0, one.name.find('/') + 1) + exercise;
        if (one.lesson() >= from && one.lesson() <= to) scenarios.push_back(std::move(one));
    }
    return scenarios;
}

std::vector<std::string> weigh(Scenarios& scenarios, const std::string& weights) {
    static const std::regex form{R"((\d{1,2}/\d)=(\d{1,4}(\.\d{1,2})?))"};
    std::vector<std::string> unjudged;
    std::istringstream words{weights};
    for (std::string word; words >> word;) {
        std::smatch parts;
        if (!std::regex_match(word, parts, form))
            throw std::runtime_error{"WEIGHTS is a list such as '5/2=4 5/3=10' (lesson/exercise=points), "
                                     "and this is none of it: '" + word + "'"};
        const auto of_it = [&](const Scenario& one) { return one.exercise == parts[1].str(); };
        const auto count = std::ranges::count_if(scenarios, of_it);
        if (count == 0) unjudged.push_back(parts[1].str());
        for (Scenario& one : scenarios)
            if (of_it(one)) one.points = std::strtod(parts[2].str().c_str(), nullptr) / static_cast<double>(count);
    }
    return unjudged;
}

double all_points(const Scenarios& scenarios) {
    return std::accumulate(scenarios.begin(), scenarios.end(), 0.0,
                           [](double sum, const Scenario& one) { return sum + one.points; });
}

std::string shown(double points) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", points);
    std::string shortest = text;
    shortest.erase(shortest.find_last_not_of('0') + 1);
    if (shortest.back() == '.') shortest.pop_back();
    return shortest;
}

}  // namespace grade
