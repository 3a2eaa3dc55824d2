// Messages in pieces over real sockets, on both endpoints: RFC 6455 §5.4, §5.6, §6.2, §8.1.
#include "endpoint/stream.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include "endpoint/dial_accept.hpp"
#include "endpoint/server.hpp"
#include "tests/endpoint/running_server.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/memory.hpp"
#include "tests/support/raw_peer.hpp"
#include "ws/sha1.hpp"

using namespace test;
using namespace std::chrono_literals;
using Kind = endpoint::Error::Kind;
using ws::Opcode;

namespace {

constexpr ws::MaskingKey rfc_key{0x37, 0xFA, 0x21, 0x3D};

// A server's connection, and the client's end of its socket in our hands.
struct ServerSide {
    std::pair<net::Fd, net::Fd> sockets = connected_pair();
    RawPeer client{std::move(sockets.first)};
    endpoint::BlockingConnection connection;

    explicit ServerSide(const endpoint::BlockingOptions& options = {})
        : connection{std::move(sockets.second), ws::Role::server, options, {}, nullptr, nullptr} {}
};

// The same the other way round.
struct ClientSide {
    std::pair<net::Fd, net::Fd> sockets = connected_pair();
    RawPeer server{std::move(sockets.first)};
    endpoint::FixedKey key{rfc_key};
    endpoint::BlockingConnection connection{
        std::move(sockets.second), ws::Role::client, {}, {}, &key, nullptr};
};

// Two endpoints of ours that talk to each other.
struct BothSides {
    explicit BothSides(const endpoint::BlockingOptions& options = {})
        : server{std::move(sockets.first), ws::Role::server, options, {}, nullptr, nullptr},
          client{std::move(sockets.second), ws::Role::client, options, {}, nullptr, nullptr} {}
    std::pair<net::Fd, net::Fd> sockets = connected_pair();
    endpoint::BlockingConnection server;
    endpoint::BlockingConnection client;
};

ws::Buffer masked(Opcode opcode, ws::Bytes payload, bool fin = true) {
    ws::Buffer frame;
    ws::append_frame(frame, {.fin = fin, .opcode = opcode, .masked = true, .key = rfc_key},
                     payload);
    return frame;
}
ws::Buffer masked(Opcode opcode, std::string_view payload, bool fin = true) {
    return masked(opcode, as_bytes(payload), fin);
}

endpoint::BlockingOptions with_limit(std::uint64_t max_message_bytes) {
    endpoint::BlockingOptions options;
    options.limits.max_message_bytes = max_message_bytes;
    return options;
}

std::string text(const std::optional<ws::Bytes>& piece) {
    return piece ? std::string{ws::as_text(*piece)} : "(nothing)";
}

// All that is left of a message.
std::string rest_of(endpoint::MessageReader& reader) {
    std::string all;
    while (const auto piece = reader.next_piece()) {
        CHECK_FALSE(piece->empty());
        all += ws::as_text(*piece);
    }
    return all;
}

// Many bytes that are easy to check: the number of their block, over and over.
constexpr std::size_t block_bytes = 48'000;  // no divisor of a frame or of a read
ws::Buffer block(std::size_t number) {
    return ws::Buffer(block_bytes, static_cast<std::uint8_t>(number * 7 + 1));
}

}  // namespace

// --- reading ------------------------------------------------------------------------------------

TEST_CASE("§6.2 next_reader hands out a message as it arrives, before it is complete") {
    ServerSide side;
    side.client.send(masked(Opcode::text, "Hel", false));
    auto reader = side.connection.next_reader();
    REQUIRE(reader);
    CHECK(reader->type() == Opcode::text);
    CHECK(text(reader->next_piece()) == "Hel");
    CHECK_FALSE(reader->complete());
    // Half a frame is a piece too, and an empty fragment is none.
    const ws::Buffer frame = masked(Opcode::continuation, "lo", true);
    side.client.send(masked(Opcode::continuation, "", false) + ws::Bytes{frame}.first(7));
    CHECK(text(reader->next_piece()) == "l");
    CHECK_FALSE(reader->complete());
    side.client.send(ws::Bytes{frame}.subspan(7));
    CHECK(text(reader->next_piece()) == "o");
    CHECK(reader->complete());
    CHECK_FALSE(reader->next_piece());
    CHECK(reader->complete());
}

