// What failed, in the words of wscat (which are those of npm's ws): its users know them, and
// their scripts look for them.
// Leaves out: the section of the RFC, which --trace adds.
#pragma once

#include <array>
#include <string>

#include "ws/close.hpp"
#include "ws/error.hpp"
#include "ws/frame.hpp"
#include "ws/handshake.hpp"

namespace wsc {

// The frames of one direction, followed from outside, so that a failure can be told in detail.
class FrameWatch {
  public:
    // How many of these bytes belong to the frame at hand; not 0 unless there are none.
    std::size_t advance(ws::Bytes bytes);

    // The frame at hand: its header, and the first two bytes of its payload as a close code.
    const ws::FrameHeader& header() const { return header_; }
    ws::CloseCode close_code() const;

  private:
    ws::Bytes seen() const { return ws::Bytes{bytes_}.first(size_); }

    // Of the header, and up to two of the payload. In place, for there may be millions of frames a
    // second, such as pings.
    std::array<std::uint8_t, ws::max_header_bytes + 2> bytes_{};
    std::size_t size_ = 0;
    ws::FrameHeader header_;
    bool has_header_ = false;
    std::uint64_t left_ = 0;
};

// "Invalid WebSocket frame: RSV1 must be clear" for a rule that the peer broke by that frame.
std::string frame_words(ws::Errc errc, const FrameWatch& frame);

// "Invalid Sec-WebSocket-Accept header" for a rule that the answer to our handshake broke.
std::string response_words(ws::Errc errc, const ws::Response& response,
                           const ws::ClientHandshake& handshake);

// "Parse Error: ..." for a head that is no HTTP.
std::string head_words(ws::Errc errc);

// "RFC 6455 §5.2: a reserved bit is set, ...", for --trace.
std::string rule_text(ws::Errc errc);

}  // namespace wsc
