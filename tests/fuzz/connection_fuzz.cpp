// Any bytes, cut in any way: a connection never crashes, and nothing that it says depends on the
// cuts. RFC 6455 §5 to §7. `make fuzz`; libFuzzer makes up the input:
//   byte 0: bit 0 the role, bit 1 small limits, bit 2 we have sent a Close, bit 3 output is
//           blocked, bit 4 the mask bits are set as the role wants them
//   byte 1: how the bytes are cut in the last two runs; in the last one they are read in place
//   rest:   what the peer sends
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "ws/connection.hpp"
#include "ws/hex.hpp"

namespace {

class FixedKeys : public ws::KeySource {
  public:
    ws::MaskingKey next_key() override { return {1, 2, 3, 4}; }
};

struct Setting {
    ws::Role role;
    ws::Limits limits;
    bool closing;
    bool blocked;
};

void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

// Sets or clears the mask bit of every frame: the fuzzer gets past the first header sooner.
void set_mask_bits(ws::MutableBytes frames, bool masked) {
    ws::FrameHeader header;
    while (frames.size() >= 2) {
        frames[1] = static_cast<std::uint8_t>((frames[1] & 0x7F) | (masked ? 0x80 : 0));
        if (ws::decode_header(frames, header) != ws::Parse::ok) return;
        frames = frames.subspan(header.size());
        frames = frames.subspan(std::min<std::uint64_t>(header.length, frames.size()));
    }
}

// Everything that a connection said and did when the bytes came in pieces. `next_size` gives
// the size of each.
template <typename NextSize>
std::string run(const Setting& setting, ws::Bytes bytes, NextSize next_size, bool in_place = false) {
    FixedKeys keys;
    ws::Connection connection{setting.role, setting.limits, &keys};
    ws::Buffer out;
    std::string log;
    if (setting.closing) connection.close(out, 1000, "bye");
    connection.output_blocked(setting.blocked, out);
    while (!bytes.empty()) {
        std::size_t size = std::min<std::size_t>(bytes.size(), next_size());
        const ws::MutableBytes room = in_place ? connection.room(3) : ws::MutableBytes{};
        if (!room.empty()) size = std::min(size, room.size());
        ws::Buffer piece{bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
        bytes = bytes.subspan(size);
        if (!room.empty()) std::ranges::copy(piece, room.begin());
        connection.feed(room.empty() ? ws::MutableBytes{piece} : room.first(size));
        while (const auto event = connection.next(out)) {
            log += std::to_string(event->type) + ' ' +
                   std::to_string(static_cast<int>(event->opcode)) + ' ' +
                   std::to_string(event->code) + ' ' +
                   std::to_string(static_cast<int>(event->error)) + ' ' + ws::hex(event->data) +
                   '\n';
            check(event->data.size() <= std::max<std::uint64_t>(setting.limits.max_message_bytes,
                                                                ws::max_control_bytes),
                  "a message is within the limit");
            if (event->type == ws::Event::message && event->opcode == ws::Opcode::text)
                check(ws::is_utf8(event->data), "a text is UTF-8");
        }
    }
    connection.output_blocked(false, out);
    return log + ws::hex(out) + ' ' + std::to_string(static_cast<int>(connection.state()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::uint8_t flags = data[0];
    Setting setting{.role = (flags & 1) != 0 ? ws::Role::server : ws::Role::client,
                    .limits = {},
                    .closing = (flags & 4) != 0,
                    .blocked = (flags & 8) != 0};
    if ((flags & 2) != 0) setting.limits = {.max_message_bytes = 20, .max_fragments = 3};
    ws::Buffer bytes{data + 2, data + size};
    if ((flags & 16) != 0) set_mask_bits(bytes, setting.role == ws::Role::server);

    std::uint32_t random = data[1] + 1u;
    const std::string whole = run(setting, bytes, [&] { return bytes.size(); });
    const std::string single = run(setting, bytes, [] { return 1; });
    const auto next_size = [&] {
        random = random * 1664525 + 1013904223;  // any generator does
        return (random >> 24) % 16 + 1;
    };
    const std::string cut = run(setting, bytes, next_size);
    const std::string in_place = run(setting, bytes, next_size, true);
    check(whole == single, "whole and byte by byte are the same");
    check(whole == cut, "whole and cut are the same");
    check(whole == in_place, "read in place it is the same");
    return 0;
}
