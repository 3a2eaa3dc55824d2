// The order of the house, read from the sources themselves: which folder may include which, which
// lesson may use which file, and how a file of src/ looks. Runs in the root of the repository.

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

#include "lessons/tools/holes/starter.hpp"
#include "tests/support/process.hpp"

namespace fs = std::filesystem;

namespace {

using Words = std::vector<std::string>;

Words lines_of(const fs::path& path) {
    std::ifstream file{path};
    REQUIRE_MESSAGE(file, "cannot read " << path << " (do the tests run in the root?)");
    Words lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

// Every .hpp and .cpp below a folder.
std::vector<fs::path> sources(const fs::path& folder) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::recursive_directory_iterator{folder})
        if (const fs::path extension = entry.path().extension();
            extension == ".hpp" || extension == ".cpp")
            paths.push_back(entry.path());
    std::ranges::sort(paths);
    return paths;
}

// The name of the file in each #include, with the '<' or '"' before it: "<span", "\"ws/frame.hpp".
Words includes(const fs::path& path) {
    Words names;
    for (const std::string& line : lines_of(path)) {
        if (!line.starts_with("#include ")) continue;
        const std::size_t begin = line.find_first_of("<\"");
        const std::size_t end = line.find_first_of(">\"", begin + 1);
        REQUIRE_MESSAGE(end != line.npos, path << ": " << line);
        names.push_back(line.substr(begin, end - begin));
    }
    return names;
}

// The included files of our own: "ws/frame.hpp".
Words own_includes(const fs::path& path) {
    Words names;
    for (const std::string& name : includes(path))
        if (name.starts_with('"')) names.push_back(name.substr(1));
    return names;
}

std::string folder_of(std::string_view name) { return std::string{name.substr(0, name.find('/'))}; }

// The words of a variable of the Makefile.
Words make_variable(const std::string& name) {
    // Without the flags of the make that may be running this test.
    const auto make = test::run(
        "/usr/bin/env", {"-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-s", "print-" + name});
    REQUIRE_MESSAGE(make.status == 0, make.errors);
    std::istringstream output{make.output};
    Words words;
    for (std::string word; output >> word;) words.push_back(word);
    return words;
}

std::string list_of(const std::string& lesson) { return "SRC_" + lesson.substr(0, 2); }

// SHA-1, and base64: what Sec-WebSocket-Accept is made of, §4.2.2. The checks of a student's
// accept key cannot ask the student's own.
bool may_use_openssl(const fs::path& path) {
    return path == "src/ws/sha1.cpp" || path == "src/ws/handshake.cpp" ||
           path == "lessons/tools/check/accept_key.cpp";
}

void check_none(const Words& faults) {
    std::string text;
    for (const std::string& fault : faults) text += "\n  " + fault;
    CHECK_MESSAGE(faults.empty(), text);
}

}  // namespace

TEST_CASE("structure: the storeys of src/ depend downwards only") {
    const std::map<std::string, std::set<std::string>> may_include{
        {"endpoint", {"endpoint", "ws", "net", "json", "redis"}},
        {"ws", {"ws"}},
        {"net", {"net"}},
        {"json", {"json"}},
        {"redis", {"redis"}},
        // What the programs share: the command line, the terminal, the pages and the frame lab.
        // These rooms stand above the storeys: none of those includes them.
        {"cli", {"cli", "endpoint", "net", "ws"}},
        {"terminal", {"terminal", "cli", "net", "ws"}},
        {"lab", {"lab", "endpoint", "net", "ws"}},
    };
    Words faults;
    for (const fs::path& path : sources("src")) {
        const std::string folder = folder_of(fs::relative(path, "src").string());
        if (!may_include.contains(folder)) {
            faults.push_back(path.string() + " is in none of the known folders");
            continue;
        }
        for (const std::string& name : own_includes(path)) {
            if (!may_include.at(folder).contains(folder_of(name)))
                faults.push_back(path.string() + " includes " + name);
            if (!fs::exists(fs::path{"src"} / name))
                faults.push_back(path.string() + " includes " + name + ", which is not in src/");
        }
    }
    check_none(faults);
}

