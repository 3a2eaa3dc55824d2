// What stands around the checks: hints, reading exercises, watching, progress, handouts. What takes
// minutes (a handout built, a class graded) is in handout.sh and class.sh, for `make classroom`.
// Runs in the root of the repository.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "lessons/tools/holes/starter.hpp"
#include "tests/classroom/files.hpp"
#include "tests/support/process.hpp"
#include "tests/support/terminal.hpp"
#include "tests/support/text_files.hpp"

namespace fs = std::filesystem;

namespace {

using classroom::contains;
using classroom::contents;
using classroom::write;
using test::ScratchFolder;

// One line, and nothing on standard output: what every wrong usage gets.
void check_refused(const test::Finished& ended, std::string_view says) {
    CHECK(ended.status == 2);
    CHECK(ended.output.empty());
    CHECK(std::ranges::count(ended.errors, '\n') == 1);
    CHECK_MESSAGE(contains(ended.errors, says), ended.errors);
}

std::vector<std::string> holes(const std::vector<std::string>& arguments) {
    const auto ended = test::run(test::program("tools/holes"), arguments);
    REQUIRE_MESSAGE(ended.status == 0, ended.errors);
    std::vector<std::string> lines;
    std::istringstream stream{ended.output};
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

// A command with variables in its environment, as make gives them.
test::Finished run_with(std::vector<std::string> variables,
                        const std::vector<std::string>& command) {
    variables.insert(variables.begin(), {"-u", "T", "-u", "L", "-u", "A", "-u", "SPOIL"});
    variables.insert(variables.end(), command.begin(), command.end());
    return test::run("/usr/bin/env", variables);
}

}  // namespace

// --- hints --------------------------------------------------------------------------------------

TEST_CASE("classroom: a hint is the one that was asked for, and names the next") {
    const auto hint = [](std::vector<std::string> variables) {
        return run_with(std::move(variables), {"lessons/tools/student/hint.sh", "05-frames"});
    };
    const auto first = hint({"T=3"});
    CHECK_MESSAGE(first.status == 0, first.errors);
    CHECK(first.output.starts_with("Exercise 3 "));
    CHECK(contains(first.output, "hint 1 of 3"));
    CHECK(contains(first.output, "make hint-5 T=3 L=2"));
    const auto last = hint({"T=3", "L=3"});
    CHECK(last.output != first.output);
    CHECK(contains(last.output, "lessons/05-frames/exercises.md"));
    CHECK_FALSE(contains(last.output, "L=4"));
    SUBCASE("by the name of a scenario") {
        const std::string checks = contents("lessons/05-frames/checks.cpp");
        CHECK(contains(checks, "{\"length-126\", exercise("));
        CHECK(hint({"T=length-126"}).status == 0);
        CHECK(hint({"T=5/length-126"}).output == hint({"T=length-126"}).output);
    }
    SUBCASE("wrong usage is one line") {
        check_refused(hint({}), "make hint-5 T=1");
        check_refused(hint({"T=99"}), "there is no exercise 99");
        check_refused(hint({"T=no-such"}), "there is no scenario 'no-such'");
        check_refused(hint({"T=3", "L=4"}), "L= takes 1, 2 or 3");
        check_refused(hint({"T=.*"}), "no scenario");
    }
}

// --- reading exercises --------------------------------------------------------------------------

TEST_CASE("classroom: no reading exercise has many right answers; it explains the wrong ones") {
    const auto check = test::run(test::program("tools/answer"), {"--check"});
    CHECK_MESSAGE(check.status == 0, check.output);
}

TEST_CASE("classroom: the answers of the reading exercises of lessons 3, 8, 9, 11, 12, 14 and 15") {
    const std::vector<std::vector<std::string>> right{
        {"3", "1", "5"},  {"3", "1b", "5"}, {"8", "1", "13"},  {"8", "1b", "6"},  {"9", "1", "11"},
        {"9", "1b", "9"}, {"9", "1c", "9"}, {"11", "1", "21"}, {"11", "1b", "11"},
        {"12", "1", "59"}, {"14", "1", "cat"}, {"15", "1", "1900"}};
    for (const auto& answer : right) {
        CAPTURE(answer[0]);
        CAPTURE(answer[1]);
        const auto judged = test::run(test::program("tools/answer"), answer);
        CHECK_MESSAGE(judged.output.starts_with("Right. "), judged.output);
    }
}

TEST_CASE("classroom: a reading exercise is asked and judged") {
    const auto answer = [](const std::vector<std::string>& arguments) {
        return test::run(test::program("tools/answer"), arguments);
    };
    const auto asked = answer({"9", "1", ""});
    CHECK(asked.status == 0);
    CHECK(contains(asked.output, "8A 86 37 FA 21 3D"));
    CHECK(contains(asked.output, "make answer-9 T=1 A="));
    CHECK_FALSE(contains(asked.output, "42\""));  // what it is about is not said
    CHECK(answer({"9", "1", "byte 11"}).status == 0);
    CHECK(contains(answer({"9", "1", "11, because"}).output, "make answer-9 T=1b"));
    const auto wrong = answer({"9", "1", "0"});
    CHECK(wrong.status == 1);
    CHECK(contains(wrong.output, "PONG"));
    CHECK(answer({"9", "1", "no idea"}).status == 1);
    check_refused(answer({}), "expected: answer LESSON");
    check_refused(answer({"9"}), "make answer-9 T=1");
    check_refused(answer({"9", "7"}), "those of lesson 9 are T=1, 1b, 1c");
    check_refused(answer({"77", "1"}), "lesson 77 has no reading exercise");
    check_refused(answer({"x\x1B[2J", "1"}), "\\x1B");
}

// --- building -----------------------------------------------------------------------------------

TEST_CASE("classroom: on a terminal the build of a check says how far it is, and how long the last one took") {
    const ScratchFolder scratch;
    const std::string place = scratch.path.string(), build = place + "/build";
    // In make's place: five files are to be compiled, two of them are, and the others wait for us.
    write(scratch.path / "make", "#!/bin/sh\n"
                                 "case \" $* \" in *' --dry-run '*)\n"
                                 "    for file in a b c d e; do echo g++ -c $file.cpp; done; exit;;\n"
                                 "esac\n"
                                 "mkdir -p " + build + "/obj\n"
                                 "until [ -e " + place + "/go ]; do\n"
                                 "    touch " + build + "/obj/a.o " + build + "/obj/b.o; sleep 0.1\n"
                                 "done\n"
                                 "printf '#!/bin/sh\\necho judged\\n' >" + build + "/check-01\n"
                                 "chmod +x " + build + "/check-01\n");
    fs::permissions(scratch.path / "make", fs::perms::owner_all);

    const auto check = [&](const std::vector<std::string>& lines) {
        fs::remove(scratch.path / "go");
        test::Terminal terminal{"/usr/bin/env",
                                {"-u", "NAME", "-u", "TRACE", "-u", "SEED", "-u", "ONLY_LESSON", "-u", "QUIET",
                                 "MAKE=" + place + "/make", "BUILD=" + build, "WORK=" + place + "/work",
                                 "HOLES=" + test::program("tools/holes"), "lessons/tools/student/check.sh", "1"}};
        for (const std::string& line : lines) terminal.expect(line);
        write(scratch.path / "go", "");
        terminal.expect("judged");
        CHECK(terminal.wait() == 0);
        // The line of the build is gone.
        CHECK_FALSE(contains(terminal.screen(), "compiled"));
    };
    check({"Building lessons 1 to 1, once; this takes a while …", "compiled 2 of 5 files "});
    // After `make clean`: work/ is the student's, and stays.
    fs::remove(scratch.path / "build/check-01");
    const std::string first = contents(scratch.path / "work/.course/built-first-1");
    const std::string last = " (the last time: " + first.substr(0, first.find('\n')) + " s)";
    check({"this takes a while" + last + " …", "compiled 2 of 5 files" + last});
    // An edit is another kind of build.
    write(scratch.path / "work/.course/built-again-1", "33\n");
    check({"compiled 2 of 5 files (the last time: 33 s)"});
}

TEST_CASE("classroom: Ctrl-C ends a build, also when make says no more than that it failed") {
    const ScratchFolder scratch;
    const std::string place = scratch.path.string();
    // In make's place: it compiles until it is interrupted, and then ends as after an error.
    write(scratch.path / "make", "#!/bin/sh\n"
                                 "case \" $* \" in *' --dry-run '*) exit;; esac\n"
                                 "trap 'exit 2' INT\n"
                                 "echo called >>" + place + "/calls\n"
                                 "echo compiling >/dev/tty\n"
                                 "while :; do sleep 0.1; done\n");
    fs::permissions(scratch.path / "make", fs::perms::owner_all);
    test::Terminal terminal{"/usr/bin/env",
                            {"-u", "NAME", "-u", "TRACE", "-u", "SEED", "-u", "ONLY_LESSON", "-u", "QUIET",
                             "MAKE=" + place + "/make", "BUILD=" + place + "/build", "WORK=" + place + "/work",
                             "HOLES=" + test::program("tools/holes"), "lessons/tools/student/check.sh", "1"}};
    terminal.expect("compiling");
    terminal.type("\x03");
    CHECK(terminal.wait() == 128 + SIGINT);
    CHECK(contents(scratch.path / "calls") == "called\n");
    CHECK_FALSE(contains(terminal.screen(), "failed"));
}

TEST_CASE("classroom: the compiler is asked to speak so that the check can read it, whatever a student has set") {
    const ScratchFolder scratch;
    const std::string place = scratch.path.string(), work = place + "/work";
    write(scratch.path / "work/src/net/fd.cpp", "// Exercise 1/2: Close it.\nint fd = nosuch;\n");
    // In make's place: an error as the compiler would tell it, in the language and the colours of this moment.
    write(scratch.path / "make", "#!/bin/sh\n"
                                 "color=never\n"
                                 "for word in $*; do case $word in *-color=*) color=${word##*=};; esac; done\n"
                                 "[ \"$LC_ALL$color\" = Cnever ] && error=error: || error=Fehler:\n"
                                 "echo \"" + work + "/src/net/fd.cpp:2:10: $error 'nosuch' was not declared\"\n"
                                 "echo '    2 | int fd = nosuch;'\n"
                                 "echo 'x.cpp:1:1: note: did you forget to include something?'\n"
                                 "printf 'x.cpp:1:2: note: %05000d\\n' 0\n"
                                 "echo \"" + work + "/src/net/fd.cpp:3:1: $error another\"\n"
                                 "exit 2\n");
    fs::permissions(scratch.path / "make", fs::perms::owner_all);
    const test::Finished ended = run_with(
        {"-u", "NAME", "-u", "TRACE", "-u", "SEED", "-u", "ONLY_LESSON", "LC_ALL=de_DE.UTF-8",
         "CXXFLAGS=-fdiagnostics-color=always", "MAKE=" + place + "/make", "BUILD=" + place + "/build",
         "WORK=" + work, "HOLES=" + test::program("tools/holes")},
        {"lessons/tools/student/check.sh", "1"});
    CHECK(ended.status == 1);
    CHECK_MESSAGE(contains(ended.output, work + "/src/net/fd.cpp:2:10: error: 'nosuch'"), ended.output << ended.errors);
    CHECK(contains(ended.output, "make hint-1 T=2"));
    // What it quotes and notes belongs to the error, and the next error does not.
    CHECK(contains(ended.output, "    2 | int fd = nosuch;\nx.cpp:1:1: note: did you forget to include something?\n"));
    CHECK_FALSE(contains(ended.output, "another"));
    // The name of a template may be longer than a screen.
    std::istringstream lines{ended.output};
    for (std::string line; std::getline(lines, line);) CHECK(line.size() < 500);
    CHECK(contains(ended.output, "x.cpp:1:2: note: 000"));
}

// --- watching -----------------------------------------------------------------------------------

TEST_CASE("classroom: watch checks again when a file is saved, and Ctrl-C ends it well") {
    const ScratchFolder scratch;
    const std::string work = (scratch.path / "work").string();
    write(scratch.path / "work/src/a.cpp", "1");
    // In make's place: says which check it is asked for.
    write(scratch.path / "make", "#!/bin/sh\necho checked \"$2\"\nexit 1\n");
    fs::permissions(scratch.path / "make", fs::perms::owner_all);

    test::Process watch{"lessons/tools/student/watch.sh", {"5", work, (scratch.path / "make").string()}};
    CHECK(watch.read_line() == "checked check-5");
    CHECK(watch.read_line().empty());
    CHECK(contains(watch.read_line(), "waiting for a change"));
    SUBCASE("a file that was saved") { write(scratch.path / "work/src/a.cpp", "22"); }
    SUBCASE("a new file") { write(scratch.path / "work/src/b.hpp", "1"); }
    // An editor's own files, and what the check writes, are none of the student's.
    write(scratch.path / "work/src/.a.cpp.swp", "1");
    write(scratch.path / "work/.course/results-5.tsv", "1");
    CHECK(watch.read_line() == "checked check-5");
    CHECK(watch.read_line().empty());
    CHECK(contains(watch.read_line(), "waiting for a change"));
    watch.signal(SIGINT);
    CHECK(watch.wait() == 0);
    CHECK(watch.output_so_far().ends_with("watch-5: ended\n"));
    CHECK(contents(scratch.path / "work/src/a.cpp").size() >= 1);  // nothing was cleared
}

TEST_CASE("classroom: start shows each task whole, and where it stands") {
    const ScratchFolder scratch;
    const fs::path work = scratch.path / "work";
    const auto started = test::run("lessons/tools/student/start.sh",
                                   {"1", work.string(), test::program("tools/holes")});
    REQUIRE_MESSAGE(started.status == 0, started.errors);
    // The longest task of the lesson takes two lines in the file, and others here.
    std::string words;
    std::istringstream stream{started.output};
    for (std::string word; stream >> word;) words += word + ' ';
    CHECK_MESSAGE(contains(words, "stays in the queue: poll() says so at once, again and again. Wait a moment before "
                                  "the next try, but stay reachable for `stop`. "), started.output);
    const std::string place = "1/6 " + (work / "src/net/socket.cpp").string() + ":";
    REQUIRE_MESSAGE(contains(words, place), started.output);
    const int line = std::stoi(words.substr(words.find(place) + place.size()));
    std::istringstream file{contents(work / "src/net/socket.cpp")};
    std::string there;
    for (int i = 0; i < line; ++i) std::getline(file, there);
    CHECK_MESSAGE(contains(there, "// Exercise 1/6: No descriptor is left"), there);
}

TEST_CASE("classroom: watch without files says what to do") {
    check_refused(test::run("lessons/tools/student/watch.sh", {"5", "/nonexistent", "make"}),
                  "make start-5");
}

// --- progress, diff -----------------------------------------------------------------------------

TEST_CASE("classroom: progress shows scores, times and what comes next") {
    const ScratchFolder scratch;
    const std::string work = scratch.path.string();
    const auto progress = [&work] {
        return test::run("lessons/tools/student/progress.sh", {work, test::program("tools/holes")});
    };
    CHECK(contains(progress().output, "next: make start-"));
    const std::vector<std::string> files = holes({"files", "5"});
    REQUIRE_FALSE(files.empty());
    const fs::path started = scratch.path / ".course/started-5";
    write(started, "");
    write(scratch.path / files[0], "x");
    write(scratch.path / ".course/results-5.tsv",
          "lesson\tname\texercise\tverdict\texplanation\n"
          "5\tone\t1\tpassed\t\n5\ttwo\t2\twrong\tbecause\n");
    // Ten minutes and five until the first two checks, then a night, of which half an hour counts. The
    // last check came after the last save.
    const auto minutes_before = [&](int minutes) {
        const auto saved = fs::last_write_time(scratch.path / files[0]);
        const auto time = std::chrono::file_clock::to_sys(saved) - std::chrono::minutes{minutes};
        return std::to_string(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count()) + '\n';
    };
    const fs::path checked = scratch.path / ".course/checked-5";
    fs::last_write_time(started, fs::last_write_time(scratch.path / files[0]) - std::chrono::minutes{615});
    write(checked, minutes_before(605) + minutes_before(600) + minutes_before(-60));
    const auto begun = progress();
    CHECK_MESSAGE(contains(begun.output, "5 frames           1/2      45 min        make check-5"),
                  begun.output);
    // Somebody who never checked: half an hour.
    fs::remove(checked);
    write(
        scratch.path / ".course/results-5.tsv",
        "lesson\tname\texercise\tverdict\texplanation\n5\tone\t1\tpassed\t\n5\ttwo\t2\tpassed\t\n");
    CHECK(contains(progress().output, "5 frames           2/2      30 min        done"));
    CHECK(begun.status == 0);
}

TEST_CASE("classroom: the true files are shown to those who have solved it, or who insist") {
    const ScratchFolder scratch;
    const std::string file = holes({"files", "5"}).front();
    const auto difference = [&](std::vector<std::string> variables) {
        return run_with(
            std::move(variables),
            {"lessons/tools/student/compare.sh", "5", scratch.path.string(), test::program("tools/holes")});
    };
    check_refused(difference({}), "once make check-5 passes");
    check_refused(difference({"SPOIL=1"}), "make start-5");
    write(scratch.path / file, "mine\n");
    CHECK(contains(difference({"SPOIL=1"}).output, "+mine"));
    const fs::path results = scratch.path / ".course/results-5.tsv";
    write(results, "lesson\tname\texercise\tverdict\texplanation\n5\tone\t1\twrong\t\n");
    check_refused(difference({}), "did not pass (1 failed)");
    write(results, "lesson\tname\texercise\tverdict\texplanation\n5\tone\t1\tpassed\t\n");
    CHECK(contains(difference({}).output, "+mine"));
}

// --- handouts -----------------------------------------------------------------------------------

TEST_CASE("classroom: a handout's file gives the same starter, and holds no true code") {
    for (const std::string& file : holes({"files"})) {
        CAPTURE(file);
        const std::vector<starter::Hole> all = starter::read_all();
        std::vector<starter::Hole> own;
        std::ranges::copy_if(all, std::back_inserter(own), [&](const auto& hole) { return hole.file == file; });
        const std::string given = starter::cut(starter::read_text(file), own);
        CHECK(starter::cut(given, own) == given);
        // Other lessons' handouts have it whole.
        CHECK(holes({"handout", "90", "99", file}) == starter::read_lines(file));
    }
}

TEST_CASE("classroom: a handout is made, and nothing in it is the teacher's") {
    const ScratchFolder scratch;
    const fs::path tree = scratch.path / "handout";
    const auto made = test::run(
        "lessons/tools/teacher/handout.sh",
        {"4", "5", tree.string(), test::program("tools/holes"), test::program("tools/texts")});
    CHECK_MESSAGE(made.status == 0, made.errors);
    CHECK(fs::exists(tree / "lessons/01-tcp-echo/README.md"));
    CHECK(fs::exists(tree / "lessons/05-frames/checks.cpp"));
    CHECK(contains(contents(tree / "README.md"), "lessons/05-frames/README.md"));
    CHECK_FALSE(fs::exists(tree / "lessons/06-native-echo"));
    CHECK_FALSE(fs::exists(tree / "src/ws/connection.cpp"));
    CHECK_FALSE(fs::exists(tree / "tests"));
    for (const auto& entry : fs::recursive_directory_iterator{tree}) {
        const std::string name = entry.path().filename().string();
        CHECK(name != "teacher.md");
        CHECK(name != "mutants");
        CHECK(name != "grade");
        CHECK_FALSE(name.ends_with(".handout"));
    }
    // Where a text shows an answer, it says whose part that is.
    CHECK(contains(contents(tree / "lessons/05-frames/README.md"),
                   "(a part of src/ws/frame.cpp that is yours to write)"));

    const auto leaks = [&] {
        return test::run("lessons/tools/teacher/leaks.sh",
                         {"4", "5", tree.string(), test::program("tools/holes")});
    };
    CHECK(leaks().status == 0);
    write(tree / "lessons/note.md",
          "Try `const std::uint8_t length = bytes[1] & length_bits;` there.\n");
    const auto found = leaks();
    CHECK(found.status != 0);
    CHECK_MESSAGE(contains(found.errors, "lessons/note.md:1: "), found.errors);
}

TEST_CASE("classroom: no handout holds lines of an answer, whatever lessons it is for") {
    const auto last =
        std::count_if(fs::directory_iterator{"lessons"}, {}, [](const fs::directory_entry& entry) {
            return entry.path().filename() < fs::path{"a"} && entry.is_directory();
        });
    const std::vector<std::pair<std::string, std::string>> handouts{{"1", std::to_string(last)},
                                                                    {"4", "6"}};
    for (const auto& [from, to] : handouts) {
        const ScratchFolder scratch;
        const auto made = test::run("lessons/tools/teacher/handout.sh",
                                    {from, to, (scratch.path / "handout").string(),
                                     test::program("tools/holes"), test::program("tools/texts")});
        CHECK_MESSAGE(made.status == 0, made.errors);
    }
}
