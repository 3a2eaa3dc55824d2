// tests/rfc/rules.txt as values: each sentence of the RFCs that binds somebody, and our answer to it.
// Leaves out: whether the answers are true; rules_test.cpp looks, and mutants.cpp tries.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rfc {

struct Place {
    std::string file{};
    std::string name{};  // of a function, or of a test case
};

struct Mutant {
    std::string was{};  // stands once in the rule's file
    std::string is{};
};

struct Rule {
    int line = 0;          // in rules.txt
    std::string rfc{};     // "6455"
    std::string section{};  // "§5.2"
    std::string word{};    // MUST, MUST NOT, SHOULD, SHOULD NOT, RECOMMENDED
    std::string whom{};    // client, server, both, intermediary
    std::string sentence{};
    Place code{};
    std::string how{};
    Place test{};
    std::string lesson{};
    std::optional<Mutant> mutant{};
    std::string why{};  // it does not apply; then all of the above is empty
};

// Throws std::runtime_error with the line that is not as the file's head says.
std::vector<Rule> read_rules(const std::string& path = "tests/rfc/rules.txt");

std::string read_file(const std::string& path);  // throws when it cannot be read
std::size_t count(std::string_view text, std::string_view part);

// Does the file, in its comments, have at least six words of the sentence in a row?
bool quotes(const std::string& file, const std::string& sentence);

}  // namespace rfc