TEST_CASE(
    "§5.4 an empty message has no piece, and one whose last frame is empty ends without one") {
    ServerSide side;
    side.client.send(masked(Opcode::binary, "") + masked(Opcode::text, "x", false) +
                     masked(Opcode::continuation, ""));
    auto reader = side.connection.next_reader();
    REQUIRE(reader);
    CHECK(reader->type() == Opcode::binary);
    CHECK(reader->complete());
    CHECK_FALSE(reader->next_piece());

    auto second = side.connection.next_reader();
    REQUIRE(second);
    CHECK(text(second->next_piece()) == "x");
    CHECK_FALSE(second->complete());
    CHECK_FALSE(second->next_piece());
    CHECK(second->complete());
}

TEST_CASE("§6.2 read() fills memory of the caller's, however small") {
    ServerSide side;
    side.client.send(masked(Opcode::text, "Hello"));
    auto reader = side.connection.next_reader();
    REQUIRE(reader);
    std::array<std::uint8_t, 2> out;
    std::string all;
    while (const std::size_t count = reader->read(out)) {
        all += ws::as_text(ws::Bytes{out}.first(count));
        CHECK(reader->complete() == (all == "Hello"));
    }
    CHECK(all == "Hello");
    CHECK(reader->read(out) == 0);
}

TEST_CASE("§5.1 a client reads in pieces too") {
    ClientSide side;
    side.server.send("01 03 48 65 6c (Hel) 89 02 68 62 (ping hb) 80 02 6c 6f (lo)"_hex);
    auto reader = side.connection.next_reader();
    REQUIRE(reader);
    CHECK(text(reader->next_piece()) == "Hel");
    CHECK(text(reader->next_piece()) == "lo");
    CHECK(reader->complete());
    CHECK(side.server.receive(8) == "8a 82 37 fa 21 3d 5f 98"_hex);
}

TEST_CASE("§5.5.2 a ping in the middle of a message is answered before the message goes on") {
    ServerSide side;
    side.client.send(masked(Opcode::text, "Hel", false));
    auto reader = side.connection.next_reader();
    REQUIRE(reader);
    CHECK(text(reader->next_piece()) == "Hel");
    std::thread waiting{[&] { CHECK(text(reader->next_piece()) == "lo"); }};
    side.client.send(masked(Opcode::ping, "hb"));
    CHECK(side.client.receive(4) == "8a 02 68 62"_hex);
    side.client.send(masked(Opcode::continuation, "lo"));
    waiting.join();
    CHECK(reader->complete());
}

TEST_CASE("§8.1 a character that is cut by frames and reads is whole; a wrong byte fails at once") {
    const std::string greeting =
        "Gr\xC3\xBC\xC3\x9F"
        "e \xF0\x9F\x91\x8B";
    ServerSide side;
    SUBCASE("every byte in a frame of its own") {
        for (std::size_t i = 0; i < greeting.size(); ++i)
            side.client.send(masked(i == 0 ? Opcode::text : Opcode::continuation,
                                    greeting.substr(i, 1), i + 1 == greeting.size()));
        auto reader = side.connection.next_reader();
        REQUIRE(reader);
        CHECK(rest_of(*reader) == greeting);
        CHECK(reader->complete());
    }
    SUBCASE("a wrong byte behind a cut") {
        side.client.send(masked(Opcode::text, "Gr\xC3", false));
        auto reader = side.connection.next_reader();
        REQUIRE(reader);
        CHECK(text(reader->next_piece()) == "Gr\xC3");
        side.client.send(masked(Opcode::continuation, "x", false));
        side.client.end_sending();
        CHECK_FALSE(reader->next_piece());
        CHECK_FALSE(reader->complete());
        CHECK(side.connection.error().rule == ws::Errc::invalid_utf8);
        CHECK_FALSE(side.connection.next_reader().has_value());
        side.client.expect_close(1007);
    }
    SUBCASE("the end within a character") {
        side.client.send(masked(Opcode::text, "Gr\xC3", false) + masked(Opcode::continuation, ""));
        side.client.end_sending();
        auto reader = side.connection.next_reader();
        REQUIRE(reader);
        CHECK(rest_of(*reader) == "Gr\xC3");
        CHECK_FALSE(reader->complete());
        side.client.expect_close(1007);
    }
}

