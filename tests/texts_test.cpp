// What the texts promise: every line of code and every byte that they show is true, every link
// leads somewhere, every command exists, and a lesson has all its parts in a length that can be
// read in one sitting. Runs in the root of the repository.

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/text_files.hpp"

namespace fs = std::filesystem;
using test::contents;
using test::Line;
using test::read_text;
using test::ScratchFolder;

namespace {

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

// The characters of a line: what begins no character of UTF-8 counts as none.
std::size_t columns(const std::string& line) {
    return static_cast<std::size_t>(
        std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; }));
}

// What a lesson's text is made of. A part begins with its heading and goes on to the next one.
struct LessonText {
    explicit LessonText(const std::string& lesson)
        : number{std::stoi(lesson.substr(0, 2))},
          path{fs::path{"lessons"} / lesson / "README.md"},
          all{contents(path)} {
        std::istringstream text{all};
        bool fenced = false;
        headings.emplace_back();
        parts.emplace_back();
        for (std::string line; std::getline(text, line); ++lines) {
            if (line.starts_with("## ")) {
                headings.push_back(line.substr(3));
                parts.emplace_back();
            }
            parts.back() += line + '\n';
            if (line.find("```") != line.npos) fenced = !fenced;
            const bool wide = columns(line) > 100;
            if (wide && !fenced && !line.starts_with('|') && !line.starts_with("<!--"))
                too_wide.push_back(line);
        }
    }

    // A part with its heading; empty when there is none.
    std::string part(const std::string& heading) const {
        const std::size_t place = find(heading);
        return place < parts.size() ? parts[place] : "";
    }

    // Where the heading stands; the number of headings when it is missing.
    std::size_t find(const std::string& heading) const {
        return static_cast<std::size_t>(std::ranges::find(headings, heading) - headings.begin());
    }

    int number;
    fs::path path;
    std::string all;
    std::size_t lines = 0;
    std::vector<std::string> headings;  // the first is empty: what stands above all headings
    std::vector<std::string> parts;     // one for each heading
    std::vector<std::string> too_wide;  // lines of prose
};

std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

std::size_t occurrences(const std::string& text, std::string_view what) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
    return count;
}

// The lengths of the pieces of code that a text shows, in lines.
std::vector<std::size_t> shown_code(const std::string& text) {
    std::vector<std::size_t> lengths;
    std::istringstream lines{text};
    bool marked = false;
    bool fenced = false;
    for (std::string line; std::getline(lines, line);) {
        if (line.find("<!-- code:") != line.npos) {
            marked = true;
        } else if (marked && line.find("```") != line.npos) {
            fenced = !fenced;
            marked = fenced;
            if (fenced) lengths.push_back(0);
        } else if (fenced) {
            ++lengths.back();
        }
    }
    return lengths;
}

// Issue threads in which people have met a lesson's pitfalls. Each is named in its lesson's text.
const std::multimap<int, std::vector<std::string>> met_by_people{
    {1, {"cpp-httplib#77", "hiredis#1229"}},
    {1, {"websocketpp#499", "#803"}},
    {3, {"nodejs/node#3445", "icey#235"}},
    {3, {"mongoose#165", "websocket_client#22"}},
    {4, {"swoole-src#195", "bun#26950"}},
    {4, {"gorilla/websocket#604", "#507"}},
    {5, {"rust-websocket#61", "uWebSockets#691"}},
    {5, {"poco#4838", "uWebSockets#1407"}},
    {5, {"fserv#31", "vert.x#260", "paho.mqtt.c#510"}},
    {5, {"ws#1140", "#2109"}},
    {6, {"wscat#4", "#126", "#41"}},
    {8, {"poco#4838", "uWebSockets#1407"}},
    {8, {"nodejs/node#3445", "icey#235"}},
    {8, {"mongoose#165", "websocket_client#22"}},
    {8, {"grappa-irc#453"}},
    {8, {"gorilla/websocket#395", "broker#357"}},
    {8, {"corefx#29834", "nim-websock#85"}},
    {8, {"gorilla/websocket#424", "ws#1860"}},
    {8, {"go-ethereum#33909", "mongoose#1502"}},
    {8, {"gorilla/websocket#283", "websocketd#445"}},
    {8, {"ws#1942"}},
    {9, {"gorilla/websocket#957", "#913", "libwebsockets#2704"}},
    {9, {"gorilla/websocket#783", "#724"}},
    {9, {"gorilla/websocket#657", "#549"}},
    {9, {"Java-WebSocket#1315", "react-use-websocket#264"}},
    {9, {"ws#2283", "ingress-nginx#2917"}},
    {9, {"ws#1158", "#686"}},
    {10, {"gorilla/websocket#604", "#507"}},
    {10, {"packages-http#57", "websocketd#7"}},
    {10, {"ws#2283", "ingress-nginx#2917"}},
    {10, {"gorilla/websocket#367", "#333"}},
    {10, {"whatwg/html#3062", "ws#467"}},
    {11, {"horse#549", "pistache#1114"}},
    {11, {"cpp-httplib#77", "hiredis#1229"}},
    {11, {"ws#1620", "micronaut-core#8984"}},
    {11, {"ws#1667", "websocketpp#579"}},
    {12, {"ws#1620", "micronaut-core#8984"}},
    {13, {"gorilla/websocket#283", "websocketd#445"}},
    {15, {"uWebSockets#936", "#1153"}},
};

}  // namespace

