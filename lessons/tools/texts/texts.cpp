// texts --write | --check | --handout: fills the markers in the course's texts, or says where a
// text differs from what it shows. For a handout, what cannot be shown is what a student writes. A
// reader can then trust that every line of code was compiled, and that every byte was sent. Run it
// in the root of the repository. Leaves out: making transcript.txt and wire.txt, which is the part
// of demo.sh --record.
//
//   <!-- code: FILE "text" -->          from the line with that text to the end of its block
//   <!-- code: FILE "text" +comment --> the comment right above it as well
//   <!-- code: FILE "text" .. "last" --> to the next line with the second text
//   <!-- transcript -->  <!-- wire -->  this folder's transcript.txt, wire.txt
//   <!-- wire: 3-5 -->                  lines 3 to 5 of it
// Each marker stands alone on its line; <!-- /code --> and the like end what it shows. FILE is
// relative to the root, or to the text's own folder.

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>


namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

// A marker that cannot be filled; what() says why.
class MarkerError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// --- lines --------------------------------------------------------------------------------------

Lines read_lines(const fs::path& path) {
    std::ifstream file{path};
    if (!file) throw MarkerError{"there is no " + path.string()};
    Lines lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

bool contains(std::string_view line, std::string_view text) { return line.find(text) != line.npos; }

std::size_t indentation(std::string_view line) {
    return std::min(line.find_first_not_of(' '), line.size());
}

std::string_view trim(std::string_view line) {
    line.remove_prefix(indentation(line));
    return line.substr(0, line.find_last_not_of(" \t\r") + 1);
}

// The line without the remark at its end: "int i;" of "int i;  // an index".
std::string_view without_remark(std::string_view line) {
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (quoted && line[i] == '\\')
            ++i;
        else if (line[i] == '"')
            quoted = !quoted;
        else if (!quoted && line.substr(i).starts_with("//"))
            return trim(line.substr(0, i));
    }
    return trim(line);
}

// --- code ---------------------------------------------------------------------------------------

// The index of the only line that contains `text`.
std::size_t find_once(const Lines& lines, const std::string& text, const std::string& file) {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!contains(lines[i], text)) continue;
        if (found)
            throw MarkerError{"'" + text + "' stands twice in " + file + ", lines " +
                              std::to_string(*found + 1) + " and " + std::to_string(i + 1)};
        found = i;
    }
    if (!found) throw MarkerError{"'" + text + "' is not in " + file};
    return *found;
}

// The last line of what begins at `first`: a statement or declaration that goes over several
// lines, and the block that it opens.
std::size_t end_of_block(const Lines& lines, std::size_t first, bool cpp, const std::string& file) {
    const auto ends_with = [&lines](std::size_t i, std::string_view ends) {
        const std::string_view code = without_remark(lines[i]);
        return !code.empty() && ends.find(code.back()) != ends.npos;
    };
    std::size_t i = first;
    const bool lasts = cpp && !trim(lines[i]).starts_with("//") && !trim(lines[i]).starts_with('#');
    while (lasts && i + 1 < lines.size() && !ends_with(i, ";{}:")) ++i;
    if (!ends_with(i, "{")) return i;
    for (std::size_t end = i + 1; end < lines.size(); ++end)
        if (indentation(lines[end]) == indentation(lines[first]) &&
            trim(lines[end]).starts_with('}') && !ends_with(end, "{"))
            return end;
    throw MarkerError{"the block of line " + std::to_string(first + 1) + " of " + file +
                      " has no end"};
}

struct CodeMarker {
    std::string file;
    std::string first;
    std::string last;  // empty: the end of the block
    bool comment = false;
};

// Takes the next word off the front of `rest`: up to a space, or between quotation marks,
// within which a backslash takes the next character as it is.
std::string take_word(std::string_view& rest, bool quoted) {
    std::string word;
    std::size_t i = quoted ? 1 : 0;
    const bool opened = !quoted || rest.starts_with('"');
    for (const char end = quoted ? '"' : ' '; opened && i < rest.size() && rest[i] != end; ++i) {
        if (quoted && rest[i] == '\\' && i + 1 < rest.size()) ++i;
        word += rest[i];
    }
    if (word.empty() || (quoted && i == rest.size()))
        throw MarkerError{"expected: code: FILE \"text\" [+comment] [.. \"last\"]"};
    rest = trim(rest.substr(quoted ? i + 1 : i));
    return word;
}