TEST_CASE("§10.4 the limit holds for a message in pieces, in its middle as well") {
    ServerSide side{with_limit(10)};
    side.client.send(masked(Opcode::binary, "12345678", false) +
                     masked(Opcode::continuation, "9ab", false));
    side.client.end_sending();
    auto reader = side.connection.next_reader();
    REQUIRE(reader);
    CHECK(rest_of(*reader) == "12345678");
    CHECK_FALSE(reader->complete());
    CHECK(side.connection.error().rule == ws::Errc::message_too_big);
    CHECK(side.connection.error().code == 1009);
    side.client.expect_close(1009);
}

TEST_CASE("§7.1.5 a peer that vanishes in the middle: the message is not complete, and 1006") {
    ServerSide side;
    side.client.send(masked(Opcode::binary, "half", false));
    auto reader = side.connection.next_reader();
    REQUIRE(reader);
    CHECK(text(reader->next_piece()) == "half");
    SUBCASE("in good order") { side.client.close(); }
    SUBCASE("by a reset") { side.client.reset(); }
    CHECK_FALSE(reader->next_piece());
    CHECK_FALSE(reader->complete());
    CHECK(side.connection.error().kind == Kind::lost);
    CHECK(side.connection.error().code == 1006);
    CHECK_FALSE(side.connection.next_reader().has_value());
}

TEST_CASE("§5.5.1 a Close in the middle of a message ends it, and is echoed") {
    ServerSide side;
    side.client.send(masked(Opcode::binary, "half", false) + masked(Opcode::close, "\x03\xe9"));
    side.client.end_sending();
    auto reader = side.connection.next_reader();
    REQUIRE(reader);
    CHECK(rest_of(*reader) == "half");
    CHECK_FALSE(reader->complete());
    CHECK(side.connection.error().kind == Kind::closed);
    side.client.expect_close(1001);
}

TEST_CASE("§6.2 what a reader leaves is dropped, and whole messages and pieces may take turns") {
    ServerSide side;
    side.client.send(masked(Opcode::text, "first", false) + masked(Opcode::continuation, " rest") +
                     masked(Opcode::text, "second", false) +
                     masked(Opcode::continuation, " whole") + masked(Opcode::text, "third") +
                     masked(Opcode::text, "fourth", false) + masked(Opcode::continuation, " end"));
    auto first = side.connection.next_reader();
    REQUIRE(first);
    CHECK(text(first->next_piece()) == "first");

    const auto second = side.connection.read_message();
    REQUIRE(second);
    CHECK(ws::as_text(second->data) == "second whole");

    // The first reader's message is the past: it takes nothing of the ones behind it.
    CHECK_FALSE(first->next_piece());
    CHECK_FALSE(first->complete());

    auto third = side.connection.next_reader();
    REQUIRE(third);
    auto fourth = side.connection.next_reader();
    REQUIRE(fourth);
    CHECK_FALSE(third->next_piece());
    CHECK_FALSE(third->complete());
    CHECK(rest_of(*fourth) == "fourth end");
    CHECK(fourth->complete());
}

// --- writing ------------------------------------------------------------------------------------

