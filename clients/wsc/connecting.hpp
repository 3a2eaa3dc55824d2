// From a name to a connected socket, without a call that would block: Ctrl-C and the handshake's
// timeout work from the first moment on. wscat's words for what goes wrong.
// Leaves out: what is said over the socket (opening).
#pragma once

#include <string>

#include "clients/wsc/waiting.hpp"
#include "net/fd.hpp"

namespace wsc {

// Connects to the first address of `host` that answers. Throws PeerFailure, in wscat's words:
// "getaddrinfo ENOTFOUND host", "connect ECONNREFUSED 127.0.0.1:1"; and as Waiting.
net::Fd connect_tcp(const std::string& host, std::uint16_t port, const Waiting& waiting);

// The same for a Unix socket: "connect ENOENT /path".
net::Fd connect_unix(const std::string& path, const Waiting& waiting);

}  // namespace wsc
