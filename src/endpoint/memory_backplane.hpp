// A backplane for one server: the rooms' logs in this process. Lesson 16.
// The same promises as with a Redis, as long as the process lives: a message once, in order, and
// what was missed is given, or it is said that it is gone.
// Leaves out: other servers; anything that outlives the process.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <unordered_map>

#include "endpoint/backplane.hpp"

namespace endpoint {

class MemoryBackplane : public Backplane {
  public:
    // `max_idle_rooms`: so many logs are kept of rooms that nobody follows, the latest ones.
    explicit MemoryBackplane(BackplaneLimits limits = {}, std::size_t max_idle_rooms = 1000)
        : limits_{limits}, max_idle_rooms_{max_idle_rooms} {}

    void follow(std::string_view room, OnFollowed on_followed) override;
    void unfollow(std::string_view room) override;
    void publish(std::string_view room, std::string_view key, std::string_view text,
                 OnPublished on_published) override;
    void read(std::string_view room, const Position& after, std::size_t most,
              OnRead on_read) override;
    void here(std::string_view room, std::vector<std::string> names) override;
    bool is_up() const override { return true; }

  private:
    struct Room {
        std::deque<Entry> entries;
        Position end;
        // Of as many messages as there are entries at most: where each of them is.
        std::unordered_map<std::string, Position> said;
        std::deque<std::string> keys;  // of `said`, the oldest first
        bool followed = false;
    };

    Position add(Room& room, std::string_view key, std::string_view text);

    BackplaneLimits limits_;
    std::size_t max_idle_rooms_;
    std::map<std::string, Room, std::less<>> rooms_;
    std::deque<std::string> idle_;  // the one that nobody follows for the longest time first
};

}  // namespace endpoint
