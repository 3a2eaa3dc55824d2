// bind_all() of net/socket with one thing more, done to each socket before bind(2). Lesson 1.
// For the options that bind(2) itself looks at, such as SO_REUSEPORT (net/shared_port).
// Leaves out: the options that every listening socket of ours has (net/socket.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/fd.hpp"

namespace net {

// May throw; null for nothing.
using BeforeBind = void (*)(const Fd& socket);

std::vector<Fd> bind_all(const std::string& host, std::uint16_t port, int type,
                         BeforeBind before_bind);

}  // namespace net
