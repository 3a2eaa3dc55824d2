// Grading, beyond the verdict: points, the page that a student gets, Gradescope's results.json, dates,
// suspicious words, and how alike two submissions are.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "json/parse.hpp"
#include "lessons/tools/grade/feedback.hpp"
#include "lessons/tools/grade/likeness.hpp"
#include "lessons/tools/grade/submission.hpp"
#include "lessons/tools/grade/verdict.hpp"
#include "tests/classroom/files.hpp"
#include "tests/support/process.hpp"
#include "tests/support/text_files.hpp"

namespace fs = std::filesystem;
using classroom::contains;
using classroom::contents;
using classroom::write;
using test::ScratchFolder;

namespace {

grade::Scenarios three() {
    return grade::read_scenarios({"4/early\t1\tnot asked for", "5/a\t2\ta rule", "5/b\t2\tanother <rule>", "5/c\t3\ta third"},
                                 5, 5);
}

grade::Row row_of_three() {
    grade::Row row{.student = "Anna <script>alert(1)</script> & \"Co\"\x1B[2J",
                   .verdict = "failed",
                   .score = 2,
                   .first = "5/b",
                   .explanation = "not 7E",
                   .read = "2 files",
                   .seconds = 12.4};
    row.outcomes["5/a"] = {"passed", ""};
    row.outcomes["5/b"] = {"wrong", "not 7E"};
    row.outcomes["5/c"] = {"passed", ""};
    return row;
}

const std::string log_of_three =
    "ok   5/a   a rule\n"
    "FAIL 5/b   another <rule>   RFC 6455 §5.2\n"
    " 1 → 81 FE 00 7E             TEXT FIN masked\n"
    "        ^^ 7E announces a 16-bit length\n"
    "        Your server printed:\n"
    "          </pre><script>alert(2)</script> ok   5/c\n"
    " make hint-5 T=2      make trace-5 T=b\n"
    "\n"
    "ok   5/c   a third\n"
    "lesson 5: 2/3\nscore 2/3\n";

// Every element that begins ends, in the right order. What is amiss, or nothing.
std::string fault_in_html(const std::string& html) {
    std::vector<std::string> open;
    for (std::size_t at = html.find('<'); at != html.npos; at = html.find('<', at + 1)) {
        const std::size_t end = html.find('>', at);
        if (end == html.npos) return "an open tag";
        std::string tag = html.substr(at + 1, end - at - 1);
        const bool closes = tag.starts_with('/');
        tag = tag.substr(closes ? 1 : 0, tag.find_first_of(" \n") - (closes ? 1 : 0));
        if (tag == "!DOCTYPE" || tag == "meta" || tag == "link") continue;
        if (!closes) {
            open.push_back(tag);
        } else {
            if (open.empty() || open.back() != tag) return "</" + tag + "> closes another";
            open.pop_back();
        }
    }
    return open.empty() ? "" : open.back() + " is not closed";
}

json::Value parsed(const std::string& text) {
    json::Value value;
    CHECK_FALSE(json::parse(text, value));
    return value;
}

}  // namespace

// --- points -------------------------------------------------------------------------------------

TEST_CASE("classroom: an exercise is worth what its weight says, and its scenarios share it") {
    grade::Scenarios scenarios = three();
    REQUIRE(scenarios.size() == 3);
    CHECK(scenarios[1].exercise == "5/2");
    CHECK(scenarios[1].rule == "another <rule>");
    CHECK(grade::points_of(row_of_three(), scenarios) == 2);
    CHECK(grade::weigh(scenarios, " 5/2=5\n5/1=3") == std::vector<std::string>{"5/1"});
    CHECK(scenarios[0].points == 2.5);
    CHECK(scenarios[1].points == 2.5);
    CHECK(scenarios[2].points == 1);  // not named
    CHECK(grade::all_points(scenarios) == 6);
    CHECK(grade::points_of(row_of_three(), scenarios) == 3.5);
    CHECK(grade::shown(3.5) == "3.5");
    CHECK(grade::shown(10.0) == "10");
    CHECK(grade::shown(10.0 / 3) == "3.33");
    for (const char* wrong : {"5/2", "5=2", "a/2=1", "5/2=-1", "5/2=1,5/3=2", "5/2=1e9"})
        CHECK_THROWS_WITH_AS(grade::weigh(scenarios, wrong), doctest::Contains("WEIGHTS is a list"), std::runtime_error);
}

