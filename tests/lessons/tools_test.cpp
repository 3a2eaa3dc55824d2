// The classroom's own tools: starters from the true source, the build with a student's files in
// place of ours, and what the checks say. What needs a compiler is part of `make mutants`.

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "lessons/tools/check/check.hpp"
#include "lessons/tools/check/reading.hpp"
#include "lessons/tools/check/report.hpp"
#include "lessons/tools/holes/starter.hpp"
#include "tests/support/process.hpp"

namespace fs = std::filesystem;

namespace {

// A folder that goes away with everything in it.
struct Folder {
    Folder() {
        std::string name = (fs::temp_directory_path() / "tools-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Folder() { fs::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    void write(const fs::path& file, const std::string& text) const {
        fs::create_directories((path / file).parent_path());
        std::ofstream{path / file} << text;
    }
    fs::path path;
};

std::string contents(const fs::path& path) {
    std::ifstream file{path};
    REQUIRE_MESSAGE(file, "cannot read " << path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// `holes` in another folder than this one.
test::Finished holes_in(const fs::path& folder, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"-C", folder.string(), fs::absolute(test::program("tools/holes")).string()});
    return test::run("/usr/bin/env", arguments);
}

test::Finished holes(const std::vector<std::string>& arguments) {
    return test::run(test::program("tools/holes"), arguments);
}

std::vector<std::string> words(const std::string& text) {
    std::istringstream stream{text};
    std::vector<std::string> all;
    for (std::string word; stream >> word;) all.push_back(word);
    return all;
}

}  // namespace

// --- holes --------------------------------------------------------------------------------------

TEST_CASE("starter: the bodies of the functions that starter.md names are cut") {
    const Folder folder;
    folder.write("src/a.cpp", R"(#include <string>  // int answer() {
namespace {

constexpr int one = 1;
constexpr int most = 7;

struct Counter {
    int next() { return count++; }  // in one line
    int count = 0;
};

int twice(int x) { return 2 * x; }

int answer(const std::string& of, std::string, int how = 2) {
    if (of == "}") return one;
    return how + twice(40);
}

}  // namespace

int answer() { return answer("a", "") + most + Counter{}.next(); }
)");
    folder.write("lessons/05-x/starter.md", R"(# What is yours

## 3 `next` in `src/a.cpp`

Counts.
And returns what was.

## 4 `answer(const std::string& of` in `src/a.cpp`

The answer.

```cpp
if (of.empty()) return 0;

return 1;
```
)");
    const auto cut = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "cut");
        const test::Finished finished = holes_in(folder.path, arguments);
        CHECK_MESSAGE(finished.status == 0, finished.errors);
        return finished.output;
    };
    const std::string starter = cut({"5", "src/a.cpp"});
    CHECK(starter == R"(#include <string>  // int answer() {
namespace {

[[maybe_unused]] constexpr int one = 1;
constexpr int most = 7;

struct Counter {
    int next() {
        // Exercise 5/3: Counts.
        // And returns what was.
    }  // in one line
    int count = 0;
};

[[maybe_unused]] int twice(int x) { return 2 * x; }

int answer(const std::string& of, std::string, int how = 2) {
    // Exercise 5/4: The answer.
    (void)how;
    if (of.empty()) return 0;

    return 1;
}

}  // namespace

int answer() { return answer("a", "") + most + Counter{}.next(); }
)");
    const std::string whole = contents(folder.path / "src/a.cpp");
    CHECK(cut({"6", "src/a.cpp"}) == whole);  // of another lesson
    // One hole, with the other one solved.
    const std::string one = cut({"5", "src/a.cpp", "next"});
    CHECK(one.find("5/3") != one.npos);
    CHECK(one.find("5/4") == one.npos);
    CHECK(holes_in(folder.path, {"cut", "5", "src/a.cpp", "twice"}).errors ==
          "holes: this lesson has no hole `twice` in src/a.cpp\n");
    CHECK(holes_in(folder.path, {"cut", "5", "src/b.cpp"}).errors == "holes: cannot read src/b.cpp\n");
    CHECK(holes_in(folder.path, {"cut", "five", "src/a.cpp"}).errors ==
          "holes: expected the number of a lesson, not 'five'\n");
    CHECK(holes_in(folder.path, {"sew"}).status == 2);
    CHECK(holes_in(folder.path, {"list"}).output ==
          "5/3\tsrc/a.cpp\tnext\tCounts. And returns what was.\n"
          "5/4\tsrc/a.cpp\tanswer(const std::string& of\tThe answer.\n");
    CHECK(holes_in(folder.path, {"files", "5"}).output == "src/a.cpp\n");
    CHECK(holes_in(folder.path, {"files", "6"}).output == "");
    CHECK(holes_in(folder.path, {"check"}).status == 0);
    // A handout has the starters of its lessons, and `make start-5` writes the same from them.
    CHECK(holes_in(folder.path, {"handout", "5", "6", "src/a.cpp"}).output == starter);
    CHECK(holes_in(folder.path, {"handout", "6", "7", "src/a.cpp"}).output == whole);
    folder.write("src/a.cpp", starter);
    CHECK(cut({"5", "src/a.cpp"}) == starter);
}

