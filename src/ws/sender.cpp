// Messages and control frames to bytes, RFC 6455 §5.4, §5.5, §6.1. Lesson 8.
// A client masks every frame with a fresh key (§5.3), a server none (§5.1): that is the role's
// only effect here. Calls in a wrong order are our own bug, and asserted.
#include "ws/sender.hpp"

#include <cassert>

namespace ws {

Sender::Sender(Role role, KeySource* keys) noexcept
    : keys_{role == Role::client ? keys : nullptr} {
    assert((role == Role::server || keys != nullptr) && "a client masks");
}

void Sender::message(Buffer& out, Opcode opcode, Bytes data) {
    assert(!in_message_ && "RFC 6455 §5.4: fragments of two messages must not be interleaved");
    assert(opcode == Opcode::text || opcode == Opcode::binary);
    frame(out, opcode, data, true);
}

void Sender::fragment(Buffer& out, Opcode opcode, Bytes data, bool last) {
    assert(in_message_ || opcode == Opcode::text || opcode == Opcode::binary);
    frame(out, in_message_ ? Opcode::continuation : opcode, data, last);
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

void Sender::frame(Buffer& out, Opcode opcode, Bytes data, bool fin) {
    FrameHeader header;
    header.fin = fin;
    header.opcode = opcode;
    // RFC 6455 §5.3: "When preparing a masked frame, the client MUST pick a fresh masking key from
    // the set of allowed 32-bit values."
    header.masked = keys_ != nullptr;
    if (header.masked) header.key = keys_->next_key();
    append_frame(out, header, data);
}

}  // namespace ws
