// The lines of a text file that people have written, wherever they did. Lesson 10.
// Editors of Windows end lines with CR LF and put a byte order mark before the first one. Both are
// invisible, and taken for a part of a name they would keep out the user who has it.
// A zero byte stands in no text: some files of devices are nothing else, and have no end.
// Leaves out: other encodings than UTF-8.
#pragma once

#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.hpp"

namespace cli {

// The next line without its end; false when there is none. Throws UsageError when it is no text.
inline bool next_line(std::istream& file, std::string& line) {
    line.clear();
    for (char byte; file.get(byte); line += byte) {
        if (byte == '\0') throw UsageError{"a text file, and this one holds a zero byte"};
        if (byte == '\n') return true;
    }
    return !line.empty();
}

inline std::vector<std::string> lines_of(std::istream& file) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    std::vector<std::string> lines;
    for (std::string line; next_line(file, line);) {
        if (lines.empty() && line.starts_with(byte_order_mark)) line.erase(0, byte_order_mark.size());
        if (line.ends_with('\r')) line.pop_back();
        lines.push_back(line);
    }
    return lines;
}

}  // namespace cli
