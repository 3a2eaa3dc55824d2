// The suite's own idea of the wire: frames (RFC 6455 §5.2), SHA-1 and base64 (§4.2.2), UTF-8 (RFC 3629).
// Written apart from src/ws on purpose, and plainly: a fault there must not hide itself here.
// Leaves out: being fast, and every judgement; see judge.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conformance {

// Bytes that a table can name without holding them: "ab" a million times over.
struct Bytes {
    std::string unit{};
    std::size_t times = 1;

    Bytes() = default;
    Bytes(const char* text) : unit{text} {}
    Bytes(std::string text) : unit{std::move(text)} {}
    Bytes(std::string text, std::size_t count) : unit{std::move(text)}, times{count} {}

    std::size_t size() const { return unit.size() * times; }
    std::string all() const;
    bool operator==(const Bytes& other) const { return size() == other.size() && all() == other.all(); }
};

enum Opcode : unsigned { continuation = 0, text_opcode = 1, binary_opcode = 2, close_opcode = 8,
                         ping_opcode = 9, pong_opcode = 10 };

struct Frame {
    unsigned opcode = text_opcode;
    Bytes payload{};
    bool fin = true;
    unsigned rsv = 0;              // 4 is RSV1
    bool wrong_mask = false;       // masked by a server, or not masked by a client
    std::uint32_t key = 0x37fa213d;
    int length_bytes = -1;         // of the extended length: 0, 2 or 8; -1: the shortest form
    std::optional<std::uint64_t> announced{};  // in place of the payload's size
    bool masked = false;           // of one that was decoded
};

std::string encode(const Frame& frame, bool from_client);

// The frame at the front of `bytes`, unmasked, and how long it was. Nothing: not all of it is there.
std::optional<Frame> decode(std::string_view bytes, std::size_t& size);

// Its length was written in a longer form than it takes. For a frame that was decoded.
bool is_minimal(const Frame& frame);

std::string sha1(std::string_view bytes);
std::string base64(std::string_view bytes);
std::string accept_value(std::string_view key);  // §4.2.2, for Sec-WebSocket-Accept

bool is_utf8(std::string_view bytes);

// "81 05 48" as bytes.
std::string from_hex(std::string_view text);
// For people: printable ASCII in quotation marks, anything else in hex, long ones cut.
std::string shown(const Bytes& bytes);

}  // namespace conformance
