// Where the results of one grading stand: in a folder that is named after its time, to which `latest`
// leads. What was graded before stays.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <system_error>

namespace grade {

using MakeLink = std::function<void(const std::filesystem::path& to, const std::filesystem::path& link, std::error_code&)>;

// A new one below `out`, with the folders in it that a grading fills. Where no link can be made, as on a
// drive of Windows, it is `latest` itself, until the next one comes.
std::string new_results_folder(const std::string& out,
                               const MakeLink& make_link = [](const auto& to, const auto& link, std::error_code& error) {
                                   std::filesystem::create_directory_symlink(to, link, error);
                               });

}  // namespace grade
