// Rooms over a backplane, with servers and clients: what was missed comes once and in order, whatever
// the room hears meanwhile, and what cannot come any more is said.
#include "endpoint/shared_rooms.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <deque>
#include <thread>

#include "endpoint/memory_backplane.hpp"
#include "endpoint/redis_backplane.hpp"
#include "net/wake.hpp"
#include "tests/endpoint/running_server.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/support/fake_redis.hpp"

using namespace endpoint;
using test::FakeRedis;
using test::RawPeer;

namespace {

// A client; what it has heard while it waited for something else is kept.
struct Member {
    RawPeer peer;
    std::deque<std::string> kept{};
};

// Of "1767225600000-3/17" the tests show the last number; the rest is the clock's.
std::string number(const Position& position) { return std::to_string(position.number); }

// A server on a thread of its own. What clients say is obeyed: "join ROOM NAME", "back ROOM NAME
// POSITION", "leave", "names"; "say KEY TEXT" puts TEXT into the log. A member hears "in N", entries
// as "N TEXT", "missed N", "here NAMES", "accepted KEY N", "refused KEY: why".
class RoomServer {
  public:
    explicit RoomServer(Backplane& backplane, std::size_t backlog = 1024 * 1024)
        : backplane_{backplane}, server_{options(backlog), handlers()} {
        thread_ = std::thread{[this] { server_.run(stop_.fd()); }};
    }
    ~RoomServer() {
        stop_.raise();
        thread_.join();
    }

    Member peer() { return {test::open_peer(server_.port())}; }
    std::uint16_t port() const { return server_.port(); }

    std::atomic<unsigned> dropped{0};

  private:
    static ServerOptions options(std::size_t backlog) {
        ServerOptions options;
        options.port = 0;
        options.max_backlog_bytes = backlog;
        options.shutdown_timeout = std::chrono::milliseconds{100};
        return test::patient(options);
    }

    Handlers handlers() {
        Handlers handlers;
        handlers.on_message = [this](LoopConnection& client, const Message& message) {
            obey(client, ws::as_text(message.data));
        };
        handlers.on_drain = [this](LoopConnection& client) { rooms_.go_on(client); };
        handlers.on_close = [this](LoopConnection& client, const Error&) { rooms_.leave(client); };
        return handlers;
    }

    SharedRooms::Application application() {
        return {
            .entry = [](std::string_view, const Entry& entry) {
                return number(entry.position) + ' ' + entry.text;
            },
            .gap = [](std::string_view, std::optional<std::uint64_t> missed) {
                return "missed " + (missed ? std::to_string(*missed) : "?");
            },
            .joined = [](LoopConnection& client, std::string_view,
                         const Position& at) { client.send("in " + at.text()); },
            .not_joined = [](LoopConnection& client, std::string_view) { client.send("not in"); },
            .here = [this](std::string_view room, const std::vector<std::string>& names) {
                std::string text = "here";
                for (const std::string& name : names) text += ' ' + name;
                rooms_.broadcast(room, text);
            },
            .dropped = [this](LoopConnection&, std::string_view) { ++dropped; },
        };
    }

    static std::string take_word(std::string_view& text) {
        const std::string word{text.substr(0, text.find(' '))};
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        return word;
    }

    void obey(LoopConnection& client, std::string_view said) {
        const std::string what = take_word(said);
        if (what == "join" || what == "back") {
            const std::string room = take_word(said), name = take_word(said);
            rooms_.join(client, room, name, redis::parse_position(said));
        } else if (what == "leave") {
            rooms_.leave(client);
        } else if (what == "names") {
            std::string text = "names";
            for (const std::string& name : rooms_.names(rooms_.room_of(client))) text += ' ' + name;
            client.send(text);
        } else if (what == "say") {
            const std::string key = take_word(said);
            backplane_.publish(rooms_.room_of(client), key, said,
                               [this, id = client.id(), key](const Published& published) {
                                   LoopConnection* const author = server_.find(id);
                                   if (author == nullptr) return;
                                   author->send(published.position
                                                    ? "accepted " + key + ' ' + number(*published.position)
                                                    : "refused " + key + ": " + published.why);
                               });
        }
    }

