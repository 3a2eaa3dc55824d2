// Starters from the true source: the one program that reads the markers of exercises.
//   holes list [N]      exercise, file, line and task of each hole, tab-separated
//   holes files [N]     the files that have holes (of lesson N)
//   holes cut N FILE [FUNCTION]  what `make start-N` writes: the holes of lesson N are cut; or one
//                       alone, with all others solved
//   holes strip FILE    the true text without markers
//   holes handout FROM TO FILE   the stub in place of the true code in holes of those lessons,
//                       markers kept, so that `make start-N` works on it as well; else as strip
//   holes check         are all markers well formed? One line for each that is not
// Runs in the root of the repository. markers.hpp says what a marker looks like.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "lessons/tools/markers.hpp"
#include "lessons/tools/starter.hpp"

namespace {

namespace fs = std::filesystem;
using markers::Kind;

struct Line {
    std::string text;
    std::optional<markers::Marker> marker;
};

std::vector<Line> read_file(const fs::path& path) {
    std::ifstream file{path};
    if (!file) throw std::runtime_error{"cannot read " + path.string()};
    std::vector<std::string> texts;
    for (std::string text; std::getline(file, text);) texts.push_back(text);
    std::vector<Line> lines(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        lines[i].text = std::move(texts[i]);
        lines[i].marker = markers::read(lines[i].text);
    }
    return lines;
}

// Where holes may be: src/, and the programs of lessons.
std::vector<fs::path> sources() {
    std::vector<fs::path> paths;
    for (const char* folder : {"src", "lessons"})
        for (const auto& entry : fs::recursive_directory_iterator{folder}) {
            const fs::path& path = entry.path();
            const bool source = path.extension() == ".cpp" || path.extension() == ".hpp";
            if (source && !path.string().starts_with("lessons/tools/")) paths.push_back(path);
        }
    std::ranges::sort(paths);
    return paths;
}

std::string place(const fs::path& path, std::size_t index) {
    return path.string() + ":" + std::to_string(index + 1) + ": ";
}

// The first thing that is wrong with the markers of a file; empty when nothing is.
std::string fault(const fs::path& path, const std::vector<Line>& lines) {
    int lesson = 0;
    const markers::Marker* open = nullptr;
    bool stubs = false;  // within the last part of a hole
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto& marker = lines[i].marker;
        const std::string here = place(path, i);
        if (!marker) {
            // "// [excercise" is a marker that nobody would miss until a student reads it.
            const std::string_view text = lines[i].text;
            const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
            const std::string_view rest = text.substr(begin);
            if (rest.starts_with("// [") && rest.size() > 4 && rest[4] >= 'a' && rest[4] <= 'z')
                return here + "a comment that begins with '[' is no marker: " + lines[i].text;
            if (stubs) return here + "code between [stub] and [end]";
            continue;
        }
        if (marker->kind == Kind::exercise) {
            if (open != nullptr) return here + "a hole within a hole";
            if (lesson != 0 && marker->lesson != lesson)
                return here + "a file's holes belong to one lesson";
            if (marker->text.empty()) return here + "the task is missing";
            lesson = marker->lesson;
            open = &*marker;
        } else {
            if (open == nullptr) return here + "there is no [exercise] before it";
            if (marker->indent != open->indent) return here + "not indented like its [exercise]";
            if (marker->kind == Kind::stub) stubs = true;
            if (marker->kind == Kind::task && lines[i - 1].marker == std::nullopt)
                return here + "[task] follows [exercise] directly";
            if (marker->kind == Kind::end) {
                open = nullptr;
                stubs = false;
            }
        }
    }
    return open != nullptr ? path.string() + ": a hole has no [end]" : "";
}

// The text with the holes of `lesson` cut, and the markers of all others dropped.
std::string cut(const std::vector<Line>& lines, int lesson) {
    std::string text;
    bool within = false;
    for (const Line& line : lines) {
        if (!line.marker) {
            if (!within) text += line.text + '\n';
            continue;
        }
        const markers::Marker& marker = *line.marker;
        const std::string indent(marker.indent, ' ');
        if (marker.kind == Kind::exercise && marker.lesson == lesson) {
            within = true;
            text += indent + "// Exercise " + std::to_string(lesson) + "/" +
                    std::to_string(marker.exercise) + ": " + std::string{marker.text} + '\n';
        } else if (within && marker.kind == Kind::task) {
            text += indent + "// " + std::string{marker.text} + '\n';
        } else if (within && marker.kind == Kind::stub) {
            // An empty stub line stays an empty line.
            text += (marker.text.empty() ? "" : indent + std::string{marker.text}) + '\n';
        } else if (marker.kind == Kind::end) {
            within = false;
        }
    }
    return text;
}

// What a handout holds in place of the true file: a hole's stub stands where its code stood, and
// once more behind its marks, for the next to cut it.
std::string handed_out(const std::vector<Line>& lines, int from, int to) {
    std::string text, stubs, marks;
    bool within = false;
    for (const Line& line : lines) {
        if (!line.marker) {
            if (!within) text += line.text + '\n';
            continue;
        }
        const markers::Marker& marker = *line.marker;
        if (marker.kind == Kind::exercise) within = marker.lesson >= from && marker.lesson <= to;
        if (!within) continue;
        if (marker.kind == Kind::exercise || marker.kind == Kind::task) {
            text += line.text + '\n';
        } else if (marker.kind == Kind::stub) {
            const std::string indent(marker.text.empty() ? 0 : marker.indent, ' ');
            stubs += indent + std::string{marker.text} + '\n';
            marks += line.text + '\n';
        } else {
            text += stubs + marks + line.text + '\n';
            stubs.clear();
            marks.clear();
            within = false;
        }
    }
    return text;
}

