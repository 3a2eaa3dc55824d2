// The scenarios of exercise 5: what was missed, once and in order.
#include "lessons/16-many-machines/checks.hpp"

namespace check {

namespace {

// A log with entries from `first` to `last`; the words of each are its number.
void fill(Redis& redis, int first, int last) {
    for (int i = first; i <= last; ++i) redis.add(i, words_of("bob", 'n' + std::to_string(i)));
}
std::string entry(int number) { return std::to_string(number) + " n" + std::to_string(number); }

const Scenario missed{"what-was-missed", exercise(5).once(), "", "a client that comes back gets what it missed, in order, once",
    [](Run& run) {
    Redis redis{run};
    fill(redis, 1, 7);
    Server server{run, {"--redis", redis.address()}};
    const auto seen = static_cast<int>(run.number(2, 4));
    Person ada{run, redis, server, "ada", position(seen)};
    for (int i = seen + 1; i <= 7; ++i)
        ada.expect_heard(entry(i), "she has seen all up to " + std::to_string(seen));
    fill(redis, 8, 8);
    ada.expect_heard(entry(8), "and goes on with what is said now");
    ada.expect_nothing("each comes once");
}};

const Scenario from_now{"from-now-on", exercise(5).once(), "", "a client that comes for the first time hears what is said from now on",
    [](Run& run) {
    Redis redis{run};
    fill(redis, 1, 5);
    Server server{run, {"--redis", redis.address()}};
    Person ada{run, redis, server, "ada"};
    fill(redis, 6, 7);
    ada.expect_heard(entry(6), "the first one after she came");
    ada.expect_heard(entry(7), "in order");
    ada.expect_nothing("each comes once");
}};

const Scenario both_ways{"two-ways", exercise(5).once(), "", "an entry that comes in two ways is told once",
    [](Run& run) {
    Redis redis{run};
    fill(redis, 1, 3);
    Server server{run, {"--redis", redis.address()}};
    Person bob{run, redis, server, "bob"};
    redis.hold_ranges = true;
    Person ada{run, redis, server, "ada", position(1)};
    for (int i = 0; i < 100 && redis.ranges == 0; ++i) redis.serve(Milliseconds{20});
    run.step("what ada missed is on its way, and meanwhile something is said");
    fill(redis, 4, 4);
    bob.expect_heard(entry(4), "he is in the room");
    redis.release();
    for (int i = 2; i <= 4; ++i) ada.expect_heard(entry(i), "all of what she missed, and what came meanwhile");
    fill(redis, 5, 5);
    ada.expect_heard(entry(5), "once");
    bob.expect_heard(entry(5), "once");
    ada.expect_nothing("each comes once");
}};

const Scenario ahead{"room-behind", exercise(5).once(), "", "a client that has seen more than its new server gets nothing twice",
    [](Run& run) {
    Redis redis{run};
    fill(redis, 1, 3);
    Server server{run, {"--redis", redis.address()}};
    Person bob{run, redis, server, "bob"};
    redis.serve(Milliseconds{100});
    run.step("another server was quicker to tell ada message 4");
    redis.hold_entries = true;
    fill(redis, 4, 4);
    Person ada{run, redis, server, "ada", position(4)};
    redis.serve(Milliseconds{100});
    redis.hold_entries = false;
    bob.expect_heard(entry(4), "he hears it, whichever way it comes");
    fill(redis, 5, 5);
    ada.expect_heard(entry(5), "she has seen 4 already");
    bob.expect_heard(entry(5), "he has not");
}};

const Scenario slow{"slow-to-catch-up", exercise(5).once(), "", "whoever is slow to take what it missed gets the rest later",
    [](Run& run) {
    constexpr int last = 300;
    Redis redis{run};
    for (int i = 1; i <= last; ++i) redis.add(i, words_of("bob", 'n' + std::to_string(i) + std::string(20'000, '.')));
    redis.hold_ranges = true;
    Server server{run, {"--redis", redis.address(), "--max-backlog-bytes", "65536"}};
    Person ada{run, redis, server, "ada", position(1)};
    for (int i = 0; i < 100 && redis.ranges == 0; ++i) redis.serve(Milliseconds{20});
    ada.peer.freeze(64 * 1024);
    redis.release();
    for (int i = 0; i < 40 && redis.ranges < 3; ++i) redis.serve(Milliseconds{20});
    run.is_true(redis.ranges < 3, "ada takes nothing, and the server has asked Redis for all that she missed, 6 MB: what "
                                  "waits for her lies in its memory. When send() says slow, she is paused, and the rest "
                                  "is read when she has taken this");
    run.step("she reads again");
    ada.peer.freeze(1 << 20);
    for (int i = 2; i <= last; ++i) {
        const std::string got = ada.heard("she was paused, and has taken what was sent: the rest is read from there");
        run.equal("ada hears", Plain{got.substr(0, got.find('.'))}, Plain{entry(i)}, "all that she missed, in order");
    }
}};

const Scenario gone{"gone", exercise(5).once(), "", "what cannot be given any more is said, with its number",
    [](Run& run) {
    Redis redis{run};
    fill(redis, 1, 12);
    const auto first = static_cast<int>(run.number(7, 9));
    redis.forget_before(first);
    Server server{run, {"--redis", redis.address()}};
    Person ada{run, redis, server, "ada", position(2)};
    ada.expect_heard("missed " + std::to_string(first - 3),
                     "she has seen 2, and " + std::to_string(first) + " is the first that is kept");
    for (int i = first; i <= 12; ++i) ada.expect_heard(entry(i), "the rest comes");
}};

const Scenario gone_for_all{"gone-for-all", exercise(5).once(), "", "a hole is said to all in the room", [](Run& run) {
    Redis redis{run};
    fill(redis, 1, 3);
    Server server{run, {"--redis", redis.address()}};
    Person ada{run, redis, server, "ada"}, bob{run, redis, server, "bob"};
    redis.serve(Milliseconds{100});
    run.step("Redis is away, and others say more than it keeps");
    redis.end_connections();
    fill(redis, 4, 9);
    redis.forget_before(8);
    for (Person* each : {&ada, &bob}) {
        each->expect_heard("missed 4", "4 to 7 are gone");
        each->expect_heard(entry(8), "the rest comes");
        each->expect_heard(entry(9), "the rest comes");
    }
}};

const Scenario anew{"begun-anew", exercise(5).once(), "", "where numbers do not rise, nobody knows how many are missing",
    [](Run& run) {
    Redis redis{run};
    fill(redis, 1, 3);
    Server server{run, {"--redis", redis.address()}};
    Person ada{run, redis, server, "ada", "1767225500000-0/40"};
    ada.expect_heard("missed null", "her place is of a log that is no more: its number is 40, and this one begins with 1");
    for (int i = 1; i <= 3; ++i) ada.expect_heard(entry(i), "all that there is");
}};

}  // namespace

}  // namespace check
