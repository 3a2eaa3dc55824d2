// Looking up a name, with a deadline and an ear for Ctrl-C. Lesson 2.
// getaddrinfo() has neither: it waits for name servers that do not answer for as long as it likes,
// often half a minute.
#pragma once

#include <string>
#include <vector>

#include "net/socket.hpp"

namespace net {

// resolve(), but not beyond the deadline, and not once `stop_fd` (a descriptor that becomes
// readable when the program should end; -1 for none) is readable. Throws ResolveError, Stopped.
std::vector<Address> resolve_in_time(const std::string& host, std::uint16_t port, int type,
                                     Deadline deadline, int stop_fd);

// connect_tcp(), with one deadline for the look-up and the connection.
Fd connect_in_time(const std::string& host, std::uint16_t port, Deadline deadline,
                   int stop_fd = -1);

}  // namespace net
