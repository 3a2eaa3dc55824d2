// The progress bar of lesson 13's client: how much, how fast, how long still.
// On a terminal only; in a pipe it would be rubbish between the lines, as it would be between
// those of a trace. It goes to standard error, so that the output stays what it is.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "cli/size_options.hpp"

// "[############            ]  50%  2.0 GiB of 4.0 GiB  512.0 MiB/s  0:04 left"; without a total
// only what is known: "2.0 GiB  512.0 MiB/s".
inline std::string progress_line(std::uint64_t done, std::optional<std::uint64_t> total,
                                 double seconds) {
    const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
    const std::string shown_rate = cli::shown_size(rate) + "/s";
    if (!total) return cli::shown_size(static_cast<double>(done)) + "  " + shown_rate;

    constexpr unsigned width = 24;
    const double part =
        *total == 0 ? 1 : std::min(1.0, static_cast<double>(done) / static_cast<double>(*total));
    std::string bar(static_cast<std::size_t>(part * width), '#');
    bar.resize(width, ' ');
    char percent[8];
    std::snprintf(percent, sizeof percent, "%3.0f%%", part * 100);
    std::string line = '[' + bar + "] " + percent + "  " + cli::shown_size(static_cast<double>(done)) +
                       " of " + cli::shown_size(static_cast<double>(*total)) + "  " + shown_rate;
    if (rate > 0 && done < *total) {
        const double left = static_cast<double>(*total - done) / rate;
        // Bounded first: a stalled transfer would promise more seconds than an integer holds.
        const auto whole = static_cast<std::uint64_t>(std::min(left + 0.5, 359'999.0));
        char time[32];
        std::snprintf(time, sizeof time, "  %u:%02u left", static_cast<unsigned>(whole / 60),
                      static_cast<unsigned>(whole % 60));
        line += time;
    }
    return line;
}

class Progress {
  public:
    Progress(std::optional<std::uint64_t> total, bool wanted)
        : total_{total}, shown_{wanted && ::isatty(STDERR_FILENO) == 1} {}
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    // Leaves the line as if it had never been there.
    ~Progress() {
        if (drawn_) std::fputs("\r\x1b[K", stderr);
    }

    // Called as often as you like; draws ten times a second.
    void show(std::uint64_t done) {
        if (!shown_) return;
        const auto now = Clock::now();
        if (drawn_ && now - last_ < std::chrono::milliseconds{100}) return;
        drawn_ = true;
        last_ = now;
        const double seconds = std::chrono::duration<double>(now - start_).count();
        std::fprintf(stderr, "\r%s\x1b[K", progress_line(done, total_, seconds).c_str());
    }

  private:
    using Clock = std::chrono::steady_clock;

    std::optional<std::uint64_t> total_;
    bool shown_;
    bool drawn_ = false;
    Clock::time_point start_ = Clock::now();
    Clock::time_point last_{};
};
