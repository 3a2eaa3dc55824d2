// The one way in which numbers are read from and written to the wire: network byte order, most
// significant byte first. Lesson 3.
// No casts of the wire: a pointer cast would read in the order of this machine's processor,
// and may stand at an address where a 64-bit load is not allowed.
#pragma once

#include "ws/bytes.hpp"

namespace ws {

// Reads an unsigned number of sizeof(T) bytes: 1, 2, 4 or 8. `bytes` holds at least that many.
template <typename T>
T load_be(Bytes bytes);

// Writes an unsigned number as sizeof(T) bytes. `out` has room for at least that many.
template <typename T>
void store_be(MutableBytes out, T value);

}  // namespace ws
