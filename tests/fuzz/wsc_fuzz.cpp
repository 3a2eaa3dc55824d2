// Any command line of wsc: it is refused in one line, or a request can be made of it that keeps the
// rules. `make fuzz`; libFuzzer makes up the input: the arguments, separated by line feeds.
// RFC 6455 §4.1, RFC 3986. Redirects are tried with the same bytes.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "clients/wsc/options.hpp"
#include "net/url.hpp"
#include "ws/handshake.hpp"

namespace {

void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

// These print a text and end the program.
bool ends_the_program(const std::string& argument) {
    return argument == "--help" || argument == "--version" ||
           (argument.starts_with('-') && !argument.starts_with("--") &&
            argument.find_first_of("hV") != std::string::npos);
}

ws::ClientHandshake handshake_for(const wsc::Settings& settings, const wsc::Target& target) {
    ws::ClientHandshake handshake;
    handshake.host = settings.host.empty() ? target.host_header() : settings.host;
    handshake.resource = target.resource;
    handshake.key = ws::make_key({});
    handshake.subprotocols = settings.subprotocols;
    handshake.origin = settings.origin;
    handshake.headers = settings.headers;
    return handshake;
}

void redirect(const wsc::Settings& settings, const std::string& location) {
    try {
        const wsc::Target target = wsc::redirected(*settings.connect, location);
        check(ws::is_sendable(handshake_for(settings, target)), "a redirect leads to a request");
    } catch (const net::UrlError&) {
        return;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::istringstream lines{std::string{reinterpret_cast<const char*>(data), size}};
    std::vector<std::string> arguments{"wsc"};
    for (std::string line; std::getline(lines, line);) {
        // A command line holds no zero bytes.
        line = line.substr(0, line.find('\0'));
        if (!ends_the_program(line)) arguments.push_back(line);
    }
    // Without a URL the help is printed, and a -c further on may be the value of another option.
    if (arguments.size() < 2 || !(arguments[1].starts_with("-c") || arguments[1].starts_with("--connect")))
        arguments.insert(arguments.begin() + 1, {"-c", "localhost"});
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    try {
        const wsc::Settings settings =
            wsc::parse_options(static_cast<int>(arguments.size()), pointers.data());
        if (!settings.connect) return 0;
        check(ws::is_sendable(handshake_for(settings, *settings.connect)),
              "what is not refused can be sent");
        for (const std::string& argument : arguments) redirect(settings, argument);
    } catch (const cli::UsageError&) {
        return 0;
    }
    return 0;
}
