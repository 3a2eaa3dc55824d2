// Log lines with time and peer, each written by one call. Lesson 8.
// The limit counts by address and by second: a flood costs a few lines, and everyone else's
// lines are still seen. The number of those left out is printed when the second is over.
#include "cli/log.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>

#include "ws/hex.hpp"

namespace cli {

namespace {

std::string utc(std::int64_t second) {
    const std::time_t time = second;
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[sizeof "2026-11-21T07:30:00Z"];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

void print(std::int64_t second, std::string_view who, std::string_view text) {
    // One call, so that lines of other programs on the same terminal do not get in between.
    const std::string line =
        utc(second) + ' ' + std::string{who} + ' ' + ws::escape(text) + '\n';
    std::fputs(line.c_str(), stderr);
}

}  // namespace

void Log::line(const net::Address& peer, std::string_view text) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now).count();
    const std::lock_guard lock{mutex_};
    if (second != second_) begin_second(second);
    // Of a client behind a proxy no port is known.
    const std::string who = peer.port() == 0 ? peer.ip() : peer.to_string();
    if (++counts_[peer.ip()] <= lines_per_second_) print(second, who, text);
}

void Log::begin_second(std::int64_t second) {
    for (const auto& [ip, count] : counts_)
        if (count > lines_per_second_)
            print(second_, ip,
                  std::to_string(count - lines_per_second_) + " further lines left out");
    counts_.clear();
    second_ = second;
}

}  // namespace cli