TEST_CASE("structure: src/ws and src/redis are free of system calls, clocks, threads and exceptions") {
    // Headers that hold values and algorithms. Whoever needs another one adds it here, and
    // thinks before about what it brings in.
    const std::set<std::string> pure{
        "algorithm", "array",   "bit",      "cassert",    "charconv", "compare",  "cstddef",
        "cstdint",   "cstring", "concepts", "functional", "initializer_list",     "iterator", "limits",
        "memory",    "numeric", "optional", "span",       "string",   "string_view",
        "tuple",     "utility", "variant",  "vector",
        "immintrin.h"};  // instructions as functions
    Words faults;
    std::vector<fs::path> paths = sources("src/ws");
    std::ranges::copy(sources("src/redis"), std::back_inserter(paths));
    for (const fs::path& path : paths) {
        for (const std::string& name : includes(path)) {
            const std::string header = name.substr(1);
            const bool openssl = header.starts_with("openssl/") && may_use_openssl(path);
            if (name.starts_with('<') && !pure.contains(header) && !openssl)
                faults.push_back(path.string() + " includes <" + header + ">");
        }
        for (const std::string& line : lines_of(path)) {
            const std::string code = line.substr(0, line.find("//"));
            if (code.find("throw ") != code.npos || code.find("throw;") != code.npos)
                faults.push_back(path.string() + " throws: " + line);
        }
    }
    check_none(faults);
}

TEST_CASE("structure: only ws/sha1.cpp, ws/handshake.cpp and the checks use OpenSSL") {
    Words faults;
    for (const char* folder : {"src", "lessons", "clients"}) {
        if (!fs::exists(folder)) continue;
        for (const fs::path& path : sources(folder))
            for (const std::string& name : includes(path))
                if (name.starts_with("<openssl/") && !may_use_openssl(path))
                    faults.push_back(path.string() + " includes " + name + ">");
    }
    check_none(faults);
}

TEST_CASE("structure: a lesson uses only what has been introduced so far") {
    Words faults;
    for (const std::string& lesson : make_variable("LESSONS")) {
        const Words list = make_variable(list_of(lesson));
        const std::set<std::string> introduced(list.begin(), list.end());
        if (list.empty()) faults.push_back("the Makefile has no " + list_of(lesson));

        // From the lesson's programs through everything that they pull in.
        std::vector<fs::path> to_visit = sources("lessons/" + lesson);
        std::set<fs::path> visited;
        while (!to_visit.empty()) {
            const fs::path path = to_visit.back();
            to_visit.pop_back();
            if (!fs::exists(path) || !visited.insert(path).second) continue;
            for (const std::string& name : own_includes(path)) {
                // The harness of the checks is no part of a lesson, and uses nothing of src/.
                if (name.starts_with("lessons/tools/check/")) continue;
                fs::path included = fs::path{"src"} / name;
                const std::string unit = fs::path{name}.replace_extension().string();
                if (!fs::exists(included)) {
                    // A helper of this lesson or of an earlier one.
                    included =
                        name.starts_with("lessons/") ? fs::path{name} : path.parent_path() / name;
                    if (name.starts_with("lessons/") && name.substr(8, 2) > lesson.substr(0, 2))
                        faults.push_back(path.string() + " includes " + name + ", a later lesson");
                } else if (!introduced.contains(unit)) {
                    faults.push_back("lesson " + lesson + ": " + path.string() + " includes " +
                                     name + ", which is not in " + list_of(lesson));
                }
                to_visit.push_back(included);
                to_visit.push_back(included.replace_extension(".cpp"));
            }
        }
    }
    check_none(faults);
}

TEST_CASE("structure: the judge includes nothing that a student writes") {
    Words faults;
    std::vector<fs::path> judge = sources("lessons/tools/check");
    // What does with a student's functions as the judge asks is another program.
    std::erase_if(judge, [](const fs::path& path) { return path.string().find("/calls/") != std::string::npos; });
    const auto is_checks = [](const fs::path& path) { return path.filename().string().starts_with("checks"); };
    for (const std::string& lesson : make_variable("LESSONS"))
        std::ranges::copy_if(sources("lessons/" + lesson), std::back_inserter(judge), is_checks);
    for (const fs::path& path : judge)
        for (const std::string& name : own_includes(path)) {
            const bool of_harness = name.starts_with("lessons/tools/check/") &&
                                    !name.starts_with("lessons/tools/check/calls/");
            const bool of_lesson = is_checks(name) && fs::path{name}.parent_path() == path.parent_path();
            if (!of_harness && !of_lesson) faults.push_back(path.string() + " includes " + name);
        }
    check_none(faults);
}

