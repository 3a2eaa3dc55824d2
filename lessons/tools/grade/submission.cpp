// Which files are taken. A file counts wherever the student's tree begins: work/src/…,
// src/…, anna/work/src/…; where there are several, a folder called work comes first. Where no path
// fits, a file counts by its name alone, and a folder that holds one archive is that archive.
#include "lessons/tools/grade/submission.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <tuple>

#include "lessons/tools/grade/contents.hpp"
#include "lessons/tools/grade/hand_in.hpp"

namespace grade {

namespace {

namespace fs = std::filesystem;

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
    for (const auto& [file, name] : found_in(contents, wanted, beginning)) {
        submission.files[file] = contents.text(name);
        const auto at = contents.changed.find(name);
        if (at != contents.changed.end()) submission.changed = std::max(at->second, submission.changed.value_or(0));
    }
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
        take_files(read_file(path), "", wanted, submission);
        if (submission.files.empty())
            throw Refused{"is no folder, no archive, and none of the files with exercises"};
        return;
    }
    const Contents contents = read_folder(path);
    take_files(contents, "", wanted, submission);
    if (const auto committed = commit_time(path)) submission.changed = committed;
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

Submission read_submission(const fs::path& path, const std::vector<std::string>& wanted) {
    Submission submission{.student = student_of(path.filename().string())};
    try {
        read_entry(fs::absolute(path), wanted, submission);
    } catch (const Refused& refused) {
        submission.files.clear();
        submission.refused = refused.what();
    } catch (const fs::filesystem_error& error) {
        submission.files.clear();
        submission.refused = error.code().message();
    }
    return submission;
}

std::vector<Submission> read_submissions(const fs::path& folder,
                                         const std::vector<std::string>& wanted) {
    if (!fs::is_directory(folder))
        throw std::runtime_error{"there is no folder " + folder.string()};
    std::vector<std::string> entries;
    for (const auto& entry : fs::directory_iterator{folder})
        entries.push_back(entry.path().filename().string());
    std::ranges::sort(entries);
    std::vector<Submission> submissions;
    for (const std::string& entry : entries) submissions.push_back(read_submission(folder / entry, wanted));
    tell_apart(submissions, entries);
    std::ranges::sort(submissions, {}, &Submission::student);
    return submissions;
}

}  // namespace grade
