// The backplane against a Redis that loses connections, replies and entries when a test says so.
#include "endpoint/redis_backplane.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <deque>

#include "tests/endpoint/turn_until.hpp"
#include "tests/support/fake_redis.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/process.hpp"

using namespace endpoint;
using namespace std::chrono_literals;
using test::FakeRedis;

namespace {

RedisBackplaneOptions options_for(const FakeRedis& redis) {
    RedisBackplaneOptions options;
    options.access.addresses = {redis.address()};
    options.access.backoff = {.first = 5, .most = 20};
    options.access.give_up = 60s;
    options.beat = 20ms;
    return options;
}

// A backplane, turned by this thread, and all that it told.
struct Plane {
    explicit Plane(RedisBackplaneOptions options) : backplane{std::move(options)} {
        backplane.listen(
            {.on_entry = [this](std::string_view, const Entry& entry) { told.push_back(entry.text); },
             .on_rewind = [this](std::string_view, const Position& end) { rewound = end.number; },
             .on_here = [this](std::string_view, const std::vector<std::string>& names) { here = names; },
             .on_state =
                 [this](bool up, std::string_view why) {
                     states.push_back(std::string{up ? why : why.substr(why.find(' ') + 1)});
                 }});
    }
    explicit Plane(const FakeRedis& redis) : Plane{options_for(redis)} {}

    template <typename Condition>
    bool until(Condition condition) {
        return test::turn_until(backplane, condition);
    }
    bool until_up() {
        return until([this] { return backplane.is_up(); });
    }
    std::optional<Position> follow(const std::string& room = "room") {
        bool done = false;
        std::optional<Position> end;
        backplane.follow(room, [&](const auto& at) { done = true, end = at; });
        CHECK(until([&] { return done; }));
        return end;
    }
    Published say(std::string_view key, std::string_view text, const std::string& room = "room") {
        std::optional<Published> outcome;
        backplane.publish(room, key, text, [&](const Published& each) { outcome = each; });
        CHECK(until([&] { return outcome.has_value(); }));
        return outcome.value_or(Published{});
    }
    bool hears(const std::string& text) {
        return until([&] { return !told.empty() && told.back() == text; });
    }

    RedisBackplane backplane;
    std::deque<std::string> told;
    std::vector<std::string> here;
    std::optional<std::uint64_t> rewound;
    std::vector<std::string> states;
};

const std::string log = "chat:{room}:log";

using Speaks = FakeRedis::Speaks;
constexpr std::array all_protocols{Speaks::resp3, Speaks::resp2, Speaks::no_hello};

}  // namespace

TEST_CASE("redis backplane: what one server says, another one hears, however replies are cut") {
    for (const std::size_t cut : {0u, 1u, 2u, 3u, 7u, 40u})
        for (const Speaks protocol : all_protocols) {
            INFO("pieces of " << cut << ", " << static_cast<int>(protocol));
            FakeRedis redis;
            redis.speak(protocol);
            redis.chatter(true);
            redis.cut_replies(cut);
            Plane one{redis}, two{redis};
            REQUIRE(one.until_up());
            CHECK(two.follow()->number == 0);
            CHECK(one.say("k1", "a").position->number == 1);
            CHECK(one.say("k2", std::string(3000, 'b')).position->number == 2);
            CHECK(two.hears(std::string(3000, 'b')));
            CHECK(two.told.size() == 2);
        }
}

TEST_CASE("redis backplane: one that comes later begins at the end, and can read what was before") {
    FakeRedis redis;
    Plane one{redis}, two{redis};
    REQUIRE(one.until_up());
    for (const std::string text : {"a", "b", "c"}) one.say(text, text);
    CHECK(two.follow()->number == 3);
    std::string all;
    two.backplane.read("room", {}, 2, [&](const auto& entries) {
        for (const Entry& entry : *entries) all += entry.position.text() + entry.text + ' ';
    });
    CHECK(two.until([&] { return !all.empty(); }));
    CHECK(all == "1767225600000-1/1a 1767225600000-2/2b ");
    one.say("d", "d");
    CHECK(two.hears("d"));
    CHECK(two.told.size() == 1);
}

