// What a submission may use, and as whom: the same with a sandbox around it and without.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "lessons/tools/grade/sandbox.hpp"

namespace grade {

using Words = std::vector<std::string>;  // of a command line
inline void add(Words& words, std::initializer_list<std::string> more) { words.insert(words.end(), more); }

unsigned enough_processes();
unsigned max_processes();
std::string user_of(unsigned number);  // a number that no login has

// Sets the limits, becomes the user, starts the command.
void add_limits(Words& words, unsigned number);

// All that is left of ours. `memory`: of the submission, in bytes.
std::vector<std::pair<std::string, std::string>> environment(std::size_t memory);

// run_inside() without a sandbox: another user, with the same limits, in a copy of the tree (container.cpp).
Ended run_as_another(const Sandbox& sandbox, const std::filesystem::path& files, const Words& arguments,
                     const std::string& input);
// Why that cannot be; empty when it can.
std::string missing_for_another();

}  // namespace grade
