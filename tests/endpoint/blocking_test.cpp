// The blocking endpoint over real sockets: RFC 6455 §5.5, §7, and what threads do to each other.
#include "endpoint/blocking.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

#include "tests/support/bytes.hpp"
#include "tests/support/raw_peer.hpp"

using namespace test;
using namespace std::chrono_literals;
using Kind = endpoint::Error::Kind;

namespace {

constexpr ws::MaskingKey rfc_key{0x37, 0xFA, 0x21, 0x3D};

// A server's connection, and the client's end of its socket in our hands.
struct ServerSide {
    std::pair<net::Fd, net::Fd> sockets = connected_pair();
    RawPeer client{std::move(sockets.first)};
    endpoint::Connection connection;

    explicit ServerSide(const endpoint::Options& options = {}, ws::Bytes early = {})
        : connection{std::move(sockets.second), ws::Role::server, options, early, nullptr,
                     nullptr} {}
};

struct ClientSide {
    std::pair<net::Fd, net::Fd> sockets = connected_pair();
    RawPeer server{std::move(sockets.first)};
    endpoint::FixedKey key{rfc_key};
    endpoint::Connection connection;

    explicit ClientSide(const endpoint::Options& options = {})
        : connection{std::move(sockets.second), ws::Role::client, options, {}, &key, nullptr} {}
};

ws::Buffer masked(ws::Opcode opcode, ws::Bytes payload, bool fin = true) {
    ws::Buffer frame;
    ws::append_frame(frame, {.fin = fin, .opcode = opcode, .masked = true, .key = rfc_key}, payload);
    return frame;
}

endpoint::Options with_timeouts(std::chrono::milliseconds close, std::chrono::milliseconds write) {
    endpoint::Options options;
    options.close_timeout = close;
    options.write_timeout = write;
    return options;
}

}  // namespace

TEST_CASE("§5.6 a server reads and writes messages of both types") {
    ServerSide side;
    side.client.send("81 85 37 fa 21 3d 7f 9f 4d 51 58"_hex);
    auto message = side.connection.read_message();
    REQUIRE(message);
    CHECK(message->type == ws::Opcode::text);
    CHECK(ws::as_text(message->data) == "Hello");
    CHECK(message->to_string() == "Hello");
    CHECK(side.connection.write_message(message->type, message->data));
    CHECK(side.client.receive(7) == "81 05 48 65 6c 6c 6f"_hex);

    side.client.send(masked(ws::Opcode::binary, "00 ff"_hex));
    message = side.connection.read_message();
    REQUIRE(message);
    CHECK(message->type == ws::Opcode::binary);
    CHECK(message->to_string() == "2 bytes [00 FF]");
    CHECK(side.connection.write_message(message->type, message->data));
    CHECK(side.client.receive(4) == "82 02 00 ff"_hex);
}

TEST_CASE("§5.1 a client masks what it writes") {
    ClientSide side;
    CHECK(side.connection.write_message("Hello"));
    CHECK(side.server.receive(11) == "81 85 37 fa 21 3d 7f 9f 4d 51 58"_hex);
}

TEST_CASE("§4.2.2 bytes that came behind the handshake are the first frame") {
    const ws::Buffer early = masked(ws::Opcode::text, as_bytes("early"));
    ServerSide side{{}, early};
    const auto message = side.connection.read_message();
    REQUIRE(message);
    CHECK(ws::as_text(message->data) == "early");
}

TEST_CASE("§5.4 fragment_bytes cuts a message into frames") {
    ServerSide side{[] {
        endpoint::Options options;
        options.fragment_bytes = 2;
        return options;
    }()};
    CHECK(side.connection.write_message("Hello"));
    CHECK(side.client.receive(11) == "01 02 48 65 (He) 00 02 6c 6c (ll) 80 01 6f (o)"_hex);
    CHECK(side.connection.write_message("ok"));
    CHECK(side.client.receive(4) == "81 02 6f 6b"_hex);
}

TEST_CASE("§5.5.2 a ping is answered while the application waits for a message") {
    ServerSide side;
    std::thread reader{[&] { CHECK_FALSE(side.connection.read_message()); }};
    side.client.send(masked(ws::Opcode::ping, as_bytes("hb")));
    CHECK(side.client.receive(4) == "8a 02 68 62"_hex);
    side.client.send(masked(ws::Opcode::close, "03 e8"_hex));
    CHECK(side.client.receive_to_end() == "88 02 03 e8"_hex);
    side.client.close();
    reader.join();
}

