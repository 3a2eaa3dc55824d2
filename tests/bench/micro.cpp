// `make bench-micro`: the loops over payload bytes and what a frame costs, each beside its limit (as
// fast as memory can be copied or read at all) and beside the plain version that a first
// implementation has. CPU time, the best of many tries: whatever else runs can only add to it.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>

#include "ws/connection.hpp"
#include "ws/mask.hpp"

namespace {

double now() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// Nanoseconds of one call, the best of many series.
template <typename Work>
double measure(std::size_t bytes, Work work) {
    const std::size_t calls = std::max<std::size_t>(1, (std::size_t{1} << 21) / (bytes + 64));
    double best = 1e18;
    for (int series = 0; series < 25; ++series) {
        const double begin = now();
        for (std::size_t i = 0; i < calls; ++i) {
            work();
            asm volatile("" ::: "memory");  // the compiler must not see that it was for nothing
        }
        best = std::min(best, (now() - begin) / static_cast<double>(calls));
    }
    return best;
}

// --- plain versions -------------------------------------------------------------------------------

void plain_mask(ws::MutableBytes data, ws::MaskingKey key) {
    for (std::size_t i = 0; i < data.size(); ++i) data[i] ^= key[i % 4];
}

// Character by character, with the ranges of RFC 3629 §4.
bool plain_is_utf8(ws::Bytes text) {
    std::size_t at = 0;
    const auto in = [&](std::size_t place, unsigned low, unsigned high) {
        return place < text.size() && text[place] >= low && text[place] <= high;
    };
    while (at < text.size()) {
        const std::uint8_t lead = text[at];
        if (lead < 0x80) {
            at += 1;
        } else if (lead >= 0xC2 && lead <= 0xDF) {
            if (!in(at + 1, 0x80, 0xBF)) return false;
            at += 2;
        } else if (lead >= 0xE0 && lead <= 0xEF) {
            if (!in(at + 1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) ||
                !in(at + 2, 0x80, 0xBF))
                return false;
            at += 3;
        } else if (lead >= 0xF0 && lead <= 0xF4) {
            if (!in(at + 1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) ||
                !in(at + 2, 0x80, 0xBF) || !in(at + 3, 0x80, 0xBF))
                return false;
            at += 4;
        } else {
            return false;
        }
    }
    return true;
}

// A whole frame at once: header by shifts, payload copied out and unmasked byte by byte, text checked.
bool plain_receive(ws::Bytes frame, ws::Buffer& message) {
    std::size_t at = 2;
    std::uint64_t length = frame[1] & 0x7F;
    const std::size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (more > 0) length = 0;
    for (std::size_t i = 0; i < more; ++i) length = length << 8 | frame[at++];
    ws::MaskingKey key;
    for (std::uint8_t& byte : key) byte = frame[at++];
    message.assign(frame.begin() + static_cast<std::ptrdiff_t>(at), frame.end());
    if (message.size() != length) return false;
    plain_mask(message, key);
    return plain_is_utf8(message);
}

// --- tables ---------------------------------------------------------------------------------------

constexpr std::size_t sizes[] = {20, 125, 1024, 65536, 1 << 20};

std::string name_of(std::size_t bytes) {
    if (bytes < 1024) return std::to_string(bytes) + " B";
    return bytes < (1 << 20) ? std::to_string(bytes >> 10) + " KiB" : std::to_string(bytes >> 20) + " MiB";
}

void print_head(const char* what, const char* limit) {
    std::printf("\n%-28s %14s %14s %14s\n", what, limit, "ours", "plain");
}

// Time for short ones, speed for long ones.
std::string shown(double nanoseconds, std::size_t bytes) {
    char text[64];
    std::snprintf(text, sizeof text, "%.1f ns", nanoseconds);
    if (bytes > 1000)
        std::snprintf(text, sizeof text, "%.1f GB/s", static_cast<double>(bytes) / nanoseconds);
    return text;
}

void print_row(const std::string& name, std::size_t bytes, double limit, double ours, double plain) {
    std::printf("%-28s %14s %14s %14s\n", name.c_str(), shown(limit, bytes).c_str(),
                shown(ours, bytes).c_str(), shown(plain, bytes).c_str());
}

// Text of so many bytes, of characters of two, three and four bytes, or of ASCII.
ws::Buffer make_text(std::size_t bytes, bool ascii) {
    std::string text;
    while (!ascii && text.size() + 9 <= bytes) text += "ж世👋";
    text.resize(bytes, 'a');
    const ws::Bytes view = ws::as_bytes(text);
    return {view.begin(), view.end()};
}

double copying(ws::Bytes from) {
    ws::Buffer to(from.size());
    return measure(from.size(), [&] { std::memcpy(to.data(), from.data(), from.size()); });
}

// memchr() for a byte that is not there looks at all of them, as fast as the library knows how.
double reading(ws::Bytes bytes) {
    [[maybe_unused]] static volatile bool found;
    return measure(bytes.size(), [&] { found = std::memchr(bytes.data(), 0xFF, bytes.size()) != nullptr; });
}

void check(bool right) {
    if (right) return;
    std::fputs("micro: a result is wrong\n", stderr);
    std::exit(1);
}

void measure_mask() {
    print_head("mask", "copying");
    for (const std::size_t bytes : sizes) {
        ws::Buffer data(bytes);
        const ws::MaskingKey key{0x37, 0xFA, 0x21, 0x3D};
        print_row(name_of(bytes), bytes, copying(data), measure(bytes, [&] { ws::apply_mask(data, key); }),
                  measure(bytes, [&] { plain_mask(data, key); }));
    }
}

void measure_utf8() {
    print_head("UTF-8", "reading");
    for (const bool ascii : {true, false})
        for (const std::size_t bytes : sizes) {
            const ws::Buffer text = make_text(bytes, ascii);
            print_row(name_of(bytes) + (ascii ? " of ASCII" : " of ж世👋"), bytes, reading(text),
                      measure(bytes, [&] { check(ws::is_utf8(text)); }),
                      measure(bytes, [&] { check(plain_is_utf8(text)); }));
        }
}

void measure_header() {
    std::printf("\n%-28s %14s %14s\n", "header", "copying", "ours");
    for (const std::uint64_t length : {20u, 200u, 70000u}) {
        std::array<std::uint8_t, ws::max_header_bytes> bytes{};
        const std::size_t size =
            ws::encode_header(bytes, {.masked = true, .length = length, .key = {1, 2, 3, 4}});
        ws::FrameHeader header;
        const double ours = measure(size, [&] {
            check(ws::decode_header(ws::Bytes{bytes}.first(size), header) == ws::Parse::ok &&
                  ws::check_header(header, ws::Role::server) == ws::Errc::none);
        });
        std::printf("%-28s %14s %14s\n", ("decoded and judged, " + std::to_string(size) + " B").c_str(),
                    shown(copying(ws::Bytes{bytes}.first(size)), size).c_str(), shown(ours, size).c_str());
    }
}

// What the server does with a message: bytes in, event out, nothing sent. The key is zero: unmasked
// again and again, the same text stays.
void measure_receiver() {
    print_head("a text message received", "copying");
    for (const std::size_t bytes : sizes) {
        ws::Buffer frame;
        ws::append_frame(frame, {.masked = true}, make_text(bytes, false));
        ws::Connection connection{ws::Role::server};
        ws::Buffer out;
        ws::Buffer message;
        const double ours = measure(bytes, [&] {
            connection.feed(frame);
            check(connection.next(out).has_value());
            check(!connection.next(out).has_value());
        });
        print_row(name_of(bytes), bytes, copying(frame), ours,
                  measure(bytes, [&] { check(plain_receive(frame, message)); }));
    }
}

}  // namespace

int main() {
    std::puts("the limit, this library, and a plain version; CPU time");
    measure_mask();
    measure_utf8();
    measure_header();
    measure_receiver();
}