CodeMarker parse_code_marker(std::string_view rest) {
    CodeMarker marker;
    marker.file = take_word(rest, false);
    marker.first = take_word(rest, true);
    while (!rest.empty()) {
        const std::string word = take_word(rest, false);
        if (word == "+comment") {
            marker.comment = true;
        } else if (word == "..") {
            marker.last = take_word(rest, true);
        } else {
            throw MarkerError{"'" + word + "' is neither +comment nor .. \"last\""};
        }
    }
    return marker;
}

// How many blocks a line of C++ opens, less those that it closes; `lowest` is the deepest point
// below zero on the way. Braces in quotes and in remarks are text.
int count_braces(std::string_view line, int& lowest) {
    line = without_remark(line);
    int open = 0;
    char quote = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quote != 0 && c == '\\')
            ++i;
        else if (quote != 0)
            quote = c == quote ? char{0} : quote;
        else if (c == '"' || (c == '\'' && (i == 0 || std::isdigit(line[i - 1]) == 0)))
            quote = c;
        else if (c == '{')
            ++open;
        else if (c == '}')
            lowest = std::min(lowest, --open);
    }
    return open;
}

// A reader cannot tell what follows an open brace: what is shown ends with the block that it opens.
void check_whole(const Lines& lines, std::size_t first, std::size_t last, const std::string& file) {
    int open = 0;
    for (std::size_t i = first; i <= last; ++i) {
        int lowest = 0;
        const int opened = count_braces(lines[i], lowest);
        if (open + lowest < 0)
            throw MarkerError{"what is shown of " + file + " begins inside a brace, which line " +
                              std::to_string(i + 1) + " closes"};
        open += opened;
    }
    if (open > 0)
        throw MarkerError{"what is shown of " + file + " ends inside a brace, at line " +
                          std::to_string(last + 1) + ": show the whole block"};
}

// Cuts out what a marker names and moves it to the left margin.
Lines code(const fs::path& folder, const std::string& arguments) {
    const CodeMarker marker = parse_code_marker(arguments);
    const fs::path beside = folder / marker.file;
    const fs::path path = fs::exists(beside) ? beside : fs::path{marker.file};
    Lines lines = read_lines(path);
    const std::string extension = path.extension().string();
    const bool cpp = extension == ".cpp" || extension == ".hpp";

    std::size_t first = find_once(lines, marker.first, marker.file);
    std::size_t last = first;
    if (marker.last.empty()) {
        last = end_of_block(lines, first, cpp, marker.file);
    } else {
        while (last < lines.size() && !contains(lines[last], marker.last)) ++last;
        if (last == lines.size())
            throw MarkerError{"'" + marker.last + "' does not follow in " + marker.file};
    }
    if (cpp) check_whole(lines, first, last, marker.file);
    const std::size_t margin = indentation(lines[first]);
    while (marker.comment && first > 0 && trim(lines[first - 1]).starts_with(cpp ? "//" : "#"))
        --first;

    Lines shown{cpp ? "```cpp" : path.filename() == "Makefile" ? "```make" : "```"};
    for (std::size_t i = first; i <= last; ++i)
        shown.push_back(lines[i].substr(std::min(margin, indentation(lines[i]))));
    shown.push_back("```");
    return shown;
}

// --- recordings ---------------------------------------------------------------------------------

// A line number; 0 when the text is none.
std::size_t line_number(std::string_view text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? number : 0;
}

