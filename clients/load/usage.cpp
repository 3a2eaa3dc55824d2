// clock_getcpuclockid(3) for the time, /proc/PID/statm for the memory.
// Leaves out: child processes of the server's.
#include "clients/load/usage.hpp"

#include <time.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <string>

namespace load {

namespace {

std::chrono::nanoseconds read(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace

Usage usage_of(pid_t process) {
    clockid_t clock{};
    if (::clock_getcpuclockid(process, &clock) != 0)
        throw std::runtime_error{"there is no process " + std::to_string(process) +
                                 " (--pid) on this machine"};
    std::uint64_t pages = 0;
    std::uint64_t resident = 0;
    std::ifstream{"/proc/" + std::to_string(process) + "/statm"} >> pages >> resident;
    return {read(clock), resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))};
}

std::chrono::nanoseconds own_cpu_time() { return read(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace load
