// Several loops, one port: clients on each, rooms over all of them, letters from any thread, one end.
// The kernel chooses a client's loop; a test that wants one on a certain loop asks until it has one.
#include "endpoint/reactors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

#include "endpoint/dial_accept.hpp"
#include "tests/endpoint/running_server.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/support/machine.hpp"
#include "ws/deflate/codec.hpp"

using namespace test;
using namespace std::chrono_literals;
using endpoint::ClientHandle;
using endpoint::LoopConnection;
using endpoint::Posted;
using endpoint::Reactor;

namespace {

// Loops on threads of their own. All clients are in the room "all". What they say is obeyed: "loop"
// (which one am I on), "id", "echo …", "block" (this loop stands still until the latch is open),
// "throw"; all else is said to the room.
class Loops {
  public:
    explicit Loops(endpoint::ReactorsOptions options = {}, unsigned loops = 2)
        : reactors{with(std::move(options), loops),
                   [this](Reactor& loop, endpoint::ServerOptions&) { return handlers(loop); }},
          thread_{[this] { run(); }} {}
    ~Loops() { stop(); }

    void stop() {
        stop_.raise();
        if (thread_.joinable()) thread_.join();
    }
    std::string failure;  // what run() threw

    RawPeer connect() const { return open_peer(reactors.port()); }
    RawPeer connect_to(unsigned loop) const {
        for (int i = 0; i < 200; ++i) {
            RawPeer peer = connect();
            if (ask(peer, "loop") == std::to_string(loop)) return peer;
            peer.reset();
        }
        FAIL("200 clients, and none of them on loop " << loop);
        return connect();
    }
    static std::string ask(RawPeer& peer, std::string_view what) {
        peer.send_frame(ws::Opcode::text, what);
        return peer.receive_text();
    }
    static void say(RawPeer& peer, std::string_view what) { peer.send_frame(ws::Opcode::text, what); }
    static ClientHandle handle(RawPeer& peer, unsigned loop) {
        return {loop, std::stoull(ask(peer, "id"))};
    }

    Journal journal;  // "missed ID: TEXT"
    std::latch open{1};

    endpoint::Reactors reactors;

  private:
    static endpoint::ReactorsOptions with(endpoint::ReactorsOptions options, unsigned loops) {
        options.host = "127.0.0.1";
        options.port = 0;
        options.loops = loops;
        return options;
    }

    endpoint::LoopHandlers handlers(Reactor& loop) {
        endpoint::LoopHandlers handlers;
        handlers.on_open = [&loop](LoopConnection& client) { loop.hub().join(client, "all"); };
        handlers.on_message = [this, &loop](LoopConnection& client,
                                            const endpoint::Message& message) {
            obey(loop, client, ws::as_text(message.data));
        };
        handlers.on_missed = [this](endpoint::ConnectionId to, const ws::PreparedMessage& message) {
            journal.add("missed " + std::to_string(to) + ": " +
                        std::string{ws::as_text(message.data())});
        };
        return handlers;
    }

    void obey(Reactor& loop, LoopConnection& client, std::string_view said) {
        if (said == "loop") {
            client.send(std::to_string(loop.number()));
        } else if (said == "id") {
            client.send(std::to_string(client.id()));
        } else if (said == "block") {
            client.send("blocked");
            client.flush();
            open.wait();
        } else if (said == "throw") {
            throw std::runtime_error{"a handler threw"};
        } else if (said.starts_with("echo ")) {
            client.send(said);
        } else {
            loop.broadcast(client, "all", said);
        }
    }

    void run() {
        try {
            reactors.run(stop_.fd());
        } catch (const std::exception& error) {
            failure = error.what();
        }
    }

