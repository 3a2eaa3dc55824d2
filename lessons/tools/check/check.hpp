// What a lesson's checks.cpp needs, all of it. A scenario registers itself:
//
//   const Scenario length_126{"length-126", exercise(3), "RFC 6455 §5.2",
//       "a 126-byte text uses the 16-bit length", [](Run& run) { ... }};
//
// One that uses a Server, Client or Peer runs four times: whole, byte by byte, cut inside, glued.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lessons/tools/check/call.hpp"
#include "lessons/tools/check/frame.hpp"
#include "lessons/tools/check/mistakes.hpp"
#include "lessons/tools/check/peer.hpp"
#include "lessons/tools/check/program.hpp"
#include "lessons/tools/check/run.hpp"

namespace check {

// Which exercise a scenario is of, and what is unusual about it: exercise(3).needs(2, 4).once().
struct Exercise {
    int number = 0;  // whose hints help
    // Exercises without which it cannot pass: until their own scenarios do (those that call
    // functions, or have no needs), its failure explains nothing and is one line.
    std::vector<int> needed{};
    std::vector<Cut> cuts{Cut::whole, Cut::byte_by_byte, Cut::inside, Cut::glued};
    bool ipv6 = false;  // left out, and said to be, where the machine has none
    int limit = 60;  // in seconds: then it is ended, and the verdict is "timed out"

    template <typename... T>
    Exercise needs(T... numbers) && {
        needed = {numbers...};
        return std::move(*this);
    }
    // In one cut, where cuts mean nothing: a test of time, of many clients.
    Exercise once() && {
        cuts = {Cut::whole};
        return std::move(*this);
    }
    // Never glued: an answer that is printed leaves nothing to wait for before the next piece.
    Exercise one_by_one() && {
        cuts = {Cut::whole, Cut::byte_by_byte, Cut::inside};
        return std::move(*this);
    }
    // Only glued: that something comes after another thing is what is checked.
    Exercise glued() && {
        cuts = {Cut::glued};
        return std::move(*this);
    }
    Exercise over_ipv6() && {
        ipv6 = true;
        return std::move(*this);
    }
    Exercise seconds(int number_of_them) && {
        limit = number_of_them;
        return std::move(*this);
    }
};
inline Exercise exercise(int number) { return {.number = number}; }

class Scenario {
  public:
    using Body = std::function<void(Run&)>;
    // `name`: letters, digits, '-'. `rule`: one sentence, the headline of its failure. The lesson is
    // that of the file: lessons/05-frames/.
    Scenario(std::string name, Exercise exercise, std::string section, std::string rule, Body body,
             const char* file = __builtin_FILE());  // clang 14 has no std::source_location
    Scenario(const Scenario&) = delete;
    Scenario& operator=(const Scenario&) = delete;

    int lesson() const { return lesson_; }
    const std::string& name() const { return name_; }
    const Exercise& exercise() const { return exercise_; }
    const std::string& rule() const { return rule_; }
    const std::string& section() const { return section_; }
    void run(Run& run) const { body_(run); }

    // All, by lesson, and within one as they stand in its file.
    static std::vector<const Scenario*> all();

  private:
    int lesson_;
    std::string name_, section_, rule_;
    Exercise exercise_;
    Body body_;
};

}  // namespace check
