// Payloads and frames, made in advance. RFC 6455 §5.2, §5.3.
#include "clients/load/prepared.hpp"

#include <algorithm>
#include <cassert>
#include <random>

#include "net/random.hpp"

namespace load {

namespace {

// Fewer of the large ones: they are to fit into a cache, as one message does.
std::uint64_t how_many_differ(std::uint64_t bytes) { return bytes <= 4096 ? 8 : 2; }

// Characters of two, three and four bytes in turn, drawn from the ranges that writing is in; what
// is left at the end is filled with ASCII.
void append_utf8(ws::Buffer& out, std::size_t bytes, std::mt19937& random) {
    const auto byte = [](std::uint_fast32_t value) { return static_cast<std::uint8_t>(value); };
    const auto low_six = [&] { return byte(0x80 + random() % 64); };
    while (bytes >= 9) {
        ws::append(out, std::array{byte(0xD0 + random() % 2), low_six()});           // Cyrillic
        ws::append(out, std::array{byte(0xE4 + random() % 5), low_six(), low_six()});  // Han
        ws::append(out, std::array{byte(0xF0), byte(0x9F), byte(0x98 + random() % 2), low_six()});
        bytes -= 9;
    }
    for (; bytes > 0; --bytes) out.push_back(byte('a' + random() % 26));
}

void append_payload(ws::Buffer& out, const Settings& settings, std::mt19937& random) {
    if (settings.payload == Payload::utf8) return append_utf8(out, settings.bytes, random);
    for (std::uint64_t i = 0; i < settings.bytes; ++i)
        out.push_back(static_cast<std::uint8_t>(
            settings.payload == Payload::binary ? random() : ' ' + random() % 95));
}

}  // namespace

Prepared::Prepared(const Settings& settings)
    : raw_{settings.raw},
      opcode_{settings.payload == Payload::binary ? ws::Opcode::binary : ws::Opcode::text},
      payload_bytes_{settings.bytes},
      different_{how_many_differ(settings.bytes)},
      frames_{different_ + settings.in_flight - 1} {
    // The same payloads in every run: two servers get the same work. The keys are the kernel's.
    std::mt19937 random{6455};
    for (std::uint64_t i = 0; i < different_; ++i) append_payload(payloads_, settings, random);
    net::RandomPool keys;
    std::vector<ws::MaskingKey> key;
    for (std::uint64_t i = 0; i < different_; ++i) key.push_back(keys.bytes<4>());
    for (std::uint64_t i = 0; i < frames_; ++i) {
        assert(different_ > 0);
        const ws::FrameHeader masked{.opcode = opcode_, .masked = true, .key = key[i % different_]};
        ws::append_frame(to_send_, masked, payload(i));
        if (!raw_) ws::append_frame(expected_, {.opcode = opcode_}, payload(i));
    }
    assert(frames_ > 0);  // at least one is in flight
    frame_bytes_ = to_send_.size() / frames_;
    answer_bytes_ = raw_ ? frame_bytes_ : expected_.size() / frames_;
}

ws::Bytes Prepared::payload(std::uint64_t number) const {
    return ws::Bytes{payloads_}.subspan(number % different_ * payload_bytes_, payload_bytes_);
}

ws::Bytes Prepared::to_send(std::uint64_t number, std::size_t offset, std::uint64_t count) const {
    return in_row(to_send_, frame_bytes_, number, offset, count);
}

ws::Bytes Prepared::expected(std::uint64_t number, std::size_t offset, std::uint64_t count) const {
    return in_row(raw_ ? to_send_ : expected_, answer_bytes_, number, offset, count);
}

ws::Bytes Prepared::in_row(const ws::Buffer& row, std::size_t size, std::uint64_t number,
                           std::size_t offset, std::uint64_t count) const {
    const std::uint64_t first = number % different_;
    const std::uint64_t there = std::min(count, frames_ - first);
    return ws::Bytes{row}.subspan(first * size + offset, there * size - offset);
}

}  // namespace load
