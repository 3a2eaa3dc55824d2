#include "tests/support/raw_peer.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>

#include "tests/support/process.hpp"

namespace test {

std::pair<net::Fd, net::Fd> connected_pair() {
    net::Listener listener{"127.0.0.1", 0};
    net::Fd near = net::connect_tcp("127.0.0.1", listener.port(), net::after(patience));
    auto far = listener.accept();
    REQUIRE(far.has_value());
    return {std::move(near), std::move(far->socket)};
}

void RawPeer::send(ws::Bytes bytes) {
    const net::IoResult result = net::send_all(socket_, bytes, net::after(patience));
    REQUIRE_MESSAGE(static_cast<bool>(result), "cannot send: " << result.message());
}

bool RawPeer::try_send(ws::Bytes bytes) {
    return static_cast<bool>(net::send_all(socket_, bytes, net::after(patience)));
}

ws::Buffer RawPeer::receive(std::size_t count) {
    ws::Buffer bytes(count);
    const net::IoResult result = net::receive_exactly(socket_, bytes, net::after(patience));
    CHECK_MESSAGE(result.status != net::IoStatus::timed_out, "got only " << result.bytes);
    bytes.resize(result.bytes);
    return bytes;
}

std::string RawPeer::receive_text_until(std::string_view end) {
    std::string text;
    while (!text.ends_with(end)) {
        const ws::Buffer byte = receive(1);
        REQUIRE_MESSAGE(!byte.empty(), "the stream ended after: " << text);
        text += static_cast<char>(byte.front());
    }
    return text;
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
    const linger now{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    socket_.close();
}

}  // namespace test
