// poll(2) over the one descriptor that matters and that of the signals.
// A Ctrl-C becomes an exception here, because there is nobody yet to say goodbye to.
// Leaves out: more than one descriptor at a time; an open connection has a loop (session).
#include "clients/wsc/waiting.hpp"

#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "clients/wsc/failure.hpp"
#include "net/os_error.hpp"
#include "terminal/job.hpp"

namespace wsc {

bool Waiting::wait(int fd, short events, net::Clock::time_point end) const {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - net::Clock::now());
        std::array<pollfd, 2> polled{pollfd{fd, events, 0}, pollfd{signals_.fd(), POLLIN, 0}};
        const int ready =
            ::poll(polled.data(), polled.size(),
                   static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30)));
        if (ready < 0 && errno != EINTR) net::throw_system_error("poll");
        while (const auto number = signals_.next()) {
            if (Signals::asks_to_leave(*number)) throw Interrupted{*number};
            if (*number == SIGTSTP) terminal::stop_process();
        }
        if (ready > 0 && polled[0].revents != 0) return true;
        if (net::Clock::now() >= end) return false;
    }
}

void Waiting::until(int fd, short events) const {
    if (!wait(fd, events, deadline_)) throw PeerFailure{"Opening handshake has timed out"};
}

bool Waiting::until(int fd, short events, net::Clock::time_point end) const {
    if (end < deadline_) return wait(fd, events, end);
    until(fd, events);
    return true;
}

bool Waiting::until_readable(int fd, net::Clock::time_point end) const { return until(fd, POLLIN, end); }
bool Waiting::until_writable(int fd, net::Clock::time_point end) const { return until(fd, POLLOUT, end); }

void send_all(int fd, std::string_view text, const Waiting& waiting) {
    while (!text.empty()) {
        const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0)
            text.remove_prefix(static_cast<std::size_t>(sent));
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            waiting.until_writable(fd);
        else if (errno == EPIPE || errno == ECONNRESET)
            return;  // what the peer said before it left is still to be read, and tells more
        else if (errno != EINTR)
            throw PeerFailure{"write " + error_name(errno)};
    }
}

std::size_t receive(int fd, std::span<std::uint8_t> buffer, const Waiting& waiting) {
    for (;;) {
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            waiting.until_readable(fd);
        else if (errno == ECONNRESET)
            throw ResetByPeer{"read " + error_name(errno)};
        else if (errno != EINTR)
            throw PeerFailure{"read " + error_name(errno)};
    }
}

std::string error_name(int error) {
    const char* name = ::strerrorname_np(error);
    return name != nullptr ? name : "error " + std::to_string(error);
}

}  // namespace wsc
