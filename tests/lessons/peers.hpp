// What the tests of the lessons' programs share: a server on a free port, the RFC's handshake,
// and a client of it in our hands.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "net/socket.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/process.hpp"
#include "tests/support/raw_peer.hpp"
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

// The request and the answer of RFC 6455 §1.2, for a path and a port.
std::string sample_request(std::uint16_t port, const std::string& path = "/ws");
// A client whose handshake has succeeded.
RawPeer open_peer(std::uint16_t port, const std::string& path = "/ws");

extern const std::string sample_answer;
extern const std::string sample_key;

}  // namespace test
