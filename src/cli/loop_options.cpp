// The limits and times of endpoint::ServerOptions as options, in one order for all. Lesson 11.
// A program with a default of its own sets it in the target before it declares.
// Leaves out: checking one against another; the endpoint takes any of them.
#include "cli/loop_options.hpp"

#include "cli/admission_options.hpp"
#include "cli/byte_trace.hpp"
#include "cli/size_options.hpp"

namespace cli {

void LoopLine::declare(Options& options, endpoint::ServerOptions& target) {
    max_fragments_ = target.limits.max_fragments;
    options.server(common);
    capture.declare(options);
    options.path(common);
    declare_allowed_origins(options, target);
    size_option(options, "--max-message-bytes", target.limits.max_message_bytes,
                "a longer message is refused with 1009");
    options.number("--max-fragments", max_fragments_, 1, UINT32_MAX, "N",
                   "a message of more frames is refused with 1008");
    options.number("--max-head-bytes", target.head_limits.max_head_bytes, 64, 1u << 20, "N",
                   "a longer request is refused with 431");
    size_option(options, "--max-backlog-bytes", target.max_backlog_bytes,
                "waiting for one client; then we stop reading from it");
    options.number("--max-connections", target.max_connections, 0, 1u << 24, "N",
                   "in all; 0: what the limit of descriptors allows");
    options.number("--max-connections-per-address", target.max_connections_per_address, 0, 1u << 24,
                   "N", "0: no limit");
    options.seconds("--handshake-timeout", target.handshake_timeout, "for the opening handshake");
    options.seconds_or_off("--ping-interval", target.ping_interval,
                           "from one ping to the next");
    options.seconds_or_off("--idle-timeout", target.idle_timeout, "without a sign of life, then the end");
    options.seconds("--close-timeout", target.close_timeout, "for the peer's Close");
    options.seconds("--write-timeout", target.write_timeout, "without the peer taking a byte");
    options.seconds("--shutdown-timeout", target.shutdown_timeout, "for all of them, at the end");
}

void LoopLine::finish(endpoint::ServerOptions& target) const {
    target.limits.max_fragments = static_cast<std::uint32_t>(max_fragments_);
    target.host = common.host;
    target.port = common.port;
    target.path = common.path;
    if (common.trace) target.trace = trace_to_stderr;
    target.make_tap = capture.taps();
}

}  // namespace cli
