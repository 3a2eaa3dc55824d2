// What was measured, and how it is shown: to people, to programs, and while it goes on.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "clients/load/histogram.hpp"
#include "clients/load/settings.hpp"
#include "clients/load/usage.hpp"

namespace load {

struct Result {
    double seconds = 0;            // that were measured
    std::uint64_t messages = 0;    // that came back in them; deliveries, or handshakes
    std::uint64_t errors = 0;      // in the whole run
    std::uint64_t unanswered = 0;  // due, and given up at the end
    Histogram latency;             // in nanoseconds
    std::chrono::nanoseconds own_cpu{};
    std::optional<Usage> server;   // what it used meanwhile; its memory: at the end
    // In idle: how much its memory grew with each connection.
    std::optional<double> bytes_each;

    double per_second() const { return seconds > 0 ? static_cast<double>(messages) / seconds : 0; }
    double own_cpu_percent() const;
};

// "ws://localhost:8080/ws", or "localhost:8080" for raw.
std::string target(const Settings& settings);

std::string text_of(const Settings& settings, const Result& result);
// One line, without a line feed.
std::string json_of(const Settings& settings, const Result& result);

// One line on a terminal that is written over and over, and is gone in the end.
class Progress {
  public:
    // Nothing is shown where standard error is no terminal.
    explicit Progress(const Settings& settings);
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void show(const std::string& what, double done, const Result& so_far);
    void clear();

  private:
    Mode mode_;
    bool on_;
    bool shown_ = false;
};

}  // namespace load
