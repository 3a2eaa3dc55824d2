// Runs scenarios, each in a process of its own with a deadline, a few at a time, and tells what
// came of them. check-05 --help shows the options.
// Leaves out: building what is checked (check.sh).
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <thread>
#include <tuple>

#include "lessons/tools/check/backstage.hpp"
#include "lessons/tools/check/descriptors.hpp"
#include "lessons/tools/check/report.hpp"

namespace {

using check::Outcome;
using check::Scenario;
using check::Verdict;
using Clock = std::chrono::steady_clock;

struct Options {
    std::string only, trace, results, build = "build/check";
    int lesson = 0, from = 0;  // only this one; from this one on
    std::string mark{};        // printed before the table; of the environment
    std::uint64_t seed = 0;
    bool verbose = false, list = false;
    std::optional<std::vector<std::string>> built{};
};

// A scenario at work.
struct Job {
    Outcome outcome;
    pid_t pid = -1;
    int pipe = -1;
    std::string notes{};   // not yet read
    std::size_t mark = 0;  // exchange lines before the cuts of one reader
    bool done = false, ended = false;
    std::chrono::seconds limit{};
    Clock::time_point deadline{};
};

// --- in the scenario's own process --------------------------------------------------------------

[[noreturn]] void run_scenario(const Scenario& scenario, const Options& options, int pipe,
                               std::chrono::milliseconds patience) {
    {
        check::Run run{{.lesson = scenario.lesson(),
                        .name = scenario.name(),
                        .seed = options.seed,
                        .pipe = pipe,
                        .patience = patience,
                        .build = options.build,
                        .built = options.built}};
        check::Backstage& backstage = run.backstage();
        try {
            for (const check::Cut cut : scenario.exercise().cuts) {
                backstage.begin(cut);
                scenario.run(run);
                backstage.look_for_crashes(check::Milliseconds{0});
                if (!backstage.has_used_sockets()) break;
            }
            backstage.tell_printed();
            backstage.note('D', "");
        } catch (const check::Failed&) {
            backstage.note('D', "");
        } catch (const check::NotBuilt& missing) {
            backstage.note('N', missing.program);
            backstage.note('D', "");
        }
    }
    ::_exit(0);
}

// What /proc/loadavg says ("0.67 2.12 2.53 9/120 4711"). The average is a minute behind what has just
// begun; `running` is what is ready to run at this moment, this process among it.
struct Load {
    double average = 0, running = 0;
    double processors = std::max(1U, std::thread::hardware_concurrency());
};

Load load_now() {
    Load load;
    double minutes = 0;
    std::ifstream{"/proc/loadavg"} >> load.average >> minutes >> minutes >> load.running;
    return load;
}

// How much longer than on an idle machine everything may take: 1 to 8. A class that is graded, or a
// build beside it, must not make right answers late.
int slowness() {
    const Load load = load_now();
    return static_cast<int>(std::clamp(std::max(load.average, load.running) / load.processors, 1.0, 8.0));
}

// Scenarios wait more than they compute. Two for each core are at work in any case, and up to eight
// while a core is idle.
bool room_for_another(std::size_t at_work) {
    const Load load = load_now();
    const double for_each_core = static_cast<double>(at_work) / std::max(2.0, load.processors);
    return for_each_core < 2 || (for_each_core < 8 && load.running > 0 && load.running <= load.processors);
}

// --- in the process that reports ----------------------------------------------------------------

Job start(const Scenario& scenario, const Options& options, std::chrono::milliseconds patience) {
    const int slow = slowness();
    patience *= slow;
    Job job;
    job.outcome.scenario = &scenario;
    job.limit = std::chrono::seconds{scenario.exercise().limit * slow};
    job.deadline = Clock::now() + job.limit;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::exit((std::perror("check: pipe2"), 2));
    job.pid = ::fork();
    if (job.pid < 0) std::exit((std::perror("check: fork"), 2));
    if (job.pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::setpgid(0, 0);
        ::signal(SIGPIPE, SIG_IGN);
        ::close(ends[0]);
        run_scenario(scenario, options, ends[1], patience);
    }
    ::setpgid(job.pid, job.pid);
    ::close(ends[1]);
    job.pipe = ends[0];
    return job;
}

void take_note(Job& job, char kind, std::string text) {
    Outcome& outcome = job.outcome;
    switch (kind) {
        case 'X': outcome.exchange.clear(); break;
        case 'L': case 'Q': case 'B': outcome.exchange.push_back(kind + text); break;
        case '{': job.mark = outcome.exchange.size(); break;
        case '<': outcome.exchange.resize(std::min(job.mark, outcome.exchange.size())); break;
        case 'P': outcome.programs = true; break;
        case 'S': outcome.step = text; break;
        case '1': outcome.says = text; break;
        case 'T': outcome.block = text; break;
        case 'C': outcome.cut = text; break;
        case 'N': outcome.not_built = text; break;
        case 'O': outcome.printed = text; break;
        case 'D': job.done = true; break;
        case 'V':
            for (int i = 0; i <= static_cast<int>(Verdict::not_compiled); ++i)
                if (check::name_of(static_cast<Verdict>(i)) == text)
                    outcome.verdict = static_cast<Verdict>(i);
            break;
        default: break;
    }
}

// Reads what is there; false when the other end is closed.
bool read_notes(Job& job) {
    char buffer[65536];
    const ssize_t size = ::read(job.pipe, buffer, sizeof buffer);
    if (size > 0) job.notes.append(buffer, static_cast<std::size_t>(size));
    std::size_t at = 0;
    while (job.notes.size() - at >= 5) {
        std::uint32_t length = 0;
        std::memcpy(&length, job.notes.data() + at + 1, sizeof length);
        if (job.notes.size() - at - 5 < length) break;
        take_note(job, job.notes[at], job.notes.substr(at + 5, length));
        at += 5 + length;
    }
    job.notes.erase(0, at);
    return size > 0;
}

void set_outcome(Job& job, Verdict verdict, std::string says) {
    job.outcome.verdict = verdict;
    job.outcome.block.clear();
    for (const std::string& line : check::wrap(says, 80)) job.outcome.block += "        " + line + '\n';
    job.outcome.says = std::move(says);
}

void finish(Job& job, bool late) {
    // Its programs are in its process group.
    ::kill(-job.pid, SIGKILL);
    int status = 0;
    ::waitpid(job.pid, &status, 0);
    ::close(job.pipe);
    job.ended = true;
    if (!job.done && late) {
        set_outcome(job, Verdict::timed_out,
                    "still at work after " + std::to_string(job.limit.count()) +
                        " seconds" +
                        (job.outcome.step.empty() ? "" : ", in: " + job.outcome.step) +
                        ". A loop that does not end?");
    } else if (!job.done) {
        const std::string how =
            WIFSIGNALED(status) ? std::string{"signal "} + strsignal(WTERMSIG(status)) : "exit()";
        set_outcome(job, Verdict::crashed, "the check itself, not your code, ended with " + how +
                                               (job.outcome.step.empty() ? "" : ", in: " + job.outcome.step));
    }
}

// As the first process of a sandbox (`make grade`) it is the parent of whatever students' programs
// have left behind. What has ended and is not fetched still counts against their limit.
void fetch_orphans(const std::vector<Job>& jobs) {
    siginfo_t ended{};
    while (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid > 0) {
        const auto is_it = [&](const Job& job) { return !job.ended && job.pid == ended.si_pid; };
        if (std::ranges::any_of(jobs, is_it)) return;  // finish() does it, and then comes the next
        ::waitpid(ended.si_pid, nullptr, 0);
        ended = {};
    }
}

// Which exercise has to be done before this failure means anything; 0 for none.
int missing_exercise(const Outcome& outcome, const std::vector<Job>& jobs) {
    const Scenario& scenario = *outcome.scenario;
    for (const int exercise : scenario.exercise().needed)
        for (const Job& job : jobs) {
            const Scenario& other = *job.outcome.scenario;
            const bool of_its_own = !job.outcome.programs || other.exercise().needed.empty();
            if (job.ended && other.lesson() == scenario.lesson() && other.exercise().number == exercise &&
                of_its_own && job.outcome.verdict != Verdict::passed)
                return exercise;
        }
    return 0;
}

void show(const Outcome& outcome, const check::Style& style, std::map<std::tuple<int, int, bool>, int>& failures,
          const std::vector<Job>& jobs) {
    const Scenario& scenario = *outcome.scenario;
    const check::Exercise& own = scenario.exercise();
    if (!outcome.not_built.empty()) return;
    if (outcome.verdict == Verdict::passed) {
        if (style.verbose) std::printf("%s", check::passed(outcome).c_str());
    } else if (const int exercise = missing_exercise(outcome, jobs); exercise != 0) {
        std::printf("FAIL %s   %s   [not before exercise %d is done]\n", outcome.name().c_str(),
                    scenario.rule().c_str(), exercise);
    } else if (style.verbose || ++failures[{scenario.lesson(), own.number, own.needed.empty()}] == 1) {
        std::printf("%s\n", check::failure(outcome, style).c_str());
    } else {
        // The first of an exercise is often the reason for the others.
        std::printf("FAIL %s   %s   [make check-%d T=%s says more]\n", outcome.name().c_str(),
                    scenario.rule().c_str(), scenario.lesson(), scenario.name().c_str());
    }
    std::fflush(stdout);
}

// Runs all, a few at a time, and shows each when all before it have been shown.
std::vector<Outcome> run_all(const std::vector<const Scenario*>& scenarios, const Options& options,
                             const check::Style& style) {
    const char* wanted = std::getenv("CHECK_PATIENCE");
    std::chrono::milliseconds patience{wanted != nullptr ? std::atoi(wanted) : 2500};
    std::vector<Job> jobs;
    jobs.reserve(scenarios.size());
    std::size_t running = 0, shown = 0;
    std::map<std::tuple<int, int, bool>, int> failures;
    int silent = 0;
    while (shown < scenarios.size()) {
        while (jobs.size() < scenarios.size() && room_for_another(running)) {
            jobs.push_back(start(*scenarios[jobs.size()], options, patience));
            ++running;
        }
        std::vector<pollfd> fds;
        std::vector<Job*> whose;
        // Soon again where another one could begin.
        auto next = Clock::now() + (jobs.size() < scenarios.size() ? std::chrono::milliseconds{20}
                                                                  : std::chrono::milliseconds{1000});
        for (Job& job : jobs) {
            if (job.ended) continue;
            fds.push_back({job.pipe, POLLIN, 0});
            whose.push_back(&job);
            next = std::min(next, job.deadline);
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(next - Clock::now()).count();
        ::poll(fds.data(), fds.size(), static_cast<int>(std::max<long long>(left + 1, 0)));
        fetch_orphans(jobs);
        for (std::size_t i = 0; i < fds.size(); ++i) {
            Job& job = *whose[i];
            // Said to be done, or gone. What the student's code started may hold the pipe for ever.
            const bool over = fds[i].revents != 0 && (!read_notes(job) || job.done);
            const bool late = Clock::now() >= job.deadline;
            if (!over && !late) continue;
            finish(job, late);
            --running;
            // Code that answers nothing is no faster the fourth time.
            if (job.outcome.verdict == Verdict::nothing_received && ++silent == 3 && wanted == nullptr)
                patience = std::chrono::milliseconds{1000};
        }
        while (shown < jobs.size() && jobs[shown].ended) {
            if (!style.trace) show(jobs[shown].outcome, style, failures, jobs);
            ++shown;
        }
    }
    std::vector<Outcome> outcomes;
    for (Job& job : jobs) outcomes.push_back(std::move(job.outcome));
    return outcomes;
}

// --- options ------------------------------------------------------------------------------------

constexpr const char* usage =
    "usage: check-NN [--only NAME] [--lesson N] [--from N] [--verbose] [--trace NAME] [--list]\n"
    "                [--seed HEX] [--results FILE] [--build DIR] [--built PROGRAMS]\n"
    "NAME is a scenario's, \"length-126\" or \"5/length-126\". PROGRAMS are those that are built, such\n"
    "as \"server calls\". When a scenario needs another one, the status is 3; and where none is built,\n"
    "its name is printed.\n";

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream{text};
    return {std::istream_iterator<std::string>{stream}, {}};
}

Options read_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        const auto value = [&]() -> std::string {
            if (i + 1 < argc) return argv[++i];
            std::fprintf(stderr, "check: %s needs a value\n%s", argv[i], usage);
            std::exit(2);
        };
        if (name == "--verbose") options.verbose = true;
        else if (name == "--list") options.list = true;
        else if (name == "--only") options.only = value();
        else if (name == "--trace") options.trace = value();
        else if (name == "--results") options.results = value();
        else if (name == "--build") options.build = value();
        else if (name == "--lesson") options.lesson = std::atoi(value().c_str());
        else if (name == "--from") options.from = std::atoi(value().c_str());
        else if (name == "--built") options.built = words_of(value());
        else if (name == "--seed") options.seed = std::strtoull(value().c_str(), nullptr, 16);
        else {
            std::fprintf(name == "--help" ? stdout : stderr, "%s", usage);
            std::exit(name == "--help" ? 0 : 2);
        }
    }
    return options;
}