// Lines "3-5" or "3" of a recorded file, all of it without arguments.
Lines recording(const fs::path& path, std::string_view arguments) {
    Lines lines = read_lines(path);
    if (!arguments.empty()) {
        const std::size_t dash = arguments.find('-');
        const std::size_t first = line_number(arguments.substr(0, dash));
        const std::size_t last =
            dash == arguments.npos ? first : line_number(arguments.substr(dash + 1));
        if (first == 0 || first > last || last > lines.size())
            throw MarkerError{path.string() + " has lines 1-" + std::to_string(lines.size()) +
                              ", not '" + std::string{arguments} + "'"};
        lines.resize(last);
        lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(first - 1));
    }
    lines.insert(lines.begin(), "```");
    lines.push_back("```");
    return lines;
}

Lines fill(const std::string& kind, const std::string& arguments, const fs::path& text) {
    const fs::path folder = text.parent_path();
    if (kind == "code") return code(folder, arguments);
    return recording(folder / (kind + ".txt"), arguments);
}

// --- markers ------------------------------------------------------------------------------------

struct Marker {
    std::string indent;
    std::string kind;  // "code", "transcript", "wire"
    std::string arguments;
    bool closing = false;
};

// The marker that `line` is; nothing for other lines, also for other HTML comments.
std::optional<Marker> parse_marker(std::string_view line) {
    std::string_view inner = trim(line);
    if (!inner.starts_with("<!--") || !inner.ends_with("-->") || inner.size() < 7) return {};
    inner = trim(inner.substr(4, inner.size() - 7));
    Marker marker{std::string(indentation(line), ' '), {}, {}, inner.starts_with('/')};
    if (marker.closing) inner.remove_prefix(1);
    const std::size_t colon = inner.find(':');
    marker.kind = trim(inner.substr(0, colon));
    if (colon != inner.npos) marker.arguments = trim(inner.substr(colon + 1));
    for (const std::string_view kind : {"code", "transcript", "wire"})
        if (marker.kind == kind) return marker;
    return {};
}

// --- texts --------------------------------------------------------------------------------------

struct Problem {
    std::size_t line;  // of the marker, from 1
    std::string what;
};

// The first lines in which two versions differ, with a line before them to find the place.
std::string difference(const Lines& shown, const Lines& wanted) {
    std::size_t at = 0;
    while (at < shown.size() && at < wanted.size() && shown[at] == wanted[at]) ++at;
    std::string text;
    if (at > 0) text += "      " + wanted[at - 1] + "\n";
    const auto lines = [&](const Lines& from, std::string_view sign) {
        for (std::size_t i = at; i < std::min(from.size(), at + 3); ++i)
            text += std::string{sign} + from[i] + "\n";
    };
    lines(shown, "    - ");
    lines(wanted, "    + ");
    return text;
}

struct Filled {
    Lines lines;
    std::vector<Problem> problems;  // markers that cannot be filled
    std::vector<Problem> stale;     // markers that show something else
    bool handout = false;           // what cannot be filled is filled with a remark
};

// What a handout's text shows in place of code that was cut.
Lines remark(const Marker& marker) {
    const std::string file = marker.arguments.substr(0, marker.arguments.find(' '));
    const bool there = fs::exists(file) || file.find('/') == file.npos;
    return {"```",
            there ? "(a part of " + file + " that is yours to write)"
                  : "(" + file + " is not in this handout)",
            "```"};
}

// Two markers that were found in a text.
struct Region {
    std::size_t begin, end;  // their lines
    Marker marker;           // the first of them
};

void fill_region(const Region& region, const Lines& text, const fs::path& path, Filled& filled) {
    const auto at = [&](std::size_t i) { return text.begin() + static_cast<std::ptrdiff_t>(i); };
    const Lines shown(at(region.begin + 1), at(region.end));
    filled.lines.push_back(text[region.begin]);
    try {
        Lines wanted;
        try {
            wanted = fill(region.marker.kind, region.marker.arguments, path);
        } catch (const MarkerError&) {
            if (!filled.handout || region.marker.kind != "code") throw;
            wanted = remark(region.marker);
        }
        for (std::string& line : wanted)
            if (!line.empty()) line.insert(0, region.marker.indent);
        if (shown != wanted)
            filled.stale.push_back(
                {region.begin + 1, "differs from what it shows\n" + difference(shown, wanted)});
        filled.lines.insert(filled.lines.end(), wanted.begin(), wanted.end());
    } catch (const MarkerError& error) {
        filled.problems.push_back({region.begin + 1, std::string{error.what()} + "\n"});
        filled.lines.insert(filled.lines.end(), shown.begin(), shown.end());
    }
    filled.lines.push_back(text[region.end]);
}

