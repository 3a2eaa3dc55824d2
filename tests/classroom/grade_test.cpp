// What grading reads of submissions, how it ends what they start, and the table that it makes. What a
// student gets back is in feedback_test.cpp; a whole class graded, which takes minutes, is class.sh,
// for `make classroom`.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "lessons/tools/grade/process.hpp"
#include "lessons/tools/grade/report.hpp"
#include "lessons/tools/grade/results_folder.hpp"
#include "lessons/tools/grade/submission.hpp"
#include "tests/classroom/files.hpp"
#include "tests/support/process.hpp"
#include "tests/support/text_files.hpp"

namespace fs = std::filesystem;
using classroom::contains;
using classroom::contents;
using classroom::write;
using test::ScratchFolder;

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

TEST_CASE("classroom: what was graded before stays, also on a drive that knows no links") {
    const ScratchFolder scratch;
    const std::string out = (scratch.path / "grade").string();
    const auto no_links = [](const fs::path&, const fs::path&, std::error_code& error) {
        error = std::make_error_code(std::errc::function_not_supported);
    };
    std::vector<std::string> graded;
    const auto grade_one = [&](const std::string& folder) {
        graded.push_back(std::to_string(graded.size()));
        CHECK(fs::is_directory(folder + "/logs"));
        CHECK_FALSE(fs::exists(folder + "/results.json"));
        write(folder + "/results.json", graded.back());
        CHECK(contents(out + "/latest/results.json") == graded.back());
    };
    const std::string dated = grade::new_results_folder(out);
    CHECK(fs::path{dated}.filename() != "latest");
    grade_one(dated);
    grade_one(grade::new_results_folder(out));
    for (int i = 0; i < 2; ++i) {
        grade_one(grade::new_results_folder(out, no_links));
        CHECK_FALSE(fs::is_symlink(out + "/latest"));
    }
    grade_one(grade::new_results_folder(out));
    std::vector<std::string> kept;
    for (const auto& entry : fs::directory_iterator{out})
        if (!entry.is_symlink()) kept.push_back(contents(entry.path() / "results.json"));
    std::ranges::sort(kept);
    CHECK(kept == graded);
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
    const grade::Scenarios scenarios{{.name = "5/a", .exercise = "5/1"}, {.name = "5/b", .exercise = "5/2"}};
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
          "student,verdict,score,of,first failure,explanation,read,seed,points,of points,last changed,days late,"
          "beyond,suspicious words,likeness,like,5/a,5/b\r\n"
          "\"'=HYPERLINK(\"\"x\"\")\x1B[2J\",failed,1,2,5/b,\"not \"\"x\"\", but "
          "y\",2 files,5eed,1,2,,,,,,,passed,wrong\r\n");
    const std::string table = grade::table({row}, scenarios);
    CHECK_FALSE(contains(table, "\x1B"));
    CHECK(contains(table, "1/2    failed   5/b: not \"x\", but y"));
    CHECK(contains(table, "\nseed 5eed: "));
    const std::string json = grade::json_text({row}, scenarios);
    CHECK(contains(json, "\"score\":1,\"of\":2"));
    CHECK(
        contains(json, R"({"scenario":"5/b","exercise":"5/2","points":1.0,"verdict":"wrong","explanation":"not \"x\", but y"})"));
    CHECK_FALSE(contains(json, "\x1B"));
    // It is read again when one student is graded anew.
    const std::vector<grade::Row> again = grade::rows_of(json);
    CHECK(grade::csv(again, scenarios) == csv);
    CHECK_THROWS(grade::rows_of("[{"));
    // A scenario of which nothing is known, since the check was ended.
    CHECK(contains(grade::csv({{.student = "x"}}, scenarios), "not run,not run"));
}
