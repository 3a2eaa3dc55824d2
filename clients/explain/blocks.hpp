// A compressed message, symbol by symbol: its blocks, codes, literals and matches. RFC 1951 §3.2.
// Each line has the bits as they come from the stream, and what they mean.
// Leaves out: faults; the stream was unpacked before, so it has none (unpack).
#pragma once

#include <string>

#include "ws/bytes.hpp"

namespace explain {

// Of a stream that ends at the last byte of `packed`; `before` is what its matches may refer to, and
// what it unpacks to is appended there. At most `most_lines` lines, each indented.
std::string blocks(ws::Bytes packed, ws::Buffer& before, std::size_t most_lines);

}  // namespace explain
