// Explains bytes as WebSocket frames: explain 81 05 48 65 6c 6c 6f
// RFC 6455 §5.2, and the rules of §5.4, §5.5.1, §7.4 and §8.1 that frames may break together.
// The bytes are arguments, or standard input when there are none. Lessons 5 and 8.
// Leaves out: heads of a handshake; those can be read as they are.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include "cli/options.hpp"
#include "ws/conversation.hpp"
#include "ws/explain.hpp"
#include "ws/hex.hpp"
#include "ws/unhex.hpp"

namespace {

constexpr const char* help =
    "Explains bytes as WebSocket frames, bit by bit.\n\n"
    "Usage: explain [HEX...]\n\n"
    "  HEX                       the bytes: 81 05 48, 810548 or \"0x81, 0x05, 0x48\";\n"
    "                            without any, standard input is read\n"
    "  --help                    show this text\n";

int explain(int argc, char** argv) {
    std::string text;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--help") {
            std::fputs(help, stdout);
            return 0;
        }
        if (argument.starts_with("--")) throw cli::UsageError{"unknown option '" + argument + "'"};
        text += argument + ' ';
    }
    if (argc == 1) text.assign(std::istreambuf_iterator<char>{std::cin}, {});

    const auto bytes = ws::unhex(text);
    if (!bytes)
        throw cli::UsageError{'\'' + ws::escape(text, 40) +
                              "': expected bytes of two hex digits each, such as 81 05 48"};
    if (bytes->empty()) throw cli::UsageError{"expected at least one byte, such as 81 05 48"};

    // Only clients mask. Frames of both sides may stand in any order; each side has its own.
    ws::Conversation client;
    ws::Conversation server;
    const auto judge = [&](const ws::FrameHeader& header, ws::Bytes payload) {
        return (header.masked ? client : server).judge(header, payload);
    };
    std::fputs(ws::explain(*bytes, judge).c_str(), stdout);
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, explain); }
