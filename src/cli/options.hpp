// Command lines, spelled the same in every program of the course. Lesson 1.
// Every program of the course reads its options here, so that no two spell them differently.
// A name may have a short form: "-c, --connect", then -c VALUE, -cVALUE and clusters of flags (-Ln).
// Leaves out: abbreviations, configuration files.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// A command line that cannot be obeyed: one line for standard error, and exit status 2.
class UsageError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What every program has. The defaults are the program's own.
struct Common {
    std::string host = "localhost";  // default: loopback only, both address families
    std::uint16_t port = 8080;       // 0: a free one (servers)
    std::string path = "/ws";        // where it applies
    bool trace = false;              // show what crosses the wire, on standard error
};

// For readers of one's own. Each throws UsageError("what would be right").
std::uint64_t read_number(const std::string& text, std::uint64_t min, std::uint64_t max);
std::chrono::milliseconds read_seconds(const std::string& text);
std::string shown_seconds(std::chrono::milliseconds wait);  // "10", or "0.5" for a part of one

class Options {
  public:
    // `program` and `summary` head the text of --help.
    Options(std::string program, std::string summary);

    // Each target lives until parse() has returned, and keeps its value when the option is
    // not given; that value is shown as the default. Options without a target are flags.
    void flag(std::string name, bool& target, std::string help);
    void text(std::string name, std::string& target, std::string placeholder, std::string help);
    void number(std::string name, std::uint64_t& target, std::uint64_t min, std::uint64_t max,
                std::string placeholder, std::string help);
    // The same without a default: the target stays empty when the option is not given.
    void number(std::string name, std::optional<std::uint64_t>& target, std::uint64_t min,
                std::uint64_t max, std::string placeholder, std::string help);
    // A duration, given in seconds: "10", "0.5".
    void seconds(std::string name, std::chrono::milliseconds& target, std::string help);
    // The same, and 0 switches it off; --help says so.
    void seconds_or_off(std::string name, std::chrono::milliseconds& target, std::string help);
    // An option with a reader of its own, which throws UsageError("what would be right").
    void custom(std::string name, std::string placeholder, std::string help,
                std::function<void(const std::string&)> reader);
    // An argument without a dash (a client's URL); at most one.
    void positional(std::string placeholder, std::string help,
                    std::function<void(const std::string&)> reader);

    // The options that servers share: --host, --port, --trace. A program that has them is a service, and
    // waits for no reader of its output (cli/standard_streams).
    void server(Common& common);
    // The options that clients share: --host, --port, --trace.
    void client(Common& common);
    // The same after a URL, which may be a host, host:port, :port or a whole URL with one of
    // `schemes`; its parts overwrite `common`.
    void client(Common& common, std::vector<std::string> schemes);
    // --path, for programs that speak HTTP.
    void path(Common& common);
    // -h does what --help does.
    void short_help() { help_name_ = "-h, --help"; }

    // Reads "--name value", "--name=value", and "-n value" for an option with a short name. A
    // placeholder in brackets, "[NUM]", stands for a value that may be left out: the reader then
    // gets "". Throws UsageError. On --help prints the help on standard output and ends the
    // program with status 0.
    void parse(int argc, char** argv);

    std::string help() const;

  private:
    struct Entry {
        std::string name;         // "--port", "-c, --connect"; empty for the positional argument
        std::string placeholder;  // empty for a flag
        std::string help;
        std::function<void(const std::string&)> reader;

        bool may_lack_value() const { return placeholder.empty() || placeholder.front() == '['; }
    };

    const Entry& find(const std::string& name) const;
    bool asks_for_help(const std::string& argument) const;
    // Each reads the option at arguments[i], and its value, which may be the next argument.
    void parse_long(std::span<const std::string> arguments, std::size_t& i) const;
    void parse_short(std::span<const std::string> arguments, std::size_t& i) const;
    void read(const Entry& entry, const std::string& value) const;

    std::string program_;
    std::string summary_;
    std::string help_name_ = "--help";
    std::vector<Entry> entries_;
};

// The end of a program that was asked for a text: status 0. Throws when it cannot be written.
[[noreturn]] void print_and_exit(const std::string& text);

// Where a server can be reached, "ws://localhost:8080/ws", for its listening line.
std::string server_url(const Common& common, std::string_view scheme, std::uint16_t port);

// Runs a program's body with standard streams that can be relied upon, and turns every exception
// into one line on standard error, with advice where there is some, and an exit status: 2 for
// UsageError, 1 for the others. Only net::Stopped, the wish of the person at the keyboard, ends it
// without a word and with 0.
int run(int argc, char** argv, int (*body)(int argc, char** argv));

}  // namespace cli
