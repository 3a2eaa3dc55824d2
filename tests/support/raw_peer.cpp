#include "tests/support/raw_peer.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <array>

#include "tests/support/process.hpp"
#include "ws/byte_order.hpp"

namespace test {

std::pair<net::Fd, net::Fd> connected_pair() {
    net::Listener listener{"127.0.0.1", 0};
    net::Fd near = net::connect_tcp("127.0.0.1", listener.port(), net::after(patience));
    auto far = listener.accept();
    REQUIRE(far.has_value());
    return {std::move(near), std::move(far->socket)};
}

RawPeer::RawPeer(std::uint16_t port)
    : socket_{net::connect_tcp("localhost", port, net::after(patience))} {}

RawPeer::RawPeer(net::Listener& listener) {
    // accept() has no deadline of its own, but it can be stopped.
    const net::Fd timer{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)};
    const itimerspec limit{.it_interval = {}, .it_value = {patience.count() / 1000, 0}};
    ::timerfd_settime(timer.get(), 0, &limit, nullptr);
    auto accepted = listener.accept(timer.get());
    REQUIRE_MESSAGE(accepted, "no client came");
    socket_ = std::move(accepted->socket);
}

void RawPeer::send(ws::Bytes bytes) { REQUIRE(net::send_all(socket_, bytes, net::after(patience))); }

void RawPeer::send_frame(ws::Opcode opcode, std::string_view payload) {
    ws::FrameHeader header;
    header.opcode = opcode;
    header.masked = true;
    header.key = {0x37, 0xFA, 0x21, 0x3D};
    ws::Buffer bytes;
    ws::append_frame(bytes, header, ws::as_bytes(payload));
    send(bytes);
}

bool RawPeer::try_send(ws::Bytes bytes) {
    return static_cast<bool>(net::send_all(socket_, bytes, net::after(patience)));
}

ws::Buffer RawPeer::receive(std::size_t count) {
    ws::Buffer bytes(count);
    const net::IoResult result = net::receive_exactly(socket_, bytes, net::after(patience));
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
    ws::unmask_payload(header, payload);
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
    const net::IoResult result = net::receive_some(socket_, byte, net::after(patience));
    CHECK_MESSAGE(result.status == net::IoStatus::closed,
                  "expected the end of TCP, got " << result.message());
}

ws::Buffer RawPeer::receive_to_end() {
    ws::Buffer all;
    std::array<std::uint8_t, 16384> chunk;
    const net::Deadline deadline = net::after(patience);
    for (;;) {
        const net::IoResult result = net::receive_some(socket_, chunk, deadline);
        CHECK_MESSAGE(result.status != net::IoStatus::timed_out, "no end after " << all.size());
        if (!result) return all;
        ws::append(all, ws::Bytes{chunk}.first(result.bytes));
    }
}

void RawPeer::reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket_.close();
}

}  // namespace test