TEST_CASE("redis backplane: it asks for RESP3, and where there is none it goes on in RESP2") {
    FakeRedis redis;
    Plane plane{redis};
    plane.follow();
    CHECK(plane.states.back() == "connected, RESP3");
    CHECK(redis.commands("ROLE") == 0);
    for (const Speaks protocol : {Speaks::resp2, Speaks::no_hello}) {
        redis.stop();
        REQUIRE(plane.until([&] { return !plane.backplane.is_up(); }));
        redis.speak(protocol);
        redis.start();
        REQUIRE(plane.until_up());
        CHECK(plane.states.back() == "connected, RESP2");
        const std::string text = std::to_string(static_cast<int>(protocol));
        CHECK(plane.say(text, text).position);
        CHECK(plane.hears(text));
    }
    // One that has learnt it in the meantime is asked anew.
    redis.stop();
    REQUIRE(plane.until([&] { return !plane.backplane.is_up(); }));
    redis.speak(Speaks::resp3);
    redis.start();
    REQUIRE(plane.until_up());
    CHECK(plane.states.back() == "connected, RESP3");
    CHECK(plane.told.size() == 2);
}

TEST_CASE("redis backplane: also in RESP2 a password is shown, a wrong one is said, and a replica is left") {
    for (const Speaks protocol : {Speaks::resp2, Speaks::no_hello})
        for (const std::string user : {"chat", "default"}) {
            INFO(user << ", " << static_cast<int>(protocol));
            FakeRedis redis;
            redis.speak(protocol);
            redis.want_password(user, "secret");
            redis.be_replica(true);
            auto options = options_for(redis);
            options.access.user = user;
            options.access.password = "secreT";
            Plane wrong{options};
            REQUIRE(wrong.until([&] { return !wrong.states.empty(); }));
            CHECK(wrong.states.front() == "WRONGPASS invalid username-password pair or user is disabled.");
            options.access.password = "secret";
            Plane right{options};
            REQUIRE(right.until([&] { return !right.states.empty(); }));
            CHECK(right.states.front() == "it is a replica, and takes no messages");
            redis.be_replica(false);
            REQUIRE(right.until_up());
            CHECK(right.states.back() == "connected, RESP2");
        }
}

TEST_CASE("redis backplane: a room that is followed later wakes the reader, which waits for others") {
    for (const Speaks protocol : all_protocols) {
        FakeRedis redis;
        redis.speak(protocol);
        auto options = options_for(redis);
        options.block = 60s;  // nothing comes by waiting
        options.access.reply_timeout = 60s;
        Plane plane{options};
        plane.follow("first");
        REQUIRE(plane.until([&] { return redis.waiting() == 1; }));
        plane.follow("second");
        plane.say("k", "news", "second");
        CHECK(plane.hears("news"));
        CHECK(redis.commands("CLIENT UNBLOCK") >= 1);
    }
}

TEST_CASE("redis backplane: a message whose reply was lost is sent again, and is there once") {
    FakeRedis redis;
    Plane plane{redis};
    plane.follow();
    redis.lose_next_reply();
    const Published outcome = plane.say("k1", "a");
    CHECK(outcome.position->number == 1);
    CHECK(redis.commands("EVAL") >= 2);
    CHECK(redis.entries(log) == 1);
    plane.say("k2", "b");
    CHECK(plane.hears("b"));
    CHECK(plane.told == std::deque<std::string>{"a", "b"});
}

TEST_CASE("redis backplane: while it is away messages are refused, and afterwards nothing is missing") {
    FakeRedis redis;
    Plane one{redis}, two{redis};
    one.follow();
    REQUIRE(two.until_up());
    CHECK(two.say("k1", "a").position);
    CHECK(one.hears("a"));
    redis.stop();
    REQUIRE(two.until([&] { return !two.backplane.is_up(); }));
    const Published refused = two.say("k2", "b");
    CHECK_FALSE(refused.position);
    CHECK(refused.why == "the rooms' store is away");
    CHECK_FALSE(refused.unknown);
    redis.start();
    REQUIRE(two.until_up());
    // The other one may still be away when these come.
    CHECK(two.say("k2", "b").position->number == 2);
    CHECK(two.say("k3", "c").position->number == 3);
    CHECK(one.hears("c"));
    CHECK(one.told == std::deque<std::string>{"a", "b", "c"});
    CHECK_FALSE(one.rewound);
}

