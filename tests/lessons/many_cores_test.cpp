// Lesson 15's programs: a room over two loops, work on another thread, one sum of all counters.
#include <doctest/doctest.h>
#include <signal.h>

#include "tests/endpoint/running_server.hpp"
#include "tests/lessons/peers.hpp"

using namespace test;

namespace {

constexpr const char* lesson = "15-many-cores";

std::string ask(RawPeer& peer, std::string_view what) {
    peer.send_frame(ws::Opcode::text, what);
    return peer.receive_text();
}

RawPeer on_loop(std::uint16_t port, const std::string& loop) {
    for (int i = 0; i < 200; ++i)
        if (RawPeer peer = open_peer(port); ask(peer, "/loop") == loop) return peer;
    FAIL("200 clients, and none of them is on " << loop);
    return open_peer(port);
}

}  // namespace

TEST_CASE("many cores: the client meets every loop, and each of them hears what is typed") {
    LessonServer server{lesson, {"--loops", "3"}};
    const Finished client = run(program("lessons/15-many-cores/client"),
                                {"--port", std::to_string(server.port)}, "hello\n/primes 100\n");
    CHECK(client.status == 0);
    for (const char* line :
         {"One connection on each loop; there are 3.\n", "loop 0: hello\n", "loop 1: hello\n",
          "loop 2: hello\n", "loop 0: 25 primes up to 100\n"})
        CHECK_MESSAGE(client.output.find(line) != std::string::npos, client.output);
    server.stop();
}

TEST_CASE("many cores: compressed, every loop's client hears the same") {
    LessonServer server{lesson, {"--loops", "2", "--compress"}};
    const std::string said(500, 'a');
    const Finished client =
        run(program("lessons/15-many-cores/client"),
            {"--port", std::to_string(server.port), "--compress", "--trace"}, said + '\n');
    CHECK(client.status == 0);
    // A long line is shown by its beginning.
    for (const char* loop : {"loop 0: ", "loop 1: "})
        CHECK_MESSAGE(client.output.find(loop + said.substr(0, 100)) != std::string::npos, client.output);
    // As it leaves, and as it comes back.
    for (const char* frame : {" → C1 ", " ← C1 "})
        CHECK_MESSAGE(client.errors.find(frame) != std::string::npos, client.errors);
    server.stop();
}

TEST_CASE("many cores: the counters of both loops are one sum, and the connections are told apart") {
    LessonServer server{lesson, {"--loops", "2", "--echo"}};
    RawPeer first = on_loop(server.port, "loop 0 of 2"), second = on_loop(server.port, "loop 1 of 2");
    for (int i = 0; i < 10; ++i) CHECK(ask(i % 2 == 0 ? first : second, "hello") == "hello");
    // Those that were asked and went are gone soon; the one that asks here is a connection, too.
    CHECK(eventually([&] {
        return http_get(server.port, "/metrics").find("\nwebsocket_connections_open 3\n") !=
               std::string::npos;
    }));
    const std::string loops = http_get(server.port, "/loops");
    CHECK_MESSAGE(loops.find("loop 0: ") != std::string::npos, loops);
    CHECK_MESSAGE(loops.find("loop 1: ") != std::string::npos, loops);
    server.process.signal(SIGINT);
    first.expect_close(1001);
    second.expect_close(1001);
    first.close();
    second.close();
    CHECK(server.process.wait() == 0);
}

TEST_CASE("many cores: a result for a client that has gone goes to nobody, and the log says so") {
    LessonServer server{lesson, {"--loops", "2"}};
    RawPeer peer = open_peer(server.port);
    peer.send_frame(ws::Opcode::text, "/primes 3000000");
    peer.reset();
    const std::string line = server.process.read_error_line();
    CHECK_MESSAGE(line.ends_with("nobody is there for: 216816 primes up to 3000000"), line);
    server.stop();
}

TEST_CASE("many cores: a second server on the same port is refused") {
    LessonServer server{lesson, {"--loops", "2"}};
    const Finished second = run(program("lessons/15-many-cores/server"),
                                {"--loops", "2", "--port", std::to_string(server.port)});
    CHECK(second.status == 1);
    CHECK_MESSAGE(second.errors.find("Address already in use") != std::string::npos, second.errors);
    server.stop();
}
