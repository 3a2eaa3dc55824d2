// The result as text and as JSON, and the line that shows how it goes.
#include "clients/load/result.hpp"

#include <unistd.h>

#include <cmath>
#include <cstdarg>

#include "net/address.hpp"
#include "ws/hex.hpp"

namespace load {

namespace {

[[gnu::format(printf, 1, 2)]] std::string format(const char* form, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, form);
    std::vsnprintf(text, sizeof text, form, arguments);
    va_end(arguments);
    return text;
}

double micro(double nanoseconds) { return nanoseconds / 1000; }
double micro(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1000; }
double percent(std::chrono::nanoseconds time, double seconds) {
    return seconds > 0 ? static_cast<double>(time.count()) / 1e7 / seconds : 0;
}

// "118 µs", "1.31 ms", "2.04 s": three digits.
std::string duration(double nanoseconds) {
    const auto three = [](double value, const char* unit) {
        return format("%.*f %s", value < 10 ? 2 : value < 100 ? 1 : 0, value, unit);
    };
    if (nanoseconds < 1e6) return three(nanoseconds / 1e3, "µs");
    if (nanoseconds < 1e9) return three(nanoseconds / 1e6, "ms");
    return three(nanoseconds / 1e9, "s");
}
std::string duration(std::uint64_t nanoseconds) { return duration(static_cast<double>(nanoseconds)); }

// 1,234,567
std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}
std::string grouped(double number) { return grouped(static_cast<std::uint64_t>(std::llround(number))); }

std::string units(Mode mode, std::uint64_t count) {
    std::string word = unit(mode);
    if (count == 1) return word;
    return mode == Mode::fan_out ? "deliveries" : word + "s";
}

double megabytes_per_second(const Settings& settings, const Result& result) {
    return result.per_second() * static_cast<double>(settings.bytes) / 1e6;
}

const char* name_of(Mode mode) {
    switch (mode) {
        case Mode::echo: return "echo";
        case Mode::idle: return "idle";
        case Mode::fan_out: return "fan-out";
        case Mode::handshake: return "handshake";
    }
    return "";
}

const char* name_of(Payload payload) {
    switch (payload) {
        case Payload::ascii: return "ascii";
        case Payload::utf8: return "utf8";
        case Payload::binary: return "binary";
    }
    return "";
}

constexpr std::pair<const char*, double> percentiles[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};

std::string task(const Settings& settings) {
    std::string text = target(settings) + ": ";
    switch (settings.mode) {
        case Mode::handshake:
            return text + "handshakes, " + grouped(settings.connections) + " at a time";
        case Mode::idle: return text + grouped(settings.connections) + " idle connections";
        case Mode::fan_out:
            text += "fan-out to " + grouped(settings.connections) + " receivers";
            break;
        case Mode::echo: text += "echo, " + grouped(settings.connections) + " connections"; break;
    }
    text += ", " + grouped(settings.in_flight) + " in flight, " + grouped(settings.bytes) +
            " bytes of " + (settings.payload == Payload::binary ? "binary" : "text");
    if (settings.payload == Payload::utf8) text += " in UTF-8";
    return text;
}

std::string latency_text(const Settings& settings, const Histogram& latency) {
    std::string text = "  latency     ";
    for (const auto& [name, part] : percentiles)
        text += std::string{name} + ' ' + duration(latency.at(part)) + "   ";
    text += "max " + duration(latency.max()) + '\n';
    if (settings.rate)
        text += "              from the moment when each message was due, " +
                grouped(*settings.rate) + " a second\n";
    return text;
}

std::string server_text(const Settings& settings, const Result& result) {
    std::string text = "  server      ";
    if (result.bytes_each) text += grouped(*result.bytes_each) + " bytes of memory a connection, ";
    if (result.messages > 0)
        text += duration(static_cast<double>(result.server->cpu.count()) /
                         static_cast<double>(result.messages)) +
                " of CPU a " + unit(settings.mode) + ", ";
    return text + format("%.1f %% of a core, %.1f MiB resident\n",
                         percent(result.server->cpu, result.seconds),
                         static_cast<double>(result.server->resident_bytes) / (1 << 20));
}

}  // namespace

double Result::own_cpu_percent() const { return percent(own_cpu, seconds); }

std::string target(const Settings& settings) {
    const std::string where = net::join_host_port(settings.common.host, settings.common.port);
    return settings.raw ? where : "ws://" + where + settings.common.path;
}

