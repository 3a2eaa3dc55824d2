// TCP to another server, begun and not waited for: for event loops. Lesson 16.
// The socket becomes writable when it is connected, or when it has failed; take_error() says which.
// Leaves out: looking up names, which waits (net/address, net/look_up): do it before.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/address.hpp"
#include "net/fd.hpp"

namespace net {

// None, with errno, when it fails at once. What is sent leaves without delay (TCP_NODELAY).
inline Fd start_connect(const Address& address) {
    Fd socket{::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket) return socket;
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket.get(), address.raw(), address.length) < 0 && errno != EINPROGRESS) {
        const int error = errno;
        socket.close();
        errno = error;
    }
    return socket;
}

}  // namespace net