TEST_CASE("structure: the lists of the Makefile and the files of src/ are the same") {
    Words faults;
    std::set<std::string> introduced;
    for (const std::string& name : make_variable("LISTS")) {
        const Words list = make_variable(name);
        for (const std::string& unit : list)
            if (!fs::exists("src/" + unit + ".hpp") && !fs::exists("src/" + unit + ".cpp"))
                faults.push_back(name + " has " + unit + ", but there is no such file");
        const std::set<std::string> now(list.begin(), list.end());
        if (!std::ranges::includes(now, introduced))
            faults.push_back(name + " lacks a file of the lesson before");
        introduced = now;
    }
    for (const fs::path& path : sources("src")) {
        const std::string unit = fs::relative(path, "src").replace_extension().string();
        if (!introduced.contains(unit)) faults.push_back(path.string() + " is in no lesson's list");
    }
    check_none(faults);
}

TEST_CASE("structure: a file of src/ begins with 3 to 6 lines that say what it is") {
    Words faults;
    for (const fs::path& path : sources("src")) {
        const Words lines = lines_of(path);
        std::size_t comment = 0;
        while (comment < lines.size() && lines[comment].starts_with("// ")) ++comment;
        if (comment < 3 || comment > 6)
            faults.push_back(path.string() + " begins with " + std::to_string(comment));
    }
    check_none(faults);
}

TEST_CASE("structure: src/ has no macros, and each header can be included twice") {
    Words faults;
    for (const fs::path& path : sources("src")) {
        bool once = path.extension() != ".hpp";
        for (const std::string& line : lines_of(path)) {
            if (line.starts_with("#define")) faults.push_back(path.string() + ": " + line);
            once = once || line == "#pragma once";
        }
        if (!once) faults.push_back(path.string() + " lacks #pragma once");
    }
    check_none(faults);
}

TEST_CASE("structure: no file name stands in two folders of src/, but for a header's own .cpp") {
    std::map<std::string, fs::path> places;
    Words faults;
    for (const fs::path& path : sources("src")) {
        const auto [place, is_new] = places.emplace(path.filename().string(), path);
        if (!is_new) faults.push_back(path.string() + " and " + place->second.string());
    }
    check_none(faults);
}

// The types that a header declares at the level of its namespace.
std::set<std::string> types_of(const fs::path& header) {
    std::set<std::string> types;
    for (const std::string& line : lines_of(header)) {
        std::istringstream words{line};
        std::string kind;
        std::string name;
        words >> kind >> name;
        if (kind == "enum" && name == "class") words >> name;
        const bool declares = kind == "class" || kind == "struct" || kind == "enum" ||
                              (kind == "using" && line.find(" = ") != line.npos);
        // What stands further to the right is a member, and `class A;` or `class A::B {` no new name.
        if (line.starts_with(kind) && declares && name.find_first_of(";:") == name.npos) types.insert(name);
    }
    return types;
}

TEST_CASE("structure: no type name stands in two namespaces that meet in one file") {
    std::map<fs::path, std::set<std::string>> types;
    std::vector<fs::path> paths;
    for (const char* folder : {"src", "lessons", "clients"})
        std::ranges::copy(sources(folder), std::back_inserter(paths));
    for (const fs::path& path : sources("src"))
        if (path.extension() == ".hpp") types[path] = types_of(path);
    CHECK(types["src/ws/opening.hpp"] == std::set<std::string>{"Policy", "ServerOpening", "ClientOpening"});
    std::set<std::string> faults;
    for (const fs::path& path : paths) {
        std::map<std::string, fs::path> known;  // a type, and the folder of its header
        std::set<fs::path> visited;
        std::vector<fs::path> to_visit{path};
        while (!to_visit.empty()) {
            const fs::path file = to_visit.back();
            to_visit.pop_back();
            if (!fs::exists(file) || !visited.insert(file).second) continue;
            if (types.contains(file))
                for (const std::string& type : types.at(file))
                    if (const auto [place, is_new] = known.emplace(type, file.parent_path());
                        !is_new && place->second != file.parent_path())
                        faults.insert(type + " of " + place->second.string() + " and " +
                                      file.parent_path().string() + ", as in " + path.string());
            for (const std::string& name : own_includes(file))
                to_visit.push_back(fs::exists(fs::path{"src"} / name) ? fs::path{"src"} / name : fs::path{name});
        }
    }
    check_none(Words{faults.begin(), faults.end()});
}

