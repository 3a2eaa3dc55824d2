// What the texts tell people to type: each T= is an exercise, a question or a scenario of its
// lesson, each option is one that the program has, and each scenario is named by its exercise. What
// a text says of time is what its exercises say. Runs in the root of the repository.

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/text_files.hpp"

namespace fs = std::filesystem;
using test::contents;
using test::Line;
using test::read_text;

namespace {

int number_of(const std::string& lesson) { return std::stoi(lesson.substr(0, 2)); }

// The number of the lesson in whose folder a text lies; 0 for the others.
int lesson_of(const fs::path& path) {
    const std::string folder = path.parent_path().filename().string();
    return std::isdigit(static_cast<unsigned char>(folder.front())) != 0 ? number_of(folder) : 0;
}

struct Scenario {
    std::string name;
    int exercise = 0;
};

// The scenarios of each lesson, as its checks.cpp has them.
std::multimap<int, Scenario> read_scenarios() {
    const auto listed = test::run("lessons/tools/student/scenarios.sh", {"1", "99"});
    REQUIRE_MESSAGE(listed.status == 0, listed.errors);
    std::multimap<int, Scenario> scenarios;
    std::istringstream lines{listed.output};
    int lesson = 0;
    for (Scenario scenario; lines >> lesson >> scenario.name >> scenario.exercise;)
        scenarios.emplace(lesson, scenario);
    REQUIRE(scenarios.size() > 100);
    return scenarios;
}

// A heading such as "## 2 One owner (warm-up, 15 min)", and what stands below it.
struct Exercise {
    int number = 0;
    int minutes = 0;
    std::string text;
};

std::vector<Exercise> read_exercises(const std::string& lesson) {
    static const std::regex heading{R"(^## (\d) .*, (\d+) min\)$)"};
    std::vector<Exercise> exercises;
    std::istringstream lines{contents(fs::path{"lessons"} / lesson / "exercises.md")};
    for (std::string line; std::getline(lines, line);) {
        std::smatch found;
        if (std::regex_match(line, found, heading))
            exercises.push_back({std::stoi(found[1]), std::stoi(found[2]), ""});
        else if (!exercises.empty())
            exercises.back().text += line + '\n';
    }
    return exercises;
}

// The commands that take T=, and what it may be.
class Targets {
  public:
    // Empty when T=`name` is something of this lesson's; otherwise what is wrong.
    std::string fault(const std::string& command, int lesson, const std::string& name) const {
        const bool number = name.find_first_not_of("0123456789") == name.npos;
        if (command == "answer")
            return is_question(lesson, name) ? "" : "there is no such question";
        if (command == "hint" && number)
            return is_exercise(lesson, name) ? "" : "there is no such exercise";
        const auto [first, last] = scenarios_.equal_range(lesson);
        const bool known =
            std::any_of(first, last, [&](const auto& entry) { return entry.second.name == name; });
        return known ? "" : "there is no such scenario";
    }

  private:
    bool is_exercise(int lesson, const std::string& name) const {
        return std::ranges::any_of(test::lessons(), [&](const std::string& folder) {
            return number_of(folder) == lesson &&
                   std::ranges::any_of(read_exercises(folder), [&](const Exercise& exercise) {
                       return std::to_string(exercise.number) == name;
                   });
        });
    }
    static bool is_question(int lesson, const std::string& name) {
        const auto asked = test::run(test::program("tools/answer"), {std::to_string(lesson), name, ""});
        return asked.status == 0;
    }

