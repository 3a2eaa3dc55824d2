// A program run to its end, which may be a bad one: with a deadline, and limits on what it prints,
// on the memory of it and all that it started, and on their number. No limit of the kernel's covers
// memory for programs under AddressSanitizer, which reserve terabytes and use little of them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace grade {

struct Bounds {
    std::chrono::seconds time{20};
    std::size_t output = 4u << 20;  // bytes of standard output and standard error
    std::size_t memory = 0;         // bytes resident, all processes together; 0: no limit
    std::size_t processes = 0;      // for more than a moment; 0: no limit
};

struct Ended {
    enum class How { exited, too_late, too_much_output, too_much_memory, too_many_processes };
    How how = How::exited;
    int status = 0;        // 128 + n after signal n
    std::string output{};  // both streams, as they came
};

// `arguments[0]` is looked up in PATH; `input`, a few lines, is its standard input. It is killed when a limit is met, and what it started
// in any case, unless that made itself a session of its own, which only the sandbox ends
// (sandbox.hpp). Throws std::system_error when it cannot be started.
Ended run(const std::vector<std::string>& arguments, const Bounds& bounds, std::string_view input = {});

}  // namespace grade
