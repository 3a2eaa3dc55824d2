// The command line: each option once, with its reader and its line in --help.
#include <utility>

#include "clients/load/settings.hpp"
#include "net/descriptors.hpp"

namespace load {

namespace {

using cli::UsageError;

// An option whose value is one of a few words.
template <typename T, std::size_t N>
std::function<void(const std::string&)> one_of(T& target, const std::pair<const char*, T> (&words)[N]) {
    const std::vector<std::pair<std::string, T>> known(std::begin(words), std::end(words));
    return [&target, known](const std::string& value) {
        std::string names;
        for (const auto& [word, meaning] : known) {
            if (word == value) {
                target = meaning;
                return;
            }
            names += (names.empty() ? "" : ", ") + word;
        }
        throw UsageError{"one of " + names};
    };
}

void declare_mode(cli::Options& options, Settings& settings) {
    const std::pair<const char*, Mode> modes[] = {{"echo", Mode::echo},
                                                  {"idle", Mode::idle},
                                                  {"fan-out", Mode::fan_out},
                                                  {"handshake", Mode::handshake}};
    options.custom("--mode", "MODE", "echo, idle, fan-out or handshake (default: echo)",
                   one_of(settings.mode, modes));
    options.flag("--raw", settings.raw, "TCP alone, no WebSocket: the limit to compare with");
}

void declare_messages(cli::Options& options, Settings& settings) {
    options.number("--connections", settings.connections, 1, 1'000'000, "N",
                   "clients; in fan-out the receivers, in handshake how many at a time");
    options.number("--in-flight", settings.in_flight, 1, 10'000, "N",
                   "messages that a client has on their way at most");
    options.number("--bytes", settings.bytes, 1, 1u << 28, "N", "the size of a message");
    const std::pair<const char*, Payload> payloads[] = {
        {"ascii", Payload::ascii}, {"utf8", Payload::utf8}, {"binary", Payload::binary}};
    options.custom("--payload", "KIND",
                   "ascii and utf8 are text, utf8 of characters of 2 to 4 bytes; or binary "
                   "(default: ascii)",
                   one_of(settings.payload, payloads));
    options.number("--rate", settings.rate, 1, 100'000'000, "N",
                   "messages a second, whether answers come or not; each is timed from the moment "
                   "at which it was due");
}

// What does not go together, or would not fit.
void check(const Settings& settings) {
    if (settings.rate && (settings.mode == Mode::idle || settings.mode == Mode::handshake))
        throw UsageError{"--rate is for the modes echo and fan-out"};
    if (settings.messages && settings.mode == Mode::idle)
        throw UsageError{"--messages is for modes with messages, and idle has none"};
    constexpr std::uint64_t most = 1u << 30;
    if (settings.bytes * (settings.in_flight + 2) > most)
        throw UsageError{"--bytes times --in-flight is more than 1 GiB"};
    if (settings.connections * settings.in_flight > 100'000'000)
        throw UsageError{"--connections times --in-flight is more than 100,000,000"};
}

}  // namespace

const char* unit(Mode mode) {
    switch (mode) {
        case Mode::fan_out: return "delivery";
        case Mode::handshake: return "handshake";
        default: return "message";
    }
}

Settings parse_options(int argc, char** argv) {
    Settings settings;
    cli::Options options{"load", "Puts a WebSocket server under load, and says how it bears it."};
    options.client(settings.common, {"ws"});
    options.path(settings.common);
    declare_mode(options, settings);
    declare_messages(options, settings);
    options.seconds("--time", settings.time, "how long to measure");
    options.seconds_or_off("--warm-up", settings.warm_up, "before that");
    options.number("--messages", settings.messages, 1, 1'000'000'000'000, "N",
                   "stop after so many, without a warm-up");
    options.seconds("--timeout", settings.timeout, "of silence, then the server is given up");
    options.number("--pid", settings.pid, 1, 1u << 22, "PID",
                   "the server's process on this machine: measures its CPU time and memory");
    options.flag("--json", settings.json, "the result as one line of JSON");
    options.flag("--quiet", settings.quiet, "no line that shows how it goes");
    options.parse(argc, argv);
    check(settings);
    return settings;
}

}  // namespace load