TEST_CASE("redis backplane: connections that end again and again lose nothing and double nothing") {
    for (const Speaks protocol : all_protocols) {
        FakeRedis redis;
        redis.speak(protocol);
        Plane plane{redis};
        plane.follow();
        std::deque<std::string> accepted;
        for (int i = 0; i < 60; ++i) {
            const std::string text = std::to_string(i);
            while (!plane.say("k" + text, text).position) plane.backplane.turn();
            accepted.push_back(text);
            if (i % 3 == 0) redis.lose_next_reply();
            if (i % 7 == 0) redis.end_connections();
        }
        CHECK(plane.hears("59"));
        CHECK(plane.told == accepted);
        CHECK(redis.entries(log) == 60);
    }
}

TEST_CASE("redis backplane: a Redis that loads, or is a replica, is no Redis yet") {
    FakeRedis redis;
    Plane plane{redis};
    plane.follow();
    redis.refuse_everything("LOADING Redis is loading the dataset in memory");
    std::optional<Published> outcome;
    plane.backplane.publish("room", "k", "a", [&](const Published& each) { outcome = each; });
    REQUIRE(plane.until([&] { return redis.commands("HELLO") > 6; }));
    CHECK_FALSE(outcome);
    // It has become a replica while we were connected: then writes are refused, and we look again.
    redis.be_replica(true);
    redis.refuse_everything("");
    REQUIRE(plane.until([&] {
        return !plane.states.empty() && plane.states.back() == "it is a replica, and takes no messages";
    }));
    redis.be_replica(false);
    REQUIRE(plane.until([&] { return outcome.has_value(); }));
    CHECK(outcome->position->number == 1);
}

TEST_CASE("redis backplane: of two addresses the one of the master is found") {
    FakeRedis replica, master;
    replica.be_replica(true);
    auto options = options_for(replica);
    options.access.addresses.push_back(master.address());
    Plane plane{options};
    REQUIRE(plane.until_up());
    plane.follow();
    CHECK(plane.say("k", "a").position);
    CHECK(master.entries(log) == 1);
    // The master ends, and the replica becomes one: it never had the last entry.
    plane.hears("a");
    replica.be_replica(false);
    master.stop();
    REQUIRE(plane.until([&] { return plane.rewound.has_value(); }));
    CHECK(*plane.rewound == 0);
    REQUIRE(plane.until_up());
    CHECK(plane.say("k2", "b").position->number == 1);
    CHECK(plane.hears("b"));
}

TEST_CASE("redis backplane: a password and a user are shown, and a wrong one is said") {
    FakeRedis redis;
    redis.want_password("chat", "secret");
    Plane wrong{redis};
    REQUIRE(wrong.until([&] { return !wrong.states.empty(); }));
    CHECK(wrong.states.front() == "NOAUTH HELLO must be called with AUTH");
    auto options = options_for(redis);
    options.access.user = "chat";
    options.access.password = "secreT";
    Plane also_wrong{options};
    REQUIRE(also_wrong.until([&] { return !also_wrong.states.empty(); }));
    CHECK(also_wrong.states.front() == "WRONGPASS invalid username-password pair or user is disabled.");
    options.access.password = "secret";
    Plane right{options};
    CHECK(right.until_up());
}

TEST_CASE("redis backplane: one that falls silent is left, also by the reader") {
    FakeRedis redis;
    auto options = options_for(redis);
    options.access.reply_timeout = test::silence_on_this_machine(50ms);
    options.block = 50ms;
    Plane plane{options};
    plane.follow();
    redis.fall_silent(true);
    std::optional<Published> outcome;
    plane.backplane.publish("room", "k", "a", [&](const Published& each) { outcome = each; });
    REQUIRE(plane.until([&] { return !plane.states.empty() && plane.states.back() == "it does not answer"; }));
    redis.fall_silent(false);
    REQUIRE(plane.until([&] { return outcome.has_value(); }));
    CHECK(outcome->position->number == 1);
    CHECK(plane.hears("a"));
    CHECK(plane.told.size() == 1);
}