TEST_CASE("texts: the code and the recordings in the texts are the true ones") {
    const auto check = test::run(test::program("tools/texts"), {"--check"});
    CHECK_MESSAGE(check.status == 0, check.errors);
}

TEST_CASE("texts: a run of each lesson gives what its recordings show") {
    const std::string build = fs::path{test::program("lessons")}.parent_path().string();
    for (const std::string& lesson : test::lessons()) {
        CAPTURE(lesson);
        const ScratchFolder scratch;
        const auto demo =
            test::run("lessons/tools/texts/demo.sh", {build, lesson, "--record", scratch.path.string()});
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
    for (const fs::path& path : test::texts())
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
    for (const std::string& lesson : test::lessons())
        numbers.insert(std::to_string(std::stoi(lesson.substr(0, 2))));

    for (const fs::path& path : test::texts())
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
    const std::string makefile =
        contents("Makefile") + contents("lessons/classroom.mk") + contents("tests/tests.mk");
    const std::set<std::string> commands = listed_commands();
    CHECK(commands.size() > 5);
    for (const std::string& command : commands) {
        const bool numbered = command.ends_with("-N");
        const std::string target =
            numbered ? command.substr(0, command.size() - 1) + "$(3):" : command + ":";
        CHECK_MESSAGE(makefile.find("\n" + target) != makefile.npos, command);
    }
}

TEST_CASE("texts: a lesson can be read in one sitting") {
    for (const std::string& lesson : test::lessons()) {
        const LessonText text{lesson};
        // A toolbox is looked up when it is needed, and not read.
        const std::size_t lines = text.lines - lines_in(text.part("Toolbox"));
        CHECK_MESSAGE((lines >= 150 && lines <= 260),
                      text.path << " has " << lines << " lines, not 150 to 260");
        for (const std::string& line : text.too_wide)
            FAIL_CHECK(text.path << ": more than 100 columns: " << line);
    }
}

TEST_CASE("texts: calls of the kernel are introduced by a toolbox, each with its man page") {
    for (const std::string& lesson : test::lessons()) {
        const LessonText text{lesson};
        const std::string toolbox = text.part("Toolbox");
        const bool wanted = text.number == 1 || text.number == 2 || text.number == 9 || text.number == 11;
        CHECK_MESSAGE(!(wanted && toolbox.empty()), text.path << " has no toolbox");
        // Its first table; others may follow.
        std::istringstream lines{toolbox.substr(std::min(toolbox.find("\n| name |"), toolbox.size()))};
        std::size_t rows = 0;
        std::string line;
        std::getline(lines, line);
        for (std::getline(lines, line); std::getline(lines, line) && line.starts_with('|');) {
            if (line.starts_with("|---")) continue;
            ++rows;
            CHECK_MESSAGE((line.find("| `man ") != line.npos || line.find("| `src/") != line.npos),
                          text.path << ": nothing to read: " << line);
        }
        CHECK_MESSAGE((!wanted || rows >= 5), text.path << ": " << rows << " rows");
    }
}

TEST_CASE("texts: a lesson shows its code, in functions that can be read at a glance") {
    for (const std::string& lesson : test::lessons()) {
        const LessonText text{lesson};
        std::size_t sum = 0;
        for (const std::size_t length : shown_code(text.all)) {
            sum += length;
            CHECK_MESSAGE(length <= 25, text.path << " shows a piece of " << length << " lines");
        }
        CHECK_MESSAGE(sum >= 60, text.path << " shows " << sum << " lines of its code");
    }
}

TEST_CASE("texts: what is shown of the code ends with the block that it opens") {
    const ScratchFolder scratch;
    const auto check = [&](const std::string& marker) {
        std::ofstream{scratch.path / "code.cpp"} << "void f() {\n"
                                                    "    const char c = '{';  // {\n"
                                                    "    if (c == '{') {\n"
                                                    "        g(\"{\");\n"
                                                    "    } else {\n"
                                                    "        h(1'000);\n"
                                                    "    }\n"
                                                    "}\n";
        std::ofstream{scratch.path / "README.md"} << "<!-- code: code.cpp " << marker
                                                  << " -->\n<!-- /code -->\n";
        const std::string texts = fs::absolute(test::program("tools/texts")).string();
        return test::run("/bin/sh", {"-c", "cd " + scratch.path.string() + " && " + texts +
                                               " --write"});
    };
    for (const std::string marker : {"\"void f()\"", "\"const char c\"", "\"h(1\""}) {
        CAPTURE(marker);
        CHECK(check(marker).status == 0);
    }
    const auto open = check("\"void f()\" .. \"g(\"");
    CHECK(open.status == 1);
    CHECK(open.errors.find("ends inside a brace, at line 4: show the whole block") !=
          std::string::npos);
    const auto closed = check("\"g(\" .. \"h(1\"");
    CHECK(closed.status == 1);
    CHECK(closed.errors.find("begins inside a brace, which line 5 closes") != std::string::npos);
}

TEST_CASE("texts: a lesson has all its parts") {
    for (const std::string& lesson : test::lessons()) {
        const LessonText text{lesson};
        INFO(text.path);
        for (const std::string row : {"Time", "You need", "You will be able to", "Not here"})
            CHECK_MESSAGE(text.parts[0].find("\n| " + row + " | ") != std::string::npos,
                          "the contract has no row: " << row);

        const std::string peer = text.number <= 3 ? "nc" : "wscat";
        std::size_t last = 0;
        for (const std::string& heading :
             {std::string{"Why"}, std::string{"The picture"}, "The same with " + peer,
              std::string{"What is still wrong"}, std::string{"Check yourself"}}) {
            const std::size_t place = text.find(heading);
            CHECK_MESSAGE((place > last && place < text.headings.size()),
                          "missing, or not in its place: ## " << heading);
            last = place;
        }

        std::size_t steps = 0;
        for (std::size_t i = 0; i < text.headings.size(); ++i) {
            if (!text.headings[i].starts_with("Step ")) continue;
            const std::string heading = text.headings[i];
            CHECK_MESSAGE(heading.starts_with("Step " + std::to_string(++steps) + ": "), heading);
            CHECK_MESSAGE(text.parts[i].find("**Run this, see that:**") != std::string::npos,
                          heading << ": nothing to run, nothing to see");
        }
        CHECK_MESSAGE((steps >= 4 && steps <= 8), "it has " << steps << " steps, not 4 to 8");
        CHECK_MESSAGE(text.all.find("\n> **Pitfall: ") != std::string::npos, "it has no pitfall");
        CHECK(occurrences(text.parts.back(), "<details><summary>Answer</summary>") == 4);
        CHECK(occurrences(text.parts.back(), "</details>") == 4);
    }
}

TEST_CASE("texts: what people really trip over is named in its lesson") {
    for (const std::string& lesson : test::lessons()) {
        const LessonText text{lesson};
        const auto [first, last] = met_by_people.equal_range(text.number);
        for (auto pitfall = first; pitfall != last; ++pitfall)
            for (const std::string& issue : pitfall->second)
                CHECK_MESSAGE(text.all.find(issue) != std::string::npos,
                              text.path << " does not name " << issue);
    }
}