    net::Wake stop_;
    std::thread thread_;
};

// Sends numbered messages of `size` bytes, on a thread of its own, for the server may not take them.
std::jthread say_numbered(RawPeer& peer, int count, std::size_t size) {
    return std::jthread{[&peer, count, size] {
        for (int i = 0; i < count; ++i) {
            std::string text = std::to_string(i);
            text.resize(std::max(size, text.size()), ' ');
            Loops::say(peer, text);
        }
    }};
}

void hear_numbered(RawPeer& peer, int count) {
    for (int i = 0; i < count; ++i) REQUIRE(std::stoi(peer.receive_text()) == i);
}

}  // namespace

TEST_CASE("reactors: clients on both loops are served, and the counters are summed while they run") {
    Loops loops;
    CHECK(loops.reactors.loops() == 2);
    RawPeer first = loops.connect_to(0), second = loops.connect_to(1);
    CHECK(Loops::ask(first, "echo a") == "echo a");
    CHECK(Loops::ask(second, "echo b") == "echo b");
    const std::uint64_t before = loops.reactors.counters().messages_received;
    for (int i = 0; i < 10; ++i) {
        Loops::ask(first, "echo more");
        Loops::ask(second, "echo more");
    }
    CHECK(loops.reactors.counters().messages_received == before + 20);
    CHECK(eventually([&] { return loops.reactors.counters().connections_open == 2; }));
}

TEST_CASE("reactors: a room spans the loops; each member hears a message once, the sender included") {
    Loops loops{{}, 3};
    std::vector<RawPeer> members;
    for (const unsigned loop : {0u, 0u, 1u, 1u, 2u}) members.push_back(loops.connect_to(loop));
    for (std::size_t from = 0; from < members.size(); ++from) {
        const std::string said = "from " + std::to_string(from);
        Loops::say(members[from], said);
        // Whatever came twice would be in the way of the next.
        for (RawPeer& member : members) CHECK(member.receive_text() == said);
    }
    for (RawPeer& member : members) CHECK(Loops::ask(member, "echo end") == "echo end");
}

TEST_CASE("reactors: what one client says comes in its order, on every loop") {
    Loops loops;
    RawPeer here = loops.connect_to(0), there = loops.connect_to(1);
    const std::jthread saying = say_numbered(here, 3000, 1);
    const std::jthread hearing{[&] { hear_numbered(there, 3000); }};
    hear_numbered(here, 3000);
}

TEST_CASE("reactors: one loop is a room like any other, without letters") {
    Loops loops{{}, 1};
    RawPeer one = loops.connect_to(0), two = loops.connect_to(0);
    Loops::say(one, "hello");
    CHECK(one.receive_text() == "hello");
    CHECK(two.receive_text() == "hello");
}

// Loop 1 stands still. Its mailbox has room for some ten of a client's thousand messages; the loop
// of that client serves others, takes no more from it, and loses nothing.
TEST_CASE("reactors: while a mailbox is full its sender is not read, and all arrives in the end") {
    endpoint::ReactorsOptions options;
    options.max_mailbox_bytes = 10'000;
    Loops loops{options};
    RawPeer sender = loops.connect_to(0), other = loops.connect_to(0), there = loops.connect_to(1);
    CHECK(Loops::ask(there, "block") == "blocked");
    const std::uint64_t before = loops.reactors.counters().messages_received;
    const std::jthread saying = say_numbered(sender, 1000, 1000);
    // The other one, a member of the room, hears the first of them; and asks for something itself.
    int heard = 0;
    while (heard < 10) REQUIRE(std::stoi(other.receive_text()) == heard++);
    constexpr unsigned questions = 50;
    for (unsigned i = 0; i < questions; ++i) {
        Loops::say(other, "echo hello");
        for (std::string text; (text = other.receive_text()) != "echo hello";)
            REQUIRE(std::stoi(text) == heard++);
    }
    CHECK(heard < 15);
    CHECK(loops.reactors.counters().messages_received - before < questions + 15);
    loops.open.count_down();
    while (heard < 1000) REQUIRE(std::stoi(other.receive_text()) == heard++);
    hear_numbered(there, 1000);
    hear_numbered(sender, 1000);
}

