// One thread for each client, and an orderly end for all of them. Lesson 1.
// Leaves out: how many may come (net/client_limits, lesson 10); scale: ten thousand clients are ten
// thousand stacks (lesson 11 replaces this by an event loop).
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "net/socket.hpp"

namespace net {

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
                           std::chrono::milliseconds grace = std::chrono::seconds{5})
        : handler_{std::move(handler)}, at_end_{at_end}, grace_{grace} {}

    ClientThreads(const ClientThreads&) = delete;
    ClientThreads& operator=(const ClientThreads&) = delete;

    // Does to all clients what `at_end` says, and waits until the last handler has returned.
    // With `end_reading`, a client that takes no bytes or sends without a pause cannot hold us
    // up: after the grace its connection is cut.
    ~ClientThreads();

    // Serves one client. False: no thread can be had, and the client is dropped with one line.
    bool start(Accepted client);

  private:
    struct Client {
        Accepted accepted;
        std::thread thread;
        bool finished = false;
    };

    void run(Client& client) noexcept;
    void join_finished();
    void shut_down_all(int how);

    Handler handler_;
    AtEnd at_end_;
    std::chrono::milliseconds grace_;
    std::mutex mutex_;  // guards clients_, and of each `finished`
    std::condition_variable one_finished_;
    std::list<Client> clients_;
};

}  // namespace net
