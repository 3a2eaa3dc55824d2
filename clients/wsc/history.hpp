// The lines that were typed, kept over runs: one file in $XDG_STATE_HOME, readable by its owner
// only, because what people type may be a secret. A line that begins with a space is not kept.
// Leaves out: the keys that go through it (terminal/line_editor).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wsc {

class History {
  public:
    static constexpr std::size_t max_lines = 1000;

    // `path` empty: $XDG_STATE_HOME/wsc/history, or ~/.local/state/wsc/history. `keep` false:
    // nothing is read or written.
    History(std::string path, bool keep);

    // The lines of earlier runs, the oldest first.
    std::vector<std::string> read();

    // Adds one, at once, so that it survives a kill. Other runs may do the same at the same time.
    // False, once, when the file cannot be written; what it cost then stands in error().
    bool add(std::string_view line);
    const std::string& error() const { return error_; }

  private:
    void shorten(const std::vector<std::string>& lines);

    std::string path_;  // empty: nothing is kept
    std::string last_;
    std::string error_;
};

}  // namespace wsc
