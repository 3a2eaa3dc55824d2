// The command line of grade.
#include "lessons/tools/grade/settings.hpp"

#include <filesystem>
#include <optional>

#include "cli/options.hpp"

namespace grade {

namespace {

namespace fs = std::filesystem;

void add_paths(cli::Options& options, Settings& settings) {
    options.positional("DIR", "a folder or an archive in it for each student",
                       [&](const std::string& value) { settings.folder = value; });
    options.text("--tree", settings.tree, "DIR", "the course with holes, as in a handout");
    options.text("--base", settings.base, "DIR", "what was built of it");
    options.text("--script", settings.script, "FILE", "what runs in the sandbox (inside.sh)");
    options.text("--scenarios", settings.scenarios, "FILE", "what check-NN --list says");
    options.text("--files", settings.files, "FILE", "the files with exercises, one in a line");
    options.text("--out", settings.out, "DIR", "where the results go");
}

void complete(Settings& settings) {
    if (settings.folder.empty() || settings.tree.empty() || settings.base.empty() ||
        settings.script.empty() || settings.scenarios.empty() || settings.files.empty())
        throw cli::UsageError{
            "expected: grade --tree DIR --base DIR --script FILE --scenarios FILE --files FILE "
            "DIR; `make grade DIR=submissions` gives all of it"};
    settings.tree = fs::canonical(settings.tree).string();
    settings.base = fs::canonical(settings.base).string();
    settings.script = fs::canonical(settings.script).string();
    settings.out = fs::weakly_canonical(settings.out).string();
}

}  // namespace

Settings read_settings(int argc, char** argv) {
    Settings settings;
    std::string due;
    std::optional<std::uint64_t> late_days;
    cli::Options options{"grade", "Builds and checks what each student of a class has handed in."};
    add_paths(options, settings);
    options.text("--student", settings.student, "NAME", "grade this one again, in the latest results");
    options.flag("--alone", settings.alone, "DIR is one submission, not a folder of them");
    options.flag("--no-sandbox", settings.unboxed, "as another user, in a container that is thrown away");
    options.text("--seed", settings.seed, "HEX", "keys and payloads are drawn from it");
    options.text("--weights", settings.weights, "LIST", "what exercises are worth: '5/2=4 5/3=10'");
    options.text("--due", due, "DATE", "when it was due: '2026-12-01 23:59'");
    options.number("--late-days", late_days, 0, 999, "N", "how many days late are allowed");
    options.text("--book", settings.book, "URL", "where the book is, for links in the feedback");
    options.custom("--visibility", "WHEN", "of Gradescope's tests: visible, after_due_date, after_published, hidden",
                   [&](const std::string& value) {
                       for (const char* one : {"visible", "after_due_date", "after_published", "hidden"})
                           if (value == one) return static_cast<void>(settings.visibility = value);
                       throw cli::UsageError{"visible, after_due_date, after_published or hidden"};
                   });
    options.number("--from", settings.from, 1, 99, "N", "the first lesson that counts");
    options.number("--to", settings.to, 1, 99, "N", "the last one");
    options.number("--jobs", settings.jobs, 1, 64, "N", "how many at once");
    options.number("--memory", settings.memory, 256, 65'536, "MB", "for each submission");
    options.seconds("--time", settings.time, "for each submission, to be built and checked");
    options.parse(argc, argv);
    if (!due.empty()) settings.due.at = read_due(due);
    if (late_days) settings.due.late_days = static_cast<int>(*late_days);
    complete(settings);
    return settings;
}

}  // namespace grade
