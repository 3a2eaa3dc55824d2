// Reads the Markdown of the course line by line. It knows as much of Markdown as the texts use:
// fences, indented blocks, backticks.
// Leaves out: what the markers in the texts are filled with, which is lessons/tools/texts/texts.cpp.
#include "tests/support/text_files.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>  // mkdtemp

#include <algorithm>
#include <fstream>
#include <sstream>

namespace fs = std::filesystem;

namespace test {

namespace {

// Parts of a line at its backticks. `span` is what an open span holds so far, over line ends.
void read_prose(const std::string& text, bool& open, std::string& span, Line& line) {
    for (const char c : text) {
        if (c != '`') {
            (open ? span : line.prose) += c;
            continue;
        }
        if (open) line.code.push_back(span);
        span.clear();
        open = !open;
    }
    if (open && !span.empty()) span += ' ';
}

}  // namespace

ScratchFolder::ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "texts-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
}

std::string contents(const fs::path& path) {
    std::ifstream file{path};
    REQUIRE_MESSAGE(file, "cannot read " << path << " (do the tests run in the root?)");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<std::string> lessons() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{"lessons"})
        if (const std::string name = entry.path().filename().string();
            name.front() >= '0' && name.front() <= '9')
            names.push_back(name);
    std::ranges::sort(names);
    return names;
}

std::vector<fs::path> texts() {
    std::vector<fs::path> paths{"README.md"};
    for (const char* folder : {"src", "lessons", "clients", "tests"})
        if (fs::exists(folder))
            for (const auto& entry : fs::recursive_directory_iterator{folder})
                if (entry.path().extension() == ".md") paths.push_back(entry.path());
    return paths;
}

std::vector<Line> read_text(const fs::path& path) {
    std::vector<Line> lines;
    std::istringstream text{contents(path)};
    bool fenced = false;
    bool open = false;  // within backticks
    std::string span;
    std::size_t number = 0;
    for (std::string line; std::getline(text, line);) {
        lines.push_back({path.string() + ":" + std::to_string(++number), {}, {}});
        const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
        if (line.compare(begin, 3, "```") == 0) {
            fenced = !fenced;
            open = false;
        } else if (fenced || begin >= 4) {
            lines.back().code.push_back(line.substr(begin));
        } else if (begin == line.size()) {
            open = false;  // no span goes on after a paragraph
            span.clear();
        } else {
            read_prose(open ? line.substr(begin) : line, open, span, lines.back());
        }
    }
    return lines;
}

}  // namespace test
