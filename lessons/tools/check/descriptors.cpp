// The system calls behind check/descriptors.hpp.
// Leaves out: what to do when one of them fails; on a loopback that works none does.
#include "lessons/tools/check/descriptors.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

namespace check {

namespace {

int bound(int type) {
    const int socket = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
    return socket;
}

int connect_to(std::uint16_t port, int family, int type) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = in6addr_loopback;
    const int socket = ::socket(family, type | SOCK_CLOEXEC, 0);
    const int failed = family == AF_INET6
                           ? ::connect(socket, reinterpret_cast<sockaddr*>(&v6), sizeof v6)
                           : ::connect(socket, reinterpret_cast<sockaddr*>(&v4), sizeof v4);
    if (failed == 0) return socket;
    ::close(socket);
    return -1;
}

}  // namespace

Ends::Ends(bool small) {
    int both[2];
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both);
    mine_ = both[0];
    theirs_ = both[1];
    const int size = 1;
    if (small) ::setsockopt(theirs_, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

void Ends::close_mine() {
    if (mine_ >= 0) ::close(std::exchange(mine_, -1));
}

void Ends::close_theirs() {
    if (theirs_ >= 0) ::close(std::exchange(theirs_, -1));
}

bool Ends::theirs_is_closed() const {
    pollfd entry{mine_, 0, 0};
    return ::poll(&entry, 1, 0) == 1 && (entry.revents & POLLHUP) != 0;
}

Buffer read_during(Pending& call, int descriptor) {
    Buffer all;
    Buffer piece(65536);
    for (bool over = false;;) {
        const ssize_t got = ::recv(descriptor, piece.data(), piece.size(), MSG_DONTWAIT);
        if (got > 0) {
            all.insert(all.end(), piece.begin(), piece.begin() + got);
            continue;
        }
        if (over || got == 0) return all;
        over = call.ready(Milliseconds{5});
    }
}

NoDescriptors::NoDescriptors(Program& program) : pid_{program.pid()} {
    // The lowest number that is free would be the next.
    rlim_t next = 0;
    while (std::filesystem::is_symlink("/proc/" + std::to_string(pid_) + "/fd/" + std::to_string(next)))
        ++next;
    ::prlimit(pid_, RLIMIT_NOFILE, nullptr, &before_);
    const rlimit none{next, before_.rlim_max};
    ::prlimit(pid_, RLIMIT_NOFILE, &none, nullptr);
}

NoDescriptors::~NoDescriptors() { ::prlimit(pid_, RLIMIT_NOFILE, &before_, nullptr); }

int listen_on_loopback() {
    const int socket = bound(SOCK_STREAM);
    ::listen(socket, 16);
    return socket;
}

int datagrams_on_loopback() { return bound(SOCK_DGRAM); }

bool has_ipv6() {
    const int socket = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 loopback{};
    loopback.sin6_family = AF_INET6;
    loopback.sin6_addr = in6addr_loopback;
    const bool has =
        socket >= 0 && ::bind(socket, reinterpret_cast<sockaddr*>(&loopback), sizeof loopback) == 0;
    if (socket >= 0) ::close(socket);
    return has;
}

int connect_to_loopback(std::uint16_t port, bool ipv6) {
    return connect_to(port, ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM);
}

int datagrams_to_loopback(std::uint16_t port) { return connect_to(port, AF_INET, SOCK_DGRAM); }

int accept_from(int listening) {
    pollfd entry{listening, POLLIN, 0};
    if (::poll(&entry, 1, 1000) != 1) return -1;
    return ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
}

std::uint16_t port_of(int socket) {
    sockaddr_in6 address{};
    socklen_t length = sizeof address;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
    return ntohs(address.sin6_port);  // at the same place in both families
}

}  // namespace check