std::vector<const Scenario*> chosen(const Options& options) {
    std::vector<const Scenario*> scenarios = Scenario::all();
    const std::string name = options.trace.empty() ? options.only : options.trace;
    std::erase_if(scenarios, [&](const Scenario* scenario) {
        if (options.lesson != 0 && scenario->lesson() != options.lesson) return true;
        if (scenario->lesson() < options.from) return true;
        return !name.empty() && name != scenario->name() &&
               name != std::to_string(scenario->lesson()) + "/" + scenario->name();
    });
    return scenarios;
}

// Takes out what the machine cannot show, and says so: a container often has no IPv6.
std::string leave_out(std::vector<const Scenario*>& scenarios) {
    if (check::has_ipv6()) return {};
    std::string names;
    std::erase_if(scenarios, [&](const Scenario* scenario) {
        if (!scenario->exercise().ipv6) return false;
        names += (names.empty() ? "" : ", ") + std::to_string(scenario->lesson()) + "/" + scenario->name();
        return true;
    });
    return names.empty() ? names : "left out, because this machine has no IPv6: " + names + "\n";
}

void say_that_there_is_none(const Options& options) {
    const std::string& name = options.trace.empty() ? options.only : options.trace;
    int lesson = options.lesson;  // else the last one, the lesson of `make check-N`
    for (const Scenario* scenario : Scenario::all())
        if (options.lesson == 0) lesson = std::max(lesson, scenario->lesson());
    std::fprintf(stderr, "check: there is no scenario '%s'; those of lesson %d are", name.c_str(), lesson);
    for (const Scenario* scenario : Scenario::all())
        if (scenario->lesson() == lesson) std::fprintf(stderr, " %s", scenario->name().c_str());
    std::fprintf(stderr, "\n");
}

