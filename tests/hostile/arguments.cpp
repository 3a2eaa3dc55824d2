// What is typed behind a program's name: every option of its --help, with values that are wrong, odd, huge
// or empty, options that there are not, files of every kind, and URLs.
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "tests/hostile/programs.hpp"
#include "tests/support/process.hpp"

namespace hostile {

using namespace std::chrono_literals;
using namespace std::string_literals;
using Words = std::vector<std::string>;

namespace {

struct Option {
    std::string name;
    bool takes_file = false;
};

// Those of `--help`: "  -c, --connect URL   what it is".
std::vector<Option> options_of(const std::string& path) {
    std::vector<Option> options;
    std::istringstream help{test::run(path, {"--help"}).output};
    for (std::string line; std::getline(help, line);) {
        std::istringstream words{line};
        std::string name, placeholder;
        words >> name;
        if (name.ends_with(',')) words >> name;
        words >> placeholder;
        // That which runs a program of one's choice would do so.
        const std::set<std::string> left_out{"--help", "--version", "--run"};
        if (line.starts_with("  ") && name.starts_with("--") && !left_out.contains(name))
            options.push_back({name, placeholder.find("FILE") != std::string::npos});
    }
    return options;
}

const Words& values() {
    static const Words all{"",      " ",     "-1",   "0",      "1",    "1e999", "nan",   "99999999999999999999", "0x10", "1 ", "+1",
                           "1.5",   "%s%n",  "/",    "::",     "[",    "http://", "ws://", "a:b", "a b", "\x1b]0;PWNED\x07", "a\nb",
                           "\xc3\xa4", "\xff\xfe", "\xe2\x80\xae", std::string(10'000, 'x'), "-", "--"};
    return all;
}

// Files that are none, or not what is expected. In the working folder, which is a temporary one.
const Words& files() {
    static const Words all = [] {
        const auto file = [](const std::string& name, const std::string& text) {
            std::ofstream{name, std::ios::binary} << text;
            return name;
        };
        std::mt19937 random{7};
        std::string noise(4096, '\0');
        for (char& byte : noise) byte = static_cast<char>(random());
        std::filesystem::create_directory("folder");
        return Words{file("empty", ""), file("noise", noise), file("long", std::string(1 << 20, 'x')),
                     file("zeros", std::string(5000, '\0')), file("escapes", "\x1b]0;PWNED\x07\n\x1b[2J:x\n"),
                     file("braces", "{\"\n{}\n[[[[\n"), file("colons", "::::\n:\n"), file("wide", "\xff\xfe" "a\0b\0"s),
                     file("hex", "81 8\n 0x 7f ff"), "folder", "not/there", "/dev/null", "/dev/full", "/proc/self/mem"};
    }();
    return all;
}

const Words& urls() {
    static const Words all{"ws://", "ws:", "ws:/", "://", "127.0.0.1", ":0", ":99999", ":-1", "127.0.0.1:1:1", "ws://127.0.0.1:x", "ws://[::1",
                           "ws://::1]", "ws://[::1]:", "ws://[::1]1", "ws://[fe80::1%25lo]:1", "http://127.0.0.1:1/", "ftp://127.0.0.1:1/", "file:///etc/passwd",
                           "javascript:alert(1)", "ws://user@127.0.0.1:1/", "ws://user:pass@127.0.0.1:1/", "ws://127.0.0.1:1/#fragment",
                           "ws://127.0.0.1:1/a b", "ws://127.0.0.1:1/\x1b[31m", "ws://127.0.0.1:1/\r\nX: y", "ws://127.0.0.1:1/%", "ws://127.0.0.1:1/%00",
                           "ws://127.0.0.1:1/\xc3\xa4", "ws://127.0.0.1:1?query", "ws://127.0.0.1:1//", " ws://127.0.0.1:1/", "ws://127.0.0.1:1/ ", "WS://127.0.0.1:1/",
                           "ws://127.0.0.1:1/"s + std::string(100'000, 'x'), "ws://"s + std::string(300, 'a') + ".invalid:1/", "ws://a..b.invalid:1/", "ws://%31:1/",
                           "ws://0x7f000001:1/", "ws://256.256.256.256:1/", "ws://-:1/", "ws://\\:1/", "ws+unix:///not/there", "ws+unix:"};
    return all;
}

bool is_server(const std::string& program) { return program.ends_with("/server"); }
bool is_wsc(const std::string& program) { return program.ends_with("/wsc"); }
// It may wait, or try again, without a line on standard output.
bool stays(const std::string& program) {
    return is_wsc(program) || program == "lessons/16-many-machines/client";
}

// With which it would do something short: nobody listens at port 1.
Words usual_arguments(const std::string& program, const std::string& option) {
    if (program.ends_with("/explain")) return {};
    if (is_wsc(program)) return option == "--connect" || option == "--listen" ? Words{} : Words{"-c", "127.0.0.1:1"};
    if (is_server(program)) return option == "--port" ? Words{} : Words{"--port", "0"};
    Words usual;
    if (option != "--host") usual.insert(usual.end(), {"--host", "127.0.0.1"});
    if (option != "--port") usual.insert(usual.end(), {"--port", "1"});
    return usual;
}

std::string try_arguments(const std::string& program, const Words& arguments, int& status) {
    test::Process process{test::program(program), arguments};
    process.close_stdin();
    bool serves = false;
    try {
        process.read_line(stays(program) ? 2s : 20s);  // a server that listens, a client on its way
        serves = true;
    } catch (const std::runtime_error&) {
        // It has ended, or it waits for something.
    }
    process.signal(SIGINT);
    status = process.wait(30s);
    Wanted wanted{.statuses = {0, 1, 2}};
    if (is_wsc(program)) wanted.statuses.push_back(255);
    // In the middle of its help it does not look for signals.
    if (status == 130 && process.output_so_far().find("Usage: ") != std::string::npos) {
        wanted.statuses.push_back(130);
        wanted.says_why = false;
    }
    if (status != 2 || serves) wanted.most_lines = 1'000;  // a trace, or one for each address that it tried
    return fault_of({status, process.output_so_far(), process.errors_so_far()}, wanted);
}

}  // namespace

std::vector<std::string> all_programs() {
    std::vector<std::string> programs;
    for (const auto& folder : std::filesystem::directory_iterator{test::program("lessons")})
        for (const char* name : {"server", "client"})
            if (std::filesystem::exists(folder.path() / name))
                programs.push_back("lessons/" + folder.path().filename().string() + "/" + name);
    for (const char* name : {"clients/wsc", "clients/load", "clients/explain"}) programs.emplace_back(name);
    std::ranges::sort(programs);
    return programs;
}

Report give_arguments(const std::string& program, unsigned at_a_time) {
    std::vector<Trial> trials;
    const auto add = [&](Words arguments) {
        std::string name;
        for (const std::string& each : arguments) name += conformance::shown(conformance::Bytes{each}) + " ";
        trials.push_back({name, [program, arguments = std::move(arguments)](int& status) {
                              return try_arguments(program, arguments, status);
                          }});
    };
    // Written by these, the files would be others for the options after them.
    const std::set<std::string> writes{"--output", "--record", "--pcap", "--history"};
    for (const Option& option : options_of(test::program(program))) {
        const Words usual = usual_arguments(program, option.name);
        const auto with = [&](Words more) {
            Words arguments = usual;
            arguments.insert(arguments.end(), more.begin(), more.end());
            add(arguments);
        };
        with({option.name});
        with({option.name + "x", "1"});
        with({option.name.substr(1), "1"});
        with({option.name, "1", option.name, "2"});
        for (const std::string& value : values()) with({option.name, value});
        with({option.name + "=", "x"});
        with({option.name + "=\x1b[31m"});
        if (option.takes_file)
            for (const std::string& file : writes.contains(option.name) ? Words{"folder", "not/there", "/dev/full"} : files())
                with({option.name, file});
    }
    for (const char* odd : {"-", "--", "---", "-?", "--no-such-option", "--no-such-option=\x1b[31m", "-\xff", "-xyz"})
        add({odd});
    if (program.ends_with("/explain"))
        for (const std::string& file : files()) add({file});
    if (program.ends_with("/client") || program.ends_with("/load") || is_wsc(program))
        for (const std::string& url : urls()) add(is_wsc(program) ? Words{"-c", url} : Words{url});
    return try_all(program, trials, at_a_time);
}

}  // namespace hostile
