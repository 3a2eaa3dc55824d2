// What `make grade` was asked for, as lessons/tools/grade/grade.sh gives it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "lessons/tools/grade/hand_in.hpp"

namespace grade {

struct Settings {
    std::string folder{};  // the submissions; or one, if it is `alone`
    std::string tree{}, base{}, script{}, scenarios{}, files{};
    std::string out = "build/grade";
    std::string student{};  // only this one, again
    bool alone = false;
    bool unboxed = false;   // without a sandbox
    std::string seed{};
    std::string weights{};
    Due due{};
    std::string book = "book", visibility = "visible";
    std::uint64_t from = 1, to = 1, jobs = 2, memory = 1536;
    std::chrono::milliseconds time{600'000};
};

// Throws cli::UsageError.
Settings read_settings(int argc, char** argv);

}  // namespace grade
