// Three hundred clients of several servers, on one thread: each says numbered messages, one after the
// other, comes back wherever there is a server when its own has gone, and writes down what it hears.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "endpoint/keys.hpp"
#include "net/epoll.hpp"
#include "net/socket.hpp"
#include "redis/position.hpp"
#include "ws/backoff.hpp"
#include "ws/connection.hpp"
#include "ws/opening.hpp"

namespace chaos {

struct Counters {
    std::uint64_t connections = 0;  // handshakes that succeeded
    std::uint64_t drained = 0;      // Closes with 1001
    std::uint64_t accepted = 0, refused = 0, said_again = 0, heard = 0;
};

class Crowd {
  public:
    Crowd(std::size_t clients, std::size_t rooms, std::vector<std::uint16_t> ports, unsigned seed,
          std::chrono::milliseconds pause);

    // Does what can be done, and waits for something to do, for a short while.
    void turn();

    // Everybody is in its room: from now on all talk. Whoever came after a message would not hear it.
    void begin() { talking_ = true; }

    // Nobody begins a new message any more; what is unanswered is still said again.
    void finish() { finishing_ = true; }

    std::size_t joined() const;      // clients that are in their room now
    std::size_t unanswered() const;  // messages whose fate is not known
    // All have heard as much as there is.
    bool all_heard() const;

    // What is wrong with what was heard; empty: each log has every accepted message once and in order.
    std::vector<std::string> faults() const;
    const Counters& counters() const { return counters_; }

  private:
    using Moment = net::Clock::time_point;
    struct Heard {
        redis::Position at;
        std::string text;
    };
    struct Client {
        std::size_t index = 0;
        std::string room;
        enum class Phase : std::uint8_t { waiting, connecting, opening, open } phase = Phase::waiting;
        Moment moment{};  // of waiting: its end; else when the phase began
        ws::Backoff backoff{.first = 50, .most = 1000};
        net::Fd socket{};
        std::unique_ptr<ws::ClientOpening> opening{};
        std::optional<ws::Connection> connection{};
        ws::Buffer out{};
        bool joined = false;
        std::string after{};  // the position of the last message that it heard, or joined at
        std::uint64_t said = 0;
        std::string unanswered{};  // its text; the key is made of it
        bool sent = false;         // on this connection
        Moment next{};             // when to say something
        std::vector<Heard> log{};
    };

    void connect(Client& client);
    void on_ready(Client& client, std::uint32_t events);
    void receive(Client& client);
    void take(Client& client, ws::MutableBytes bytes);
    void hear(Client& client, std::string_view text);
    void act(Client& client, Moment now);
    void say(Client& client);
    void send(Client& client, const std::string& text);
    void flush(Client& client);
    void lost(Client& client);
    void fault(const Client& client, std::string what);
    std::uint32_t chance() { return static_cast<std::uint32_t>(random_()); }

    net::Epoll epoll_;
    std::vector<net::Address> servers_;
    std::chrono::milliseconds pause_;
    std::mt19937 random_;
    endpoint::RandomKeys keys_;
    net::RandomPool pool_;
    std::string run_;  // a part of every key, so that two runs with one Redis do not meet
    bool talking_ = false, finishing_ = false;
    std::vector<Client> clients_;
    std::map<std::string, std::map<redis::Position, std::string>> accepted_;  // by room
    std::vector<std::string> faults_;
    Counters counters_;
};

}  // namespace chaos
