// The lines of a text file that people have written, wherever they did. Lesson 10.
// Editors of Windows end lines with CR LF and put a byte order mark before the first one. Both are
// invisible, and taken for a part of a name they would keep out whoever has it.
// Leaves out: other encodings than UTF-8.
#pragma once

#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

inline std::vector<std::string> lines_of(std::istream& file) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        if (lines.empty() && line.starts_with(byte_order_mark)) line.erase(0, byte_order_mark.size());
        if (line.ends_with('\r')) line.pop_back();
        lines.push_back(line);
    }
    return lines;
}

}  // namespace cli
