// The reports of AddressSanitizer, UndefinedBehaviorSanitizer, glibc and the C++ library, brought
// down to one line that a student can act on: what happened, in which function, in which line.
// Leaves out: the rest of the report; `make trace-N T=name` shows it whole.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "lessons/tools/check/program.hpp"

namespace check {

namespace {

struct Kind {
    std::string_view name;   // as the report has it
    std::string_view words;
};
constexpr std::array kinds{
    Kind{"heap-buffer-overflow", "beyond the end of a buffer on the heap"},
    Kind{"stack-buffer-overflow", "beyond the end of an array on the stack"},
    Kind{"global-buffer-overflow", "beyond the end of a global array"},
    Kind{"container-overflow", "beyond the end of a container"},
    Kind{"heap-use-after-free", "memory that was given back already"},
    Kind{"stack-use-after-return", "a local variable of a function that has returned"},
    Kind{"stack-use-after-scope", "a local variable whose block has ended"},
    Kind{"stack-overflow", "the stack is full: a function that calls itself without end?"},
    Kind{"double-free", "memory is given back twice"},
    Kind{"SEGV", "an address that is nobody's: a null pointer, a lost one?"},
    Kind{"FPE", "a division by zero?"},
};

std::string first_line_with(const std::string& text, std::string_view part) {
    const std::size_t at = text.find(part);
    if (at == text.npos) return "";
    const std::size_t begin = text.rfind('\n', at) + 1;
    return text.substr(begin, text.find('\n', at) - begin);
}

// "ws::decode_header" of "ws::decode_header(std::span<...>, ws::FrameHeader&)".
std::string function_name(std::string name) {
    const std::string anonymous = "(anonymous namespace)::";
    while (name.find(anonymous) != name.npos) name.erase(name.find(anonymous), anonymous.size());
    const std::size_t begin = name.find(' ') < name.find('(') && name.find('<') < name.find(' ')
                                  ? 0
                                  : (name.find(' ') < name.find('(') ? name.find(' ') + 1 : 0);
    return name.substr(begin, name.find_first_of("(<", begin) - begin);
}

struct Place {
    std::string function;
    std::string file;  // with its line
};

std::string work_folder() {
    const char* work = std::getenv("CHECK_WORK");
    return std::string{work != nullptr ? work : "work"} + "/";
}

// All that a program says on its standard output, which is short. It is found in PATH, and no shell sees
// its arguments.
std::string output_of(std::vector<std::string> command) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return "";
    std::vector<char*> arguments;
    for (std::string& argument : command) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    pid_t pid = -1;
    const bool started =
        ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ) == 0;
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    std::string output;
    char part[512];
    for (ssize_t count; (count = ::read(ends[0], part, sizeof part)) > 0 || (count < 0 && errno == EINTR);)
        if (count > 0) output.append(part, static_cast<std::size_t>(count));
    ::close(ends[0]);
    while (started && ::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return output;
}

// "(/x/server+0x3d21dd)": gcc's sanitizers find no line for an inline function that several object files had.
// binutils, which came with the compiler, do. The address is that of the next instruction.
std::string line_at(const std::string& module_and_offset) {
    const std::size_t plus = module_and_offset.rfind("+0x");
    if (!module_and_offset.starts_with("(") || plus == module_and_offset.npos) return module_and_offset;
    std::ostringstream address;
    address << "0x" << std::hex << std::strtoull(module_and_offset.c_str() + plus + 1, nullptr, 16) - 1;
    const std::string line = output_of({"addr2line", "-e", module_and_offset.substr(1, plus - 1), address.str()});
    return line.substr(0, line.find_first_of(" \n"));
}

// "#1 0x55… in ws::f(int) /x/f.cpp:48": the function and its line, when it is one of ours or of the
// student's, and none of the harness.
std::optional<Place> place_of(const std::string& line) {
    const std::size_t in = line.find(" in ");
    const std::size_t path = line.rfind(' ');
    if (in == line.npos || path <= in + 4) return std::nullopt;
    std::string file = known_path(line_at(line.substr(path + 1)));
    const bool known =
        file.starts_with(work_folder()) || file.starts_with("src/") || file.starts_with("lessons/");
    if (!known || file.starts_with("lessons/tools/")) return std::nullopt;
    // "f.cpp:48:12": the column helps nobody here.
    const std::size_t colon = file.find(':');
    if (const std::size_t second = file.find(':', colon + 1); second != file.npos) file.resize(second);
    return Place{function_name(line.substr(in + 4, path - in - 4)), file};
}

// The first stack of a report, from the innermost on. Whoever prints lines without end that look like one
// keeps nobody busy.
std::vector<Place> places_in(const std::string& report) {
    std::vector<Place> places;
    std::istringstream lines{report};
    int frames = 0;
    for (std::string line; frames < 100 && std::getline(lines, line);) {
        const std::size_t number = line.find_first_not_of(' ');
        const bool in_stack = number != line.npos && line[number] == '#';
        if (in_stack) ++frames;
        if (!in_stack && !places.empty()) break;  // the stack that counts is the first
        if (const auto place = in_stack ? place_of(line) : std::nullopt) places.push_back(*place);
    }
    return places;
}

// What a student can act on: the innermost line in a file of this lesson's exercises, else in any
// file of theirs, else in one of ours.
std::string at_place(const std::string& report, const std::vector<std::string>& own_files) {
    const std::vector<Place> places = places_in(report);
    if (places.empty()) return "";
    const auto own = std::ranges::find_if(places, [&](const Place& place) {
        return std::ranges::any_of(own_files, [&](const std::string& file) {
            return place.file.find(file + ':') != place.file.npos;
        });
    });
    const auto theirs = std::ranges::find_if(
        places, [](const Place& place) { return place.file.starts_with(work_folder()); });
    const Place& place = own != places.end() ? *own : theirs != places.end() ? *theirs : places.front();
    std::string text = " in " + place.function + " " + place.file;
    if (&place != &places.front()) text += ", which called " + places.front().function;
    return text;
}

std::string address_error(const std::string& line, const std::string& report, const std::string& place) {
    const std::size_t begin = line.find("AddressSanitizer: ") + 18;
    if (line.compare(begin, 4, "ABRT") == 0) return "";
    const std::string name = line.substr(begin, line.find_first_of(" :", begin) - begin);
    std::string text = name;
    for (const Kind& kind : kinds)
        if (kind.name == name) {
            const bool reads = report.find("READ of size") != report.npos;
            const bool writes = report.find("WRITE of size") != report.npos;
            text += " (";
            if (reads || writes) text += reads ? "reads " : "writes ";
            text.append(kind.words).append(")");
        }
    return text + place;
}

}  // namespace