TEST_CASE("reactors: any thread sends to a client by its handle; one that is gone is told of") {
    Loops loops;
    RawPeer here = loops.connect_to(0), there = loops.connect_to(1);
    const ClientHandle to_here = Loops::handle(here, 0), to_there = Loops::handle(there, 1);
    CHECK(loops.reactors.send(to_there, "for there") == Posted::ok);
    CHECK(there.receive_text() == "for there");
    CHECK(loops.reactors.send(to_here, ws::Opcode::text, ws::as_bytes("for here")) == Posted::ok);
    CHECK(here.receive_text() == "for here");

    there.send_frame(ws::Opcode::close, "\x03\xe8");
    there.expect_close(1000);
    there.expect_end();
    CHECK(loops.reactors.send(to_there, "too late") == Posted::ok);
    CHECK(loops.journal.next() == "missed " + std::to_string(to_there.id) + ": too late");
    // Its place may have been given to somebody else, who hears nothing of it.
    RawPeer next = loops.connect_to(1);
    CHECK(loops.reactors.send(to_there, "too late") == Posted::ok);
    CHECK(loops.journal.next() == "missed " + std::to_string(to_there.id) + ": too late");
    CHECK(Loops::ask(next, "echo hello") == "echo hello");

    loops.stop();
    CHECK(loops.reactors.send(to_here, "much too late") == Posted::closed);
    CHECK(loops.reactors.broadcast("all", ws::Opcode::text, {}) == Posted::closed);
}

TEST_CASE("reactors: four threads send to one client, and each one's messages keep their order") {
    Loops loops;
    RawPeer peer = loops.connect_to(1);
    const ClientHandle to = Loops::handle(peer, 1);
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 500; ++i)
                CHECK(loops.reactors.send(to, std::to_string(thread) + std::to_string(i)) ==
                      Posted::ok);
        });
    int next[4] = {};
    for (int all = 0; all < 2000; ++all) {
        const std::string text = peer.receive_text();
        REQUIRE(std::stoi(text.substr(1)) == next[text[0] - '0']++);
    }
}

TEST_CASE("reactors: a full mailbox refuses a handle's message, and nothing of it arrives") {
    endpoint::ReactorsOptions options;
    options.max_mailbox_bytes = 10'000;
    Loops loops{options};
    RawPeer peer = loops.connect_to(1);
    const ClientHandle to = Loops::handle(peer, 1);
    CHECK(Loops::ask(peer, "block") == "blocked");
    const std::string text(1000, 'x');
    int posted = 0;
    while (posted < 100 && loops.reactors.send(to, text) == Posted::ok) ++posted;
    CHECK(posted >= 9);
    CHECK(posted <= 11);
    loops.open.count_down();
    for (int i = 0; i < posted; ++i) CHECK(peer.receive_text() == text);
    CHECK(Loops::ask(peer, "echo end") == "echo end");
}

TEST_CASE("reactors: a thread that tells a room waits for a loop that is behind, and is not lost") {
    endpoint::ReactorsOptions options;
    options.max_mailbox_bytes = 10'000;
    Loops loops{options};
    RawPeer here = loops.connect_to(0), there = loops.connect_to(1);
    CHECK(Loops::ask(there, "block") == "blocked");
    std::atomic<int> told = 0;
    std::jthread telling{[&] {
        for (; told < 100; ++told) {
            std::string text = std::to_string(told);
            text.resize(1000, ' ');
            CHECK(loops.reactors.broadcast("all", ws::Opcode::text, ws::as_bytes(text)) ==
                  Posted::ok);
        }
    }};
    for (int i = 0; i < 10; ++i) REQUIRE(std::stoi(here.receive_text()) == i);
    CHECK(told < 15);
    loops.open.count_down();
    for (int i = 10; i < 100; ++i) REQUIRE(std::stoi(here.receive_text()) == i);
    hear_numbered(there, 100);
}

