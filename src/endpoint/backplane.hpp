// What joins the rooms of several servers: a log for each room, which all of them follow. Lesson 16.
// An entry has a position, and a reader that names one gets what came after it. Two of them: in this
// process (endpoint/memory_backplane), and in a Redis (endpoint/redis_backplane).
// Leaves out: who is in a room here, and who has missed what (endpoint/shared_rooms).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "redis/room_log.hpp"

namespace endpoint {

using redis::Entry;
using redis::Position;

struct BackplaneLimits {
    redis::RoomLimits room{};
    std::size_t max_text_bytes = 16 * 1024;  // of one entry
    std::size_t max_unanswered = 10'000;     // commands on their way; more are refused
    std::size_t max_names = 256;             // of one server in one room, that others are told
};

// What became of a message.
struct Published {
    std::optional<Position> position{};  // accepted: it is in the log, once, and stays
    std::string why{};                   // refused: it is not, and one sentence says why
    bool unknown = false;                // refused, and it may be there: say it again with its key
};

class Backplane {
  public:
    // What it has to tell; called on the loop's thread. Views live until it returns.
    struct Listener {
        // Entries of a followed room, each once and in order.
        std::function<void(std::string_view room, const Entry&)> on_entry{};
        // The log of a followed room ends here, before what was told: the rest has been lost.
        std::function<void(std::string_view room, const Position& end)> on_rewind{};
        // Who is there, on all servers.
        std::function<void(std::string_view room, const std::vector<std::string>&)> on_here{};
        // Messages are accepted, or not any more; why, in one line.
        std::function<void(bool up, std::string_view why)> on_state{};
    };
    using OnFollowed = std::function<void(const std::optional<Position>& end)>;
    using OnPublished = std::function<void(const Published&)>;
    using OnRead = std::function<void(const std::optional<std::vector<Entry>>&)>;

    virtual ~Backplane() = default;

    void listen(Listener listener) { listener_ = std::move(listener); }

    // From the end of the log on, entries are told; `on_followed` says where that is (nothing: it
    // could not be found out). May be called at once, as all others.
    virtual void follow(std::string_view room, OnFollowed on_followed) = 0;
    virtual void unfollow(std::string_view room) = 0;

    // Adds an entry to the log, once for each `key`, which nobody else can know.
    virtual void publish(std::string_view room, std::string_view key, std::string_view text,
                         OnPublished on_published) = 0;

    // The oldest `most` entries after a position that are still kept; nothing: could not be read.
    virtual void read(std::string_view room, const Position& after, std::size_t most,
                      OnRead on_read) = 0;

    // Who is in a followed room, on this server.
    virtual void here(std::string_view room, std::vector<std::string> names) = 0;

    virtual bool is_up() const = 0;

    // A descriptor to be watched, and what to call when it is readable; -1: none.
    virtual int fd() const { return -1; }
    virtual void turn() {}

  protected:
    Listener listener_;
};

}  // namespace endpoint