// The linker keeps one of two classes of one name, and the other's scenarios crash: make check-13 did so.
TEST_CASE("structure: no two files of the judge declare a type of one name for all") {
    std::vector<fs::path> judge = sources("lessons/tools/check");
    for (const fs::path& path : sources("lessons"))
        if (path.filename().string().starts_with("checks")) judge.push_back(path);
    std::map<std::string, fs::path> declared;
    Words faults;
    for (const fs::path& path : judge) {
        const std::vector<std::string> lines = lines_of(path);
        if (std::ranges::find(lines, "namespace {") != lines.end()) continue;
        for (const std::string& type : types_of(path))
            if (const auto [first, is_new] = declared.emplace(type, path); !is_new)
                faults.push_back(type + " in " + first->second.string() + " and " + path.string());
    }
    CHECK(declared.contains("StreamPair"));
    check_none(faults);
}

// The paths below lessons/tools/ that a file names. An object file is named after its source.
std::set<fs::path> tools_named_in(const fs::path& path) {
    constexpr std::string_view folder = "lessons/tools/";
    std::set<fs::path> named;
    for (const std::string& line : lines_of(path))
        for (std::size_t at = 0; (at = line.find(folder, at)) != line.npos; at += folder.size()) {
            const std::size_t end = line.find_first_not_of(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-", at);
            std::string name = line.substr(at, end - at);
            if (name.ends_with('.')) name.pop_back();
            if (name.ends_with(".o")) name.replace(name.size() - 1, 1, "cpp");
            named.insert(name);
        }
    return named;
}

TEST_CASE("structure: lessons/tools/ is folders by what they are for, and each path into it is true") {
    Words faults;
    for (const auto& entry : fs::directory_iterator{"lessons/tools"})
        if (!entry.is_directory()) faults.push_back(entry.path().string() + " stands in no folder");
    std::vector<fs::path> paths{"Makefile", "README.md", "src/README.md", ".ci/run"};
    for (const auto& entry : fs::directory_iterator{".devcontainer"}) paths.push_back(entry.path());
    const std::set<std::string> kinds{".cpp", ".hpp", ".mk", ".md", ".sh"};
    for (const char* folder : {"lessons", "tests"})
        for (const auto& entry : fs::recursive_directory_iterator{folder})
            if (kinds.contains(entry.path().extension().string())) paths.push_back(entry.path());
    std::size_t found = 0;
    for (const fs::path& path : paths)
        for (const fs::path& name : tools_named_in(path)) {
            ++found;
            if (!fs::exists(name)) faults.push_back(path.string() + " names " + name.string());
        }
    CHECK(found > 100);
    check_none(faults);
}

TEST_CASE("structure: no line of a makefile is over 110 columns") {
    Words faults;
    for (const char* path : {"Makefile", "lessons/classroom.mk", "tests/tests.mk"})
        for (const std::string& line : lines_of(path))
            if (line.size() > 110) faults.push_back(std::string{path} + ": " + line);
    check_none(faults);
}

TEST_CASE("structure: files are short enough to be read") {
    Words faults;
    const auto check_length = [&faults](const fs::path& path, std::size_t most) {
        if (const std::size_t lines = lines_of(path).size(); lines > most)
            faults.push_back(path.string() + " has " + std::to_string(lines) + " lines");
    };
    for (const fs::path& path : sources("src")) check_length(path, 420);
    for (const std::string& lesson : make_variable("LESSONS"))
        for (const char* name : {"server.cpp", "client.cpp"})
            check_length(fs::path{"lessons"} / lesson / name, 120);
    for (const std::string& lesson : make_variable("LESSONS"))
        for (const fs::path& path : sources("lessons/" + lesson))
            if (path.filename().string().starts_with("checks")) check_length(path, 450);
    for (const char* name : {"server.cpp", "client.cpp"})
        check_length(fs::path{"lessons/01-tcp-echo/bare"} / name, 50);
    check_length("lessons/11-event-loop/bare/server.cpp", 100);
    check_none(faults);
}

TEST_CASE("structure: of a lesson's programs most fit on two screens") {
    int short_ones = 0;
    int all = 0;
    for (const std::string& lesson : make_variable("LESSONS"))
        for (const char* name : {"server.cpp", "client.cpp"}) {
            ++all;
            if (lines_of(fs::path{"lessons"} / lesson / name).size() < 90) ++short_ones;
        }
    CHECK_MESSAGE(2 * short_ones > all, short_ones << " of " << all << " have less than 90 lines");
}

TEST_CASE("structure: an edit of a student compiles few files") {
    // A header with holes is compiled anew in every file that includes it, at about two seconds each,
    // whenever a student saves it.
    const std::size_t most = 5;
    std::map<std::string, std::set<fs::path>> includers;  // of each header, directly
    std::vector<fs::path> all = sources("src");
    for (const std::string& lesson : make_variable("LESSONS"))
        std::ranges::copy(sources("lessons/" + lesson), std::back_inserter(all));
    for (const fs::path& path : all)
        for (const std::string& name : own_includes(path))
            for (const fs::path& found : {fs::path{"src"} / name, fs::path{name}, path.parent_path() / name})
                if (fs::exists(found)) includers[found].insert(path);
    Words faults;
    for (const starter::Hole& hole : starter::read_all()) {
        if (!hole.file.ends_with(".hpp")) continue;
        std::set<fs::path> reached;
        std::vector<fs::path> to_visit{hole.file};
        while (!to_visit.empty()) {
            const fs::path path = to_visit.back();
            to_visit.pop_back();
            for (const fs::path& next : includers[path.string()])
                if (reached.insert(next).second) to_visit.push_back(next);
        }
        std::erase_if(reached, [](const fs::path& path) { return path.extension() == ".hpp"; });
        if (reached.size() > most)
            faults.push_back(hole.file + " has a hole, and " + std::to_string(reached.size()) +
                             " files include it: define `" + hole.function + "` in a .cpp");
    }
    check_none(faults);
}

TEST_CASE("structure: a lesson brings at most 1,200 new lines, or says in which order to read") {
    // Of a protocol that is one thing, the parts arrive together. The text then has a reading order.
    const std::set<std::string> larger{"04", "05", "08", "11", "14", "16"};
    Words faults;
    Words before;
    for (const std::string& lesson : make_variable("LESSONS")) {
        const Words now = make_variable(list_of(lesson));
        std::size_t lines = 0;
        for (const std::string& unit : now) {
            // What all programs share is no part of a lesson: no text explains a command line.
            const std::string room = folder_of(unit);
            if (room == "cli" || room == "terminal" || room == "lab") continue;
            // Nor a table that a script has written.
            if (unit == "ws/hidden_characters") continue;
            // Nor the door through which a later lesson comes (net/shared_port).
            if (unit == "net/bind") continue;
            if (std::ranges::find(before, unit) != before.end()) continue;
            for (const char* extension : {".hpp", ".cpp"})
                if (const fs::path path = "src/" + unit + extension; fs::exists(path))
                    lines += lines_of(path).size();
        }
        before = now;
        if (lines <= 1'200) continue;
        if (!larger.contains(lesson.substr(0, 2)))
            faults.push_back("lesson " + lesson + " brings " + std::to_string(lines) + " lines");
        std::string text;
        for (const std::string& line : lines_of(fs::path{"lessons"} / lesson / "README.md"))
            text += line + '\n';
        if (text.find("**Reading order.**") == text.npos)
            faults.push_back("lesson " + lesson + " brings " + std::to_string(lines) +
                             " lines, and its text has no reading order");
    }
    check_none(faults);
}

// A clone may lie on a drive of Windows (WSL), which tells no capital letters from small ones, keeps some
// names and characters for itself, and knows no links.
TEST_CASE("structure: every path can stand on a drive of Windows") {
    const std::set<std::string> devices{"con", "prn", "aux", "nul"};
    std::map<std::string, std::string> seen;  // in small letters
    for (const char* folder : {"lessons", "src", "clients", "tests"})
        for (auto entry = fs::recursive_directory_iterator{folder}; entry != fs::recursive_directory_iterator{}; ++entry) {
            const std::string path = entry->path().string(), name = entry->path().filename().string();
            if (name == "node_modules" || name == "__pycache__") {  // none of ours
                entry.disable_recursion_pending();
                continue;
            }
            std::string small = path;
            std::ranges::transform(small, small.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
            const std::string& first = seen.try_emplace(small, path).first->second;
            CHECK_MESSAGE(first == path, path << " and " << first);
            const std::string base = small.substr(small.rfind('/') + 1);
            CHECK_MESSAGE(!devices.contains(base.substr(0, base.find('.'))), path << " is a device's name");
            CHECK_MESSAGE(path.find_first_of("<>:\"|?*\\") == path.npos, path);
            CHECK_MESSAGE((!name.ends_with('.') && !name.ends_with(' ')), path);
            CHECK_MESSAGE(!entry->is_symlink(), path << " is a link");
        }
    CHECK(seen.size() > 500);
}
