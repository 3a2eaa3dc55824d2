// --trace: where it prints, and for bytes without a structure yet, one line a chunk. Lesson 1.
// From lesson 5 on ws/trace does it, which finds the frames in the bytes.
// Leaves out: which connection a line belongs to; a trace is for watching one.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "ws/hex.hpp"

namespace cli {

// One call for the whole line: threads that trace at the same time do not mix theirs.
inline void trace_to_stderr(std::string_view line) {
    std::fputs((std::string{line} + '\n').c_str(), stderr);
}

// The trace of one connection, on standard error. The arrow → always comes from the client, so
// both sides of a connection write the same trace.
class ByteTrace {
  public:
    explicit ByteTrace(bool on) : on_{on} {}

    // What one read or one write moved:  `  1 → 48 69 0A                  3 bytes "Hi\n"`.
    void bytes(ws::Direction direction, ws::Bytes bytes) {
        line(direction, bytes,
             std::to_string(bytes.size()) + (bytes.size() == 1 ? " byte " : " bytes ") +
                 ws::quote(bytes, shown_text));
    }

    // One side says that it will send no more.
    void end(ws::Direction direction) { line(direction, {}, "end of stream"); }

    void line(ws::Direction direction, ws::Bytes bytes, std::string_view meaning) {
        if (on_) trace_to_stderr(ws::trace_line(++number_, direction, bytes, meaning));
    }

  private:
    static constexpr std::size_t shown_text = 40;  // bytes; the rest is "…"

    bool on_;
    unsigned number_ = 0;
};

}  // namespace cli
