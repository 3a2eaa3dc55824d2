// grade [options] DIR: builds and checks what each student of a class has handed in, several at
// once, each in a sandbox of its own, and writes one table of it all. `make grade` prepares what
// the options name. Status 0 when every submission was looked at, whatever came of it.
// Leaves out: marks. What a score is worth is the teacher's to say.
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "cli/options.hpp"
#include "lessons/tools/grade/feedback.hpp"
#include "lessons/tools/grade/report.hpp"
#include "lessons/tools/grade/results_folder.hpp"
#include "lessons/tools/grade/sandbox.hpp"
#include "lessons/tools/grade/settings.hpp"
#include "lessons/tools/grade/submission.hpp"
#include "lessons/tools/grade/verdict.hpp"
#include "ws/hex.hpp"

namespace {

namespace fs = std::filesystem;
using grade::Ended;
using grade::Row;
using grade::Scenarios;
using grade::Settings;
using grade::Submission;

// Of what may not be there.
std::string text_of(const fs::path& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<std::string> read_lines(const std::string& path) {
    std::ifstream file{path};
    if (!file) throw std::runtime_error{"cannot read " + path};
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

// --- one submission -----------------------------------------------------------------------------

// A name that a file can have, and that no other student gets.
std::string file_name(const std::string& student) {
    constexpr std::size_t longest = 150;
    if (student.size() <= longest) return student;
    return student.substr(0, longest) + '-' + std::to_string(std::hash<std::string>{}(student));
}

// What the check said in full, for the teacher.
std::string log_of(const Row& row, const Settings& settings) {
    return settings.out + "/logs/" + file_name(row.student) + ".txt";
}

Row check(const Submission& submission, const Settings& settings, std::size_t number,
          const fs::path& scratch, const Scenarios& scenarios) {
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
    const std::string mark = grade::new_mark();
    const grade::Sandbox sandbox{.tree = settings.tree,
                                 .base = settings.base,
                                 .script = settings.script,
                                 .number = static_cast<unsigned>(number),
                                 .memory = settings.memory << 20,
                                 .time = std::chrono::duration_cast<std::chrono::seconds>(settings.time),
                                 .none = settings.unboxed};
    const auto begin = std::chrono::steady_clock::now();
    const Ended ended = grade::run_inside(
        sandbox, scratch, {std::to_string(settings.from), std::to_string(settings.to), settings.seed}, mark);
    row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::ofstream{log_of(row, settings)} << grade::read_verdict(ended, mark, scenarios, row);
    return row;
}

// --- all of them --------------------------------------------------------------------------------

std::vector<Row> check_all(const std::vector<Submission>& submissions, const Settings& settings,
                           const Scenarios& scenarios) {
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

Scenarios scenarios_of(const Settings& settings) {
    Scenarios scenarios = grade::read_scenarios(read_lines(settings.scenarios), static_cast<int>(settings.from),
                                                static_cast<int>(settings.to));
    for (const std::string& exercise : grade::weigh(scenarios, settings.weights))
        std::fprintf(stderr, "grade: nothing judges exercise %s in lessons %u to %u, so its weight counts nothing\n",
                     exercise.c_str(), static_cast<unsigned>(settings.from), static_cast<unsigned>(settings.to));
    return scenarios;
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream file{path};
    file << text;
    file.close();
    if (!file) throw std::runtime_error{"cannot write " + path};
}

// One student, graded anew: the rows of the others are those of the latest grading.
void replace_rows(const std::string& results, std::vector<Row>& rows) {
    std::vector<Row> all = grade::rows_of(text_of(results));
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

// What the files themselves tell, and when they were handed in: of all, since a row may stay from an
// earlier grading and be like one that is graded now.
void look_at_files(const std::vector<Submission>& submissions, const Settings& settings, std::vector<Row>& rows) {
    grade::Files starters;
    std::map<std::string, grade::Files> all;
    for (const Submission& one : submissions) {
        for (const auto& [name, text] : one.files) starters[name] = text_of(fs::path{settings.tree} / name);
        if (!one.files.empty()) all[one.student] = one.files;
    }
    std::map<std::string, grade::Likeness> like;
    auto next = all.begin();
    for (const grade::Likeness& one : grade::likenesses(all, starters)) like[(next++)->first] = one;
    for (const Submission& one : submissions) {
        const auto row = std::ranges::find(rows, one.student, &Row::student);
        if (row == rows.end()) continue;
        row->handed_in = grade::handed_in(one.changed, settings.due);
        row->likeness = like[one.student];
        std::set<std::string> words;
        for (const auto& [name, text] : one.files) words.merge(grade::suspicious_words(text, starters[name]));
        for (const std::string& word : words) row->words += (row->words.empty() ? "" : ", ") + word;
    }
}

void write_feedback(const std::vector<Row>& rows, const Scenarios& scenarios, const Settings& settings) {
    grade::Course course{.book = settings.book};
    for (const auto& entry : fs::directory_iterator{fs::path{settings.tree} / "lessons"})
        if (entry.is_directory()) course.lessons.push_back(entry.path().filename().string());
    for (const Row& row : rows) {
        const std::string log = text_of(log_of(row, settings)), name = file_name(row.student);
        write_file(settings.out + "/feedback/" + name + ".html", grade::feedback_page(row, scenarios, log, course));
        write_file(settings.out + "/gradescope/" + name + ".json",
                   grade::gradescope(row, scenarios, log, settings.visibility));
    }
}

int grade_class(int argc, char** argv) {
    ::umask(022);  // other users read these files from within their sandboxes
    Settings settings = grade::read_settings(argc, argv);
    const Scenarios scenarios = scenarios_of(settings);
    const std::vector<std::string> wanted = read_lines(settings.files);
    const std::vector<Submission> all = settings.alone
                                            ? std::vector{grade::read_submission(settings.folder, wanted)}
                                            : grade::read_submissions(settings.folder, wanted);
    std::vector<Submission> submissions = all;
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
                                                            .time = std::chrono::seconds{60},
                                                            .none = settings.unboxed});
    if (!missing.empty()) throw std::runtime_error{missing};
    const bool again = !settings.student.empty() && fs::exists(settings.out + "/latest/results.json");
    settings.out = again ? fs::canonical(settings.out + "/latest").string() : grade::new_results_folder(settings.out);

    std::vector<Row> rows = check_all(submissions, settings, scenarios);
    if (again) replace_rows(settings.out + "/results.json", rows);
    look_at_files(all, settings, rows);
    std::printf("\n%s\n", grade::table(rows, scenarios).c_str());
    write_file(settings.out + "/results.csv", grade::csv(rows, scenarios));
    write_file(settings.out + "/results.json", grade::json_text(rows, scenarios));
    write_feedback(rows, scenarios, settings);
    std::printf("%s: results.csv, results.json, what each check said in logs/, a page for each in feedback/\n",
                settings.out.c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, grade_class); }
