// Sizes as people write them: "4G" on the command line, "4.0 GiB" in a progress bar. Lesson 11.
// A size is a number of bytes, with a unit or without one.
// Leaves out: decimal units; 1 K is 1,024.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "cli/options.hpp"

namespace cli {

// "1000", "64K", "16M", "4G".
inline std::uint64_t parse_size(const std::string& text, std::uint64_t min = 0,
                                std::uint64_t max = std::uint64_t{1} << 60) {
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    const std::string_view unit{end, text.data() + text.size()};
    const auto place = std::string_view{"KMG"}.find(unit);
    const std::size_t shift = unit.empty() ? 0 : 10 * (place + 1);
    if (error != std::errc{} || unit.size() > 1 || place == std::string_view::npos ||
        size > max >> shift || size << shift < min)
        throw UsageError{"a size such as 1000, 64K, 16M or 4G, from " + std::to_string(min) +
                              " to " + std::to_string(max)};
    return size << shift;
}

// "512 B", "1.5 KiB", "4.0 GiB".
inline std::string shown_size(double bytes) {
    const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned unit = 0;
    for (; bytes >= 1023.95 && unit < 6; ++unit) bytes /= 1024;
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return text;
}

// An option whose value is a size.
inline void size_option(Options& options, const std::string& name, std::uint64_t& target,
                        const std::string& help, std::uint64_t min = 0,
                        std::uint64_t max = std::uint64_t{1} << 60) {
    options.custom(
        name, "SIZE", help + " (default: " + shown_size(static_cast<double>(target)) + ")",
        [&target, min, max](const std::string& value) { target = parse_size(value, min, max); });
}

}  // namespace cli
