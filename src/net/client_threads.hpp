// One thread for each client, and an orderly end for all of them. Lesson 1.
// Leaves out: a limit (lesson 10), and scale: ten thousand clients are ten thousand stacks
// (lesson 11 replaces this by an event loop).
#pragma once

#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "net/socket.hpp"

namespace net {

class ClientThreads {
  public:
    // Runs on its own thread; the socket is closed when it returns. An exception that leaves
    // it ends this client only, and is printed in one line on standard error.
    using Handler = std::function<void(const Fd& socket, const Address& peer)>;

    // What the destructor does to clients that are still being served.
    enum class AtEnd {
        end_reading,  // each handler sees `closed` at its next read, and may still send
        wait,         // nothing: the handlers watch the stop signal themselves
    };

    explicit ClientThreads(Handler handler, AtEnd at_end = AtEnd::end_reading)
        : handler_{std::move(handler)}, at_end_{at_end} {}

    ClientThreads(const ClientThreads&) = delete;
    ClientThreads& operator=(const ClientThreads&) = delete;

    // Does to all clients what `at_end` says, and waits until the last handler has returned.
    ~ClientThreads();

    // Serves one client. When no thread can be had, the client is dropped with one line.
    void start(Accepted client);

  private:
    struct Client {
        Accepted accepted;
        std::thread thread;
        bool finished = false;
    };

    void run(Client& client) noexcept;
    void join_finished();

    Handler handler_;
    AtEnd at_end_;
    std::mutex mutex_;  // guards clients_ and `finished` of each
    std::list<Client> clients_;
};

}  // namespace net
