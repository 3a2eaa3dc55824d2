// One thread for each client, and an orderly end for all of them. Lesson 1; limits: lesson 10.
// Leaves out: scale: ten thousand clients are ten thousand stacks (lesson 11 replaces this by an
// event loop).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "net/socket.hpp"

namespace net {

// How many clients are served at the same time. Without limits: all that come.
struct ClientLimits {
    enum class Broken : std::uint8_t { none, in_all, per_address };
    static constexpr std::uint64_t unlimited = ~std::uint64_t{0};

    std::uint64_t in_all = unlimited;
    std::uint64_t per_address = unlimited;
    // Not limited by address: many clients stand behind each of them. See count_as().
    std::vector<Network> proxies{};
    // Tells a client that it finds no place, and by which limit; on a thread of its own.
    std::function<void(const Fd& socket, const Address& peer, Broken)> turn_away{};
    // So many at a time are told. Whoever comes while there are more is dropped without a word.
    std::uint64_t turned_away = 16;
};

class ClientThreads {
  public:
    // Runs on its own thread; the socket is closed when it returns. An exception that leaves
    // it ends this client only, and is printed in one line on standard error; Stopped is not.
    using Handler = std::function<void(const Fd& socket, const Address& peer)>;

    // What the destructor does to clients that are still being served.
    enum class AtEnd {
        end_reading,  // each handler sees `closed` at its next read, and may still send
        wait,         // nothing: the handlers watch the stop signal themselves
    };

    explicit ClientThreads(Handler handler, AtEnd at_end = AtEnd::end_reading,
                           std::chrono::milliseconds grace = std::chrono::seconds{5},
                           ClientLimits limits = {})
        : handler_{std::move(handler)},
          at_end_{at_end},
          grace_{grace},
          limits_{std::move(limits)} {}

    ClientThreads(const ClientThreads&) = delete;
    ClientThreads& operator=(const ClientThreads&) = delete;

    // Does to all clients what `at_end` says, and waits until the last handler has returned.
    // With `end_reading`, a client that takes no bytes or sends without a pause cannot hold us
    // up: after the grace its connection is cut.
    ~ClientThreads();

    // Serves one client. When no thread can be had, the client is dropped with one line.
    void start(Accepted client);

    // For a handler that has learned for whom a proxy speaks: from now on the client counts under
    // that address. False, when the address has as many as it may. `socket` is the handler's.
    bool count_as(const Fd& socket, const Address& address);

  private:
    using Broken = ClientLimits::Broken;

    struct Client {
        Accepted accepted;
        Address counted_as;
        Broken broken = Broken::none;  // not none: it is being turned away
        std::thread thread;
        bool finished = false;
    };

    Broken check_limits(const Address& peer) const;
    std::uint64_t count_from(const Address& address) const;
    bool may_tell() const;
    void run(Client& client) noexcept;
    void join_finished();

    void shut_down_all(int how);

    Handler handler_;
    AtEnd at_end_;
    std::chrono::milliseconds grace_;
    ClientLimits limits_;
    std::mutex mutex_;  // guards clients_, and of each `finished` and `counted_as`
    std::condition_variable one_finished_;
    std::list<Client> clients_;
};

}  // namespace net
