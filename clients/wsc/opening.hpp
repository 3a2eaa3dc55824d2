// The opening handshake of both modes, with all that may stand before it: a Unix socket, a proxy,
// TLS, redirects. RFC 6455 §4.1 and §4.2.
// Offers permessage-deflate, as wscat does; as a server, agrees to none.
// Leaves out: compressing itself (ws/deflate).
#pragma once

#include <memory>

#include "clients/wsc/options.hpp"
#include "clients/wsc/tls.hpp"
#include "clients/wsc/waiting.hpp"
#include "clients/wsc/wire.hpp"
#include "net/fd.hpp"
#include "ws/extension.hpp"

namespace wsc {

// A connection whose handshake has succeeded.
struct Opened {
    std::unique_ptr<Tls> tls;  // with wss://; lives as long as the stream
    net::Fd stream;
    std::unique_ptr<ws::Extension> extension;  // null: none was agreed on
    ws::Buffer beginning;  // bytes that came after the head
};

// Connects and asks for a WebSocket. Throws PeerFailure, OwnFailure, and as Waiting.
Opened open_connection(const Settings& settings, const Waiting& waiting, Wire& wire);

// Answers a client that has connected: any path, any origin, the first subprotocol that it
// offers. Throws PeerFailure when it asks for something else; it has been told.
Opened accept_client(net::Fd socket, const Waiting& waiting, Wire& wire);

}  // namespace wsc
