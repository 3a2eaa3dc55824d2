// What an epoll server does to peers that are slow, silent, too many or hostile, and how it ends.
// RFC 6455 §7, §10.4. Timeouts are short here, so that the tests are; what they wait for is always
// an event, never a time.
#include <doctest/doctest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "net/parse_ip.hpp"
#include "net/wake.hpp"
#include "tests/endpoint/running_server.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/machine.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr const char* normal = "close closed: 1000 (normal closure)";

ws::Buffer masked(ws::Opcode opcode, ws::Bytes payload) {
    ws::Buffer frame;
    ws::append_frame(frame, {.opcode = opcode, .masked = true, .key = {0x37, 0xFA, 0x21, 0x3D}},
                     payload);
    return frame;
}

// Sends until the server reads no more; how many bytes it had taken.
std::size_t send_until_blocked(const RawPeer& peer, ws::Bytes bytes) {
    std::size_t sent = 0;
    for (;;) {
        const net::IoResult result =
            net::send_some(peer.socket(), bytes.subspan(sent % bytes.size()), net::after(500ms));
        if (!result) return sent;
        sent += result.bytes;
    }
}

void end_normally(RawPeer& peer) {
    peer.send_frame(ws::Opcode::close, "\x03\xe8");
    peer.expect_close(1000);
    peer.expect_end();
}

std::string status_of(RawPeer& peer) { return peer.receive_head().substr(9, 3); }

// The CPU time that the server's thread uses in a while in which nothing happens.
std::chrono::nanoseconds idle_cpu_time(RunningServer& running) {
    const auto before = running.cpu_time();
    net::wait_readable({}, net::after(400ms));
    return running.cpu_time() - before;
}
// A loop that spins uses all of the 400 ms; four turns of an idle one less than a hundredth.
constexpr auto idle = 100ms;

}  // namespace

