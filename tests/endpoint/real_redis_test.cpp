// The backplane against a Redis as it is installed: what a fake cannot show. Scripts, trimming, time,
// a restart with its data, access control, a replica that becomes the master, and both protocols.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <memory>

#include "endpoint/redis_backplane.hpp"
#include "tests/endpoint/turn_until.hpp"
#include "tests/support/process.hpp"

using namespace endpoint;
using namespace std::chrono_literals;
using test::Process;

namespace {

bool is_installed() {
    static const bool found = test::run("sh", {"-c", "command -v redis-server"}).status == 0;
    if (!found)
        MESSAGE("no redis-server here, so this was not tried (on Debian: apt-get install redis-server)");
    return found;
}

std::uint16_t free_port() { return net::Listener{"127.0.0.1", 0}.port(); }

// A private Redis on a free port, with a folder of its own; every write is on the disk before it is
// answered. It may be ended and started again.
class RealRedis {
  public:
    explicit RealRedis(std::vector<std::string> more = {}) : more_{std::move(more)} {
        folder_ = std::filesystem::temp_directory_path() / ("redis-test-" + std::to_string(port_));
        std::filesystem::create_directory(folder_);
        start();
    }
    ~RealRedis() {
        process_.reset();
        std::filesystem::remove_all(folder_);
    }

    void start() {
        std::vector<std::string> words{"--port", std::to_string(port_), "--bind", "127.0.0.1", "--dir",
                                       folder_.string(), "--appendonly", "yes", "--appendfsync", "always",
                                       "--save", ""};
        words.insert(words.end(), more_.begin(), more_.end());
        process_ = std::make_unique<Process>("redis-server", words);
        while (process_->read_line().find("Ready to accept connections") == std::string::npos) {
        }
    }
    void end(int signal) {
        process_->signal(signal);
        process_->wait();
    }

    // What redis-cli says to a command.
    std::string ask(std::vector<std::string> words) const {
        words.insert(words.begin(), {"-p", std::to_string(port_)});
        return test::run("redis-cli", words).output;
    }

    std::uint16_t port() const { return port_; }
    net::Address address() const { return net::resolve("127.0.0.1", port_, SOCK_STREAM).front(); }

  private:
    std::uint16_t port_ = free_port();
    std::vector<std::string> more_;
    std::filesystem::path folder_;
    std::unique_ptr<Process> process_;
};

RedisBackplaneOptions options_for(const RealRedis& redis) {
    RedisBackplaneOptions options;
    options.access.addresses = {redis.address()};
    options.access.backoff = {.first = 10, .most = 100};
    return options;
}

struct Plane {
    explicit Plane(RedisBackplaneOptions options) : backplane{std::move(options)} {
        backplane.listen(
            {.on_entry = [this](std::string_view, const Entry& entry) { told.push_back(entry.text); },
             .on_rewind = [this](std::string_view, const Position& end) { rewound = end.number; },
             .on_here = [this](std::string_view, const std::vector<std::string>& names) { here = names; },
             .on_state = [this](bool, std::string_view why) { state = why; }});
    }

    template <typename Condition>
    bool until(Condition condition) {
        return test::turn_until(backplane, condition);
    }
    Position follow() {
        std::optional<Position> end;
        backplane.follow("room", [&](const auto& at) { end = at; });
        REQUIRE(until([&] { return end.has_value(); }));
        return *end;
    }
    Published say(const std::string& key, const std::string& text) {
        std::optional<Published> outcome;
        backplane.publish("room", key, text, [&](const Published& each) { outcome = each; });
        REQUIRE(until([&] { return outcome.has_value(); }));
        return *outcome;
    }
    Position say_until_accepted(const std::string& key, const std::string& text) {
        Published outcome = say(key, text);
        while (!outcome.position) {
            until([&] { return backplane.is_up(); });
            outcome = say(key, text);
        }
        return *outcome.position;
    }
    bool hears(const std::string& text) {
        return until([&] { return !told.empty() && told.back() == text; });
    }

    RedisBackplane backplane;
    std::deque<std::string> told;
    std::vector<std::string> here;
    std::optional<std::uint64_t> rewound;
    std::string state;
};

// One that knows no HELLO, and so no RESP3, as all were before Redis 6.
const std::vector<std::string> without_hello{"--rename-command", "HELLO", ""};

}  // namespace

