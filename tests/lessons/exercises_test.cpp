// The commands of every exercises.md, run as they stand there, against the programs of their lesson:
// what an exercise says that one will see is seen. Only ports, the folder of the programs and that of
// files are others. Runs in the root of the repository.
// Leaves out: those for which somebody must look at a screen, which are listed at the end.
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/text_files.hpp"

namespace fs = std::filesystem;

namespace {

using Lines = std::vector<std::string>;

// "1/5": the code blocks of each exercise of a lesson, in order; each is a list of lines.
std::map<std::string, std::vector<Lines>> read_blocks() {
    static const std::regex heading{R"(^## (\d) .*)"};
    std::map<std::string, std::vector<Lines>> blocks;
    for (const std::string& lesson : test::lessons()) {
        std::istringstream text{test::contents(fs::path{"lessons"} / lesson / "exercises.md")};
        std::string exercise;
        bool fenced = false, within = false;
        for (std::string line; std::getline(text, line);) {
            std::smatch found;
            if (std::regex_match(line, found, heading)) exercise = std::to_string(std::stoi(lesson)) + "/" + found[1].str();
            const bool fence = line.starts_with("```");
            if (fence) fenced = !fenced;
            const bool code = !fence && !exercise.empty() && (fenced || line.starts_with("    "));
            if (code && !within) blocks[exercise].emplace_back();
            if (code) blocks[exercise].back().push_back(line);
            within = code;
        }
    }
    return blocks;
}

bool has(const std::string& tool) {
    // Of the two programs with that name the other one knows no -N.
    const std::string there = tool == "nc" ? "nc -h 2>&1 | grep -q OpenBSD" : "command -v " + tool;
    if (test::run("/bin/sh", {"-c", there}).status == 0) return true;
    MESSAGE("skipped: there is no " << tool << " here");
    return false;
}

bool has_ipv6() {
    const net::Fd socket{::socket(AF_INET6, SOCK_STREAM, 0)};
    return socket && test::run("/bin/sh", {"-c", "grep -q 00000001 /proc/net/if_inet6"}).status == 0;
}

// Lines `first` to `last` of an exercise's only block, with what differs here.
std::string block(const std::string& exercise, std::uint16_t port, const fs::path& files, std::size_t first = 0,
                  std::size_t last = 99) {
    static const std::map<std::string, std::vector<Lines>> blocks = read_blocks();
    REQUIRE_MESSAGE(blocks.contains(exercise), exercise);
    REQUIRE(blocks.at(exercise).size() == 1);
    const Lines& lines = blocks.at(exercise).front();
    std::string text;
    for (std::size_t i = first; i < std::min(last + 1, lines.size()); ++i) text += lines[i] + '\n';
    const std::string folder = test::program("lessons/");
    text = std::regex_replace(text, std::regex{R"(build/(check/)?lessons/)"}, folder);
    text = std::regex_replace(text, std::regex{"/tmp/"}, files.string() + "/");
    const std::regex number{R"(\b(90\d\d|8080)\b)"};
    const bool names_port = std::regex_search(text, number);
    text = std::regex_replace(text, number, std::to_string(port));
    // A client that is told no port takes the lesson's own.
    if (!names_port) text = std::regex_replace(text, std::regex{R"(/client\b)"}, "/client --port " + std::to_string(port));
    return text;
}

test::Finished bash(const std::string& commands) { return test::run("/bin/bash", {"-c", commands}); }

// A server of a lesson, and what a person types against it.
struct Lesson {
    explicit Lesson(const std::string& name, std::vector<std::string> options = {})
        : server{test::program("lessons/" + name + "/server"), with_port(std::move(options))},
          port{test::listening_port(server.read_line())} {}
    static std::vector<std::string> with_port(std::vector<std::string> options) {
        options.insert(options.end(), {"--port", "0"});
        return options;
    }

    test::ScratchFolder scratch{};
    test::Process server;
    std::uint16_t port;
};

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++found;
    return found;
}

bool contains(const std::string& text, const std::string& part) { return count(text, part) > 0; }

}  // namespace

