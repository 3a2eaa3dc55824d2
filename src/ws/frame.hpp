// The frame header, RFC 6455 §5.2: decoded, encoded, and judged. Lesson 5.
// A header is 2 to 14 bytes long. The payload that follows is none of this file's business.
// Leaves out: what the frames before it ask of a frame (ws/receiver).
#pragma once

#include "ws/bytes.hpp"
#include "ws/error.hpp"
#include "ws/masking_key.hpp"

namespace ws {

enum class Role : std::uint8_t { client, server };

// §5.2; the values 3 to 7 and 11 to 15 are reserved and can appear in a decoded header.
enum class Opcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xA,
};

// §5.5: "Control frames are identified by opcodes where the most significant bit of the opcode
// is 1."
constexpr bool is_control(Opcode opcode) { return (static_cast<std::uint8_t>(opcode) & 8) != 0; }

inline constexpr std::size_t max_header_bytes = 14;     // 2 + 8 length + 4 masking key
inline constexpr std::uint64_t max_control_bytes = 125; // §5.5

struct FrameHeader {
    bool fin = true;                 // the last (or only) frame of its message
    std::uint8_t rsv = 0;            // the bits RSV1, RSV2, RSV3, as 4, 2, 1
    Opcode opcode = Opcode::text;
    bool masked = false;
    std::uint8_t length_bytes = 0;   // size of the extended length on the wire: 0, 2 or 8
    std::uint64_t length = 0;        // of the payload, in bytes
    MaskingKey key{};                // meaningful when masked

    // Bytes that this header takes on the wire.
    std::size_t size() const { return 2u + length_bytes + (masked ? 4u : 0u); }
};

// Reads the header at the front of `bytes`. `ok`, or `need_more` when it is not there whole;
// never an error: check_header() judges. A 64-bit length is kept with its top bit.
Parse decode_header(Bytes bytes, FrameHeader& header);

// The rules that a single header can break. `receiver` is the role of the endpoint that reads
// it; `negotiated_rsv` the bits that an extension has given a meaning (none without one).
Errc check_header(const FrameHeader& header, Role receiver, std::uint8_t negotiated_rsv = 0);

// Writes the header in its shortest form (header.length_bytes is ignored) to the front of
// `out` and returns its size.
std::size_t encode_header(std::array<std::uint8_t, max_header_bytes>& out,
                          const FrameHeader& header);

// Appends a whole frame: header, and payload, masked when header.masked is set. The length is
// that of the payload; where header.length says so already, nothing is copied for it.
void append_frame(Buffer& out, const FrameHeader& header, Bytes payload);

// Turns the payload of a whole frame, as it crossed the wire, into what was meant; nothing happens
// to one that is not masked.
void unmask_payload(const FrameHeader& header, MutableBytes payload);

}  // namespace ws
