// The tests' own tool: what it promises about programs that end, hang, or say nothing.
#include "tests/support/process.hpp"

#include <doctest/doctest.h>
#include <signal.h>

#include <stdexcept>

using test::Process;
using namespace std::chrono_literals;

TEST_CASE("process: lines out, lines in, an exit status") {
    Process cat{"cat"};
    cat.write("one\ntwo\n");
    CHECK(cat.read_line() == "one");
    CHECK(cat.read_line() == "two");
    cat.write("no line feed");
    cat.close_stdin();
    CHECK(cat.read_line() == "no line feed");
    CHECK(cat.wait() == 0);
    CHECK(cat.output_so_far() == "one\ntwo\nno line feed");
}

TEST_CASE("process: a failure shows what the program printed") {
    Process shell{"sh", {"-c", "echo out; echo err >&2; exit 3"}};
    CHECK(shell.read_line() == "out");
    CHECK_THROWS_WITH_AS(shell.read_line(),
                         "sh -c echo out; echo err >&2; exit 3: no further line: it ended its "
                         "standard output.\n  Standard output:\n    | out\n"
                         "  Standard error:\n    | err",
                         std::runtime_error);
    CHECK(shell.wait() == 3);
}

TEST_CASE("process: waits have deadlines, and a signal shows in the status") {
    Process cat{"cat"};
    CHECK_THROWS_AS(cat.read_line(10ms), std::runtime_error);
    CHECK_THROWS_AS(cat.wait(10ms), std::runtime_error);
    cat.signal(SIGINT);
    CHECK(cat.wait() == 128 + SIGINT);
}

TEST_CASE("process: a program that reads no more is an exception and no SIGPIPE") {
    Process shell{"sh", {"-c", "exec <&-; echo closed; cat"}};
    CHECK(shell.read_line() == "closed");
    CHECK_THROWS_AS(shell.write("x"), std::runtime_error);
}

TEST_CASE("process: more than the pipes hold, in both directions") {
    const std::string text(1'000'000, 'x');
    const test::Finished cat = test::run("cat", {}, text);
    CHECK(cat.status == 0);
    CHECK(cat.output == text);
}

TEST_CASE("process: a program that does not exist") {
    CHECK_THROWS_AS(Process{"/nonexistent/program"}, std::system_error);
}

TEST_CASE("process: the port of a listening line") {
    CHECK(test::listening_port("Echo server on :9000") == 9000);
    CHECK(test::listening_port("server at ws://localhost:8080/ws ...") == 8080);
    CHECK(test::listening_port("server at ws://[::1]:65535/ws") == 65535);
    CHECK_THROWS_AS(test::listening_port("server"), std::runtime_error);
}
