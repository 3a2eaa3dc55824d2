// `make hostile`: every client against a server that does wrong in every way, on pipes and on a terminal, and
// every program with every kind of argument. Each has to end by itself, with a status that it documents, a
// line that says why, and nothing on the terminal that a peer has chosen.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <thread>

#include "cli/options.hpp"
#include "tests/hostile/programs.hpp"

namespace {

using namespace hostile;

struct Settings {
    std::string only{};
    std::string section{};
    std::uint64_t jobs = 2 * std::max(1u, std::thread::hardware_concurrency());
    std::uint64_t most_shown = 20;
};

std::size_t tell(const Report& report, const Settings& settings) {
    std::string statuses;
    for (const auto& [status, count] : report.statuses)
        statuses += " " + std::to_string(status) + ": " + std::to_string(count) + ",";
    if (!statuses.empty()) statuses.pop_back();
    std::printf("%-36s %5zu tried, %3zu faults;  by status%s\n", report.subject.c_str(), report.tried,
                report.faults.size(), statuses.c_str());
    for (std::size_t i = 0; i < std::min<std::size_t>(report.faults.size(), settings.most_shown); ++i)
        std::printf("    %s\n", report.faults[i].c_str());
    std::fflush(stdout);
    return report.faults.size();
}

// Files that programs write lie here, and go.
class WorkingFolder {
  public:
    WorkingFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "hostile-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
        path_ = name;
        std::filesystem::current_path(path_);
    }
    ~WorkingFolder() {
        std::filesystem::current_path("/");
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

  private:
    std::filesystem::path path_;
};

int meet_all(int argc, char** argv) {
    Settings settings;
    cli::Options options{"hostile", "Every program against hostile servers, arguments and keys."};
    options.text("--only", settings.only, "NAME", "a program: 'lesson 8', wsc, lessons/08-messages/server");
    options.text("--section", settings.section, "NAME", "wire, terminal, keys or arguments");
    options.number("--jobs", settings.jobs, 1, 64, "N", "at a time");
    options.number("--show", settings.most_shown, 0, 100'000, "N", "faults of each program at most");
    options.parse(argc, argv);

    const std::filesystem::path build = std::filesystem::absolute(std::getenv("TEST_BUILD"));
    ::setenv("TEST_BUILD", build.c_str(), 1);
    ::setenv("HOME", "/nonexistent", 1);  // no history of ours
    const WorkingFolder folder;
    const auto jobs = static_cast<unsigned>(settings.jobs);
    const auto wanted = [&settings](const std::string& section, const std::string& name) {
        return (settings.section.empty() || settings.section == section) &&
               (settings.only.empty() || settings.only == name);
    };
    const std::vector<Misbehaviour> all = misbehaviours();
    std::size_t faults = 0;
    for (const Client& client : clients()) {
        if (wanted("wire", client.name)) faults += tell(meet_servers(client, all, jobs), settings);
        if (!client.on_terminal) continue;
        if (wanted("terminal", client.name)) faults += tell(draw_on_terminal(client, all), settings);
        if (wanted("keys", client.name)) faults += tell(type_at_random(client, 40), settings);
    }
    for (const std::string& program : all_programs())
        if (wanted("arguments", program)) faults += tell(give_arguments(program, jobs), settings);
    std::printf("%zu faults\n", faults);
    return faults == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    doctest::Context context;  // the tests' own tools complain through it
    context.setAsDefaultForAssertsOutOfTestCases();
    return cli::run(argc, argv, meet_all);
}
