// -l with --clients N: several clients at once. What is typed goes to all of them, or to one by /to N;
// each has a number, and its lines are marked with it as soon as there is more than one.
// Drives the library's event loop (endpoint/server), as --run does.
// Leaves out: pings and pongs that are shown; messages that a client's kernel held when it went.
#pragma once

#include "clients/wsc/session.hpp"

namespace wsc {

// Until Ctrl-C, or until the input has ended and the last client has left. Throws PeerFailure when the
// port cannot be had.
Ending listen_to_several(const Settings& settings, Screen& screen, const Signals& signals,
                         History& history, Kept kept);

}  // namespace wsc
