// The option before bind(2), and the look before it. Lesson 15.
// With SO_REUSEPORT "address already in use" is no failure any more where it was a useful one: a
// server started twice by mistake would get half of the first one's clients, and nobody would be told.
#include "net/shared_port.hpp"

#include <sys/socket.h>

#include "net/bind.hpp"
#include "net/os_error.hpp"
#include "net/socket.hpp"

namespace net {

namespace {

void allow_sharing(const Fd& socket) {
    const int on = 1;
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
        throw_system_error("cannot share a port");
}

// Without the option, as the only one: fails when anybody listens there.
void expect_free(const std::string& host, std::uint16_t port) {
    if (port != 0) Listener{host, port};
}

}  // namespace

std::vector<std::vector<Fd>> share_port(const std::string& host, std::uint16_t port,
                                        unsigned count) {
    expect_free(host, port);
    std::vector<std::vector<Fd>> sets;
    for (unsigned i = 0; i < count; ++i) {
        sets.push_back(bind_all(host, port, SOCK_STREAM, allow_sharing));
        port = local_port(sets.front().front());
    }
    return sets;
}

}  // namespace net
