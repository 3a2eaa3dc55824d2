// Tokens, and sets of runs of them. A run is kept as its hash.
#include "lessons/tools/grade/likeness.hpp"

#include <algorithm>
#include <cctype>
#include <functional>
#include <iterator>
#include <set>

#include "lessons/tools/holes/functions.hpp"

namespace grade {

namespace {

constexpr std::size_t run_length = 12;   // tokens: about two lines
constexpr std::size_t least_runs = 40;   // that are a student's own; with fewer, nothing is said
using Runs = std::vector<std::size_t>;   // sorted, each once

constexpr std::string_view names_of_interest[] = {"_exit", "_Exit",  "quick_exit", "fork",  "vfork", "clone",
                                                  "execve", "execvp", "pthread_atfork", "ptrace", "syscall", "asm",
                                                  "dlopen", "dlsym",  "system",     "popen", "kill"};
constexpr std::string_view parts_of_interest[] = {"/proc", "lessons/tools", "reference/", "results-"};

constexpr std::string_view keywords[] = {
    "auto",   "bool",  "break",   "case",   "catch",     "char",   "class",  "const",    "constexpr", "continue",
    "default", "delete", "do",    "double", "else",      "enum",   "false",  "float",    "for",       "if",
    "inline", "int",   "long",    "new",    "noexcept",  "nullptr", "operator", "return", "short",    "signed",
    "sizeof", "static", "struct", "switch", "template",  "this",   "throw",  "true",     "try",       "unsigned",
    "using",  "void",  "while"};

bool is_name(const std::string& token) {
    return (std::isalpha(static_cast<unsigned char>(token[0])) != 0 || token[0] == '_') &&
           !std::ranges::binary_search(keywords, std::string_view{token});
}

// A name is as good as another, and so is what a literal says.
std::string without_names(const std::string& token) {
    if (is_name(token)) return "name";
    return token[0] == '"' ? "text" : token;
}

void add_runs(const Files& files, Runs& runs) {
    for (const auto& [name, text] : files) {
        std::vector<std::string> all = tokens(text);
        std::ranges::transform(all, all.begin(), without_names);
        for (std::size_t i = 0; i + run_length <= all.size(); ++i) {
            std::string run;
            for (std::size_t j = i; j < i + run_length; ++j) run += all[j] + ' ';
            runs.push_back(std::hash<std::string>{}(run));
        }
    }
    std::ranges::sort(runs);
    runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
}

Runs own_runs(const Files& files, const Runs& handed_out) {
    Runs all, own;
    add_runs(files, all);
    std::ranges::set_difference(all, handed_out, std::back_inserter(own));
    return own;
}

int percent_of(const Runs& one, const Runs& other) {
    Runs both;
    std::ranges::set_intersection(one, other, std::back_inserter(both));
    return static_cast<int>(100 * both.size() / std::min(one.size(), other.size()));
}

std::set<std::string> words_of_interest(std::string_view text) {
    std::set<std::string> found;
    for (const std::string& token : tokens(text)) {
        if (std::ranges::find(names_of_interest, token) != std::end(names_of_interest)) found.insert(token);
        for (const std::string_view part : parts_of_interest)
            if (token[0] == '"' && token.find(part) != token.npos) found.emplace(part);
    }
    return found;
}

}  // namespace

std::vector<std::string> tokens(std::string_view text) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < text.size();) {
        const std::string_view rest = text.substr(i);
        std::size_t size = 1;
        if (rest.starts_with("//")) {
            i += std::min(rest.find('\n'), rest.size());
            continue;
        }
        if (rest.starts_with("/*")) {
            i += std::min(rest.find("*/", 2), rest.size() - 2) + 2;
            continue;
        }
        if (functions::is_space(text[i])) {
            ++i;
            continue;
        }
        if (text[i] == '"' || text[i] == '\'') {
            while (size < rest.size() && rest[size] != text[i] && rest[size] != '\n') size += rest[size] == '\\' ? 2 : 1;
            ++size;
        } else if (functions::is_word(text[i])) {
            // 65'536 is one number.
            const bool number = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
            while (size < rest.size() && (functions::is_word(rest[size]) || (number && rest[size] == '\''))) ++size;
        }
        all.emplace_back(rest.substr(0, size));
        i += size;
    }
    return all;
}

std::set<std::string> suspicious_words(std::string_view text, std::string_view starter) {
    const std::set<std::string> found = words_of_interest(text), known = words_of_interest(starter);
    std::set<std::string> own;
    std::ranges::set_difference(found, known, std::inserter(own, own.end()));
    return own;
}

std::vector<Likeness> likenesses(const std::map<std::string, Files>& submissions, const Files& starters) {
    Runs handed_out;
    add_runs(starters, handed_out);
    std::vector<std::pair<std::string, Runs>> all;
    for (const auto& [student, files] : submissions) all.emplace_back(student, own_runs(files, handed_out));
    std::vector<Likeness> most(all.size());
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t j = i + 1; j < all.size(); ++j) {
            if (std::min(all[i].second.size(), all[j].second.size()) < least_runs) continue;
            const int percent = percent_of(all[i].second, all[j].second);
            if (percent > most[i].percent) most[i] = {percent, all[j].first};
            if (percent > most[j].percent) most[j] = {percent, all[i].first};
        }
    return most;
}

}  // namespace grade
