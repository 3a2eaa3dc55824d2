// The system calls of TCP, each in one loop that knows how they end. Lesson 1.
// EINTR is tried again, EAGAIN is waited out with poll(2) up to the deadline, a short write goes
// on where it stopped, and a peer that is gone is a value (EPIPE) and no SIGPIPE.
#include "net/socket.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cassert>

#include "net/bind.hpp"
#include "net/os_error.hpp"

namespace net {

namespace {

// How many connections may wait to be accepted. The kernel may lower it (net.core.somaxconn).
constexpr int listen_backlog = 4096;

// Ports that Listener tries when it may choose one and the other family has it in use.
constexpr int port_attempts = 16;

void set_option(const Fd& socket, int level, int name, int value) noexcept {
    ::setsockopt(socket.get(), level, name, &value, sizeof value);
}

// Milliseconds for poll(): rounded up, so that poll never returns just before the deadline and
// makes its caller spin; -1 is poll's "for ever".
int poll_timeout(Deadline deadline) {
    if (!deadline) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30));
}

// Waits for `events` on the descriptors; false when the deadline came.
bool wait(std::span<pollfd> descriptors, Deadline deadline) {
    for (;;) {
        const int ready = ::poll(descriptors.data(), descriptors.size(), poll_timeout(deadline));
        if (ready > 0) return true;
        if (ready == 0 && deadline && Clock::now() >= *deadline) return false;
        if (ready < 0 && errno != EINTR) throw_system_error("poll");
    }
}

int first_ready(std::span<const pollfd> polled) {
    const auto ready =
        std::ranges::find_if(polled, [](const pollfd& entry) { return entry.revents != 0; });
    return static_cast<int>(ready - polled.begin());
}

bool wait_for(const Fd& socket, short events, Deadline deadline) {
    pollfd descriptor{socket.get(), events, 0};
    return wait(std::span{&descriptor, 1}, deadline);
}

bool would_block(int error) {
    return error == EAGAIN || error == EWOULDBLOCK;
}

// What to do when accept() has failed for want of a descriptor or of memory. `stop` ends the wait.
void wait_if_exhausted(int error, std::span<pollfd> stop) {
    // The client stays in the kernel's queue, so poll() would return at once, over and over. Wait
    // a moment; others give theirs back.
    const bool exhausted = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
    if (exhausted) wait(stop, after(std::chrono::milliseconds{50}));
}

void bind_and_listen(const Fd& socket, const Address& address, int type, bool only_one) {
    // Without this a restarted server finds its own port "in use" for a minute: connections of
    // the previous run are still in TIME_WAIT. Datagram sockets know no such state; there the
    // option would let a second server take the first one's datagrams.
    if (type == SOCK_STREAM) set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    // Small messages leave at once and do not wait for the previous one's ACK (Nagle). Linux
    // hands the setting on to every socket that is accepted.
    if (type == SOCK_STREAM) set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    // Each family has a socket of its own: without the option one on :: would take IPv4 as well, and
    // 0.0.0.0 could not have the same port beside it. But `--host ::` alone means everywhere.
    if (address.family() == AF_INET6)
        set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, only_one ? 0 : 1);
    if (::bind(socket.get(), address.raw(), address.length) < 0 ||
        (type == SOCK_STREAM && ::listen(socket.get(), listen_backlog) < 0))
        throw_system_error("cannot listen on " + address.to_string());
}

Fd bind_to(const Address& address, int type, bool only_one, BeforeBind before_bind) {
    Fd socket{::socket(address.family(), type | SOCK_CLOEXEC, 0)};
    if (!socket) throw_system_error("cannot make a socket");
    if (before_bind != nullptr) before_bind(socket);
    bind_and_listen(socket, address, type, only_one);
    // accept() must not block when the client that poll() announced has gone again.
    ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
    return socket;
}

// A machine without IPv6 still resolves ::1. That address is left out, no failure.
bool family_missing(int error) { return error == EAFNOSUPPORT || error == EADDRNOTAVAIL; }

std::vector<Fd> bind_to_all(std::vector<Address> addresses, int type, BeforeBind before_bind) {
    std::vector<Fd> sockets;
    std::optional<std::system_error> failure;
    for (Address& address : addresses) {
        if (!sockets.empty()) address.set_port(local_port(sockets.front()));
        try {
            sockets.push_back(bind_to(address, type, addresses.size() == 1, before_bind));
        } catch (const std::system_error& error) {
            if (!family_missing(error.code().value())) throw;
            failure = error;
        }
    }
    if (sockets.empty()) throw std::system_error{*failure};
    return sockets;
}