int number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw std::runtime_error{"expected the number of a lesson, not '" + std::string{text} + "'"};
    return value;
}

// What belongs to a lesson, or to all of them (0).
std::vector<starter::Hole> holes_of(int lesson) {
    std::vector<starter::Hole> holes = starter::read_all();
    std::erase_if(holes, [&](const starter::Hole& hole) { return lesson != 0 && hole.lesson != lesson; });
    return holes;
}

std::string cut_functions(const std::string& file, int from, int to, const std::string& function = {}) {
    std::vector<starter::Hole> holes = holes_of(0);
    std::erase_if(holes, [&](const starter::Hole& hole) {
        return hole.file != file || hole.lesson < from || hole.lesson > to ||
               (!function.empty() && hole.function != function);
    });
    if (!function.empty() && holes.empty())
        throw std::runtime_error{"lesson " + std::to_string(from) + " has no hole `" + function + "` in " + file};
    return starter::cut(starter::read_text(file), holes);
}

bool has_markers(const std::vector<Line>& lines) {
    return std::ranges::any_of(lines, [](const Line& line) { return line.marker.has_value(); });
}

void list(int lesson, bool files_only) {
    std::set<std::string> files;
    for (const fs::path& path : sources()) {
        const std::vector<Line> lines = read_file(path);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const auto& marker = lines[i].marker;
            if (!marker || marker->kind != Kind::exercise) continue;
            if (lesson != 0 && marker->lesson != lesson) continue;
            if (files_only)
                files.insert(path.string());
            else
                std::cout << marker->lesson << '/' << marker->exercise << '\t' << path.string() << '\t'
                          << i + 1 << '\t' << marker->text << '\n';
        }
    }
    for (const starter::Hole& hole : holes_of(lesson)) {
        if (files_only)
            files.insert(hole.file);
        else
            std::cout << hole.lesson << '/' << hole.exercise << '\t' << hole.file << '\t' << hole.function
                      << '\t' << hole.task.front() << '\n';
    }
    for (const std::string& file : files) std::cout << file << '\n';
}

// What is wrong with a hole of those; empty when nothing is.
std::string fault(const starter::Hole& hole, const std::vector<starter::Hole>& holes) {
    if (!fs::exists(hole.file)) return hole.place + ": there is no file " + hole.file;
    for (const starter::Hole& other : holes)
        if (other.file == hole.file && other.lesson != hole.lesson)
            return hole.place + ": a file's holes belong to one lesson, and " + other.place + " has one too";
    try {
        starter::find(hole, functions::without_comments(starter::read_text(hole.file)));
        return {};
    } catch (const starter::Fault& error) {
        return error.what();
    }
}

bool check_starters() {
    bool good = true;
    const std::vector<starter::Hole> holes = starter::read_all();
    for (const starter::Hole& hole : holes)
        if (const std::string what = fault(hole, holes); !what.empty()) {
            std::cerr << what << '\n';
            good = false;
        }
    return good;
}

int check() {
    bool good = true;
    for (const fs::path& path : sources())
        if (const std::string what = fault(path, read_file(path)); !what.empty()) {
            std::cerr << what << '\n';
            good = false;
        }
    return good && check_starters() ? 0 : 1;
}

int run(const std::vector<std::string>& words) {
    const std::string command = words.empty() ? "" : words[0];
    if ((command == "list" || command == "files") && words.size() <= 2) {
        list(words.size() == 2 ? number(words[1]) : 0, command == "files");
        return 0;
    }
    if (command == "cut" && (words.size() == 3 || words.size() == 4)) {
        const int lesson = number(words[1]);
        const std::vector<Line> lines = read_file(words[2]);
        if (has_markers(lines))
            std::cout << cut(lines, lesson);
        else
            std::cout << cut_functions(words[2], lesson, lesson, words.size() == 4 ? words[3] : "");
        return 0;
    }
    if (command == "strip" && words.size() == 2) {
        std::cout << cut(read_file(words[1]), 0);
        return 0;
    }
    if (command == "handout" && words.size() == 4) {
        const int from = number(words[1]), to = number(words[2]);
        const std::vector<Line> lines = read_file(words[3]);
        std::cout << (has_markers(lines) ? handed_out(lines, from, to) : cut_functions(words[3], from, to));
        return 0;
    }
    if (command == "check" && words.size() == 1) return check();
    std::cerr << "usage: holes list [N] | files [N] | cut N FILE [FUNCTION] | strip FILE | "
                 "handout FROM TO FILE | check\n";
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run({argv + 1, argv + argc});
    } catch (const starter::Fault& fault) {
        std::cerr << fault.what() << '\n';
        return 1;
    } catch (const std::exception& error) {
        std::cerr << "holes: " << error.what() << '\n';
        return 1;
    }
}
