// Reading folders and archives. A file counts wherever the student's tree begins: work/src/…,
// src/…, anna/work/src/…; where there are several, a folder called work comes first. Where no path
// fits, a file counts by its name alone, and a folder that holds one archive is that archive.
#include "lessons/tools/grade/submission.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <stdexcept>

#include "lessons/tools/grade/process.hpp"

namespace grade {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_file_bytes = 512u << 10;
constexpr std::size_t max_names = 20'000;

// What ends the reading of one submission; what() is the reason.
class Refused : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The names in a submission, and how to get the text of one.
struct Contents {
    std::vector<std::string> names{};
    std::function<std::string(const std::string& name)> text{};
};

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

Contents read_folder(const fs::path& folder) {
    Contents contents;
    // Links are neither followed nor read.
    for (auto entry = fs::recursive_directory_iterator{folder}; entry != end(entry); ++entry) {
        if (entry->is_symlink())
            throw Refused{"holds a link: " + fs::relative(entry->path(), folder).string()};
        if (entry->is_regular_file())
            contents.names.push_back(entry->path().lexically_relative(folder).string());
        if (contents.names.size() > max_names) throw Refused{"holds too many files"};
    }
    contents.text = [folder](const std::string& name) { return text_of(folder / name, name); };
    return contents;
}

// --- archives -----------------------------------------------------------------------------------

// A listing with a line for each name, and one that begins with its kind, as `ls -l` does.
Contents read_listing(const std::string& names, const std::string& kinds) {
    for (const std::string& line : lines_of(kinds))
        if (!line.empty() && std::string_view{"lhbcp"}.find(line[0]) != std::string_view::npos &&
            line.find_first_of("rwx-") == 1)
            throw Refused{"holds a link or a device: " + line.substr(line.rfind(' ') + 1)};
    Contents contents;
    contents.names = lines_of(names);
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
    verbose.push_back("--verbose");
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
    Contents contents = read_listing(names, output_of({"unzip", "-Z", archive}, "the archive"));
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

// ".tar.gz" of "Anna.TAR.GZ"; empty when it is no archive.
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

// --- which files --------------------------------------------------------------------------------

// What stands before a wanted file in some name: "anna/work/" of "anna/work/src/ws/frame.cpp".
std::set<std::string> beginnings(const Contents& contents, const std::vector<std::string>& wanted) {
    std::set<std::string> found;
    for (const std::string& name : contents.names)
        for (const std::string& file : wanted)
            if (name == file || name.ends_with("/" + file))
                found.insert(name.substr(0, name.size() - file.size()));
    return found;
}

bool is_work(std::string_view beginning) {
    return beginning == "work/" || beginning.ends_with("/work/");
}

std::string base_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// The files that are wanted, each by the name that it has in the submission.
std::map<std::string, std::string> found_in(const Contents& contents, const std::vector<std::string>& wanted,
                                            std::string& beginning) {
    std::map<std::string, std::string> found;
    const std::set<std::string> all = beginnings(contents, wanted);
    const auto best = std::ranges::min_element(all, {}, [](const std::string& one) {
        return std::tuple{!is_work(one), one.size(), one};
    });
    if (best != all.end()) {
        beginning = *best;
        const std::set<std::string> names(contents.names.begin(), contents.names.end());
        for (const std::string& file : wanted)
            if (names.contains(beginning + file)) found[file] = beginning + file;
        return found;
    }
    for (const std::string& file : wanted) {
        std::vector<std::string> same;
        std::ranges::copy_if(contents.names, std::back_inserter(same), [&](const std::string& name) {
            return base_of(name) == base_of(file);
        });
        const auto alone = std::ranges::count(wanted, base_of(file), base_of);
        if (same.size() == 1 && alone == 1) found[file] = same.front();
    }
    return found;
}

// `source`: the archive's name, or nothing for a folder.
void take_files(const Contents& contents, const std::string& source, const std::vector<std::string>& wanted,
                Submission& submission) {
    std::string beginning;
    for (const auto& [file, name] : found_in(contents, wanted, beginning))
        submission.files[file] = contents.text(name);
    const std::size_t count = submission.files.size();
    submission.read = std::to_string(count) + (count == 1 ? " file" : " files") +
                      (source.empty() ? "" : " of " + source) +
                      (beginning.empty() ? "" : ", from " + beginning);
}

void read_entry(const fs::path& path, const std::vector<std::string>& wanted, Submission& submission) {
    const std::string name = path.filename().string();
    if (fs::is_symlink(path)) throw Refused{"is a link"};
    if (name.front() == '.') throw Refused{"its name begins with a dot; rename it if it is somebody's work"};
    if (!archive_ending(name).empty() && fs::is_regular_file(path))
        return take_files(read_archive(path.string()), name, wanted, submission);
    if (!fs::is_directory(path)) {
        // A single file, if it is one of those.
        const Contents alone{{name}, [&](const std::string&) { return text_of(path, name); }};
        take_files(alone, "", wanted, submission);
        if (submission.files.empty())
            throw Refused{"is no folder, no archive, and none of the files with exercises"};
        return;
    }
    const Contents contents = read_folder(path);
    take_files(contents, "", wanted, submission);
    if (!submission.files.empty()) return;
    std::vector<std::string> archives;
    std::ranges::copy_if(contents.names, std::back_inserter(archives),
                         [](const std::string& file) { return !archive_ending(file).empty(); });
    if (archives.size() > 1)
        throw Refused{"holds " + std::to_string(archives.size()) + " archives, and none of the files itself"};
    if (archives.size() == 1)
        take_files(read_archive((path / archives.front()).string()), archives.front(), wanted, submission);
}

// "Anna Muster" of "Anna Muster_12345_assignsubmission_file_", "anna" of "anna.tar.gz".
std::string student_of(const std::string& entry) {
    const std::size_t moodle = entry.find("_assignsubmission_");
    const std::size_t number = moodle == entry.npos ? entry.npos : entry.rfind('_', moodle - 1);
    if (number != entry.npos && number > 0) return entry.substr(0, number);
    return entry.substr(0, entry.size() - archive_ending(entry).size());
}

void tell_apart(std::vector<Submission>& submissions, const std::vector<std::string>& entries) {
    std::map<std::string, int> count;
    for (const Submission& submission : submissions) ++count[submission.student];
    for (std::size_t i = 0; i < entries.size(); ++i)
        if (count[submissions[i].student] > 1) submissions[i].student += " (" + entries[i] + ')';
}

}  // namespace

std::vector<Submission> read_submissions(const fs::path& folder,
                                         const std::vector<std::string>& wanted) {
    if (!fs::is_directory(folder))
        throw std::runtime_error{"there is no folder " + folder.string()};
    std::vector<std::string> entries;
    for (const auto& entry : fs::directory_iterator{folder})
        entries.push_back(entry.path().filename().string());
    std::ranges::sort(entries);
    std::vector<Submission> submissions;
    for (const std::string& entry : entries) {
        Submission submission{.student = student_of(entry)};
        try {
            read_entry(fs::absolute(folder / entry), wanted, submission);
        } catch (const Refused& refused) {
            submission.files.clear();
            submission.refused = refused.what();
        } catch (const fs::filesystem_error& error) {
            submission.files.clear();
            submission.refused = error.code().message();
        }
        submissions.push_back(std::move(submission));
    }
    tell_apart(submissions, entries);
    std::ranges::sort(submissions, {}, &Submission::student);
    return submissions;
}

}  // namespace grade
