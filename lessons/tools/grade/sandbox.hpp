// One submission built and checked where it can do no harm: bubblewrap (bwrap) gives it a root of
// its own that cannot be written, memory in place of a disk, loopback in place of a network, and
// its own process numbers; prlimit and a watch over it (process.hpp) set the limits.
#pragma once

#include <filesystem>
#include <string>

#include "lessons/tools/grade/process.hpp"

namespace grade {

struct Sandbox {
    std::filesystem::path tree{};    // the course with holes; seen under its own path
    std::filesystem::path base{};    // what was built of it without any student's file
    std::filesystem::path script{};  // inside.sh, which is no part of a handout
    unsigned number = 0;             // of the submission; as root, its user's number
    std::size_t memory = 0;
    std::chrono::seconds time{};
    bool none = false;  // in a container that is thrown away, and in which no other can be made
};

// Runs the script with `arguments` in there, with `files` at /submission and `line` on its standard
// input. In `tree`, build/ and work/ are new and empty, and vanish afterwards.
Ended run_inside(const Sandbox& sandbox, const std::filesystem::path& files,
                 const std::vector<std::string>& arguments, const std::string& line);

// Can such a sandbox be made here, does its limit of processes hold, and can something small be built
// in it? Otherwise a sentence that says what is missing.
std::string missing_for_sandbox(const Sandbox& sandbox);

}  // namespace grade
