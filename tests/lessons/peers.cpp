#include "tests/lessons/peers.hpp"

#include <signal.h>

namespace test {

const std::string sample_key = "dGhlIHNhbXBsZSBub25jZQ==";

const std::string sample_answer =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

std::string sample_request(std::uint16_t port, const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost:" + std::to_string(port) +
           "\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: " +
           sample_key + "\r\nSec-WebSocket-Version: 13\r\n\r\n";
}

namespace {

std::vector<std::string> on_free_port(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--port", "0"});
    return arguments;
}

}  // namespace

LessonServer::LessonServer(const std::string& lesson, std::vector<std::string> arguments)
    : process{program("lessons/" + lesson + "/server"), on_free_port(std::move(arguments))} {
    listening_line = process.read_line();
    port = listening_port(listening_line);
    const std::string number = ':' + std::to_string(port);
    listening_line.replace(listening_line.find(number), number.size(), ":8080");
}

void LessonServer::stop() {
    process.signal(SIGINT);
    CHECK(process.wait() == 0);
}

RawPeer open_peer(std::uint16_t port, const std::string& path) {
    RawPeer peer{port};
    peer.send(sample_request(port, path));
    CHECK(peer.receive_head() == sample_answer);
    return peer;
}

}  // namespace test
