// permessage-deflate over real sockets: both endpoints agree, messages shrink on the wire, and a
// peer whose bytes are corrupt, or too many once unpacked, ends alone. RFC 7692.
#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "endpoint/dial_accept.hpp"
#include "tests/endpoint/running_server.hpp"
#include "tests/support/bit_string.hpp"
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
    explicit Compressing(ws::deflate::CodecOptions options = {}, ws::Limits limits = {})
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

// A client by hand, whose handshake has succeeded; `offer` is of an extension, or empty.
RawPeer opened(RawPeer peer, const std::string& offer) {
    peer.send(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        (offer.empty() ? "" : "Sec-WebSocket-Extensions: " + offer + "\r\n") + "\r\n");
    CHECK(peer.receive_head().starts_with("HTTP/1.1 101 "));
    return peer;
}

ws::Buffer compressed_frame(const ws::Buffer& payload) {
    ws::Buffer frame;
    ws::append_frame(frame,
                     {.rsv = ws::rsv1, .opcode = ws::Opcode::binary, .masked = true, .key = {1, 2, 3, 4}},
                     payload);
    return frame;
}

// A block with codes of its own: how many there are, less the least, and the first lengths of the
// code that writes their lengths.
test::BitString dynamic_block(unsigned literals, std::initializer_list<unsigned> lengths) {
    test::BitString bits;
    bits.number(0, 1).number(2, 2).number(literals, 5).number(0, 5).number(0, 4);
    for (const unsigned length : lengths) bits.number(length, 3);
    return bits;
}

struct Corrupt {
    ws::Buffer payload;
    ws::Errc errc;
};
std::vector<Corrupt> corrupt_messages() {
    test::BitString too_far, unassigned;
    too_far.number(0, 1).number(1, 2).code("0000001").code("00000");  // 3 from 1
    unassigned.number(0, 1).number(1, 2).code("11000110");            // the symbol 286
    return {{"07"_hex, ws::Errc::reserved_block_type},
            {"00 05 00 fa fe"_hex, ws::Errc::stored_length_mismatch},
            {dynamic_block(30, {}), ws::Errc::too_many_literal_codes},
            {dynamic_block(0, {1, 1, 1, 1}), ws::Errc::oversubscribed_code},
            {dynamic_block(0, {1, 0, 0, 0}), ws::Errc::incomplete_code},
            {unassigned, ws::Errc::unassigned_code},
            {too_far, ws::Errc::distance_too_far},
            {"f2 48 cd"_hex, ws::Errc::unfinished_block}};
}

// What the log says of a connection that ended by this rule.
std::string closed_by(ws::Errc errc) {
    const ws::Rule& rule = ws::rule(errc);
    return "close " + std::string{rule.section} + ": " + std::string{rule.sentence} + "; failed with " +
           std::to_string(rule.close_code);
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
    for (const Corrupt& corrupt : corrupt_messages()) {
        CAPTURE(ws::rule(corrupt.errc).name);
        RawPeer bad = opened(RawPeer{pair.server.port()}, "permessage-deflate");
        bad.send(compressed_frame(corrupt.payload));
        bad.expect_close(1007);
        bad.end_sending();
        CHECK(pair.server.journal.wait_for(closed_by(corrupt.errc)));
        CHECK(echo(*good, text(500)) == text(500));
    }
}

TEST_CASE("§7.2.2 of RFC 7692: the blocking endpoint says the same of each corrupt message") {
    for (const Corrupt& corrupt : corrupt_messages()) {
        CAPTURE(ws::rule(corrupt.errc).name);
        PermessageDeflate extensions{{}};
        endpoint::AcceptOptions options;
        options.extensions = &extensions;
        net::Listener listener{"127.0.0.1", 0};
        std::thread client{[&] {
            RawPeer bad = opened(RawPeer{listener.port()}, "permessage-deflate");
            bad.send(compressed_frame(corrupt.payload));
            bad.expect_close(1007);
        }};
        const auto accepted = listener.accept(-1);
        REQUIRE(accepted.has_value());
        const auto connection = endpoint::accept(accepted->socket, options, accepted->peer);
        CHECK(!connection->read_message().has_value());
        CHECK("close " + connection->error().message() == closed_by(corrupt.errc));
        client.join();
    }
}

TEST_CASE("§5.2: RSV1 without an agreement ends the connection with 1002, and no other") {
    const ws::Buffer hello = compressed_frame("f2 48 cd c9 c9 07 00"_hex);
    const std::string line = closed_by(ws::Errc::rsv_without_extension);
    SUBCASE("the server would compress, and was not asked to") {
        Compressing pair;
        const auto good = pair.dial();
        RawPeer bad = opened(RawPeer{pair.server.port()}, "");
        bad.send(hello);
        bad.expect_close(1002);
        bad.close();
        CHECK(pair.server.journal.wait_for(line));
        CHECK(echo(*good, text(500)) == text(500));
    }
    SUBCASE("the client offers, and the server has declined") {
        Compressing pair{{.terms = {.client_max_window_bits = 10}}};
        RawPeer bad = opened(RawPeer{pair.server.port()}, "permessage-deflate");
        bad.send(hello);
        bad.expect_close(1002);
        bad.close();
        CHECK(pair.server.journal.wait_for(line));
    }
    SUBCASE("the server knows no extensions") {
        RunningServer server;
        RawPeer bad = opened(RawPeer{server.port()}, "permessage-deflate");
        bad.send(hello);
        bad.expect_close(1002);
        bad.close();
        CHECK(server.journal.wait_for(line));
    }
}

TEST_CASE("§10.4: a bomb is refused with 1009 when it has unpacked to the limit") {
    Compressing pair{{}, {.max_message_bytes = 100'000}};
    const auto bomber = pair.dial(), good = pair.dial();
    CHECK(bomber->write_message(ws::Opcode::binary, ws::Buffer(10'000'000, 0)));
    CHECK(!bomber->read_message().has_value());
    CHECK(bomber->error().code == ws::close_code::message_too_big);
    CHECK(echo(*good, text(99'000)) == text(99'000));
}
