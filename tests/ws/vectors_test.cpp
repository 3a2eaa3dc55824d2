// tests/vectors/frames.txt holds src/ws to the same facts as the frame lab in the browser: fields,
// broken rules and their words, what is missing, and the line of the trace.

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/bytes.hpp"
#include "tests/support/exchange.hpp"
#include "ws/error.hpp"
#include "ws/explain.hpp"
#include "ws/mask.hpp"
#include "ws/trace.hpp"

namespace {

using Fields = std::map<std::string, std::string>;

struct Vector {
    std::string name;
    ws::Role sender = ws::Role::client;
    ws::Buffer bytes;
    std::vector<Fields> frames;
    std::string lines;
};

// "81 05 61*300" and "48656c.61*300": hex, with runs; "-" is nothing.
ws::Buffer expand(const std::string& text, char separator) {
    ws::Buffer bytes;
    std::istringstream words{text == "-" ? "" : text};
    for (std::string word; std::getline(words, word, separator);) {
        const std::size_t star = word.find('*');
        const ws::Buffer part = test::from_hex(word.substr(0, star));
        const std::size_t count = star == word.npos ? 1 : std::stoul(word.substr(star + 1));
        for (std::size_t i = 0; i < count; ++i) ws::append(bytes, part);
    }
    return bytes;
}

Fields fields_of(const std::string& text) {
    Fields fields;
    std::istringstream words{text};
    for (std::string word; words >> word;)
        fields[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    return fields;
}

// Calls `use` with the first word and the rest of each line that says something.
template <typename Use>
void read_lines(Use use) {
    std::ifstream file{"tests/vectors/frames.txt"};
    REQUIRE(file);
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.starts_with('#')) continue;
        const std::size_t space = line.find(' ');
        REQUIRE(space != line.npos);
        use(line.substr(0, space), line.substr(space + 1));
    }
}

std::vector<Vector> read_vectors() {
    std::vector<Vector> vectors;
    read_lines([&](const std::string& word, const std::string& rest) {
        if (word == "case") vectors.push_back({.name = rest, .bytes{}, .frames{}, .lines{}});
        if (word == "from")
            vectors.back().sender = rest == "client" ? ws::Role::client : ws::Role::server;
        if (word == "bytes") vectors.back().bytes = expand(rest, ' ');
        if (word == "frame") vectors.back().frames.push_back(fields_of(rest));
        if (word == "line") vectors.back().lines += rest + '\n';
    });
    return vectors;
}

ws::Role receiver_of(const Vector& vector) {
    return vector.sender == ws::Role::client ? ws::Role::server : ws::Role::client;
}

ws::Bytes frame_bytes(const Vector& vector, const Fields& expected) {
    return ws::Bytes{vector.bytes}.subspan(std::stoul(expected.at("offset")),
                                           std::stoul(expected.at("size")));
}

// What decode_header() and the masking make of a frame, in the words of the file.
Fields decoded(const Vector& vector, const Fields& expected) {
    const ws::Bytes bytes = frame_bytes(vector, expected);
    Fields found{{"offset", expected.at("offset")}, {"size", expected.at("size")}};
    ws::FrameHeader header;
    const bool whole = ws::decode_header(bytes, header) == ws::Parse::ok;
    if (bytes.size() >= 2) {
        found["fin"] = std::to_string(header.fin);
        found["rsv"] = std::to_string(header.rsv);
        found["opcode"] = std::to_string(static_cast<int>(header.opcode));
        found["masked"] = std::to_string(header.masked);
        found["form"] = header.length_bytes == 0 ? "7" : std::to_string(8 * header.length_bytes);
    }
    if (!whole) return found;
    found["length"] = std::to_string(header.length);
    ws::Buffer payload{bytes.begin() + static_cast<std::ptrdiff_t>(header.size()), bytes.end()};
    if (header.masked) {
        ws::apply_mask(payload, header.key);
        found["key"] = ws::hex(header.key);
        std::erase(found["key"], ' ');
    }
    found["payload"] = ws::hex(payload);
    return found;
}

