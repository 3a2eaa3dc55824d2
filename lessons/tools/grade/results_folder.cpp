// The names of the folders, none of them given twice. Leaves out: what stands in them (report, feedback).
#include "lessons/tools/grade/results_folder.hpp"

#include <chrono>
#include <ctime>

namespace grade {

namespace fs = std::filesystem;

namespace {

std::string unused_name(const fs::path& out, std::time_t at) {
    std::tm local{};
    ::localtime_r(&at, &local);
    char name[32];
    std::strftime(name, sizeof name, "%Y-%m-%d-%H%M%S", &local);
    std::string unused = name;
    for (int again = 2; fs::exists(out / unused); ++again) unused = name + ('-' + std::to_string(again));
    return unused;
}

std::time_t time_of(const fs::path& folder) {
    const auto at = std::chrono::file_clock::to_sys(fs::last_write_time(folder));
    return std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(at));
}

}  // namespace

std::string new_results_folder(const std::string& out, const MakeLink& make_link) {
    const fs::path below{out}, latest = below / "latest";
    fs::create_directories(below);
    if (fs::is_symlink(fs::symlink_status(latest)))
        fs::remove(latest);
    else if (fs::exists(latest))
        fs::rename(latest, below / unused_name(below, time_of(latest)));
    std::string folder = unused_name(below, std::time(nullptr));
    std::error_code no_link;
    make_link(folder, latest, no_link);
    if (no_link) folder = "latest";
    for (const char* within : {"logs", "feedback", "gradescope"}) fs::create_directories(below / folder / within);
    return out + '/' + folder;
}

}  // namespace grade