// Connects within the deadline; 0 or what went wrong.
int connect_to(const Fd& socket, const Address& address, Deadline deadline, int stop_fd) {
    // A connect that does not block, then a wait: the only way to give it a deadline, and an ear
    // for Ctrl-C.
    if (::connect(socket.get(), address.raw(), address.length) == 0) return 0;
    if (errno != EINPROGRESS && errno != EINTR) return errno;
    std::array<pollfd, 2> polled{{{stop_fd, POLLIN, 0}, {socket.get(), POLLOUT, 0}}};
    if (!wait(polled, deadline)) return ETIMEDOUT;
    if (polled[0].revents != 0) throw Stopped{};
    int failure = 0;
    socklen_t size = sizeof failure;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
    return failure;
}

// A fair part of the time that is left, so that an address which swallows everything does not
// use up the time of the next one.
Deadline part_of(Deadline deadline, std::size_t parts) {
    if (!deadline || parts <= 1) return deadline;
    const auto now = Clock::now();
    return now + (*deadline - now) / static_cast<int>(parts);
}

}  // namespace

std::string IoResult::message() const {
    switch (status) {
        case IoStatus::ok: return "ok";
        case IoStatus::closed: return "the peer ended the connection";
        case IoStatus::timed_out: return "timed out";
        case IoStatus::failed: return std::generic_category().message(error);
    }
    return "?";
}

IoResult receive_some(const Fd& socket, std::span<std::uint8_t> buffer, Deadline deadline) {
    assert(!buffer.empty());  // recv() of nothing returns 0, as at the end of the stream
    // With a deadline: try first, and wait only when there is nothing. Mostly one system call.
    const int flags = deadline ? MSG_DONTWAIT : 0;
    for (;;) {
        if (deadline && Clock::now() >= *deadline) return {IoStatus::timed_out, 0, 0};
        const ssize_t received = ::recv(socket.get(), buffer.data(), buffer.size(), flags);
        if (received > 0) return {IoStatus::ok, static_cast<std::size_t>(received), 0};
        if (received == 0) return {IoStatus::closed, 0, 0};
        if (errno == EINTR) continue;
        if (!would_block(errno)) return {IoStatus::failed, 0, errno};
        if (!wait_for(socket, POLLIN, deadline)) return {IoStatus::timed_out, 0, 0};
    }
}

IoResult receive_exactly(const Fd& socket, std::span<std::uint8_t> buffer, Deadline deadline) {
    std::size_t done = 0;
    while (done < buffer.size()) {
        IoResult result = receive_some(socket, buffer.subspan(done), deadline);
        done += result.bytes;
        if (!result) {
            result.bytes = done;
            return result;
        }
    }
    return {IoStatus::ok, done, 0};
}

IoResult send_some(const Fd& socket, std::span<const std::uint8_t> bytes, Deadline deadline,
                   int stop_fd) {
    // MSG_NOSIGNAL: a peer that is gone gives EPIPE. The default would be SIGPIPE, which ends
    // the whole program, and with it every other client.
    const int flags = MSG_NOSIGNAL | (deadline || stop_fd >= 0 ? MSG_DONTWAIT : 0);
    for (;;) {
        const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), flags);
        if (sent >= 0) return {IoStatus::ok, static_cast<std::size_t>(sent), 0};
        if (errno == EINTR) continue;
        if (!would_block(errno)) return {IoStatus::failed, 0, errno};
        const int ready = wait_writable(socket, {&stop_fd, 1}, deadline);
        if (ready == 0) throw Stopped{};
        if (ready < 0) return {IoStatus::timed_out, 0, 0};
    }
}

IoResult send_all(const Fd& socket, std::span<const std::uint8_t> bytes, Deadline deadline,
                  int stop_fd) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        IoResult result = send_some(socket, bytes.subspan(done), deadline, stop_fd);
        done += result.bytes;
        if (!result) {
            result.bytes = done;
            return result;
        }
    }
    return {IoStatus::ok, done, 0};
}

IoResult send_all(const Fd& socket, std::string_view text, Deadline deadline) {
    return send_all(socket,
                    std::span{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()},
                    deadline);
}

void shutdown_sending(const Fd& socket) noexcept { ::shutdown(socket.get(), SHUT_WR); }

