// The blocking endpoint over real sockets: RFC 6455 §5.5, §7, what threads do to each other, and
// what time does: keep-alive and deadlines, lesson 9.
#include "endpoint/blocking.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

#include "tests/support/bytes.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/raw_peer.hpp"
#include "ws/byte_order.hpp"

using namespace test;
using namespace std::chrono_literals;
using Kind = endpoint::Error::Kind;

namespace {

constexpr ws::MaskingKey rfc_key{0x37, 0xFA, 0x21, 0x3D};

// A server's connection, and the client's end of its socket in our hands.
struct ServerSide {
    std::pair<net::Fd, net::Fd> sockets = connected_pair();
    RawPeer client{std::move(sockets.first)};
    endpoint::BlockingConnection connection;

    explicit ServerSide(const endpoint::BlockingOptions& options = {}, ws::Bytes early = {})
        : connection{
              std::move(sockets.second), ws::Role::server, options, early, nullptr, nullptr} {}
};

struct ClientSide {
    std::pair<net::Fd, net::Fd> sockets = connected_pair();
    RawPeer server{std::move(sockets.first)};
    endpoint::FixedKey key{rfc_key};
    endpoint::BlockingConnection connection;

    explicit ClientSide(const endpoint::BlockingOptions& options = {})
        : connection{std::move(sockets.second), ws::Role::client, options, {}, &key, nullptr} {}
};

ws::Buffer masked(ws::Opcode opcode, ws::Bytes payload, bool fin = true) {
    ws::Buffer frame;
    ws::append_frame(frame, {.fin = fin, .opcode = opcode, .masked = true, .key = rfc_key},
                     payload);
    return frame;
}

endpoint::BlockingOptions with_timeouts(std::chrono::milliseconds close, std::chrono::milliseconds write) {
    endpoint::BlockingOptions options;
    options.close_timeout = close;
    options.write_timeout = write;
    return options;
}

// Keep-alive with short times; zero is off.
endpoint::BlockingOptions with_keep_alive(std::chrono::milliseconds ping, std::chrono::milliseconds idle) {
    endpoint::BlockingOptions options;
    options.ping_interval = ping;
    options.idle_timeout = idle;
    return options;
}

// For tests whose condition is time itself.
void let_pass(std::chrono::milliseconds time) { net::wait_readable({}, net::after(time)); }

// Waits for an empty ping of a server, and answers it.
void answer_ping(RawPeer& client) {
    CHECK(client.receive(2) == "89 00"_hex);
    client.send("8a 80 37 fa 21 3d"_hex);
}

std::string why(const endpoint::BlockingConnection& connection) {
    return connection.error().message();
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
        endpoint::BlockingOptions options;
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
    endpoint::BlockingConnection* connection = nullptr;
    std::string payload;
    endpoint::BlockingOptions options;
    options.on_pong = [&](ws::Bytes data) {
        payload = ws::as_text(data);
        connection->write_message("thanks");
    };
    ServerSide side{options};
    connection = &side.connection;
    CHECK(side.connection.ping(as_bytes("?")));
    CHECK(side.client.receive(3) == "89 01 3f"_hex);
    side.client.send(masked(ws::Opcode::pong, as_bytes("?")) +
                     masked(ws::Opcode::text, as_bytes("x")));
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
              "given up (1006): the peer did not answer our Close within 0.05 s");
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
    endpoint::BlockingOptions options;
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
    endpoint::BlockingOptions options;
    options.limits.max_message_bytes = 64u << 20;
    endpoint::BlockingConnection server{
        std::move(sockets.first), ws::Role::server, options, {}, nullptr, nullptr};
    endpoint::BlockingConnection client{
        std::move(sockets.second), ws::Role::client, options, {}, nullptr, nullptr};
    const ws::Buffer big(24u << 20, 0x5A);
    const auto read_one = [&big](endpoint::BlockingConnection& connection) {
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
    endpoint::BlockingOptions options;
    options.fragment_bytes = 100;
    endpoint::BlockingConnection server{
        std::move(sockets.first), ws::Role::server, options, {}, nullptr, nullptr};
    endpoint::BlockingConnection client{
        std::move(sockets.second), ws::Role::client, options, {}, nullptr, nullptr};
    constexpr int writers = 4;
    constexpr int messages = 50;
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer)
        threads.emplace_back([&client, writer] {
            const ws::Buffer data(1000, static_cast<std::uint8_t>(writer));
            for (int i = 0; i < messages; ++i)
                CHECK(client.write_message(ws::Opcode::binary, data));
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
    endpoint::BlockingOptions options;
    options.limits.max_message_bytes = 5;
    ServerSide side{options};
    side.client.send(masked(ws::Opcode::text, as_bytes("Hello")) +
                     masked(ws::Opcode::text, as_bytes("Hello!")));
    side.client.end_sending();
    CHECK(side.connection.read_message());
    CHECK_FALSE(side.connection.read_message());
    CHECK(side.connection.error().code == 1009);
}

TEST_CASE("§10.4 the limit can be moved while the connection is open") {
    endpoint::BlockingOptions options;
    options.limits.max_message_bytes = 5;
    ServerSide side{options};
    const ws::Buffer six = masked(ws::Opcode::text, as_bytes("Hello!"));
    side.connection.set_read_limit(6);
    side.client.send(six + six);
    CHECK(side.connection.read_message());
    side.connection.set_read_limit(5);  // the second has arrived, and was not read
    side.client.end_sending();
    CHECK_FALSE(side.connection.read_message());
    CHECK(side.connection.error().code == 1009);
}

TEST_CASE("§10.4 the limit can be moved while a reader waits") {
    ServerSide side;
    std::thread reader{[&] { CHECK_FALSE(side.connection.read_message()); }};
    side.connection.set_read_limit(5);
    side.client.send(masked(ws::Opcode::text, as_bytes("Hello!")));
    side.client.end_sending();
    reader.join();
    CHECK(side.connection.error().code == 1009);
}

TEST_CASE("§5.5.2 a reader that waits sends a ping each interval") {
    ServerSide side{with_keep_alive(20ms, 10s)};
    std::thread reader{[&] { CHECK_FALSE(side.connection.read_message()); }};
    for (int i = 0; i < 3; ++i) answer_ping(side.client);
    side.client.close();
    reader.join();
    CHECK(side.connection.error().kind == Kind::lost);
}

TEST_CASE("§5.5.2 pings leave on time although the peer sends without a pause") {
    ServerSide side{with_keep_alive(20ms, 10s)};
    std::thread reader{[&] { side.connection.wait_until_closed(); }};
    std::thread flood{[&] {
        while (side.client.try_send(masked(ws::Opcode::binary, ws::Buffer(1000)))) {
        }
    }};
    for (int i = 0; i < 3; ++i) CHECK(side.client.receive(2) == "89 00"_hex);
    ::shutdown(side.client.socket().get(), SHUT_RDWR);
    flood.join();
    reader.join();
}

TEST_CASE("a peer that falls silent is given up after the idle timeout, with 1006") {
    const auto begin = net::Clock::now();
    ServerSide side{with_keep_alive(20ms, 70ms)};
    CHECK_FALSE(side.connection.read_message());
    CHECK(net::Clock::now() - begin >= 69ms);  // keep-alive counts whole milliseconds
    CHECK(side.connection.error().kind == Kind::timed_out);
    CHECK(side.connection.error().code == 1006);
    CHECK_FALSE(side.connection.error().expected());
    CHECK(why(side.connection) ==
          "given up (1006): the peer went silent: no byte from it for 0.07 s");
    // It was pinged, and it was sent no Close: nobody would read it.
    const ws::Buffer bytes = side.client.receive_to_end();
    CHECK(bytes.size() >= 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) CHECK(bytes[i] == (i % 2 == 0 ? 0x89 : 0x00));
}

TEST_CASE("a client gives up a silent server in the same way") {
    ClientSide side{with_keep_alive(20ms, 70ms)};
    CHECK_FALSE(side.connection.read_message());
    CHECK(why(side.connection) ==
          "given up (1006): the peer went silent: no byte from it for 0.07 s");
    CHECK(side.server.receive(6) == "89 80 37 fa 21 3d"_hex);
}

TEST_CASE("§5.5.3 a peer that sends nothing but pongs is alive") {
    const auto silence = test::silence_on_this_machine(1s);
    ServerSide side{with_keep_alive(100ms, silence)};
    const auto begin = net::Clock::now();
    std::thread reader{[&] {
        const auto message = side.connection.read_message();
        CHECK((message && ws::as_text(message->data) == "still here"));
    }};
    while (net::Clock::now() - begin < 3 * silence / 2) answer_ping(side.client);
    side.client.send(masked(ws::Opcode::text, as_bytes("still here")));
    reader.join();
}

TEST_CASE("a peer that takes our bytes is alive although it sends none") {
    const auto silence = test::silence_on_this_machine(1s);
    ServerSide side{with_keep_alive(0ms, silence)};
    std::atomic<bool> done = false;
    std::thread reader{[&] {
        CHECK(side.connection.read_message());
        done = true;
        side.connection.wait_until_closed();
    }};
    const ws::Buffer big(64u << 20);
    std::thread writer{[&] { side.connection.write_message(ws::Opcode::binary, big); }};
    CHECK(side.client.receive(10) == "82 7f 00 00 00 00 04 00 00 00"_hex);
    const auto begin = net::Clock::now();
    while (net::Clock::now() - begin < 2 * silence && !done) {
        side.client.receive(256 * 1024);
        let_pass(silence / 50);  // a slow peer
    }
    CHECK_FALSE(done);
    side.client.send(masked(ws::Opcode::text, as_bytes("still here")));
    while (!done) side.client.receive(1);
    side.client.reset();
    writer.join();
    reader.join();
}

TEST_CASE("silence is not measured while the application is away") {
    ServerSide side{with_keep_alive(20ms, 500ms)};
    let_pass(600ms);
    std::thread reader{[&] { CHECK(side.connection.read_message()); }};
    answer_ping(side.client);  // the first thing that it does when it is back
    side.client.send(masked(ws::Opcode::text, as_bytes("still here")));
    reader.join();
    CHECK(side.connection.error().kind == Kind::none);
}

TEST_CASE("zero switches pings and idle timeout off") {
    ServerSide side{with_keep_alive(0ms, 0ms)};
    side.connection.set_read_deadline(net::after(50ms));
    CHECK_FALSE(side.connection.read_message());
    CHECK(why(side.connection) == "given up (1006): the read deadline has passed");
    CHECK(side.client.receive_to_end().empty());
}

TEST_CASE("the idle timeout lets go of a writer that is stuck") {
    ServerSide side{with_keep_alive(0ms, 200ms)};  // the write timeout is 30 s
    const auto begin = net::Clock::now();
    const ws::Buffer big(64u << 20);
    std::thread writer{
        [&] { CHECK_FALSE(side.connection.write_message(ws::Opcode::binary, big)); }};
    CHECK_FALSE(side.connection.read_message());
    writer.join();
    CHECK(net::Clock::now() - begin < test::on_this_machine(15s));
    CHECK(side.connection.error().reason.starts_with("the peer went silent"));
}

TEST_CASE("§7.1.1 once a Close was sent its timeout counts, and no ping follows") {
    endpoint::BlockingOptions options = with_keep_alive(20ms, 50ms);
    options.close_timeout = 300ms;
    ServerSide side{options};
    const auto begin = net::Clock::now();
    CHECK(side.connection.close(1000));
    CHECK_FALSE(side.connection.read_message());
    CHECK(net::Clock::now() - begin >= 300ms);
    CHECK(why(side.connection) ==
          "given up (1006): the peer did not answer our Close within 0.3 s");
    CHECK(side.client.receive_to_end() == "88 02 03 e8"_hex);
}

TEST_CASE("§5.5.2 a ping reaches its handler after it was answered") {
    endpoint::BlockingConnection* connection = nullptr;
    endpoint::BlockingOptions options;
    options.on_ping = [&](ws::Bytes data) { connection->write_message(ws::as_text(data)); };
    ServerSide side{options};
    connection = &side.connection;
    std::thread reader{[&] { CHECK_FALSE(side.connection.read_message()); }};
    side.client.send(masked(ws::Opcode::ping, as_bytes("hb")));
    CHECK(side.client.receive(8) == "8a 02 68 62 (PONG) 81 02 68 62 (TEXT)"_hex);
    side.client.close();
    reader.join();
}

TEST_CASE("§5.5.2 a handler that takes long does not keep back the answer to its ping") {
    net::Wake answered;
    endpoint::BlockingOptions options;
    options.on_ping = [&](ws::Bytes) {
        CHECK(net::wait_readable(std::array{answered.fd()}, net::after(10s)) == 0);
    };
    ServerSide side{options};
    std::thread reader{[&] { CHECK_FALSE(side.connection.read_message()); }};
    side.client.send(masked(ws::Opcode::ping, as_bytes("hb")));
    CHECK(side.client.receive(4) == "8a 02 68 62"_hex);
    answered.raise();
    side.client.close();
    reader.join();
}

// How gorilla's users write keep-alive, with its parts: SetReadDeadline, SetPongHandler, a ticker.
TEST_CASE("§5.5.3 each pong moves the read deadline; without pongs it passes") {
    const auto pong_wait = test::silence_on_this_machine(1s);
    endpoint::BlockingConnection* connection = nullptr;
    endpoint::BlockingOptions options;
    options.ping_interval = 100ms;
    options.idle_timeout = 0ms;  // ours is off: this is it, written by hand
    options.on_pong = [&](ws::Bytes) { connection->set_read_deadline(net::after(pong_wait)); };
    ServerSide side{options};
    connection = &side.connection;
    connection->set_read_deadline(net::after(pong_wait));

    const auto begin = net::Clock::now();
    std::thread reader{[&] { CHECK_FALSE(connection->read_message()); }};
    while (net::Clock::now() - begin < 3 * pong_wait / 2) answer_ping(side.client);
    const auto last_pong = net::Clock::now();
    reader.join();  // the peer has fallen silent
    CHECK(net::Clock::now() - last_pong >= pong_wait - options.ping_interval);
    CHECK(why(side.connection) == "given up (1006): the read deadline has passed");
}

TEST_CASE("a read deadline that was missed is final") {
    ServerSide side;
    side.connection.set_read_deadline(net::Clock::now());
    side.client.send(masked(ws::Opcode::text, as_bytes("too late")));
    CHECK_FALSE(side.connection.read_message());
    side.connection.set_read_deadline({});
    CHECK_FALSE(side.connection.read_message());
    CHECK_FALSE(side.connection.write_message("hello?"));
    CHECK(side.connection.error().code == 1006);
    CHECK(side.client.receive_to_end().empty());
}

TEST_CASE("a peer that sends without a pause does not outlast the read deadline") {
    ServerSide side;
    side.connection.set_read_deadline(net::after(100ms));
    std::thread flood{[&] {
        while (side.client.try_send(masked(ws::Opcode::binary, ws::Buffer(1000)))) {
        }
    }};
    side.connection.wait_until_closed();
    CHECK(why(side.connection) == "given up (1006): the read deadline has passed");
    flood.join();
}

TEST_CASE("a deadline that another thread moves counts for a reader that waits") {
    ServerSide side{with_keep_alive(0ms, 10s)};
    std::thread reader{[&] { CHECK_FALSE(side.connection.read_message()); }};
    side.client.send(masked(ws::Opcode::ping, {}));
    CHECK(side.client.receive(2) == "8a 00"_hex);  // it reads, and is about to wait
    SUBCASE("to now") { side.connection.set_read_deadline(net::Clock::now()); }
    SUBCASE("away, and back again") {
        side.connection.set_read_deadline(net::after(5s));
        side.connection.set_read_deadline({});
        side.connection.set_read_deadline(net::after(20ms));
    }
    reader.join();
    CHECK(why(side.connection) == "given up (1006): the read deadline has passed");
}

TEST_CASE("a message that misses the write deadline ends the connection, and the reader is told") {
    ServerSide side;  // the write timeout is 30 s
    const auto begin = net::Clock::now();
    std::thread reader{[&] { CHECK_FALSE(side.connection.read_message()); }};
    side.connection.set_write_deadline(net::after(50ms));
    const ws::Buffer big(64u << 20);
    CHECK_FALSE(side.connection.write_message(ws::Opcode::binary, big));
    reader.join();
    CHECK(net::Clock::now() - begin < test::on_this_machine(15s));
    CHECK(why(side.connection) == "given up (1006): the write deadline has passed");
    side.connection.set_write_deadline({});
    CHECK_FALSE(side.connection.write_message("hello?"));
}

TEST_CASE("a writer that waits for its turn has a deadline too") {
    ServerSide side;  // the write timeout is 30 s
    const auto begin = net::Clock::now();
    const ws::Buffer big(64u << 20);
    std::thread other{[&] { CHECK_FALSE(side.connection.write_message(ws::Opcode::binary, big)); }};
    CHECK(side.client.receive(1) == "82"_hex);  // it has begun
    side.connection.set_write_deadline(net::after(50ms));
    CHECK_FALSE(side.connection.write_message("behind it"));
    other.join();
    CHECK(net::Clock::now() - begin < test::on_this_machine(15s));
}

TEST_CASE("what the kernel takes at once is in time for every write deadline") {
    ServerSide side;
    side.connection.set_write_deadline(net::Clock::now());
    CHECK(side.connection.write_message("Hello"));
    CHECK(side.client.receive(7) == "81 05 48 65 6c 6c 6f"_hex);
}
