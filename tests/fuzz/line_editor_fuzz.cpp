// Any bytes from a terminal, keys or not: the line that is typed stays one that can be shown and sent, and
// the cursor stays within it. `make fuzz`; libFuzzer makes up the input:
//   byte 0: how many lines there were before
//   rest:   what is typed, pasted, or said by the terminal itself
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "terminal/line_editor.hpp"

namespace {

void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

// A paste may have line feeds in it; the line that leaves has none but those.
void check_line(const std::string& line, bool pasted) {
    for (const char c : line) {
        const auto byte = static_cast<unsigned char>(c);
        check(byte >= 0x20 || c == '\t' || (c == '\n' && pasted), "a line holds no control byte");
        check(byte != 0x7F, "nor a delete");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string typed{reinterpret_cast<const char*>(data + 1), size - 1};
    const bool pasted = typed.find("\x1b[200~") != std::string::npos;
    terminal::LineEditor editor;
    std::vector<std::string> lines;
    for (unsigned i = 0; i < data[0] % 8u; ++i) lines.push_back("line " + std::string(i, 'x'));
    editor.set_history(lines);
    for (const char c : typed) {
        editor.key(static_cast<unsigned char>(c));
        check(editor.cursor() <= editor.text().size(), "the cursor is within the line");
        check_line(editor.text(), pasted);
        while (const auto line = editor.next_finished()) check_line(*line, pasted);
        editor.take_clear_screen();
        editor.take_suspend();
    }
    for (const std::string& line : editor.history())
        check(terminal::LineEditor::is_remembered(line), "what is remembered is worth it");
    return 0;
}
