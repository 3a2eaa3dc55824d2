// An epoll server that runs in a thread of the test, and a journal of what its handlers saw.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "endpoint/server.hpp"
#include "net/wake.hpp"
#include "tests/support/process.hpp"
#include "tests/support/raw_peer.hpp"

namespace test {

// Lines that one thread writes and another waits for.
class Journal {
  public:
    void add(std::string line);
    std::string next();                    // the next line; "nothing" when none came in time
    bool wait_for(std::string_view line);  // skips others; false when it did not come in time
    bool empty();

  private:
    std::mutex mutex_;
    std::condition_variable added_;
    std::deque<std::string> lines_;
};

// With the limits of time that nobody has chosen out of the way: on a machine that is busy enough, a peer
// that is a thread of the test is slow enough to be pinged, or given up.
endpoint::ServerOptions patient(endpoint::ServerOptions options);

// Its options are made patient().
class RunningServer {
  public:
    // Handlers that are empty are filled: messages are echoed, GET /metrics is answered, opening
    // and closing stand in the journal as "open" and "close <what Error::message() says>".
    // The function makes them; it gets this object, for handlers to use once they are called.
    using MakeHandlers = std::function<endpoint::Handlers(RunningServer& self)>;
    explicit RunningServer(endpoint::ServerOptions options = {}, const MakeHandlers& make = {});
    ~RunningServer() { stop(); }

    // Begins to end it, and waits until it has ended. Then `server` may be looked into.
    void begin_to_stop() { stop_.raise(); }
    void stop();

    std::uint16_t port() const { return server.port(); }
    RawPeer connect() const;  // a client whose handshake has succeeded
    // The same, with so little room for what it receives that the server soon has to wait.
    RawPeer connect_slow() const;

    // A value that GET /metrics shows. Its own connection is among those that are open.
    std::uint64_t metric(std::string_view name) const;
    // CPU time that the server's thread has used.
    std::chrono::nanoseconds cpu_time();

    Journal journal;

  private:
    net::Wake stop_;

  public:
    endpoint::Server server;

  private:
    std::thread thread_;
};

// GET `path`; the whole answer.
std::string http_get(std::uint16_t port, std::string_view path);

// Asks again and again until it is so; false after a time that is too long for anything.
template <typename Condition>
bool eventually(Condition condition) {
    const net::Deadline deadline = net::after(patience);
    while (!condition()) {
        if (net::Clock::now() > *deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

}  // namespace test
