// A file of lines: appended to with each line, and cut to its limit when a run begins.
// Two runs at the same time both append; O_APPEND keeps their lines apart.
// Leaves out: locks. Whoever cuts the file while another run appends may lose that one line.
#include "clients/wsc/history.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "cli/text_file.hpp"
#include "net/fd.hpp"
#include "terminal/line_editor.hpp"

namespace wsc {

namespace {

std::string usual_path() {
    const char* state = std::getenv("XDG_STATE_HOME");
    if (state != nullptr && *state == '/') return std::string{state} + "/wsc/history";
    const char* home = std::getenv("HOME");
    if (home == nullptr || *home != '/') return "";
    return std::string{home} + "/.local/state/wsc/history";
}

bool write_lines(const std::string& path, int flags, const std::string& text) {
    const net::Fd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600)};
    return file &&
           ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Folders that are missing are made for their owner only, as the XDG specification asks.
void make_folders(const std::filesystem::path& folder) {
    if (folder.empty() || ::access(folder.c_str(), F_OK) == 0) return;
    make_folders(folder.parent_path());
    ::mkdir(folder.c_str(), 0700);
}

}  // namespace

History::History(std::string path, bool keep)
    : path_{!keep          ? ""
            : path.empty() ? usual_path()
                           : std::move(path)} {}

std::vector<std::string> History::read() {
    std::vector<std::string> lines;
    std::error_code none;
    if (path_.empty() || !std::filesystem::is_regular_file(path_, none)) return lines;
    std::ifstream file{path_};
    try {
        for (std::string& line : cli::lines_of(file))
            if (!line.empty()) lines.push_back(std::move(line));
    } catch (const cli::UsageError&) {
        return lines;  // no text, so it is no history of ours
    }
    if (lines.size() > max_lines) {
        lines.erase(lines.begin(), lines.end() - max_lines);
        shorten(lines);
    }
    if (!lines.empty()) last_ = lines.back();
    return lines;
}

// Through a second file, so that a kill in between leaves the old one.
void History::shorten(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    const std::string next = path_ + ".new";
    if (write_lines(next, O_TRUNC, text)) ::rename(next.c_str(), path_.c_str());
}

bool History::add(std::string_view line) {
    if (path_.empty() || !terminal::LineEditor::is_remembered(line) || line == last_) return true;
    last_ = line;
    make_folders(std::filesystem::path{path_}.parent_path());
    if (write_lines(path_, O_APPEND, last_ + '\n')) return true;
    error_ = "cannot keep the history in '" + path_ + "': " + std::strerror(errno);
    path_.clear();
    return false;
}

}  // namespace wsc
