// Frames as the checks make and read them, RFC 6455 §5.2: an independent and naive twin of
// ws/frame, so that a student's mistake there cannot hide itself.
// Leaves out: rules. A broken frame is made and read as willingly as a right one.
#pragma once

#include <optional>

#include "lessons/tools/check/bytes.hpp"

namespace check {

enum class Op : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10,
};

using Key = std::array<std::uint8_t, 4>;

Buffer masked_with(Key key, Bytes bytes);

// A frame to send or to expect: text("Hello").masked(key).not_last(). Each call gives a changed
// copy. As it begins it is whole, unmasked, and its length is in the shortest form.
class Frame {
  public:
    Frame(Op op, Bytes payload) : op_{static_cast<std::uint8_t>(op)} {
        payload_.assign(payload.begin(), payload.end());
    }

    Frame masked(Key key) const;
    Frame any_key() const;   // to expect from a client: masked, with whatever key it chose
    Frame unmasked() const;
    Frame not_last() const;  // FIN is 0
    Frame rsv(unsigned bits) const;               // 4, 2, 1 for RSV1, RSV2, RSV3
    Frame opcode(unsigned number) const;          // any of the 16
    Frame length_in(int bytes) const;             // 0, 2 or 8, also where it is not the shortest
    Frame announcing(std::uint64_t length) const; // another length than the payload has

    Buffer bytes() const;
    Buffer header() const;
    const Buffer& payload() const { return payload_; }
    bool wants_any_key() const { return any_key_; }

  private:
    std::uint8_t op_;
    bool fin_ = true;
    std::uint8_t rsv_ = 0;
    std::optional<Key> key_;
    bool any_key_ = false;
    int length_bytes_ = -1;  // the shortest
    std::optional<std::uint64_t> announced_;
    Buffer payload_;
};

Frame text(std::string_view payload);
Frame binary(Bytes payload);
Frame continuation(std::string_view payload);
Frame ping(std::string_view payload = {});
Frame pong(std::string_view payload = {});
Frame close();                                                    // with an empty body
Frame close(std::uint16_t code, std::string_view reason = {});

// One after the other, masked with this key.
Buffer joined(const std::vector<Frame>& frames, const std::optional<Key>& key = std::nullopt);

// What stands at the front of some bytes.
struct Seen {
    bool has_header = false;  // all bytes of the header are there
    bool whole = false;       // and all of the payload
    bool fin = false;
    std::uint8_t rsv = 0;
    std::uint8_t opcode = 0;
    bool masked = false;
    int length_bytes = 0;         // 0, 2 or 8 further bytes
    std::uint64_t length = 0;
    Key key{};
    std::size_t header_size = 0;  // as announced by the first two bytes
    std::size_t size = 0;         // header and payload, as far as they are there
    Buffer payload{};             // as far as it is there, unmasked

    bool is(Op op) const { return opcode == static_cast<std::uint8_t>(op); }
    std::string_view text() const { return text_of(payload); }
    // Of a Close; 0 when it has none.
    std::uint16_t close_code() const;
};
Seen read_frame(Bytes bytes);

std::string name_of_opcode(std::uint8_t opcode);

// The part of a trace line after the bytes: TEXT FIN masked len=5 "Hello". A question mark
// after the length: that many bytes are not there.
std::string describe(const Seen& frame);

// What a byte of a frame is: "byte 2, the first of the two length bytes (00 7E = 126)".
std::string what_is(Bytes frame, std::size_t offset);

// The first two bytes in words: "FIN 1, opcode 1 (TEXT)", "MASK 1, length 5".
std::string first_byte_in_words(std::uint8_t byte);
std::string second_byte_in_words(std::uint8_t byte);

}  // namespace check