    std::multimap<int, Scenario> scenarios_ = read_scenarios();
};

// Each "T=name" of a piece of code: the command and the lesson before it, or those of the text.
void check_targets(const Targets& targets, const Line& line, const std::string& code, int lesson) {
    static const std::regex command{R"(make (hint|answer|check|trace|watch)-(\d+))"};
    static const std::regex target{R"(\bT=([a-z0-9][a-z0-9-]*))"};
    std::smatch found;
    std::string name = "check";
    if (std::regex_search(code, found, command)) {
        name = found[1];
        lesson = std::stoi(found[2]);
    }
    if (lesson == 0) return;
    for (std::sregex_iterator it{code.begin(), code.end(), target}, end; it != end; ++it)
        if ((*it)[1] != "name" && (*it)[1] != "k") {  // these two stand for any
            const std::string fault = targets.fault(name, lesson, (*it)[1]);
            CHECK_MESSAGE(fault.empty(), line.place << ": " << code << ": " << fault);
        }
}

// --- options --------------------------------------------------------------------------------------

std::set<std::string> options_in(const std::string& text) {
    static const std::regex option{R"((^|[\s'"=(\[])(--[a-z][a-z0-9-]*)(?![a-z0-9_-]))"};
    std::set<std::string> options;
    for (std::sregex_iterator it{text.begin(), text.end(), option}, end; it != end; ++it)
        options.insert((*it)[2]);
    return options;
}

// What a program of ours says of its options; read once.
const std::set<std::string>& options_of(const std::string& program) {
    static std::map<std::string, std::set<std::string>> known;
    if (const auto place = known.find(program); place != known.end()) return place->second;
    const auto help = test::run(test::program(program), {"--help"});
    REQUIRE_MESSAGE(help.status == 0, program << ": " << help.errors);
    return known[program] = options_in(help.output);
}

// "a | b" and "a & b" are two commands.
std::vector<std::string> commands_in(const std::string& code) {
    static const std::regex between{R"( [&|] |; )"};
    return {std::sregex_token_iterator{code.begin(), code.end(), between, -1}, {}};
}

// The program that a piece of code starts: "lessons/02-udp-echo/client"; empty when none of ours.
std::string program_of(const std::string& code) {
    static const std::regex by_make{R"(make (server|client)-(\d+))"};
    static const std::regex by_path{R"((lessons/\d\d-[a-z-]+/(server|client))\b)"};
    static const std::regex of_clients{R"((make |build/clients/)(wsc|load|explain)\b)"};
    std::smatch found;
    if (std::regex_search(code, found, by_path)) return found[1];
    if (std::regex_search(code, found, of_clients)) return "clients/" + std::string{found[2]};
    if (!std::regex_search(code, found, by_make)) return "";
    for (const std::string& lesson : test::lessons())
        if (number_of(lesson) == std::stoi(found[2]))
            return "lessons/" + lesson + "/" + std::string{found[1]};
    return "";
}

// Options of others' programs that the texts of lessons use, and the one that exercise 6 of lesson 10
// asks for.
const std::set<std::string> of_others{"--auth", "--max-time", "--global", "--slash", "--tickets",
                                     "--mount-proc"};

void check_options(const Line& line, const std::string& code, const std::set<std::string>& ours) {
    const std::string program = program_of(code);
    for (const std::string& option : options_in(code)) {
        if (of_others.contains(option) || option == "--help") continue;
        // What stands between backticks alone belongs to some program of the course.
        const bool known = program.empty() ? ours.contains(option) : options_of(program).contains(option);
        CHECK_MESSAGE(known, line.place << ": " << code << ": "
                                        << (program.empty() ? "no program" : program) << " has no "
                                        << option);
    }
}

std::set<std::string> options_of_all() {
    std::set<std::string> options;
    for (const std::string& lesson : test::lessons())
        for (const std::string side : {"/server", "/client"})
            options.merge(std::set{options_of("lessons/" + lesson + side)});
    for (const std::string name : {"wsc", "load"}) options.merge(std::set{options_of("clients/" + name)});
    return options;
}

// The texts of lessons, and the two that speak of all of them.
std::vector<fs::path> texts_for_people() {
    std::vector<fs::path> paths{"README.md", "lessons/TEACHING.md"};
    for (const std::string& lesson : test::lessons())
        for (const char* name : {"README.md", "exercises.md", "hints.md", "teacher.md", "starter.md"})
            paths.push_back(fs::path{"lessons"} / lesson / name);
    return paths;
}

}  // namespace

