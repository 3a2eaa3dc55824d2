#include "tests/lessons/peers.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

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

RawPeer::RawPeer(std::uint16_t port)
    : socket_{net::connect_tcp("localhost", port, net::after(patience))} {}

RawPeer RawPeer::open(std::uint16_t port, const std::string& path) {
    RawPeer peer{port};
    peer.send(sample_request(port, path));
    CHECK(peer.receive_head() == sample_answer);
    return peer;
}

RawPeer::RawPeer(net::Listener& listener) {
    // accept() has no deadline of its own, but it can be stopped.
    const net::Fd timer{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)};
    const itimerspec limit{.it_interval = {}, .it_value = {patience.count() / 1000, 0}};
    ::timerfd_settime(timer.get(), 0, &limit, nullptr);
    auto accepted = listener.accept(timer.get());
    REQUIRE_MESSAGE(accepted, "no client came");
    socket_ = std::move(accepted->socket);
}

void RawPeer::send(ws::Bytes bytes) { REQUIRE(net::send_all(socket_, bytes, deadline())); }

void RawPeer::send_frame(ws::Opcode opcode, std::string_view payload) {
    ws::FrameHeader header;
    header.opcode = opcode;
    header.masked = true;
    header.key = {0x37, 0xFA, 0x21, 0x3D};
    ws::Buffer bytes;
    ws::append_frame(bytes, header, ws::as_bytes(payload));
    send(bytes);
}

ws::Buffer RawPeer::receive(std::size_t count) {
    ws::Buffer bytes(count);
    const net::IoResult result = net::receive_exactly(socket_, bytes, deadline());
    REQUIRE_MESSAGE(
        result, "wanted " << count << " bytes, got " << result.bytes << ": " << result.message());
    return bytes;
}

std::string RawPeer::receive_head() {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) head += ws::as_text(receive(1));
    return head;
}

ws::Buffer RawPeer::receive_frame(ws::FrameHeader& header) {
    ws::Buffer bytes;
    while (ws::decode_header(bytes, header) != ws::Parse::ok) ws::append(bytes, receive(1));
    ws::Buffer payload = receive(static_cast<std::size_t>(header.length));
    if (header.masked) ws::apply_mask(payload, header.key);
    return payload;
}

std::string RawPeer::receive_text() {
    ws::FrameHeader header;
    const ws::Buffer payload = receive_frame(header);
    CHECK(header.opcode == ws::Opcode::text);
    CHECK(header.fin);
    CHECK(ws::check_header(header, ws::Role::client) == ws::Errc::none);
    return std::string{ws::as_text(payload)};
}

void RawPeer::expect_close(std::uint16_t code) {
    ws::FrameHeader header;
    const ws::Buffer payload = receive_frame(header);
    REQUIRE(header.opcode == ws::Opcode::close);
    REQUIRE(payload.size() >= 2);
    CHECK(ws::load_be<std::uint16_t>(payload) == code);
}

void RawPeer::expect_end() {
    std::array<std::uint8_t, 1> byte;
    const net::IoResult result = net::receive_some(socket_, byte, deadline());
    CHECK_MESSAGE(result.status == net::IoStatus::closed,
                  "expected the end of TCP, got " << result.message());
}

void RawPeer::reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket_.close();
}

}  // namespace test
