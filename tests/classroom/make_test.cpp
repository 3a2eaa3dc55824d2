// make: every target with a name or a number refuses what does not exist, in one line of ours.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/process.hpp"

TEST_CASE("make: what does not exist is refused in one line that says what there is") {
    const std::vector<std::string> missing_lessons{
        "start-abc", "check-99", "trace-x",   "hint-0",   "answer-99",
        "diff-abc",  "watch-99", "lesson-99", "server-x", "client-0"};
    const auto make = [](const std::string& target) {
        CAPTURE(target);
        const test::Finished finished =
            test::run("env", {"-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-s", target});
        CHECK(finished.status == 2);
        // make adds which target has failed.
        const std::size_t end = finished.errors.find('\n');
        CHECK(finished.errors.find("make: *** [", end) == end + 1);
        return finished.errors.substr(0, end);
    };
    for (const std::string& target : missing_lessons)
        CHECK(make(target).starts_with("make: there is no lesson " +
                                       target.substr(target.find('-') + 1) + "; there are 1 2 3"));
    CHECK(make("mutants-99").starts_with("make: nothing is checked in lesson 99"));
    for (const char* target : {"foo", "lesson-", "start-", "mutants-"})
        CHECK(make(target).starts_with("make: there is no '" + std::string{target} + "', neither"));
}

TEST_CASE("make: all cores are at work, unless something else was said") {
    const auto flags = [](const std::string& argument) {
        const test::Finished finished =
            test::run("env", {"-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-s", argument, "print-MAKEFLAGS"});
        REQUIRE_MESSAGE(finished.status == 0, finished.errors);
        return finished.output;
    };
    const std::string cores = test::run("nproc", {}).output;
    CHECK(flags("-s").find(" -j" + cores.substr(0, cores.find('\n'))) != std::string::npos);
    CHECK(flags("-j7").find(" -j7") != std::string::npos);
}

TEST_CASE("make: a clone has its lines end with LF, whatever git was told elsewhere") {
    // Git for Windows asks for CR LF; in such a clone no script runs, and it is used in WSL.
    const test::Finished attributes =
        test::run("git", {"check-attr", "text", "eol", "--", "lessons/tools/student/check.sh", "Makefile"});
    if (attributes.status != 0) {
        MESSAGE("no clone, or no git: not looked at");
        return;
    }
    CHECK(attributes.output ==
          "lessons/tools/student/check.sh: text: auto\nlessons/tools/student/check.sh: eol: lf\n"
          "Makefile: text: auto\nMakefile: eol: lf\n");
}