TEST_CASE("classroom: table, spreadsheet, JSON, page and Gradescope agree on the points") {
    grade::Scenarios scenarios = three();
    grade::weigh(scenarios, "5/2=5 5/3=0.5");
    const grade::Row row = row_of_three();
    CHECK(contains(grade::table({row}, scenarios), "  3/5.5   failed"));
    CHECK(contains(grade::csv({row}, scenarios), ",3,5.5,"));
    CHECK(contains(grade::json_text({row}, scenarios), "\"points\":3.0,\"of_points\":5.5"));
    CHECK(contains(grade::feedback_page(row, scenarios, log_of_three, {}), "2 of 3 scenarios, 3 of 5.5 points"));
    const json::Value results = parsed(grade::gradescope(row, scenarios, log_of_three, "visible"));
    CHECK(results.find("score")->number() == 3.0);
    CHECK(results.find("max_score")->number() == 5.5);
    // Without weights a point is a scenario, and the table does not say it twice.
    CHECK_FALSE(contains(grade::table({row}, three()), "points"));
}

// --- what a student gets ------------------------------------------------------------------------

TEST_CASE("classroom: a page of feedback has the explanation and the bytes, and whatever was printed is text") {
    grade::Row row = row_of_three();
    row.handed_in = grade::handed_in(grade::read_due("2026-12-03 10:00"), {.at = grade::read_due("2026-12-01 23:59")});
    const std::string page =
        grade::feedback_page(row, three(), log_of_three, {.lessons = {"04-handshake", "05-frames"}, .book = "https://x/y"});
    CHECK(fault_in_html(page) == "");
    CHECK(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    CHECK(contains(page, "81 FE 00 7E"));
    CHECK(contains(page, "^^ 7E announces a 16-bit length"));
    CHECK(contains(page, "5/b: another &lt;rule&gt;"));
    CHECK(contains(page, "<li>5/c: a third</li>"));
    CHECK(contains(page, "&lt;/pre&gt;&lt;script&gt;alert(2)"));
    CHECK(contains(page, "<title>Feedback for Anna &lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Co&quot;\\x1B[2J</title>"));
    CHECK_FALSE(contains(page, "<script"));
    CHECK_FALSE(contains(page, "\x1B"));
    CHECK(contains(page, "last changed 2026-12-03 10:00:00, 2 days late"));
    // By lesson and exercise, into the book.
    CHECK(contains(page, "href=\"https://x/y/05-frames-exercises.html#exercise-2\""));
    CHECK(contains(page, "href=\"https://x/y/05-frames-hints.html#exercise-3\""));
    CHECK(contains(page, "href=\"https://x/y/05-frames.html\""));
    // On a phone, in the dark, on paper; and nothing of it is fetched.
    for (const char* part : {"width=device-width", "prefers-color-scheme: dark", "@media print"}) CHECK(contains(page, part));
    for (const char* part : {" src=", "url(", "@import", "rel=\"stylesheet\""}) CHECK_FALSE(contains(page, part));
}

TEST_CASE("classroom: a page for what did not compile, was refused or printed without end") {
    grade::Row row{.student = "ben", .verdict = "did not compile", .explanation = "error: expected '<'"};
    std::string page = grade::feedback_page(row, three(), "FAIL 5   did not compile\n\nwork/a.cpp:1:2: error: <x>\n", {});
    CHECK(fault_in_html(page) == "");
    CHECK(contains(page, "work/a.cpp:1:2: error: &lt;x&gt;"));
    row = {.student = "", .verdict = "refused", .explanation = "is a link"};
    page = grade::feedback_page(row, three(), "", {});
    CHECK(fault_in_html(page) == "");
    CHECK(contains(page, "is a link"));
    page = grade::feedback_page(row_of_three(), three(), "FAIL 5/b   x\n" + std::string(3'000'000, '<'), {});
    CHECK(page.size() < 200'000);
    CHECK(fault_in_html(page) == "");
}

TEST_CASE("classroom: Gradescope's results.json has a test for each scenario, with its explanation") {
    const json::Value results = parsed(grade::gradescope(row_of_three(), three(), log_of_three, "after_due_date"));
    CHECK(results.find("execution_time")->integer() == 12);
    CHECK(*results.find_string("visibility") == "after_due_date");
    CHECK(*results.find_string("output") == "failed: 2 of 3 scenarios, 2 of 3 points\nread: 2 files");
    const json::Array& tests = *results.find("tests")->array();
    REQUIRE(tests.size() == 3);
    CHECK(*tests[0].find_string("status") == "passed");
    CHECK(tests[0].find("score")->number() == 1.0);
    CHECK(*tests[0].find_string("output") == "");
    CHECK(*tests[1].find_string("name") == "5/b: another <rule>");
    CHECK(*tests[1].find_string("number") == "5/2");
    CHECK(*tests[1].find_string("status") == "failed");
    CHECK(tests[1].find("score")->number() == 0.0);
    CHECK(tests[1].find("max_score")->number() == 1.0);
    CHECK(*tests[1].find_string("visibility") == "after_due_date");
    CHECK(*tests[1].find_string("output_format") == "text");
    CHECK(contains(*tests[1].find_string("output"), "81 FE 00 7E             TEXT FIN masked\n        ^^ 7E"));
    // Nothing was judged: no points, and the reason on top.
    const json::Value refused = parsed(grade::gradescope({.verdict = "refused", .explanation = "is a link"}, three(), "", "visible"));
    CHECK(refused.find("score")->number() == 0.0);
    CHECK(contains(*refused.find_string("output"), "is a link"));
    CHECK(*refused.find("tests")->array()->at(0).find_string("output") == "not run");
}

// --- when it was handed in ----------------------------------------------------------------------

TEST_CASE("classroom: late days are those that have begun since the due date") {
    const std::time_t due = grade::read_due("2026-12-01 23:59");
    CHECK(grade::shown_time(due) == "2026-12-01 23:59:00");
    CHECK(grade::shown_time(grade::read_due("2026-12-01")) == "2026-12-01 23:59:59");
    for (const char* wrong : {"", "tomorrow", "2026-02-31", "2026-13-01", "2026-12-01 25:00", "1.12.2026"})
        CHECK_THROWS_WITH_AS(grade::read_due(wrong), doctest::Contains("DUE is a date"), std::runtime_error);
    const auto late = [&](std::time_t seconds) { return grade::handed_in(due + seconds, {.at = due, .late_days = 1}); };
    CHECK(late(-5).days_late == 0);
    CHECK(late(0).days_late == 0);
    CHECK(late(1).days_late == 1);
    CHECK(late(86'400).days_late == 1);
    CHECK(late(86'401).days_late == 2);
    CHECK(late(86'400).beyond == 0);
    CHECK(late(86'401).beyond == 1);
    CHECK_FALSE(grade::handed_in(due, {}).days_late);
    CHECK_FALSE(grade::handed_in(std::nullopt, {.at = due}).days_late);
}

TEST_CASE("classroom: when something was handed in is the time of the newest file that was read") {
    const ScratchFolder scratch;
    const fs::path folder = scratch.path / "class";
    const std::vector<std::string> wanted{"src/ws/frame.cpp", "src/ws/mask.hpp"};
    write(folder / "anna/work/src/ws/frame.cpp", "x");
    write(folder / "anna/work/src/ws/mask.hpp", "x");
    write(folder / "anna/work/notes.txt", "not asked for, and of today");
    const std::string pack = "cd '" + folder.string() +
                             "' && touch -d '2026-03-01 10:00:00' anna/work/src/ws/frame.cpp && "
                             "touch -d '2026-03-02 11:12:14' anna/work/src/ws/mask.hpp && "
                             "tar -czf ben.tgz anna && tar --format=pax -cf carl.tar anna && "
                             "{ ! command -v zip >/dev/null || zip -qr dora.zip anna; }";
    const auto packed = test::run("/bin/sh", {"-c", pack});
    REQUIRE_MESSAGE(packed.status == 0, packed.errors);
    for (const grade::Submission& one : grade::read_submissions(folder, wanted)) {
        CAPTURE(one.student);
        REQUIRE(one.changed);
        CHECK(grade::shown_time(*one.changed) == "2026-03-02 11:12:14");
    }
}

TEST_CASE("classroom: of a git repository it is the time of the last commit, and its settings start nothing") {
    const ScratchFolder scratch;
    const fs::path anna = scratch.path / "class/anna";
    write(anna / "work/src/ws/frame.cpp", "x");
    const std::string commit = "cd '" + anna.string() +
                               "' && git init -q && git add . && "
                               "GIT_COMMITTER_DATE='@1772000000 +0000' git -c user.name=a -c user.email=a@b commit -qm x";
    const auto committed = test::run("/usr/bin/env", {"-u", "GIT_DIR", "-u", "GIT_INDEX_FILE", "sh", "-c", commit});
    if (committed.status != 0) {
        MESSAGE("skipped: there is no git here");
        return;
    }
    const std::string evil = "touch '" + (scratch.path / "run").string() + "'; false";
    write(anna / ".git/config", contents(anna / ".git/config") + "[log]\n\tshowSignature = true\n[gpg]\n\tprogram = \"" +
                                    evil + "\"\n[core]\n\tpager = \"" + evil + "\"\n\tfsmonitor = \"" + evil + "\"\n");
    const auto changed = [&] { return grade::read_submissions(scratch.path / "class", {"src/ws/frame.cpp"}).at(0).changed; };
    CHECK(changed() == 1'772'000'000);
    // The same when branches are packed.
    REQUIRE(test::run("/usr/bin/env", {"-u", "GIT_DIR", "git", "-C", anna.string(), "-c", "safe.directory=*", "pack-refs", "--all"}).status == 0);
    CHECK(changed() == 1'772'000'000);
    // No repository after all: then the file's own time.
    write(anna / ".git/HEAD", "ref: refs/heads/../../../x\n");
    CHECK(changed() > 1'772'000'000);
    CHECK_FALSE(fs::exists(scratch.path / "run"));
}

// --- what is worth a look -----------------------------------------------------------------------

TEST_CASE("classroom: suspicious words are those of the code, not of comments or of the file as handed out") {
    const std::string starter = "int main() { kill(0, 0); }";
    CHECK(grade::suspicious_words("// fork /proc\n/* _exit */ int forks = system_error; kill(1, 9);", starter).empty());
    CHECK(grade::suspicious_words("::fork(); open(\"/proc/self/fd\"); _exit(0); pthread_atfork(a, b, c);", starter) ==
          std::set<std::string>{"/proc", "_exit", "fork", "pthread_atfork"});
    CHECK(grade::suspicious_words("#include \"lessons/tools/check/frame.hpp\"\n", starter) ==
          std::set<std::string>{"lessons/tools"});
    CHECK(grade::suspicious_words("\"unended\n'/proc", starter).empty());
}

TEST_CASE("classroom: two submissions are alike whatever names, comments and spacing say; the starter's lines do not count") {
    const std::string file = "src/ws/frame.cpp";
    const std::string starter = contents("lessons/tools/grade/weights.cpp");
    const std::string own = contents("lessons/tools/grade/hand_in.cpp");
    std::string renamed = "// mine\n";
    for (const char c : own) renamed += c == ' ' ? std::string{"  "} : std::string{c};
    for (const auto& [from, to] : std::map<std::string, std::string>{{"seconds", "s"}, {"commit", "q"}, {"parts", "teile"}})
        for (std::size_t at = 0; (at = renamed.find(from, at)) != renamed.npos; at += to.size()) renamed.replace(at, from.size(), to);
    const std::string other = contents("lessons/tools/grade/process.cpp");
    const std::map<std::string, grade::Files> all{{"anna", {{file, starter + own}}},
                                                  {"ben", {{file, starter + renamed}}},
                                                  {"carl", {{file, starter + other}}},
                                                  {"dora", {{file, starter}}}};
    const auto like = grade::likenesses(all, {{file, starter}});
    REQUIRE(like.size() == 4);
    CHECK(like[0].with == "ben");
    CHECK(like[0].percent > 90);
    CHECK(like[1].with == "anna");
    CHECK(like[2].percent < 30);
    CHECK(like[3].with == "");  // nothing of her own
    CHECK(like[3].percent == 0);
    const std::string table = grade::table({{.student = "anna", .likeness = {97, "ben"}},
                                            {.student = "ben", .likeness = {97, "anna"}},
                                            {.student = "carl", .likeness = {9, "ben"}}},
                                           three());
    CHECK(contains(table, "\nalike: anna and ben, 97 %\n"));
    CHECK_FALSE(contains(table, "alike: ben"));
    CHECK_FALSE(contains(table, "alike: carl"));
}
