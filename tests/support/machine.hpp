// How long "at once" takes on this machine now. A limit of time is a statement about a program only
// as long as the program gets a processor; beside eight busy ones it gets its share.
// Leaves out: lower limits, which hold on any machine.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace test {

// The limit, times the processes that wait for each processor (the load of the last minute, and
// never less than one), and as much again: the load may have risen since.
inline std::chrono::duration<double> on_this_machine(std::chrono::duration<double> limit) {
    double load = 0;
    const auto processors = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
    if (::getloadavg(&load, 1) != 1) load = processors;
    const double each = load / std::max(processors, 1.0);
    return each <= 1 ? limit : limit * 2 * each;
}

// How long a peer may be silent that answers at once: the limit, and on a busy machine up to five times
// as long, for the peer is a thread of the test and waits for its turn.
inline std::chrono::milliseconds silence_on_this_machine(std::chrono::milliseconds limit) {
    const auto scaled = std::chrono::duration_cast<std::chrono::milliseconds>(on_this_machine(limit));
    return std::clamp(scaled, limit, 5 * limit);
}

// A time as the programs' options take it, in seconds.
inline std::string option(std::chrono::milliseconds time) {
    return std::to_string(static_cast<double>(time.count()) / 1000);
}

}  // namespace test
