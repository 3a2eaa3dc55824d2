// Both directions of a connection, cut into heads and frames, RFC 6455 §5.2. Lesson 5.
// It follows the bytes by itself and keeps of a payload only what a line shows, so that a trace
// tells what crossed the wire even where the program beside it is wrong.
#include "ws/trace.hpp"

#include <algorithm>

#include "ws/byte_order.hpp"
#include "ws/error.hpp"
#include "ws/extension.hpp"
#include "ws/http.hpp"

namespace ws {

namespace {

// Payload bytes that a line shows, and a little more to keep: a character that begins within
// the shown ones may end up to three bytes later.
constexpr std::size_t shown_payload = 24;
constexpr std::size_t kept_payload = shown_payload + 3;

constexpr std::size_t max_head_bytes = 16 * 1024;

std::string opcode_name(Opcode opcode) {
    switch (opcode) {
        case Opcode::continuation: return "CONT";
        case Opcode::text: return "TEXT";
        case Opcode::binary: return "BINARY";
        case Opcode::close: return "CLOSE";
        case Opcode::ping: return "PING";
        case Opcode::pong: return "PONG";
    }
    return "OPCODE-" + std::to_string(static_cast<int>(opcode));
}

// The payload as its type suggests: text quoted, a Close's code as a number, the rest in hex.
std::string describe_payload(Opcode type, Bytes shown) {
    if (shown.empty()) return "";
    std::string text;
    if (type == Opcode::close && shown.size() >= 2) {
        text = ' ' + std::to_string(load_be<std::uint16_t>(shown));
        shown = shown.subspan(2);
        if (shown.empty()) return text;
    }
    if (type == Opcode::binary) return text + " [" + hex(shown, shown_payload / 3) + ']';
    // Where bytes were not kept, more are here than are shown: quote() marks that it leaves some out.
    return text + ' ' + quote(shown, shown_payload);
}

// "Sec-WebSocket-Extensions: permessage-deflate" and what may follow it.
bool names_extension(std::string_view line) {
    const std::size_t colon = line.find(':');
    return colon != std::string_view::npos &&
           equals_ignoring_case(line.substr(0, colon), "Sec-WebSocket-Extensions") &&
           line.find("permessage-deflate", colon) != std::string_view::npos;
}

}  // namespace

std::string describe_header(const FrameHeader& header) {
    std::string text = opcode_name(header.opcode);
    if (header.fin) text += " FIN";
    for (int bit = 1; bit <= 3; ++bit)
        if ((header.rsv >> (3 - bit) & 1) != 0) text += " RSV" + std::to_string(bit);
    if (header.masked) text += " masked";
    return text + " len=" + std::to_string(header.length);
}

Tracer::Tracer(Sink sink, Start start)
    : sink_{std::move(sink)},
      from_client_{.direction = Direction::from_client, .at = start},
      from_server_{.direction = Direction::from_server, .at = start} {}

void Tracer::bytes(Direction direction, Bytes bytes) {
    if (!bytes.empty())
        for (const Tap& tap : taps_) tap(direction, bytes);
    if (!sink_) return;
    Stream& stream = direction == Direction::from_client ? from_client_ : from_server_;
    while (!bytes.empty()) {
        const std::size_t taken =
            stream.at == Start::http_head ? head_bytes(stream, bytes) : frame_bytes(stream, bytes);
        bytes = bytes.subspan(taken);
    }
}

// Collects a head up to its blank line; how many of the bytes belong to it.
std::size_t Tracer::head_bytes(Stream& stream, Bytes bytes) {
    constexpr std::string_view blank_line = "\r\n\r\n";
    // The blank line may have begun in the bytes before.
    const std::size_t known = stream.collected.size();
    const std::size_t from = known < 3 ? 0 : known - 3;
    append(stream.collected, bytes);
    const std::size_t found = as_text(stream.collected).find(blank_line, from);
    if (found == std::string_view::npos) {
        if (stream.collected.size() > max_head_bytes) show_unfinished(stream);
        return bytes.size();
    }
    stream.collected.resize(found + blank_line.size());
    const std::size_t taken = stream.collected.size() - known;
    // A server that refuses speaks HTTP to the end: the reason after its head is text, no frame.
    const bool refused = stream.direction == Direction::from_server &&
                         as_text(stream.collected).substr(0, 13) != "HTTP/1.1 101 ";
    show_head(stream);
    if (!refused) stream.at = Start::frames;
    return taken;
}

void Tracer::show_head(Stream& stream) {
    std::string text;
    std::string_view rest = as_text(stream.collected);
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find("\r\n"), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 2, rest.size()));
        if (line.empty()) continue;
        if (text.empty()) {
            // The same number and arrow as a frame's line, and no hex: a head is text.
            text = trace_line(++lines_, stream.direction, {}, "");
            text.erase(text.find_last_not_of(' ') + 2);
        } else {
            text += "\n      ";
        }
        text += escape(line);
        if (stream.direction == Direction::from_server && names_extension(line))
            negotiated_rsv_ = rsv1;
    }
    if (!text.empty()) sink_(text);
    stream.collected.clear();
}

