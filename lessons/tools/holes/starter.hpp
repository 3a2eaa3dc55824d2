// What a student writes: lessons/NN-name/starter.md has a section for each hole, and a student's
// copy is the true file with the bodies of those functions cut.
//
//     ## 3 `decode_header` in `src/ws/frame.cpp`
//
//     The task, as it will stand above the hole.
//
//     ```cpp
//     return Parse::need_more;
//     ```
//
// The number is that of the exercise. The block is the stub, and is left out where it is empty.
// Of functions with one name the first parameters choose: `send_all(const Fd& socket, std::span`.
#pragma once

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "lessons/tools/holes/functions.hpp"

namespace starter {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

struct Hole {
    int lesson = 0;
    int exercise = 0;
    std::string function;
    std::string file;
    Lines task;
    Lines stub;
    std::string place;  // "lessons/05-frames/starter.md:12", of its heading
};

struct Fault : std::runtime_error {
    Fault(const std::string& place, const std::string& what)
        : std::runtime_error{place + ": " + what} {}
};

inline Lines read_lines(const fs::path& path) {
    std::ifstream file{path};
    if (!file) throw std::runtime_error{"cannot read " + path.string()};
    Lines lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

inline std::string read_text(const fs::path& path) {
    std::string text;
    for (const std::string& line : read_lines(path)) text += line + '\n';
    return text;
}

// --- reading starter.md --------------------------------------------------------------------------

// The number that `text` begins with, which is taken off; 0 when there is none.
inline int take_number(std::string_view& text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{}) text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

// What stands between the next two backticks, which is taken off; empty when there are none.
inline std::string take_quoted(std::string_view& text) {
    const std::size_t begin = text.find('`');
    const std::size_t end = begin == text.npos ? begin : text.find('`', begin + 1);
    if (end == text.npos) return {};
    const std::string quoted{text.substr(begin + 1, end - begin - 1)};
    text.remove_prefix(end + 1);
    return quoted;
}

inline Hole read_heading(std::string_view line, int lesson, const std::string& place) {
    Hole hole;
    hole.lesson = lesson;
    hole.place = place;
    line.remove_prefix(3);
    hole.exercise = take_number(line);
    hole.function = take_quoted(line);
    const bool in = line.starts_with(" in `");
    hole.file = take_quoted(line);
    if (hole.exercise <= 0 || hole.function.empty() || !in || hole.file.empty())
        throw Fault{place, "expected: ## EXERCISE `FUNCTION` in `FILE`"};
    return hole;
}

// The holes of lessons/NN-name/starter.md, in their order.
inline std::vector<Hole> read(const fs::path& path) {
    std::string_view folder = path.native();
    folder.remove_prefix(folder.find('/') + 1);
    const int lesson = take_number(folder);
    std::vector<Hole> holes;
    bool fenced = false;
    std::size_t number = 0;
    for (const std::string& line : read_lines(path)) {
        const std::string place = path.string() + ':' + std::to_string(++number);
        if (!fenced && line.starts_with("## ")) {
            holes.push_back(read_heading(line, lesson, place));
        } else if (line.starts_with("```")) {
            fenced = !fenced;
        } else if (!holes.empty() && fenced) {
            holes.back().stub.push_back(line);
        } else if (!holes.empty() && !line.empty()) {
            if (!holes.back().stub.empty()) throw Fault{place, "the task stands above its stub"};
            holes.back().task.push_back(line);
        }
    }
    if (fenced) throw Fault{path.string(), "a ``` has no end"};
    for (const Hole& hole : holes)
        if (hole.task.empty()) throw Fault{hole.place, "the task is missing"};
    return holes;
}

// The holes of all lessons.
inline std::vector<Hole> read_all() {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator{"lessons"})
        if (fs::exists(entry.path() / "starter.md")) paths.push_back(entry.path() / "starter.md");
    std::ranges::sort(paths);
    std::vector<Hole> holes;
    for (const fs::path& path : paths) std::ranges::copy(read(path), std::back_inserter(holes));
    return holes;
}

// --- cutting -------------------------------------------------------------------------------------

// The function of a hole. `code` is its file without comments.
inline functions::Function find(const Hole& hole, std::string_view code) {
    const auto found = functions::find(code, hole.function);
    if (found.size() == 1) return found.front();
    throw Fault{hole.place, "`" + hole.function + "` is defined " + std::to_string(found.size()) +
                                " times in " + hole.file + ", and must be once"};
}

inline std::size_t indentation(std::string_view text, std::size_t at) {
    const std::size_t line = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    return at - line;
}

// What stands in place of a body: the task, what silences parameters that the stub does not use,
// and the stub.
inline std::string stub_body(const Hole& hole, std::string_view code,
                             const functions::Function& function) {
    const std::string margin(indentation(code, function.head), ' ');
    const std::string indent = margin + "    ";
    std::string stub;
    for (const std::string& line : hole.stub) stub += (line.empty() ? "" : indent + line) + '\n';

    std::string body = "{\n" + indent + "// Exercise " + std::to_string(hole.lesson) + '/' +
                       std::to_string(hole.exercise) + ": ";
    for (std::size_t i = 0; i < hole.task.size(); ++i)
        body += (i > 0 ? indent + "// " : "") + hole.task[i] + '\n';
    const std::string used = functions::without_comments(stub);
    for (const std::string& name : functions::parameters(code, function))
        if (functions::find_word(used, name) == used.npos) body += indent + "(void)" + name + ";\n";
    return body + stub + margin + '}';
}

// Where a declaration at `at` has its name, if it is a function's or a constant's.
inline std::optional<std::string> declared_name(std::string_view declaration) {
    for (const char* other :
         {"struct ", "class ", "enum ", "using ", "template ", "namespace ", "[["})
        if (declaration.starts_with(other)) return std::nullopt;
    std::size_t end = std::min(declaration.find_first_of("({=;["), declaration.size());
    while (end > 0 && !functions::is_word(declaration[end - 1])) --end;
    std::size_t begin = end;
    while (begin > 0 && functions::is_word(declaration[begin - 1])) --begin;
    return std::string{declaration.substr(begin, end - begin)};
}

// A helper of the file's own that only the cut code has used gets [[maybe_unused]].
inline void silence_unused(std::string& text) {
    const std::string code = functions::without_comments(text);
    std::vector<std::size_t> places;
    for (std::size_t at = code.find("namespace {"); at != code.npos;
         at = code.find("namespace {", at + 1)) {
        const std::size_t open = code.find('{', at);
        const std::size_t close = std::min(functions::closing(code, open), code.size());
        for (std::size_t begin = functions::skip_space(code, open + 1); begin < close;) {
            const std::string_view rest = std::string_view{code}.substr(begin);
            const auto name = declared_name(rest);
            if (name && functions::find_word(code, *name) != code.npos &&
                functions::find_word(code, *name, functions::find_word(code, *name) + 1) ==
                    code.npos)
                places.push_back(begin);
            // To the end of the declaration: a ";", or a body with nothing after it.
            std::size_t end = code.find_first_of(";{", begin);
            if (end < close && code[end] == '{') end = functions::closing(code, end);
            end = std::min(end, close);
            begin = functions::skip_space(code, end + 1);
            if (begin < close && code[begin] == ';') begin = functions::skip_space(code, begin + 1);
        }
    }
    std::ranges::sort(places, std::greater{});
    for (const std::size_t place : places) text.insert(place, "[[maybe_unused]] ");
}

// The file with these holes cut; all of them are holes of it.
inline std::string cut(std::string text, std::vector<Hole> holes) {
    const std::string code = functions::without_comments(text);
    std::vector<std::pair<functions::Function, const Hole*>> cuts;
    for (const Hole& hole : holes) cuts.emplace_back(find(hole, code), &hole);
    std::ranges::sort(cuts,
                      [](const auto& a, const auto& b) { return a.first.open > b.first.open; });
    for (const auto& [function, hole] : cuts)
        text.replace(function.open, function.close + 1 - function.open,
                     stub_body(*hole, code, function));
    if (!cuts.empty()) silence_unused(text);
    return text;
}

// --- checking ------------------------------------------------------------------------------------

// What is wrong with a hole; empty when nothing is.
inline std::string fault(const Hole& hole, const std::vector<Hole>& holes) {
    if (!fs::exists(hole.file)) return hole.place + ": there is no file " + hole.file;
    for (const Hole& other : holes)
        if (other.file == hole.file && other.lesson != hole.lesson)
            return hole.place + ": a file's holes belong to one lesson, and " + other.place +
                   " has one in " + hole.file;
    try {
        find(hole, functions::without_comments(read_text(hole.file)));
        return {};
    } catch (const Fault& error) {
        return error.what();
    }
}

// One line for each hole that is not understood.
inline std::vector<std::string> faults() {
    std::vector<std::string> faults;
    try {
        const std::vector<Hole> holes = read_all();
        for (const Hole& hole : holes)
            if (std::string what = fault(hole, holes); !what.empty())
                faults.push_back(std::move(what));
    } catch (const Fault& error) {
        faults.emplace_back(error.what());
    }
    return faults;
}

}  // namespace starter
