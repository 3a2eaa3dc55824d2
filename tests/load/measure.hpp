// What the load tests measure of a running program: its memory and its CPU time, from /proc.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/process.hpp"

namespace test {

using Seconds = std::chrono::duration<double>;
using Millis = std::chrono::duration<double, std::milli>;

// Resident memory in bytes: now, or with "VmHWM" the most that there ever was.
inline std::uint64_t memory_of(const Process& process, const std::string& field = "VmRSS") {
    std::ifstream status{"/proc/" + std::to_string(process.pid()) + "/status"};
    for (std::string name; status >> name;)
        if (name == field + ':') {
            std::uint64_t kib = 0;
            status >> kib;
            return kib * 1024;
        }
    return 0;
}

// CPU time of all its threads, the kernel's part included.
inline Seconds cpu_time_of(const Process& process) {
    std::uint64_t sum = 0;
    const std::filesystem::path folder = "/proc/" + std::to_string(process.pid()) + "/task";
    for (const auto& task : std::filesystem::directory_iterator{folder}) {
        std::uint64_t nanoseconds = 0;
        std::ifstream{task.path() / "schedstat"} >> nanoseconds;
        sum += nanoseconds;
    }
    return std::chrono::nanoseconds{sum};
}

inline double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

}  // namespace test
