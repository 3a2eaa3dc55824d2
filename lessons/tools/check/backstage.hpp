// A run as the harness sees it: the student's programs and what they print, waiting, the notes that go
// through a pipe to the process that reports. A scenario's author needs none of it (run.hpp).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lessons/tools/check/program.hpp"
#include "lessons/tools/check/run.hpp"

namespace check {

class Callee;
std::string folder_of_lesson(int number);  // "05-frames"

struct RunOptions {
    int lesson = 0;
    std::string name{};
    std::uint64_t seed = 0;
    int pipe = -1;               // where notes go
    Milliseconds patience{2500};  // how long an answer may take
    std::string build{};          // where the programs lie
    // Those that are built: another one is not started, and NotBuilt thrown. Nothing: all are.
    std::optional<std::vector<std::string>> built{};
};

struct NotBuilt {
    std::string program;
};

// Thrown by Run::fail(), caught by whoever started the scenario.
struct Failed {};

class Backstage {
  public:
    Backstage(Run& run, RunOptions options);
    ~Backstage();
    Backstage(const Backstage&) = delete;
    Backstage& operator=(const Backstage&) = delete;

    const RunOptions options;

    void begin(Cut cut);
    Cut cut() const { return cut_; }
    void used_sockets();
    bool has_used_sockets() const { return sockets_; }

    // --- numbers ---------------------------------------------------------------------------------
    std::uint64_t random();
    // Once a run, and with the default seed only: the first key of the texts.
    bool takes_the_texts_key();

    // --- notes for the report --------------------------------------------------------------------
    void note(char kind, std::string_view text);
    std::string next_number();        // of a line of the exchange: " 1"
    void take_number_back() { --lines_; }
    void restart_numbers(unsigned after = 0) { lines_ = after; }
    unsigned numbers() const { return lines_; }
    // What the programs have printed so far.
    void tell_printed();
    // While Run::within() is at work: what it measures, and for how long that may compute.
    struct Budget {
        std::string what;
        Milliseconds plenty;
    };
    std::optional<Budget> budget;

    // --- programs --------------------------------------------------------------------------------
    // One that runs as long as this run; the same one for all cuts.
    Program& program(const std::string& name, const std::vector<std::string>& arguments);
    // Another one, in any case; stop() ends it.
    Program& start(const std::string& name, const std::vector<std::string>& arguments);
    void stop(Program& program);
    const std::vector<std::unique_ptr<Program>>& programs() const { return programs_; }
    // What calls the student's functions, and the process for it.
    Callee& callee();
    Program& start_calls(int channel);
    // Did one of them die of a mistake? Then that is what happened.
    void look_for_crashes(Milliseconds wait);
    // Waits until `fd` is ready, reading meanwhile what the programs print. False: too late.
    bool wait_for(int fd, short events, Deadline deadline);

  private:
    std::string path_of(const std::string& program) const;

    Run& run_;
    Cut cut_ = Cut::whole;
    std::uint64_t state_ = 0;
    bool first_key_ = true;
    unsigned lines_ = 0;
    bool sockets_ = false;
    std::vector<std::unique_ptr<Program>> programs_;
    std::unique_ptr<Callee> callee_;
};

}  // namespace check
