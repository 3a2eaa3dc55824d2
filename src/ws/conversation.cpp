// The rules of messages and of Close bodies, asked frame by frame. RFC 6455 §5.4, §5.5.1, §8.1.
// Lesson 8. The rules themselves are those that an endpoint applies: ws/receiver, ws/close. Only
// what is remembered from one frame to the next differs, since nothing ends here.
#include "ws/conversation.hpp"

#include "ws/close.hpp"
#include "ws/receiver.hpp"

namespace ws {

Errc Conversation::take(const FrameHeader& header, Bytes payload) {
    if (header.opcode == Opcode::close && payload.size() == header.length) {
        CloseBody body;
        return parse_close_body(payload, body);
    }
    const bool data = header.opcode == Opcode::continuation || header.opcode == Opcode::text ||
                      header.opcode == Opcode::binary;
    return data ? take_data(header, payload) : Errc::none;
}

Errc Conversation::take_data(const FrameHeader& header, Bytes payload) {
    const Errc order = check_order(header.opcode, in_message_);
    if (header.opcode != Opcode::continuation) {
        // With a reserved bit the payload may mean anything; it is no text yet.
        valid_text_ = header.opcode == Opcode::text && header.rsv == 0;
        utf8_.reset();
    } else if (order != Errc::none) {
        valid_text_ = false;
    }
    in_message_ = !header.fin;

    const bool last = header.fin && payload.size() == header.length;
    const bool valid = !valid_text_ || (utf8_.feed(payload) && (!last || utf8_.complete()));
    if (!valid) valid_text_ = false;  // said once
    if (order != Errc::none) return order;
    return valid ? Errc::none : Errc::invalid_utf8;
}

}  // namespace ws