    Backplane& backplane_;
    Server server_;
    SharedRooms rooms_{server_, backplane_, application()};
    net::Wake stop_;
    std::thread thread_;
};

RedisBackplaneOptions options_for(const FakeRedis& redis) {
    RedisBackplaneOptions options;
    options.access.addresses = {redis.address()};
    options.access.backoff = {.first = 5, .most = 20};
    options.beat = std::chrono::milliseconds{20};
    return options;
}

struct RedisServer {
    explicit RedisServer(const FakeRedis& redis) : backplane{options_for(redis)}, server{backplane} {}
    RedisBackplane backplane;
    RoomServer server;
};

void say(Member& member, const std::string& text) { member.peer.send_frame(ws::Opcode::text, text); }

bool is_answer(const std::string& text) {
    return text.starts_with("accepted") || text.starts_with("refused");
}

// The next that is neither presence nor an answer to what it said itself.
std::string heard(Member& member) {
    if (!member.kept.empty()) {
        const std::string text = member.kept.front();
        member.kept.pop_front();
        return text;
    }
    for (;;) {
        std::string text = member.peer.receive_text();
        if (!text.starts_with("here") && !is_answer(text)) return text;
    }
}

std::string answer_to(Member& member, const std::string& request) {
    say(member, request);
    for (;;) {
        std::string text = member.peer.receive_text();
        if (is_answer(text)) return text;
        if (!text.starts_with("here")) member.kept.push_back(std::move(text));
    }
}

// Where it stands now.
std::string join(Member& member, const std::string& request) {
    say(member, request);
    const std::string answer = heard(member);
    REQUIRE(answer.starts_with("in "));
    return answer.substr(3);
}

}  // namespace

TEST_CASE("shared rooms: without a Redis, in one process: said, heard, resumed") {
    MemoryBackplane backplane{{.room = {.most_entries = 4}}};
    RoomServer server{backplane};
    Member ada = server.peer(), bob = server.peer();
    const std::string begin = join(ada, "join room ada");
    join(bob, "join room bob");
    say(bob, "say k1 hello");
    CHECK(heard(ada) == "1 hello");
    CHECK(heard(bob) == "1 hello");
    // Away for as much as the log keeps, and then for more.
    say(ada, "leave");
    say(ada, "names");
    CHECK(heard(ada) == "names");  // so she is out before anything is said
    for (const std::string text : {"b", "c", "d"}) CHECK(answer_to(bob, "say " + text + ' ' + text) != "");
    CHECK(join(ada, "back room ada " + begin) == begin);
    for (const std::string text : {"1 hello", "2 b", "3 c", "4 d"}) CHECK(heard(ada) == text);
    say(bob, "say e e");
    CHECK(heard(ada) == "5 e");
    CHECK(join(ada, "back room ada " + begin) == begin);
    CHECK(heard(ada) == "missed 1");
    for (const std::string text : {"2 b", "3 c", "4 d", "5 e"}) CHECK(heard(ada) == text);
    say(ada, "names");
    CHECK(heard(ada) == "names ada bob");
}

TEST_CASE("shared rooms: a member resumes on another server, which has others in the room") {
    FakeRedis redis;
    RedisServer one{redis}, two{redis};
    Member ada = one.server.peer(), bob = two.server.peer();
    const std::string begin = join(ada, "join room ada");
    join(bob, "join room bob");
    CHECK(answer_to(bob, "say k1 a") == "accepted k1 1");
    CHECK(heard(ada) == "1 a");
    ada.peer.close();
    for (const std::string key : {"k2", "k3"}) answer_to(bob, "say " + key + ' ' + key);
    Member again = two.server.peer();
    join(again, "back room ada 1767225600000-1/1");
    CHECK(heard(again) == "2 k2");
    CHECK(heard(again) == "3 k3");
    CHECK(answer_to(again, "say k3 k3") == "accepted k3 3");  // it did not know whether it was said
    CHECK(answer_to(again, "say k4 last") == "accepted k4 4");
    for (const std::string text : {"1 a", "2 k2", "3 k3", "4 last"}) CHECK(heard(bob) == text);
    CHECK(begin == "0-0/0");
}

TEST_CASE("shared rooms: more than a page is caught up with while the room goes on") {
    FakeRedis redis;
    RedisServer one{redis}, two{redis};
    Member bob = one.server.peer();
    join(bob, "join room bob");
    for (int i = 1; i <= 400; ++i) say(bob, "say k" + std::to_string(i) + " x");
    Member ada = two.server.peer();
    join(ada, "back room ada 0-0/0");
    for (int i = 401; i <= 600; ++i) say(bob, "say k" + std::to_string(i) + " x");
    for (int i = 1; i <= 600; ++i) REQUIRE(heard(ada) == std::to_string(i) + " x");
    for (int i = 1; i <= 600; ++i) REQUIRE(heard(bob) == std::to_string(i) + " x");
}

