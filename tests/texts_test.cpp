// What the texts promise: every line of code and every byte that they show is true, every link
// leads somewhere, every command exists. Runs in the root of the repository.

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/process.hpp"

namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& path) {
    std::ifstream file{path};
    REQUIRE_MESSAGE(file, "cannot read " << path << " (do the tests run in the root?)");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// The folders of lessons/ that begin with a number.
std::vector<std::string> lessons() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{"lessons"})
        if (const std::string name = entry.path().filename().string();
            name.front() >= '0' && name.front() <= '9')
            names.push_back(name);
    std::ranges::sort(names);
    return names;
}

// Every .md file of the repository.
std::vector<fs::path> texts() {
    std::vector<fs::path> paths{"README.md"};
    for (const char* folder : {"src", "lessons", "clients", "tests"})
        if (fs::exists(folder))
            for (const auto& entry : fs::recursive_directory_iterator{folder})
                if (entry.path().extension() == ".md") paths.push_back(entry.path());
    return paths;
}

// A text line by line, with what is code in it and what is not.
struct Line {
    std::string place;              // "README.md:12"
    std::string prose;              // less what stands between backticks
    std::vector<std::string> code;  // a line of a code block, or each span between backticks
};

std::vector<Line> read_text(const fs::path& path) {
    std::vector<Line> lines;
    std::istringstream text{contents(path)};
    bool fenced = false;
    std::size_t number = 0;
    for (std::string line; std::getline(text, line);) {
        lines.push_back({path.string() + ":" + std::to_string(++number), {}, {}});
        const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
        if (line.compare(begin, 3, "```") == 0) {
            fenced = !fenced;
        } else if (fenced) {
            lines.back().code.push_back(line.substr(begin));
        } else {
            bool code = false;
            std::istringstream parts{line};
            for (std::string part; std::getline(parts, part, '`'); code = !code) {
                if (code)
                    lines.back().code.push_back(part);
                else
                    lines.back().prose += part;
            }
        }
    }
    return lines;
}

// A folder that goes away with everything in it.
struct ScratchFolder {
    ScratchFolder() {
        std::string name = (fs::temp_directory_path() / "texts-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~ScratchFolder() { fs::remove_all(path); }
    fs::path path;
};

// "make lesson-1 ARGS=x" names lesson-1; empty when the code is no such command.
std::string target_of(const std::string& code) {
    std::istringstream words{code};
    std::string word;
    if (!(words >> word) || word != "make") return "";
    while (words >> word && word.starts_with('-')) {
    }
    const auto is_name = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
    const bool named = words && is_name(word.front()) && word.find('=') == word.npos;
    return named ? word : "";
}

// "lesson-12" as make help lists it: "lesson-N".
std::string general(std::string target) {
    const std::size_t end = target.find_last_not_of("0123456789");
    return end + 1 < target.size() && target[end] == '-' ? target.substr(0, end + 1) + "N" : target;
}

std::set<std::string> listed_commands() {
    const auto help = test::run("/usr/bin/env", {"-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make",
                                                 "--no-print-directory", "help"});
    REQUIRE_MESSAGE(help.status == 0, help.errors);
    std::set<std::string> commands;
    std::istringstream lines{help.output};
    for (std::string line; std::getline(lines, line);)
        if (const std::string target = target_of(line.substr(0, line.find("  "))); !target.empty())
            commands.insert(target);
    return commands;
}

}  // namespace

TEST_CASE("texts: the code and the recordings in the texts are the true ones") {
    const auto check = test::run(test::program("tools/texts"), {"--check"});
    CHECK_MESSAGE(check.status == 0, check.errors);
}

TEST_CASE("texts: a run of each lesson gives what its recordings show") {
    const std::string build = fs::path{test::program("lessons")}.parent_path().string();
    for (const std::string& lesson : lessons()) {
        CAPTURE(lesson);
        const ScratchFolder scratch;
        const auto demo =
            test::run("lessons/tools/demo.sh", {build, lesson, "--record", scratch.path.string()});
        CHECK_MESSAGE(demo.status == 0, demo.errors);
        if (demo.status != 0) continue;
        for (const std::string name : {"transcript.txt", "wire.txt"}) {
            const fs::path recorded = fs::path{"lessons"} / lesson / name;
            INFO(recorded << ": `make texts` records it anew");
            if (!fs::exists(recorded)) {
                FAIL_CHECK("it is missing");
                continue;
            }
            const std::string now = contents(scratch.path / name);
            CHECK(now == contents(recorded));
        }
    }
}

TEST_CASE("texts: every relative link leads to a file") {
    for (const fs::path& path : texts())
        for (const Line& line : read_text(path))
            for (std::size_t at = line.prose.find("]("); at != std::string::npos;
                 at = line.prose.find("](", at + 1)) {
                std::string target = line.prose.substr(at + 2);
                target = target.substr(0, target.find_first_of(") "));
                target = target.substr(0, target.find('#'));
                if (target.empty() || target.find("://") != target.npos) continue;
                CHECK_MESSAGE(fs::exists(path.parent_path() / target),
                              line.place << ": " << target);
            }
}

TEST_CASE("texts: every make command in the texts is one that make help lists") {
    const std::set<std::string> commands = listed_commands();
    std::set<std::string> numbers;
    for (const std::string& lesson : lessons())
        numbers.insert(std::to_string(std::stoi(lesson.substr(0, 2))));

    for (const fs::path& path : texts())
        for (const Line& line : read_text(path))
            for (const std::string& code : line.code) {
                const std::string target = target_of(code);
                if (target.empty()) continue;
                const std::string name = general(target);
                CHECK_MESSAGE(commands.contains(name), line.place << ": " << code);
                if (name != target)
                    CHECK_MESSAGE(numbers.contains(target.substr(name.size() - 1)),
                                  line.place << ": " << code << ", but there is no such lesson");
            }
}

TEST_CASE("texts: every command that make help lists is a target") {
    const std::string makefile = contents("Makefile");
    const std::set<std::string> commands = listed_commands();
    CHECK(commands.size() > 5);
    for (const std::string& command : commands) {
        const bool numbered = command.ends_with("-N");
        const std::string target =
            numbered ? command.substr(0, command.size() - 1) + "$(3):" : command + ":";
        CHECK_MESSAGE(makefile.find("\n" + target) != makefile.npos, command);
    }
}
