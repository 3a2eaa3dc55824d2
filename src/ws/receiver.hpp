// Bytes to pieces of messages, RFC 6455 §5.4, §5.5, §6.2, §8.1. Lesson 8.
// Takes reads that are cut anywhere, checks every rule, unmasks in place and hands out what
// there is without copying it. What a piece means for the connection is ws/connection's part.
// Leaves out: putting messages together, answering pings, the closing handshake.
#pragma once

#include <memory>
#include <optional>

#include "ws/extension.hpp"
#include "ws/frame.hpp"
#include "ws/utf8.hpp"

namespace ws {

struct Limits {
    std::uint64_t max_message_bytes = 16u << 20;  // over all fragments of a message
    std::uint32_t max_fragments = 131'072;        // frames of one message
};

// May a data frame with this opcode come now, within a message or between two? §5.4.
Errc check_order(Opcode opcode, bool in_message);

// A part of a data message, or a whole control frame.
struct Piece {
    Opcode opcode;  // the message's text or binary, or close, ping, pong; never continuation
    bool last;      // it ends its message (control frames: always)
    Bytes data;     // unmasked; lives until the next call of next() or feed()
    // The message came with RSV1: `data` is an extension's. Text has not been checked.
    bool extended = false;
};

class Receiver {
  public:
    Receiver(Role role, Limits limits) noexcept;

    // The next bytes from the peer, to be unmasked where they are. They stay the caller's and
    // live until next() has returned nothing; only then comes the next feed().
    void feed(MutableBytes bytes);

    // The next piece; nothing when more bytes are needed, or when error() says why not.
    std::optional<Piece> next();

    // What feed() gave and next() has not looked at. A caller that has to give up its place between
    // two calls of next() moves it: `to` holds the same bytes, and lives as those did.
    Bytes unread() const { return input_; }
    void move_unread(MutableBytes to) { input_ = to; }

    // Bytes of the data frame at hand that have not arrived: how much room a message will need.
    // Bounded by max_message_bytes. Within a control frame: 0.
    std::uint64_t frame_bytes_left() const { return is_control(opcode_) ? 0 : left_; }

    const Limits& limits() const { return limits_; }

    // An extension was negotiated that gives RSV1 a meaning (§5.2).
    void expect_rsv1() { rsv_ = rsv1; }

    // Another max_message_bytes, for the frames whose headers are read from now on. The message at
    // hand counts with all of its frames.
    void set_read_limit(std::uint64_t bytes) { limits_.max_message_bytes = bytes; }

    // The rule that the peer broke; then next() gives nothing any more.
    Errc error() const { return error_; }

  private:
    bool read_header();
    bool read_short_header();
    bool read_any_header();
    bool take_header(FrameHeader& header);
    Errc note_rsv1(const FrameHeader& header);
    Errc begin_frame();
    Errc count_frame();
    std::optional<Piece> control_piece();
    std::optional<Piece> data_piece();
    MutableBytes take(std::uint64_t max);
    void unmask(MutableBytes bytes);
    bool is_valid_so_far(Bytes data, bool last);
    std::nullopt_t fail(Errc errc);

    // The frame at hand, and the message at hand, which outlives it: control frames come in
    // between. In an order without gaps, because ten thousand idle connections each have one.
    MutableBytes input_;
    std::uint64_t left_ = 0;           // payload bytes that next() has not seen
    std::uint64_t message_bytes_ = 0;  // announced so far, over all frames of the message
    std::uint32_t fragments_ = 0;
    MaskingKey key_{};  // turned to the byte that comes next
    Opcode opcode_ = Opcode::continuation;
    Opcode message_opcode_ = Opcode::text;
    bool fin_ = false;
    bool in_frame_ = false;
    bool in_message_ : 1 = false;
    bool extended_ : 1 = false;  // the message at hand came with RSV1
    std::uint8_t rsv_ : 3 = 0;   // what was negotiated
    Utf8Validator utf8_;

    Role role_;
    Errc error_ = Errc::none;
    std::uint8_t carried_ = 0;
    std::array<std::uint8_t, max_header_bytes> carry_;  // a header that a read's end cut
    std::unique_ptr<Buffer> control_;  // the payload of a control frame that a read's end cut
    Limits limits_;
};

}  // namespace ws