TEST_CASE("real Redis: said once, however often it is sent; told to all; numbered without a hole") {
    if (!is_installed()) return;
    for (const bool hello : {true, false}) {
        const RealRedis redis{hello ? std::vector<std::string>{} : without_hello};
        Plane one{options_for(redis)}, two{options_for(redis)};
        two.follow();
        CHECK(two.state == (hello ? "connected, RESP3" : "connected, RESP2"));
        const Position first = one.say_until_accepted("k1", "a");
        CHECK(first.number == 1);
        CHECK(one.say("k1", "a").position->text() == first.text());
        CHECK(two.say("k1", "a").position->text() == first.text());
        CHECK(one.say("k2", "b\r\n\0").position->number == 2);
        CHECK(two.say("k3", "c").position->number == 3);
        CHECK(two.hears("c"));
        CHECK(two.told.size() == 3);
        CHECK(redis.ask({"XLEN", "chat:{room}:log"}) == "3\n");
        CHECK(redis.ask({"PTTL", "chat:{room}:said:k1"}).size() == 7);  // ten minutes, less a moment
    }
}

TEST_CASE("real Redis: in RESP2, with a password and without HELLO") {
    if (!is_installed()) return;
    auto words = without_hello;
    words.insert(words.end(), {"--requirepass", "secret"});
    const RealRedis redis{words};
    auto options = options_for(redis);
    Plane none{options};
    REQUIRE(none.until([&] { return none.state.find("NOAUTH") != std::string::npos; }));
    options.access.password = "secret";
    Plane plane{options};
    plane.follow();
    CHECK(plane.say("k", "a").position->number == 1);
    CHECK(plane.hears("a"));
    // A room that comes later: the one XREAD is woken by CLIENT UNBLOCK, whose number came by CLIENT ID.
    std::optional<Position> end;
    plane.backplane.follow("other", [&](const auto& at) { end = at; });
    REQUIRE(plane.until([&] { return end.has_value(); }));
    std::optional<Published> outcome;
    plane.backplane.publish("other", "k2", "b", [&](const Published& each) { outcome = each; });
    CHECK(plane.hears("b"));
    CHECK(outcome->position->number == 1);
}

TEST_CASE("real Redis: what it pushes is no answer") {
    if (!is_installed()) return;
    const RealRedis redis;
    net::Epoll epoll{2};
    RedisLink link{epoll, 1, options_for(redis).access, {}};
    const auto until = [&](auto condition) {
        const net::Deadline deadline = net::after(test::patience);
        while (!condition() && net::Clock::now() < *deadline) {
            link.on_time();
            for (const epoll_event& event : epoll.wait(20ms)) link.on_ready(event.events);
        }
        return condition();
    };
    REQUIRE(until([&] { return link.is_up(); }));
    CHECK(link.protocol() == 3);
    std::vector<std::string> replies;
    const auto ask = [&](const redis::Command& command) {
        const std::size_t before = replies.size();
        link.send(command, [&](const redis::Reply* reply) { replies.push_back(reply->text); });
        REQUIRE(until([&] { return replies.size() > before; }));
        return replies.back();
    };
    // From now on it tells us which keys of ours others change.
    CHECK(ask({"CLIENT", "TRACKING", "ON", "BCAST"}) == "OK");
    CHECK(redis.ask({"SET", "key", "value"}) == "OK\n");
    CHECK(ask({"GET", "key"}) == "value");
    CHECK(ask({"ECHO", "still"}) == "still");
    CHECK(replies.size() == 3);
}

TEST_CASE("real Redis: a log is cut at its limit, and numbers go on") {
    if (!is_installed()) return;
    const RealRedis redis;
    auto options = options_for(redis);
    options.limits.room.most_entries = 100;
    Plane plane{options};
    plane.follow();
    for (int i = 1; i <= 450; ++i) plane.say("k" + std::to_string(i), std::to_string(i));
    CHECK(plane.hears("450"));
    CHECK(plane.told.size() == 450);
    std::vector<Entry> kept;
    plane.backplane.read("room", {}, 1000, [&](const auto& entries) { kept = *entries; });
    REQUIRE(plane.until([&] { return !kept.empty(); }));
    CHECK(kept.size() >= 100);
    CHECK(kept.size() < 300);
    CHECK(kept.back().position.number == 450);
    CHECK(kept.front().position.number == 451 - kept.size());
}