void list(const std::vector<const Scenario*>& scenarios) {
    for (const Scenario* scenario : scenarios)
        std::printf("%d/%s\t%d\t%s\n", scenario->lesson(), scenario->name().c_str(),
                    scenario->exercise().number, scenario->rule().c_str());
}

// The table, on standard output for `make grade`, where nobody else can write, or in a file. False: it
// cannot be written.
bool write_table(const std::vector<Outcome>& outcomes, const Options& options) {
    const std::string table = check::table(outcomes);
    if (!options.mark.empty()) std::printf("\n%s\n%s", options.mark.c_str(), table.c_str());
    if (options.results.empty() || (std::ofstream{options.results} << table << std::flush)) return true;
    std::fprintf(stderr, "check: cannot write %s\n", options.results.c_str());
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    // What it knows is nobody's business: no process of the same user may look into its memory, its
    // descriptors or its environment, or trace it.
    ::prctl(PR_SET_DUMPABLE, 0);
    // Make's job server among them: as long as a process of the student's held it, make would wait.
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    Options options = read_options(argc, argv);
    // By the environment, which nobody can read any more, and not by the command line, which all can.
    if (const char* mark = std::getenv("CHECK_MARK"); mark != nullptr) options.mark = mark;
    ::unsetenv("CHECK_MARK");
    std::vector<const Scenario*> scenarios = chosen(options);
    if (scenarios.empty()) return say_that_there_is_none(options), 2;
    const std::string left_out = leave_out(scenarios);
    if (options.list) return list(scenarios), 0;
    const bool colour = ::isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
    const check::Style style{colour, options.verbose || !options.only.empty(), !options.trace.empty()};
    const std::vector<Outcome> outcomes = run_all(scenarios, options, style);
    for (const Outcome& outcome : outcomes)
        if (!outcome.not_built.empty()) {
            if (options.built->empty()) std::printf("%s\n", outcome.not_built.c_str());
            return 3;
        }
    if (style.trace)
        for (const Outcome& outcome : outcomes)
            std::printf("%s", check::trace(outcome, style).c_str());
    else
        std::printf("%s%s", left_out.c_str(), check::score(outcomes).c_str());
    if (!write_table(outcomes, options)) return 1;
    const bool passed = std::ranges::all_of(
        outcomes, [](const Outcome& outcome) { return outcome.verdict == Verdict::passed; });
    return passed ? 0 : 1;
}
