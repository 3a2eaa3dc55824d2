// `make attack`: every attack of the list, one after the other, and one table of what it did to the server.
// Leaves out: calls of the system that fail (`make faults`).
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/attack/target.hpp"

namespace {

void print(const attack::Row& row) {
    const auto mib = [](std::uint64_t bytes) { return test::mib(bytes); };
    std::printf("%-34s %-16s %6.1f %6.1f %6.1f  %5zu %5zu %5zu  %6.1f %6.1f %6.1f  %8.1f  %6.2f %6.0f  %s\n",
                row.name.c_str(), row.lesson.c_str(), mib(row.memory_before), mib(row.memory_most),
                mib(row.memory_after), row.descriptors_before, row.descriptors_most, row.descriptors_after,
                row.before.count(), row.during.count(), row.after.count(), row.newcomer.count(), row.cpu.count(),
                row.idle_cpu.count(), row.broken.empty() ? "holds" : ("MISSED: " + row.broken).c_str());
}

void print_table() {
    if (attack::table().empty()) return;
    std::printf("\n%-34s %-16s %-20s  %-17s  %-20s  %-8s  %-13s\n", "", "", "memory, MiB", "descriptors",
                "round trip, ms", "newcomer", "server's CPU");
    std::printf("%-34s %-16s %6s %6s %6s  %5s %5s %5s  %6s %6s %6s  %8s  %6s %6s\n", "attack", "lesson", "before",
                "most", "after", "befor", "most", "after", "before", "during", "after", "ms", "s", "ms/s");
    // By the numbers before their names.
    std::ranges::stable_sort(attack::table(), {}, [](const attack::Row& row) { return std::atoi(row.name.c_str()); });
    for (const attack::Row& row : attack::table()) print(row);
}

}  // namespace

int main(int argc, char** argv) {
    doctest::Context context{argc, argv};
    const int status = context.run();
    print_table();
    return status;
}
