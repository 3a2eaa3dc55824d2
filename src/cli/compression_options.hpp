// The options by which a program compresses messages: --compress and what goes with it. Lesson 14.
// The same for servers and clients; what each means to either side is RFC 7692 §7.1.
// Leaves out: what is agreed on with a peer (ws/deflate/permessage).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cli/options.hpp"
#include "ws/deflate/codec.hpp"

namespace cli {

class CompressionOptions {
  public:
    using Sharing = ws::deflate::PermessageDeflate::Sharing;

    // This object outlives options.parse().
    void declare(Options& options);

    // For endpoint options; lives as long as this object. Null without --compress. Another one at each
    // call: of several loops, each has its own.
    ws::Extensions* extensions(Sharing sharing);

  private:
    bool compress_ = false;
    bool no_context_takeover_ = false;
    std::uint64_t level_ = ws::deflate::usual_level;
    std::uint64_t threshold_ = ws::deflate::CodecOptions{}.threshold;
    std::uint64_t window_bits_ = ws::deflate::max_window_bits;
    std::vector<std::unique_ptr<ws::deflate::PermessageDeflate>> made_;
};

}  // namespace cli