TEST_CASE("§5.4 a writer fills its frames, and the last one has FIN") {
    ServerSide side;
    const auto write = [&side](std::initializer_list<std::string_view> pieces) {
        endpoint::MessageWriter writer = side.connection.next_writer(Opcode::text, 4);
        for (const std::string_view piece : pieces) CHECK(writer.write(piece));
        CHECK(writer.finish());
        CHECK_FALSE(writer.finish());
        CHECK_FALSE(writer.write("late"));
    };
    write({"abcdefghij"});
    CHECK(side.client.receive(16) == "01 04 61 62 63 64  00 04 65 66 67 68  80 02 69 6a"_hex);
    write({"a", "bc", "def"});
    CHECK(side.client.receive(10) == "01 04 61 62 63 64  80 02 65 66"_hex);
    write({"abcd"});  // a full frame that turns out to be the last
    CHECK(side.client.receive(6) == "81 04 61 62 63 64"_hex);
    write({});
    CHECK(side.client.receive(2) == "81 00"_hex);
    CHECK(side.connection.write_message("ok"));
    CHECK(side.client.receive(4) == "81 02 6f 6b"_hex);
}

TEST_CASE("§5.3 a client's writer masks each of its frames") {
    ClientSide side;
    endpoint::MessageWriter writer = side.connection.next_writer(Opcode::binary, 3);
    CHECK(writer.write("Hello"));
    CHECK(side.server.receive(9) == "02 83 37 fa 21 3d 7f 9f 4d"_hex);
    CHECK(writer.finish());
    CHECK(side.server.receive(8) == "80 82 37 fa 21 3d 5b 95"_hex);
}

TEST_CASE("§5.6 a text may be cut within a character by pieces and frames, if the whole is UTF-8") {
    ServerSide side;
    endpoint::MessageWriter writer = side.connection.next_writer(Opcode::text, 2);
    for (const std::string_view piece : {"\xF0", "\x9F\x91", "\x8B"}) CHECK(writer.write(piece));
    CHECK(writer.finish());
    CHECK(side.client.receive(8) == "01 02 f0 9f 80 02 91 8b"_hex);
}

TEST_CASE("§5.6 a text that cannot become UTF-8 is refused before its frame leaves") {
    ServerSide side;
    {
        endpoint::MessageWriter writer = side.connection.next_writer(Opcode::text, 2);
        CHECK(writer.write("ok"));
        SUBCASE("a wrong byte") {
            CHECK_THROWS_AS(writer.write("\xF0x"), std::invalid_argument);
            CHECK_THROWS_AS(writer.finish(), std::invalid_argument);
        }
        SUBCASE("the end within a character") {
            CHECK(writer.write("\xC3"));
            CHECK_THROWS_AS(writer.finish(), std::invalid_argument);
        }
    }
    // In either case the client gets nothing that is wrong: the connection, or none of it.
    side.connection.close(1000);
    const ws::Buffer all = [&side] {
        side.client.send(masked(Opcode::close, "\x03\xe8"));
        side.client.end_sending();
        side.connection.wait_until_closed();
        return side.client.receive_to_end();
    }();
    const ws::Buffer unfinished = "01 02 6f 6b"_hex;  // "ok", once it was known not to be the last
    if (all.front() == 0x01) {
        CHECK(std::equal(unfinished.begin(), unfinished.end(), all.begin()));
        CHECK(all[6] == 0x03);
        CHECK(all[7] == 0xF3);  // 1011
    } else {
        CHECK(all == "88 02 03 e8"_hex);
    }
}

TEST_CASE("§7.4.1 a message that is left unfinished ends the connection with 1011") {
    ServerSide side;
    {
        endpoint::MessageWriter writer = side.connection.next_writer(Opcode::binary, 2);
        CHECK(writer.write("abc"));
    }
    CHECK(side.client.receive(4) == "02 02 61 62"_hex);
    side.client.expect_close(1011);
    CHECK_FALSE(side.connection.write_message("more"));
}