TEST_CASE("starter: what is wrong with starter.md is named with its line") {
    const auto fault = [](const std::string& text) {
        const Folder folder;
        folder.write("src/a.cpp", "int f();\nint f(int) { return g(); }\nint f(char) {}\nint g() {}\n");
        folder.write("lessons/05-x/starter.md", text);
        const test::Finished check = holes_in(folder.path, {"check"});
        CHECK(check.status == 1);
        return check.errors;
    };
    const std::string usage = "expected: ## EXERCISE `FUNCTION` in `FILE`\n";
    const std::string at = "lessons/05-x/starter.md:";
    CHECK(fault("\n## 1 `h` in `src/a.cpp`\nTask.\n") ==
          at + "2: `h` is defined 0 times in src/a.cpp, and must be once\n");
    CHECK(fault("## 1 `f` in `src/a.cpp`\nTask.\n") ==
          at + "1: `f` is defined 2 times in src/a.cpp, and must be once\n");
    CHECK(fault("## 1 `f(` in `src/b.cpp`\nTask.\n") == at + "1: there is no file src/b.cpp\n");
    CHECK(fault("## `g` in `src/a.cpp`\nTask.\n") == at + "1: " + usage);
    CHECK(fault("## 1 `g` of `src/a.cpp`\nTask.\n") == at + "1: " + usage);
    CHECK(fault("## 1 `g` in `src/a.cpp`\n") == at + "1: the task is missing\n");
    CHECK(fault("## 1 `g` in `src/a.cpp`\nTask.\n```cpp\nint x;\n") ==
          "lessons/05-x/starter.md: a ``` has no end\n");
    CHECK(fault("Some words.\n\n## Of a hole\n") == at + "3: " + usage);
    CHECK(fault("## 1 `g` in `src/a.cpp`\nTask.\n```cpp\nint x;\n```\nMore.\n") ==
          at + "6: the task stands above its stub\n");
}

TEST_CASE("starter: each hole of the course stands in its starter, alone and with the others") {
    for (const starter::Hole& hole : starter::read_all()) {
        CAPTURE(hole.place);
        const std::string number = std::to_string(hole.lesson);
        const std::string told = "// Exercise " + number + "/" + std::to_string(hole.exercise) + ": " + hole.task.front();
        const std::string whole = contents(hole.file);
        CHECK(whole.find(told) == whole.npos);
        const std::string all = holes({"cut", number, hole.file}).output;
        const std::string alone = holes({"cut", number, hole.file, hole.function}).output;
        CHECK(all.find(told) != all.npos);
        CHECK(alone.find(told) != alone.npos);
        CHECK(words(all) != words(whole));
        CHECK(words(alone) != words(whole));
    }
}

TEST_CASE("start: writes the files once, and keeps what is there") {
    const Folder folder;
    const std::string work = folder.path.string();
    const std::string program = test::program("tools/holes");
    const auto start = [&](const std::string& force) {
        return test::run("lessons/tools/student/start.sh", {"5", work, program, force});
    };
    REQUIRE(start("").status == 0);
    const fs::path file = folder.path / "src/ws/frame.cpp";
    CHECK(contents(file) == holes({"cut", "5", "src/ws/frame.cpp"}).output);
    CHECK(fs::exists(folder.path / ".course/started-5"));

    folder.write("src/ws/frame.cpp", "mine\n");
    CHECK(start("").output.find("kept") != std::string::npos);
    CHECK(contents(file) == "mine\n");
    for (const char* old : {".old-1", ".old-2"}) {
        CHECK(start("1").status == 0);
        CHECK(contents(file.string() + old) ==
              (std::string{old} == ".old-1" ? "mine\n" : contents(file)));
    }
    CHECK(contents(file) == holes({"cut", "5", "src/ws/frame.cpp"}).output);
    CHECK(test::run("lessons/tools/student/start.sh", {"99", work, program}).status == 2);
}

