// The server that a client under test meets: it takes one connection, and does with it what it likes.
// Leaves out: what it likes (misbehaviours.hpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/socket.hpp"
#include "tests/conformance/cases.hpp"
#include "tests/conformance/link.hpp"

namespace hostile {

class Server {
  public:
    std::uint16_t port() const { return listener_.port(); }

    // Takes the next client. False: none came.
    bool take_client(net::Deadline deadline);
    // And what it asks for; "" when it asks for nothing.
    const std::string& read_request();
    const std::string& request() const { return request_; }

    // The usual answer 101, with more header lines.
    void accept(const std::string& extra = {});
    void send(std::string_view bytes, std::size_t chop = 0);
    void send(const conformance::Frame& frame) { send(conformance::encode(frame, false)); }
    // Again and again, until the client has gone, or `total` bytes, or `time` is over.
    void flood(std::string_view bytes, std::size_t total, std::chrono::milliseconds time);
    // Until the client has said its Close, or has gone. False: it has done neither in that time.
    bool wait_for_close(std::chrono::milliseconds time);
    void end();    // of our side of TCP
    void reset();
    // The end of it, in order: what the client still says is read until it has gone.
    void finish(std::chrono::milliseconds patience);

  private:
    net::Listener listener_{"127.0.0.1", 0};
    net::Fd spare_;  // the same socket, for what a Link has no word for
    std::optional<conformance::Link> link_;
    std::string request_;
};

}  // namespace hostile
