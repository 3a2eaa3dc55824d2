// UDP: recvfrom(2) and sendto(2). Lesson 2.
// A datagram that is longer than the buffer is cut off, and its true size is told. Nothing is
// repeated here but a call that a signal interrupted: what was lost stays lost.
#include "net/datagram.hpp"

#include <algorithm>

#include "net/look_up.hpp"
#include "net/os_error.hpp"

namespace net {

namespace {

IoResult send(const Fd& socket, std::span<const std::uint8_t> bytes, const sockaddr* to,
              socklen_t length) {
    for (;;) {
        const ssize_t sent =
            ::sendto(socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT, to, length);
        if (sent >= 0) return {IoStatus::ok, static_cast<std::size_t>(sent), 0};
        if (errno != EINTR) return {IoStatus::failed, 0, errno};
    }
}

}  // namespace

std::vector<Fd> bind_udp(const std::string& host, std::uint16_t port) {
    return bind_all(host, port, SOCK_DGRAM);
}

Fd connect_udp(const std::string& host, std::uint16_t port, int stop_fd) {
    int failure = 0;
    for (const Address& address : resolve_in_time(host, port, SOCK_DGRAM, {}, stop_fd)) {
        Fd socket{::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0)};
        if (socket && ::connect(socket.get(), address.raw(), address.length) == 0) return socket;
        failure = errno;
    }
    throw_system_error("cannot send to " + join_host_port(host, port), failure);
}

Received receive_datagram(const Fd& socket, std::span<std::uint8_t> buffer, Deadline deadline) {
    Received received;
    for (;;) {
        received.peer = {};
        // MSG_DONTWAIT: what poll() announced may have a wrong checksum, and is dropped when it is read.
        // MSG_TRUNC: the size as it was sent. Without it the kernel says how much fitted, and a
        // datagram that was cut off looks like a short one.
        const ssize_t size =
            ::recvfrom(socket.get(), buffer.data(), buffer.size(), MSG_TRUNC | MSG_DONTWAIT,
                       received.peer.raw(), &received.peer.length);
        if (size >= 0) {
            received.size = static_cast<std::size_t>(size);
            received.result.bytes = std::min(received.size, buffer.size());
            return received;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) {
            received.result = {IoStatus::failed, 0, errno};
            return received;
        }
        const int descriptor[] = {socket.get()};
        if (wait_readable(descriptor, deadline) < 0) {
            received.result = {IoStatus::timed_out, 0, 0};
            return received;
        }
    }
}

IoResult send_datagram(const Fd& socket, std::span<const std::uint8_t> bytes) {
    return send(socket, bytes, nullptr, 0);
}

IoResult send_datagram(const Fd& socket, std::span<const std::uint8_t> bytes, const Address& to) {
    return send(socket, bytes, to.raw(), to.length);
}

}  // namespace net