TEST_CASE("redis backplane: a message that nobody answers for too long is given up, as unknown") {
    FakeRedis redis;
    auto options = options_for(redis);
    options.access.give_up = 50ms;
    Plane plane{options};
    REQUIRE(plane.until_up());
    redis.fall_silent(true);
    std::optional<Published> outcome;
    plane.backplane.publish("room", "k", "a", [&](const Published& each) { outcome = each; });
    redis.stop();
    REQUIRE(plane.until([&] { return outcome.has_value(); }));
    CHECK_FALSE(outcome->position);
    CHECK(outcome->unknown);
    CHECK(outcome->why == "the rooms' store does not answer");
}

TEST_CASE("redis backplane: what Redis refuses is refused, in its words, and the next one is not") {
    FakeRedis redis;
    Plane plane{redis};
    plane.follow();
    redis.refuse_everything("OOM command not allowed when used memory > 'maxmemory'.");
    CHECK(plane.say("k", "a").why ==
          "the rooms' store refuses it: OOM command not allowed when used memory > 'maxmemory'.");
    redis.refuse_everything("");
    CHECK(plane.say("k", "a").position->number == 1);
    CHECK(plane.say("x", std::string(16 * 1024 + 1, 'x')).why ==
          "the message is too long for the room's log");
}

TEST_CASE("redis backplane: what it tells of a room after a loss begins where the log ends") {
    FakeRedis redis;
    Plane plane{redis};
    plane.follow();
    for (const std::string text : {"a", "b", "c"}) plane.say(text, text);
    CHECK(plane.hears("c"));
    redis.lose_last_entries(2);
    redis.end_connections();
    REQUIRE(plane.until([&] { return plane.rewound.has_value(); }));
    CHECK(*plane.rewound == 1);
    REQUIRE(plane.until_up());
    CHECK(plane.say("d", "d").position->number == 2);
    CHECK(plane.hears("d"));
}

TEST_CASE("redis backplane: a room that is left before its place is known tells nothing of it") {
    FakeRedis redis;
    Plane plane{redis};
    REQUIRE(plane.until_up());
    bool first = false, second = false;
    plane.backplane.follow("room", [&](const auto&) { first = true; });
    plane.backplane.unfollow("room");
    plane.backplane.follow("room", [&](const auto&) { second = true; });
    REQUIRE(plane.until([&] { return second; }));
    CHECK_FALSE(first);
}

TEST_CASE("redis backplane: where a log ended before its room was followed anew is no news") {
    FakeRedis redis;
    Plane plane{redis}, other{redis};
    plane.follow();
    plane.say("a", "a");
    CHECK(plane.hears("a"));
    const std::size_t asked = redis.commands("XREVRANGE");
    redis.hold_reply_to("XREVRANGE");
    redis.end_connections();
    // The reader has asked where the log ends, and before it hears that, there is more, and a new member.
    REQUIRE(plane.until([&] { return redis.commands("XREVRANGE") > asked; }));
    REQUIRE(other.until_up());
    CHECK(other.say("b", "b").position->number == 2);
    REQUIRE(plane.until_up());
    plane.backplane.unfollow("room");
    CHECK(plane.follow()->number == 2);
    redis.release_replies();
    CHECK(plane.say("c", "c").position->number == 3);
    CHECK(plane.hears("c"));
    CHECK(plane.told == std::deque<std::string>{"a", "c"});
    CHECK_FALSE(plane.rewound);
}

TEST_CASE("redis backplane: who is here is known to all servers, and forgotten by those who leave") {
    FakeRedis redis;
    Plane one{redis}, two{redis};
    one.follow();
    two.follow();
    one.backplane.here("room", {"ada", "b\"ob"});
    two.backplane.here("room", {"eve"});
    const auto all = [](Plane& plane) {
        std::ranges::sort(plane.here);
        return plane.here == std::vector<std::string>{"ada", "b\"ob", "eve"};
    };
    CHECK(one.until([&] {
        two.backplane.turn();
        return all(one) && all(two);
    }));
    one.backplane.unfollow("room");
    CHECK(one.until([&] { return one.backplane.is_up(); }));
    CHECK(two.until([&] { return two.here == std::vector<std::string>{"eve"}; }));
}
