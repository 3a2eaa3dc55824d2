// clients/explain: whatever people have, in the spelling in which they have it, gives the same
// frames.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "tests/clients/wsc.hpp"
#include "ws/error.hpp"
#include "ws/hex.hpp"

using test::Finished;
using test::run;

namespace {

Finished explain(const std::string& input) {
    return run(test::program("clients/explain"), {}, input);
}

// What the plain bytes give.
const std::string& expected() {
    static const std::string text =
        run(test::program("clients/explain"), {"81 05 48 65 6c 6c 6f", "89 00"}).output;
    return text;
}

std::string le32(std::uint32_t value) {
    std::string text;
    for (int shift = 0; shift < 32; shift += 8) text += static_cast<char>(value >> shift);
    return text;
}

std::string be16(unsigned value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value & 255)};
}

// A packet of TCP over IPv4 from port 80, behind an Ethernet header.
std::string packet(std::uint32_t sequence, const std::string& payload) {
    std::string tcp = be16(80) + be16(5000) + be16(sequence >> 16) + be16(sequence & 0xFFFF) +
                      std::string(4, '\0') + "\x50\x18" + std::string(6, '\0') + payload;
    const std::string ip = "\x45" + std::string(1, '\0') +
                           be16(static_cast<unsigned>(20 + tcp.size())) + std::string(5, '\0') +
                           "\x06" + be16(0) + "\x7F" + std::string(2, '\0') + "\x01" + "\x7F" +
                           std::string(2, '\0') + "\x01";
    return std::string(12, '\0') + "\x08" + std::string(1, '\0') + ip + tcp;
}

std::string capture(const std::vector<std::string>& packets) {
    std::string file = le32(0xA1B2C3D4) + std::string(16, '\0') + le32(1);
    for (const std::string& bytes : packets) {
        const auto size = static_cast<std::uint32_t>(bytes.size());
        file += std::string(8, '\0') + le32(size) + le32(size) + bytes;
    }
    return file;
}

}  // namespace

TEST_CASE("explain: dumps of xxd, hexdump, od, tcpdump and Wireshark are their bytes") {
    REQUIRE(expected().starts_with("Frame 1, 7 bytes from offset 0, from a server\n"));
    for (const char* dump :
         {"00000000: 8105 4865 6c6c 6f89 00                   ..Hello..\n",
          "00000000  81 05 48 65 6c 6c 6f 89  00                       |..Hello..|\n00000009\n",
          "000000 81 05 48 65 6c 6c 6f 89 00                       >..Hello..<\n000009\n",
          "0000   81 05 48 65 6c 6c 6f 89 00                        ..Hello..\r\n",
          "81054865 6c6c6f8900\n"}) {
        CAPTURE(dump);
        CHECK(explain(dump).output == expected());
    }
    // Characters that look like bytes are none: the frame has its 16 bytes, and nothing follows.
    const Finished binary =
        explain("0000  82 10 61 62 61 62 61 62  61 62 61 62 61 62 61 62  ..abababababababab\n"
                "0010  61 62                                           ab\n");
    CHECK(binary.output.starts_with("Frame 1, 18 bytes from offset 0"));
    CHECK(binary.output.find("Frame 2") == std::string::npos);
    CHECK(binary.output.find("incomplete") == std::string::npos);
}

namespace {

// A case of tests/vectors/dumps.txt, and what explain is to say to it.
struct DumpCase {
    std::string name, text, said;
};

std::vector<DumpCase> dump_cases() {
    std::ifstream file{"tests/vectors/dumps.txt"};
    REQUIRE(file);
    std::vector<DumpCase> cases;
    bool in_head = false;
    for (std::string line; std::getline(file, line);) {
        const std::string word = line.substr(0, line.find(' '));
        const std::string rest = line.substr(std::min(word.size() + 1, line.size()));
        if (word == "case") cases.push_back({rest, "", ""});
        if (word == "|") cases.back().text += rest + '\n';
        if (word == "stream" && rest != "-") cases.back().said += "--- " + rest + "\n\n";
        if (word == "head") cases.back().said += (in_head ? "           " : "HTTP head: ") + rest + '\n';
        if (in_head && word != "head") cases.back().said += '\n';
        in_head = word == "head";
        if (word == "bytes" && rest != "-") cases.back().said += explain(rest).output;
    }
    return cases;
}

}  // namespace

