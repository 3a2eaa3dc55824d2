// grade [options] DIR: builds and checks what each student of a class has handed in, several at
// once, each in a sandbox of its own, and writes one table of it all. `make grade` prepares what
// the options name. Status 0 when every submission was looked at, whatever came of it.
// Leaves out: marks. What a score is worth is the teacher's to say.
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <fstream>
#include <iterator>
#include <mutex>
#include <random>
#include <sstream>
#include <thread>

#include "cli/options.hpp"
#include "lessons/tools/grade/report.hpp"
#include "lessons/tools/grade/sandbox.hpp"
#include "lessons/tools/grade/submission.hpp"
#include "ws/hex.hpp"

namespace {

namespace fs = std::filesystem;
using grade::Ended;
using grade::Row;
using grade::Submission;

struct Settings {
    std::string folder{};
    std::string tree{}, base{}, script{}, scenarios{}, files{};
    std::string out = "build/grade";
    std::string student{};  // only this one, again
    std::string seed{};
    std::uint64_t from = 1, to = 1, jobs = 2, memory = 1536;
    std::chrono::milliseconds time{600'000};
};

std::vector<std::string> read_lines(const std::string& path) {
    std::ifstream file{path};
    if (!file) throw std::runtime_error{"cannot read " + path};
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

std::vector<std::string> fields_of(const std::string& line) {
    std::vector<std::string> fields;
    std::istringstream stream{line};
    for (std::string field; std::getline(stream, field, '\t');) fields.push_back(field);
    return fields;
}

// --- one submission -----------------------------------------------------------------------------

// A line that a student's file cannot hold.
std::string new_mark() {
    std::random_device random;
    std::string mark = "results";
    for (int i = 0; i < 4; ++i) mark += '-' + std::to_string(random());
    return mark;
}

// The rows of the judge's table: lesson, name, exercise, verdict, explanation.
void read_results(std::string_view text, Row& row) {
    std::istringstream stream{std::string{text}};
    for (std::string line; std::getline(stream, line);) {
        const std::vector<std::string> fields = fields_of(line);
        if (fields.size() < 4 || fields[0] == "lesson") continue;
        row.outcomes[fields[0] + "/" + fields[1]] = {fields[3], fields.size() > 4 ? fields[4] : ""};
    }
}

// The same from what the check printed as it went, for a submission that was ended before the table
// was complete: "ok   5/echo ...", "FAIL 5/echo ...   [timed out]".
void read_shown(std::string_view text, Row& row) {
    std::istringstream stream{std::string{text}};
    for (std::string line; std::getline(stream, line);) {
        std::istringstream words{line};
        std::string first, name;
        words >> first >> name;
        if ((first != "ok" && first != "FAIL") || name.find('/') == name.npos) continue;
        std::string verdict = first == "ok" ? "passed" : "wrong";
        const std::size_t open = line.rfind('[');
        if (first == "FAIL" && line.ends_with(']') && open != line.npos)
            verdict = line.substr(open + 1, line.size() - open - 2);
        row.outcomes.try_emplace(name, grade::Outcome{verdict, ""});
    }
}

void judge(const Ended& ended, const std::vector<std::string>& scenarios, Row& row) {
    bool all = true;
    for (const std::string& scenario : scenarios) {
        const auto found = row.outcomes.find(scenario);
        const bool passed = found != row.outcomes.end() && found->second.verdict == "passed";
        row.score += passed ? 1 : 0;
        if (!passed && all && found != row.outcomes.end()) {
            row.first = scenario;
            row.explanation = found->second.explanation;
            if (row.explanation.empty()) row.explanation = found->second.verdict;
        }
        all = all && passed;
    }
    for (const auto& [name, outcome] : row.outcomes)
        if (outcome.verdict == "did not compile") {
            row.verdict = outcome.verdict;
            row.explanation = outcome.explanation;
            return;
        }
    if (ended.how == Ended::How::too_late) {
        row.verdict = "timed out";
    } else if (ended.how == Ended::How::too_much_memory) {
        row.verdict = "out of memory";
    } else if (ended.how == Ended::How::too_many_processes) {
        row.verdict = "too many processes";
    } else if (row.outcomes.empty()) {
        row.verdict = "no results";
        row.explanation = "the check ended with status " + std::to_string(ended.status);
    } else {
        row.verdict = all ? "passed" : "failed";
        if (!all && row.first.empty()) row.explanation = "the check was ended before it was done";
    }
}

// A name that a file can have, and that no other student gets.
std::string file_name(const std::string& student) {
    constexpr std::size_t longest = 150;
    if (student.size() <= longest) return student;
    return student.substr(0, longest) + '-' + std::to_string(std::hash<std::string>{}(student));
}

Row check(const Submission& submission, const Settings& settings, std::size_t number,
          const fs::path& scratch, const std::vector<std::string>& scenarios) {
    Row row{.student = submission.student, .read = submission.read, .seed = settings.seed};
    if (!submission.refused.empty()) {
        row.verdict = "refused";
        row.explanation = submission.refused;
        return row;
    }
    if (submission.files.empty()) {
        row.verdict = "empty";
        row.explanation = "none of the files with exercises is in it";
        return row;
    }
    for (const auto& [name, text] : submission.files) {
        fs::create_directories((scratch / name).parent_path());
        std::ofstream{scratch / name} << text;
    }
    const std::string mark = new_mark();
    const grade::Sandbox sandbox{.tree = settings.tree,
                                 .base = settings.base,
                                 .script = settings.script,
                                 .number = static_cast<unsigned>(number),
                                 .memory = settings.memory << 20,
                                 .time = std::chrono::duration_cast<std::chrono::seconds>(settings.time)};
    const Ended ended = grade::run_inside(
        sandbox, scratch, {std::to_string(settings.from), std::to_string(settings.to), settings.seed}, mark);
    // What a student's code printed is never a line of its own in what the judge shows, and the judge
    // has the last word.
    const std::size_t at = ended.output.rfind('\n' + mark + '\n');
    if (at != ended.output.npos)
        read_results(std::string_view{ended.output}.substr(at), row);
    else
        read_shown(ended.output, row);
    judge(ended, scenarios, row);
    // What the check said in full, for the teacher.
    std::ofstream{settings.out + "/logs/" + file_name(submission.student) + ".txt"} << ended.output.substr(0, at);
    return row;
}

// --- all of them --------------------------------------------------------------------------------

std::vector<Row> check_all(const std::vector<Submission>& submissions, const Settings& settings,
                           const std::vector<std::string>& scenarios) {
    std::vector<Row> rows(submissions.size());
    std::atomic<std::size_t> next{0};
    std::mutex output;
    std::size_t done = 0;
    const auto work = [&] {
        for (std::size_t i; (i = next++) < submissions.size();) {
            const fs::path scratch = fs::path{settings.out} / "submissions" / file_name(submissions[i].student);
            try {
                fs::remove_all(scratch);
                fs::create_directories(scratch);
                rows[i] = check(submissions[i], settings, i, scratch, scenarios);
            } catch (const std::exception& error) {
                rows[i] = {.student = submissions[i].student,
                           .verdict = "no results",
                           .explanation = error.what(),
                           .read = submissions[i].read,
                           .seed = settings.seed};
            }
            const std::lock_guard lock{output};
            std::fprintf(stderr, "%zu of %zu: %s: %s, %zu/%zu\n", ++done, rows.size(),
                         ws::escape(rows[i].student, 40).c_str(), rows[i].verdict.c_str(),
                         rows[i].score, scenarios.size());
        }
    };
    std::vector<std::jthread> threads;
    for (unsigned job = 0; job < settings.jobs; ++job) threads.emplace_back(work);
    threads.clear();
    return rows;
}

std::vector<std::string> scenarios_between(const Settings& settings) {
    std::vector<std::string> names;
    for (const std::string& line : read_lines(settings.scenarios)) {
        const std::string name = line.substr(0, line.find('\t'));
        const std::uint64_t lesson = std::stoull(name);
        if (lesson >= settings.from && lesson <= settings.to) names.push_back(name);
    }
    return names;
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream file{path};
    file << text;
    file.close();
    if (!file) throw std::runtime_error{"cannot write " + path};
}

// A folder for this grading below `out`, which `latest` leads to. What was graded before stays.
std::string new_folder(const std::string& out) {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    char name[32];
    std::strftime(name, sizeof name, "%Y-%m-%d-%H%M%S", &local);
    std::string folder = name;
    for (int again = 2; fs::exists(fs::path{out} / folder); ++again) folder = name + ('-' + std::to_string(again));
    fs::create_directories(fs::path{out} / folder / "logs");
    fs::remove(fs::path{out} / "latest");
    fs::create_directory_symlink(folder, fs::path{out} / "latest");
    return out + '/' + folder;
}

// One student, graded anew: the rows of the others are those of the latest grading.
void replace_rows(const std::string& results, std::vector<Row>& rows) {
    std::ifstream file{results};
    std::vector<Row> all = grade::rows_of({std::istreambuf_iterator<char>{file}, {}});
    for (Row& row : rows) {
        const auto old = std::ranges::find(all, row.student, &Row::student);
        if (old != all.end())
            *old = std::move(row);
        else
            all.push_back(std::move(row));
    }
    std::ranges::sort(all, {}, &Row::student);
    rows = std::move(all);
}

Settings read_settings(int argc, char** argv) {
    Settings settings;
    cli::Options options{"grade", "Builds and checks what each student of a class has handed in."};
    options.positional("DIR", "a folder or an archive in it for each student",
                       [&](const std::string& value) { settings.folder = value; });
    options.text("--tree", settings.tree, "DIR", "the course with holes, as in a handout");
    options.text("--base", settings.base, "DIR", "what was built of it");
    options.text("--script", settings.script, "FILE", "what runs in the sandbox (inside.sh)");
    options.text("--scenarios", settings.scenarios, "FILE", "what check-NN --list says");
    options.text("--files", settings.files, "FILE", "the files with exercises, one in a line");
    options.text("--out", settings.out, "DIR", "where the results go");
    options.text("--student", settings.student, "NAME", "grade this one again, in the latest results");
    options.text("--seed", settings.seed, "HEX", "keys and payloads are drawn from it");
    options.number("--from", settings.from, 1, 99, "N", "the first lesson that counts");
    options.number("--to", settings.to, 1, 99, "N", "the last one");
    options.number("--jobs", settings.jobs, 1, 64, "N", "how many at once");
    options.number("--memory", settings.memory, 256, 65'536, "MB", "for each submission");
    options.seconds("--time", settings.time, "for each submission, to be built and checked");
    options.parse(argc, argv);
    if (settings.folder.empty() || settings.tree.empty() || settings.base.empty() ||
        settings.script.empty() || settings.scenarios.empty() || settings.files.empty())
        throw cli::UsageError{
            "expected: grade --tree DIR --base DIR --script FILE --scenarios FILE --files FILE "
            "DIR; `make grade DIR=submissions` gives all of it"};
    settings.tree = fs::canonical(settings.tree).string();
    settings.base = fs::canonical(settings.base).string();
    settings.script = fs::canonical(settings.script).string();
    settings.out = fs::weakly_canonical(settings.out).string();
    return settings;
}

int grade_class(int argc, char** argv) {
    ::umask(022);  // other users read these files from within their sandboxes
    Settings settings = read_settings(argc, argv);
    auto submissions = grade::read_submissions(settings.folder, read_lines(settings.files));
    if (!settings.student.empty())
        std::erase_if(submissions, [&](const Submission& one) { return one.student != settings.student; });
    if (submissions.empty())
        throw std::runtime_error{settings.student.empty()
                                     ? "nothing is in " + settings.folder
                                     : "nobody in " + settings.folder + " is called '" + settings.student + "'"};
    const std::string missing = grade::missing_for_sandbox({.tree = settings.tree,
                                                            .base = settings.base,
                                                            .script = settings.script,
                                                            .memory = std::size_t{512} << 20,
                                                            .time = std::chrono::seconds{60}});
    if (!missing.empty()) throw std::runtime_error{missing};
    const bool again = !settings.student.empty() && fs::exists(settings.out + "/latest/results.json");
    settings.out = again ? fs::canonical(settings.out + "/latest").string() : new_folder(settings.out);

    const auto scenarios = scenarios_between(settings);
    std::vector<Row> rows = check_all(submissions, settings, scenarios);
    if (again) replace_rows(settings.out + "/results.json", rows);
    std::printf("\n%s\n", grade::table(rows, scenarios).c_str());
    write_file(settings.out + "/results.csv", grade::csv(rows, scenarios));
    write_file(settings.out + "/results.json", grade::json_text(rows, scenarios));
    std::printf("%s: results.csv, results.json, and in logs/ what each check said\n",
                settings.out.c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, grade_class); }
