// Messages to bytes, RFC 6455 §5.4, §5.5, §6.1. Lesson 8.
// Each call appends whole frames to a buffer of the caller's, who decides when to write it.
// Leaves out: when what may be sent (ws/connection knows the state).
#pragma once

#include <utility>

#include "ws/close.hpp"
#include "ws/frame.hpp"

namespace ws {

// A message that is encoded once, however many connections send it (a server's frames are not
// masked, §5.1, so the bytes are the same for all).
class PreparedMessage {
  public:
    // A text is UTF-8.
    PreparedMessage(Opcode opcode, Bytes data);

    Opcode opcode() const { return opcode_; }
    Bytes data() const { return Bytes{frame_}.last(size_); }
    Bytes frame() const { return frame_; }

    // What extensions make of it, one frame for each way to do so: `key` names the way. The message
    // stays the same; that is how it is encoded once for many.
    const Buffer* variant(const void* key) const {
        for (const Variant& known : variants_)
            if (known.key == key) return &known.frame;
        return nullptr;
    }
    const Buffer& add_variant(const void* key, Buffer frame) const {
        variants_.push_back({key, std::move(frame)});
        return variants_.back().frame;
    }

  private:
    Opcode opcode_;
    std::size_t size_;
    Buffer frame_;
    struct Variant {
        const void* key;
        Buffer frame;
    };
    mutable std::vector<Variant> variants_{};
};

class Sender {
  public:
    // A client needs a source of masking keys, which outlives the sender; a server has none.
    Sender(Role role, KeySource* keys) noexcept;

    // A message in one frame. `opcode` is text (then `data` is UTF-8) or binary.
    // `rsv`: the bits of an extension.
    void message(Buffer& out, Opcode opcode, Bytes data, std::uint8_t rsv = 0);
    void message(Buffer& out, const PreparedMessage& message);

    // The same without a copy: what is appended is the beginning of the frame, and what is
    // returned has to follow it on the wire. It is `data` itself; or nothing, where the payload
    // had to be changed on its way, as a client's, which is masked.
    Bytes message_in_place(Buffer& out, Opcode opcode, Bytes data);

    // A message in several frames: the first call with its opcode names the type, the one with
    // `last` ends it. Control frames may be sent in between, other messages may not.
    void fragment(Buffer& out, Opcode opcode, Bytes data, bool last, std::uint8_t rsv = 0);
    bool in_message() const { return in_message_; }

    // A ping or a pong; `data` holds at most 125 bytes.
    void control(Buffer& out, Opcode opcode, Bytes data);

    // A Close; see append_close_body() for code and reason.
    void close(Buffer& out, CloseCode code, std::string_view reason);

  private:
    void frame(Buffer& out, Opcode opcode, Bytes data, bool fin, std::uint8_t rsv = 0);

    KeySource* keys_;
    bool in_message_ = false;
};

}  // namespace ws
