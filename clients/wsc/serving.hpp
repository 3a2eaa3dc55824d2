// -l with --run: a program for each client, whose lines are messages both ways. As websocketd does.
// Drives the library's event loop (endpoint/server), so limits, keep-alive and slow clients are its.
// Leaves out: binary messages out of a program; a Unix socket.
#pragma once

#include "clients/wsc/session.hpp"

namespace wsc {

// Until a signal asks us to leave. All programs have ended then.
Ending serve_programs(const Settings& settings, Screen& screen, const Signals& signals);

}  // namespace wsc
