// The student's process that calls functions, and the socket to it. Whatever comes back is looked at
// here; a scenario reaches it through Run (call.hpp).
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "lessons/tools/check/call.hpp"

namespace check {

class Callee {
  public:
    explicit Callee(Run& run);
    ~Callee();
    Callee(const Callee&) = delete;
    Callee& operator=(const Callee&) = delete;

    Program& program() { return *program_; }
    // `letter` as in wire::Message; the id under which the answers come.
    std::uint64_t send(char letter, const Call& call);
    // Is there one within this time? False also when a processor's time is used up (5 s).
    bool answer_comes(std::uint64_t id, Milliseconds limit);
    // The next answer with this id, taken off.
    Answer wait(std::uint64_t id, const std::string& text, std::string_view says = {});

  private:
    bool read(Milliseconds wait);
    void take(wire::Message message);
    [[noreturn]] void fail_forged(std::string_view how);

    Run& run_;
    Program* program_ = nullptr;
    int socket_ = -1;
    std::string bytes_;
    std::vector<int> descriptors_;
    std::map<std::uint64_t, std::deque<wire::Message>> answers_;
    std::map<std::uint64_t, std::size_t> due_;  // how many answers have not come
};

}  // namespace check
