// What crosses the wire of one connection, a line a frame, for people. Lesson 5.
// The one trace format of the course: lessons, clients and checks all print it. It watches both
// directions from outside and splits heads and frames by itself, so it shows broken ones too,
// and costs nothing where it is not asked for.
// Leaves out: what lies between frames' bytes in time; a long payload beyond its beginning.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ws/frame.hpp"
#include "ws/hex.hpp"

namespace ws {

class Tracer {
  public:
    // Called with each finished line, without a line feed; a head is one text of several lines.
    using Sink = std::function<void(std::string_view line)>;

    // What the connection begins with.
    enum class Start : std::uint8_t { http_head, frames };

    // Without a sink no lines are made; see tap().
    explicit Tracer(Sink sink, Start start = Start::http_head);

    // From now on the bytes go there too, as they are and as they cross; any number of taps.
    using Tap = std::function<void(Direction, Bytes)>;
    void tap(Tap tap) { taps_.push_back(std::move(tap)); }

    // Bytes as they crossed, in that order, before anything was unmasked in place.
    void bytes(Direction direction, Bytes bytes);

    // The connection is over: shows what is left of an unfinished head or frame.
    void end();

  private:
    // The bytes of one direction.
    struct Stream {
        Direction direction;
        Start at;
        Buffer collected{};      // of a head, or of a frame: header and the beginning of a payload
        FrameHeader header{};
        bool has_header = false;
        std::uint64_t left = 0;  // payload bytes that have not crossed
        Opcode message = Opcode::binary;  // what a continuation continues
    };

    std::size_t head_bytes(Stream& stream, Bytes bytes);
    std::size_t frame_bytes(Stream& stream, Bytes bytes);
    void show_head(Stream& stream);
    void show_frame(Stream& stream);
    void show_unfinished(Stream& stream);

    Sink sink_;
    std::vector<Tap> taps_;
    Stream from_client_;
    Stream from_server_;
    unsigned lines_ = 0;
    std::uint8_t negotiated_rsv_ = 0;  // the server has agreed to an extension
};

// "TEXT FIN masked len=5", the part of a trace line that the header alone decides.
std::string describe_header(const FrameHeader& header);

}  // namespace ws
