// Reading rules.txt, and what sources say in their comments.
#include "tests/rfc/rules.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace rfc {

namespace {

// Cuts the text up to `separator` off the front, and the separator with it.
std::string cut(std::string& rest, std::string_view separator) {
    const std::size_t end = rest.find(separator);
    const std::string piece = rest.substr(0, end);
    rest = end == std::string::npos ? "" : rest.substr(end + separator.size());
    return piece;
}

// "\n" in the file stands for a line's end.
std::string unescaped(std::string text) {
    for (std::size_t at = 0; (at = text.find("\\n", at)) != std::string::npos; ++at) text.replace(at, 2, "\n");
    return text;
}

// "6455 §5.2 MUST NOT both: sentence"
Rule head(std::string line) {
    Rule rule;
    rule.rfc = cut(line, " ");
    rule.section = cut(line, " ");
    std::string binding = cut(line, ": ");
    rule.sentence = line;
    const std::size_t last = binding.rfind(' ');
    if (last == std::string::npos || rule.sentence.empty()) throw std::runtime_error{"no rule"};
    rule.word = binding.substr(0, last);
    rule.whom = binding.substr(last + 1);
    return rule;
}

void add(Rule& rule, std::string line) {
    const std::string field = cut(line, ":");
    if (!line.empty() && line.front() == ' ') line.erase(0, 1);
    if (field == "code") rule.code.file = cut(line, " "), rule.code.name = line;
    else if (field == "test") rule.test.file = cut(line, " "), rule.test.name = line;
    else if (field == "how") rule.how = line;
    else if (field == "lesson") rule.lesson = line;
    else if (field == "why") rule.why = line;
    else if (field == "mutant") {
        const std::string was = cut(line, " =>");
        rule.mutant = Mutant{unescaped(was), unescaped(line.empty() ? line : line.substr(1))};
    } else throw std::runtime_error{"no field"};
}

// Without the marks around them: a quotation may begin within a parenthesis.
std::vector<std::string> words(const std::string& text) {
    constexpr std::string_view marks = "\"().,;:";
    std::istringstream stream{text};
    std::vector<std::string> all;
    for (std::string word; stream >> word;) {
        const std::size_t begin = word.find_first_not_of(marks);
        if (begin != std::string::npos)
            all.push_back(word.substr(begin, word.find_last_not_of(marks) - begin + 1));
    }
    return all;
}

std::string joined(const std::vector<std::string>& all, std::size_t first, std::size_t count_of) {
    std::string text;
    for (std::size_t i = first; i < first + count_of; ++i) {
        if (!text.empty()) text += ' ';
        text += all[i];
    }
    return text;
}

}  // namespace

std::vector<Rule> read_rules(const std::string& path) {
    std::istringstream file{read_file(path)};
    std::vector<Rule> rules;
    int number = 0;
    for (std::string line; std::getline(file, line);) try {
        ++number;
        if (line.empty() || line.front() == '#') continue;
        if (line.starts_with("  ")) {
            if (rules.empty()) throw std::runtime_error{"no rule before it"};
            add(rules.back(), line.substr(2));
        } else {
            rules.push_back(head(line));
            rules.back().line = number;
        }
    } catch (const std::runtime_error& error) {
        throw std::runtime_error{path + ":" + std::to_string(number) + ": " + error.what()};
    }
    return rules;
}

std::string read_file(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) throw std::runtime_error{"cannot read " + path};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; at += part.size()) ++found;
    return found;
}

std::string comments_of(const std::string& file) {
    std::istringstream lines{read_file(file)};
    std::string comments;
    for (std::string line; std::getline(lines, line);)
        if (const std::size_t begin = line.find_first_not_of(' ');
            begin != std::string::npos && line.compare(begin, 2, "//") == 0)
            comments.append(line, begin + 2).append(" ");
    const std::vector<std::string> said = words(comments);
    return joined(said, 0, said.size());
}

bool quotes(const std::string& file, const std::string& sentence) {
    const std::string text = comments_of(file);
    const std::vector<std::string> asked = words(sentence);
    const std::size_t least = std::min<std::size_t>(6, asked.size());
    for (std::size_t i = 0; i + least <= asked.size(); ++i)
        if (text.find(joined(asked, i, least)) != std::string::npos) return true;
    return false;
}

}  // namespace rfc
