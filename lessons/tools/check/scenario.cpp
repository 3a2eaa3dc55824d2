// The lists of lessons and scenarios. They fill themselves before main() begins.
#include <algorithm>
#include <cstdlib>
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

// "…lessons/05-frames/checks.cpp": 5, and its folder is noted.
int lesson_of(std::string_view file) {
    file.remove_prefix(file.rfind("lessons/") + 8);
    const std::string folder{file.substr(0, file.find('/'))};
    const int number = std::atoi(folder.c_str());
    folders()[number] = folder;
    return number;
}

}  // namespace

Lesson::Lesson(int number, std::string folder) { folders()[number] = std::move(folder); }

std::string folder_of_lesson(int number) { return folders()[number]; }

Scenario::Scenario(ScenarioInfo info, Body body) : info_{std::move(info)}, body_{std::move(body)} {
    scenarios().push_back(this);
}

Scenario::Scenario(std::string name, Exercise exercise, std::string section, std::string rule,
                   Body body, const char* file)
    : Scenario{{.lesson = lesson_of(file),
                .name = std::move(name),
                .exercise = exercise.number,
                .rule = std::move(rule),
                .section = std::move(section),
                .needs = std::move(exercise.needed),
                .cuts = std::move(exercise.cuts),
                .seconds = exercise.limit},
               std::move(body)} {}

std::vector<const Scenario*> Scenario::all() {
    std::vector<const Scenario*> all = scenarios();
    std::ranges::stable_sort(all, {}, [](const Scenario* one) { return one->info().lesson; });
    return all;
}

}  // namespace check