TEST_CASE("texts: each T= is an exercise, a question or a scenario of its lesson") {
    const Targets targets;
    std::size_t seen = 0;
    for (const fs::path& path : texts_for_people())
        for (const Line& line : read_text(path))
            for (const std::string& code : line.code) {
                check_targets(targets, line, code, lesson_of(path));
                if (code.find("T=") != code.npos) ++seen;
            }
    CHECK(seen > 100);
}

TEST_CASE("texts: each option is one that the program has") {
    const std::set<std::string> ours = options_of_all();
    for (const fs::path& path : texts_for_people())
        if (lesson_of(path) != 0)
            for (const Line& line : read_text(path))
                for (const std::string& code : line.code)
                    for (const std::string& command : commands_in(code))
                        check_options(line, command, ours);
}

TEST_CASE("texts: each scenario is named by the exercise that it belongs to") {
    const auto scenarios = read_scenarios();
    for (const std::string& lesson : test::lessons()) {
        const auto exercises = read_exercises(lesson);
        CHECK_MESSAGE(exercises.size() == 6, lesson);
        const auto [first, last] = scenarios.equal_range(number_of(lesson));
        for (auto scenario = first; scenario != last; ++scenario) {
            // (clang 14 captures no structured binding.)
            const auto& name = scenario->second.name;
            const int number = scenario->second.exercise;
            const bool named = std::ranges::any_of(exercises, [&](const Exercise& exercise) {
                return exercise.text.find("`" + name + "`") != std::string::npos ||
                       exercise.text.find("T=" + name + "`") != std::string::npos;
            });
            CHECK_MESSAGE(named, lesson << ": no exercise names the scenario " << name
                                        << ", which belongs to exercise " << number);
        }
    }
}

// --- time -----------------------------------------------------------------------------------------

namespace {

// The row of a contract: "| Time | ... |" gives what stands in its second cell.
std::string contract_row(const std::string& text, const std::string& name) {
    const std::string begin = "\n| " + name + " | ";
    const std::size_t at = text.find(begin);
    REQUIRE_MESSAGE(at != text.npos, name);
    return text.substr(at + begin.size(), text.find(" |\n", at + 1) - at - begin.size());
}

// The words of a text; a line of its code counts as well.
std::size_t words_of(const std::string& text) {
    std::istringstream stream{text};
    std::size_t count = 0;
    for (std::string word; stream >> word;) ++count;
    return count;
}

int sum_of_minutes(const std::vector<Exercise>& exercises) {
    int sum = 0;
    for (const Exercise& exercise : exercises) sum += exercise.minutes;
    return sum;
}

}  // namespace

TEST_CASE("texts: a contract says how long reading takes, and how long the exercises") {
    static const std::regex time{R"((\d+) minutes to read and run[^;]*; (\d)(½)? hours for the exercises)"};
    for (const std::string& lesson : test::lessons()) {
        std::string text = contents(fs::path{"lessons"} / lesson / "README.md");
        const std::string row = contract_row(text, "Time");
        std::smatch found;
        REQUIRE_MESSAGE(std::regex_match(row, found, time), lesson << ": Time: " << row);
        // A toolbox is not read, it is looked up.
        if (const std::size_t at = text.find("\n## Toolbox\n"); at != text.npos)
            text.erase(at, text.find("\n## ", at + 1) - at);
        // A reader who runs what is shown gets through some 70 words a minute, and no more.
        CHECK_MESSAGE(static_cast<std::size_t>(std::stoi(found[1])) * 70 >= words_of(text),
                      lesson << ": " << words_of(text) << " words in " << found[1] << " minutes");
        const int minutes = 60 * std::stoi(found[2]) + (found[3].matched ? 30 : 0);
        const int sum = sum_of_minutes(read_exercises(lesson));
        CHECK_MESSAGE(std::abs(minutes - sum) <= 15,
                      lesson << ": the exercises add up to " << sum << " minutes, not " << minutes);
    }
}

