// What every server and every client on the blocking endpoint is told. Lesson 8.
// A program declares it, adds the options that are its own, parses, and finishes.
// Leaves out: keep-alive (lesson 9) and who may connect (lesson 10).
#pragma once

#include <string>

#include "cli/capture.hpp"
#include "cli/key_options.hpp"
#include "cli/options.hpp"
#include "endpoint/dial_accept.hpp"
#include "net/signal.hpp"
#include "net/socket.hpp"

namespace cli {

struct ServerLine {
    Common common{};
    CaptureOption capture{};

    // --host to --trace, --pcap, --path, --max-head-bytes, and the times of a connection. `target`
    // outlives options.parse(), and this object every connection.
    void declare(Options& options, endpoint::AcceptOptions& target);
    // After parsing: what was said stands in `target` too, and the server listens and says where.
    net::Listener listen(endpoint::AcceptOptions& target, const net::StopSignal& stop) const;
};

struct ClientLine {
    Common common{};
    KeyOptions keys{};

    // URL, --host to --trace, --path, keys for demonstrations, and the times of a connection. This
    // object and `target` outlive options.parse().
    void declare(Options& options, endpoint::DialOptions& target);
    // After parsing: what was said stands in `target` too. Ctrl-C ends the connection with 1000.
    // The URL to dial.
    std::string finish(endpoint::DialOptions& target, const net::StopSignal& stop) const;
};

// Says on standard error how a connection has ended; the client's exit status.
int report_end(const endpoint::Error& error);

}  // namespace cli
