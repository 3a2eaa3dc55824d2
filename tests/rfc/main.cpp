// `make rfc` and `make rfc-mutants`: the table of rules for people, and its mutants on their way.
//   rfc table                 one line a rule, in Markdown, and the sums
//   rfc mutants BUILD [LINE...]  each check switched off, one after the other: its test has to fail. The
//                             compiler is $COMPILE; the tests' objects lie in BUILD, the rest in two archives
// A mutant costs one object and one small program. Leaves out: what rules_test.cpp checks.
#include <sys/wait.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "tests/rfc/rules.hpp"

namespace {

namespace fs = std::filesystem;

std::string cell(std::string text) {
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\|");
    return text;
}

int table() {
    std::size_t checked = 0, kept = 0, open = 0;
    std::printf("| RFC | whom | rule | where | test | lesson |\n|---|---|---|---|---|---|\n");
    for (const rfc::Rule& rule : rfc::read_rules()) {
        std::printf("| %s %s | %s | %s | ", rule.rfc.c_str(), rule.section.c_str(), rule.whom.c_str(), cell(rule.sentence).c_str());
        if (!rule.why.empty()) {
            std::printf("does not apply: %s | | |\n", cell(rule.why).c_str());
            ++open;
            continue;
        }
        std::printf("%s %s%s | %s: %s%s | %s |\n", rule.code.file.c_str(), rule.code.name.c_str(),
                    rule.how.empty() ? "" : cell(": " + rule.how).c_str(), rule.test.file.c_str(), cell(rule.test.name).c_str(),
                    rule.mutant ? " (mutant)" : "", rule.lesson.c_str());
        ++(rule.mutant ? checked : kept);
    }
    std::printf("\n%zu rules: %zu with a check that a mutant switches off, %zu kept otherwise, %zu that do not apply\n",
                checked + kept + open, checked, kept, open);
    return 0;
}

int run(const std::string& command) {
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class Laboratory {
  public:
    // Of the rules that begin on these lines of rules.txt; none: of all.
    Laboratory(std::string build, std::set<int> lines) : build_{std::move(build)}, lines_{std::move(lines)} {
        const char* command = std::getenv("COMPILE");
        if (command == nullptr) throw std::runtime_error{"COMPILE is not set; this is run by make rfc-mutants"};
        compile_ = command;
    }

    int run_all() {
        for (rfc::Rule& rule : rfc::read_rules())
            if (rule.mutant && (lines_.empty() || lines_.contains(rule.line))) rules_.push_back(std::move(rule));
        if (!tests_pass()) return 1;
        std::vector<std::thread> workers;
        for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
            workers.emplace_back([this] { for (std::size_t at; (at = next_++) < rules_.size();) try_mutant(at); });
        for (std::thread& worker : workers) worker.join();
        std::printf("%zu of %zu mutants killed\n", killed_.load(), rules_.size());
        return killed_ == rules_.size() ? 0 : 1;
    }

  private:
    // What has no fault passes, or a killed mutant would prove nothing.
    bool tests_pass() {
        std::map<std::string, std::string> tests;  // by program and case
        for (const rfc::Rule& rule : rules_) tests[rule.test.file + '\n' + rule.test.name] = rule.test.file;
        bool good = true;
        std::set<std::string> linked;
        for (const auto& [name, file] : tests) {
            const std::string program = program_for(file, "");
            const std::string found = program + filter(name.substr(name.find('\n') + 1)) + " --count | grep -q ': 1$'";
            if (linked.insert(file).second) link(file, "", program);
            if (run(found) == 0 && run_test(program, name.substr(name.find('\n') + 1)) == 0) continue;
            std::printf("without any mutant fails: %s\n", name.c_str());
            good = false;
        }
        return good;
    }

    void try_mutant(std::size_t at) {
        const rfc::Rule& rule = rules_[at];
        const std::string folder = build_ + "/mutants/" + std::to_string(rule.line);
        const std::string source = folder + "/" + rule.code.file, object = folder + "/mutant.o";
        const std::string program = program_for(rule.test.file, folder);
        fs::create_directories(fs::path{source}.parent_path());
        std::string text = rfc::read_file(rule.code.file);
        text.replace(text.find(rule.mutant->was), rule.mutant->was.size(), rule.mutant->is);
        std::ofstream{source} << text;
        std::string verdict = "survived";
        // Its own errors are of interest only to whoever writes a mutant.
        if (run(compile_ + " -w -c " + source + " -o " + object + " 2>" + folder + "/errors") != 0)
            verdict = "does not compile (" + folder + "/errors)";
        else if (!link(rule.test.file, object, program))
            verdict = "does not link";
        else if (run_test(program, rule.test.name) != 0)
            verdict = "killed";
        if (verdict == "killed") ++killed_, fs::remove_all(folder);
        const std::lock_guard lock{mutex_};
        std::printf("%-9s %3d RFC %s %s: %.60s...\n", verdict.c_str(), rule.line, rule.rfc.c_str(), rule.section.c_str(), rule.sentence.c_str());
        std::fflush(stdout);
    }

    std::string program_for(const std::string& test_file, const std::string& folder) const {
        if (!folder.empty()) return folder + "/test";
        fs::create_directories(build_ + "/mutants");
        return build_ + "/mutants/" + fs::path{test_file}.stem().string();
    }

    // The mutant comes before the archive that has the same object without a fault.
    bool link(const std::string& test_file, const std::string& mutant, const std::string& program) const {
        const std::string object = build_ + "/" + fs::path{test_file}.replace_extension(".o").string();
        return run(compile_ + " " + object + " " + build_ + "/tests/main.o " + mutant + " " + build_ +
                   "/support.a " + build_ + "/source.a -lcrypto -o " + program + " 2>&1") == 0;
    }

    static std::string filter(const std::string& name) {
        std::string escaped;
        for (const char c : name) escaped += c == ',' ? std::string{"\\,"} : std::string{c};
        std::string shell;  // an apostrophe ends what the shell quotes
        for (const char c : escaped) shell += c == '\'' ? std::string{"'\\''"} : std::string{c};
        return " -tc='" + shell + "'";
    }

    static int run_test(const std::string& program, const std::string& name) {
        return run("timeout 60 " + program + filter(name) + " >/dev/null 2>&1");
    }

    std::string build_;
    std::set<int> lines_;
    std::string compile_;
    std::vector<rfc::Rule> rules_;
    std::atomic<std::size_t> next_ = 0, killed_ = 0;
    std::mutex mutex_;  // for the output
};

}  // namespace

int main(int argc, char** argv) try {
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "table" && argc == 2) return table();
    std::set<int> lines;
    for (int i = 3; i < argc; ++i) lines.insert(std::atoi(argv[i]));
    if (what == "mutants" && argc >= 3) return Laboratory{argv[2], lines}.run_all();
    std::fprintf(stderr, "usage: rfc table | rfc mutants BUILD [LINE...]\n");
    return 2;
} catch (const std::exception& error) {
    std::fprintf(stderr, "rfc: %s\n", error.what());
    return 1;
}
