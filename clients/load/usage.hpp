// What a process has used: CPU time, the kernel's part included, and resident memory.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

namespace load {

struct Usage {
    std::chrono::nanoseconds cpu{};     // of all its threads, also those that have ended
    std::uint64_t resident_bytes = 0;
};

// Throws std::runtime_error when there is no such process.
Usage usage_of(pid_t process);

// Of this one.
std::chrono::nanoseconds own_cpu_time();

}  // namespace load
