// The programs that meet something hostile, and the three ways in which they do. Each function tries one
// program, and reports.
// Leaves out: what is hostile on the wire (misbehaviours.hpp).
#pragma once

#include <string>
#include <vector>

#include "tests/hostile/misbehaviours.hpp"
#include "tests/hostile/verdict.hpp"

namespace hostile {

struct Client {
    std::string name{};
    std::string program{};
    std::vector<std::string> options{};
    // What it checks: answers to its opening; headers of frames too (lessons 5 to 7); everything.
    enum Checks : std::uint8_t { opening, headers, everything } checks = everything;
    int failure = 1;               // its status when something is wrong
    std::size_t most_lines = 2;    // on standard error
    bool comes_back = false;       // it connects again, until it is told to stop
    bool on_terminal = false;      // it is tried on a terminal, too
    bool url = false;              // it takes ws://host:port, and no --host and --port
};
const std::vector<Client>& clients();

Report meet_servers(const Client& client, const std::vector<Misbehaviour>& all, unsigned at_a_time);
// The same on a terminal, with what draws on it; and keys at random.
Report draw_on_terminal(const Client& client, const std::vector<Misbehaviour>& all);
Report type_at_random(const Client& client, unsigned rounds);

// Every option that a program has, with values of every kind; files; for clients URLs.
Report give_arguments(const std::string& program, unsigned at_a_time);
// Of the course, clients and servers.
std::vector<std::string> all_programs();

}  // namespace hostile
