// The servers and their Redis as processes, and what happens to them: killed, ended in order, stopped
// for a while, started again. Which, and when, is chance, and the same for the same seed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "net/socket.hpp"

namespace chaos {

class Program {
  public:
    // What it prints goes to a file.
    Program(std::string name, std::vector<std::string> words, std::filesystem::path log)
        : name_{std::move(name)}, words_{std::move(words)}, log_{std::move(log)} {}
    ~Program() { end(9); }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    void start();
    // Sends the signal and waits for its end.
    void end(int signal);
    void signal(int number) const;
    bool running();
    const std::string& name() const { return name_; }

  private:
    std::string name_;
    std::vector<std::string> words_;
    std::filesystem::path log_;
    pid_t pid_ = -1;
};

class Accidents {
  public:
    using Moment = net::Clock::time_point;
    Accidents(std::vector<Program*> servers, Program& redis, unsigned seed)
        : servers_{std::move(servers)}, redis_{redis}, random_{seed} {}

    // What is due happens. `log` is told each, in one line.
    void turn(const std::function<void(const std::string&)>& log);
    // No further ones; what is down comes back at once.
    void finish();

    const std::map<std::string, unsigned>& counts() const { return counts_; }
    // Programs that ended without having been told to.
    const std::vector<std::string>& deaths() const { return deaths_; }

  private:
    struct Repair {
        Moment when;
        Program* program;
        bool stopped;  // SIGCONT, and not a new start
    };
    void look_for_deaths(Program& program);
    void cause(Moment now, const std::function<void(const std::string&)>& log);
    void repair(const Repair& repair);
    std::chrono::milliseconds between(unsigned least, unsigned most) {
        return std::chrono::milliseconds{least + random_() % (most - least)};
    }

    std::vector<Program*> servers_;
    Program& redis_;
    std::mt19937 random_;
    std::vector<Repair> repairs_;
    Moment next_ = net::Clock::now();
    std::map<std::string, unsigned> counts_;
    std::vector<std::string> deaths_;
};

}  // namespace chaos
