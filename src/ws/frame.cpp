// The bits of the frame header, RFC 6455 §5.2. Lesson 5.
// Decoding takes what is there, judging comes after it and apart: so a tool can show a wrong
// frame, and a test can ask for each rule alone.
#include "ws/frame.hpp"

#include <algorithm>
#include <cstring>

#include "ws/byte_order.hpp"
#include "ws/mask.hpp"

namespace ws {

namespace {

constexpr std::uint8_t fin_bit = 0b1000'0000;
constexpr std::uint8_t opcode_bits = 0b0000'1111;
constexpr std::uint8_t mask_bit = 0b1000'0000;
constexpr std::uint8_t length_bits = 0b0111'1111;

// Values of the seven length bits that announce an extended length.
constexpr std::uint8_t length_in_2_bytes = 126;
constexpr std::uint8_t length_in_8_bytes = 127;

bool is_reserved(Opcode opcode) {
    const auto value = static_cast<std::uint8_t>(opcode);
    return (value >= 0x3 && value <= 0x7) || value >= 0xB;
}

// How many bytes an extended length takes, if it takes any.
constexpr std::uint8_t shortest_length_bytes(std::uint64_t length) {
    return length < 126 ? 0 : length < 65536 ? 2 : 8;
}

}  // namespace

Parse decode_header(Bytes bytes, FrameHeader& header) {
    if (bytes.size() < 2) return Parse::need_more;
    header.fin = (bytes[0] & fin_bit) != 0;
    header.rsv = bytes[0] >> 4 & 7;
    header.opcode = static_cast<Opcode>(bytes[0] & opcode_bits);
    header.masked = (bytes[1] & mask_bit) != 0;
    const std::uint8_t length = bytes[1] & length_bits;
    header.length_bytes = length == length_in_2_bytes ? 2 : length == length_in_8_bytes ? 8 : 0;
    if (bytes.size() < header.size()) return Parse::need_more;

    Bytes rest = bytes.subspan(2);
    switch (header.length_bytes) {
        case 2: header.length = load_be<std::uint16_t>(rest); break;
        case 8: header.length = load_be<std::uint64_t>(rest); break;
        default: header.length = length; break;
    }
    // In one piece, as it is read again: four single bytes would make the processor wait for them.
    if (header.masked) std::memcpy(header.key.data(), &rest[header.length_bytes], sizeof header.key);
    return Parse::ok;
}

Errc check_header(const FrameHeader& header, Role receiver, std::uint8_t negotiated_rsv) {
    // RFC 6455 §5.2: "MUST be 0 unless an extension is negotiated that defines meanings for
    // non-zero values."
    if ((header.rsv & ~negotiated_rsv) != 0) return Errc::rsv_without_extension;

    // RFC 6455 §5.2: "If an unknown opcode is received, the receiving endpoint MUST _Fail the
    // WebSocket Connection_."
    if (is_reserved(header.opcode)) return Errc::reserved_opcode;

    // RFC 6455 §5.1: "The server MUST close the connection upon receiving a frame that is not
    // masked."
    if (receiver == Role::server && !header.masked) return Errc::frame_not_masked;

    // RFC 6455 §5.1: "A client MUST close a connection if it detects a masked frame."
    if (receiver == Role::client && header.masked) return Errc::frame_masked;

    if (is_control(header.opcode)) {
        // RFC 6455 §5.5: "All control frames MUST have a payload length of 125 bytes or less
        // and MUST NOT be fragmented."
        if (header.length > max_control_bytes) return Errc::control_too_long;
        if (!header.fin) return Errc::control_fragmented;
    }

    // RFC 6455 §5.2: "the most significant bit MUST be 0"
    if (header.length >> 63 != 0) return Errc::length_top_bit;

    // RFC 6455 §5.2: "the minimal number of bytes MUST be used to encode the length"
    if (header.length_bytes != shortest_length_bytes(header.length))
        return Errc::length_not_minimal;
    return Errc::none;
}

std::size_t encode_header(std::array<std::uint8_t, max_header_bytes>& out,
                          const FrameHeader& header) {
    const std::uint8_t length_bytes = shortest_length_bytes(header.length);
    // Seven bits: the length itself, or where to read it.
    const std::uint8_t short_length = length_bytes == 0   ? static_cast<std::uint8_t>(header.length)
                                      : length_bytes == 2 ? length_in_2_bytes
                                                          : length_in_8_bytes;
    out[0] = static_cast<std::uint8_t>((header.fin ? fin_bit : 0) | header.rsv << 4 |
                                       static_cast<std::uint8_t>(header.opcode));
    out[1] = static_cast<std::uint8_t>((header.masked ? mask_bit : 0) | short_length);
    const MutableBytes rest = MutableBytes{out}.subspan(2);
    if (length_bytes == 2) store_be(rest, static_cast<std::uint16_t>(header.length));
    if (length_bytes == 8) store_be(rest, header.length);
    if (!header.masked) return 2u + length_bytes;
    std::ranges::copy(header.key, rest.begin() + length_bytes);
    return 6u + length_bytes;
}

void append_frame(Buffer& out, const FrameHeader& header, Bytes payload) {
    // Mostly nobody has filled in the length: it is the payload's.
    if (header.length != payload.size()) {
        FrameHeader right = header;
        right.length = payload.size();
        return append_frame(out, right, payload);
    }
    std::array<std::uint8_t, max_header_bytes> bytes;
    const std::size_t size = encode_header(bytes, header);
    append(out, Bytes{bytes}.first(size));
    append(out, payload);
    // Masked where the copy lies: the payload itself is not ours to change.
    if (header.masked) apply_mask(MutableBytes{out}.last(payload.size()), header.key);
}

void unmask_payload(const FrameHeader& header, MutableBytes payload) {
    if (header.masked) apply_mask(payload, header.key);
}

}  // namespace ws