namespace {

// A row of a teacher's plan: "| 5–15 | exercise 1 | how |". A dash within it is three bytes long.
struct Planned {
    int from = 0;
    int to = 0;
    std::string what;
};

// The plan below "## 45 minutes".
std::vector<Planned> read_plan(const std::string& lesson, const std::string& heading) {
    static const std::regex row{R"(^\| (\d+)–(\d+) \| ([^|]*) \|.*)"};
    std::vector<Planned> plan;
    std::istringstream lines{contents(fs::path{"lessons"} / lesson / "teacher.md")};
    bool here = false;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("## ")) here = line == "## " + heading;
        std::smatch found;
        if (here && std::regex_match(line, found, row))
            plan.push_back({std::stoi(found[1]), std::stoi(found[2]), found[3]});
    }
    return plan;
}

// The numbers of "exercise 1", "exercises 2 and 3", in minutes. An exercise that is only begun has no
// minutes of its own: it goes on at home.
int minutes_asked(const std::string& what, const std::vector<Exercise>& exercises) {
    static const std::regex named{R"(exercises? (\d)(?: and (\d))?(, begun)?)"};
    int sum = 0;
    for (std::sregex_iterator it{what.begin(), what.end(), named}, end; it != end; ++it)
        for (const std::size_t group : {1u, 2u})
            for (const Exercise& exercise : exercises)
                if (!(*it)[3].matched && (*it)[group] == std::to_string(exercise.number))
                    sum += exercise.minutes;
    return sum;
}

}  // namespace

TEST_CASE("texts: a teacher's plans have the time that the exercises take, and the first build") {
    for (const std::string& lesson : test::lessons())
        for (const int length : {45, 90}) {
            CAPTURE(lesson);
            CAPTURE(length);
            const auto exercises = read_exercises(lesson);
            const auto plan = read_plan(lesson, std::to_string(length) + " minutes");
            REQUIRE_FALSE(plan.empty());
            const std::string build = "make check-" + std::to_string(number_of(lesson));
            CHECK_MESSAGE(plan.front().what.find(build) != std::string::npos,
                          "the first row builds: " << build);
            int now = 0;
            for (const Planned& row : plan) {
                CHECK_MESSAGE(row.from == now, row.what << " begins at " << row.from);
                const int asked = minutes_asked(row.what, exercises);
                CHECK_MESSAGE(row.to - row.from >= asked, row.what << " takes " << asked << " minutes");
                now = row.to;
            }
            CHECK(now == length);
        }
}

// "2. to 5.: `make diff-7 SPOIL=1`." answers those that have a hole; any other needs an item of its own.
TEST_CASE("texts: a teacher has an answer to each exercise, a model or what to look for") {
    static const std::regex item{R"(^(?:- )?(\d)[.:]?(?: to (\d)[.:]*)? .*)"};
    for (const std::string& lesson : test::lessons()) {
        const std::string number = std::to_string(number_of(lesson));
        const std::string holes = '\n' + test::run(test::program("tools/holes"), {"list", number}).output;
        std::string text = contents(fs::path{"lessons"} / lesson / "teacher.md");
        text.erase(0, text.find("\n## Answers\n"));
        std::istringstream lines{text};
        std::set<int> answered;
        for (std::string line; std::getline(lines, line);) {
            std::smatch found;
            if (!std::regex_match(line, found, item)) continue;
            const int first = std::stoi(found[1]), last = found[2].matched ? std::stoi(found[2]) : first;
            for (int exercise = first; exercise <= last; ++exercise)
                if (first == last || holes.find('\n' + number + '/' + std::to_string(exercise) + '\t') != holes.npos)
                    answered.insert(exercise);
        }
        for (const Exercise& exercise : read_exercises(lesson))
            CHECK_MESSAGE(answered.contains(exercise.number), lesson << ": exercise " << exercise.number);
    }
}

TEST_CASE("texts: a table is rows, and not a paragraph that was filled") {
    for (const fs::path& path : test::texts())
        for (const Line& line : read_text(path))
            if (line.prose.find("|---") != line.prose.npos)
                CHECK_MESSAGE(line.prose.find_first_not_of(" |-:") == line.prose.npos, line.place << ": " << line.prose);
}

