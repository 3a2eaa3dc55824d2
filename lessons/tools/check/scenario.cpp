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

std::string folder_of_lesson(int number) { return folders()[number]; }

Scenario::Scenario(std::string name, Exercise exercise, std::string section, std::string rule,
                   Body body, const char* file)
    : lesson_{lesson_of(file)},
      name_{std::move(name)},
      section_{std::move(section)},
      rule_{std::move(rule)},
      exercise_{std::move(exercise)},
      body_{std::move(body)} {
    scenarios().push_back(this);
}

std::vector<const Scenario*> Scenario::all() {
    std::vector<const Scenario*> all = scenarios();
    std::ranges::stable_sort(all, {}, &Scenario::lesson);
    return all;
}

}  // namespace check
