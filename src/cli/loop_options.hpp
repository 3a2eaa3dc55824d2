// What every server on an event loop is told. Lesson 11.
// The defaults are those that stand in the settings when they are declared.
// Leaves out: what only one program has.
#pragma once

#include "cli/capture.hpp"
#include "cli/options.hpp"
#include "endpoint/server_options.hpp"

namespace cli {

struct LoopLine {
    Common common{};
    CaptureOption capture{};

    // --host to --trace, --pcap, --path, limits and times. `target` outlives options.parse(), and this
    // object every connection.
    void declare(Options& options, endpoint::ServerOptions& target);
    // After parsing: what was said stands in `target` too.
    void finish(endpoint::ServerOptions& target) const;

  private:
    std::uint64_t max_fragments_ = 0;
};

}  // namespace cli
