// Waiting for a descriptor while the connection is being opened: with one deadline for all of the
// opening, and with an ear for Ctrl-C.
// Leaves out: the deadlines of an open connection.
#pragma once

#include <poll.h>

#include "clients/wsc/signals.hpp"
#include "net/socket.hpp"

namespace wsc {

class Waiting {
  public:
    // `timeout` for everything that follows. `signals` outlives this object.
    Waiting(const Signals& signals, std::chrono::milliseconds timeout)
        : signals_{signals}, deadline_{net::Clock::now() + timeout} {}

    // Each waits for one descriptor. Throws Interrupted, or PeerFailure when the time is over.
    void until_readable(int fd) const { until(fd, POLLIN); }
    void until_writable(int fd) const { until(fd, POLLOUT); }

    // The same with an end of its own: false when that came first.
    bool until_readable(int fd, net::Clock::time_point end) const;
    bool until_writable(int fd, net::Clock::time_point end) const;

    // Until the deadline. Throws Interrupted.
    void pause() const { wait(-1, 0, deadline_); }

    net::Clock::time_point deadline() const { return deadline_; }

  private:
    void until(int fd, short events) const;
    bool until(int fd, short events, net::Clock::time_point end) const;
    bool wait(int fd, short events, net::Clock::time_point end) const;

    const Signals& signals_;
    net::Clock::time_point deadline_;
};

// Sends all of it, and receives what is there, over a socket that does not block. Receiving
// nothing: the stream has ended. Throws PeerFailure ("read ECONNRESET"), and as Waiting.
void send_all(int fd, std::string_view text, const Waiting& waiting);
std::size_t receive(int fd, std::span<std::uint8_t> buffer, const Waiting& waiting);

// "ECONNREFUSED" for a number of errno.
std::string error_name(int error);

}  // namespace wsc
