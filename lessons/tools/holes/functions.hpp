// Finds a function in C++ text by its name, and reads its parameters: as much of the language as
// this course is written in. For what writes a student's copies of its files (starter.hpp).
// Leaves out: constructors with initializers, function-try-blocks, raw strings.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace functions {

inline bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

inline bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// Blanks from `at` up to where the literal that begins there ends, and returns that place.
inline std::size_t blank_literal(std::string& code, std::size_t at) {
    const char quote = code[at];
    std::size_t i = at + 1;
    for (; i < code.size() && code[i] != quote && code[i] != '\n'; ++i) {
        if (code[i] == '\\' && i + 1 < code.size()) code[i++] = ' ';
        code[i] = ' ';
    }
    return i + 1;
}

// The text with comments, literals and lines of the preprocessor blanked. Lines and places stay.
inline std::string without_comments(std::string_view text) {
    std::string code{text};
    bool line_begins = true;
    for (std::size_t i = 0; i < code.size();) {
        const std::string_view rest = std::string_view{code}.substr(i);
        if (rest.starts_with("//") || (line_begins && rest.starts_with('#'))) {
            while (i < code.size() && code[i] != '\n') code[i++] = ' ';
        } else if (rest.starts_with("/*")) {
            const std::size_t end = std::min(rest.find("*/"), rest.size() - 2) + 2 + i;
            for (; i < end; ++i)
                if (code[i] != '\n') code[i] = ' ';
        } else if (code[i] == '"' || (code[i] == '\'' && (i == 0 || !is_word(code[i - 1])))) {
            i = blank_literal(code, i);  // after a digit ' only separates: 65'536
            line_begins = false;
        } else {
            line_begins = code[i] == '\n' || (line_begins && is_space(code[i]));
            ++i;
        }
    }
    return code;
}

// The place of the bracket that closes the one at `open`; npos when there is none.
inline std::size_t closing(std::string_view code, std::size_t open) {
    const char opens = code[open];
    const char closes = opens == '(' ? ')' : opens == '{' ? '}' : opens == '[' ? ']' : '>';
    std::size_t depth = 0;
    for (std::size_t i = open; i < code.size(); ++i) {
        if (code[i] == opens) ++depth;
        if (code[i] == closes && --depth == 0) return i;
    }
    return code.npos;
}

inline std::size_t skip_space(std::string_view code, std::size_t at) {
    while (at < code.size() && is_space(code[at])) ++at;
    return at;
}

// Where a word `name` stands, from `at` on; npos when nowhere.
inline std::size_t find_word(std::string_view code, std::string_view name, std::size_t at = 0) {
    for (at = code.find(name, at); at != code.npos; at = code.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        const bool begins =
            !is_word(name.front()) || at == 0 || (!is_word(code[at - 1]) && code[at - 1] != '~');
        const bool ends = !is_word(name.back()) || end == code.size() || !is_word(code[end]);
        if (begins && ends) return at;
    }
    return at;
}

// Places in the text, each of a character.
struct Function {
    std::size_t head;        // the first of its declaration
    std::size_t parameters;  // "("
    std::size_t open;        // "{"
    std::size_t close;       // "}"
};

// The first character of the declaration that goes over `at`.
inline std::size_t head_of(std::string_view code, std::size_t at) {
    std::size_t begin = at;
    const auto is_label = [&](std::size_t i) {  // "public:", and not "net::"
        return code[i] == ':' && code[i + 1] != ':' && (i == 0 || code[i - 1] != ':');
    };
    while (begin > 0 && std::string_view{";{}"}.find(code[begin - 1]) == std::string_view::npos &&
           !is_label(begin - 1))
        --begin;
    return skip_space(code, begin);
}

// What may stand between a function's parameters and its body.
inline bool is_specifiers(std::string_view text) {
    std::string word;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && is_word(text[i])) {
            word += text[i];
            continue;
        }
        if (!word.empty() && word != "const" && word != "noexcept" && word != "override")
            return false;
        word.clear();
        if (text.substr(i).starts_with("->")) return true;
        if (i < text.size() && !is_space(text[i]) && text[i] != '&') return false;
    }
    return true;
}

// The functions of this name that are defined in `code`, which has no comments any more. The name
// may have its class before it, and, to choose among several, the first of its parameters behind.
inline std::vector<Function> find(std::string_view code, std::string_view name) {
    std::vector<Function> found;
    for (std::size_t at = find_word(code, name); at != code.npos;
         at = find_word(code, name, at + 1)) {
        const std::size_t bracket = name.find('(');
        const std::size_t open = bracket != name.npos ? at + bracket : at + name.size();
        if (open >= code.size() || code[open] != '(') continue;
        const std::size_t end = closing(code, open);
        if (end == code.npos) continue;
        const std::size_t body = code.find_first_of("{;", end);
        if (body == code.npos || code[body] != '{') continue;
        if (!is_specifiers(code.substr(end + 1, body - end - 1))) continue;
        const std::size_t close = closing(code, body);
        if (close != code.npos) found.push_back({head_of(code, at), open, body, close});
    }
    return found;
}

// The names of a function's parameters; those without a name are left out.
inline std::vector<std::string> parameters(std::string_view code, const Function& function) {
    std::vector<std::string> names;
    const std::size_t end = closing(code, function.parameters);
    std::string name;    // the last word of the one that is being read
    bool type = false;   // something stands before that word
    bool value = false;  // "=" and what follows it
    for (std::size_t i = function.parameters + 1, depth = 0; i <= end; ++i) {
        const char c = code[i];
        if (depth == 0 && (c == ',' || i == end)) {
            if (type && !name.empty()) names.push_back(name);
            name.clear();
            type = value = false;
        } else if (value) {
            continue;
        } else if (std::string_view{"<([{"}.find(c) != std::string_view::npos) {
            ++depth;
        } else if (std::string_view{">)]}"}.find(c) != std::string_view::npos) {
            --depth;
            name.clear();
            type = true;
        } else if (depth == 0 && c == '=') {
            value = true;
        } else if (depth == 0 && is_word(c)) {
            if (!is_word(code[i - 1])) {
                type = type || !name.empty();
                if (code[i - 1] == ':') type = false;  // "net::Fd" is one word
                name.clear();
            }
            name += c;
        } else if (depth == 0 && (c == '&' || c == '*')) {
            name.clear();
            type = true;
        }
    }
    return names;
}

}  // namespace functions
