// An address from its text alone. Lesson 2.
// What resolve() would do for "192.0.2.1" too; but this never asks a name server, and never waits.
// Leaves out: names, ports, scopes.
#pragma once

#include <optional>
#include <string_view>

#include "net/address.hpp"

namespace net {

// The address that `text` spells out, "192.0.2.1" or "2001:db8::1", with port 0. Nothing for
// anything else: no name is looked up, and brackets and ports do not belong into it.
std::optional<Address> parse_ip(std::string_view text);

}  // namespace net