TEST_CASE("exercises: 1/1 ss shows who keeps the port") {
    if (!has("ss")) return;
    Lesson lesson{"01-tcp-echo"};
    const auto client = test::run(test::program("lessons/01-tcp-echo/client"), {"--port", std::to_string(lesson.port)}, "a line\n");
    REQUIRE_MESSAGE(client.status == 0, client.errors);
    const auto shown = bash(block("1/1", lesson.port, {}));
    CHECK_MESSAGE(count(shown.output, "LISTEN") == (has_ipv6() ? 2 : 1), shown.output);
    CHECK_MESSAGE(count(shown.output, "TIME-WAIT") >= 1, shown.output);
}

TEST_CASE("exercises: 1/5 ten megabytes come back as they went") {
    if (!has("nc")) return;
    Lesson lesson{"01-tcp-echo"};
    const auto compared = bash(block("1/5", lesson.port, lesson.scratch.path));
    CHECK_MESSAGE(compared.status == 0, compared.errors);
    CHECK(compared.output == "");
}

// Not an exercise: step 5 of the text says what `wc` will say.
TEST_CASE("exercises: the text of lesson 1 knows how many bytes come back") {
    static const std::regex told{R"(`(head -c \d+ [^`]*)build/lessons/01-tcp-echo/bare/client \| wc -c`)"};
    static const std::regex number{R"(`wc` says `(\d+)`)"};
    const std::string text = test::contents("lessons/01-tcp-echo/README.md");
    std::smatch command, count;
    REQUIRE(std::regex_search(text, command, told));
    REQUIRE(std::regex_search(text, count, number));
    Lesson lesson{"01-tcp-echo"};
    const auto counted = bash(command[1].str() + test::program("lessons/01-tcp-echo/client") + " --port " +
                              std::to_string(lesson.port) + " | wc -c");
    CHECK_MESSAGE(counted.output == count[1].str() + "\n", counted.output << counted.errors);
}

TEST_CASE("exercises: 2/1 some of nine datagrams have no answer") {
    Lesson lesson{"02-udp-echo", {"--drop", "3", "--trace"}};
    const auto asked = bash(block("2/1", lesson.port, {}, 1));
    CHECK_MESSAGE(asked.output.ends_with("status 1\n"), asked.output);
    CHECK(contains(asked.errors, "no answer to \"3\", lost?"));
}

TEST_CASE("exercises: 3/4 a message in two pieces is shown once") {
    if (!has("nc")) return;
    Lesson lesson{"03-byte-stream"};
    CHECK(bash(block("3/4", lesson.port, {}, 1)).status == 0);
    CHECK(lesson.server.read_line() == "Message 1: \"Hello\"");
}

TEST_CASE("exercises: 3/5 the client prints three echoes") {
    Lesson lesson{"03-byte-stream"};
    const auto talked = bash(block("3/5", lesson.port, {}));
    CHECK(talked.output == "Echo: \"one\"\nEcho: \"two\"\nEcho: \"Hello\"\n");
    CHECK(talked.status == 0);
}

TEST_CASE("exercises: 3/6 a thousand messages are all there already") {
    if (!has("nc")) return;
    Lesson lesson{"03-byte-stream"};
    const auto made = bash(block("3/6", lesson.port, lesson.scratch.path, 0, 0));
    CHECK(fs::file_size(lesson.scratch.path / "thousand") == 5000);
    // strace, in the second line, is for a program without sanitizers.
    CHECK(bash(block("3/6", lesson.port, lesson.scratch.path, 2)).status == 0);
    for (int i = 1; i <= 1000; ++i)
        REQUIRE(lesson.server.read_line() == "Message " + std::to_string(i) + ": \"one\"");
}

TEST_CASE("exercises: 4/5 curl gets 101 and the accept key") {
    if (!has("curl")) return;
    Lesson lesson{"04-handshake"};
    const auto shown = bash("timeout 60 " + block("4/5", lesson.port, {}));
    CHECK_MESSAGE(shown.output.starts_with("HTTP/1.1 101 "), shown.output);
    CHECK(contains(shown.output, "HSmrc0sMlYUkAGmm5OPpG2HaGWk="));
}

