// What load is asked to do, as its command line says it.
// Leaves out: TLS, compression, more than one thread; several loads may run side by side.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "cli/options.hpp"

namespace load {

enum class Mode : std::uint8_t {
    echo,       // every client sends, and its messages come back to it
    idle,       // every client is connected and says nothing
    fan_out,    // one client sends, and its messages come to all the others
    handshake,  // connect, upgrade, close, and again
};

enum class Payload : std::uint8_t { ascii, utf8, binary };

struct Settings {
    cli::Common common;
    Mode mode = Mode::echo;
    bool raw = false;  // TCP alone: what was sent comes back as it is, and there is no handshake
    std::uint64_t connections = 100;
    std::uint64_t in_flight = 1;
    std::uint64_t bytes = 20;  // of a message
    Payload payload = Payload::ascii;
    std::chrono::milliseconds time{5000};
    std::chrono::milliseconds warm_up{500};
    std::chrono::milliseconds timeout{10'000};  // without a byte from the server
    std::optional<std::uint64_t> messages;      // the end comes after so many
    std::optional<std::uint64_t> rate;          // a second; without: as fast as answers come
    std::optional<std::uint64_t> pid;           // of the server
    bool json = false;
    bool quiet = false;
};

// What one message is called in the words of the mode.
const char* unit(Mode mode);

// Throws cli::UsageError; ends the program on --help.
Settings parse_options(int argc, char** argv);

}  // namespace load
