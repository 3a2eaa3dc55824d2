// How long "at once" takes on this machine now. A limit of time is a statement about a program only
// as long as the program gets a processor; beside eight busy ones it gets its share.
// Leaves out: lower limits, which hold on any machine.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

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

}  // namespace test
