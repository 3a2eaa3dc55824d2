// The lists of lessons and scenarios. They fill themselves before main() begins.
#include <algorithm>
#include <map>

#include "lessons/tools/check/check.hpp"

namespace check {

namespace {

std::map<int, std::string>& folders() {
    static std::map<int, std::string> all;
    return all;
}

std::vector<const Scenario*>& scenarios() {
    static std::vector<const Scenario*> all;
    return all;
}

}  // namespace

Lesson::Lesson(int number, std::string folder) { folders()[number] = std::move(folder); }

std::string folder_of_lesson(int number) { return folders()[number]; }

Scenario::Scenario(ScenarioInfo info, Body body) : info_{std::move(info)}, body_{std::move(body)} {
    scenarios().push_back(this);
}

std::vector<const Scenario*> Scenario::all() {
    std::vector<const Scenario*> all = scenarios();
    std::ranges::stable_sort(all, {}, [](const Scenario* one) { return one->info().lesson; });
    return all;
}

}  // namespace check
