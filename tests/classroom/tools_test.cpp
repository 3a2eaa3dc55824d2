// What stands around the checks: hints, reading exercises, watching, progress, handouts, and what
// grading makes of submissions. What takes minutes (a handout built, a class graded) is in
// handout.sh and class.sh, for `make classroom`. Runs in the root of the repository.

#include <doctest/doctest.h>
#include <unistd.h>

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

#include "lessons/tools/grade/process.hpp"
#include "lessons/tools/grade/report.hpp"
#include "lessons/tools/grade/submission.hpp"
#include "lessons/tools/starter.hpp"
#include "tests/support/process.hpp"

namespace fs = std::filesystem;

namespace {

struct ScratchFolder {
    ScratchFolder() {
        std::string name = (fs::temp_directory_path() / "classroom-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~ScratchFolder() { fs::remove_all(path); }
    fs::path path;
};

void write(const fs::path& path, std::string_view text) {
    fs::create_directories(path.parent_path());
    std::ofstream{path} << text;
}

std::string contents(const fs::path& path) {
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

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
        return run_with(std::move(variables), {"lessons/tools/hint.sh", "05-frames"});
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

// --- watching -----------------------------------------------------------------------------------

TEST_CASE("classroom: watch checks again when a file is saved, and Ctrl-C ends it well") {
    const ScratchFolder scratch;
    const std::string work = (scratch.path / "work").string();
    write(scratch.path / "work/src/a.cpp", "1");
    // In make's place: says which check it is asked for.
    write(scratch.path / "make", "#!/bin/sh\necho checked \"$2\"\nexit 1\n");
    fs::permissions(scratch.path / "make", fs::perms::owner_all);

    test::Process watch{"lessons/tools/watch.sh", {"5", work, (scratch.path / "make").string()}};
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

TEST_CASE("classroom: watch without files says what to do") {
    check_refused(test::run("lessons/tools/watch.sh", {"5", "/nonexistent", "make"}),
                  "make start-5");
}

// --- progress, diff -----------------------------------------------------------------------------

TEST_CASE("classroom: progress shows scores, times and what comes next") {
    const ScratchFolder scratch;
    const std::string work = scratch.path.string();
    const auto progress = [&work] {
        return test::run("lessons/tools/progress.sh", {work, test::program("tools/holes")});
    };
    CHECK(contains(progress().output, "next: make start-"));
    const std::vector<std::string> files = holes({"files", "5"});
    REQUIRE_FALSE(files.empty());
    const fs::path started = scratch.path / ".course/started-5";
    write(started, "");
    write(scratch.path / files[0], "x");
    fs::last_write_time(started,
                        fs::last_write_time(scratch.path / files[0]) - std::chrono::minutes{90});
    write(scratch.path / ".course/results-5.tsv",
          "lesson\tname\texercise\tverdict\texplanation\n"
          "5\tone\t1\tpassed\t\n5\ttwo\t2\twrong\tbecause\n");
    const auto begun = progress();
    CHECK_MESSAGE(contains(begun.output, "5 frames           1/2      1 h 30 min    make check-5"),
                  begun.output);
    write(
        scratch.path / ".course/results-5.tsv",
        "lesson\tname\texercise\tverdict\texplanation\n5\tone\t1\tpassed\t\n5\ttwo\t2\tpassed\t\n");
    CHECK(contains(progress().output, "5 frames           2/2      1 h 30 min    done"));
    CHECK(begun.status == 0);
}

TEST_CASE("classroom: the true files are shown to those who have solved it, or who insist") {
    const ScratchFolder scratch;
    const std::string file = holes({"files", "5"}).front();
    const auto difference = [&](std::vector<std::string> variables) {
        return run_with(
            std::move(variables),
            {"lessons/tools/compare.sh", "5", scratch.path.string(), test::program("tools/holes")});
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
        "lessons/tools/handout.sh",
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
        return test::run("lessons/tools/leaks.sh",
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
        const auto made = test::run("lessons/tools/handout.sh",
                                    {from, to, (scratch.path / "handout").string(),
                                     test::program("tools/holes"), test::program("tools/texts")});
        CHECK_MESSAGE(made.status == 0, made.errors);
    }
}

// --- grading ------------------------------------------------------------------------------------

TEST_CASE(
    "classroom: submissions are found wherever they begin, and only what is wanted is taken") {
    const ScratchFolder scratch;
    const std::vector<std::string> wanted{"src/ws/frame.cpp", "src/ws/mask.hpp"};
    write(scratch.path / "anna/work/src/ws/frame.cpp", "anna");
    write(scratch.path / "anna/src/ws/frame.cpp", "the course's");
    write(scratch.path / "anna/work/Makefile", "all:");
    write(scratch.path / "ben/a/b/src/ws/mask.hpp", "ben");
    fs::create_directories(scratch.path / "carl");
    write(scratch.path / "README.txt", "none of theirs");
    write(scratch.path / "dora.tar", "no archive");
    const auto all = grade::read_submissions(scratch.path, wanted);
    REQUIRE(all.size() == 5);
    CHECK(all[0].student == "README.txt");
    CHECK(all[0].refused == "is no folder, no archive, and none of the files with exercises");
    CHECK(all[1].student == "anna");
    CHECK(all[1].files == std::map<std::string, std::string>{{"src/ws/frame.cpp", "anna"}});
    CHECK(all[1].read == "1 file, from work/");
    CHECK(all[2].files == std::map<std::string, std::string>{{"src/ws/mask.hpp", "ben"}});
    CHECK(all[3].files.empty());
    CHECK(all[3].refused.empty());
    CHECK(all[4].student == "dora");
    CHECK(all[4].refused == "the archive cannot be read");
}

TEST_CASE("classroom: nobody vanishes, however it was handed in, and names are told apart") {
    const ScratchFolder scratch;
    const std::vector<std::string> wanted{"src/ws/frame.cpp", "src/ws/mask.hpp"};
    const fs::path folder = scratch.path / "class";
    const std::map<std::string, std::string> expected{{"src/ws/frame.cpp", "x"}};
    write(scratch.path / "x/work/src/ws/frame.cpp", "x");
    const auto pack = [&](const std::string& name) {
        fs::create_directories((folder / name).parent_path());
        const auto packed = test::run("/usr/bin/env", {"tar", "-C", (scratch.path / "x").string(), "-caf",
                                                       (folder / "packed.tar.gz").string(), "work"});
        REQUIRE_MESSAGE(packed.status == 0, packed.errors);
        fs::rename(folder / "packed.tar.gz", folder / name);
    };
    fs::create_directories(folder);
    pack("Anna Muster_12345_assignsubmission_file_/work.tar.gz");
    pack("Ben.TAR.GZ");
    pack("carl.tgz");
    write(folder / "carl/src/ws/frame.cpp", "x");
    write(folder / "dora/frame.cpp", "x");
    write(folder / "frame.cpp", "x");
    write(folder / "emil.7z", "7z");
    write(folder / ".fred/src/ws/frame.cpp", "x");
    pack("gerd/a.tgz");
    pack("gerd/b.tgz");
    std::map<std::string, grade::Submission> all;
    for (const grade::Submission& one : grade::read_submissions(folder, wanted)) all[one.student] = one;
    CHECK(all.size() == 9);
    for (const char* name : {"Anna Muster", "Ben", "carl (carl)", "carl (carl.tgz)", "dora", "frame.cpp"})
        CHECK_MESSAGE(all[name].files == expected, name);
    CHECK(all["Anna Muster"].read == "1 file of work.tar.gz, from work/");
    CHECK(contains(all["emil.7z"].refused + all["emil"].refused, "ask for .zip"));
    CHECK(contains(all[".fred"].refused, "begins with a dot"));
    CHECK(all["gerd"].refused == "holds 2 archives, and none of the files itself");
}

TEST_CASE("classroom: a zip with backslashes in its names is read") {
    const ScratchFolder scratch;
    write(scratch.path / "work!src!ws!frame.cpp", "x");
    fs::create_directories(scratch.path / "class");
    const auto packed = test::run("/bin/sh", {"-c", "cd '" + scratch.path.string() + "' && zip -q a.zip work*"});
    if (packed.status != 0) {
        MESSAGE("skipped: there is no zip here");
        return;
    }
    std::ifstream file{scratch.path / "a.zip"};
    std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    std::ranges::replace(bytes, '!', '\\');
    for (const char system : {'\3', '\0'}) {  // made by Unix, by DOS
        bytes[bytes.find("PK\1\2") + 5] = system;
        write(scratch.path / "class/anna.zip", bytes);
        const auto all = grade::read_submissions(scratch.path / "class", {"src/ws/frame.cpp"});
        CHECK(all.at(0).refused == "");
        CHECK(all.at(0).files == std::map<std::string, std::string>{{"src/ws/frame.cpp", "x"}});
    }
}

TEST_CASE("classroom: archives with links, or paths that lead out, are refused") {
    const ScratchFolder scratch;
    const std::vector<std::string> wanted{"src/ws/frame.cpp"};
    const fs::path class_folder = scratch.path / "class";
    fs::create_directories(class_folder);
    write(scratch.path / "x/work/src/ws/frame.cpp", "x");
    const auto pack = [&](const std::string& name, std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"-C", (scratch.path / "x").string(), "-czf",
                                             (class_folder / name).string()});
        const auto packed = test::run("/usr/bin/env", [&] {
            arguments.insert(arguments.begin(), "tar");
            return arguments;
        }());
        REQUIRE_MESSAGE(packed.status == 0, packed.errors);
    };
    const auto refused = [&] {
        return grade::read_submissions(class_folder, wanted).at(0).refused;
    };
    SUBCASE("a good one") {
        pack("anna.tgz", {"."});
        const auto all = grade::read_submissions(class_folder, wanted);
        CHECK(all.at(0).refused.empty());
        CHECK(all.at(0).files.at("src/ws/frame.cpp") == "x");
    }
    SUBCASE("a symbolic link") {
        fs::create_symlink("/etc/passwd", scratch.path / "x/work/notes");
        pack("anna.tgz", {"work"});
        CHECK(contains(refused(), "a link"));
    }
    SUBCASE("a hard link") {
        fs::create_hard_link(scratch.path / "x/work/src/ws/frame.cpp", scratch.path / "x/work/b");
        pack("anna.tgz", {"work"});
        CHECK(contains(refused(), "a link"));
    }
    SUBCASE("..") {
        pack("anna.tgz", {"-P", "--transform", "s|^work|../../work|", "work"});
        CHECK(contains(refused(), "leads out"));
    }
    SUBCASE("an absolute path") {
        pack("anna.tgz", {"-P", "--transform", "s|^work|/work|", "work"});
        CHECK(contains(refused(), "leads out"));
    }
    SUBCASE("a link in a folder") {
        fs::create_directories(class_folder / "ben");
        fs::create_directory_symlink("/etc", class_folder / "ben/work");
        CHECK(contains(refused(), "a link"));
    }
    SUBCASE("a submission that is a link") {
        fs::create_directory_symlink(scratch.path / "x", class_folder / "ben");
        CHECK(contains(refused(), "a link"));
    }
    SUBCASE("a file that is larger than any solution") {
        write(scratch.path / "x/work/src/ws/frame.cpp", std::string(600'000, ' '));
        pack("anna.tgz", {"work"});
        CHECK(contains(refused(), "too large"));
    }
}

TEST_CASE(
    "classroom: a program is ended when it takes too long, prints too much, grows too large") {
    using How = grade::Ended::How;
    CHECK(grade::run({"sh", "-c", "echo out; echo err >&2; exit 3"}, {}).status == 3);
    CHECK(grade::run({"sh", "-c", "echo out; echo err >&2"}, {}).output == "out\nerr\n");
    CHECK(grade::run({"sleep", "30"}, {.time = std::chrono::seconds{1}}).how == How::too_late);
    CHECK(grade::run({"sh", "-c", "exec >/dev/null 2>&1; exec sleep 30"},
                     {.time = std::chrono::seconds{1}})
              .how == How::too_late);
    const auto loud = grade::run({"yes"}, {.output = 1000});
    CHECK(loud.how == How::too_much_output);
    CHECK(loud.output.size() == 1000);
    // What a child of a child holds counts: tail keeps a line without an end in memory.
    CHECK(grade::run({"sh", "-c", "sh -c 'tail </dev/zero; true'; true"},
                     {.memory = std::size_t{100} << 20})
              .how == How::too_much_memory);
    CHECK(grade::run({"sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; wait"},
                     {.processes = 5})
              .how == How::too_many_processes);
    // What is too much because they are too many is called so.
    CHECK(grade::run({"sh", "-c",
                      "for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & sleep 5 & sleep 5 & done; wait"},
                     {.memory = std::size_t{8} << 20, .processes = 5})
              .how == How::too_many_processes);
    CHECK(grade::run({"/nonexistent/program"}, {}).status == 127);
    // Nothing that it has started stays, neither when its time is up nor when it ends well.
    for (const char* ends : {"sleep 60 & echo $!; wait", "sleep 60 >/dev/null 2>&1 & echo $!"}) {
        const auto left = grade::run({"sh", "-c", ends}, {.time = std::chrono::seconds{1}});
        const fs::path process = fs::path{"/proc"} / left.output.substr(0, left.output.find('\n'));
        const auto gone = [&] {
            const std::string stat = contents(process / "stat");
            return stat.empty() || contains(stat, ") Z ");
        };
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        while (!gone() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
        CHECK_MESSAGE(gone(), ends);
    }
}

TEST_CASE("classroom: the table, the spreadsheet and the JSON are safe, whatever the name") {
    const std::vector<std::string> scenarios{"5/a", "5/b"};
    grade::Row row{.student = "=HYPERLINK(\"x\")\x1B[2J",
                   .verdict = "failed",
                   .score = 1,
                   .first = "5/b",
                   .explanation = "not \"x\", but y",
                   .read = "2 files",
                   .seed = "5eed"};
    row.outcomes["5/a"] = {"passed", ""};
    row.outcomes["5/b"] = {"wrong", "not \"x\", but y"};
    const std::string csv = grade::csv({row}, scenarios);
    CHECK(csv ==
          "student,verdict,score,of,first failure,explanation,read,seed,5/a,5/b\r\n"
          "\"'=HYPERLINK(\"\"x\"\")\x1B[2J\",failed,1,2,5/b,\"not \"\"x\"\", but "
          "y\",2 files,5eed,passed,wrong\r\n");
    const std::string table = grade::table({row}, scenarios);
    CHECK_FALSE(contains(table, "\x1B"));
    CHECK(contains(table, "1/2    failed   5/b: not \"x\", but y"));
    CHECK(contains(table, "\nseed 5eed: "));
    const std::string json = grade::json_text({row}, scenarios);
    CHECK(contains(json, "\"score\":1,\"of\":2"));
    CHECK(
        contains(json, R"({"scenario":"5/b","verdict":"wrong","explanation":"not \"x\", but y"})"));
    CHECK_FALSE(contains(json, "\x1B"));
    // It is read again when one student is graded anew.
    const std::vector<grade::Row> again = grade::rows_of(json);
    CHECK(grade::csv(again, scenarios) == csv);
    CHECK_THROWS(grade::rows_of("[{"));
    // A scenario of which nothing is known, since the check was ended.
    CHECK(contains(grade::csv({{.student = "x"}}, scenarios), "not run,not run"));
}
