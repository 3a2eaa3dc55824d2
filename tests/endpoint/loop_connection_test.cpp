// A client of the epoll server as a machine, without the server: each phase, each state of its
// protocol, and whatever may happen in it. RFC 6455 §7. Nothing here waits for a time.
#include "endpoint/loop_connection.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <utility>

#include "tests/lessons/peers.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/raw_peer.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

// What a client may be in. `broken`: its peer broke a rule, and takes nothing of what we have for
// it; `half`: the same, and all has left.
enum class Row { handshake, open, closing, broken, half, over };

constexpr std::array<std::string_view, 6> happenings{"message", "Close", "bad frame",
                                                     "end",     "reset", "time"};

ws::Buffer message() { return "81 85 37 fa 21 3d 7f 9f 4d 51 58"_hex; }
ws::Buffer close_frame() { return "88 82 37 fa 21 3d 34 12"_hex; }
ws::Buffer bad_frame() { return "81 05 48 65 6c 6c 6f (not masked)"_hex; }

class Machine {
  public:
    explicit Machine(Row row) {
        ::fcntl(socket_, F_SETFL, O_NONBLOCK);
        const int small = 4096;
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        loop_.epoll.add(socket_, net::Epoll::readable, client_.id());
        if (row == Row::handshake) return;
        give(
            as_bytes("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        if (row == Row::closing) client_.close(ws::close_code::normal);
        if (row == Row::broken) client_.send(ws::Opcode::binary, ws::Buffer(8u << 20));
        if (row == Row::broken || row == Row::half) give(bad_frame());
        if (row == Row::over) give(close_frame());
        end_turn();
        heard_.clear();
    }

    // What the application hears, and what has become of TCP.
    std::string after(std::string_view what) {
        if (what == "message") give(message());
        if (what == "Close") give(close_frame());
        if (what == "bad frame") give(bad_frame());
        if (what == "end") {
            peer_.end_sending();
            ready();
        }
        if (what == "reset") {
            peer_.reset();
            ready();
        }
        if (what == "time") {
            // All limits are over at once; that of an open connection when a moment has passed.
            while (loop_.clock.now() < 2) loop_.clock.update();
            client_.on_time();
        }
        end_turn();
        return heard_ + tcp();
    }

  private:
    static endpoint::ServerOptions impatient() {
        endpoint::ServerOptions options;
        options.handshake_timeout = options.close_timeout = options.write_timeout = 0ms;
        options.ping_interval = 0ms;
        options.idle_timeout = 1ms;
        options.max_backlog_bytes = 1u << 30;
        return options;
    }

    endpoint::Handlers listener() {
        endpoint::Handlers handlers;
        handlers.on_message = [this](endpoint::LoopConnection&, const endpoint::Message&) {
            heard_ += "message, ";
        };
        handlers.on_close = [this](endpoint::LoopConnection&, const endpoint::Error& error) {
            constexpr std::array kinds{"none", "closed", "rule", "lost", "timed out"};
            heard_ += std::string{kinds[static_cast<std::size_t>(error.kind)]} + ", ";
        };
        return handlers;
    }

    void give(ws::Bytes bytes) {
        peer_.try_send(bytes);
        ready();
    }

    void ready() {
        // Whoever is over is not asked any more; that it would do nothing is tried all the same.
        if (!loop_.to_remove.empty()) return client_.on_ready(EPOLLIN | EPOLLHUP);
        // The kernel may take more of our bytes, meanwhile, and says so first.
        for (bool came = false; !came;) {
            const auto events = loop_.epoll.wait(10s);
            REQUIRE(!events.empty());
            came = (events.front().events & ~std::uint32_t{EPOLLOUT}) != 0;
            client_.on_ready(events.front().events);
        }
    }

    void end_turn() {
        client_.flush();
        for (std::size_t i = 0; i < loop_.to_flush.size(); ++i) client_.flush();
        loop_.to_flush.clear();
        CHECK(loop_.to_remove.size() <= 1);
    }

    std::string tcp() const {
        if (!loop_.to_remove.empty()) return "gone";
        tcp_info info{};
        socklen_t size = sizeof info;
        ::getsockopt(socket_, IPPROTO_TCP, TCP_INFO, &info, &size);
        return info.tcpi_state == TCP_FIN_WAIT1 || info.tcpi_state == TCP_FIN_WAIT2 ? "half"
                                                                                    : "stays";
    }

    std::string heard_;
    endpoint::Loop loop_{impatient(), listener()};
    std::pair<net::Fd, net::Fd> sockets_ = connected_pair();
    int socket_ = sockets_.second.get();
    RawPeer peer_{std::move(sockets_.first)};
    endpoint::LoopConnection client_{loop_, std::move(sockets_.second), {}, 1};
};

// A client that takes as little as the kernel lets it, and an application that hears when it drains.
class Slow {
  public:
    Slow() {
        ::fcntl(socket_, F_SETFL, O_NONBLOCK);
        const int small = 4096;
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        loop_.epoll.add(socket_, net::Epoll::readable, client_.id());
        peer_.send(sample_request(8080));
        turn();
        CHECK(peer_.receive_head() == sample_answer);
    }

    void send_until_slow() {
        while (client_.send(std::string(1000, 'x')) != endpoint::Sent::slow) ++sent_;
        ++sent_;  // that one, too
        CHECK(client_.backlog() > limit);
    }

    // The peer reads until no more than this waits; all of it has arrived when nothing does.
    void drain_to(std::size_t most) {
        const std::size_t all = sent_ * (4 + 1000);
        const net::Deadline deadline = net::after(patience);
        std::array<std::uint8_t, 500> chunk;
        while (client_.backlog() > most || (most == 0 && read_ < all)) {
            const ssize_t got = ::recv(peer_.socket().get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
            if (got > 0) read_ += static_cast<std::size_t>(got);
            turn(0ms);
            REQUIRE(net::Clock::now() < *deadline);
        }
    }

    // Only what is asked for is reported, so without a limit this waits for something that has to come.
    void turn(std::chrono::milliseconds most = 10s) {
        for (const epoll_event& event : loop_.epoll.wait(most)) client_.on_ready(event.events);
        client_.flush();
        for (const auto id : std::exchange(loop_.to_go_on, {}))
            if (id == client_.id()) client_.go_on();
        loop_.to_flush.clear();
    }

    static constexpr std::size_t limit = 50'000;
    int drained = 0, messages = 0;
    endpoint::LoopConnection& client() { return client_; }
    RawPeer& peer() { return peer_; }

  private:
    endpoint::Handlers listener() {
        endpoint::Handlers handlers;
        handlers.on_message = [this](endpoint::LoopConnection&, const endpoint::Message&) { ++messages; };
        handlers.on_drain = [this](endpoint::LoopConnection&) { ++drained; };
        return handlers;
    }
    static endpoint::ServerOptions options() {
        endpoint::ServerOptions options;
        options.max_backlog_bytes = limit;
        return options;
    }

    std::size_t sent_ = 0, read_ = 0;
    endpoint::Loop loop_{options(), listener()};
    std::pair<net::Fd, net::Fd> sockets_ = connected_pair();
    int socket_ = sockets_.second.get();
    RawPeer peer_{std::move(sockets_.first)};
    endpoint::LoopConnection client_{loop_, std::move(sockets_.second), {}, 1};
};

}  // namespace

TEST_CASE("limits: whoever was told that a client is slow hears that it has drained, paused meanwhile or not") {
    for (const bool pauses : {false, true}) {
        Slow slow;
        slow.send_until_slow();
        if (pauses) slow.client().pause();
        slow.drain_to(Slow::limit);
        REQUIRE(slow.client().backlog() > 0);
        slow.client().resume();
        CHECK(slow.drained == 0);
        slow.drain_to(0);
        CHECK(slow.drained == 1);
    }
}

TEST_CASE("limits: a client that the application has paused stays so when its backlog has gone") {
    Slow slow;
    slow.send_until_slow();
    slow.client().pause();
    slow.drain_to(0);
    CHECK(slow.drained == 1);
    slow.peer().send(message());
    slow.turn(0ms);
    CHECK(slow.messages == 0);
    slow.client().resume();
    slow.turn();
    CHECK(slow.messages == 1);
}

TEST_CASE("§7 a client of the loop: whatever may happen, in each phase and each state") {
    // stays: TCP goes on; half: our side of it has ended; gone: the client is to be removed.
    // clang-format off
    const std::array<std::array<std::string_view, 6>, 6> table{{
        // message         Close           bad frame     end           reset         time
        {"half",           "half",         "half",       "gone",       "gone",       "half"},
        {"message, stays", "closed, gone", "rule, half", "lost, gone", "lost, gone", "timed out, gone"},
        {"stays",          "closed, gone", "rule, half", "lost, gone", "lost, gone", "timed out, gone"},
        {"stays",          "stays",        "stays",      "stays",      "gone",       "gone"},
        {"half",           "half",         "half",       "gone",       "gone",       "gone"},
        {"gone",           "gone",         "gone",       "gone",       "gone",       "gone"},
    }};
    // clang-format on
    for (std::size_t row = 0; row < table.size(); ++row)
        for (std::size_t column = 0; column < happenings.size(); ++column) {
            CAPTURE(row);
            CAPTURE(happenings[column]);
            Machine machine{Row{static_cast<int>(row)}};
            CHECK(machine.after(happenings[column]) == table[row][column]);
        }
}
