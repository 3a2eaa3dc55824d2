// A room's log, kept in Redis: the commands for it, and what their replies say. Lesson 16.
// A stream for the entries (XADD, XRANGE, XREAD), a key that remembers each message for a while, a
// hash of who is there. What must happen as one is a script, which Redis runs without a break.
// Leaves out: sending and receiving (endpoint/redis_link).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "redis/command.hpp"
#include "redis/position.hpp"
#include "redis/reply.hpp"

namespace redis {

struct Entry {
    Position position;
    std::string text;
};

// Of all that a room may keep there is a limit, and all of it ends some time: a client that invents
// names of rooms must not fill the memory.
struct RoomLimits {
    std::uint64_t most_entries = 1000;  // about: a stream is cut at whole nodes, of up to 100 entries
    std::uint64_t keep_room_ms = 24 * 3'600'000;  // after its last entry
    std::uint64_t keep_key_ms = 10 * 60'000;      // a message is known for so long
};

// The keys of a room. The braces make all of them fall to one machine of a Redis Cluster.
struct RoomKeys {
    RoomKeys(std::string_view prefix, std::string_view room)
        : stem{std::string{prefix} + '{' + std::string{room} + '}'} {}
    std::string log() const { return stem + ":log"; }
    std::string said(std::string_view key) const { return stem + ":said:" + std::string{key}; }
    std::string here() const { return stem + ":here"; }

    std::string stem;
};

// Adds an entry, once: with the same `key`, however often and by whomever it is sent, the entry of
// the first time stays the only one. Replied: its position (position_in()).
Command add_once(const RoomKeys& keys, std::string_view key, std::string_view text,
                 const RoomLimits& limits);

// The oldest `most` entries after a position; replied: entries_in().
Command read_after(const RoomKeys& keys, const Position& after, std::size_t most);

// The newest entry; replied: entries_in(), with one or none.
Command read_last(const RoomKeys& keys);

// Waits for entries of several logs, for so long at most. Replied: logs_in().
Command wait_for_entries(const std::vector<std::pair<std::string, Position>>& logs, std::size_t most,
                         std::uint64_t wait_ms);

// For the next `alive_ms` `who` is there, by this server (empty: nobody any more).
// Replied: what all servers said and is not over (texts_in()). The log is kept, too.
Command say_who_is_here(const RoomKeys& keys, std::string_view server, std::string_view who,
                        std::uint64_t alive_ms, const RoomLimits& limits);

// What replies say; nothing for one that is no such reply.
std::optional<Position> position_in(const Reply& reply);
std::optional<std::vector<Entry>> entries_in(const Reply& reply);
std::optional<std::vector<std::string>> texts_in(const Reply& reply);
struct LogEntries {
    std::string log;  // its key
    std::vector<Entry> entries;
};
std::optional<std::vector<LogEntries>> logs_in(const Reply& reply);

}  // namespace redis