std::string known_path(std::string path) {
    std::error_code error;
    const std::string here = std::filesystem::current_path(error).string() + "/";
    if (const std::size_t at = path.find(here); at != path.npos) path.erase(0, at + here.size());
    while (path.starts_with("./")) path.erase(0, 2);
    return path;
}

std::optional<std::string> read_report(const std::string& errors,
                                       const std::vector<std::string>& own_files) {
    const std::string place = at_place(errors, own_files);
    // An assertion of the C++ library or of the code: its own sentence says more than "ABRT".
    if (const std::string line = first_line_with(errors, "Assertion '"); !line.empty()) {
        const std::string what = line.substr(line.find("Assertion '"));
        const bool bounds = what.find("< size()") != what.npos || what.find("< this->size()") != what.npos ||
                            what.find("<= size()") != what.npos || what.find("empty()") != what.npos;
        return (bounds ? "an index or a piece beyond the end of what is there"
                       : "an assertion of the C++ library (" + what + ")") +
               place;
    }
    if (const std::string line = first_line_with(errors, ": Assertion `"); !line.empty())
        return "an assertion failed: " + line.substr(line.find("Assertion `") + 10) +
               place;
    if (const std::string line = first_line_with(errors, "runtime error:"); !line.empty()) {
        const std::string what = line.substr(line.find("runtime error:") + 15);
        return what + (place.empty() ? " in " + known_path(line.substr(0, line.find(": runtime")))
                                     : place);
    }
    if (const std::string line = first_line_with(errors, "terminate called"); !line.empty()) {
        const std::string what = first_line_with(errors, "what():");
        return "an exception that nobody caught: " +
               (what.empty() ? line : what.substr(what.find("what():") + 9)) + place;
    }
    if (const std::string line = first_line_with(errors, "ERROR: AddressSanitizer"); !line.empty()) {
        const std::string text = address_error(line, errors, place);
        return text.empty() ? "abort() was called" + place : text;
    }
    return std::nullopt;
}

}  // namespace check
