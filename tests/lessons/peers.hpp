// The other side of a lesson's program, by hand: a client that sends any bytes to a server, a
// server that answers a client with any bytes. Every wait has a deadline and ends the test.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "net/socket.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/process.hpp"
#include "ws/frame.hpp"

namespace test {

// A lesson's server on a free port.
struct LessonServer {
    explicit LessonServer(const std::string& lesson, std::vector<std::string> arguments = {});

    // Ctrl-C: it must end with status 0.
    void stop();

    Process process;
    std::string listening_line;  // with the usual port in place of the real one
    std::uint16_t port = 0;
};

// One end of a TCP connection.
class RawPeer {
  public:
    // Connects; `open` does the handshake with the RFC's own key.
    explicit RawPeer(std::uint16_t port);
    static RawPeer open(std::uint16_t port, const std::string& path = "/ws");
    // Accepts.
    explicit RawPeer(net::Listener& listener);

    void send(ws::Bytes bytes);
    void send(std::string_view text) { send(ws::as_bytes(text)); }
    // A masked frame, as a client sends it.
    void send_frame(ws::Opcode opcode, std::string_view payload);

    ws::Buffer receive(std::size_t count);
    std::string receive_head();  // up to its blank line
    // A frame's header with its payload, unmasked; the test fails when there is none.
    ws::Buffer receive_frame(ws::FrameHeader& header);
    std::string receive_text();  // a frame, which must be an unmasked TEXT FIN
    void expect_close(std::uint16_t code);
    void expect_end();  // of TCP; bytes before it fail the test
    void reset();       // ends with RST
    void shutdown() { net::shutdown_sending(socket_); }

  private:
    net::Deadline deadline() const { return net::after(patience); }

    net::Fd socket_;
};

// The request and the answer of RFC 6455 §1.2, for a path and a port.
std::string sample_request(std::uint16_t port, const std::string& path = "/ws");
extern const std::string sample_answer;
extern const std::string sample_key;

}  // namespace test