TEST_CASE("limits: a client that does not read is not read from, until it has drained") {
    std::atomic<std::size_t> largest = 0;
    endpoint::ServerOptions options;
    options.max_backlog_bytes = 200'000;
    RunningServer running{options, [&](RunningServer& self) {
                              endpoint::Handlers handlers;
                              handlers.on_message = [&](endpoint::LoopConnection& client,
                                                        const endpoint::Message& message) {
                                  client.send(message.type, message.data);
                                  largest = std::max(largest.load(), client.backlog());
                              };
                              handlers.on_drain = [&self](endpoint::LoopConnection& client) {
                                  CHECK(client.backlog() == 0);
                                  self.journal.add("drained");
                              };
                              return handlers;
                          }};
    RawPeer peer = running.connect_slow();
    RawPeer other = running.connect();
    const ws::Buffer message = masked(ws::Opcode::binary, ws::Buffer(10'000));
    const std::size_t sent = send_until_blocked(peer, message);
    // One message may come on top of the limit: the others that were read with it wait.
    CHECK(largest > options.max_backlog_bytes);
    CHECK(largest < options.max_backlog_bytes + 10'100);
    CHECK(idle_cpu_time(running) < idle);
    other.send_frame(ws::Opcode::text, "and I?");
    CHECK(other.receive_text() == "and I?");

    // Nothing was lost, and after it the client is served as before.
    ws::FrameHeader header;
    for (std::size_t i = 0; i < sent / message.size(); ++i)
        REQUIRE(peer.receive_frame(header).size() == 10'000);
    CHECK(running.journal.wait_for("drained"));
    peer.send(ws::Bytes{message}.subspan(sent % message.size()));
    if (sent % message.size() != 0) CHECK(peer.receive_frame(header).size() == 10'000);
    end_normally(peer);
}

TEST_CASE("limits: an application that sends without end is told, within one turn") {
    std::vector<endpoint::ConnectionId> ids;
    RunningServer running{
        {}, [&ids](RunningServer& self) {
            endpoint::Handlers handlers;
            handlers.on_open = [&ids](endpoint::LoopConnection& client) {
                ids.push_back(client.id());
            };
            handlers.on_message = [&](endpoint::LoopConnection&, const endpoint::Message&) {
                // To itself and to another one, neither of which reads.
                const std::string text(1000, 'x');
                for (const endpoint::ConnectionId id : ids) {
                    endpoint::LoopConnection* const client = self.server.find(id);
                    int sent = 0;
                    while (client->send(text) == endpoint::Sent::ok && sent < 100'000) ++sent;
                    CHECK(sent < 100'000);
                    CHECK(client->backlog() < 2'500'000);
                    client->close(1013, "too slow");
                }
                self.journal.add("told");
            };
            return handlers;
        }};
    RawPeer one = running.connect_slow();
    RawPeer two = running.connect_slow();
    two.send_frame(ws::Opcode::text, "go");
    CHECK(running.journal.wait_for("told"));
}

TEST_CASE("limits: time in which we did not read is not the peer's silence") {
    endpoint::ServerOptions options;
    options.max_backlog_bytes = 1000;
    options.idle_timeout = silence_on_this_machine(900ms);
    options.ping_interval = options.idle_timeout / 3;
    RunningServer running{options, [](RunningServer& self) {
                              endpoint::Handlers handlers;
                              handlers.on_drain = [&self](endpoint::LoopConnection&) {
                                  self.journal.add("drained");
                              };
                              return handlers;
                          }};
    RawPeer peer = running.connect_slow();
    const std::size_t size = 9'000'000;
    peer.send_frame(ws::Opcode::binary, std::string(size, 'x'));
    net::wait_readable({}, net::after(options.idle_timeout + 300ms));
    ws::FrameHeader header;
    CHECK(peer.receive_frame(header).size() == size);
    CHECK(running.journal.wait_for("drained"));
    // A silent one is pinged first.
    CHECK(peer.receive_frame(header).empty());
    CHECK(header.opcode == ws::Opcode::ping);
    end_normally(peer);
}

TEST_CASE("limits: a client that takes no byte for too long is given up, others are served") {
    endpoint::ServerOptions options;
    options.write_timeout = 300ms;
    RunningServer running{options};
    RawPeer peer = running.connect_slow();
    RawPeer other = running.connect();
    peer.send_frame(ws::Opcode::binary, std::string(9'000'000, 'x'));
    CHECK(running.journal.wait_for("close given up (1006): it took no bytes for too long"));
    other.send_frame(ws::Opcode::text, "still here");
    CHECK(other.receive_text() == "still here");
    CHECK(running.metric("websocket_timeouts_total") == 1);
    CHECK(eventually([&] { return running.metric("websocket_connections_open") == 2; }));
}

TEST_CASE("limits: a peer that resets while we do not read from it is noticed") {
    endpoint::ServerOptions options;
    options.max_backlog_bytes = 1000;
    RunningServer running{options};
    RawPeer peer = running.connect_slow();
    // More than the server reads: when the reset comes, there are bytes that nobody has read.
    send_until_blocked(peer, masked(ws::Opcode::binary, ws::Buffer(1'000'000)));
    peer.reset();
    CHECK(running.journal.next() == "open");
    CHECK(running.journal.next() ==
          "close lost without a Close frame (1006): Connection reset by peer");
    CHECK(eventually([&] { return running.metric("websocket_connections_open") == 1; }));
    running.stop();
    CHECK(running.journal.empty());
}

TEST_CASE("limits: nothing spins, whatever half-way state a client is in") {
    endpoint::ServerOptions options;
    options.max_backlog_bytes = 1u << 30;
    RunningServer running{options};
    const std::string big(9'000'000, 'x');
    RawPeer quiet = running.connect();
    RawPeer connecting{running.port()};
    connecting.send("GET /ws HTTP/1.1\r\nHo");
    // Its end has come and cannot be read again, its echo does not fit.
    RawPeer ended = running.connect_slow();
    ended.send_frame(ws::Opcode::text, big);
    ended.end_sending();
    // We have ended, and it has not.
    RawPeer refused{running.port()};
    refused.send("nonsense\r\n\r\n");
    CHECK(status_of(refused) == "400");
    CHECK(running.journal.wait_for(
        "close lost without a Close frame (1006): the peer ended the connection"));
    CHECK(idle_cpu_time(running) < idle);
    CHECK((ended.receive_text() == big));
    ended.expect_end();
}

TEST_CASE("limits: while a client does not read, only its latest ping is answered") {
    endpoint::ServerOptions options;
    options.max_backlog_bytes = 1u << 30;
    RunningServer running{options};
    RawPeer peer = running.connect_slow();
    const std::string big(9'000'000, 'x');
    peer.send_frame(ws::Opcode::text, big);
    ws::Buffer pings;
    for (int i = 0; i < 10'000; ++i)
        pings = std::move(pings) + masked(ws::Opcode::ping, ws::as_bytes(std::to_string(i)));
    peer.send(pings);
    peer.send_frame(ws::Opcode::text, "all");
    // Once this has been handled, so have they.
    CHECK(eventually([&] { return running.metric("websocket_messages_received_total") == 2; }));
    CHECK((peer.receive_text() == big));
    CHECK(peer.receive_text() == "all");
    ws::FrameHeader header;
    CHECK(ws::as_text(peer.receive_frame(header)) == "9999");
    CHECK(header.opcode == ws::Opcode::pong);
    end_normally(peer);
}

TEST_CASE("limits: a flood of tiny messages has its share of a turn, and nothing of it is lost") {
    constexpr std::size_t flood = 50'000;
    net::Wake sent;
    std::size_t before_other = 0;
    std::size_t from_flooder = 0;
    RunningServer running{
        {}, [&](RunningServer& self) {
            endpoint::Handlers handlers;
            handlers.on_message = [&](endpoint::LoopConnection&, const endpoint::Message& message) {
                if (ws::as_text(message.data) == "and I?") {
                    before_other = from_flooder;
                    self.journal.add("the other one");
                    return;
                }
                // While the first is handled, all others arrive, and so does another client's.
                if (++from_flooder == 1) {
                    self.journal.add("first");
                    net::wait_readable(std::array{sent.fd()}, net::after(patience));
                }
                if (from_flooder == flood + 1) self.journal.add("last");
            };
            return handlers;
        }};
    RawPeer flooder = running.connect();
    RawPeer other = running.connect();
    flooder.send_frame(ws::Opcode::text, "hi");
    CHECK(running.journal.wait_for("first"));
    ws::Buffer batch;
    for (std::size_t i = 0; i < flood; ++i)
        ws::append(batch, masked(ws::Opcode::text, ws::as_bytes("hi")));
    std::thread sending{[&] { flooder.send(batch); }};
    other.send_frame(ws::Opcode::text, "and I?");
    sent.raise();
    CHECK(running.journal.wait_for("the other one"));
    CHECK(running.journal.wait_for("last"));
    sending.join();
    CHECK(before_other <= 2 * endpoint::Share::most_events);
}

TEST_CASE("limits: a client whose send failed is over, and what it had queued is not delivered") {
    bool says_why = false;
    SUBCASE("without a word") {}
    SUBCASE("with a Close among it") { says_why = true; }
    net::Wake gone;
    std::atomic<std::size_t> delivered = 0;
    RunningServer running{
        {}, [&](RunningServer& self) {
            endpoint::Handlers handlers;
            handlers.on_message = [&](endpoint::LoopConnection& client, const endpoint::Message&) {
                if (++delivered != 1) return;
                self.journal.add("first");
                net::wait_readable(std::array{gone.fd()}, net::after(patience));
                // It has gone meanwhile. Large enough to be written now, not when the turn ends.
                client.send(ws::Opcode::binary, ws::Buffer(100'000));
                CHECK_FALSE(client.is_open());
                CHECK(client.send("hello?") == endpoint::Sent::closed);
            };
            handlers.on_close = [&](endpoint::LoopConnection&, const endpoint::Error& error) {
                self.journal.add(error.message());
            };
            return handlers;
        }};
    RawPeer peer = running.connect();
    ws::Buffer batch;
    for (int i = 0; i < 1000; ++i) ws::append(batch, masked(ws::Opcode::text, ws::as_bytes("hi")));
    if (says_why) ws::append(batch, masked(ws::Opcode::close, "03 e9"_hex));
    peer.send(batch);
    CHECK(running.journal.wait_for("first"));
    peer.reset();
    gone.raise();
    const std::string why = running.journal.next();
    CHECK(why.starts_with(says_why ? "closed: 1001" : "lost without a Close"));
    CHECK(delivered == 1);
    // Its descriptor has come back: only the connection that asks is open.
    CHECK(eventually([&] { return running.metric("websocket_connections_open") == 1; }));
}

TEST_CASE("limits: a handshake has its time, however its bytes trickle") {
    endpoint::ServerOptions options;
    options.handshake_timeout = 400ms;
    RunningServer running{options};
    RawPeer silent{running.port()};
    RawPeer trickling{running.port()};
    // One byte whenever there is no answer yet.
    const std::string request =
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(8000, 'x');
    for (const char byte : request) {
        trickling.try_send(ws::as_bytes({&byte, 1}));
        const int sockets[] = {trickling.socket().get()};
        if (net::wait_readable(sockets, net::after(20ms)) == 0) break;
    }
    CHECK(status_of(trickling) == "408");
    CHECK(status_of(silent) == "408");
    silent.receive_to_end();
    CHECK(running.metric("websocket_timeouts_total") == 2);
}

TEST_CASE("limits: a silent peer is pinged, then given up; one that answers stays") {
    endpoint::ServerOptions options;
    options.idle_timeout = silence_on_this_machine(900ms);
    options.ping_interval = options.idle_timeout / 3;
    RunningServer running{options};
    RawPeer silent = running.connect();
    RawPeer alive = running.connect();
    for (int i = 0; i < 4; ++i) {
        ws::FrameHeader header;
        CHECK(alive.receive_frame(header).empty());
        REQUIRE(header.opcode == ws::Opcode::ping);
        alive.send_frame(ws::Opcode::pong, "");
    }
    CHECK(running.journal.wait_for("close given up (1006): the peer went silent"));
    // Pings, and then the end.
    const ws::Buffer bytes = silent.receive_to_end();
    CHECK(bytes.size() >= 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) CHECK(bytes[i] == (i % 2 == 0 ? 0x89 : 0x00));
    end_normally(alive);
    CHECK(running.journal.next() == normal);
}

TEST_CASE("limits: without an idle timeout nobody is given up, without an interval nobody pinged") {
    endpoint::ServerOptions options;
    options.ping_interval = {};
    options.idle_timeout = {};
    RunningServer running{options};
    RawPeer silent = running.connect();
    net::wait_readable({}, net::after(600ms));  // the loop's clock has ticked twice
    end_normally(silent);                       // and nothing stood before the Close
    CHECK(running.journal.next() == "open");
    CHECK(running.journal.next() == normal);

    options.ping_interval = 300ms;
    RunningServer pinging{options};
    RawPeer peer = pinging.connect();
    for (int i = 0; i < 3; ++i) CHECK(peer.receive(2) == "89 00"_hex);  // one each interval
    peer.send_frame(ws::Opcode::close, "\x03\xe8");
    ws::Buffer rest = peer.receive_to_end();
    rest.erase(rest.begin(), rest.end() - 4);  // another ping may have been on its way
    CHECK(rest == "88 02 03 e8"_hex);
}

TEST_CASE("limits: a peer that does not answer our Close, or sends on for ever, is given up") {
    endpoint::ServerOptions options;
    options.close_timeout = 300ms;
    RunningServer running{options, [](RunningServer&) {
                              endpoint::Handlers handlers;
                              handlers.on_message = [](endpoint::LoopConnection& client,
                                                       const endpoint::Message&) {
                                  client.close(4000);
                              };
                              return handlers;
                          }};
    RawPeer silent = running.connect();
    silent.send_frame(ws::Opcode::text, "go");
    silent.expect_close(4000);
    silent.expect_end();
    CHECK(running.journal.wait_for("close given up (1006): it did not answer our Close"));

    RawPeer talking = running.connect();
    talking.send_frame(ws::Opcode::text, "go");
    const ws::Buffer more = masked(ws::Opcode::text, ws::Buffer(1000, 'x'));
    while (talking.try_send(more)) {
    }
    CHECK(running.journal.wait_for("close given up (1006): it did not answer our Close"));

    // After a mistake of its own it hears nothing but the Close.
    RawPeer wrong = running.connect();
    wrong.send("81 05 48 65 6c 6c 6f"_hex);
    while (wrong.try_send(more)) {
    }
    CHECK(eventually([&] { return running.metric("websocket_connections_open") == 1; }));
}

TEST_CASE("limits: one connection too many gets a 503 that it can read") {
    endpoint::ServerOptions options;
    options.max_connections = 3;
    RunningServer running{options};
    std::vector<RawPeer> inside;
    for (int i = 0; i < 3; ++i) inside.push_back(running.connect());
    // More than are refused with all patience. Some have sent their request, some have not.
    std::vector<RawPeer> outside;
    for (int i = 0; i < 40; ++i) {
        outside.emplace_back(running.port());
        if (i % 2 == 0) outside.back().try_send(ws::as_bytes(sample_request(running.port())));
    }
    for (RawPeer& peer : outside) {
        const std::string head = peer.receive_head();
        CHECK(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
        CHECK(head.find("\r\nRetry-After: 1\r\n") != std::string::npos);
    }
    for (RawPeer& peer : inside) {
        peer.send_frame(ws::Opcode::text, "inside");
        CHECK(peer.receive_text() == "inside");
    }
    // Those that are still being refused take nobody's place.
    end_normally(inside.back());
    inside.pop_back();
    CHECK(eventually([&] {
        RawPeer next{running.port()};
        next.send(sample_request(running.port()));
        if (status_of(next) != "101") return false;
        inside.push_back(std::move(next));
        return true;
    }));
    inside.clear();
    outside.clear();
    running.stop();
    CHECK(running.server.counters().connections_refused >= 40);
    CHECK(running.server.counters().handshakes == 4);
}

TEST_CASE("§10.4 limits: each client may get a limit of its own, and another one later") {
    RunningServer running{{}, [](RunningServer&) {
                              endpoint::Handlers handlers;
                              handlers.on_open = [](endpoint::LoopConnection& client) {
                                  client.set_read_limit(2);
                              };
                              handlers.on_message = [](endpoint::LoopConnection& client,
                                                       const endpoint::Message& message) {
                                  client.set_read_limit(6);
                                  client.send(message.type, message.data);
                              };
                              return handlers;
                          }};
    RawPeer stranger = running.connect();
    stranger.send_frame(ws::Opcode::text, "abc");
    stranger.expect_close(1009);

    // In one write: the second message is judged after the first was handled.
    RawPeer known = running.connect();
    known.send(masked(ws::Opcode::text, as_bytes("ab")) +
               masked(ws::Opcode::text, as_bytes("abcdef")) +
               masked(ws::Opcode::text, as_bytes("abcdefg")));
    CHECK(known.receive_text() == "ab");
    CHECK(known.receive_text() == "abcdef");
    known.expect_close(1009);
}

TEST_CASE("limits: connections from one address") {
    endpoint::ServerOptions options;
    options.max_connections_per_address = 2;
    RunningServer running{options};
    RawPeer one = running.connect();
    RawPeer two = running.connect();
    std::vector<RawPeer> refused;
    for (int i = 0; i < 5; ++i) {
        refused.emplace_back(running.port());
        CHECK(status_of(refused.back()) == "429");
    }
    // One that goes makes room, although the refused ones linger.
    end_normally(one);
    CHECK(running.journal.wait_for(normal));
    RawPeer again = running.connect();
    again.send_frame(ws::Opcode::text, "x");
    CHECK(again.receive_text() == "x");
}

TEST_CASE("limits: connections from one address, counted behind a trusted proxy") {
    endpoint::ServerOptions options;
    options.max_connections_per_address = 2;
    options.proxies = {net::parse_network("127.0.0.0/8").value()};
    Journal log;
    RunningServer running{options, [&log](RunningServer&) {
                              endpoint::Handlers handlers;
                              handlers.on_open = [](endpoint::LoopConnection& client) {
                                  client.send(client.address().to_string());
                              };
                              handlers.on_log = [&log](const net::Address& who, std::string_view) {
                                  log.add(who.to_string());
                              };
                              return handlers;
                          }};
    const auto knock = [&](const std::string& forwarded_for) {
        RawPeer peer{running.port()};
        std::string request = sample_request(running.port());
        request.insert(request.size() - 2, "X-Forwarded-For: " + forwarded_for + "\r\n");
        peer.send(request);
        return peer;
    };
    std::vector<RawPeer> inside;
    const auto enter = [&](const std::string& forwarded_for) {
        inside.push_back(knock(forwarded_for));
        CHECK(status_of(inside.back()) == "101");
        return inside.back().receive_text();
    };
    // Two for each client, however many the proxy has; and what a client writes before the
    // proxy's entry makes it nobody else.
    CHECK(enter("203.0.113.7") == "203.0.113.7:0");
    CHECK(enter("6.6.6.6, 203.0.113.7") == "203.0.113.7:0");
    CHECK(enter("203.0.113.8") == "203.0.113.8:0");
    CHECK(enter("2001:db8::8") == "[2001:db8::8]:0");
    for (int i = 0; i < 5; ++i) {
        RawPeer refused = knock("1.1.1.1, 203.0.113.7");
        CHECK(status_of(refused) == "429");
        CHECK(log.next() == "203.0.113.7:0");
    }
    // When nobody is named, the client is the proxy itself, which has no limit.
    for (int i = 0; i < 3; ++i) CHECK(enter("unknown").starts_with("127.0.0.1:"));
    // One that goes makes room, although the refused ones linger.
    end_normally(inside.front());
    CHECK(running.journal.wait_for(normal));
    CHECK(enter("203.0.113.7") == "203.0.113.7:0");
    RawPeer refused = knock("203.0.113.7");
    CHECK(status_of(refused) == "429");
}

TEST_CASE("limits: X-Forwarded-For from anybody else says nothing") {
    endpoint::ServerOptions options;
    options.max_connections_per_address = 1;
    options.proxies = {net::parse_ip("192.0.2.1").value()};
    RunningServer running{options};
    RawPeer one = running.connect();
    RawPeer two{running.port()};
    std::string request = sample_request(running.port());
    request.insert(request.size() - 2, "X-Forwarded-For: 203.0.113.7\r\n");
    two.send(request);
    CHECK(status_of(two) == "429");
}

TEST_CASE("limits: clients come and go, resets among them, and leave nothing behind") {
    RunningServer running;
    const auto storm = [&running] {
        for (int i = 0; i < 200; ++i) {
            RawPeer peer{running.port()};
            const std::string request = sample_request(running.port());
            const ws::Buffer bytes = ws::Buffer{request.begin(), request.end()} +
                                     masked(ws::Opcode::text, ws::Buffer(100, 'x')) +
                                     masked(ws::Opcode::close, "03 e8"_hex);
            // In the middle of a head, of a frame, of a closing handshake.
            peer.try_send(
                ws::Bytes{bytes}.first(1 + bytes.size() * static_cast<unsigned>(i) / 200));
            peer.reset();
        }
        CHECK(eventually([&] { return running.metric("websocket_connections_open") == 1; }));
    };
    storm();
    const int first_free = ::dup(0);
    ::close(first_free);
    storm();
    const net::Fd now{::dup(0)};
    CHECK(now.get() == first_free);
}

TEST_CASE("limits: at the end all are told with 1001, and nobody can hold the server up") {
    endpoint::ServerOptions options;
    options.shutdown_timeout = silence_on_this_machine(600ms);
    options.max_backlog_bytes = 1u << 30;
    RunningServer running{options};
    const std::string big(9'000'000, 'x');
    RawPeer polite = running.connect();
    RawPeer silent = running.connect();
    RawPeer connecting{running.port()};
    connecting.send("GET /ws HTTP/1.1\r\n");
    RawPeer frozen = running.connect_slow();
    frozen.send_frame(ws::Opcode::text, big);
    RawPeer reading = running.connect_slow();
    reading.send_frame(ws::Opcode::text, big);
    CHECK(eventually([&] { return running.metric("websocket_messages_received_total") == 2; }));

    running.begin_to_stop();
    polite.expect_close(1001);
    polite.send_frame(ws::Opcode::close, "\x03\xe9");
    polite.expect_end();
    silent.expect_close(1001);
    connecting.expect_end();
    // The Close stands behind what was sent before.
    CHECK((reading.receive_text() == big));
    reading.expect_close(1001);
    reading.send_frame(ws::Opcode::close, "\x03\xe9");
    reading.expect_end();
    running.stop();
    CHECK(running.server.counters().connections_open == 0);
    // Each of the four that had opened has been closed once.
    int opened = 0;
    int closed = 0;
    int given_up = 0;
    while (!running.journal.empty()) {
        const std::string line = running.journal.next();
        (line == "open" ? opened : closed) += 1;
        given_up += line == "close given up (1006): it did not answer our Close" ? 1 : 0;
    }
    CHECK(opened == 4);
    CHECK(closed == 4);
    CHECK(given_up == 2);
}

// Deadlines are looked at four times a second, but this one is a promise to whoever stops the server. Of
// ten ends the shortest is looked at: a busy machine delays some of them, a missing bound each.
TEST_CASE("limits: the end of the server does not wait for the next look at the deadlines") {
    net::Clock::duration shortest = 1h;
    for (int i = 0; i < 10; ++i) {
        endpoint::ServerOptions options;
        options.shutdown_timeout = 5ms;
        RunningServer running{options};
        RawPeer silent = running.connect();
        const auto begin = net::Clock::now();
        running.stop();
        shortest = std::min(shortest, net::Clock::now() - begin);
        CHECK(running.server.counters().connections_open == 0);
    }
    CHECK(shortest < net::LoopClock::interval / 2);
}

TEST_CASE("limits: without clients the server ends at once, and refuses new ones from then on") {
    RunningServer running;
    const std::uint16_t port = running.port();
    running.stop();
    CHECK_THROWS_AS(RawPeer{port}, std::system_error);
}

namespace {

// A server whose clients have connected before it runs, so that the test needs no descriptor any
// more and the server can be left with as few as one likes.
struct Crowd {
    explicit Crowd(bool spare) {
        ::getrlimit(RLIMIT_NOFILE, &before);
        handlers.on_open = [this](endpoint::LoopConnection&) { ++opened; };
        options.port = 0;
        options.max_connections = 1000;
        // The server's own: epoll, two listeners, and the one to spare.
        if (!spare) limit_to(first_free() + 3);
        server.emplace(options, handlers);
        ::setrlimit(RLIMIT_NOFILE, &before);
        for (int i = 0; i < 10; ++i) {
            peers.emplace_back(server->port());
            peers.back().send(sample_request(server->port()));
        }
        // Its thread exists before the descriptors are gone: sanitizers need some to start one.
        thread = std::thread{[this] {
            running.wait(false);
            server->run(stop.fd());
        }};
    }
    ~Crowd() {
        ::setrlimit(RLIMIT_NOFILE, &before);
        peers.clear();
        stop.raise();
        start();
        thread.join();
    }

    // The descriptor that the next open() would give. All below it are taken.
    static rlim_t first_free() {
        const net::Fd next{::dup(0)};
        return static_cast<rlim_t>(next.get());
    }

    // Descriptors below this number may be opened.
    void limit_to(rlim_t number) const {
        const rlimit tight{number, before.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &tight);
    }

    void start() {
        running = true;
        running.notify_one();
    }

    // Reads everyone's answer. Until then nothing is checked: a sanitizer needs descriptors, too,
    // when it meets something for the first time.
    void read_answers() {
        const net::Deadline deadline = net::after(patience);
        for (const RawPeer& peer : peers) {
            std::array<std::uint8_t, 12> line{};  // "HTTP/1.1 101"
            net::receive_exactly(peer.socket(), line, deadline);
            statuses.emplace_back(ws::as_text(line).substr(9));
        }
        ::setrlimit(RLIMIT_NOFILE, &before);
    }

    int count(const char* status) const {
        return static_cast<int>(std::ranges::count(statuses, status));
    }

    rlimit before{};
    endpoint::ServerOptions options;
    endpoint::Handlers handlers;
    std::atomic<int> opened = 0;
    std::atomic<bool> running = false;
    std::optional<endpoint::Server> server;
    net::Wake stop;
    std::vector<RawPeer> peers;
    std::vector<std::string> statuses;
    std::thread thread;
};

}  // namespace

TEST_CASE("limits: out of descriptors, the spare one serves to say so") {
    Crowd crowd{true};
    crowd.limit_to(Crowd::first_free() + 3);
    crowd.start();
    crowd.read_answers();
    CHECK(crowd.count("101") == 3);
    CHECK(crowd.count("503") == 7);
    CHECK(crowd.opened == 3);
}

TEST_CASE("limits: without even a spare descriptor the server looks away until there is one") {
    Crowd crowd{false};
    clockid_t clock{};
    ::pthread_getcpuclockid(crowd.thread.native_handle(), &clock);
    const rlim_t first_free = Crowd::first_free();
    crowd.limit_to(first_free);
    crowd.start();
    net::wait_readable({}, net::after(600ms));
    timespec used{};
    ::clock_gettime(clock, &used);
    // The first that becomes free is the spare one again.
    crowd.limit_to(first_free + 1);
    crowd.read_answers();
    CHECK(std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec} < idle);
    CHECK(crowd.count("503") == 10);
    CHECK(crowd.opened == 0);
}
