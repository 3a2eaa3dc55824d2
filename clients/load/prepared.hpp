// All bytes that clients send and should get back, made before the first connection: so that a
// message costs no allocation, no masking and no random number while we measure.
// A few different messages take turns, and their frames lie one behind the other: as many as may be
// in flight are one piece of memory, and leave in one send().
#pragma once

#include "clients/load/settings.hpp"
#include "ws/frame.hpp"

namespace load {

class Prepared {
  public:
    explicit Prepared(const Settings& settings);

    // Of message `number`, from byte `offset` of its frame on, and of the messages after it: up
    // to `count` messages, as many as lie here in a row; at least the rest of the first.
    ws::Bytes to_send(std::uint64_t number, std::size_t offset, std::uint64_t count) const;
    // The same for what a server answers that uses one frame with the shortest header.
    ws::Bytes expected(std::uint64_t number, std::size_t offset, std::uint64_t count) const;

    ws::Bytes payload(std::uint64_t number) const;
    ws::Opcode opcode() const { return opcode_; }

    std::size_t frame_bytes() const { return frame_bytes_; }    // of what is sent
    std::size_t answer_bytes() const { return answer_bytes_; }  // of what is expected
    // Of the answer's header; raw answers have none.
    std::size_t header_bytes() const { return raw_ ? 0 : answer_bytes_ - payload_bytes_; }
    bool raw() const { return raw_; }
    std::uint64_t in_flight() const { return frames_ - different_ + 1; }

  private:
    ws::Bytes in_row(const ws::Buffer& row, std::size_t size, std::uint64_t number,
                     std::size_t offset, std::uint64_t count) const;

    bool raw_;
    ws::Opcode opcode_;
    std::size_t payload_bytes_;
    std::uint64_t different_;  // messages that take turns
    std::uint64_t frames_;     // in a row
    ws::Buffer payloads_;      // `different_` of them
    ws::Buffer to_send_;       // `frames_` frames, masked
    ws::Buffer expected_;      // `frames_` frames, not masked; of raw servers nothing: see to_send_
    std::size_t frame_bytes_ = 0;
    std::size_t answer_bytes_ = 0;
};

}  // namespace load