// Collects a header, then follows its payload; how many of the bytes belong to this frame.
std::size_t Tracer::frame_bytes(Stream& stream, Bytes bytes) {
    std::size_t taken = 0;
    // Byte by byte, for one too many would be of the payload, or of the next frame.
    while (!stream.has_header && taken < bytes.size()) {
        stream.collected.push_back(bytes[taken++]);
        stream.has_header = decode_header(stream.collected, stream.header) == Parse::ok;
        if (stream.has_header) stream.left = stream.header.length;
    }
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(stream.left, bytes.size() - taken));
    // Of a long payload no more is kept than a line shows.
    const std::size_t kept =
        stream.collected.size() - std::min(stream.collected.size(), stream.header.size());
    if (stream.has_header)
        append(stream.collected, bytes.subspan(taken, std::min(count, kept_payload - kept)));
    stream.left -= count;
    if (stream.has_header && stream.left == 0) show_frame(stream);
    return taken + count;
}

void Tracer::show_frame(Stream& stream) {
    const FrameHeader& header = stream.header;
    const auto size = static_cast<std::ptrdiff_t>(header.size());
    Buffer payload{stream.collected.begin() + size, stream.collected.end()};
    unmask_payload(header, payload);

    std::string meaning = describe_header(header);
    const bool data = !is_control(header.opcode);
    // What an extension made of a text is none.
    if (data && header.opcode != Opcode::continuation)
        stream.message = (header.rsv & negotiated_rsv_) != 0 ? Opcode::binary : header.opcode;
    meaning += describe_payload(data ? stream.message : header.opcode, payload);
    if (stream.left > 0) meaning += " (" + std::to_string(stream.left) + " bytes never came)";
    const Role receiver = stream.direction == Direction::from_client ? Role::server : Role::client;
    if (const Errc errc = check_header(header, receiver, negotiated_rsv_); errc != Errc::none)
        meaning.append("  ✗ ").append(rule(errc).section).append(": ").append(rule(errc).sentence);

    sink_(trace_line(++lines_, stream.direction, stream.collected, meaning));
    stream.collected.clear();
    stream.has_header = false;
    stream.left = 0;
}

void Tracer::show_unfinished(Stream& stream) {
    if (stream.collected.empty()) return;
    if (stream.at == Start::http_head) {
        show_head(stream);
    } else if (stream.has_header) {
        show_frame(stream);
    } else {
        sink_(trace_line(++lines_, stream.direction, stream.collected,
                         "a frame's header that was never completed"));
        stream.collected.clear();
    }
}

void Tracer::end() {
    show_unfinished(from_client_);
    show_unfinished(from_server_);
}

}  // namespace ws