TEST_CASE("explain: dumps mean what they mean in the frame lab") {
    const std::vector<DumpCase> cases = dump_cases();
    CHECK(cases.size() >= 10);
    for (const DumpCase& each : cases) {
        CAPTURE(each.name);
        CHECK(explain(each.text).output == each.said);
    }
}

TEST_CASE("explain: heads are shown, and the frames behind them explained") {
    const Finished shown =
        explain("HTTP/1.1 101 Switching Protocols\r\nA: \x1B[2J\r\n\r\n\x81\x05Hello\x89" +
                std::string(1, '\0'));
    CHECK(shown.output ==
          "HTTP head: HTTP/1.1 101 Switching Protocols\n           A: \\x1B[2J\n\n" + expected());
}

TEST_CASE("explain: a capture's segments are put together, and those sent twice are one") {
    const std::string file =
        capture({packet(1, "HTTP/1.1 101 x\r\n\r\n\x81\x05He"), packet(23, "llo"),
                 packet(23, "llo"), packet(26, "\x89" + std::string(1, '\0'))});
    const std::string all =
        "--- 127.0.0.1:80 to 127.0.0.1:5000\n\nHTTP head: HTTP/1.1 101 x\n\n" + expected();
    CHECK(explain(file).output == all);
    const test::TemporaryFolder folder;
    test::write_file(folder.path("session.pcap"), file);
    CHECK(run(test::program("clients/explain"), {folder.path("session.pcap")}).output == all);
    // The same as text: a packet with its headers.
    std::string text = ws::hex(ws::as_bytes(packet(1, "\x81\x05Hello\x89" + std::string(1, '\0'))));
    std::string dump;
    for (std::size_t at = 0; at < text.size(); at += 48)
        dump += (at == 0 ? "0000  " : "0010  ") + text.substr(at, 48) + '\n';
    CHECK(explain(dump).output == "--- 127.0.0.1:80 to 127.0.0.1:5000\n\n" + expected());
}

TEST_CASE("explain: compressed messages, symbol by symbol, in the lines of tests/vectors/deflate.txt") {
    std::ifstream file{"tests/vectors/deflate.txt"};
    REQUIRE(file);
    std::string name, bytes, expected;
    int cases = 0;
    const auto check = [&] {
        if (bytes.empty()) return;
        CAPTURE(name);
        const std::string shown = explain(bytes).output;
        const std::string heading = "Compressed, if permessage-deflate was agreed on (RFC 7692):\n";
        const std::size_t at = shown.find(heading);
        REQUIRE(at != std::string::npos);
        const std::string told = shown.substr(at + heading.size());
        if (expected.starts_with("  ← "))
            CHECK(told == expected);
        else  // the sentence of a rule
            CHECK(told.ends_with(" to nothing: " + expected + "\n"));
        ++cases;
    };
    for (std::string line; std::getline(file, line);) {
        const std::string word = line.substr(0, line.find(' '));
        const std::string rest = line.substr(std::min(word.size() + 1, line.size()));
        if (word == "case") {
            check();
            name = rest;
            expected.clear();
        }
        if (word == "bytes") bytes = rest;
        if (word == "message") expected += "  ← " + rest + '\n';
        if (word == "line") expected += "      " + rest + '\n';
        if (word == "broken")
            for (std::size_t i = 0; i < ws::errc_count; ++i)
                if (const ws::Rule& rule = ws::rule(static_cast<ws::Errc>(i)); rule.name == rest)
                    expected = rule.sentence;
    }
    check();
    CHECK(cases >= 15);
}

TEST_CASE("explain: what is cut off anywhere is explained as far as it goes") {
    const std::string file =
        capture({packet(1, "\x81\x05Hello"), packet(8, "\x89" + std::string(1, '\0'))});
    for (std::size_t size = 0; size < file.size(); size += 7)
        CHECK(explain(file.substr(0, size)).status <= 2);
}