// Only the facts that a header gives; a payload of the file is written out.
Fields header_facts(Fields fields) {
    for (const char* name : {"rule", "unread", "missing"}) fields.erase(name);
    // Of a header that is not whole the decoder tells no length.
    if (!fields.contains("payload")) fields.erase("length");
    if (const auto payload = fields.find("payload"); payload != fields.end())
        payload->second = ws::hex(expand(payload->second, '.'));
    if (const auto key = fields.find("key"); key != fields.end())
        for (char& digit : key->second)
            digit = static_cast<char>(std::toupper(static_cast<unsigned char>(digit)));
    return fields;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("vectors: the rules have the words of ws::rule()") {
    std::size_t count = 0;
    read_lines([&](const std::string& word, const std::string& rest) {
        if (word != "rule") return;
        ++count;
        bool found = false;
        for (std::size_t i = 0; i < ws::errc_count; ++i) {
            const ws::Rule& rule = ws::rule(static_cast<ws::Errc>(i));
            if (rule.name != rest.substr(0, rest.find(' '))) continue;
            found = true;
            CHECK(std::string{rule.name} + " | " + std::to_string(rule.close_code) + " | " +
                      std::string{rule.section} + " | " + std::string{rule.sentence} ==
                  rest);
        }
        CHECK_MESSAGE(found, rest);
    });
    CHECK(count == 27);
}

TEST_CASE("vectors: §5.2 every field of every frame") {
    const std::vector<Vector> vectors = read_vectors();
    REQUIRE(vectors.size() >= 50);
    for (const Vector& vector : vectors) {
        CAPTURE(vector.name);
        std::size_t at = 0;
        for (const Fields& expected : vector.frames) {
            CHECK(std::stoul(expected.at("offset")) == at);
            CHECK(decoded(vector, expected) == header_facts(expected));
            at += std::stoul(expected.at("size"));
        }
        CHECK(at == vector.bytes.size());
    }
}

TEST_CASE("vectors: a receiver fails at the frame, and with the rule, that the file names") {
    for (const Vector& vector : read_vectors()) {
        CAPTURE(vector.name);
        test::Recorder receiver{receiver_of(vector)};
        for (const Fields& expected : vector.frames) {
            CAPTURE(expected.at("offset"));
            const std::size_t before = receiver.events.size();
            receiver.feed(frame_bytes(vector, expected));
            const bool more = receiver.events.size() > before;
            const std::string last = more ? receiver.events.back() : "";
            if (expected.contains("rule"))
                CHECK(last == "failed " + expected.at("rule"));
            else
                CHECK_FALSE(last.starts_with("failed "));
            if (expected.contains("unread")) CHECK_FALSE(more);
        }
    }
}

TEST_CASE("vectors: ws::explain says the same") {
    for (const Vector& vector : read_vectors()) {
        CAPTURE(vector.name);
        const std::string text = ws::explain(vector.bytes);
        std::size_t number = 0;
        bool right = true;
        for (const Fields& expected : vector.frames) {
            ++number;
            ws::FrameHeader header;
            const bool whole =
                ws::decode_header(frame_bytes(vector, expected), header) == ws::Parse::ok;
            const ws::Errc errc =
                whole ? ws::check_header(header, receiver_of(vector)) : ws::Errc::none;
            right = right && !expected.contains("rule");
            // The mask tells explain() who sent a frame, so of the mask itself it can say nothing.
            const bool about_mask =
                errc == ws::Errc::frame_masked || errc == ws::Errc::frame_not_masked;
            if (errc != ws::Errc::none && !about_mask)
                CHECK(contains(text, "✗ " + std::string{ws::rule(errc).section} + "\n    " +
                                         std::string{ws::rule(errc).sentence} + '\n'));
            const std::string size = expected.at("size");
            CHECK(contains(text, "Frame " + std::to_string(number) + ", " + size +
                                     (size == "1" ? " byte" : " bytes") + " from offset " +
                                     expected.at("offset")));
            if (const auto missing = expected.find("missing"); missing != expected.end()) {
                const std::string& what = missing->second;
                std::string field = what.substr(what.find(':') + 1);
                std::ranges::replace(field, '-', ' ');
                CHECK(
                    contains(text, "incomplete: " + what.substr(0, what.find(':')) + " more byte"));
                CHECK(contains(text, " of the " + field + " "));
            }
        }
        if (right) CHECK_FALSE(contains(text, "✗"));
        CHECK_FALSE(contains(text, "Frame " + std::to_string(number + 1)));
    }
}

TEST_CASE("vectors: the trace prints the same lines") {
    for (const Vector& vector : read_vectors()) {
        CAPTURE(vector.name);
        std::string lines;
        ws::Tracer tracer{[&](std::string_view line) { lines.append(line) += '\n'; },
                          ws::Tracer::Start::frames};
        tracer.bytes(vector.sender == ws::Role::client ? ws::Direction::from_client
                                                       : ws::Direction::from_server,
                     vector.bytes);
        tracer.end();
        CHECK(lines == vector.lines);
    }
}
