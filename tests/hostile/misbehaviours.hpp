// What a server can do to its client that no client should suffer from: refusals and answers of every kind,
// silence, bytes that draw on a terminal, frames that break rules, floods, and ends at the wrong moment.
// Leaves out: how a client should bear it (main.cpp).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/hostile/server.hpp"

namespace hostile {

struct Misbehaviour {
    std::string name{};
    bool in_opening = false;  // the connection is never open
    bool breaks_rule = false; // of a kind that fails the opening or the connection: the client has to say so
    bool draws = false;       // it holds bytes that a terminal must not get
    std::function<void(Server&)> act{};  // the request has been read, nothing was answered
};

// What a terminal would obey, if it got it. The mark is in nothing else.
inline constexpr std::string_view mark = "PWNED";
const std::vector<std::string>& drawings();

std::vector<Misbehaviour> misbehaviours();

}  // namespace hostile
