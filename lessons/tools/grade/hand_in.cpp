// Dates, and the one question that is put to git.
#include "lessons/tools/grade/hand_in.hpp"

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "lessons/tools/grade/process.hpp"

namespace grade {

namespace {

namespace fs = std::filesystem;

constexpr double seconds_of_a_day = 86'400;

std::string first_line(const fs::path& path) {
    std::ifstream file{path};
    std::string line;
    std::getline(file, line);
    return line;
}

bool is_object_name(const std::string& text) {
    static const std::regex form{"[0-9a-f]{40}([0-9a-f]{24})?"};
    return std::regex_match(text, form);
}

// What HEAD stands for; empty when that cannot be read.
std::string last_commit(const fs::path& repository) {
    const std::string head = first_line(repository / "HEAD");
    if (!head.starts_with("ref: refs/") || head.find("..") != head.npos) return is_object_name(head) ? head : "";
    const std::string name = head.substr(5);
    if (const std::string loose = first_line(repository / name); is_object_name(loose)) return loose;
    std::ifstream packed{repository / "packed-refs"};
    for (std::string line; std::getline(packed, line);)
        if (line.ends_with(' ' + name) && is_object_name(line.substr(0, line.find(' '))))
            return line.substr(0, line.find(' '));
    return "";
}

}  // namespace

std::time_t local_time(int year, int month, int day, int hour, int minute, int second) {
    std::tm local{};
    local.tm_year = year - 1900;
    local.tm_mon = month - 1;
    local.tm_mday = day;
    local.tm_hour = hour;
    local.tm_min = minute;
    local.tm_sec = second;
    local.tm_isdst = -1;  // whichever holds then
    return std::mktime(&local);
}

std::time_t read_due(const std::string& text) {
    static const std::regex form{R"((\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d)?)?)"};
    std::smatch parts;
    if (std::regex_match(text, parts, form)) {
        const auto number = [](const std::string& digits, std::size_t at) { return std::stoi(digits.substr(at, 2)); };
        const std::string date = parts[1].str(), clock = parts[2].matched ? parts[2].str() : "23:59";
        const int second = parts[3].matched ? number(parts[3].str(), 1) : parts[2].matched ? 0 : 59;
        const std::time_t at = local_time(std::stoi(date), number(date, 5), number(date, 8), number(clock, 0),
                                          number(clock, 3), second);
        // The 31st of February would become another day.
        if (shown_time(at).starts_with(date + ' ' + clock)) return at;
    }
    throw std::runtime_error{"DUE is a date such as '2026-12-01 23:59', not '" + text + "'"};
}

std::string shown_time(std::time_t at) {
    std::tm local{};
    ::localtime_r(&at, &local);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
    return text;
}

HandedIn handed_in(std::optional<std::time_t> at, const Due& due) {
    HandedIn when{.at = at};
    if (!at || !due.at) return when;
    const double late = std::difftime(*at, *due.at);
    when.days_late = late <= 0 ? 0 : 1 + static_cast<int>((late - 1) / seconds_of_a_day);
    if (due.late_days) when.beyond = std::max(0, *when.days_late - *due.late_days);
    return when;
}

std::optional<std::time_t> commit_time(const fs::path& folder) {
    const fs::path repository = folder / ".git";
    if (!fs::is_directory(repository / "objects")) return std::nullopt;
    const std::string commit = last_commit(repository);
    std::string scratch = (fs::temp_directory_path() / "grade-git-XXXXXX").string();
    if (commit.empty() || ::mkdtemp(scratch.data()) == nullptr) return std::nullopt;
    // A repository of our own, which only borrows the objects.
    Ended ended = run({"git", "init", "--quiet", "--bare", scratch}, {});
    if (ended.status == 0)
        ended = run({"env", "GIT_OBJECT_DIRECTORY=" + (repository / "objects").string(), "git", "--git-dir=" + scratch,
                     "log", "-1", "--format=%ct", commit},
                    {});
    fs::remove_all(scratch);
    char* end = nullptr;
    const long long seconds = std::strtoll(ended.output.c_str(), &end, 10);
    if (ended.status != 0 || *end != '\n' || seconds <= 0) return std::nullopt;
    return static_cast<std::time_t>(seconds);
}

}  // namespace grade
