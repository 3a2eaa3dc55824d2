// Bytes as people write them: keys in options, bytes to be explained. Lesson 5.
// The other way round than ws/hex, and not strict: what people copy from a text or a dump is taken
// as it is.
#pragma once

#include <optional>
#include <string_view>

#include "ws/bytes.hpp"

namespace ws {

// Reads "81 05 48", "810548", "0x81, 0x05": pairs of digits, anything between them that is
// neither digit nor letter. Nothing, when a digit stands alone or a letter is none.
std::optional<Buffer> unhex(std::string_view text);

}  // namespace ws
