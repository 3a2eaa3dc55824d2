// Grading where no sandbox can be made: in a container that somebody else throws away after each
// submission, such as Gradescope's. What is left to protect is the true source and the results, so the
// student's code is another user, who can read neither; it gets a copy of the tree to build in.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "lessons/tools/grade/limits.hpp"

namespace grade {

namespace {

namespace fs = std::filesystem;

void copy_all(const fs::path& from, const fs::path& to) {
    // With the times, for make.
    const Ended ended = run({"cp", "--archive", from.string(), to.string()}, {.time = std::chrono::seconds{120}});
    if (ended.status != 0) throw std::runtime_error{"cannot copy " + from.string() + ": " + ended.output};
}

// The tree, what was built of it, the submission, the script: all that the other user sees.
fs::path new_place(const Sandbox& sandbox, const fs::path& files, const std::string& user) {
    std::string name = (fs::temp_directory_path() / "grade-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"cannot make a folder in /tmp"};
    const fs::path place = name, tree = place / "tree";
    fs::create_directories(tree);
    for (const auto& entry : fs::directory_iterator{sandbox.tree})
        if (entry.path().filename() != "build" && entry.path().filename() != "work") copy_all(entry.path(), tree);
    fs::create_directories(tree / "build");
    fs::create_directories(tree / "work/.course");
    copy_all(sandbox.base, place / "base");
    copy_all(files, place / "submission");
    copy_all(sandbox.script, place / "inside.sh");
    const Ended ended = run({"chown", "--recursive", user + ':' + user, name}, {.time = std::chrono::seconds{120}});
    if (ended.status != 0) throw std::runtime_error{"cannot give " + name + " to another user: " + ended.output};
    return place;
}

}  // namespace

Ended run_as_another(const Sandbox& sandbox, const fs::path& files, const Words& arguments,
                     const std::string& input) {
    const std::string user = user_of(sandbox.number);
    const fs::path place = new_place(sandbox, files, user);
    Words words{"env", "--ignore-environment", "--chdir=" + (place / "tree").string(),
                "BASE=" + (place / "base").string(), "SUBMISSION=" + (place / "submission").string()};
    for (const auto& [name, value] : environment(sandbox.memory)) words.push_back(name + '=' + value);
    add_limits(words, sandbox.number);
    add(words, {"bash", (place / "inside.sh").string()});
    words.insert(words.end(), arguments.begin(), arguments.end());
    Ended ended = run(words, {.time = sandbox.time,
                              .output = 2u << 20,
                              .memory = sandbox.memory,
                              .processes = enough_processes()},
                      input);
    // As that user, -1 are all processes of that user.
    run({"setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups", "--", "sh", "-c", "kill -KILL -1"}, {});
    fs::remove_all(place);
    return ended;
}

std::string missing_for_another() {
    if (::geteuid() != 0) return "without a sandbox the student's code must be another user: run it as root";
    const auto open = fs::perms::group_all | fs::perms::others_all;
    if ((fs::status(fs::current_path()).permissions() & open) != fs::perms::none)
        return "the true source can be read by other users, and so by a student's code: chmod 700 " +
               fs::current_path().string();
    return "";
}

}  // namespace grade
