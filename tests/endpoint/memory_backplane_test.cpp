// Logs in the process: the promises that a backplane makes, where they are easiest to keep.
#include "endpoint/memory_backplane.hpp"

#include <doctest/doctest.h>

using namespace endpoint;

namespace {

Published say(MemoryBackplane& backplane, std::string_view key, std::string_view text,
              std::string_view room = "room") {
    Published outcome;
    backplane.publish(room, key, text, [&](const Published& published) { outcome = published; });
    return outcome;
}

std::string read(MemoryBackplane& backplane, const Position& after, std::size_t most = 100) {
    std::string all;
    backplane.read("room", after, most, [&](const auto& entries) {
        for (const Entry& entry : *entries) all += entry.text + ' ';
    });
    return all;
}

Position follow(MemoryBackplane& backplane, std::string_view room = "room") {
    Position end;
    backplane.follow(room, [&](const auto& at) { end = *at; });
    return end;
}

}  // namespace

TEST_CASE("memory backplane: entries are numbered, told once, and read from any place") {
    MemoryBackplane backplane;
    std::string told;
    backplane.listen({.on_entry = [&](std::string_view, const Entry& entry) { told += entry.text; }});
    CHECK(follow(backplane).number == 0);
    const auto first = say(backplane, "k1", "a");
    CHECK(first.position->number == 1);
    CHECK(say(backplane, "k2", "b").position->number == 2);
    CHECK(say(backplane, "k3", "c").position > first.position);
    CHECK(told == "abc");
    CHECK(read(backplane, {}) == "a b c ");
    CHECK(read(backplane, *first.position) == "b c ");
    CHECK(read(backplane, {}, 2) == "a b ");
    CHECK(follow(backplane).number == 3);
}

TEST_CASE("memory backplane: what is said twice with one key is there once") {
    MemoryBackplane backplane;
    follow(backplane);
    const auto first = say(backplane, "k1", "a");
    const auto second = say(backplane, "k1", "a");
    CHECK(second.position == first.position);
    CHECK(read(backplane, {}) == "a ");
}

TEST_CASE("memory backplane: a log has a limit, and so has an entry") {
    MemoryBackplane backplane{{.room = {.most_entries = 3}, .max_text_bytes = 5}};
    follow(backplane);
    for (const char c : std::string_view{"abcdef"}) say(backplane, std::string{c}, std::string{c});
    CHECK(read(backplane, {}) == "d e f ");
    CHECK(say(backplane, "x", "123456").why == "the message is too long for the room's log");
    CHECK(say(backplane, "x", "12345").position->number == 7);
}

TEST_CASE("memory backplane: logs of rooms without members are kept, but not without end") {
    MemoryBackplane backplane{{}, 2};
    for (const std::string room : {"a", "b", "c"}) {
        follow(backplane, room);
        say(backplane, "k", "x", room);
        backplane.unfollow(room);
    }
    CHECK(follow(backplane, "a").number == 0);
    CHECK(follow(backplane, "b").number == 1);
    CHECK(follow(backplane, "c").number == 1);
}
