// What a student writes, for the scripts of the classroom: starter.hpp reads lessons/*/starter.md
// and cuts the holes in the true files.
//   holes list [N]      exercise, file, function and task of each hole, tab-separated
//   holes files [N]     the files that have holes (of lesson N)
//   holes cut N FILE [FUNCTION]  what `make start-N` writes: the holes of lesson N are cut; or one
//                       of them, with all others solved
//   holes handout FROM TO FILE   the file as lessons FROM to TO hand it out: cut, if it is theirs
//   holes check         is every starter.md understood? One line for each hole that is not
// Runs in the root of the repository.
#include <cstdio>
#include <iostream>
#include <set>

#include "lessons/tools/holes/starter.hpp"

namespace {

using Words = std::vector<std::string>;

int number(std::string_view text) {
    std::string_view rest = text;
    const int value = starter::take_number(rest);
    if (text.empty() || !rest.empty())
        throw std::runtime_error{"expected the number of a lesson, not '" + std::string{text} +
                                 "'"};
    return value;
}

// The holes of lessons `from` to `to`.
std::vector<starter::Hole> holes_of(int from, int to) {
    std::vector<starter::Hole> holes = starter::read_all();
    std::erase_if(
        holes, [&](const starter::Hole& hole) { return hole.lesson < from || hole.lesson > to; });
    return holes;
}

void list(const std::vector<starter::Hole>& holes) {
    for (const starter::Hole& hole : holes) {
        std::cout << hole.lesson << '/' << hole.exercise << '\t' << hole.file << '\t'
                  << hole.function << '\t' << hole.task.front();
        for (std::size_t i = 1; i < hole.task.size(); ++i) std::cout << ' ' << hole.task[i];
        std::cout << '\n';
    }
}

void list_files(const std::vector<starter::Hole>& holes) {
    std::set<std::string> files;
    for (const starter::Hole& hole : holes) files.insert(hole.file);
    for (const std::string& file : files) std::cout << file << '\n';
}

// The file with those holes of it cut; with one alone, if a function is named.
void cut(std::vector<starter::Hole> holes, const std::string& file,
         const std::string& function = {}) {
    std::erase_if(holes, [&](const starter::Hole& hole) {
        return hole.file != file || (!function.empty() && hole.function != function);
    });
    if (!function.empty() && holes.empty())
        throw std::runtime_error{"this lesson has no hole `" + function + "` in " + file};
    std::cout << starter::cut(starter::read_text(file), holes);
}

int check() {
    const std::vector<std::string> faults = starter::faults();
    for (const std::string& fault : faults) std::cerr << fault << '\n';
    return faults.empty() ? 0 : 1;
}

int run(const Words& words) {
    const std::string command = words.empty() ? "" : words[0];
    if ((command == "list" || command == "files") && words.size() <= 2) {
        const int lesson = words.size() == 2 ? number(words[1]) : 0;
        const auto holes = lesson != 0 ? holes_of(lesson, lesson) : starter::read_all();
        command == "list" ? list(holes) : list_files(holes);
    } else if (command == "cut" && (words.size() == 3 || words.size() == 4)) {
        const int lesson = number(words[1]);
        cut(holes_of(lesson, lesson), words[2], words.size() == 4 ? words[3] : "");
    } else if (command == "handout" && words.size() == 4) {
        cut(holes_of(number(words[1]), number(words[2])), words[3]);
    } else if (command == "check" && words.size() == 1) {
        return check();
    } else {
        std::cerr << "usage: holes list [N] | files [N] | cut N FILE [FUNCTION] | "
                     "handout FROM TO FILE | check\n";
        return 2;
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::cerr << "holes: " << error.what() << '\n';
        return 1;
    }
}
