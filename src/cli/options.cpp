// Command lines read and explained, and exceptions turned into one line. Lesson 1.
// Each option carries its own reader, so that its type, its limits and its error text stand at one
// place. Advice follows the failures that people meet: a port in use, nobody listening.
#include "cli/options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "cli/standard_streams.hpp"
#include "net/socket.hpp"
#include "ws/hex.hpp"

namespace cli {

namespace {

constexpr int max_seconds = 86'400;

// What a person can do about a failure of the system, or nothing.
std::string advice(const std::system_error& error) {
    // A file may be refused as well, and has no port.
    const std::string_view what = error.what();
    if (!what.starts_with("cannot listen") && !what.starts_with("cannot connect")) return "";
    switch (static_cast<std::errc>(error.code().value())) {
        case std::errc::address_in_use:
            return "; another program has this port, choose one with --port (0: any free one)";
        case std::errc::permission_denied:
            return "; ports below 1024 are reserved, choose a higher one with --port";
        case std::errc::address_not_available:
            return "; --host must name an address of this machine";
        case std::errc::connection_refused:
            return "; is the server running, and on this port?";
        default: return "";
    }
}

}  // namespace

std::uint64_t read_number(const std::string& text, std::uint64_t min, std::uint64_t max) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max)
        throw UsageError{"a number from " + std::to_string(min) + " to " + std::to_string(max)};
    return value;
}

std::chrono::milliseconds read_seconds(const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    // "Not at least" and not "less": of "nan" neither is true.
    if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0.001) ||
        value > max_seconds)
        throw UsageError{"seconds, from 0.001 to " + std::to_string(max_seconds)};
    return std::chrono::milliseconds{static_cast<std::int64_t>(value * 1000)};
}

std::string shown_seconds(std::chrono::milliseconds wait) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", static_cast<double>(wait.count()) / 1000);
    return text;
}

Options::Options(std::string program, std::string summary)
    : program_{std::move(program)}, summary_{std::move(summary)} {}

void Options::flag(std::string name, bool& target, std::string help) {
    entries_.push_back({std::move(name), "", std::move(help),
                        [&target](const std::string&) { target = true; }});
}

void Options::text(std::string name, std::string& target, std::string placeholder,
                   std::string help) {
    if (!target.empty()) help += " (default: " + target + ")";
    entries_.push_back({std::move(name), std::move(placeholder), std::move(help),
                        [&target](const std::string& value) { target = value; }});
}

void Options::seconds(std::string name, std::chrono::milliseconds& target, std::string help) {
    help += " (default: " + shown_seconds(target) + " s)";
    custom(std::move(name), "SECONDS", std::move(help),
           [&target](const std::string& value) { target = read_seconds(value); });
}

void Options::custom(std::string name, std::string placeholder, std::string help,
                     std::function<void(const std::string&)> reader) {
    entries_.push_back({std::move(name), std::move(placeholder), std::move(help), std::move(reader)});
}

void Options::server(Common& common) {
    never_wait_for_readers();
    text("--host", common.host, "HOST", "address to listen on; 0.0.0.0 or :: is everywhere");
    custom("--port", "PORT",
           "port to listen on; 0 picks a free one (default: " + std::to_string(common.port) + ")",
           [&common](const std::string& value) {
               common.port = static_cast<std::uint16_t>(read_number(value, 0, 65535));
           });
    flag("--trace", common.trace, "show what crosses the wire, on standard error");
}

void Options::client(Common& common) {
    text("--host", common.host, "HOST", "the server's name or address");
    custom("--port", "PORT", "the server's port (default: " + std::to_string(common.port) + ")",
           [&common](const std::string& value) {
               common.port = static_cast<std::uint16_t>(read_number(value, 1, 65535));
           });
    flag("--trace", common.trace, "show what crosses the wire, on standard error");
}

std::string server_url(const Common& common, std::string_view scheme, std::uint16_t port) {
    const bool everywhere = common.host == "0.0.0.0" || common.host == "::";
    return std::string{scheme} + "://" +
           net::join_host_port(everywhere ? "localhost" : common.host, port) +
           (scheme == "ws" ? common.path : "");
}

const Options::Entry& Options::find(const std::string& name) const {
    // "-c, --connect" is found by either half. No name is a part of another one's half.
    const auto has_name = [&name](const Entry& entry) {
        const std::size_t comma = entry.name.find(", ");
        if (comma == std::string::npos) return entry.name == name;
        return entry.name.substr(0, comma) == name || entry.name.substr(comma + 2) == name;
    };
    const auto entry = std::ranges::find_if(entries_, has_name);
    if (entry != entries_.end()) return *entry;
    throw UsageError{"unknown option '" + name + "'"};
}

bool Options::asks_for_help(const std::string& argument) const {
    return argument == "--help" || (argument == "-h" && help_name_.starts_with(argument));
}

