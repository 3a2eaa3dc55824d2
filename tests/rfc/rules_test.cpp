// The table of rules and the code, held together: no rule without an answer, and no answer that is not so.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "tests/rfc/rules.hpp"

namespace {

void check_none(const std::vector<std::string>& faults) {
    std::string text;
    for (const std::string& fault : faults) text += "\n  " + fault;
    CHECK_MESSAGE(faults.empty(), text);
}

std::string at(const rfc::Rule& rule) {
    return "rules.txt:" + std::to_string(rule.line) + " (RFC " + rule.rfc + " " + rule.section + "): ";
}

// The last part of "Connection::send", which stands in the file.
std::string last_name(const std::string& name) {
    const std::size_t colon = name.rfind(':');
    return colon == std::string::npos ? name : name.substr(colon + 1);
}

}  // namespace

TEST_CASE("rfc: each rule has a place, a test and a lesson, or the reason why it does not apply") {
    std::vector<std::string> faults;
    const std::set<std::string> binding{"MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "RECOMMENDED"};
    const std::set<std::string> bound{"client", "server", "both", "intermediary"};
    for (const rfc::Rule& rule : rfc::read_rules()) {
        const bool answered = !rule.code.file.empty() && !rule.test.file.empty() && !rule.lesson.empty();
        const bool nothing = rule.code.file.empty() && rule.test.file.empty() && !rule.mutant && rule.how.empty();
        if (rule.why.empty() ? !answered : !nothing) faults.push_back(at(rule) + "half an answer, or two");
        if (!binding.contains(rule.word)) faults.push_back(at(rule) + "the word is '" + rule.word + "'");
        if (!bound.contains(rule.whom)) faults.push_back(at(rule) + "it binds '" + rule.whom + "'");
        // The items of a numbered list have their MUST before the list.
        const bool item = rule.sentence.starts_with("A |") || rule.sentence.starts_with("An ");
        if (!item && rule.sentence.find(rule.word) == std::string::npos)
            faults.push_back(at(rule) + "the sentence has no " + rule.word);
    }
    check_none(faults);
}

TEST_CASE("rfc: each place exists and quotes its rule, or says how it keeps it") {
    std::vector<std::string> faults;
    for (const rfc::Rule& rule : rfc::read_rules()) {
        if (!rule.why.empty()) continue;
        if (!std::filesystem::exists(rule.code.file)) {
            faults.push_back(at(rule) + "there is no " + rule.code.file);
            continue;
        }
        // A whole file may be the place.
        if (!rule.code.name.empty() && rfc::count(rfc::read_file(rule.code.file), last_name(rule.code.name)) == 0)
            faults.push_back(at(rule) + rule.code.file + " has no " + rule.code.name);
        if (rule.how.empty() && !rfc::quotes(rule.code.file, rule.sentence))
            faults.push_back(at(rule) + rule.code.file + " does not quote it, and nothing says how it is kept");
    }
    check_none(faults);
}

TEST_CASE("rfc: each test exists") {
    std::vector<std::string> faults;
    for (const rfc::Rule& rule : rfc::read_rules()) {
        if (!rule.why.empty()) continue;
        if (!std::filesystem::exists(rule.test.file) ||
            rfc::count(rfc::read_file(rule.test.file), '"' + rule.test.name + '"') != 1)
            faults.push_back(at(rule) + rule.test.file + " has no '" + rule.test.name + "'");
    }
    check_none(faults);
}

TEST_CASE("rfc: each mutant is a line of its file, and another one") {
    std::vector<std::string> faults;
    for (const rfc::Rule& rule : rfc::read_rules()) {
        if (!rule.mutant) continue;
        const std::size_t places = rfc::count(rfc::read_file(rule.code.file), rule.mutant->was);
        if (places != 1 || rule.mutant->was == rule.mutant->is)
            faults.push_back(at(rule) + std::to_string(places) + " places in " + rule.code.file + ": " + rule.mutant->was);
    }
    check_none(faults);
}

TEST_CASE("rfc: a check that quotes its rule has a mutant, or shares it with the rule before") {
    std::map<std::string, bool> mutated;  // by place and test
    const std::vector<rfc::Rule> rules = rfc::read_rules();
    const auto key = [](const rfc::Rule& rule) { return rule.code.file + rule.code.name; };
    for (const rfc::Rule& rule : rules) mutated[key(rule)] = mutated[key(rule)] || rule.mutant;
    std::vector<std::string> faults;
    for (const rfc::Rule& rule : rules)
        if (rule.why.empty() && rule.how.empty() && rule.code.file.ends_with(".cpp") && !mutated[key(rule)])
            faults.push_back(at(rule) + rule.code.file + " " + rule.code.name + " has no mutant");
    check_none(faults);
}

TEST_CASE("rfc: a file that is no table of rules is refused with its line") {
    const std::string path = "build/rules_test.txt";
    CHECK_THROWS_WITH(rfc::read_rules(path), "cannot read build/rules_test.txt");
    CHECK(rfc::quotes("src/ws/frame.cpp", "All control frames MUST have a payload length of 125 bytes or less"));
    CHECK_FALSE(rfc::quotes("src/ws/frame.cpp", "All control frames MUST NOT have a payload of 126 bytes or more"));
}
