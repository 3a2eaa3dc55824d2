// prlimit and setpriv, and the few variables that a build needs.
#include "lessons/tools/grade/limits.hpp"

#include <unistd.h>

#include <algorithm>
#include <thread>

namespace grade {

namespace {

constexpr const char* max_file_bytes = "268435456";  // one file; there is no disk to fill
constexpr const char* max_descriptors = "4096";      // lesson 11 asks for many
constexpr const char* max_cpu_seconds = "150";       // of one process: a compiler in a loop
constexpr unsigned first_user = 60'001;              // a number that no login has
constexpr unsigned users = 5'000;

}  // namespace

// What a check needs: two compilers, or a few scenarios for each core, with two or three processes
// in each. The kernel's limit counts threads as well; the watch, which sees processes, ends a
// submission that keeps more of them for a moment, since a fork bomb at its limit burns what it
// can.
unsigned enough_processes() { return 24 + 8 * std::max(2u, std::thread::hardware_concurrency()); }
unsigned max_processes() { return 64 + 3 * enough_processes(); }

std::string user_of(unsigned number) { return std::to_string(first_user + number % users); }

void add_limits(Words& words, unsigned number) {
    add(words,
        {"prlimit", "--nproc=" + std::to_string(max_processes()),
         std::string{"--fsize="} + max_file_bytes, std::string{"--nofile="} + max_descriptors,
         std::string{"--cpu="} + max_cpu_seconds, "--core=0", "--"});
    if (::geteuid() != 0) return;
    const std::string user = user_of(number);
    // A process that becomes another user would not end with its parent any more.
    add(words, {"setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups", "--inh-caps=-all",
                "--bounding-set=-all", "--no-new-privs", "--pdeathsig=KILL", "--"});
}

std::vector<std::pair<std::string, std::string>> environment(std::size_t memory) {
    // A process that grows to a quarter ends with a sanitizer's report, before the watch ends all.
    const std::string megabytes = std::to_string(memory >> 22);
    return {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
            {"HOME", "/tmp"},
            {"LC_ALL", "C.UTF-8"},
            {"NO_COLOR", "1"},
            {"ASAN_OPTIONS", "hard_rss_limit_mb=" + megabytes}};
}

}  // namespace grade
