// Options written into the endpoint's own structures, and copied where two of them meet. Lesson 8.
// The path and the trace are options of every program, and settings of an endpoint: they are joined
// here, once.
#include "cli/blocking_options.hpp"

#include <cstdio>

#include "cli/byte_trace.hpp"
#include "cli/say.hpp"

namespace cli {

void ServerLine::declare(Options& options, endpoint::AcceptOptions& target) {
    options.server(common);
    capture.declare(options);
    options.path(common);
    options.number("--max-head-bytes", target.head_limits.max_head_bytes, 64, 1u << 20, "N",
                   "a longer request head is refused with 431");
    options.seconds("--handshake-timeout", target.handshake_timeout,
                    "for the whole opening handshake");
    options.seconds("--close-timeout", target.close_timeout,
                    "for the peer's Close and its end of TCP");
    options.seconds("--write-timeout", target.write_timeout, "without the peer taking a byte");
}

net::Listener ServerLine::listen(endpoint::AcceptOptions& target,
                                    const net::StopSignal& stop) const {
    target.path = common.path;
    if (common.trace) target.trace = trace_to_stderr;
    target.make_tap = capture.taps();
    target.stop_fd = stop.fd();
    net::Listener listener{common.host, common.port};
    announce("WebSocket server at", common, listener.port());
    return listener;
}

void ClientLine::declare(Options& options, endpoint::DialOptions& target) {
    options.client(common, {"ws"});
    options.path(common);
    options.seconds("--handshake-timeout", target.handshake_timeout, "for the whole handshake");
    options.seconds("--close-timeout", target.close_timeout, "for the server's Close");
    keys.declare(options);
}

std::string ClientLine::finish(endpoint::DialOptions& target, const net::StopSignal& stop) const {
    target.stop_fd = stop.fd();
    target.stop_code = ws::close_code::normal;
    target.key = keys.handshake;
    target.masking_keys = keys.masking.get();
    if (common.trace) target.trace = trace_to_stderr;
    return "ws://" + net::join_host_port(common.host, common.port) + common.path;
}

int report_end(const endpoint::Error& error) {
    std::fprintf(stderr, "Disconnected: %s\n", error.message().c_str());
    // What an application means by a code of its own (RFC 6455 §7.4.2) is no failure of ours.
    const bool its_own = error.kind == endpoint::Error::Kind::closed && error.code >= 3000;
    return error.expected() || its_own ? 0 : 1;
}

}  // namespace cli
