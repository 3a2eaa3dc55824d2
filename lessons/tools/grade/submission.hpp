// What students hand in: a folder, or an archive, for each of them. Only the files that an
// exercise asks for are taken, and only their text: nothing is unpacked to the disk, so a link, a
// path with "..", or an archive that grows to a terabyte finds nothing to do harm to.
#pragma once

#include <ctime>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace grade {

struct Submission {
    // The name of its folder, file or archive; of a folder as Moodle makes it, that before the number.
    // Where two have the same one, what each was read from stands after it.
    std::string student{};
    std::map<std::string, std::string> files{};  // "src/ws/frame.cpp" and its text
    std::string read{};                          // "2 files of work.tar.gz, from work/"
    std::optional<std::time_t> changed{};        // the last commit, or the newest of these files
    std::string refused{};                       // why nothing of it is looked at
};

// One for each entry of `folder`, whatever it is, by name. `wanted`: the files with exercises, as paths in the repository.
// Throws std::runtime_error when there is no such folder.
std::vector<Submission> read_submissions(const std::filesystem::path& folder,
                                         const std::vector<std::string>& wanted);
// One alone: a folder or an archive.
Submission read_submission(const std::filesystem::path& path, const std::vector<std::string>& wanted);

}  // namespace grade
