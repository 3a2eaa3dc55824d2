// The other side of a connection, written by hand: sends any bytes and says what came back.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/socket.hpp"
#include "ws/bytes.hpp"

namespace test {

// Two ends of a TCP connection over loopback.
std::pair<net::Fd, net::Fd> connected_pair();

class RawPeer {
  public:
    explicit RawPeer(net::Fd socket) : socket_{std::move(socket)} {}

    // Each of these fails the test when it takes longer than anything should.
    void send(ws::Bytes bytes);
    void send(std::string_view text) { send(ws::as_bytes(text)); }
    ws::Buffer receive(std::size_t count);  // exactly so many; fewer when the stream ends before
    std::string receive_text_until(std::string_view end);
    ws::Buffer receive_to_end();  // all until the end of the stream, or a reset

    bool try_send(ws::Bytes bytes);  // false when the other side is gone
    void end_sending() { net::shutdown_sending(socket_); }
    void close() { socket_.close(); }
    void reset();  // closes with RST in the place of FIN

    const net::Fd& socket() const { return socket_; }

  private:
    net::Fd socket_;
};

}  // namespace test
