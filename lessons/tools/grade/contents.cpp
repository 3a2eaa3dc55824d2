// Folders are read by the file system, archives by tar and unzip, in listings and file by file.
#include "lessons/tools/grade/contents.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstring>
#include <fstream>
#include <optional>
#include <regex>
#include <sstream>

#include "lessons/tools/grade/hand_in.hpp"
#include "lessons/tools/grade/process.hpp"

namespace grade {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_file_bytes = 512u << 10;
constexpr std::size_t max_names = 20'000;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream{text};
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

std::string output_of(const std::vector<std::string>& command, const std::string& what) {
    const Ended ended = run(command, {});
    if (ended.how == Ended::How::too_late) throw Refused{what + " takes too long to read"};
    if (ended.how != Ended::How::exited) throw Refused{what + " is too large"};
    if (ended.status == 127) throw Refused{"there is no " + command[0] + " here to read it with"};
    if (ended.status != 0) throw Refused{what + " cannot be read"};
    return ended.output;
}

// --- folders ------------------------------------------------------------------------------------

std::string text_of(const fs::path& path, const std::string& name) {
    if (fs::file_size(path) > max_file_bytes) throw Refused{name + " is too large"};
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) throw Refused{name + " cannot be read"};
    return text.str();
}

std::time_t changed_at(const fs::path& path) {
    const auto since = std::chrono::file_clock::to_sys(fs::last_write_time(path));
    return std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::seconds>(since));
}

// --- archives -----------------------------------------------------------------------------------

// "2026-12-01 23:59:00" as `tar` writes it, "20261201.235900" as `unzip` does, in this machine's time.
std::optional<std::time_t> time_in(const std::string& line) {
    static const std::regex form{R"( (\d{4})-?(\d\d)-?(\d\d)[ .](\d\d):?(\d\d):?(\d\d)[ .])"};
    std::smatch parts;
    if (line.starts_with("Archive:") || !std::regex_search(line, parts, form)) return std::nullopt;
    const auto number = [&](std::size_t i) { return std::stoi(parts[i].str()); };
    return local_time(number(1), number(2), number(3), number(4), number(5), number(6));
}

// A listing with a line for each name, and one that begins with its kind, as `ls -l` does.
Contents read_listing(const std::string& names, const std::string& kinds) {
    for (const std::string& line : lines_of(kinds))
        if (!line.empty() && std::string_view{"lhbcp"}.find(line[0]) != std::string_view::npos &&
            line.find_first_of("rwx-") == 1)
            throw Refused{"holds a link or a device: " + line.substr(line.rfind(' ') + 1)};
    Contents contents;
    contents.names = lines_of(names);
    std::size_t next = 0;
    for (const std::string& line : lines_of(kinds)) {
        const auto at = time_in(line);
        if (at && next < contents.names.size()) contents.changed[contents.names[next++]] = *at;
    }
    if (contents.names.size() > max_names) throw Refused{"holds too many files"};
    for (const std::string& name : contents.names) {
        const fs::path path{name};
        if (path.is_absolute() || std::ranges::find(path, "..") != path.end())
            throw Refused{"holds a path that leads out of it: " + name};
    }
    return contents;
}

std::string text_in_archive(const std::vector<std::string>& command, const std::string& name) {
    std::string text = output_of(command, name);
    if (text.size() > max_file_bytes) throw Refused{name + " is too large"};
    return text;
}

Contents read_tar(const std::string& archive) {
    const std::vector<std::string> list{
        "tar",           "--list",           "--quoting-style=literal",
        "--force-local", "--absolute-names", "--file=" + archive};
    std::vector<std::string> verbose = list;
    verbose.insert(verbose.end(), {"--verbose", "--full-time", "--numeric-owner"});
    Contents contents =
        read_listing(output_of(list, "the archive"), output_of(verbose, "the archive"));
    contents.text = [archive](const std::string& name) {
        return text_in_archive({"tar", "--extract", "--to-stdout", "--force-local",
                                "--no-wildcards", "--file=" + archive, "--", name},
                               name);
    };
    return contents;
}

// For unzip, which compares names with patterns.
std::string pattern_of(const std::string& name) {
    std::string pattern;
    for (const char c : name) {
        if (std::string_view{"*?[]\\"}.find(c) != std::string_view::npos) pattern += '\\';
        pattern += c;
    }
    return pattern;
}

Contents read_zip(const std::string& archive) {
    // Some programs of Windows write backslashes into it.
    std::map<std::string, std::string> as_written;
    std::string names;
    for (const std::string& name : lines_of(output_of({"unzip", "-Z1", archive}, "the archive"))) {
        std::string path = name;
        std::ranges::replace(path, '\\', '/');
        as_written[path] = name;
        names += path + '\n';
    }
    Contents contents = read_listing(names, output_of({"unzip", "-Z", "-T", archive}, "the archive"));
    contents.text = [archive, as_written](const std::string& path) {
        const std::string& name = as_written.at(path);
        try {
            return text_in_archive({"unzip", "-p", archive, pattern_of(name)}, path);
        } catch (const Refused&) {
            // In an archive that says that it is of DOS, unzip itself has made slashes of them.
            if (path == name) throw;
            return text_in_archive({"unzip", "-p", archive, pattern_of(path)}, path);
        }
    };
    return contents;
}

}  // namespace

Contents read_folder(const fs::path& folder) {
    Contents contents;
    // Links are neither followed nor read.
    for (auto entry = fs::recursive_directory_iterator{folder}; entry != end(entry); ++entry) {
        if (entry->is_symlink())
            throw Refused{"holds a link: " + fs::relative(entry->path(), folder).string()};
        if (entry->is_regular_file()) {
            contents.names.push_back(entry->path().lexically_relative(folder).string());
            contents.changed[contents.names.back()] = changed_at(entry->path());
        }
        if (contents.names.size() > max_names) throw Refused{"holds too many files"};
    }
    contents.text = [folder](const std::string& name) { return text_of(folder / name, name); };
    return contents;
}

Contents read_file(const fs::path& path) {
    const std::string name = path.filename().string();
    return {{name}, {{name, changed_at(path)}}, [path](const std::string& one) { return text_of(path, one); }};
}

std::string archive_ending(std::string file) {
    std::ranges::transform(file, file.begin(), [](unsigned char c) { return std::tolower(c); });
    for (const char* ending : {".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst", ".tgz", ".txz", ".tbz2", ".tar",
                               ".zip", ".7z", ".rar"})
        if (file.size() > std::strlen(ending) && file.ends_with(ending)) return ending;
    return "";
}

Contents read_archive(const std::string& path) {
    const std::string ending = archive_ending(path);
    if (ending == ".7z" || ending == ".rar")
        throw Refused{"a " + ending + " archive is not read here: ask for .zip or .tar.gz, or unpack it"};
    return ending == ".zip" ? read_zip(path) : read_tar(path);
}

}  // namespace grade
