// UTF-8 checked 32 bytes at a time, where the processor can. RFC 3629, RFC 6455 §8.1. Lesson 8.
// A shortcut for ws/utf8, which decides: what is skipped here is valid for certain, and what is not
// skipped is looked at byte by byte.
#pragma once

#include "ws/bytes.hpp"

namespace ws {

inline constexpr std::size_t utf8_block_bytes = 32;  // a shorter text gains nothing here

// So many bytes at the front of `text`, which begins between two characters, are whole and valid
// characters. The rest may be so too: a last block that is not full, an error and what is near it,
// and on a processor without AVX2 everything.
std::size_t valid_blocks(Bytes text);

}  // namespace ws
