// Reading folders and archives. A file counts wherever the student's tree begins: work/src/…,
// src/…, anna/work/src/…; where there are several, a folder called work comes first.
#include "lessons/tools/grade/submission.hpp"

#include <algorithm>
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
    contents.text = [folder](const std::string& name) {
        if (fs::file_size(folder / name) > max_file_bytes) throw Refused{name + " is too large"};
        std::ifstream file{folder / name};
        std::ostringstream text;
        text << file.rdbuf();
        if (!file) throw Refused{name + " cannot be read"};
        return text.str();
    };
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

Contents read_zip(const std::string& archive) {
    Contents contents = read_listing(output_of({"unzip", "-Z1", archive}, "the archive"),
                                     output_of({"unzip", "-Z", archive}, "the archive"));
    contents.text = [archive](const std::string& name) {
        std::string pattern;
        for (const char c : name) {
            if (std::string_view{"*?[]\\"}.find(c) != std::string_view::npos) pattern += '\\';
            pattern += c;
        }
        return text_in_archive({"unzip", "-p", archive, pattern}, name);
    };
    return contents;
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

void take_files(const Contents& contents, const std::vector<std::string>& wanted,
                Submission& submission) {
    const std::set<std::string> all = beginnings(contents, wanted);
    const auto best = std::ranges::min_element(all, {}, [](const std::string& beginning) {
        return std::tuple{!is_work(beginning), beginning.size(), beginning};
    });
    if (best == all.end()) return;
    const std::set<std::string> names(contents.names.begin(), contents.names.end());
    for (const std::string& file : wanted)
        if (names.contains(*best + file)) submission.files[file] = contents.text(*best + file);
}

// "anna" of "anna.tar.gz"; empty when it is no archive.
std::string archive_name(const std::string& file) {
    for (const std::string_view ending : {".tar.gz", ".tar.xz", ".tgz", ".tar", ".zip"})
        if (file.size() > ending.size() && file.ends_with(ending))
            return file.substr(0, file.size() - ending.size());
    return "";
}

}  // namespace

std::vector<Submission> read_submissions(const fs::path& folder,
                                         const std::vector<std::string>& wanted) {
    if (!fs::is_directory(folder))
        throw std::runtime_error{"there is no folder " + folder.string()};
    std::vector<Submission> submissions;
    for (const auto& entry : fs::directory_iterator{folder}) {
        const std::string file = entry.path().filename().string();
        const bool is_folder = entry.is_directory();
        Submission submission{.student = is_folder ? file : archive_name(file)};
        if (submission.student.empty() || file.front() == '.') continue;
        try {
            if (entry.is_symlink()) throw Refused{"is a link"};
            const std::string path = fs::absolute(entry.path()).string();
            take_files(is_folder                ? read_folder(path)
                       : file.ends_with(".zip") ? read_zip(path)
                                                : read_tar(path),
                       wanted, submission);
        } catch (const Refused& refused) {
            submission.files.clear();
            submission.refused = refused.what();
        } catch (const fs::filesystem_error& error) {
            submission.files.clear();
            submission.refused = error.code().message();
        }
        submissions.push_back(std::move(submission));
    }
    std::ranges::sort(submissions, {}, &Submission::student);
    return submissions;
}

}  // namespace grade
