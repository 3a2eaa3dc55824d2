// Messages and control frames to bytes, RFC 6455 §5.4, §5.5, §6.1. Lesson 8.
// A client masks every frame with a fresh key (§5.3), a server none (§5.1): that is the role's
// only effect here. Calls in a wrong order are our own bug, and asserted.
#include "ws/sender.hpp"

#include <cassert>

namespace ws {

PreparedMessage::PreparedMessage(Opcode opcode, Bytes data) : opcode_{opcode}, size_{data.size()} {
    append_frame(frame_, {.opcode = opcode}, data);
}

Sender::Sender(Role role, KeySource* keys) noexcept : keys_{role == Role::client ? keys : nullptr} {
    assert((role == Role::server || keys != nullptr) && "a client masks");
}

void Sender::message(Buffer& out, Opcode opcode, Bytes data, std::uint8_t rsv) {
    assert(!in_message_ && "RFC 6455 §5.4: fragments of two messages must not be interleaved");
    assert(opcode == Opcode::text || opcode == Opcode::binary);
    frame(out, opcode, data, true, rsv);
}

void Sender::message(Buffer& out, const PreparedMessage& message) {
    if (keys_ != nullptr) return this->message(out, message.opcode(), message.data());
    assert(!in_message_ && "RFC 6455 §5.4: fragments of two messages must not be interleaved");
    append(out, message.frame());
}

// A server's payload leaves as it lies, so only a header is made for it. A client's has to be masked,
// and the application's own bytes are not ours to change: it is copied.
Bytes Sender::message_in_place(Buffer& out, Opcode opcode, Bytes data) {
    if (keys_ != nullptr) {
        message(out, opcode, data);
        return {};
    }
    assert(!in_message_ && "RFC 6455 §5.4: fragments of two messages must not be interleaved");
    std::array<std::uint8_t, max_header_bytes> header;
    const std::size_t size = encode_header(header, {.opcode = opcode, .length = data.size()});
    append(out, Bytes{header}.first(size));
    return data;
}

void Sender::fragment(Buffer& out, Opcode opcode, Bytes data, bool last, std::uint8_t rsv) {
    assert(in_message_ || opcode == Opcode::text || opcode == Opcode::binary);
    frame(out, in_message_ ? Opcode::continuation : opcode, data, last, in_message_ ? 0 : rsv);
    in_message_ = !last;
}

void Sender::control(Buffer& out, Opcode opcode, Bytes data) {
    assert(is_control(opcode) && data.size() <= max_control_bytes);
    frame(out, opcode, data, true);
}

void Sender::close(Buffer& out, CloseCode code, std::string_view reason) {
    Buffer body;
    append_close_body(body, code, reason);
    frame(out, Opcode::close, body, true);
}

void Sender::frame(Buffer& out, Opcode opcode, Bytes data, bool fin, std::uint8_t rsv) {
    FrameHeader header;
    header.fin = fin;
    header.opcode = opcode;
    header.length = data.size();
    header.rsv = rsv;
    // RFC 6455 §5.3: "When preparing a masked frame, the client MUST pick a fresh masking key from
    // the set of allowed 32-bit values."
    header.masked = keys_ != nullptr;
    if (header.masked) header.key = keys_->next_key();
    append_frame(out, header, data);
}

}  // namespace ws