// --- what a fresh machine lacks -------------------------------------------------------------------

namespace {

// The programs that lessons/tools/packages/tools.sh looks after, and wscat.
std::set<std::string> listed_tools() {
    static const std::regex row{R"(^([a-z0-9]+) +[a-z0-9-]+ +.*\)$)"};
    std::set<std::string> tools{"wscat"};
    std::istringstream script{contents("lessons/tools/packages/tools.sh")};
    for (std::string line; std::getline(script, line);) {
        std::smatch found;
        if (std::regex_match(line, found, row)) tools.insert(found[1]);
    }
    REQUIRE(tools.size() > 5);
    return tools;
}

// What the code of a text runs, of these.
std::set<std::string> tools_run(const fs::path& path, const std::set<std::string>& tools) {
    static const std::regex first{R"((^|[|&;($] *|npx )([a-z0-9]+) )"};
    std::set<std::string> found;
    for (const Line& line : read_text(path))
        for (const std::string& code : line.code)
            for (std::sregex_iterator it{code.begin(), code.end(), first}, end; it != end; ++it) {
                const std::string word = (*it)[2] == "pgrep" ? "pkill" : (*it)[2].str();
                if (tools.contains(word)) found.insert(word);
            }
    return found;
}

}  // namespace

TEST_CASE("texts: what a fresh machine lacks is named where a lesson begins") {
    const std::set<std::string> tools = listed_tools();
    for (const std::string& lesson : test::lessons()) {
        const fs::path folder = fs::path{"lessons"} / lesson;
        const std::string needs = contract_row(contents(folder / "README.md"), "You need");
        std::set<std::string> run = tools_run(folder / "README.md", tools);
        run.merge(tools_run(folder / "exercises.md", tools));
        if (run.empty()) continue;
        for (const std::string& tool : run)
            CHECK_MESSAGE(needs.find("`" + tool + "`") != std::string::npos,
                          lesson << ": the text runs " << tool << ", and \"You need\" has none");
        CHECK_MESSAGE(needs.find("`make tools`") != std::string::npos, lesson);
    }
}

TEST_CASE("texts: make tools installs what is missing, and says so") {
    const test::ScratchFolder scratch;
    const fs::path bin = scratch.path / "bin";
    fs::create_directory(bin);
    for (const std::string name : {"sh", "cat", "mktemp", "id", "env", "grep", "dirname", "rm", "chmod"})
        for (const std::string folder : {"/usr/bin/", "/bin/"})
            if (fs::exists(folder + name) && !fs::exists(bin / name))
                fs::create_symlink(folder + name, bin / name);
    const auto write = [&](const std::string& name, const std::string& script) {
        std::ofstream{bin / name} << "#!/bin/sh\n" << script;
        fs::permissions(bin / name, fs::perms::owner_all);
    };
    // An apt-get that makes each program, each of which knows -N.
    write("apt-get", "for p in nc ss pkill strace curl openssl python3 nginx redis-server npm; do\n"
                     "printf '#!/bin/sh\\necho -kN\\n' > " + bin.string() + "/$p; chmod +x " +
                         bin.string() + "/$p; done; echo \"$@\" >> " + bin.string() + "/log\n");
    write("sudo", "exec \"$@\"\n");
    const auto tools = test::run("/usr/bin/env", {"PATH=" + bin.string(), "lessons/tools/packages/tools.sh"});
    CHECK_MESSAGE(tools.status == 0, tools.errors);
    const std::string log = contents(bin / "log");
    CHECK(log.find("netcat-openbsd iproute2 procps strace curl openssl python3") != std::string::npos);
    CHECK(tools.errors.find("installing netcat-openbsd iproute2") != std::string::npos);
    CHECK(tools.errors.find("installing wscat with npm") != std::string::npos);
    CHECK(tools.output.find("  nc ") != std::string::npos);
}
