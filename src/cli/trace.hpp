// Where --trace prints: standard error, so that standard output holds messages only. Lesson 1.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace cli {

// One call for the whole line, so that lines of several threads do not mix.
inline void trace_to_stderr(std::string_view line) {
    std::fputs((std::string{line} + '\n').c_str(), stderr);
}

}  // namespace cli
