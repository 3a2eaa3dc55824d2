// Lesson 3 over real sockets: with lengths any cut gives the same messages, without them none.
#include <signal.h>

#include <fstream>
#include <iterator>

#include "tests/lessons/peers.hpp"

using namespace test;
using namespace test::literals;
using namespace std::chrono_literals;

namespace {

const std::string server_name = "03-byte-stream";
const std::string client = "lessons/03-byte-stream/client";

std::vector<std::string> to_port(std::uint16_t port, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--port", std::to_string(port)});
    return more;
}

const std::string cuts = "one + two + three\nHel / lo wor / ld\n";

}  // namespace

TEST_CASE("lesson 3: the listening line names the mode") {
    LessonServer framed{server_name};
    const std::string port = std::to_string(framed.port);
    CHECK(framed.process.output_so_far() ==
          "Message server on :" + port + ", a 2-byte length before each message\n");
    framed.stop();
    LessonServer naive{server_name, {"--naive"}};
    CHECK(naive.process.output_so_far().ends_with(", taking each read for a message\n"));
    naive.stop();
}

TEST_CASE("lesson 3: naive, three messages arrive as one and one arrives as three") {
    LessonServer server{server_name, {"--naive"}};
    const Finished talk = run(program(client), to_port(server.port, {"--naive"}), cuts);
    CHECK(talk.status == 0);
    CHECK(talk.output == "Echo: \"onetwothree\"\nEcho: \"Hel\"\nEcho: \"lo wor\"\nEcho: \"ld\"\n");
    for (const char* line : {"Message 1: \"onetwothree\"", "Message 2: \"Hel\"",
                             "Message 3: \"lo wor\"", "Message 4: \"ld\""})
        CHECK(server.process.read_line() == line);
    server.stop();
}

TEST_CASE("lesson 3: with lengths the messages are what they were, however they are cut") {
    LessonServer server{server_name, {"--trace"}};
    const Finished talk = run(program(client), to_port(server.port), cuts + "\na + \n");
    CHECK(talk.status == 0);
    CHECK(talk.output ==
          "Echo: \"one\"\nEcho: \"two\"\nEcho: \"three\"\nEcho: \"Hello world\"\n"
          "Echo: \"\"\nEcho: \"a\"\nEcho: \"\"\n");
    for (const char* line : {"Message 1: \"one\"", "Message 2: \"two\"", "Message 3: \"three\"",
                             "Message 4: \"Hello world\"", "Message 5: \"\""})
        CHECK(server.process.read_line() == line);
    // The text of the lesson shows the bytes that this trace begins with.
    std::ifstream file{"lessons/03-byte-stream/README.md"};
    const std::string readme{std::istreambuf_iterator<char>{file}, {}};
    const std::string first = server.process.read_error_line();
    CHECK(first == "  1 → 00 03 6F 6E 65             length 3, \"one\"");
    CHECK(readme.find('`' + first.substr(2, first.find("    ") - 2) + '`') != std::string::npos);
    server.stop();
}

TEST_CASE("lesson 3: with lengths every cut of the bytes gives the same messages") {
    LessonServer server{server_name};
    const ws::Buffer bytes = "00 03 (length 3) 6f 6e 65  00 00 (empty)  00 02 68 69"_hex;
    for_every_split(bytes, [&](Pieces& pieces) {
        RawPeer peer{server.port};
        for (const ws::Buffer& piece : pieces) peer.send(piece);
        CHECK(peer.receive(bytes.size()) == bytes);
        peer.end_sending();
        peer.expect_end();
        for (const char* line : {"Message 1: \"one\"", "Message 2: \"\"", "Message 3: \"hi\""})
            CHECK(server.process.read_line() == line);
    });
    server.stop();
}

TEST_CASE("lesson 3: a length beyond the limit is refused before its bytes come") {
    LessonServer server{server_name, {"--max-message-bytes", "300"}};
    RawPeer fits{server.port};
    ws::Buffer largest = "01 2c"_hex;
    largest.resize(302, 'x');
    fits.send(largest);
    CHECK(fits.receive(302) == largest);
    RawPeer peer{server.port};
    peer.send("01 2d"_hex);
    peer.expect_end();
    CHECK(
        server.process.read_error_line().ends_with(": announces 301 bytes, more than 300; closed"));
    server.stop();
}

TEST_CASE("lesson 3: text taken for a length") {
    LessonServer server{server_name};
    const Finished talk = run(program(client), to_port(server.port, {"--naive"}), "hi\n");
    CHECK(talk.status == 1);
    CHECK(talk.errors == "client: no answer: the peer ended the connection\n");
    CHECK(server.process.read_error_line().ends_with(
        ": announces 26729 bytes, more than 4096; closed"));
    server.stop();
}

TEST_CASE("lesson 3: a stream that ends within a length or a message, and one that resets") {
    LessonServer server{server_name};
    RawPeer within_length{server.port};
    within_length.send("00"_hex);
    within_length.end_sending();
    within_length.expect_end();
    CHECK(server.process.read_error_line().ends_with(": the stream ended within a length"));
    RawPeer within_message{server.port};
    within_message.send("00 05 48 65"_hex);
    within_message.end_sending();
    within_message.expect_end();
    CHECK(server.process.read_error_line().ends_with(
        ": the stream ended within a message: the peer ended the connection"));
    RawPeer gone{server.port};
    gone.send("00 01 61"_hex);
    gone.receive(3);
    gone.reset();
    CHECK(server.process.read_error_line().ends_with(": Connection reset by peer"));
    server.stop();
    CHECK(server.process.output_so_far().find("Message 2") == std::string::npos);
}

TEST_CASE("lesson 3: a message longer than two bytes can say") {
    LessonServer server{server_name};
    const Finished talk =
        run(program(client), to_port(server.port), std::string(65'536, 'x') + "\n");
    CHECK(talk.status == 1);
    CHECK(talk.errors == "client: a 2-byte length cannot say 65536\n");
    server.stop();
    LessonServer large{server_name, {"--max-message-bytes", "65535"}};
    const std::string text(60'000, 'x');  // what the server prints of it fits into its pipe
    CHECK(run(program(client), to_port(large.port), text + "\n").output ==
          "Echo: \"" + text + "\"\n");
    large.stop();
}

TEST_CASE("lesson 3: Ctrl-C ends both with 0, also a client that waits for an answer") {
    LessonServer server{server_name};
    net::Listener silent{"127.0.0.1", 0};
    Process waiting{program(client), to_port(silent.port())};
    waiting.write("hello\n");
    RawPeer peer{silent};
    peer.receive(7);
    waiting.signal(SIGINT);
    CHECK(waiting.wait() == 0);
    Process idle{program(client), to_port(server.port)};
    idle.write("a\n");
    idle.read_line();
    server.stop();
    CHECK(idle.wait() == 1);
    CHECK(idle.errors_so_far() == "client: the server ended the connection\n");
}

TEST_CASE("lesson 3: nothing listens, a port in use") {
    std::uint16_t port = 0;
    { port = net::Listener{"localhost", 0}.port(); }
    CHECK(run(program(client), to_port(port)).status == 1);
    LessonServer server{server_name};
    CHECK(run(program("lessons/03-byte-stream/server"), to_port(server.port)).status == 1);
    server.stop();
}
