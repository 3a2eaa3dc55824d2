// The event loop over real sockets: messages, handlers, output, HTTP. RFC 6455 §4.2, §5, §7.
// Limits, timeouts and the end of the server are in server_limits_test.cpp.
#include "endpoint/server.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "net/wake.hpp"
#include "tests/endpoint/running_server.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/support/bytes.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

ws::Buffer masked(ws::Opcode opcode, ws::Bytes payload, bool fin = true) {
    ws::Buffer frame;
    ws::append_frame(
        frame, {.fin = fin, .opcode = opcode, .masked = true, .key = {0x37, 0xFA, 0x21, 0x3D}},
        payload);
    return frame;
}
ws::Buffer masked(std::string_view text) { return masked(ws::Opcode::text, ws::as_bytes(text)); }

constexpr const char* lost =
    "close lost without a Close frame (1006): the peer ended the connection";
constexpr const char* normal = "close closed: 1000 (normal closure)";

// A message of about `size` bytes that says which one it is.
std::string numbered(int number, std::size_t size) {
    std::string text = std::to_string(number) + ' ';
    if (text.size() < size) text.resize(size, static_cast<char>('a' + number % 26));
    return text;
}

// Sizes on both sides of every path that output can take.
std::size_t size_of(int number) {
    constexpr std::size_t sizes[] = {5, 125, 20'000, 300, 70'000, 16'384, 16'383, 1};
    return sizes[number % 8];
}

void end_normally(RawPeer& peer) {
    peer.send_frame(ws::Opcode::close, "\x03\xe8");
    peer.expect_close(1000);
    peer.expect_end();
}

}  // namespace

TEST_CASE("server: echoes both types, fragments with a ping between them, and closes first") {
    RunningServer running;
    RawPeer peer = running.connect();
    CHECK(running.journal.next() == "open");
    peer.send("81 85 37 fa 21 3d 7f 9f 4d 51 58"_hex);
    CHECK(peer.receive(7) == "81 05 48 65 6c 6c 6f"_hex);
    peer.send(masked(ws::Opcode::binary, "00 ff"_hex));
    CHECK(peer.receive(4) == "82 02 00 ff"_hex);
    peer.send(masked(ws::Opcode::text, "48 65 6c"_hex, false));
    peer.send(masked(ws::Opcode::ping, "68 62"_hex));
    CHECK(peer.receive(4) == "8a 02 68 62"_hex);
    peer.send(masked(ws::Opcode::continuation, "6c 6f"_hex));
    CHECK(peer.receive_text() == "Hello");
    end_normally(peer);
    CHECK(running.journal.next() == normal);
}

TEST_CASE(
    "server: a frame glued to the request is not lost, and a request in single bytes is read") {
    RunningServer running;
    const std::string request = sample_request(running.port());
    RawPeer glued{running.port()};
    glued.send(ws::Buffer{request.begin(), request.end()} + masked("early"));
    CHECK(glued.receive_head() == sample_answer);
    CHECK(glued.receive_text() == "early");
    RawPeer slow{running.port()};
    for (const char byte : request) slow.send(std::string_view{&byte, 1});
    CHECK(slow.receive_head() == sample_answer);
}