std::string text_of(const Settings& settings, const Result& result) {
    std::string text = task(settings) + '\n';
    if (settings.mode != Mode::idle) {
        text += "  rate        " + grouped(result.per_second()) + ' ' +
                units(settings.mode, 2) + " a second";
        if (settings.mode != Mode::handshake)
            text += format(", %.1f MB/s%s", megabytes_per_second(settings, result),
                           settings.mode == Mode::echo ? " each way" : "");
        text += format(" (%s in %.1f s)\n", grouped(result.messages).c_str(), result.seconds);
    }
    if (result.latency.count() > 0) text += latency_text(settings, result.latency);
    if (result.server) text += server_text(settings, result);
    if (result.unanswered > 0)
        text += "  unanswered  " + grouped(result.unanswered) + ", which had waited for " +
                duration(result.latency.max()) + " at most when the run ended\n";
    text += "  errors      " + grouped(result.errors) + '\n';
    // Beyond this the queue is here, and the figures are more ours than the server's.
    if (result.own_cpu_percent() > 95 && settings.mode != Mode::idle)
        text += format("  load itself was busy for %.0f %% of the time: it may be what limits the "
                       "rate; compare CPU times (--pid), or ask for less (--rate)\n",
                       result.own_cpu_percent());
    return text;
}

std::string json_of(const Settings& settings, const Result& result) {
    std::string text = "{\"mode\":\"" + std::string{name_of(settings.mode)} + "\",\"target\":\"";
    for (const char c : target(settings)) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
    }
    text += format("\",\"raw\":%s,\"connections\":%ju,\"in_flight\":%ju,\"bytes\":%ju,"
                   "\"payload\":\"%s\",\"rate\":%s",
                   settings.raw ? "true" : "false", std::uintmax_t{settings.connections},
                   std::uintmax_t{settings.in_flight}, std::uintmax_t{settings.bytes},
                   name_of(settings.payload),
                   settings.rate ? std::to_string(*settings.rate).c_str() : "null");
    text += format(",\"seconds\":%.3f,\"messages\":%ju,\"per_second\":%.1f,"
                   "\"megabytes_per_second\":%.3f,\"errors\":%ju,\"unanswered\":%ju",
                   result.seconds, std::uintmax_t{result.messages}, result.per_second(),
                   megabytes_per_second(settings, result), std::uintmax_t{result.errors},
                   std::uintmax_t{result.unanswered});
    text += ",\"latency_us\":{";
    for (const auto& [name, part] : percentiles)
        text += format("\"%s\":%.3f,", name, micro(result.latency.at(part)));
    text += format("\"max\":%.3f,\"mean\":%.3f}", micro(result.latency.max()),
                   micro(result.latency.mean()));
    if (result.server)
        text += format(",\"server\":{\"cpu_us\":%.3f,\"cpu_us_each\":%.6f,\"cpu_percent\":%.2f,"
                       "\"resident_bytes\":%ju}",
                       micro(static_cast<double>(result.server->cpu.count())),
                       result.messages == 0
                           ? 0.0
                           : micro(static_cast<double>(result.server->cpu.count()) /
                                   static_cast<double>(result.messages)),
                       percent(result.server->cpu, result.seconds),
                       std::uintmax_t{result.server->resident_bytes});
    if (result.bytes_each) text += format(",\"bytes_each\":%.1f", *result.bytes_each);
    return text + format(",\"load\":{\"cpu_percent\":%.1f}}", result.own_cpu_percent());
}

Progress::Progress(const Settings& settings)
    : mode_{settings.mode}, on_{!settings.quiet && ::isatty(STDERR_FILENO) == 1} {}

void Progress::show(const std::string& what, double done, const Result& so_far) {
    if (!on_) return;
    constexpr int width = 20;
    const int full = static_cast<int>(std::min(1.0, std::max(0.0, done)) * width);
    std::string line = '[' + std::string(static_cast<std::size_t>(full), '#') +
                       std::string(static_cast<std::size_t>(width - full), '.') + "] " + what;
    if (so_far.messages > 0)
        line += "  " + grouped(so_far.per_second()) + ' ' + units(mode_, 2) + "/s  p50 " +
                duration(so_far.latency.at(0.5)) + "  p99 " + duration(so_far.latency.at(0.99));
    if (so_far.errors > 0) line += "  " + grouped(so_far.errors) + " errors";
    // Back to the line's beginning, the text, and nothing of what stood after it.
    std::fprintf(stderr, "\r%s\033[K", line.c_str());
    std::fflush(stderr);
    shown_ = true;
}

void Progress::clear() {
    if (!shown_) return;
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
    shown_ = false;
}

}  // namespace load
