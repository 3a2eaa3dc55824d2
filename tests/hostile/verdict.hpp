// What a program that met something hostile has to be, however it went: it has ended, by itself, with a
// status that it documents, and what it printed can be shown on anybody's terminal.
// Leaves out: what it met.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hostile {

// What is wrong with a text for people: a control character, no UTF-8, one that turns the order of others.
// Empty: nothing.
std::string unprintable(std::string_view text);

struct Ended {
    int status = 0;  // 128 + n: by signal n
    std::string output{};
    std::string errors{};
};

struct Wanted {
    std::vector<int> statuses{};
    std::size_t most_lines = 1;   // on standard error
    bool says_why = true;         // a status other than 0 comes with a line
    bool raw_output = false;      // standard output holds a peer's text as it is (wsc, into a pipe)
};

// Empty: all is well.
std::string fault_of(const Ended& ended, const Wanted& wanted);

// One trial: what it is called, and what it does; it returns its fault, or nothing.
struct Trial {
    std::string name{};
    std::function<std::string(int& status)> run{};
};

struct Report {
    std::string subject{};
    std::size_t tried = 0;
    std::map<int, std::size_t> statuses{};
    std::vector<std::string> faults{};
};

// All of them, several at a time; what throws has a fault.
Report try_all(const std::string& subject, const std::vector<Trial>& trials, unsigned at_a_time);

}  // namespace hostile