TEST_CASE("server: what is sent before the handshake has ended goes behind the answer") {
    RunningServer running{{}, [](RunningServer&) {
                              endpoint::Handlers handlers;
                              handlers.on_open = [](endpoint::LoopConnection& client) {
                                  client.send("welcome");
                                  client.send(numbered(1, 20'000));
                                  client.send("bye");
                              };
                              return handlers;
                          }};
    RawPeer peer = running.connect();
    CHECK(peer.receive_text() == "welcome");
    CHECK(peer.receive_text() == numbered(1, 20'000));
    CHECK(peer.receive_text() == "bye");
}

TEST_CASE("server: messages of all sizes leave in the order in which they were sent") {
    constexpr int count = 2000;
    std::vector<endpoint::ConnectionId> ids;
    RunningServer running{
        {}, [&ids](RunningServer& self) {
            endpoint::Handlers handlers;
            handlers.on_open = [&ids](endpoint::LoopConnection& client) {
                ids.push_back(client.id());
            };
            handlers.on_message = [&](endpoint::LoopConnection& client,
                                      const endpoint::Message& message) {
                if (ws::as_text(message.data) != "go") {
                    client.send(message.type, message.data);
                    return;
                }
                for (int i = 0; i < count; ++i) {
                    CHECK(client.send(numbered(i, size_of(i))) != endpoint::Sent::closed);
                    endpoint::LoopConnection* const listener = self.server.find(ids.front());
                    CHECK(listener->send(numbered(i, size_of(i))) != endpoint::Sent::closed);
                }
                client.close(4000, "that is all");
                CHECK(client.send("no more") == endpoint::Sent::closed);
                CHECK(client.ping({}) == endpoint::Sent::closed);
            };
            return handlers;
        }};
    RawPeer listener = running.connect_slow();
    RawPeer speaker = running.connect_slow();
    RawPeer other = running.connect();
    speaker.send_frame(ws::Opcode::text, "go");
    // While both of them wait for room, a third one gets its own bytes and nobody else's.
    for (int i = 0; i < 10; ++i) {
        other.send_frame(ws::Opcode::text, numbered(i, size_of(i)));
        REQUIRE((other.receive_text() == numbered(i, size_of(i))));
    }
    for (int i = 0; i < count; ++i) REQUIRE((speaker.receive_text() == numbered(i, size_of(i))));
    speaker.expect_close(4000);
    for (int i = 0; i < count; ++i) REQUIRE((listener.receive_text() == numbered(i, size_of(i))));
}

// Small messages wait for the turn to end, or for a large one, which leaves with them in one system
// call. Where in the two the kernel stops is its own affair; so many sizes are tried.
// Around the size of a read, and beyond: where bytes are read to differs.
TEST_CASE("server: large messages come back whole, and what is sent behind them and between") {
    RunningServer running;
    RawPeer peer = running.connect();
    constexpr std::size_t sizes[] = {100'000, 524'273, 524'275,   600'000,
                                     7,       1 << 20, 3'000'000, 700'000};
    std::thread sender{[&] {
        for (int i = 0; i < std::ssize(sizes); ++i)
            peer.send(masked(numbered(i, sizes[i])) + masked("behind " + std::to_string(i)));
        const std::string text = numbered(9, 2'000'000);
        const ws::Bytes bytes = ws::as_bytes(text);
        peer.send(masked(ws::Opcode::text, bytes.first(900'000), false) +
                  masked(ws::Opcode::ping, "68 62"_hex) +
                  masked(ws::Opcode::continuation, bytes.subspan(900'000, 900'000), false) +
                  masked(ws::Opcode::continuation, bytes.subspan(1'800'000)));
    }};
    for (int i = 0; i < std::ssize(sizes); ++i) {
        CAPTURE(sizes[i]);
        const bool same = peer.receive_text() == numbered(i, sizes[i]);
        CHECK(same);
        CHECK(peer.receive_text() == "behind " + std::to_string(i));
    }
    CHECK(peer.receive(4) == "8a 02 68 62"_hex);
    const bool same = peer.receive_text() == numbered(9, 2'000'000);
    CHECK(same);
    sender.join();
    end_normally(peer);
}

// The second read of a turn finds what any read may find: nothing yet, or the end.
TEST_CASE("server: a large message that only begins, and a peer that ends after that") {
    RunningServer running;
    RawPeer peer = running.connect();
    CHECK(running.journal.next() == "open");
    const ws::Buffer large = masked(numbered(1, 600'000));
    std::thread sender{[&] { peer.send(large); }};
    const bool same = peer.receive_text() == numbered(1, 600'000);
    CHECK(same);
    sender.join();
    // One read holds this; the turn's other one finds nothing. (Another client's echo tells that the
    // turn has been.)
    peer.send(ws::Bytes{large}.first(1000));
    RawPeer other = running.connect();
    other.send_frame(ws::Opcode::text, "now");
    CHECK(other.receive_text() == "now");
    peer.send(ws::Bytes{large}.subspan(1000));
    const bool again = peer.receive_text() == numbered(1, 600'000);
    CHECK(again);
    // Here it finds the end.
    peer.send(ws::Bytes{large}.first(1000));
    peer.end_sending();
    peer.expect_end();
    CHECK(running.journal.wait_for(lost));
}

TEST_CASE("server: what the kernel does not take is kept in order, wherever it stopped") {
    std::atomic<int> sent = 0;
    const auto make = [&sent](RunningServer&) {
        endpoint::Handlers handlers;
        handlers.on_message = [&sent](endpoint::LoopConnection& client,
                                      const endpoint::Message& message) {
            int number = 0;
            while (client.backlog() == 0) {
                for (int i = 0; i < 4; ++i) client.send(numbered(number++, message.data.size()));
                client.send(numbered(number++, 17'000));
            }
            sent = number;
            client.send("that is all");
        };
        return handlers;
    };
    RunningServer running{{}, make};
    for (std::size_t size = 4'000; size < 4'600; size += 37) {
        CAPTURE(size);
        RawPeer peer = running.connect_slow();
        sent = 0;
        peer.send_frame(ws::Opcode::text, std::string(size, '?'));
        REQUIRE(eventually([&sent] { return sent > 0; }));
        for (int i = 0; i < sent; ++i)
            REQUIRE((peer.receive_text() == numbered(i, i % 5 < 4 ? size : 17'000)));
        CHECK(peer.receive_text() == "that is all");
        end_normally(peer);
    }
}

TEST_CASE("server: a message that was encoded once goes to all, the sender included") {
    RunningServer running{
        {}, [](RunningServer& self) {
            endpoint::Handlers handlers;
            handlers.on_message = [&self](endpoint::LoopConnection&,
                                          const endpoint::Message& message) {
                const ws::PreparedMessage prepared{message.type, message.data};
                self.server.for_each_open(
                    [&](endpoint::LoopConnection& client) { client.send(prepared); });
            };
            return handlers;
        }};
    std::vector<RawPeer> peers;
    for (int i = 0; i < 20; ++i) peers.push_back(running.connect());
    // Both in one segment: one client's turn holds two broadcasts.
    peers[7].send(masked("one") + masked("two"));
    for (RawPeer& peer : peers) {
        CHECK(peer.receive_text() == "one");
        CHECK(peer.receive_text() == "two");
    }
}

TEST_CASE("server: a handler may close the client whose message it is handling") {
    int messages = 0;
    RunningServer running{{}, [&messages](RunningServer&) {
                              endpoint::Handlers handlers;
                              handlers.on_message = [&messages](endpoint::LoopConnection& client,
                                                                const endpoint::Message&) {
                                  ++messages;
                                  client.send("last words");
                                  client.close(4001, "enough");
                                  client.close(4002, "once is enough");
                                  CHECK_FALSE(client.is_open());
                              };
                              return handlers;
                          }};
    RawPeer peer = running.connect();
    peer.send(masked("one") + masked("two") + masked("three"));
    CHECK(peer.receive_text() == "last words");
    peer.expect_close(4001);
    peer.send_frame(ws::Opcode::ping, "still read");
    ws::FrameHeader header;
    CHECK(ws::as_text(peer.receive_frame(header)) == "still read");
    peer.send_frame(ws::Opcode::close, "\x0f\xa1");
    peer.expect_end();
    CHECK(running.journal.next() == "open");
    CHECK(running.journal.next() == "close closed: 4001 (private)");
    running.stop();
    CHECK(messages == 1);
}

TEST_CASE("server: a handler may close and write to any other client, also to one that is gone") {
    std::vector<endpoint::ConnectionId> ids;
    std::vector<endpoint::ConnectionId> closed;
    RunningServer running{
        {}, [&](RunningServer& self) {
            endpoint::Handlers handlers;
            handlers.on_open = [&ids](endpoint::LoopConnection& client) {
                ids.push_back(client.id());
            };
            handlers.on_message = [&](endpoint::LoopConnection& client, const endpoint::Message&) {
                // Many of them are ready in the same turn, and each closes all of the others.
                for (const endpoint::ConnectionId id : ids) {
                    endpoint::LoopConnection* const other = self.server.find(id);
                    if (other == nullptr || other == &client) continue;
                    other->send("bye");
                    other->close(4000);
                }
            };
            handlers.on_close = [&](endpoint::LoopConnection& client, const endpoint::Error&) {
                CHECK(client.send("too late") == endpoint::Sent::closed);
                client.close(1000);
                closed.push_back(client.id());
                for (const endpoint::ConnectionId id : ids)
                    if (endpoint::LoopConnection* other = self.server.find(id))
                        other->send("somebody went");
            };
            return handlers;
        }};
    std::vector<RawPeer> peers;
    for (int i = 0; i < 30; ++i) peers.push_back(running.connect());
    for (RawPeer& peer : peers) peer.try_send(masked("close them") + masked("all"));
    for (RawPeer& peer : peers) peer.reset();
    CHECK(eventually([&] { return running.metric("websocket_connections_open") == 1; }));
    running.stop();
    std::ranges::sort(ids);
    std::ranges::sort(closed);
    CHECK(closed == ids);
    for (const endpoint::ConnectionId id : ids) CHECK(running.server.find(id) == nullptr);
}

TEST_CASE("server: an id names one client, however often its place is taken again") {
    std::vector<endpoint::ConnectionId> ids;
    RunningServer running{{}, [&ids](RunningServer& self) {
                              endpoint::Handlers handlers;
                              handlers.on_open = [&](endpoint::LoopConnection& client) {
                                  for (const endpoint::ConnectionId id : ids)
                                      CHECK(self.server.find(id) == nullptr);
                                  CHECK(self.server.find(client.id()) == &client);
                                  ids.push_back(client.id());
                              };
                              return handlers;
                          }};
    for (int i = 0; i < 20; ++i) {
        RawPeer peer = running.connect();
        end_normally(peer);
        CHECK(running.journal.wait_for(normal));
    }
    running.stop();
    CHECK(ids.size() == 20);
    CHECK(running.server.find(0) == nullptr);
    CHECK(running.server.find(~endpoint::ConnectionId{0}) == nullptr);
}

TEST_CASE("server: each client hears of its end exactly once, whoever ends it") {
    endpoint::ServerOptions options;
    options.limits.max_message_bytes = 1000;
    RunningServer running{options};
    const auto ends_with = [&running](const ws::Buffer& bytes, std::uint16_t code,
                                      std::string_view line) {
        CAPTURE(line);
        RawPeer peer = running.connect();
        // What follows the end is dropped, whatever it is.
        peer.send(bytes + masked("more") + masked(ws::Opcode::close, "03 e8"_hex));
        peer.expect_close(code);
        peer.close();
        CHECK(running.journal.next() == "open");
        CHECK(running.journal.next() == line);
    };
    ends_with(masked(ws::Opcode::close, "03 e9"_hex), 1001, "close closed: 1001 (going away)");
    ends_with("81 05 48 65 6c 6c 6f"_hex, 1002,
              "close RFC 6455 §5.1: a frame from a client must be masked; failed with 1002");
    ends_with(masked(ws::Opcode::text, "ff"_hex), 1007,
              "close RFC 6455 §8.1: a text message is not valid UTF-8; failed with 1007");
    ends_with(masked(ws::Opcode::binary, ws::Buffer(1001)), 1009,
              "close RFC 6455 §10.4: the message is larger than this endpoint allows; failed with "
              "1009");
    for (const ws::Buffer& begun : {ws::Buffer{}, "81"_hex, "81 85 37 fa 21 3d 7f"_hex}) {
        RawPeer peer = running.connect();
        peer.send(begun);
        peer.close();
        CHECK(running.journal.next() == "open");
        CHECK(running.journal.next() == lost);
    }
    RawPeer peer = running.connect();
    peer.reset();
    CHECK(running.journal.next() == "open");
    CHECK(running.journal.next() ==
          "close lost without a Close frame (1006): Connection reset by peer");
    CHECK(running.metric("websocket_errors_total{rule=\"frame_not_masked\"}") == 1);
    CHECK(running.metric("websocket_errors_total{rule=\"message_too_big\"}") == 1);
    CHECK(running.metric("websocket_handshakes_total") == 8);
    running.stop();
    CHECK(running.journal.empty());
    CHECK(running.server.counters().connections_open == 0);
}

TEST_CASE("server: a Close can be read although the peer was still sending") {
    RunningServer running;
    RawPeer peer = running.connect();
    // An unmasked frame, and more behind it than one read takes. Closed at once, the socket
    // would answer the rest with a reset, and the Close would be lost.
    peer.send("81 05 48 65 6c 6c 6f"_hex + ws::Buffer(2'000'000));
    peer.expect_close(1002);
    peer.expect_end();
}

TEST_CASE("server: a peer that ends its side of TCP still gets what it asked for") {
    // With a small limit the end is read when all has been sent, with a large one before.
    for (const std::uint64_t limit : {1u << 20, 1u << 30}) {
        CAPTURE(limit);
        endpoint::ServerOptions options;
        options.max_backlog_bytes = limit;
        RunningServer running{options};
        RawPeer peer = running.connect_slow();
        const std::string big = numbered(1, 9'000'000);
        peer.send(masked(big) + masked("and this"));
        peer.end_sending();
        CHECK((peer.receive_text() == big));
        CHECK(peer.receive_text() == "and this");
        peer.expect_end();
        CHECK(running.journal.next() == "open");
        CHECK(running.journal.next() == lost);
        CHECK(eventually([&] { return running.metric("websocket_connections_open") == 1; }));
        running.stop();
        CHECK(running.journal.empty());
    }
}

TEST_CASE("server: what a tap hears may be sent to others, also while output is flushed") {
    // "b" is tapped for the others. What "a" makes the server say to it is flushed at the end of
    // the turn, and then its tap asks for the others' flushes, more than there was room for.
    std::vector<endpoint::LoopConnection*> listeners;
    endpoint::LoopConnection* b = nullptr;
    RunningServer running{{}, [&](RunningServer& self) {
        endpoint::Handlers handlers;
        handlers.on_request = [&](endpoint::LoopConnection& client, const ws::Request& request) {
            self.journal.add("asked for " + std::string{request.query});
            if (request.query != "b") return;
            b = &client;
            client.tap([&listeners](ws::Direction direction, ws::Bytes bytes) {
                const bool head = bytes[0] == 'H';
                if (direction == ws::Direction::from_server && !head)
                    for (endpoint::LoopConnection* listener : listeners)
                        listener->send(ws::Opcode::binary, bytes);
            });
        };
        handlers.on_open = [&](endpoint::LoopConnection& client) {
            if (b != nullptr && b != &client) listeners.push_back(&client);
        };
        handlers.on_message = [&](endpoint::LoopConnection&, const endpoint::Message& message) {
            b->send(message.type, message.data);
        };
        return handlers;
    }};
    const auto connect = [&running](const std::string& query) {
        RawPeer peer{running.port()};
        std::string request = sample_request(running.port(), "/ws?" + query);
        peer.send(request);
        peer.receive_head();
        CHECK(running.journal.wait_for("asked for " + query));
        return peer;
    };
    RawPeer tapped = connect("b");
    std::vector<RawPeer> others;
    for (int i = 0; i < 40; ++i) others.push_back(connect("c"));
    others.back().send_frame(ws::Opcode::text, "hi");
    CHECK(tapped.receive_text() == "hi");
    for (RawPeer& other : others) {
        ws::FrameHeader header;
        CHECK(ws::hex(other.receive_frame(header)) == "81 02 68 69");
    }
}

TEST_CASE("server: HTTP on the same port, and nothing but GET and HEAD") {
    const std::string page = numbered(3, 9'000'000);
    RunningServer running{{}, [&page](RunningServer&) {
                              endpoint::Handlers handlers;
                              handlers.on_http = [&page](const ws::Request& request,
                                                         ws::HttpReply& reply) {
                                  if (request.path != "/page") return false;
                                  reply.content_type = "text/html";
                                  reply.body = page;
                                  return true;
                              };
                              return handlers;
                          }};
    const auto ask = [&running](const std::string& line) {
        RawPeer peer{running.port()};
        // The second request and the body are not answered, and not taken for frames.
        peer.send(line +
                  "\r\nHost: localhost\r\n\r\nGET /page HTTP/1.1\r\nHost: localhost\r\n\r\n");
        return std::string{ws::as_text(peer.receive_to_end())};
    };
    const std::string answer = ask("GET /page?x=1 HTTP/1.1");
    CHECK(
        answer.starts_with("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html\r\n"));
    CHECK((answer.substr(answer.find("\r\n\r\n") + 4) == page));
    CHECK(ask("GET /other HTTP/1.1").starts_with("HTTP/1.1 426 "));
    const std::string old = ask("GET /page HTTP/1.0");
    CHECK((old == answer));
    // How proxies ask whether a server is well: the same without the page.
    for (const char* line : {"HEAD /page HTTP/1.1", "HEAD /page HTTP/1.0"})
        CHECK(ask(line) == answer.substr(0, answer.find("\r\n\r\n") + 4));
    const std::string post = ask("POST /page HTTP/1.1\r\nContent-Length: 5");
    CHECK(post.starts_with("HTTP/1.1 405 "));
    CHECK(post.find("\r\nAllow: GET\r\n") != std::string::npos);
    CHECK(ask("GET /page HTTP/1.1\r\nContent-Length: 5").starts_with("HTTP/1.1 400 "));
    CHECK(ask("GET /page HTTP/2.0").starts_with("HTTP/1.1 505 "));
    CHECK(ask("GET /page\x01 HTTP/1.1").starts_with("HTTP/1.1 400 "));

    // One that has asked, says that it is done, and is slow to read.
    RawPeer slow{running.port()};
    slow.send("GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n");
    slow.end_sending();
    CHECK(slow.receive_head().find("Content-Length: 9000000\r\n") != std::string::npos);
    CHECK((ws::as_text(slow.receive_to_end()) == page));
    running.stop();
    CHECK(running.server.counters().http_requests == 5);
    CHECK(running.server.counters().handshakes == 0);
}

TEST_CASE("server: handshakes that break a rule, or the server's own, get their status") {
    endpoint::ServerOptions options;
    options.subprotocols = {"superchat", "chat"};
    options.admit = [](const ws::Request& request, const net::Address& peer) {
        CHECK(peer.ip() == "127.0.0.1");
        return request.query == "secret" ? ws::Errc::none : ws::Errc::forbidden;
    };
    std::string subprotocol;
    RunningServer running{options, [&subprotocol](RunningServer& self) {
                              endpoint::Handlers handlers;
                              handlers.on_open = [&](endpoint::LoopConnection& client) {
                                  subprotocol = client.subprotocol();
                                  self.journal.add("open");
                              };
                              return handlers;
                          }};
    const auto status = [&running](const std::string& path, const std::string& more = {}) {
        std::string request = sample_request(running.port(), path);
        request.insert(request.size() - 2, more);
        RawPeer peer{running.port()};
        peer.send(request);
        const std::string head = peer.receive_head();
        return head.substr(9, 3);
    };
    CHECK(status("/ws?secret", "Sec-WebSocket-Protocol: chat, superchat\r\n") == "101");
    CHECK(running.journal.next() == "open");
    CHECK(status("/ws") == "403");
    CHECK(status("/other?secret") == "404");
    CHECK(status("/ws?secret", "Sec-WebSocket-Version: 8\r\n") == "400");
    CHECK(status("/ws?secret", "X: " + std::string(20'000, 'x') + "\r\n") == "431");
    running.stop();
    CHECK(subprotocol == "superchat");
    CHECK(running.server.counters().errors[static_cast<std::size_t>(ws::Errc::forbidden)] == 1);
}

TEST_CASE("server: the counters as Prometheus reads them") {
    RunningServer running;
    RawPeer peer = running.connect();
    peer.send(masked("Hello") + masked(ws::Opcode::ping, {}));
    CHECK(peer.receive_text() == "Hello");
    const std::string text = http_get(running.port(), "/metrics");
    CHECK(
        text.find("\n# HELP websocket_connections_open Sockets of clients, whatever their state.\n"
                  "# TYPE websocket_connections_open gauge\nwebsocket_connections_open 2\n") !=
        std::string::npos);
    for (const char* line :
         {"websocket_connections_accepted_total 2", "websocket_connections_refused_total 0",
          "websocket_handshakes_total 1", "websocket_http_requests_total 0",
          "websocket_messages_received_total 1", "websocket_messages_sent_total 1"})
        CHECK_MESSAGE(text.find("\n" + std::string{line} + "\n") != std::string::npos, line);
}

TEST_CASE("server: §10.2 by default, pages of other hosts may not connect") {
    RunningServer running;
    const auto status = [&running](const std::string& origin) {
        std::string request = sample_request(running.port());
        request.insert(request.size() - 2, "Origin: " + origin + "\r\n");
        RawPeer peer{running.port()};
        peer.send(request);
        return peer.receive_head().substr(9, 3);
    };
    CHECK(status("https://evil.example") == "403");
    CHECK(status("null") == "403");
    CHECK(status("http://localhost:" + std::to_string(running.port())) == "101");
}

TEST_CASE("server: what else it waits for is looked at on its thread, also when nobody is connected") {
    endpoint::ServerOptions options;
    options.port = 0;
    endpoint::Server server{options, {}};
    net::Wake news, stop;
    Journal journal;
    server.watch(news.fd(), [&] {
        news.lower();
        server.for_each_open([](endpoint::LoopConnection& client) { client.send("news"); });
        journal.add("seen");
    });
    std::thread thread{[&] { server.run(stop.fd()); }};
    news.raise();
    CHECK(journal.next() == "seen");
    RawPeer peer = open_peer(server.port());
    news.raise();
    CHECK(peer.receive_text() == "news");
    end_normally(peer);
    stop.raise();
    thread.join();
    CHECK(server.counters().messages_sent == 1);
}
