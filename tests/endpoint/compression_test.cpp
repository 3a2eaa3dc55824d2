// permessage-deflate over real sockets: both endpoints agree, messages shrink on the wire, and a
// peer whose bytes are corrupt, or too many once unpacked, ends alone. RFC 7692.
#include <doctest/doctest.h>

#include <string>

#include "endpoint/dial_accept.hpp"
#include "tests/endpoint/running_server.hpp"
#include "tests/support/bytes.hpp"
#include "ws/deflate/codec.hpp"

using namespace test;
using namespace std::chrono_literals;
using ws::deflate::PermessageDeflate;

namespace {

std::string text(std::size_t size) {
    std::string text;
    for (int number = 0; text.size() < size; ++number)
        text += "{\"number\":" + std::to_string(number * 7919 % 1000) + ",\"text\":\"hello\"}";
    text.resize(size);
    return text;
}

struct Compressing {
    explicit Compressing(ws::deflate::Options options = {}, ws::Limits limits = {})
        : extensions{options, PermessageDeflate::Sharing::one_thread}, server{[&] {
              endpoint::ServerOptions server_options;
              server_options.extensions = &extensions;
              server_options.limits = limits;
              return server_options;
          }()} {}

    std::unique_ptr<endpoint::BlockingConnection> dial(bool compress = true) {
        endpoint::DialOptions options;
        if (compress) options.extensions = &offered;
        return endpoint::dial("ws://127.0.0.1:" + std::to_string(server.port()) + "/ws", options);
    }

    PermessageDeflate extensions, offered{{}};
    RunningServer server;
};

std::string echo(endpoint::BlockingConnection& connection, const std::string& message) {
    CHECK(connection.write_message(ws::Opcode::text, ws::as_bytes(message)));
    const auto answer = connection.read_message();
    REQUIRE(answer.has_value());
    return std::string{ws::as_text(answer->data)};
}

}  // namespace

TEST_CASE("§7 of RFC 7692: both endpoints compress, and those who did not agree do not") {
    Compressing pair;
    const auto with = pair.dial(), without = pair.dial(false);
    const std::uint64_t before = pair.server.metric("websocket_bytes_received_total");
    for (const std::size_t size : {0u, 5u, 100u, 70'000u, 1'000'000u, 5u})
        CHECK(echo(*with, text(size)) == text(size));
    const std::uint64_t compressed = pair.server.metric("websocket_bytes_received_total") - before;
    CHECK(compressed < 300'000);
    CHECK(echo(*without, text(70'000)) == text(70'000));
}

TEST_CASE("§7.2.2 of RFC 7692: a corrupt message ends its connection with 1007, and no other") {
    Compressing pair;
    const auto good = pair.dial();
    RawPeer bad{pair.server.port()};
    bad.send(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n\r\n");
    const std::string head = bad.receive_head();
    CHECK(head.find(
              "\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n") !=
          std::string::npos);
    bad.send("c1 81 00 00 00 00 07 (a block of the type 3)"_hex);
    CHECK(pair.server.journal.wait_for(
        "close RFC 1951 §3.2.3: the compressed message holds a block of the reserved type 3; "
        "failed with 1007"));
    CHECK(echo(*good, text(500)) == text(500));
}

TEST_CASE("§10.4: a bomb is refused with 1009 when it has unpacked to the limit") {
    Compressing pair{{}, {.max_message_bytes = 100'000}};
    const auto bomber = pair.dial(), good = pair.dial();
    CHECK(bomber->write_message(ws::Opcode::binary, ws::Buffer(10'000'000, 0)));
    CHECK(!bomber->read_message().has_value());
    CHECK(bomber->error().code == ws::close_code::message_too_big);
    CHECK(echo(*good, text(99'000)) == text(99'000));
}
