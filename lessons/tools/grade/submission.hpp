// What students hand in: a folder, or an archive, for each of them. Only the files that an
// exercise asks for are taken, and only their text: nothing is unpacked to the disk, so a link, a
// path with "..", or an archive that grows to a terabyte finds nothing to do harm to.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace grade {

struct Submission {
    std::string student{};                       // the name of its folder or archive
    std::map<std::string, std::string> files{};  // "src/ws/frame.cpp" and its text
    std::string refused{};                       // why nothing of it is looked at
};

// All in `folder`, by name. `wanted`: the files with exercises, as paths in the repository.
// Throws std::runtime_error when there is no such folder.
std::vector<Submission> read_submissions(const std::filesystem::path& folder,
                                         const std::vector<std::string>& wanted);

}  // namespace grade
