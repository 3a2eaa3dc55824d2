// make: every target with a name or a number refuses what does not exist, in one line of ours.
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/classroom/files.hpp"
#include "tests/support/process.hpp"
#include "tests/support/terminal.hpp"
#include "tests/support/text_files.hpp"

namespace fs = std::filesystem;
using test::contents;

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

TEST_CASE("make: Ctrl-C ends what it runs, and it says nothing of its own") {
    // In the server's place, as quick to end as a program can be.
    const test::ScratchFolder scratch;
    classroom::write(scratch.path / "lessons/01-tcp-echo/server",
                     "#!/bin/sh\ntrap 'echo ended; exit 0' INT\necho begun\nwhile :; do read -r line; done\n");
    fs::permissions(scratch.path / "lessons/01-tcp-echo/server", fs::perms::owner_all);
    test::Terminal make{"/usr/bin/env", {"-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-s",
                                         "RUN=" + scratch.path.string(), "server-1"}};
    make.expect("begun");
    // As on a busy machine: the program hears of Ctrl-C, and make not yet.
    ::kill(make.pid(), SIGSTOP);
    make.wait_for_stop();
    make.type("\x03");
    make.expect("ended");
    // What make waits for is not over before make has taken note. (Otherwise it would be soon.)
    const std::string pid = std::to_string(make.pid());
    const int child = std::stoi(contents("/proc/" + pid + "/task/" + pid + "/children"));
    for (int i = 0; i < 20; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
        REQUIRE(contents("/proc/" + std::to_string(child) + "/stat").find(") Z ") == std::string::npos);
    }
    ::kill(make.pid(), SIGCONT);
    CHECK(make.wait() == 130);
    CHECK_MESSAGE(make.screen().find("make") == std::string::npos, make.screen());
}

TEST_CASE("make: what it runs reads the terminal, has its status, and ends with make") {
    test::Process server{"lessons/tools/student/run.sh", {test::program("lessons/01-tcp-echo/server"), "--port", "0"}};
    const std::string port = std::to_string(test::listening_port(server.read_line()));
    test::Terminal client{"lessons/tools/student/run.sh", {test::program("lessons/01-tcp-echo/client"), "--port", port}};
    client.type("hello\n");
    client.expect_end("hello\nhello\n");
    client.type("\x04");
    CHECK(client.wait() == 0);
    server.signal(SIGTERM);
    CHECK(server.wait() == 0);  // the server's own end, and not that of a script that left it behind
    const auto refused = test::run("lessons/tools/student/run.sh", {test::program("lessons/01-tcp-echo/client"), "--port", port});
    CHECK(refused.status == 1);
    CHECK(refused.errors.find("cannot connect") != std::string::npos);
}

TEST_CASE("make: a program that fails has the last word") {
    const test::ScratchFolder scratch;
    const fs::path client = scratch.path / "lessons/01-tcp-echo/client";
    for (const char* status : {"1", "2"}) {
        classroom::write(client, "#!/bin/sh\necho 'client: cannot connect' >&2\nexit " + std::string{status} + '\n');
        fs::permissions(client, fs::perms::owner_all);
        const auto make = test::run("env", {"-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make",
                                            "RUN=" + scratch.path.string(), "client-1"});
        CHECK(make.status == 1);
        CHECK(make.output + make.errors == "client: cannot connect\n");
    }
    // -n runs nothing, as always.
    const auto shown = test::run("env", {"-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-n",
                                         "RUN=" + scratch.path.string(), "client-1"});
    CHECK(shown.status == 0);
    CHECK(shown.output.find("client: cannot connect") == std::string::npos);
    CHECK(shown.output.find("01-tcp-echo/client") != std::string::npos);
}
