// Explains bytes as WebSocket frames: explain 81 05 48 65 6c 6c 6f
// RFC 6455 §5.2, and the rules of §5.4, §5.5.1, §7.4 and §8.1 that frames may break together.
// The bytes are arguments, a file, or standard input; what they may look like says input.hpp.
// Lessons 5 and 8.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "cli/options.hpp"
#include "clients/explain/input.hpp"
#include "clients/explain/unpack.hpp"
#include "ws/conversation.hpp"
#include "ws/explain.hpp"
#include "ws/hex.hpp"
#include "ws/unhex.hpp"

namespace {

constexpr const char* help =
    "Explains bytes as WebSocket frames, bit by bit.\n\n"
    "Usage: explain [HEX... | FILE]\n\n"
    "  HEX                       the bytes: 81 05 48, 810548 or \"0x81, 0x05, 0x48\"\n"
    "  FILE                      a file; without any argument, standard input. Hex as above,\n"
    "                            a dump of xxd, hexdump -C, tcpdump -X or Wireshark, or a\n"
    "                            capture (pcap); HTTP heads before the frames are shown\n"
    "  --help                    show this text\n";

std::string contents_of(std::istream& stream) {
    return {std::istreambuf_iterator<char>{stream}, {}};
}

std::string read_arguments(int argc, char** argv) {
    std::error_code none;
    if (argc == 1) return contents_of(std::cin);
    if (argc == 2 && std::filesystem::is_regular_file(argv[1], none)) {
        std::ifstream file{argv[1], std::ios::binary};
        if (!file)
            throw cli::UsageError{'\'' + std::string{argv[1]} +
                                  "': expected a file that can be read"};
        return contents_of(file);
    }
    std::string text;
    for (int i = 1; i < argc; ++i) text += std::string{argv[i]} + ' ';
    return text;
}

void show_head(const std::string& head) {
    std::size_t start = 0;
    for (std::size_t end; (end = head.find("\r\n", start)) != start && end != std::string::npos;
         start = end + 2)
        std::printf("%s%s\n", start == 0 ? "HTTP head: " : "           ",
                    ws::escape(head.substr(start, end - start)).c_str());
    std::puts("");
}

int explain_bytes(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--help") cli::print_and_exit(help);
        if (argument.starts_with("--")) throw cli::UsageError{"unknown option '" + argument + "'"};
    }
    const std::string text = read_arguments(argc, argv);
    auto streams = explain::read_input(text);
    if (!streams)
        throw cli::UsageError{'\'' + ws::escape(text, 40) +
                              "': expected bytes of two hex digits each, such as 81 05 48"};
    // Only clients mask. Frames of both sides may stand in any order; each side has its own.
    ws::Conversation client;
    ws::Conversation server;
    const auto judge = [&](const ws::FrameHeader& header, ws::Bytes payload) {
        return (header.masked ? client : server).take(header, payload);
    };
    bool any = false;
    for (explain::Stream& stream : *streams) {
        any = any || !stream.bytes.empty();
        if (!stream.name.empty()) std::printf("--- %s\n\n", stream.name.c_str());
        for (std::string head; !(head = explain::take_head(stream.bytes)).empty();) show_head(head);
        if (!stream.bytes.empty())
            std::fputs((ws::explain(stream.bytes, judge) + explain::unpack(stream.bytes)).c_str(),
                       stdout);
    }
    if (!any) throw cli::UsageError{"expected at least one byte, such as 81 05 48"};
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, explain_bytes); }
