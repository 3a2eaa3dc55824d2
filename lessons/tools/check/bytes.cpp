// Bytes as people read them; see bytes.hpp for why this is not ws/hex.
// Naive on purpose: short loops that can be believed by reading them once.
#include "lessons/tools/check/bytes.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace check {

namespace {

constexpr std::string_view digits = "0123456789ABCDEF";

int digit_value(char c) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    const std::size_t at = digits.find(c);
    return at == digits.npos ? -1 : static_cast<int>(at);
}

// Bytes of the printable character at the front, 0 when there is none. C1 controls (C2 80 to
// C2 9F) are none: terminals obey them.
std::size_t printable(Bytes bytes) {
    const unsigned lead = bytes[0];
    if (lead < 0x80) return lead >= 0x20 && lead != 0x7F ? 1 : 0;
    const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
    if (size == 0 || bytes.size() < size) return 0;
    unsigned code = lead & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((bytes[i] & 0xC0) != 0x80) return 0;
        code = code << 6 | (bytes[i] & 0x3FU);
    }
    const bool overlong = code < (size == 2 ? 0xA0U : size == 3 ? 0x800U : 0x10000U);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return overlong || surrogate || code > 0x10FFFF ? 0 : size;
}

}  // namespace

std::string hex(std::uint8_t byte) { return {digits[byte >> 4], digits[byte & 15]}; }

std::string hex(Bytes bytes, std::size_t max) {
    std::string text;
    for (std::size_t i = 0; i < std::min(max, bytes.size()); ++i)
        text += (i > 0 ? " " : "") + hex(bytes[i]);
    if (bytes.size() > max) text += text.empty() ? "…" : " …";
    return text;
}

std::optional<Buffer> read_hex(std::string_view text) {
    Buffer bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ' ') continue;
        const int high = digit_value(text[i]);
        const int low = i + 1 < text.size() ? digit_value(text[i + 1]) : -1;
        if (high < 0 || low < 0) return std::nullopt;
        bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
        ++i;
    }
    return bytes;
}

Buffer unhex(std::string_view text) {
    const std::optional<Buffer> bytes = read_hex(text);
    if (bytes) return *bytes;
    std::fprintf(stderr, "check: not hex: '%s'\n", std::string{text}.c_str());
    std::exit(2);
}

std::string quote(Bytes bytes, std::size_t max) {
    std::string text = "\"";
    std::size_t done = 0;
    while (done < bytes.size() && done < max) {
        const std::uint8_t byte = bytes[done];
        const std::size_t size = byte == '"' || byte == '\\' ? 0 : printable(bytes.subspan(done));
        if (size > 0)
            text += text_of(bytes.subspan(done, size));
        else if (byte == '\n' || byte == '\r' || byte == '\t')
            text += byte == '\n' ? "\\n" : byte == '\r' ? "\\r" : "\\t";
        else if (byte == '"' || byte == '\\')
            (text += '\\') += static_cast<char>(byte);
        else
            text += "\\x" + hex(byte);
        done += std::max<std::size_t>(size, 1);
    }
    return text + (done < bytes.size() ? "…\"" : "\"");
}

std::string quote(std::string_view text, std::size_t max) { return quote(bytes_of(text), max); }

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
    std::vector<std::string> lines{""};
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
        const std::string_view word = text.substr(0, end);
        std::string& line = lines.back();
        if (!line.empty() && columns(line) + 1 + columns(word) > width) {
            lines.emplace_back(word);
        } else {
            // Blanks at the front of a line and in a row are kept: they align things.
            if (!line.empty()) line += ' ';
            line += word.empty() && line.empty() ? std::string_view{" "} : word;
        }
        const bool next_line = end < text.size() && text[end] == '\n';
        if (next_line) lines.emplace_back();
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::size_t first_difference(Bytes a, Bytes b) {
    std::size_t i = 0;
    while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
    return i;
}

}  // namespace check
