// One connection to Redis that comes back by itself, in an event loop. Lesson 16.
// Commands leave in order, and each gets its reply. When the connection breaks, nobody knows which of
// the unanswered ones Redis has carried out; they are sent again on the next connection. So whoever
// uses this sends only what may be done twice: reads, and what carries an id of its own.
// Leaves out: what is asked and answered (redis/room_log); a name that is looked up anew.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "net/epoll.hpp"
#include "net/out_buffer.hpp"
#include "net/random.hpp"
#include "net/socket.hpp"
#include "redis/command.hpp"
#include "redis/reply_reader.hpp"
#include "ws/backoff.hpp"

namespace endpoint {

struct RedisAccess {
    std::vector<net::Address> addresses;  // tried in turn, until one of them is a master
    std::string user = "default";         // of Redis' access control list
    std::string password{};               // empty: no AUTH
    std::chrono::milliseconds connect_timeout{5'000};  // with the greeting
    std::chrono::milliseconds reply_timeout{5'000};
    std::chrono::milliseconds give_up{30'000};  // on a command, while there is no connection
    ws::Backoff backoff{.first = 100, .most = 5'000};
};

class RedisLink {
  public:
    // Null: the reply never came, and nobody knows whether the command was carried out.
    using OnReply = std::function<void(const redis::Reply*)>;
    struct Handlers {
        std::function<void()> on_up{};                      // what was unanswered has been sent again
        std::function<void(std::string_view why)> on_down{};  // also for each attempt that failed
    };

    // `epoll` reports this link by `tag`, and outlives it. Connects from the first on_time() on.
    RedisLink(net::Epoll& epoll, std::uint64_t tag, RedisAccess access, Handlers handlers);
    RedisLink(const RedisLink&) = delete;
    RedisLink& operator=(const RedisLink&) = delete;

    bool is_up() const { return state_ == State::up; }
    // By this number Redis knows this connection, for CLIENT UNBLOCK.
    std::int64_t id() const { return id_; }
    // 3 (RESP3), or 2 when the server knows no other.
    int protocol() const { return protocol_; }

    // Leaves at once, or as soon as there is a connection.
    void send(const redis::Command& command, OnReply on_reply);
    std::size_t unanswered() const { return unanswered_.size(); }
    // Forgets what is unanswered. To be called in on_down: on a connection, replies would be
    // taken for those of others.
    void forget() { unanswered_.clear(); }
    // What came is not what was asked for: begins anew.
    void fail(std::string_view why) { lost(why); }

    void on_ready(std::uint32_t events);  // what epoll says
    void on_time();                       // a few times a second

  private:
    enum class State : std::uint8_t { waiting, connecting, greeting, up };
    struct Unanswered {
        std::string bytes;
        OnReply on_reply;
        net::Clock::time_point since;  // it is waited for
        net::Clock::time_point asked;
    };

    void connect();
    void connected();
    void greet();
    void greet_in_resp2();
    void take_greeting(const redis::Reply& reply);
    void greeted(std::int64_t id, std::string_view role);
    void receive();
    void handle(const redis::Reply& reply);
    void give_up_old();
    void write(std::string_view bytes);
    void flush();
    void lost(std::string_view why);

    net::Epoll& epoll_;
    std::uint64_t tag_;
    RedisAccess access_;
    Handlers handlers_;
    net::RandomPool random_;
    State state_ = State::waiting;
    net::Clock::time_point moment_{};  // of waiting: when it ends; otherwise: when it began
    std::size_t address_ = 0;          // the one to be tried
    std::int64_t id_ = 0;
    int protocol_ = 3;
    net::Fd socket_;
    net::OutBuffer out_;
    redis::ReplyReader reader_;
    std::deque<Unanswered> unanswered_;
};

}  // namespace endpoint