TEST_CASE("§7.4.1 a message of which nothing has left yet may be given up") {
    ServerSide side;
    {
        endpoint::MessageWriter writer = side.connection.next_writer(Opcode::binary, 4);
        CHECK(writer.write("abcd"));
    }
    CHECK(side.connection.write_message("next"));
    CHECK(side.client.receive(6) == "81 04 6e 65 78 74"_hex);
}

TEST_CASE(
    "§5.4 another thread's message waits until the streamed one is finished; a ping does not") {
    ServerSide side;
    std::optional<endpoint::MessageWriter> writer{std::in_place, side.connection, Opcode::binary,
                                                  std::size_t{1}};
    CHECK(writer->write("ab"));
    CHECK(side.client.receive(3) == "02 01 61"_hex);
    std::atomic<int> written = 0;
    std::thread whole{[&] {
        CHECK(side.connection.ping(as_bytes("1")));
        CHECK(side.connection.write_message("whole"));
        ++written;
    }};
    CHECK(side.client.receive(3) == "89 01 31"_hex);
    std::thread streamed{[&] {
        CHECK(side.connection.ping(as_bytes("2")));
        endpoint::MessageWriter second = side.connection.next_writer(Opcode::text);
        CHECK(second.write("streamed"));
        CHECK(second.finish());
        ++written;
    }};
    CHECK(side.client.receive(3) == "89 01 32"_hex);
    // Both are about to write, and have all the time that these frames take.
    for (int i = 0; i < 500; ++i) {
        CHECK(writer->write("b"));
        CHECK(side.client.receive(3) == "00 01 62"_hex);
    }
    CHECK(written == 0);
    CHECK(writer->finish());
    CHECK(side.client.receive(3) == "80 01 62"_hex);
    whole.join();
    streamed.join();
    // In whichever order, but each of them whole.
    const std::string both{ws::as_text(side.client.receive(17))};
    const bool in_order =
        both == "\x81\x05whole\x81\x08streamed" || both == "\x81\x08streamed\x81\x05whole";
    CHECK_MESSAGE(in_order, both);
}

TEST_CASE("§5.5.1 a writer stops at a Close, and the next one is told so") {
    ServerSide side;
    endpoint::MessageWriter writer = side.connection.next_writer(Opcode::binary, 1);
    CHECK(writer.write("ab"));
    CHECK(side.connection.close(1001));
    CHECK_FALSE(writer.write("cd"));
    CHECK_FALSE(writer.finish());
    CHECK_FALSE(side.connection.write_message("more"));
    CHECK(side.client.receive(7) == "02 01 61 88 02 03 e9"_hex);
}

