// -l: a server for one client at a time. Any path, any origin, the first subprotocol on offer.
// Further clients are refused with 503 while there is one; with --clients see several.hpp.
// RFC 6455 §4.2. Leaves out: TLS, and everything that a real server needs (lesson 11).
#pragma once

#include "clients/wsc/session.hpp"

namespace wsc {

// Until Ctrl-C, or until the input has ended and the client has left. Throws PeerFailure when the
// port cannot be had.
Ending listen(const Settings& settings, Screen& screen, const Signals& signals, History& history,
              Kept kept);

}  // namespace wsc
