// A backplane for many servers: the rooms' logs in a Redis that all of them talk to. Lesson 16.
// Two connections: one for commands, and one that does nothing but wait for entries (XREAD BLOCK),
// for all rooms that this server has members of. Both come back by themselves (endpoint/redis_link).
// Leaves out: several Redis servers side by side, each for some of the rooms (see the lesson's text).
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "endpoint/backplane.hpp"
#include "endpoint/redis_link.hpp"
#include "net/epoll.hpp"
#include "net/ticker.hpp"

namespace endpoint {

struct RedisBackplaneOptions {
    RedisAccess access{};
    std::string prefix = "chat:";  // of all keys
    BackplaneLimits limits{};
    std::chrono::milliseconds beat{2'000};   // so often a server says who is here
    std::chrono::milliseconds alive{6'000};  // and so long it is believed
    std::chrono::milliseconds block{5'000};  // so long Redis waits for an entry before it says: none
};

class RedisBackplane : public Backplane {
  public:
    // Connects once turn() is called. Throws std::system_error for want of descriptors.
    explicit RedisBackplane(RedisBackplaneOptions options);

    void follow(std::string_view room, OnFollowed on_followed) override;
    void unfollow(std::string_view room) override;
    void publish(std::string_view room, std::string_view key, std::string_view text,
                 OnPublished on_published) override;
    void read(std::string_view room, const Position& after, std::size_t most,
              OnRead on_read) override;
    void here(std::string_view room, std::vector<std::string> names) override;
    bool is_up() const override { return commands_.is_up(); }

    int fd() const override { return epoll_.fd(); }
    void turn() override;

  private:
    struct Room {
        std::uint64_t generation = 0;  // of this following; replies to an earlier one are late
        bool placed = false;           // `end` is known
        Position end{};                // entries up to here have been told
        std::string names{};           // who is here, as JSON; empty: nobody
    };
    using Rooms = std::map<std::string, Room, std::less<>>;

    void on_time();
    redis::RoomKeys keys(std::string_view room) const { return {options_.prefix, room}; }
    bool is_full() const { return commands_.unanswered() >= options_.limits.max_unanswered; }
    void say_state(bool up, std::string_view why);

    void placed(const std::string& room, std::uint64_t generation, const redis::Reply* reply,
                const OnFollowed& on_followed);
    void check_ends();
    void check_end(const std::string& room, std::uint64_t generation, const redis::Reply* reply);
    void wait_for_more();
    void wake_reader();
    void take(const redis::Reply* reply);
    void tell(const redis::LogEntries& log);
    void say_here(const std::string& room);

    RedisBackplaneOptions options_;
    net::Epoll epoll_{8};
    net::Ticker ticker_;
    std::string server_;  // names this process among the servers
    RedisLink commands_;
    RedisLink reader_;
    Rooms rooms_;
    std::map<std::string, std::string> rooms_by_log_;
    std::set<std::string> changed_;  // rooms where somebody came or went since the last tick
    net::Clock::time_point next_beat_{};
    std::uint64_t generation_ = 0;
    std::size_t checking_ = 0;  // ends that have been asked for, before the reader waits
    bool waiting_ = false;      // the reader's XREAD is unanswered
    bool outdated_ = false;     // and it lacks a room
    bool waking_ = false;       // CLIENT UNBLOCK is unanswered
    std::string state_ = "?";   // why it is down; empty: it is up; so the same is said once
};

}  // namespace endpoint