// The text, with two markers that share a line on lines of their own.
Lines read_text(const fs::path& path) {
    Lines text;
    bool fenced = false;
    for (const std::string& line : read_lines(path)) {
        if (trim(line).starts_with("```")) fenced = !fenced;
        const std::size_t second = line.rfind("<!--");
        if (!fenced && second != line.npos && second > 0 && parse_marker(line.substr(0, second)) &&
            parse_marker(line.substr(second))) {
            text.emplace_back(line, 0, line.find_last_not_of(' ', second - 1) + 1);
            text.push_back(std::string(indentation(line), ' ') + line.substr(second));
        } else {
            text.push_back(line);
        }
    }
    return text;
}

// The line of the marker that ends the one on line `begin`; 0 when there is none. Where another
// one begins first, this one was not ended, and the words between them are the text's own.
std::size_t find_end(const Lines& text, std::size_t begin, const Marker& marker) {
    for (std::size_t i = begin + 1; i < text.size() && !marker.closing; ++i)
        if (const std::optional<Marker> other = parse_marker(text[i]))
            return other->closing && other->kind == marker.kind ? i : 0;
    return 0;
}

Filled fill_text(const fs::path& path, bool handout) {
    const Lines text = read_text(path);
    Filled filled;
    filled.handout = handout;
    bool fenced = false;  // within a block of code that is not ours: markers there are examples
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (trim(text[i]).starts_with("```")) fenced = !fenced;
        const std::optional<Marker> marker = fenced ? std::nullopt : parse_marker(text[i]);
        if (!marker) {
            filled.lines.push_back(text[i]);
            continue;
        }
        if (const std::size_t end = find_end(text, i, *marker); end != 0) {
            fill_region({i, end, *marker}, text, path, filled);
            i = end;
        } else {
            filled.problems.push_back({i + 1, marker->closing
                                                  ? "ends a marker that does not begin\n"
                                                  : "<!-- /" + marker->kind + " --> is missing\n"});
            filled.lines.push_back(text[i]);
        }
    }
    return filled;
}

std::vector<fs::path> course_texts() {
    std::vector<fs::path> texts{"README.md", "src/README.md"};
    if (fs::exists("lessons"))
        for (const auto& entry : fs::directory_iterator{"lessons"})
            texts.push_back(entry.path() / "README.md");
    std::erase_if(texts, [](const fs::path& path) { return !fs::exists(path); });
    std::ranges::sort(texts);
    return texts;
}

void report(const fs::path& path, const std::vector<Problem>& problems) {
    for (const Problem& problem : problems)
        std::fprintf(stderr, "%s:%zu: %s", path.c_str(), problem.line, problem.what.c_str());
}

int run(bool write, bool handout) {
    bool wrong = false;
    bool stale = false;
    for (const fs::path& path : course_texts()) {
        const Filled filled = fill_text(path, handout);
        report(path, filled.problems);
        wrong |= !filled.problems.empty();
        if (write) {
            if (filled.lines == read_lines(path)) continue;
            std::ofstream file{path};
            for (const std::string& line : filled.lines) file << line << '\n';
            file.close();
            if (!file) throw std::runtime_error{"cannot write " + path.string()};
            if (!handout) std::printf("%s: filled\n", path.c_str());
        } else {
            report(path, filled.stale);
            stale |= !filled.stale.empty();
        }
    }
    if (stale) std::fputs("texts: `make texts` brings them up to date\n", stderr);
    return wrong || stale ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view command = argc == 2 ? argv[1] : "";
    if (command != "--write" && command != "--check" && command != "--handout") {
        std::fputs("usage: texts --write | --check | --handout\n", stderr);
        return 2;
    }
    try {
        return run(command != "--check", command == "--handout");
    } catch (const std::exception& error) {
        std::fprintf(stderr, "texts: %s\n", error.what());
        return 1;
    }
}