// --- the overlay --------------------------------------------------------------------------------

TEST_CASE("overlay: what was built from another copy of a file is built anew") {
    const Folder folder;
    const std::string build = (folder.path / "build").string();
    const std::string work = (folder.path / "work").string();
    const auto objects = [&] {
        folder.write("build/obj/src/ws/a.d", "a.o: src/ws/a.cpp src/ws/b.hpp\n");
        folder.write("build/obj/src/ws/a.o", "");
        folder.write("build/obj/src/ws/c.d", "c.o: src/ws/c.cpp\n");
        folder.write("build/obj/src/ws/c.o", "");
    };
    const auto run = [&] {
        const test::Finished overlay = test::run("lessons/tools/student/overlay.sh", {build, work});
        CHECK_MESSAGE(overlay.status == 0, overlay.errors);
    };
    const auto has_a = [&] { return fs::exists(build + "/obj/src/ws/a.o"); };
    const auto has_c = [&] { return fs::exists(build + "/obj/src/ws/c.o"); };

    objects();
    run();
    CHECK(has_a());  // no files of a student: nothing is stale

    folder.write("work/src/ws/b.hpp", "one\n");
    run();
    CHECK_FALSE(has_a());  // a header appeared
    CHECK(has_c());

    objects();
    run();
    CHECK(has_a());  // nothing changed since

    // Other contents with an older date, as from an archive.
    folder.write("work/src/ws/b.hpp", "two\n");
    fs::last_write_time(work + "/src/ws/b.hpp", fs::file_time_type::clock::now() - std::chrono::hours{24});
    run();
    CHECK_FALSE(has_a());

    objects();
    fs::remove(work + "/src/ws/b.hpp");
    run();
    CHECK_FALSE(has_a());  // it is gone again
    CHECK(has_c());

    objects();
    folder.write("work/src/ws/c.cpp", "int c;\n");
    run();
    CHECK(has_a());
    CHECK_FALSE(has_c());
}

// --- what the checks say ------------------------------------------------------------------------