TEST_CASE("real Redis: killed and started again with its data, everything is there once") {
    if (!is_installed()) return;
    RealRedis redis;
    Plane one{options_for(redis)}, two{options_for(redis)};
    two.follow();
    std::deque<std::string> accepted;
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 20; ++i) {
            accepted.push_back(std::to_string(round * 100 + i));
            one.say_until_accepted("k" + accepted.back(), accepted.back());
        }
        redis.end(round == 1 ? SIGTERM : SIGKILL);
        redis.start();
    }
    one.say_until_accepted("last", "last");
    accepted.push_back("last");
    CHECK(two.hears("last"));
    CHECK(two.told == accepted);
    CHECK_FALSE(two.rewound);
}

TEST_CASE("real Redis: a server that dies is forgotten when its time is over") {
    if (!is_installed()) return;
    const RealRedis redis;
    auto options = options_for(redis);
    options.beat = 100ms;
    options.alive = 1s;
    auto one = std::make_unique<Plane>(options);
    Plane two{options};
    one->follow();
    two.follow();
    one->backplane.here("room", {"ada"});
    two.backplane.here("room", {"bob"});
    CHECK(two.until([&] {
        one->backplane.turn();
        return two.here.size() == 2;
    }));
    one.reset();  // without a word
    CHECK(two.until([&] { return two.here == std::vector<std::string>{"bob"}; }));
}

TEST_CASE("real Redis: a user of the access list may do what we need, and nothing else") {
    if (!is_installed()) return;
    const RealRedis redis;
    CHECK(redis.ask({"ACL", "SETUSER", "chat", "on", ">secret", "~chat:*", "+eval", "+xadd", "+xread",
                     "+xrange", "+xrevrange", "+get", "+set", "+hset", "+hdel", "+hgetall", "+pexpire",
                     "+time", "+client|unblock"}) == "OK\n");
    CHECK(redis.ask({"ACL", "SETUSER", "default", "off"}) == "OK\n");
    auto options = options_for(redis);
    options.access.user = "chat";
    options.access.password = "secret";
    Plane plane{options};
    plane.follow();
    plane.backplane.here("room", {"ada"});
    CHECK(plane.say("k", "a").position);
    CHECK(plane.hears("a"));
    CHECK(plane.until([&] { return plane.here == std::vector<std::string>{"ada"}; }));
    // Of keys with another prefix it gets none.
    options.prefix = "other:";
    Plane outside{options};
    REQUIRE(outside.until([&] { return outside.backplane.is_up(); }));
    CHECK(outside.say("k", "a").why.find("NOPERM") != std::string::npos);
    options.access.password = "wrong";
    Plane wrong{options};
    REQUIRE(wrong.until([&] { return !wrong.state.empty(); }));
    CHECK(wrong.state.find("WRONGPASS") != std::string::npos);
}

TEST_CASE("real Redis: memory that is full is said, and the members stay") {
    if (!is_installed()) return;
    const RealRedis redis;
    Plane plane{options_for(redis)};
    plane.follow();
    redis.ask({"CONFIG", "SET", "maxmemory", "1"});
    CHECK(plane.say("k", "a").why.find("OOM") != std::string::npos);
    redis.ask({"CONFIG", "SET", "maxmemory", "0"});
    CHECK(plane.say("k", "a").position->number == 1);
    CHECK(plane.hears("a"));
}

TEST_CASE("real Redis: failed over to a replica, which had everything") {
    if (!is_installed()) return;
    RealRedis master;
    const RealRedis replica{{"--replicaof", "127.0.0.1 " + std::to_string(master.port())}};
    while (replica.ask({"INFO", "replication"}).find("master_link_status:up") == std::string::npos) {
    }
    auto options = options_for(master);
    options.access.addresses.push_back(replica.address());
    Plane plane{options};
    plane.follow();
    for (const std::string text : {"a", "b", "c"}) CHECK(plane.say(text, text).position);
    // "Up" is a replica that has loaded its master's data; what was said since then may be on its way.
    // (WAIT would be no help: it waits for what was written on its own connection.)
    while (replica.ask({"XLEN", "chat:{room}:log"}) != "3\n") {
    }
    master.end(SIGKILL);
    REQUIRE(plane.until([&] { return !plane.backplane.is_up(); }));
    CHECK(replica.ask({"REPLICAOF", "NO", "ONE"}) == "OK\n");
    CHECK(plane.say_until_accepted("d", "d").number == 4);
    CHECK(plane.hears("d"));
    CHECK(plane.told == std::deque<std::string>{"a", "b", "c", "d"});
    CHECK_FALSE(plane.rewound);
}
