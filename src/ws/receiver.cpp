// Frames to pieces of messages, RFC 6455 §5.4, §5.5, §6.2, §8.1. Lesson 8.
// Each step takes what the read at hand holds and notes where it stopped. A header is judged
// before a byte of its payload is taken, a payload byte when it arrives.
#include "ws/receiver.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "ws/mask.hpp"

namespace ws {

Receiver::Receiver(Role role, Limits limits) noexcept : role_{role}, limits_{limits} {}

void Receiver::feed(MutableBytes bytes) {
    assert(input_.empty() && "the previous bytes were not all taken");
    if (error_ == Errc::none) input_ = bytes;
}

std::optional<Piece> Receiver::next() {
    // The piece that was given away is done with, and so is its buffer.
    if (!in_frame_) control_.reset();

    while (error_ == Errc::none) {
        if (!in_frame_ && !read_header()) return std::nullopt;
        if (is_control(opcode_)) return control_piece();
        if (left_ > 0 && input_.empty()) return std::nullopt;  // its bytes are not here yet
        // An empty fragment is no piece, unless it ends its message. (Asked before data_piece(): see
        // Connection::next() for what a copy of its piece would cost.)
        if (left_ > 0 || fin_) return data_piece();
        in_frame_ = false;
    }
    return std::nullopt;
}

// Takes the next header off the input. False: it is not here whole.
bool Receiver::take_header(FrameHeader& header) {
    if (carried_ == 0) {
        if (decode_header(input_, header) == Parse::ok) {
            input_ = input_.subspan(header.size());
            return true;
        }
        // It fits: what decode_header() calls incomplete is shorter than the longest header.
        std::ranges::copy(input_, carry_.begin());
        carried_ = static_cast<std::uint8_t>(input_.size());
        input_ = {};
        return false;
    }
    // The header began in an earlier read. Complete it byte by byte: at most 13 times.
    while (decode_header(Bytes{carry_}.first(carried_), header) == Parse::need_more) {
        if (input_.empty()) return false;
        carry_[carried_++] = input_.front();
        input_ = input_.subspan(1);
    }
    carried_ = 0;
    return true;
}

// Nearly every header is that of a small message in one frame, and its first two bytes say so: FIN and
// no RSV bit, text or binary, masked or not as our role wants it, a length of seven bits. No rule of
// check_header() is left that it could break. A message of 20 bytes takes a tenth less time so.
// False, and nothing is taken: it is another one.
bool Receiver::read_short_header() {
    const bool masked = role_ == Role::server;
    const std::size_t size = masked ? 6 : 2;
    if (carried_ != 0 || in_message_ || input_.size() < size) return false;
    // Turned over, the bit that must be set is gone. Where it was not set, or another one was, what is
    // left is no opcode of data, or no length of up to 125.
    const auto opcode = static_cast<Opcode>(input_[0] ^ 0b1000'0000);
    const unsigned length = input_[1] ^ (masked ? 0b1000'0000u : 0u);
    if ((opcode != Opcode::text && opcode != Opcode::binary) || length > 125) return false;
    opcode_ = opcode;
    fin_ = true;
    extended_ = false;
    left_ = length;
    if (masked) std::memcpy(key_.data(), &input_[2], sizeof key_);
    input_ = input_.subspan(size);
    return true;
}

// Decodes the next header, whatever it is, and applies the rules that it can break by itself. False:
// it is not here whole.
bool Receiver::read_any_header() {
    FrameHeader header;
    if (!take_header(header)) return false;
    error_ = check_header(header, role_, rsv_);
    if (error_ == Errc::none) error_ = note_rsv1(header);
    opcode_ = header.opcode;
    fin_ = header.fin;
    left_ = header.length;
    key_ = header.key;
    return true;
}

// The next header, and every rule for it. False: not here whole, or refused.
bool Receiver::read_header() {
    if (!read_short_header() && !read_any_header()) return false;
    if (error_ == Errc::none) error_ = begin_frame();
    in_frame_ = error_ == Errc::none;
    if (!in_frame_) {
        left_ = 0;  // a refused length is nothing to make room for
        input_ = {};
    }
    return in_frame_;
}

// RSV1, once an extension was negotiated that uses it: the message is that extension's to change.
Errc Receiver::note_rsv1(const FrameHeader& header) {
    const bool first = !is_control(header.opcode) && header.opcode != Opcode::continuation;
    // RFC 7692 §6: "An endpoint MUST NOT set the "Per-Message Compressed" bit of control frames and
    // non-first fragments of a data message. An endpoint receiving such a frame MUST _Fail the
    // WebSocket Connection_."
    if (header.rsv != 0 && !first) return Errc::rsv1_not_on_first_frame;
    if (first) extended_ = header.rsv != 0;
    return Errc::none;
}

// RFC 6455 §5.4: "A fragmented message consists of a single frame with the FIN bit clear and an
// opcode other than 0, followed by zero or more frames with the FIN bit clear and the opcode set
// to 0, and terminated by a single frame with the FIN bit set and an opcode of 0."
Errc check_order(Opcode opcode, bool in_message) {
    const bool continues = opcode == Opcode::continuation;
    if (continues && !in_message) return Errc::unexpected_continuation;
    if (!continues && in_message) return Errc::expected_continuation;
    return Errc::none;
}

// The rules that need to know which frames came before.
Errc Receiver::begin_frame() {
    if (is_control(opcode_)) return Errc::none;
    if (const Errc errc = check_order(opcode_, in_message_); errc != Errc::none) return errc;
    if (opcode_ != Opcode::continuation) {
        in_message_ = true;
        message_opcode_ = opcode_;
        message_bytes_ = 0;
        fragments_ = 0;
        utf8_.reset();
    }
    return count_frame();
}

// RFC 6455 §10.4: "Implementations that have implementation- and/or platform-specific limitations
// regarding the frame size or total message size after reassembly from multiple frames MUST
// protect themselves against exceeding those limits." Judged by what the header announces, before
// a byte is stored, and as a difference: a sum could wrap around.
Errc Receiver::count_frame() {
    const std::uint64_t most = limits_.max_message_bytes;  // it may have been lowered meanwhile
    if (message_bytes_ > most || left_ > most - message_bytes_) return Errc::message_too_big;
    // Empty frames add nothing to the sum, so somebody could send them for ever.
    if (fragments_ == limits_.max_fragments) return Errc::too_many_fragments;
    message_bytes_ += left_;
    ++fragments_;
    return Errc::none;
}

// The next payload bytes, at most `max`, unmasked.
MutableBytes Receiver::take(std::uint64_t max) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(max, input_.size()));
    const MutableBytes bytes = input_.first(count);
    input_ = input_.subspan(count);
    if (role_ == Role::server) unmask(bytes);
    left_ -= count;
    return bytes;
}

void Receiver::unmask(MutableBytes bytes) {
    apply_mask(bytes, key_);
    // RFC 6455 §5.3: the key byte is that of the payload's index, which goes on counting where
    // this read ends.
    if (bytes.size() % 4 != 0) key_ = rotated(key_, bytes.size());
}

std::optional<Piece> Receiver::control_piece() {
    MutableBytes data = take(left_);
    if (left_ > 0 || control_) {
        // Cut by the end of a read: the next one overwrites these bytes, so they are put by.
        if (!control_) control_ = std::make_unique<Buffer>();
        append(*control_, data);
        if (left_ > 0) return std::nullopt;
        data = *control_;
    }
    in_frame_ = false;
    return Piece{opcode_, true, data};
}

bool Receiver::is_valid_so_far(Bytes data, bool last) {
    if (message_opcode_ != Opcode::text) return true;
    return utf8_.feed(data) && (!last || utf8_.complete());
}

std::optional<Piece> Receiver::data_piece() {
    const Bytes data = take(left_);
    in_frame_ = left_ > 0;
    const bool last = fin_ && !in_frame_;

    // RFC 6455 §8.1: "When an endpoint is to interpret a byte stream as UTF-8 but finds that the
    // byte stream is not, in fact, a valid UTF-8 stream, that endpoint MUST _Fail the WebSocket
    // Connection_." At once, and not when the message is complete.
    // (What an extension has packed is no text yet; it checks what it unpacks.)
    if (!extended_ && !is_valid_so_far(data, last)) return fail(Errc::invalid_utf8);
    if (last) in_message_ = false;
    return Piece{message_opcode_, last, data, extended_};
}

std::nullopt_t Receiver::fail(Errc errc) {
    error_ = errc;
    input_ = {};
    return std::nullopt;
}

}  // namespace ws