TEST_CASE("§5.5.3 a pong reaches its handler, which may write") {
    endpoint::Connection* connection = nullptr;
    std::string payload;
    endpoint::Options options;
    options.on_pong = [&](ws::Bytes data) {
        payload = ws::as_text(data);
        connection->write_message("thanks");
    };
    ServerSide side{options};
    connection = &side.connection;
    CHECK(side.connection.ping(as_bytes("?")));
    CHECK(side.client.receive(3) == "89 01 3f"_hex);
    side.client.send(masked(ws::Opcode::pong, as_bytes("?")) + masked(ws::Opcode::text, as_bytes("x")));
    CHECK(side.connection.read_message());
    CHECK(payload == "?");
    CHECK(side.client.receive(8) == "81 06"_hex + as_bytes("thanks"));
}

TEST_CASE("§7.1.1 the peer's Close is echoed, and the server ends TCP first") {
    ServerSide side;
    side.client.send(masked(ws::Opcode::close, "0f a0"_hex + as_bytes("bye")));
    std::thread reader{[&] { CHECK_FALSE(side.connection.read_message()); }};
    // The stream ends behind the echo although this side has not ended its own.
    CHECK(side.client.receive_to_end() == "88 05 0f a0"_hex + as_bytes("bye"));
    side.client.close();
    reader.join();
    const endpoint::Error error = side.connection.error();
    CHECK(error.kind == Kind::closed);
    CHECK(error.code == 4000);
    CHECK(error.reason == "bye");
    CHECK_FALSE(error.expected());
    CHECK(error.expected({4000}));
    CHECK(error.message() == "closed: 4000 (private) \"bye\"");
    CHECK_FALSE(side.connection.write_message("too late"));
    CHECK_FALSE(side.connection.close(1000));
    CHECK_FALSE(side.connection.read_message());
}

TEST_CASE("§7.1.1 a client waits until the server has ended TCP") {
    ClientSide side;
    side.server.send("88 02 03 e8"_hex);
    std::atomic<bool> ended = false;
    std::thread reader{[&] {
        CHECK_FALSE(side.connection.read_message());
        ended = true;
    }};
    CHECK(side.server.receive(8) == "88 82 37 fa 21 3d 34 12"_hex);
    CHECK_FALSE(ended);  // its end of TCP is still open: a byte can be sent to it
    CHECK(side.server.try_send("00"_hex));
    side.server.end_sending();
    reader.join();
    CHECK(side.server.receive_to_end().empty());
    CHECK(side.connection.error().expected());
}

TEST_CASE("§7.1.5 a Close without a code is 1005, and expected") {
    ServerSide side;
    side.client.send(masked(ws::Opcode::close, {}));
    side.client.end_sending();
    CHECK_FALSE(side.connection.read_message());
    CHECK(side.client.receive_to_end() == "88 00"_hex);
    CHECK(side.connection.error().code == 1005);
    CHECK(side.connection.error().expected());
}

TEST_CASE("§7.1.5 the end of TCP without a Close is 1006") {
    ServerSide side;
    SUBCASE("in good order") { side.client.close(); }
    SUBCASE("by a reset") { side.client.reset(); }
    SUBCASE("within a frame") {
        side.client.send("81 85 37 fa"_hex);
        side.client.end_sending();
    }
    CHECK_FALSE(side.connection.read_message());
    CHECK(side.connection.error().kind == Kind::lost);
    CHECK(side.connection.error().code == 1006);
    CHECK_FALSE(side.connection.error().expected());
}

TEST_CASE("§7.1.7 a broken rule fails the connection; the peer gets code and reason, not a reset") {
    ServerSide side;
    // Much more than the server will read before it fails: unread bytes must not turn the end
    // of the connection into a reset, which would destroy the Close on its way.
    std::thread flood{[&] {
        side.client.try_send("81 05 48 65 6c 6c 6f"_hex + ws::Buffer(1u << 20));
        side.client.end_sending();
    }};
    CHECK_FALSE(side.connection.read_message());
    const ws::Buffer bytes = side.client.receive_to_end();
    REQUIRE(bytes.size() > 4);
    CHECK(ws::Buffer(bytes.begin(), bytes.begin() + 4) ==
          ws::Buffer{0x88, static_cast<std::uint8_t>(bytes.size() - 2), 0x03, 0xEA});
    CHECK(ws::as_text(ws::Bytes{bytes}.subspan(4)) == "a frame from a client must be masked");
    flood.join();
    CHECK(side.connection.error().kind == Kind::rule);
    CHECK(side.connection.error().rule == ws::Errc::frame_not_masked);
    CHECK(side.connection.error().code == 1002);
    CHECK(side.connection.error().message() ==
          "RFC 6455 §5.1: a frame from a client must be masked; failed with 1002");
}

