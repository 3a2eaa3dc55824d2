// The options that make a client's run repeatable: --key and --masking-key. Lesson 5.
// Every real client leaves them alone: RFC 6455 §4.1 wants a nonce, §5.3 unpredictable keys.
// Leaves out: everything random; that is endpoint/keys.
#pragma once

#include <memory>
#include <string>

#include "cli/options.hpp"
#include "endpoint/keys.hpp"

namespace cli {

struct KeyOptions {
    std::string handshake;  // Sec-WebSocket-Key; empty: a random one
    std::unique_ptr<ws::KeySource> masking = std::make_unique<endpoint::RandomKeys>();

    // This object outlives options.parse().
    void declare(Options& options);
};

}  // namespace cli
