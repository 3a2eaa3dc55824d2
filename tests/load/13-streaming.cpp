// Lesson 13 under load: a hash and a line of output for each message, and clients that send many.
// `make load-13` runs it; it is no part of `make test`, because it wants the machine for itself.
#include <doctest/doctest.h>
#include <signal.h>

#include "tests/load/flooders.hpp"

using namespace test;

TEST_CASE("load: eight flooders of tiny messages beside a client of lesson 13 that behaves") {
    // The server prints a line for each message; somebody has to read them.
    const std::string path = program("lessons/13-streaming/server");
    Process server{"/bin/bash",
                   {"-c", "exec " + path + " --port 0 > >(sed -u 1q; exec cat >/dev/null)"}};
    const std::uint16_t port = listening_port(server.read_line());
    RawPeer good = open_peer(port);
    Flooders flooders{[port](int) { return open_peer(port); }, "hi"};
    measure_flood("13", server, port, flooders, [&good] {
        good.send_frame(ws::Opcode::text, "are you there?");
        CHECK(good.receive_text().find("14 bytes") != std::string::npos);
    });
    flooders.stop();
    server.signal(SIGTERM);
    good.expect_close(1001);
    good.close();
    CHECK(server.wait() == 0);
}