TEST_CASE("§7.1.1 a peer that takes nothing stops the writer after the write timeout") {
    endpoint::BlockingOptions options;
    options.write_timeout = 50ms;
    ServerSide side{options};
    endpoint::MessageWriter writer = side.connection.next_writer(Opcode::binary);
    std::size_t blocks = 0;
    while (writer.write(block(blocks))) REQUIRE(++blocks < 2'000);  // 96 MB: no kernel keeps that
    CHECK_FALSE(writer.finish());
    CHECK_FALSE(side.connection.read_message());
    CHECK(side.connection.error().kind == Kind::timed_out);
}

TEST_CASE("§5.4 after a message that was lost on its way nobody begins another") {
    endpoint::BlockingOptions options;
    options.write_timeout = 50ms;
    ServerSide side{options};
    endpoint::MessageWriter writer = side.connection.next_writer(Opcode::binary);
    std::size_t blocks = 0;
    while (writer.write(block(blocks))) REQUIRE(++blocks < 2'000);
    // Its frames wait for a last one that will never come. No reader has noticed the end yet.
    CHECK_FALSE(side.connection.write_message("whole"));
    endpoint::MessageWriter next = side.connection.next_writer(Opcode::text);
    CHECK_FALSE(next.write("streamed"));
    CHECK_FALSE(next.finish());
}

TEST_CASE("§6.2 a message of tens of MiB passes through both sides in bounded memory") {
    constexpr std::size_t blocks = 700;  // 33.6 MB, twice the default limit
    BothSides sides{with_limit(1u << 30)};
    std::thread writing{[&] {
        const std::size_t before = memory().held;
        endpoint::MessageWriter writer = sides.client.next_writer(Opcode::binary, 10'000);
        for (std::size_t i = 0; i < blocks; ++i) {
            REQUIRE(writer.write(block(i)));
            CHECK(memory().held - before < 100'000);
        }
        CHECK(writer.finish());
    }};
    auto reader = sides.server.next_reader();
    REQUIRE(reader);
    ws::Sha1 arrived;
    std::size_t bytes = 0;
    const std::size_t asked = memory().asked;
    while (const auto piece = reader->next_piece()) {
        arrived.update(*piece);
        bytes += piece->size();
    }
    writing.join();
    CHECK(reader->complete());
    CHECK(bytes == blocks * block_bytes);
    CHECK(memory().asked - asked < 100'000);  // in all, not at once
    ws::Sha1 sent;
    for (std::size_t i = 0; i < blocks; ++i) sent.update(block(i));
    CHECK(arrived.finish() == sent.finish());
}

// --- the event loop ------------------------------------------------------------------------------

namespace {

constexpr std::uint64_t max_backlog_bytes = 256 * 1024;

// A client that reads nothing until the server has noticed that it is slow.
void wait_for(const std::atomic<bool>& was_slow) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!was_slow && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    CHECK(was_slow);
}

// A server on a thread of its own, and a client of it that is one of our blocking endpoints.
struct PieceServer {
    explicit PieceServer(endpoint::Handlers handlers, std::uint64_t limit = 1u << 30)
        : server{options(limit), std::move(handlers)} {}
    ~PieceServer() {
        stop.raise();
        loop.join();
    }
    std::unique_ptr<endpoint::BlockingConnection> dial() const {
        endpoint::DialOptions dial_options;
        dial_options.limits.max_message_bytes = 1u << 30;
        return endpoint::dial("ws://localhost:" + std::to_string(server.port()) + "/ws",
                              dial_options);
    }
    static endpoint::ServerOptions options(std::uint64_t limit) {
        endpoint::ServerOptions server_options;
        server_options.port = 0;
        server_options.limits.max_message_bytes = limit;
        server_options.max_backlog_bytes = max_backlog_bytes;
        server_options.close_timeout = 500ms;
        server_options.shutdown_timeout = 500ms;
        return test::patient(server_options);
    }

    net::Wake stop;
    endpoint::Server server;
    std::thread loop{[this] { server.run(stop.fd()); }};
};

}  // namespace

TEST_CASE("§6.2 an event loop hands out pieces, and whole messages to nobody") {
    std::vector<std::string> seen;
    std::promise<std::string> closed;
    endpoint::Handlers handlers;
    handlers.on_message = [&](endpoint::LoopConnection&, const endpoint::Message&) {
        FAIL("whole");
    };
    handlers.on_piece = [&](endpoint::LoopConnection& client, const endpoint::MessagePiece& piece) {
        seen.push_back((piece.type == Opcode::text ? "text " : "binary ") +
                       std::string{ws::as_text(piece.data)} + (piece.last ? "." : ""));
        client.send(seen.back());
    };
    handlers.on_close = [&](endpoint::LoopConnection&, const endpoint::Error& error) {
        closed.set_value(error.message());
    };
    PieceServer running{std::move(handlers), 10};
    const auto connection = running.dial();
    {
        endpoint::MessageWriter writer = connection->next_writer(Opcode::text, 2);
        CHECK(writer.write("Hello"));
        // Two frames have left, and are with the application: the message is not complete.
        for (const std::string_view piece : {"text He", "text ll"}) {
            const auto answer = connection->read_message();
            REQUIRE(answer);
            CHECK(ws::as_text(answer->data) == piece);
        }
        CHECK(writer.finish());
    }
    auto answer = connection->read_message();
    REQUIRE(answer);
    CHECK(ws::as_text(answer->data) == "text o.");
    CHECK(connection->write_message(Opcode::binary, {}));
    answer = connection->read_message();
    REQUIRE(answer);
    CHECK(ws::as_text(answer->data) == "binary .");
    CHECK(running.server.counters().messages_received == 2);

    endpoint::MessageWriter writer = connection->next_writer(Opcode::text, 8);
    CHECK(writer.write("too long for it"));
    writer.finish();
    connection->wait_until_closed();
    CHECK(connection->error().code == 1009);
    CHECK(closed.get_future().get().find("1009") != std::string::npos);
}

TEST_CASE("§5.4 an event loop echoes a large message in pieces, and keeps no more than its limit") {
    constexpr std::size_t blocks = 700;
    std::atomic<std::size_t> most = 0;
    std::atomic<bool> was_slow = false;
    endpoint::Handlers handlers;
    handlers.on_piece = [&](endpoint::LoopConnection& client, const endpoint::MessagePiece& piece) {
        client.send_piece(piece.type, piece.data, piece.last);
        // Beyond its limit the loop reads no more of this client, and no further piece comes.
        if (client.backlog() > max_backlog_bytes) was_slow = true;
        most = std::max(most.load(), client.backlog());
    };
    PieceServer running{std::move(handlers)};
    const auto connection = running.dial();
    std::thread writing{[&] {
        endpoint::MessageWriter writer = connection->next_writer(Opcode::binary);
        for (std::size_t i = 0; i < blocks; ++i) REQUIRE(writer.write(block(i)));
        CHECK(writer.finish());
    }};
    wait_for(was_slow);
    auto reader = connection->next_reader();
    REQUIRE(reader);
    ws::Sha1 arrived;
    std::size_t bytes = 0;
    while (const auto piece = reader->next_piece()) {
        arrived.update(*piece);
        bytes += piece->size();
    }
    writing.join();
    CHECK(reader->complete());
    CHECK(bytes == blocks * block_bytes);
    CHECK(most < 2u << 20);  // the limit, and the read that went over it
    ws::Sha1 sent;
    for (std::size_t i = 0; i < blocks; ++i) sent.update(block(i));
    CHECK(arrived.finish() == sent.finish());
    connection->close(1000);
    connection->wait_until_closed();
}

TEST_CASE("§5.4 a message of the server's own: on until Sent::slow, and on again in on_drain") {
    constexpr std::size_t blocks = 700;
    std::size_t next = 0;
    std::atomic<bool> was_slow = false;
    std::atomic<int> drained = 0;
    std::atomic<std::size_t> most = 0;
    const auto send_on = [&](endpoint::LoopConnection& client) {
        while (next < blocks) {
            const endpoint::Sent sent =
                client.send_piece(Opcode::binary, block(next), next + 1 == blocks);
            ++next;
            most = std::max(most.load(), client.backlog());
            if (sent == endpoint::Sent::ok) continue;
            was_slow = true;
            return;
        }
    };
    endpoint::Handlers handlers;
    handlers.on_piece = [](endpoint::LoopConnection&, const endpoint::MessagePiece&) {};
    handlers.on_open = send_on;
    handlers.on_drain = [&](endpoint::LoopConnection& client) {
        ++drained;
        send_on(client);
    };
    PieceServer running{std::move(handlers)};
    const auto connection = running.dial();
    wait_for(was_slow);
    auto reader = connection->next_reader();
    REQUIRE(reader);
    ws::Sha1 arrived;
    while (const auto piece = reader->next_piece()) arrived.update(*piece);
    CHECK(reader->complete());
    CHECK(drained > 0);
    CHECK(most < 2u << 20);
    ws::Sha1 sent;
    for (std::size_t i = 0; i < blocks; ++i) sent.update(block(i));
    CHECK(arrived.finish() == sent.finish());
    connection->close(1000);
    connection->wait_until_closed();
}
