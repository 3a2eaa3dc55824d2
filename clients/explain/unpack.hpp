// What compressed messages say, for people who look at bytes: RFC 7692 §7.2.2.
// RSV1 means "compressed" only where permessage-deflate was agreed on, and bytes alone do not tell.
// Leaves out: what a stream is made of (blocks).
#pragma once

#include <string>

#include "ws/bytes.hpp"

namespace explain {

// For each message among these frames whose first frame has RSV1, what it says and its symbols; empty
// for none.
std::string unpack(ws::Bytes frames);

}  // namespace explain
