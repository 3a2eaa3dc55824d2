// Rooms on the epoll server: who hears what, and what becomes of those who do not keep up.
#include "endpoint/hub.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "net/wake.hpp"
#include "tests/endpoint/running_server.hpp"
#include "tests/lessons/peers.hpp"

using endpoint::ConnectionId;
using endpoint::LoopConnection;
using test::RawPeer;

namespace {

// A server on a thread of its own. What clients say is obeyed: "join ROOM", "leave", "who" (how
// many are in my room), "rooms", "fill N" (N broadcasts of 1000 bytes); all else is said to the
// room.
class Rooms {
  public:
    explicit Rooms(endpoint::ServerOptions options = {})
        : server_{on_free_port(options), handlers()} {
        thread_ = std::thread{[this] { server_.run(stop_.fd()); }};
    }
    ~Rooms() {
        stop_.raise();
        thread_.join();
    }

    RawPeer peer(const std::string& room = "") {
        RawPeer peer = test::open_peer(server_.port());
        if (!room.empty()) CHECK(ask(peer, "join " + room) == "joined " + room);
        return peer;
    }

    static std::string ask(RawPeer& peer, std::string_view what) {
        peer.send_frame(ws::Opcode::text, what);
        return peer.receive_text();
    }

    std::atomic<unsigned> dropped{0};

  private:
    static endpoint::ServerOptions on_free_port(endpoint::ServerOptions options) {
        options.port = 0;
        options.host = "127.0.0.1";
        options.shutdown_timeout = std::chrono::milliseconds{100};
        return test::patient(options);
    }

    endpoint::Handlers handlers() {
        endpoint::Handlers handlers;
        handlers.on_message = [this](LoopConnection& client, const endpoint::Message& message) {
            obey(client, ws::as_text(message.data));
        };
        handlers.on_close = [this](LoopConnection& client, const endpoint::Error&) {
            hub_.leave(client);
        };
        return handlers;
    }

    void obey(LoopConnection& client, std::string_view said) {
        if (said.starts_with("join ")) {
            hub_.join(client, said.substr(5));
            client.send("joined " + std::string{hub_.room_of(client)});
        } else if (said == "leave") {
            hub_.leave(client);
            client.send("in '" + std::string{hub_.room_of(client)} + "'");
        } else if (said == "who") {
            client.send(std::to_string(hub_.members(hub_.room_of(client)).size()));
        } else if (said == "rooms") {
            client.send(std::to_string(hub_.rooms().size()));
        } else if (said.starts_with("fill ")) {
            const std::string text(1000, 'x');
            for (int i = std::stoi(std::string{said.substr(5)}); i > 0; --i)
                hub_.broadcast(hub_.room_of(client), text);
        } else {
            hub_.broadcast(hub_.room_of(client), said);
        }
    }

    net::Wake stop_;
    endpoint::Server server_;
    endpoint::Hub hub_{server_, [this](LoopConnection&, std::string_view room) {
                           ++dropped;
                           // The handler may use the hub: the others hear of it.
                           hub_.broadcast(room, "one less in " + std::string{room});
                       }};
    std::thread thread_;
};

}  // namespace

TEST_CASE("hub: a message goes to all in the room, the sender included, and to nobody else") {
    Rooms rooms;
    RawPeer ada = rooms.peer("tea"), bob = rooms.peer("tea"), eve = rooms.peer("beer");
    CHECK(Rooms::ask(ada, "hello") == "hello");
    CHECK(bob.receive_text() == "hello");
    CHECK(Rooms::ask(eve, "who") == "1");
    CHECK(Rooms::ask(bob, "who") == "2");
    CHECK(Rooms::ask(bob, "rooms") == "2");
}

TEST_CASE("hub: joining another room leaves the first, and empty rooms end") {
    Rooms rooms;
    RawPeer ada = rooms.peer("tea"), bob = rooms.peer("tea"), eve = rooms.peer("tea");
    CHECK(Rooms::ask(ada, "join beer") == "joined beer");
    CHECK(Rooms::ask(bob, "one") == "one");
    CHECK(eve.receive_text() == "one");
    CHECK(Rooms::ask(ada, "who") == "1");
    CHECK(Rooms::ask(ada, "leave") == "in ''");
    CHECK(Rooms::ask(ada, "leave") == "in ''");
    CHECK(Rooms::ask(ada, "rooms") == "1");
    CHECK(Rooms::ask(bob, "who") == "2");
    CHECK(Rooms::ask(bob, "join tea") == "joined tea");
    CHECK(Rooms::ask(bob, "who") == "2");
}

TEST_CASE("hub: whoever disconnects is in no room any more") {
    Rooms rooms;
    RawPeer ada = rooms.peer("tea");
    {
        RawPeer bob = rooms.peer("tea"), eve = rooms.peer("tea");
        bob.send_frame(ws::Opcode::close, "\x03\xe8");
        bob.expect_close(1000);
        eve.reset();
    }
    // The reset is seen by one of the next turns.
    std::string left;
    for (int i = 0; i < 1000 && left != "1"; ++i) left = Rooms::ask(ada, "who");
    CHECK(left == "1");
    CHECK(Rooms::ask(ada, "hello") == "hello");
}

// Five clients read nothing while some 40 MB are said. Each has what the kernel buffers and
// 100 kB of backlog; the others get every message, in order, and no later than usual.
TEST_CASE("hub: members that are too slow are dropped with 1013, and nobody waits for them") {
    endpoint::ServerOptions options;
    options.max_backlog_bytes = 100'000;
    Rooms rooms{options};
    RawPeer ada = rooms.peer("tea"), bob = rooms.peer("tea");
    std::vector<RawPeer> frozen;
    for (int i = 0; i < 5; ++i) frozen.push_back(rooms.peer("tea"));

    std::size_t notices = 0;
    // Reads until `last` has come `count` times.
    const auto read_until = [&notices](RawPeer& peer, std::string_view last, std::size_t count) {
        while (count > 0) {
            const std::string text = peer.receive_text();
            if (text == last) --count;
            if (text == "one less in tea") ++notices;
        }
    };
    const std::string said(1000, 'x');
    for (int round = 0; round < 200 && rooms.dropped < 5; ++round) {
        ada.send_frame(ws::Opcode::text, "fill 200");
        read_until(ada, said, 200);
        read_until(bob, said, 200);
    }
    CHECK(rooms.dropped == 5);
    ada.send_frame(ws::Opcode::text, "end");
    read_until(ada, "end", 1);
    read_until(bob, "end", 1);
    CHECK(notices == 2 * 5);
    CHECK(Rooms::ask(ada, "who") == "2");

    // Whoever wakes up reads what had been said, and then why it was dropped.
    ws::FrameHeader header;
    std::size_t missed = 0;
    while (header.opcode != ws::Opcode::close) {
        const ws::Buffer payload = frozen[0].receive_frame(header);
        if (header.opcode == ws::Opcode::text) ++missed;
        if (header.opcode == ws::Opcode::close)
            CHECK(ws::as_text(payload) == "\x03\xF5too slow for this room");
    }
    CHECK(missed > 100);
}
