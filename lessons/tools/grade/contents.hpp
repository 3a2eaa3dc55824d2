// What lies in a folder or an archive: the names, the times, and the text of each. Nothing is unpacked
// to the disk, links are neither followed nor read, and what is too large is refused.
#pragma once

#include <ctime>
#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace grade {

// What ends the reading of one submission; what() is the reason.
class Refused : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The names in a submission, when each was changed where that is known, and how to get the text of one.
struct Contents {
    std::vector<std::string> names{};
    std::map<std::string, std::time_t> changed{};
    std::function<std::string(const std::string& name)> text{};
};

// All three throw Refused.
Contents read_folder(const std::filesystem::path& folder);
Contents read_archive(const std::string& path);
Contents read_file(const std::filesystem::path& path);  // one, by its own name

// ".tar.gz" of "Anna.TAR.GZ"; empty when it is no archive.
std::string archive_ending(std::string file);

}  // namespace grade
