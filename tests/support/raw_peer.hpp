// The other side of a connection, by hand: sends any bytes and says what came back. Every wait
// has a deadline, far beyond anything that works, and ends the test.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "net/socket.hpp"
#include "ws/frame.hpp"

namespace test {

// Two ends of a TCP connection over loopback.
std::pair<net::Fd, net::Fd> connected_pair();

class RawPeer {
  public:
    explicit RawPeer(net::Fd socket) : socket_{std::move(socket)} {}
    explicit RawPeer(std::uint16_t port);        // connects to a port of this machine
    explicit RawPeer(net::Listener& listener);  // accepts

    void send(ws::Bytes bytes);
    void send(std::string_view text) { send(ws::as_bytes(text)); }
    bool try_send(ws::Bytes bytes);  // false when the other side is gone
    // A masked frame, as a client sends it.
    void send_frame(ws::Opcode opcode, std::string_view payload);

    ws::Buffer receive(std::size_t count);  // exactly so many
    std::string receive_head();             // up to its blank line
    ws::Buffer receive_to_end();            // all until the end of the stream, or a reset
    // A frame's header with its payload, unmasked; the test fails when there is none.
    ws::Buffer receive_frame(ws::FrameHeader& header);
    std::string receive_text();  // a frame, which must be an unmasked TEXT FIN
    void expect_close(std::uint16_t code);
    void expect_end();  // of TCP; bytes before it fail the test

    void end_sending() { net::shutdown_sending(socket_); }
    void close() { socket_.close(); }
    void reset();  // closes with RST in the place of FIN

    const net::Fd& socket() const { return socket_; }

  private:
    net::Fd socket_;
};

}  // namespace test