TEST_CASE("§7.1.2 our Close is answered by the peer's") {
    ServerSide side;
    CHECK(side.connection.close(1000, "done"));
    CHECK_FALSE(side.connection.write_message("after Close"));
    CHECK(side.client.receive(8) == "88 06 03 e8"_hex + as_bytes("done"));
    side.client.send(masked(ws::Opcode::text, as_bytes("crossed")) +
                     masked(ws::Opcode::close, "03 e8"_hex));
    side.client.end_sending();
    side.connection.wait_until_closed();
    CHECK(side.connection.error().expected());
}

TEST_CASE("§7.1.1 a Close that is not answered ends by the close timeout") {
    ServerSide side{with_timeouts(50ms, 30s)};
    CHECK(side.connection.close(1001));
    SUBCASE("the peer is silent") {
        CHECK_FALSE(side.connection.read_message());
        CHECK(side.connection.error().kind == Kind::timed_out);
        CHECK(side.connection.error().message() ==
              "given up (1006): the peer did not answer our Close within 1 s");
    }
    SUBCASE("the peer sends data for ever") {
        std::thread flood{[&] {
            const ws::Buffer frame = masked(ws::Opcode::binary, ws::Buffer(60'000));
            while (side.client.try_send(frame)) {
            }
        }};
        side.connection.wait_until_closed();
        CHECK(side.connection.error().kind == Kind::timed_out);
        ::shutdown(side.client.socket().get(), SHUT_RDWR);
        flood.join();
    }
}

TEST_CASE("a peer that never stops after the closing handshake is left by the close timeout") {
    ServerSide side{with_timeouts(50ms, 30s)};
    std::atomic<bool> done = false;
    std::thread flood{[&] {
        side.client.try_send(masked(ws::Opcode::close, "03 e8"_hex));
        const ws::Buffer noise(60'000);
        while (!done && side.client.try_send(noise)) {
        }
    }};
    CHECK_FALSE(side.connection.read_message());
    CHECK(side.connection.error().expected());
    done = true;
    ::shutdown(side.client.socket().get(), SHUT_RDWR);
    flood.join();
}

TEST_CASE("close() by one thread ends the wait of another") {
    ServerSide side{with_timeouts(50ms, 30s)};
    std::thread reader{[&] { CHECK_FALSE(side.connection.read_message()); }};
    CHECK(side.connection.close(1000));
    reader.join();
    CHECK(side.connection.error().kind == Kind::timed_out);
}

TEST_CASE("the stop descriptor begins the closing handshake with the chosen code") {
    net::Wake stop;
    endpoint::Options options;
    options.stop_fd = stop.fd();
    ServerSide side{options};
    std::thread reader{[&] { CHECK_FALSE(side.connection.read_message()); }};
    stop.raise();
    CHECK(side.client.receive(4) == "88 02 03 e9"_hex);
    side.client.send(masked(ws::Opcode::close, "03 e9"_hex));
    side.client.end_sending();
    reader.join();
    CHECK(side.connection.error().expected());
}

TEST_CASE("a peer that takes no bytes ends by the write timeout, and the reader is told") {
    ServerSide side{with_timeouts(5s, 50ms)};
    std::thread reader{[&] { CHECK_FALSE(side.connection.read_message()); }};
    const ws::Buffer big(64u << 20);
    CHECK_FALSE(side.connection.write_message(ws::Opcode::binary, big));
    reader.join();
    CHECK(side.connection.error().kind == Kind::timed_out);
    CHECK(side.connection.error().code == 1006);
}

TEST_CASE("§7.1.5 a Close that the peer sent before it went is found although a write failed") {
    ServerSide side;
    side.client.send(masked(ws::Opcode::close, "03 e9"_hex));
    side.client.close();
    // Write until the kernel knows that nobody is there, as a server that is busy sending does.
    const ws::Buffer data(1000);
    while (side.connection.write_message(ws::Opcode::binary, data)) {
    }
    side.connection.wait_until_closed();
    CHECK(side.connection.error().kind == Kind::closed);
    CHECK(side.connection.error().code == 1001);
}

TEST_CASE("two endpoints that write much to each other at once do not wait for ever") {
    auto sockets = connected_pair();
    endpoint::Options options;
    options.limits.max_message_bytes = 64u << 20;
    endpoint::Connection server{std::move(sockets.first), ws::Role::server, options, {}, nullptr,
                                nullptr};
    endpoint::Connection client{std::move(sockets.second), ws::Role::client, options, {}, nullptr,
                                nullptr};
    const ws::Buffer big(24u << 20, 0x5A);
    const auto read_one = [&big](endpoint::Connection& connection) {
        const auto message = connection.read_message();
        CHECK((message && std::ranges::equal(message->data, big)));
    };
    std::thread server_reads{[&] { read_one(server); }};
    std::thread client_reads{[&] { read_one(client); }};
    std::thread server_writes{[&] { CHECK(server.write_message(ws::Opcode::binary, big)); }};
    CHECK(client.write_message(ws::Opcode::binary, big));
    server_writes.join();
    server_reads.join();
    client_reads.join();
}

TEST_CASE("§5.4 messages of several writers never mix") {
    auto sockets = connected_pair();
    endpoint::Options options;
    options.fragment_bytes = 100;
    endpoint::Connection server{std::move(sockets.first), ws::Role::server, options, {}, nullptr,
                                nullptr};
    endpoint::Connection client{std::move(sockets.second), ws::Role::client, options, {}, nullptr,
                                nullptr};
    constexpr int writers = 4;
    constexpr int messages = 50;
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer)
        threads.emplace_back([&client, writer] {
            const ws::Buffer data(1000, static_cast<std::uint8_t>(writer));
            for (int i = 0; i < messages; ++i) CHECK(client.write_message(ws::Opcode::binary, data));
        });
    std::array<int, writers> count{};
    for (int i = 0; i < writers * messages; ++i) {
        const auto message = server.read_message();
        REQUIRE(message);
        REQUIRE(message->data.size() == 1000);
        REQUIRE(std::ranges::count(message->data, message->data[0]) == 1000);
        ++count[message->data[0]];
    }
    for (std::thread& thread : threads) thread.join();
    for (const int each : count) CHECK(each == messages);
}

TEST_CASE("§5.5.3 while output is blocked, a flood of pings costs one pong, the latest") {
    ServerSide side;
    const ws::Buffer big(32u << 20);
    std::thread writer{[&] { CHECK(side.connection.write_message(ws::Opcode::binary, big)); }};
    // The message's first bytes are here, so its writer is at work until we read the rest.
    CHECK(side.client.receive(10) == "82 7f 00 00 00 00 02 00 00 00"_hex);
    for (std::uint16_t i = 0; i < 10'000; ++i) {
        std::array<std::uint8_t, 2> number;
        ws::store_be(number, i);
        side.client.send(masked(ws::Opcode::ping, number));
    }
    side.client.send(masked(ws::Opcode::text, as_bytes("all sent")));
    CHECK(side.connection.read_message());  // reading goes on although nothing can be sent
    CHECK(side.client.receive(big.size()) == big);
    writer.join();
    CHECK(side.client.receive(4) == "8a 02 27 0f (9999)"_hex);
    CHECK(side.connection.close(1000));
    CHECK(side.client.receive(4) == "88 02 03 e8"_hex);
}

TEST_CASE("§5.6 and §7.4 what must not be sent is refused") {
    ServerSide side;
    CHECK_THROWS_AS(side.connection.write_message("\xC3"), std::invalid_argument);
    CHECK_THROWS_AS(side.connection.close(1006), std::invalid_argument);
    CHECK_THROWS_AS(side.connection.close(999), std::invalid_argument);
    CHECK(side.connection.close(1005));
    CHECK(side.client.receive(2) == "88 00"_hex);
}

TEST_CASE("§10.4 a message over the limit is refused with 1009, within it is not") {
    endpoint::Options options;
    options.limits.max_message_bytes = 5;
    ServerSide side{options};
    side.client.send(masked(ws::Opcode::text, as_bytes("Hello")) +
                     masked(ws::Opcode::text, as_bytes("Hello!")));
    side.client.end_sending();
    CHECK(side.connection.read_message());
    CHECK_FALSE(side.connection.read_message());
    CHECK(side.connection.error().code == 1009);
}
