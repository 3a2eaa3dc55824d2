// Frames to messages, one side at a time, and messages to what was compressed: RFC 7692 §7.2.2.
// A message may refer to those before it, so each side keeps its history.
// Leaves out: every rule of frames; ws/explain has named those that are broken.
#include "clients/explain/unpack.hpp"

#include <memory>

#include "clients/explain/blocks.hpp"
#include "ws/deflate/deflate.hpp"
#include "ws/deflate/inflate.hpp"
#include "ws/frame.hpp"
#include "ws/hex.hpp"
#include "ws/utf8.hpp"

namespace explain {

namespace {

using namespace ws::deflate;

constexpr std::size_t most_unpacked = 1 << 20;
constexpr std::size_t most_shown = 200;
constexpr std::size_t most_lines = 100;  // of a message's symbols

// What one side has sent.
struct Side {
    History history{};
    ws::Buffer said{};  // as far back as a distance may reach
    ws::Buffer packed{};
    ws::Opcode type = ws::Opcode::text;
    bool compressed = false;  // the message at hand
};

std::string count(std::size_t bytes) {
    return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

std::string describe(ws::Bytes data, ws::Opcode type) {
    const bool text = type == ws::Opcode::text && ws::is_utf8(data);
    return count(data.size()) + ": " +
           (text ? ws::quote(data, most_shown) : '[' + ws::hex(data, most_shown / 3) + ']');
}

std::string unpack_message(Side& side) {
    const std::string begin =
        count(side.packed.size()) + (side.packed.size() == 1 ? " unpacks to " : " unpack to ");
    ws::append(side.packed, flush_tail);
    const auto inflater = std::make_unique<Inflater>();
    ws::Buffer room(most_unpacked);
    Unpacked out{room};
    ws::Bytes in{side.packed};
    auto status = Inflater::Status::end;
    while (status == Inflater::Status::end && !in.empty()) {
        inflater->restart();
        status = inflater->run(in, out, side.history);
    }
    side.history.remember(out.written());
    if (status == Inflater::Status::error)
        return begin + "nothing: " + std::string{ws::rule(inflater->error()).sentence};
    if (status == Inflater::Status::need_output) return begin + "more than a megabyte";
    if (!inflater->between_blocks())
        return begin + "nothing: " + std::string{ws::rule(ws::Errc::unfinished_block).sentence};
    std::string symbols = blocks(side.packed, side.said, most_lines);
    const std::size_t kept = side.history.window_size();
    if (side.said.size() > kept)
        side.said.erase(side.said.begin(), side.said.end() - static_cast<std::ptrdiff_t>(kept));
    symbols.pop_back();  // its last line feed
    return begin + describe(out.written(), side.type) + '\n' + symbols;
}

}  // namespace

std::string unpack(ws::Bytes frames) {
    Side client, server;
    std::string text;
    ws::FrameHeader header;
    while (ws::decode_header(frames, header) == ws::Parse::ok) {
        frames = frames.subspan(header.size());
        if (frames.size() < header.length) break;
        const ws::Bytes payload = frames.first(static_cast<std::size_t>(header.length));
        frames = frames.subspan(payload.size());
        if (ws::is_control(header.opcode)) continue;
        Side& side = header.masked ? client : server;
        if (header.opcode != ws::Opcode::continuation) {
            side.compressed = (header.rsv & 4) != 0;
            side.type = header.opcode;
            side.packed.clear();
        }
        if (!side.compressed) continue;
        ws::Buffer unmasked{payload.begin(), payload.end()};
        ws::unmask_payload(header, unmasked);
        ws::append(side.packed, unmasked);
        if (header.fin)
            text += std::string{"  "} + (header.masked ? "→ " : "← ") + unpack_message(side) + '\n';
    }
    if (text.empty()) return text;
    return "\nCompressed, if permessage-deflate was agreed on (RFC 7692):\n" + text;
}

}  // namespace explain
