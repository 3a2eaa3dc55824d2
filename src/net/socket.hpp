// TCP: listen, accept, connect, send, receive. Lesson 1.
// Everything that surprises people about sockets is handled here once: short writes, EINTR,
// SIGPIPE, end of stream, two address families, deadlines.
// Leaves out: readiness for many sockets at once (lesson 11).
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.hpp"
#include "net/fd.hpp"

namespace net {

using Clock = std::chrono::steady_clock;

// The moment at which waiting stops; nothing means "wait for ever". A deadline is absolute, so
// a peer that sends one byte now and then cannot push it away.
using Deadline = std::optional<Clock::time_point>;

inline Deadline after(std::chrono::milliseconds wait) { return Clock::now() + wait; }

// Thrown where a connection is set up and the caller's stop descriptor became readable first.
// Somebody wants the program to end; nothing has failed.
class Stopped : public std::exception {
  public:
    const char* what() const noexcept override { return "interrupted"; }
};

// What became of one read or write.
enum class IoStatus {
    ok,         // `bytes` were moved
    closed,     // reading: the peer ended its side, no byte will follow
    timed_out,  // the deadline came first
    failed,     // the kernel said `error` (ECONNRESET, EPIPE, ...)
};

struct IoResult {
    IoStatus status = IoStatus::ok;
    std::size_t bytes = 0;  // moved before the end, the deadline or the failure came
    int error = 0;          // errno, with `failed`

    explicit operator bool() const { return status == IoStatus::ok; }
    std::string message() const;  // "timed out", "Connection reset by peer", ...
};

// Receives what is there, at least one byte and at most buffer.size() (which is not 0). One call
// is one read: it ends wherever the kernel's data ends and knows nothing of messages. After the
// deadline it times out even if bytes are there, so that a loop over it ends whatever the peer
// sends.
IoResult receive_some(const Fd& socket, std::span<std::uint8_t> buffer, Deadline deadline = {});

// Receives until the buffer is full. `closed` with bytes > 0: the stream ended in between.
IoResult receive_exactly(const Fd& socket, std::span<std::uint8_t> buffer, Deadline deadline = {});

// Sends what the kernel takes now, at least one byte. Throws Stopped when there is no room and
// `stop_fd` (a descriptor that becomes readable when the program should end; -1 for none) is readable.
IoResult send_some(const Fd& socket, std::span<const std::uint8_t> bytes, Deadline deadline = {},
                   int stop_fd = -1);

// Sends all of it, however many writes it takes. Never raises SIGPIPE. Throws as send_some().
IoResult send_all(const Fd& socket, std::span<const std::uint8_t> bytes, Deadline deadline = {},
                  int stop_fd = -1);
IoResult send_all(const Fd& socket, std::string_view text, Deadline deadline = {});

// Says "no more bytes from me"; the peer's bytes can still be read.
void shutdown_sending(const Fd& socket) noexcept;

// Reads and drops what still comes, until the peer has ended its side, or the deadline, or until
// `stop_fd` is readable.
void drain(const Fd& socket, Deadline deadline, int stop_fd = -1) noexcept;

// Ends our side of TCP, and then drains. Closing a socket that holds unread bytes makes a reset of
// it, and a reset may overtake and destroy our last words on their way.
void end_in_order(const Fd& socket, Deadline deadline, int stop_fd = -1) noexcept;

// Waits until one of the descriptors can be read without blocking (or is at its end or has
// failed: then the read says so). The index of the first such, so name first what must not
// starve; or -1 when the deadline came. A descriptor of -1 is skipped.
int wait_readable(std::span<const int> descriptors, Deadline deadline = {});

// Waits until the socket takes bytes, or one of `others` can be read, which is looked at first: its
// index then, and their number for the socket; or -1 when the deadline came.
int wait_writable(const Fd& socket, std::span<const int> others, Deadline deadline = {});

// Sockets of `type` bound to every address of `host`, with one port for all of them; port 0
// picks a free one. Those for streams listen. None of them blocks. Throws as Listener does.
std::vector<Fd> bind_all(const std::string& host, std::uint16_t port, int type);

// The port that a socket is bound to.
std::uint16_t local_port(const Fd& socket);

// Connects to the first address of `host` that answers. Throws ResolveError, Stopped when
// `stop_fd` (a descriptor that becomes readable when the program should end; -1 for none) was
// readable first, or std::system_error with the last address's failure (ETIMEDOUT when the
// deadline came). Looking up a name is not interrupted: net/look_up has connect_in_time() for that.
Fd connect_tcp(const std::string& host, std::uint16_t port, Deadline deadline = {},
               int stop_fd = -1);

// The same with addresses that were looked up already; `host` is for the message.
Fd connect_to_any(std::span<const Address> addresses, const std::string& host,
                  Deadline deadline = {}, int stop_fd = -1);

// A client that was accepted.
struct Accepted {
    Fd socket;
    Address peer;
};

// A listening port, on every address of a host (localhost: IPv4 and IPv6, one port for both).
class Listener {
  public:
    // Port 0 picks a free one. Throws ResolveError, or std::system_error (EADDRINUSE,
    // EACCES, EADDRNOTAVAIL).
    Listener(const std::string& host, std::uint16_t port);

    std::uint16_t port() const { return port_; }

    // One for each address; they do not block. For event loops, which wait for them themselves.
    const std::vector<Fd>& sockets() const { return sockets_; }

    // Waits for the next client. Nothing, when `stop_fd` (a descriptor that becomes readable
    // when the program should end; -1 for none) was readable first. A client that gave up
    // while it waited, or a moment without free descriptors, is not an error: it waits on.
    std::optional<Accepted> accept(int stop_fd = -1);

  private:
    std::vector<Fd> sockets_;
    std::uint16_t port_ = 0;
};

}  // namespace net