void Options::parse(int argc, char** argv) {
    const std::vector<std::string> arguments{argv + std::min(argc, 1), argv + argc};
    bool positional_seen = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (asks_for_help(argument)) print_and_exit(help());
        if (argument.starts_with("--")) {
            parse_long(arguments, i);
        } else if (argument.starts_with('-')) {
            parse_short(arguments, i);
        } else {
            if (std::ranges::none_of(entries_, &std::string::empty, &Entry::name))
                throw UsageError{"unexpected '" + argument + "': this program takes options only"};
            // What is no option is for the entry without a name.
            const Entry& entry = find("");
            if (std::exchange(positional_seen, true))
                throw UsageError{"one " + entry.placeholder + " only, and '" + argument +
                                 "' is a second one"};
            entry.reader(argument);
        }
    }
}

void Options::parse_long(std::span<const std::string> arguments, std::size_t& i) const {
    const std::string& argument = arguments[i];
    const std::size_t equals = argument.find('=');
    const Entry& entry = find(argument.substr(0, equals));
    if (equals != std::string::npos) {
        if (entry.placeholder.empty()) throw UsageError{entry.name + " takes no value"};
        return read(entry, argument.substr(equals + 1));
    }
    const bool another = i + 1 < arguments.size();
    if (entry.may_lack_value()) {
        // What begins with '-' is the next option, and not this one's value.
        const bool given = !entry.placeholder.empty() && another && !arguments[i + 1].starts_with('-');
        return read(entry, given ? arguments[++i] : "");
    }
    if (!another) throw UsageError{entry.name + " needs a value: " + entry.placeholder};
    read(entry, arguments[++i]);
}

void Options::parse_short(std::span<const std::string> arguments, std::size_t& i) const {
    const std::string& argument = arguments[i];
    // A letter that no option has is complained about as it was typed: "-port", not "-p".
    if (argument.size() < 2) find(argument);
    for (std::size_t letter = 1; letter < argument.size(); ++letter) {
        const auto known = [&](const Entry& entry) {
            return entry.name.starts_with(std::string{'-', argument[letter]} + ", ");
        };
        const auto entry = std::ranges::find_if(entries_, known);
        if (entry == entries_.end()) find(letter == 1 ? argument : std::string{'-', argument[letter]});
        if (entry->placeholder.empty()) {
            read(*entry, "");
            continue;
        }
        if (letter + 1 < argument.size()) return read(*entry, argument.substr(letter + 1));
        if (i + 1 == arguments.size())
            throw UsageError{entry->name + " needs a value: " + entry->placeholder};
        return read(*entry, arguments[++i]);
    }
}

void Options::read(const Entry& entry, const std::string& value) const {
    try {
        entry.reader(value);
    } catch (const UsageError& error) {
        throw UsageError{entry.name + " '" + value + "': expected " + error.what()};
    }
}

std::string Options::help() const {
    std::string text = summary_ + "\n\nUsage: " + program_ + " [options]";
    for (const Entry& entry : entries_)
        if (entry.name.empty()) text += " [" + entry.placeholder + "]";
    text += "\n\n";
    const auto line = [&text](std::string left, const std::string& right) {
        // A long name pushes its text to the right: nothing of it is cut off.
        left.resize(std::max<std::size_t>(left.size() + 1, 26), ' ');
        text += "  " + left + right + "\n";
    };
    for (const Entry& entry : entries_)
        line(entry.name.empty()          ? entry.placeholder
             : entry.placeholder.empty() ? entry.name
                                         : entry.name + " " + entry.placeholder,
             entry.help);
    line(help_name_, "show this text");
    return text;
}

void print_and_exit(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    if (const std::string why = output_failure(); !why.empty()) throw std::runtime_error{why};
    std::exit(0);
}

int run(int argc, char** argv, int (*body)(int, char**)) {
    open_standard_streams();
    guard_output();
    const std::string_view path = argc > 0 ? argv[0] : "program";
    const std::string name{path.substr(path.rfind('/') + 1)};
    const auto complain = [&name](const std::string& what) {
        std::fflush(stdout);
        // What was typed is part of many messages; they stay one line that can be read even so.
        std::fprintf(stderr, "%s: %s\n", name.c_str(), ws::escape(what).c_str());
    };
    try {
        const int status = body(argc, argv);
        // What was said and did not arrive is a failure, however well all else went.
        const std::string why = output_failure();
        if (why.empty()) return status;
        complain(why);
        return status == 0 ? 1 : status;
    } catch (const net::Stopped&) {
        return 0;
    } catch (const UsageError& error) {
        complain(std::string{error.what()} + " (--help shows the options)");
        return 2;
    } catch (const std::system_error& error) {
        complain(error.what() + advice(error));
    } catch (const std::exception& error) {
        complain(error.what());
    }
    return 1;
}

}  // namespace cli