TEST_CASE("shared rooms: a Redis that restarts costs no member its place, and no message") {
    FakeRedis redis;
    RedisServer one{redis}, two{redis};
    Member ada = one.server.peer(), bob = two.server.peer();
    join(ada, "join room ada");
    join(bob, "join room bob");
    answer_to(bob, "say k1 a");
    redis.stop();
    // Refused, or accepted late: it may be on its way when the end comes.
    std::string answer = answer_to(bob, "say k2 b");
    while (!answer.starts_with("refused")) answer = answer_to(bob, "say k2 b");
    CHECK(answer == "refused k2: the rooms' store is away");
    redis.start();
    while (answer.starts_with("refused")) answer = answer_to(bob, "say k2 b");
    CHECK(answer == "accepted k2 2");
    CHECK(heard(ada) == "1 a");
    CHECK(heard(ada) == "2 b");
}

TEST_CASE("shared rooms: what is gone is said, with its number where that is known") {
    FakeRedis redis;
    RedisServer one{redis};
    Member bob = one.server.peer();
    join(bob, "join room bob");
    for (int i = 1; i <= 6; ++i) answer_to(bob, "say k" + std::to_string(i) + " x");
    redis.forget_oldest_entries(2);
    Member ada = one.server.peer();
    join(ada, "back room ada 1767225600000-1/1");
    for (const std::string text : {"missed 3", "5 x", "6 x"}) CHECK(heard(ada) == text);
    // A place in a log that is no more.
    join(ada, "back room ada 1999999999999-1/70");
    CHECK(heard(ada) == "missed ?");
    answer_to(bob, "say k7 x");
    CHECK(heard(ada) == "7 x");
}

TEST_CASE("shared rooms: entries that Redis has lost are said to those who had them") {
    FakeRedis redis;
    RedisServer one{redis};
    Member bob = one.server.peer();
    join(bob, "join room bob");
    for (int i = 1; i <= 3; ++i) answer_to(bob, "say k" + std::to_string(i) + " x");
    for (int i = 1; i <= 3; ++i) heard(bob);
    redis.lose_last_entries(2);
    redis.end_connections();
    CHECK(heard(bob) == "missed ?");
    std::string answer = answer_to(bob, "say k4 y");
    while (answer.starts_with("refused")) answer = answer_to(bob, "say k4 y");
    CHECK(answer == "accepted k4 2");
    CHECK(heard(bob) == "2 y");
}

TEST_CASE("shared rooms: a slow member gets what it missed at its own pace, and is not dropped for it") {
    FakeRedis redis;
    auto options = options_for(redis);
    RedisBackplane backplane{options};
    RoomServer server{backplane, 100'000};
    Member bob = server.peer();
    join(bob, "join room bob");
    const std::string text(10'000, 'x');
    for (int i = 1; i <= 800; ++i) answer_to(bob, "say k" + std::to_string(i) + ' ' + text);
    Member ada = server.peer();
    const int little = 64 * 1024;
    ::setsockopt(ada.peer.socket().get(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    say(ada, "back room ada 0-0/0");
    // Meanwhile the room goes on, and nobody waits for her.
    for (int i = 801; i <= 820; ++i)
        CHECK(answer_to(bob, "say k" + std::to_string(i) + " y").starts_with("accepted"));
    CHECK(heard(ada) == "in 0-0/0");
    for (int i = 1; i <= 820; ++i)
        REQUIRE(heard(ada) == std::to_string(i) + ' ' + (i <= 800 ? text : "y"));
    CHECK(server.dropped == 0);
}

TEST_CASE("shared rooms: members of all servers are named, once each has said so") {
    FakeRedis redis;
    RedisServer one{redis}, two{redis};
    Member ada = one.server.peer(), bob = two.server.peer();
    join(ada, "join room ada");
    join(bob, "join room bob");
    const auto hears_names = [](Member& member, const std::string& names) {
        for (int i = 0; i < 20; ++i)
            if (member.peer.receive_text() == names) return true;
        return false;
    };
    CHECK(hears_names(ada, "here ada bob"));
    bob.peer.close();
    CHECK(hears_names(ada, "here ada"));
}
