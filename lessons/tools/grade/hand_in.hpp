// When something was handed in, and how late that is. The time is that of the last commit of a git
// repository; else of the newest file that was read, as the archive or the folder has it.
// Leaves out: proof. Whoever hands in sets both, and a portal that notes when it received something
// knows better.
#pragma once

#include <ctime>
#include <filesystem>
#include <optional>
#include <string>

namespace grade {

struct HandedIn {
    std::optional<std::time_t> at{};
    std::optional<int> days_late{};  // begun days after the due date; 0 in time; nothing without a date
    std::optional<int> beyond{};     // of these, more than are allowed
};

struct Due {
    std::optional<std::time_t> at{};
    std::optional<int> late_days{};  // that are allowed
};

// "2026-12-01 23:59" in this machine's time; a date alone is its last second. Throws
// std::runtime_error, in one line, when it is none.
std::time_t read_due(const std::string& text);
std::time_t local_time(int year, int month, int day, int hour, int minute, int second);
std::string shown_time(std::time_t at);  // "2026-12-01 23:59:00"

HandedIn handed_in(std::optional<std::time_t> at, const Due& due);

// The last commit of the repository in `folder`, when there is one. What the student's repository
// has set is not obeyed: its settings can start programs.
std::optional<std::time_t> commit_time(const std::filesystem::path& folder);

}  // namespace grade