namespace {

// What the checks say about `got` where `expected` was due after `sent`.
check::Explained explain(const check::Buffer& sent, const check::Buffer& expected,
                         const check::Buffer& got) {
    const check::Came came{sent, expected, got, check::first_difference(got, expected),
                           check::Verdict::wrong, true};
    for (const check::Mistake& mistake : check::common_mistakes())
        if (auto explained = mistake(came)) return *explained;
    return check::explain_difference(came);
}

bool says(const check::Explained& explained, std::string_view part) {
    INFO(explained.says);
    return explained.says.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("mistakes: the common ones are recognised from the bytes") {
    const check::Key key{0x37, 0xFA, 0x21, 0x3D};
    const std::string long_text(126, 'a');
    const check::Buffer question = check::text("Hello").masked(key).bytes();
    const check::Buffer hello = check::text("Hello").bytes();
    const check::Buffer long_question = check::text(long_text).masked(key).bytes();
    const check::Buffer long_reply = check::text(long_text).bytes();

    CHECK(says(explain(question, hello, question), "Only a client masks"));
    CHECK(says(explain({}, question, hello), "lacks the MASK bit"));
    CHECK(says(explain(question, hello, check::text("Hello").not_last().bytes()), "FIN 0"));
    CHECK(says(explain(question, hello, check::text("Hello").rsv(4).bytes()), "reserved bit"));
    CHECK(says(explain({}, check::pong("a").bytes(), check::ping("a").bytes()),
               "a ping is answered with a pong"));

    check::Buffer cut = long_reply;
    cut.erase(cut.begin() + 2, cut.begin() + 4);
    const check::Explained missing = explain(long_question, long_reply, cut);
    CHECK(missing.at == 1);
    CHECK(missing.says ==
          "7E announces a 16-bit length, so the next two bytes are the length; yours are payload "
          "(\"aa\" = 24929).  Expected 81 7E 00 7E");

    check::Buffer turned = long_reply;
    std::swap(turned[2], turned[3]);
    CHECK(says(explain(long_question, long_reply, turned), "most significant byte comes first"));

    const std::string longer(300, 'b');
    check::Buffer truncated = check::text(longer).bytes();
    truncated[1] = 300 & 0x7F;
    CHECK(says(explain({}, check::text(longer).bytes(), truncated), "its upper bits are lost"));

    const check::Buffer masked = check::masked_with(key, check::bytes_of("Hello"));
    CHECK(says(explain(question, hello, check::text(check::text_of(masked)).bytes()), "still masked"));
    check::Buffer one_key = masked;
    for (std::uint8_t& byte : one_key) byte ^= key[0];
    CHECK(says(explain(question, hello, check::text(check::text_of(one_key)).bytes()),
               "with the first byte of the key"));

    CHECK(says(explain({}, check::close(1002).bytes(), check::close(1006).bytes()), "must never be sent"));
    CHECK(says(explain({}, check::close(1000).bytes(), check::close(0xE803).bytes()), "wrong byte order"));
    CHECK(says(explain({}, check::close(1000).bytes(), check::close().bytes()), "has no body"));
    // None of them: the byte itself is explained.
    CHECK(says(explain(question, hello, check::text("Hallo").bytes()),
               "payload byte 1 = \"a\".  Expected"));
}

TEST_CASE("reports: a sanitizer's, an assertion's, an exception's, in one line") {
    setenv("CHECK_WORK", "work", 1);
    const std::string here = fs::current_path().string();
    const std::string stack = "    #0 0x55 in ws::load_be<unsigned short>(std::span<unsigned char>) " +
                              here + "/src/ws/byte_order.cpp:13\n    #1 0x56 in ws::decode_header(std::span<"
                              "unsigned char const>, ws::FrameHeader&) " +
                              here + "/work/src/ws/frame.cpp:48\n";
    CHECK(check::read_report("==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x60\n"
                             "READ of size 1 at 0x60 thread T0\n" +
                             stack) ==
          "heap-buffer-overflow (reads beyond the end of a buffer on the heap) in ws::decode_header "
          "work/src/ws/frame.cpp:48, which called ws::load_be");
    CHECK(check::read_report("work/src/ws/frame.cpp:48:12: runtime error: shift exponent 64 is too "
                             "large\n" +
                             stack) ==
          "shift exponent 64 is too large in ws::decode_header work/src/ws/frame.cpp:48, which called "
          "ws::load_be");
    CHECK(check::read_report("/usr/include/c++/12/span:283: ... Assertion '__idx < size()' failed.\n"
                             "==1==ERROR: AddressSanitizer: ABRT on unknown address\n" +
                             stack) ==
          "an index or a piece beyond the end of what is there in ws::decode_header "
          "work/src/ws/frame.cpp:48, which called ws::load_be");
    CHECK(check::read_report("terminate called after throwing an instance of 'std::out_of_range'\n"
                             "  what():  basic_string::substr\n") ==
          "an exception that nobody caught: basic_string::substr");
    CHECK_FALSE(check::read_report("Frame 1: TEXT FIN len=5\n"));
    unsetenv("CHECK_WORK");
}

TEST_CASE("reports: an explanation never takes more than a screen, and a trace shows all of it") {
    static const check::Scenario scenario{"length-126", check::exercise(2), "RFC 6455 §5.2", "the rule",
                                          [](check::Run&) {}, "lessons/05-frames/checks.cpp"};
    // Whatever there is much of: lines, one line's columns, heads of many lines, sentences, what was printed.
    const auto many = [](const std::string& line, int count) {
        std::string text;
        for (int i = 0; i < count; ++i) text += line + std::to_string(i) + '\n';
        return text;
    };
    const std::string wide(65536, 'x');
    std::string umlauts;
    while (umlauts.size() < wide.size()) umlauts += "ä";
    check::Outcome outcome;
    outcome.scenario = &scenario;
    outcome.verdict = check::Verdict::wrong;
    outcome.exchange = {"L 1 → 81", "L 2 ← 81"};
    outcome.block = "        the explanation\n";
    const std::string short_one = check::failure(outcome, {});
    CHECK(short_one == "FAIL 5/length-126   the rule   RFC 6455 §5.2\n 1 → 81\n 2 ← 81\n        the explanation\n"
                       " make hint-5 T=2      make trace-5 T=length-126\n");
    SUBCASE("lines of an exchange") { outcome.exchange.resize(1000, "L 3 → 81"); }
    SUBCASE("a line of an exchange") { outcome.exchange.push_back("L 3 → " + wide); }
    SUBCASE("a head") { outcome.exchange.push_back("L 3 → " + many("Name: ", 500)); }
    SUBCASE("an explanation") { outcome.block += many("        more ", 500); }
    SUBCASE("a line of an explanation") { outcome.block += umlauts + '\n'; }
    SUBCASE("what was printed") { outcome.printed = "        Your code printed:\n" + many("          line ", 150); }
    SUBCASE("all of it") {
        outcome.exchange.resize(50, "L 3 → " + wide + many("Name: ", 500));
        outcome.block += many(wide, 100);
        outcome.cut = many("Sent in one piece, it is answered rightly. ", 30);
        outcome.printed = "        Your server printed:\n" + many(wide, 100);
    }
    for (const bool verbose : {false, true}) {
        const std::string told = check::failure(outcome, {.verbose = verbose});
        CHECK(std::ranges::count(told, '\n') <= (verbose ? 100 : 24));
        std::istringstream lines{told};
        for (std::string line; std::getline(lines, line);) CHECK(check::columns(line) <= (verbose ? 320 : 160));
        CHECK(told.find("the explanation\n") != told.npos);
        if (verbose) continue;
        CHECK_MESSAGE(told.ends_with(" make trace-5 T=length-126 shows all of it\n"), told);
        if (!outcome.printed.empty()) CHECK(told.find("printed:\n     … ") != told.npos);
    }
    CHECK(check::trace(outcome, {}).size() >= outcome.block.size() + outcome.printed.size());
    CHECK(check::passed(outcome).size() < 20000);
    CHECK(check::table({outcome}).size() < 4000);
}

TEST_CASE("checks: frames are made and read as RFC 6455 §5.7 shows them") {
    CHECK(check::hex(check::text("Hello").bytes()) == "81 05 48 65 6C 6C 6F");
    CHECK(check::hex(check::text("Hello").masked({0x37, 0xFA, 0x21, 0x3D}).bytes()) ==
          "81 85 37 FA 21 3D 7F 9F 4D 51 58");
    CHECK(check::hex(check::text("Hel").not_last().bytes()) == "01 03 48 65 6C");
    CHECK(check::hex(check::binary(check::Buffer(256)).header()) == "82 7E 01 00");
    CHECK(check::hex(check::binary({}).announcing(65536).header()) == "82 7F 00 00 00 00 00 01 00 00");
    const check::Buffer masked = check::unhex("81 85 37 FA 21 3D 7F 9F 4D 51 58");
    CHECK(check::describe(check::read_frame(masked)) == "TEXT FIN masked len=5 \"Hello\"");
    CHECK(check::what_is(masked, 3) == "byte 3 (FA), the second byte of the masking key");
    CHECK(check::accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(check::quote("a\x1B[2J\xC2\x9B\xFF \xC3\xA4") == "\"a\\x1B[2J\\xC2\\x9B\\xFF \xC3\xA4\"");
}

TEST_CASE("readings: an answer is judged, and a wrong one explained") {
    const check::Buffer bytes = check::unhex("81 85 48 65 6C 6C 6F");
    const check::Buffer right = check::text("Hello").bytes();
    const auto judge = [&](std::string_view answer) {
        return check::judge_difference(bytes, right, answer, "a server does not mask");
    };
    CHECK(judge("1 because").right);
    CHECK(judge("byte 0x1").right);
    CHECK(judge("0").says.starts_with("byte 0 (81): FIN 1, opcode 1 (TEXT)"));
    CHECK(judge("99").says == "there are bytes 0 to 6");
    CHECK_FALSE(judge("the mask").right);
    const check::Judgement line = check::judge_line(check::bytes_of("one\r\ntwo\r\n"), "1", 2, "why");
    CHECK(line.says.starts_with("line 1, \"one\\r\", is as it should be"));
    CHECK(check::judge_number("126", 126, "why").right);
}
