// Are the bytes that came back the right ones? Every one of them is compared.
// A server that answers in the plainest way is compared with prepared frames, many at a time. From
// the first byte on that is different (a ping, a fragment, a Close), a ws::Connection reads this
// server's frames by the rules, and payloads are compared piece by piece.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "clients/load/prepared.hpp"
#include "ws/connection.hpp"

namespace load {

class Answers {
  public:
    // `first` is the number of the first message that is expected. Both outlive this object.
    Answers(const Prepared& prepared, std::uint64_t first, ws::KeySource& keys)
        : prepared_{&prepared}, keys_{&keys}, number_{first} {}

    // Takes what one read brought, and says how many messages it has completed. What must be
    // answered to it (pongs) is appended to `out`.
    std::uint64_t take(ws::MutableBytes bytes, ws::Buffer& out);

    // What was wrong; empty as long as nothing was. Then nothing more is taken.
    const std::string& error() const { return error_; }
    // The code of the server's Close, once it has come.
    std::optional<ws::CloseCode> close_code() const { return close_code_; }
    // Between two messages?
    bool at_boundary() const { return offset_ == 0; }

  private:
    std::size_t compare(ws::Bytes bytes);
    void begin_reading_frames();
    std::uint64_t read_frames(ws::MutableBytes bytes, ws::Buffer& out);
    bool handle(const ws::Event& event);
    bool take_piece(const ws::Event& piece);

    const Prepared* prepared_;
    ws::KeySource* keys_;
    std::unique_ptr<ws::Connection> connection_;  // once the server has answered in another way
    std::uint64_t number_;                        // of the message at hand
    std::size_t offset_ = 0;  // bytes of it that have come: of its frame, or with connection_ of
                              // its payload
    std::string error_;
    std::optional<ws::CloseCode> close_code_;
};

}  // namespace load
