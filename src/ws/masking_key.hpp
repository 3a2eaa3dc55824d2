// The masking key of a frame, and where a client has it from: RFC 6455 §5.3. Lesson 5.
// Nearly every file knows of keys, and few mask: those include ws/mask.hpp, too.
// Leaves out: what is done with a key (ws/mask), and where chance comes from (endpoint/keys).
#pragma once

#include "ws/bytes.hpp"

namespace ws {

using MaskingKey = std::array<std::uint8_t, 4>;

// Where a client's masking keys come from; injected, so that this folder needs no system.
// RFC 6455 §5.3: "The masking key needs to be unpredictable".
class KeySource {
  public:
    virtual ~KeySource() = default;
    virtual MaskingKey next_key() = 0;
};

}  // namespace ws
