// Frames, SHA-1, base64 and UTF-8, each as its specification reads. See wire.hpp.
// SHA-1: RFC 3174 §6.1. Base64: RFC 4648 §4. UTF-8: RFC 3629 §4.
#include "tests/conformance/wire.hpp"

#include <array>
#include <bit>
#include <cstdio>
#include <stdexcept>

namespace conformance {

namespace {

unsigned byte(char c) { return static_cast<unsigned char>(c); }

void add_number(std::string& out, std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

std::uint64_t number(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char c : bytes) value = value << 8 | byte(c);
    return value;
}

int shortest(std::uint64_t length) { return length < 126 ? 0 : length < 65536 ? 2 : 8; }

void mask(std::string& payload, std::string_view key) {
    for (std::size_t i = 0; i < payload.size(); ++i)
        payload[i] = static_cast<char>(payload[i] ^ key[i % 4]);
}

std::uint32_t sha1_function(int t, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    if (t < 20) return (b & c) | (~b & d);
    if (t < 40 || t >= 60) return b ^ c ^ d;
    return (b & c) | (b & d) | (c & d);
}

void sha1_block(std::array<std::uint32_t, 5>& h, std::string_view block) {
    constexpr std::array<std::uint32_t, 4> k{0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
    std::array<std::uint32_t, 80> w;
    for (std::size_t t = 0; t < 80; ++t)
        w[t] = t < 16 ? static_cast<std::uint32_t>(number(block.substr(4 * t, 4)))
                      : std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    auto [a, b, c, d, e] = h;
    for (int t = 0; t < 80; ++t) {
        const auto i = static_cast<std::size_t>(t);
        const std::uint32_t next = std::rotl(a, 5) + sha1_function(t, b, c, d) + e + w[i] + k[i / 20];
        e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
    }
    h = {h[0] + a, h[1] + b, h[2] + c, h[3] + d, h[4] + e};
}

}  // namespace

std::string Bytes::all() const {
    std::string bytes;
    bytes.reserve(size());
    for (std::size_t i = 0; i < times; ++i) bytes += unit;
    return bytes;
}

std::string encode(const Frame& frame, bool from_client) {
    std::string payload = frame.payload.all();
    const std::uint64_t length = frame.announced.value_or(payload.size());
    const int length_bytes = frame.length_bytes < 0 ? shortest(length) : frame.length_bytes;
    const bool masked = from_client != frame.wrong_mask;

    std::string out;
    add_number(out, (frame.fin ? 0x80u : 0u) | frame.rsv << 4 | frame.opcode, 1);
    const std::uint64_t in_seven_bits = length_bytes == 0 ? length : length_bytes == 2 ? 126 : 127;
    add_number(out, (masked ? 0x80u : 0u) | in_seven_bits, 1);
    add_number(out, length, length_bytes);
    if (masked) {
        std::string key;
        add_number(key, frame.key, 4);
        mask(payload, key);
        out += key;
    }
    return out + payload;
}

std::optional<Frame> decode(std::string_view bytes, std::size_t& size) {
    if (bytes.size() < 2) return std::nullopt;
    Frame frame;
    frame.fin = (byte(bytes[0]) & 0x80) != 0;
    frame.rsv = byte(bytes[0]) >> 4 & 7;
    frame.opcode = byte(bytes[0]) & 15;
    frame.masked = (byte(bytes[1]) & 0x80) != 0;
    std::uint64_t length = byte(bytes[1]) & 0x7F;
    frame.length_bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
    const auto extended = static_cast<std::size_t>(frame.length_bytes);
    const std::size_t head = 2 + extended + (frame.masked ? 4 : 0);
    if (bytes.size() < head) return std::nullopt;
    if (extended > 0) length = number(bytes.substr(2, extended));
    frame.announced = length;
    if (bytes.size() - head < length) return std::nullopt;
    std::string payload{bytes.substr(head, static_cast<std::size_t>(length))};
    if (frame.masked) mask(payload, bytes.substr(head - 4, 4));
    frame.payload = std::move(payload);
    size = head + frame.payload.size();
    return frame;
}

bool is_minimal(const Frame& frame) {
    return frame.length_bytes == shortest(frame.announced.value_or(frame.payload.size()));
}

std::string sha1(std::string_view bytes) {
    std::string padded{bytes};
    padded += '\x80';
    while (padded.size() % 64 != 56) padded += '\0';
    add_number(padded, 8 * std::uint64_t{bytes.size()}, 8);
    std::array<std::uint32_t, 5> h{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    for (std::size_t at = 0; at < padded.size(); at += 64)
        sha1_block(h, std::string_view{padded}.substr(at, 64));
    std::string digest;
    for (const std::uint32_t word : h) add_number(digest, word, 4);
    return digest;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::string three{bytes.substr(at, 3)};
        const std::size_t count = three.size();
        three.resize(3);
        const std::uint64_t bits = number(three);
        for (std::size_t i = 0; i < 4; ++i)
            text += i <= count ? alphabet[bits >> (18 - 6 * i) & 63] : '=';
    }
    return text;
}

std::string accept_value(std::string_view key) {
    return base64(sha1(std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

bool is_utf8(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size();) {
        const unsigned first = byte(bytes[i++]);
        if (first < 0x80) continue;
        const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
        if (first < 0xC2 || first > 0xF4) return false;
        unsigned point = first & (0x3Fu >> more);
        for (int k = 0; k < more; ++k) {
            if (i == bytes.size() || (byte(bytes[i]) & 0xC0) != 0x80) return false;
            point = point << 6 | (byte(bytes[i++]) & 0x3F);
        }
        constexpr std::array<unsigned, 4> least{0, 0x80, 0x800, 0x10000};
        if (point < least[static_cast<std::size_t>(more)] || point > 0x10FFFF) return false;
        if (point >= 0xD800 && point <= 0xDFFF) return false;
    }
    return true;
}

std::string from_hex(std::string_view text) {
    std::string bytes;
    unsigned value = 0;
    int digits = 0;
    for (const char c : text) {
        if (c == ' ') continue;
        const std::size_t digit = std::string_view{"0123456789abcdef"}.find(static_cast<char>(c | 0x20));
        if (digit == std::string_view::npos) throw std::invalid_argument{"no hex: " + std::string{text}};
        value = value << 4 | static_cast<unsigned>(digit);
        if (++digits % 2 == 0) bytes += static_cast<char>(value & 0xFF);
    }
    return bytes;
}

std::string shown(const Bytes& bytes) {
    constexpr std::size_t most = 40;
    const std::string all = bytes.size() > 4096 ? bytes.unit : bytes.all();
    const std::string_view begin = std::string_view{all}.substr(0, most);
    std::string text;
    bool plain = true;
    for (const char c : begin) plain = plain && c >= ' ' && c < 0x7F;
    for (const char c : begin) {
        std::array<char, 4> hex;
        std::snprintf(hex.data(), hex.size(), " %02X", byte(c));
        text += plain ? std::string{c} : std::string{hex.data()};
    }
    text = plain ? '"' + text + '"' : '[' + text.substr(1) + ']';
    return bytes.size() > most ? text + "... (" + std::to_string(bytes.size()) + " bytes)" : text;
}

}  // namespace conformance
