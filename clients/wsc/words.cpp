// Our rules are finer than wscat's words in some places, and coarser in others; then the frame or
// the head itself decides. RFC 6455 §4.1, §5.
// Leaves out: what the system calls say (waiting, connecting).
#include "clients/wsc/words.hpp"

#include <algorithm>

#include "ws/byte_order.hpp"

namespace wsc {

std::size_t FrameWatch::advance(ws::Bytes bytes) {
    std::size_t taken = 0;
    if (has_header_ && left_ == 0) *this = {};
    while (!has_header_ && taken < bytes.size()) {
        bytes_[size_++] = bytes[taken++];
        has_header_ = ws::decode_header(seen(), header_) == ws::Parse::ok;
        left_ = header_.length;
    }
    if (!has_header_) return taken;
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - taken));
    const std::size_t wanted = std::min(count, header_.size() + 2 - size_);
    std::ranges::copy(bytes.subspan(taken, wanted), bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += wanted;
    left_ -= count;
    return taken + count;
}

ws::CloseCode FrameWatch::close_code() const {
    const ws::Bytes first = seen().subspan(header_.size());
    ws::Buffer payload{first.begin(), first.end()};
    if (payload.size() < 2) return ws::close_code::none;
    ws::unmask_payload(header_, payload);
    return ws::load_be<ws::CloseCode>(payload);
}

std::string frame_words(ws::Errc errc, const FrameWatch& frame) {
    const ws::FrameHeader& header = frame.header();
    const std::string invalid = "Invalid WebSocket frame: ";
    const std::string opcode = std::to_string(static_cast<int>(header.opcode));
    constexpr std::uint64_t max_safe_integer = (std::uint64_t{1} << 53) - 1;
    switch (errc) {
        case ws::Errc::rsv_without_extension:
            return invalid +
                   ((header.rsv & 3) != 0 ? "RSV2 and RSV3 must be clear" : "RSV1 must be clear");
        case ws::Errc::rsv1_not_on_first_frame: return invalid + "RSV1 must be clear";
        case ws::Errc::reserved_opcode:
        case ws::Errc::unexpected_continuation:
        case ws::Errc::expected_continuation: return invalid + "invalid opcode " + opcode;
        case ws::Errc::frame_not_masked: return invalid + "MASK must be set";
        case ws::Errc::frame_masked: return invalid + "MASK must be clear";
        case ws::Errc::control_fragmented: return invalid + "FIN must be set";
        case ws::Errc::control_too_long:
            // ws names what the seven bits say, and reads no further.
            return invalid + "invalid payload length " +
                   (header.length_bytes == 2   ? "126"
                    : header.length_bytes == 8 ? "127"
                                               : std::to_string(header.length));
        case ws::Errc::length_not_minimal:
        case ws::Errc::close_body_of_one_byte:
            return invalid + "invalid payload length " + std::to_string(header.length);
        case ws::Errc::invalid_utf8:
        case ws::Errc::invalid_close_reason: return invalid + "invalid UTF-8 sequence";
        case ws::Errc::invalid_close_code:
            return invalid + "invalid status code " + std::to_string(frame.close_code());
        case ws::Errc::length_top_bit:
        case ws::Errc::message_too_big:
            return header.length > max_safe_integer
                       ? "Unsupported WebSocket frame: payload length > 2^53 - 1"
                       : "Max payload size exceeded";
        case ws::Errc::too_many_fragments: return "Too many message fragments";
        default: return invalid + std::string{ws::rule(errc).sentence};
    }
}

std::string response_words(ws::Errc errc, const ws::Response& response,
                           const ws::ClientHandshake& handshake) {
    switch (errc) {
        case ws::Errc::response_without_upgrade:
            // Without the header, node takes it for a plain answer.
            if (response.count("Upgrade") > 0) return "Invalid Upgrade header";
            [[fallthrough]];
        case ws::Errc::response_without_connection:
        case ws::Errc::unexpected_status:
            return "Unexpected server response: " + std::to_string(response.status);
        case ws::Errc::malformed_start_line:
            if (response.start_line.starts_with("HTTP/1.")) return "Parse Error: Invalid status code";
            return head_words(errc);
        case ws::Errc::missing_accept:
        case ws::Errc::wrong_accept: return "Invalid Sec-WebSocket-Accept header";
        case ws::Errc::wrong_extension_answer:
            if (response.find("Sec-WebSocket-Extensions")->starts_with("permessage-deflate"))
                return "Invalid Sec-WebSocket-Extensions header";
            [[fallthrough]];
        case ws::Errc::unrequested_extension:
            return "Server indicated an extension that was not requested";
        case ws::Errc::unrequested_subprotocol:
            return handshake.subprotocols.empty()
                       ? "Server sent a subprotocol but none was requested"
                       : "Server sent an invalid subprotocol";
        case ws::Errc::duplicate_header:
            return response.count("Sec-WebSocket-Accept") > 1
                       ? "Invalid Sec-WebSocket-Accept header"
                       : "Server sent an invalid subprotocol";
        default: return head_words(errc);
    }
}

std::string head_words(ws::Errc errc) {
    switch (errc) {
        case ws::Errc::malformed_start_line: return "Parse Error: Expected HTTP/, RTSP/ or ICE/";
        case ws::Errc::head_too_long:
        case ws::Errc::start_line_too_long:
        case ws::Errc::too_many_headers: return "Parse Error: Header overflow";
        case ws::Errc::unsupported_http_version: return "Parse Error: Invalid HTTP version";
        default: return "Parse Error: " + std::string{ws::rule(errc).sentence};
    }
}

std::string rule_text(ws::Errc errc) {
    return std::string{ws::rule(errc).section} + ": " + std::string{ws::rule(errc).sentence};
}

}  // namespace wsc
