// The reading of --key and --masking-key. Lesson 5.
// RFC 6455 §4.1 and §5.3 say what a real client does instead. A handshake key is sent as it was
// given, even a wrong one: how a server refuses it is worth seeing.
#include "cli/key_options.hpp"

#include <algorithm>

#include "ws/handshake.hpp"
#include "ws/unhex.hpp"

namespace cli {

void KeyOptions::declare(Options& options) {
    options.custom("--key", "BASE64",
                   "this Sec-WebSocket-Key, to repeat a demonstration; a real client sends a new "
                   "random one each time",
                   [this](const std::string& value) {
                       if (!ws::is_header_value(value) || value.empty())
                           throw UsageError{"16 bytes in base64"};
                       handshake = value;
                   });
    options.custom("--masking-key", "HEX",
                   "this masking key for every frame, to repeat a demonstration; a real client "
                   "picks an unpredictable one for each (RFC 6455 §5.3, §10.3)",
                   [this](const std::string& value) {
                       const auto bytes = ws::unhex(value);
                       ws::MaskingKey key;
                       if (!bytes || bytes->size() != key.size())
                           throw UsageError{"4 bytes in hex, such as 37FA213D"};
                       std::ranges::copy(*bytes, key.begin());
                       masking = std::make_unique<endpoint::FixedKey>(key);
                   });
}

}  // namespace cli