void drain(const Fd& socket, Deadline deadline, int stop_fd) noexcept try {
    std::array<std::uint8_t, 16 * 1024> dropped;
    // poll() skips a negative descriptor.
    while (wait_readable(std::array{stop_fd, socket.get()}, deadline) == 1 &&
           receive_some(socket, dropped, deadline)) {
    }
} catch (const std::exception&) {
    // Waiting takes memory. Without it the peer may see a reset in the place of an end.
}

void end_in_order(const Fd& socket, Deadline deadline, int stop_fd) noexcept {
    shutdown_sending(socket);
    drain(socket, deadline, stop_fd);
}

int wait_readable(std::span<const int> descriptors, Deadline deadline) {
    std::vector<pollfd> polled;
    polled.reserve(descriptors.size());
    for (const int descriptor : descriptors) polled.push_back({descriptor, POLLIN, 0});
    return wait(polled, deadline) ? first_ready(polled) : -1;
}

int wait_writable(const Fd& socket, std::span<const int> others, Deadline deadline) {
    std::vector<pollfd> polled;
    polled.reserve(others.size() + 1);
    for (const int other : others) polled.push_back({other, POLLIN, 0});
    polled.push_back({socket.get(), POLLOUT, 0});
    return wait(polled, deadline) ? first_ready(polled) : -1;
}

std::vector<Fd> bind_all(const std::string& host, std::uint16_t port, int type) {
    return bind_all(host, port, type, nullptr);
}

std::vector<Fd> bind_all(const std::string& host, std::uint16_t port, int type,
                         BeforeBind before_bind) {
    const std::vector<Address> addresses = resolve(host, port, type);
    for (int attempt = 1;; ++attempt) {
        try {
            return bind_to_all(addresses, type, before_bind);
        } catch (const std::system_error& error) {
            // Asked for any free port, the first family may get one that the second has not.
            const bool again = port == 0 && error.code().value() == EADDRINUSE;
            if (!again || attempt == port_attempts) throw;
        }
    }
}

std::uint16_t local_port(const Fd& socket) {
    Address address;
    if (::getsockname(socket.get(), address.raw(), &address.length) < 0)
        throw_system_error("getsockname");
    return address.port();
}

Fd connect_tcp(const std::string& host, std::uint16_t port, Deadline deadline, int stop_fd) {
    return connect_to_any(resolve(host, port, SOCK_STREAM), host, deadline, stop_fd);
}

Fd connect_to_any(std::span<const Address> addresses, const std::string& host, Deadline deadline,
                  int stop_fd) {
    int failure = 0;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const Address& address = addresses[i];
        Fd socket{::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        const int error =
            socket ? connect_to(socket, address, part_of(deadline, addresses.size() - i), stop_fd)
                   : errno;
        if (error == 0) {
            ::fcntl(socket.get(), F_SETFL, 0);
            set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
            return socket;
        }
        // "Refused" by one address says more than that this machine lacks the other's family.
        const bool missing = family_missing(error) || error == ENETUNREACH;
        if (failure == 0 || !missing) failure = error;
    }
    throw_system_error("cannot connect to " + join_host_port(host, addresses.front().port()), failure);
}

Listener::Listener(const std::string& host, std::uint16_t port)
    : sockets_{bind_all(host, port, SOCK_STREAM)}, port_{local_port(sockets_.front())} {}

std::optional<Accepted> Listener::accept(int stop_fd) {
    std::vector<pollfd> polled{{stop_fd, POLLIN, 0}};  // poll() skips a negative descriptor
    // The family that was served last stands last, so that a flood of one cannot shut out
    // the other.
    for (const Fd& socket : sockets_) polled.push_back({socket.get(), POLLIN, 0});
    for (;;) {
        wait(polled, {});
        if (polled.front().revents != 0) return std::nullopt;
        for (std::size_t i = 0; i < sockets_.size(); ++i) {
            if (polled[i + 1].revents == 0) continue;
            Accepted client;
            client.socket = Fd{
                ::accept4(sockets_[i].get(), client.peer.raw(), &client.peer.length, SOCK_CLOEXEC)};
            if (client.socket) {
                std::rotate(sockets_.begin() + static_cast<std::ptrdiff_t>(i),
                            sockets_.begin() + static_cast<std::ptrdiff_t>(i) + 1, sockets_.end());
                return client;
            }
            if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK)
                throw_system_error("accept");
            wait_if_exhausted(errno, std::span{polled}.first(1));
            // Anything else is that client's own misfortune: it gave up while it waited, or
            // its network failed.
        }
    }
}

}  // namespace net