TEST_CASE("reactors: at the end every client on every loop gets 1001, and the deadline is one") {
    endpoint::ReactorsOptions options;
    options.shutdown_timeout = test::silence_on_this_machine(300ms);
    Loops loops{options, 3};
    std::vector<RawPeer> peers;
    for (const unsigned loop : {0u, 1u, 2u}) peers.push_back(loops.connect_to(loop));
    RawPeer silent = loops.connect_to(1);
    const auto begin = net::Clock::now();
    std::thread stopping{[&] { loops.stop(); }};
    for (RawPeer& peer : peers) {
        peer.expect_close(1001);
        peer.send_frame(ws::Opcode::close, "\x03\xe9");
        peer.expect_end();
    }
    stopping.join();  // for the silent one, the deadline
    CHECK(net::Clock::now() - begin >= options.shutdown_timeout - 50ms);
    silent.expect_close(1001);
    CHECK(loops.failure.empty());
    CHECK(loops.reactors.counters().connections_open == 0);
    CHECK(loops.reactors.counters().timeouts == 1);
}

TEST_CASE("reactors: when one loop fails the others end in order, and run() says why") {
    for (const unsigned failing : {0u, 1u}) {
        Loops loops;
        RawPeer bad = loops.connect_to(failing), good = loops.connect_to(1 - failing);
        Loops::say(bad, "throw");
        good.expect_close(1001);
        good.close();
        loops.stop();
        CHECK(loops.failure == "a handler threw");
    }
}

TEST_CASE("reactors: the limit of connections is divided among the loops") {
    endpoint::ReactorsOptions options;
    options.max_connections = 8;
    Loops loops{options};
    std::vector<RawPeer> peers;
    unsigned refused = 0;
    for (int i = 0; i < 40; ++i) {
        RawPeer peer{loops.reactors.port()};
        peer.send(sample_request(loops.reactors.port()));
        if (peer.receive_head() == sample_answer)
            peers.push_back(std::move(peer));
        else
            ++refused;
    }
    CHECK(peers.size() == 8);
    CHECK(refused == 32);
}

TEST_CASE("reactors: members that compress and members that do not hear the same, on every loop") {
    using ws::deflate::PermessageDeflate;
    endpoint::ReactorsOptions options;
    options.host = "127.0.0.1";
    options.port = 0;
    options.loops = 2;
    std::vector<std::unique_ptr<PermessageDeflate>> extensions;  // one for each thread
    endpoint::Reactors reactors{options, [&](Reactor& loop, endpoint::ServerOptions& own) {
        own.extensions = extensions
                             .emplace_back(std::make_unique<PermessageDeflate>(
                                 ws::deflate::CodecOptions{}, PermessageDeflate::Sharing::one_thread))
                             .get();
        endpoint::LoopHandlers handlers;
        handlers.on_open = [&loop](LoopConnection& client) { loop.hub().join(client, "all"); };
        handlers.on_message = [&loop](LoopConnection& client, const endpoint::Message& message) {
            loop.broadcast(client, "all", message.type, message.data);
        };
        return handlers;
    }};
    net::Wake stop;
    std::thread thread{[&] { reactors.run(stop.fd()); }};
    PermessageDeflate offered{{}};
    std::vector<std::unique_ptr<endpoint::BlockingConnection>> members;
    for (int i = 0; i < 16; ++i) {
        endpoint::DialOptions dial;
        if (i % 2 == 0) dial.extensions = &offered;
        members.push_back(
            endpoint::dial("ws://127.0.0.1:" + std::to_string(reactors.port()) + "/ws", dial));
    }
    // Whoever has opened has joined, or will have before the next turn of its loop.
    CHECK(eventually([&] { return reactors.counters().handshakes == members.size(); }));
    for (std::size_t from = 0; from < members.size(); ++from) {
        const std::string said(1000 + from, 'x');
        CHECK(members[from]->write_message(said));
        for (const auto& member : members) {
            const auto heard = member->read_message();
            REQUIRE(heard.has_value());
            CHECK(ws::as_text(heard->data) == said);
        }
    }
    members.clear();
    stop.raise();
    thread.join();
}