TEST_CASE("exercises: 6/2 a client that is one line of shell") {
    if (!has("nc") || !has("od")) return;
    Lesson lesson{"06-native-echo"};
    const auto shown = bash(block("6/2", lesson.port, {}));
    std::string bytes;
    std::istringstream words{shown.output};
    for (std::string byte; words >> byte;) bytes += byte + ' ';
    CHECK_MESSAGE(bytes.ends_with("81 02 68 69 "), shown.output);
}

TEST_CASE("exercises: 7/2 one client has two spellings") {
    if (!has("ss") || !has_ipv6()) return;
    Lesson lesson{"07-hello", {"--host", "::", "--echo"}};
    test::Process client{test::program("lessons/07-hello/client"),
                         {"--host", "127.0.0.1", "--port", std::to_string(lesson.port)}};
    while (!contains(client.output_so_far(), "Hello! Your IP is 127.0.0.1:")) (void)client.read_line();
    const auto shown = bash(block("7/2", lesson.port, {}, 2));
    CHECK_MESSAGE(contains(shown.output, "[::ffff:127.0.0.1]:" + std::to_string(lesson.port)), shown.output);
}

TEST_CASE("exercises: 7/6 the loop runs, and no greeting of the course's own server is there twice but the address") {
    Lesson lesson{"07-hello"};
    // Fewer at once: under sanitizers five hundred take more memory than a machine may have.
    const std::string loop = std::regex_replace(block("7/6", lesson.port, {}), std::regex{"500"}, "20");
    const auto shown = bash(loop);
    CHECK(shown.status == 0);
    // Its greeting has no number, so one line stands for all.
    CHECK_MESSAGE(contains(shown.output, "Hello! Your IP is 127.0.0.1"), shown.output);
}

TEST_CASE("exercises: 10/1 a foreign page gets 101 of lesson 4, and 403 of lessons 8 and 10") {
    if (!has("curl")) return;
    for (const char* folder : {"04-handshake", "08-messages", "10-trust-nobody"}) {
        const std::string name = folder;
        const std::string answer = name == "04-handshake" ? "HTTP/1.1 101 " : "HTTP/1.1 403 ";
        Lesson lesson{name};
        // One second is for a machine at rest.
        const std::string command = std::regex_replace(block("10/1", lesson.port, {}), std::regex{"--max-time 1"}, "--max-time 10");
        const auto shown = bash(command);
        CHECK_MESSAGE(shown.output.starts_with(answer), name << ": " << shown.output);
    }
}

TEST_CASE("exercises: 11/4 many clients get their echoes") {
    Lesson lesson{"11-event-loop"};
    std::string command = std::regex_replace(block("11/4", lesson.port, {}), std::regex{"1000"}, "50");
    const auto talked = bash(std::regex_replace(command, std::regex{"rounds 100"}, "rounds 5"));
    CHECK_MESSAGE(talked.status == 0, talked.errors);
    CHECK_MESSAGE(contains(talked.output, "250"), talked.output);
}

TEST_CASE("exercises: each command is run by a test, or is listed here with the reason") {
    const std::set<std::string> run{"1/1", "1/5", "2/1", "3/4", "3/5", "3/6", "4/5", "6/2", "7/2", "7/6", "10/1", "11/4"};
    const std::map<std::string, std::string> not_run{
        {"1/6", "somebody looks at top; the scenario no-descriptors measures the same"},
        {"8/5", "somebody types into wscat; make interop does it"}};
    for (const auto& each : read_blocks())
        for (const Lines& lines : each.second) {
            // What answer-N says is tried with the reading exercises.
            if (lines.size() == 1 && contains(lines.front(), "make answer-")) continue;
            CHECK_MESSAGE((run.contains(each.first) || not_run.contains(each.first)),
                          each.first << ": nobody runs " << lines.front());
        }
}
