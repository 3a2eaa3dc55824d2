// The event loop: ten thousand WebSocket clients on one thread. Lesson 11.
// Waits for all of them at once, lets each do what it can do now, and never waits for one.
// Leaves out: more than one thread (endpoint/reactors, lesson 15).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "endpoint/loop.hpp"
#include "endpoint/loop_connection.hpp"
#include "net/fd.hpp"

namespace endpoint {

class Server {
  public:
    // Listens; or takes clients from sockets that do, all on one port (net/shared_port). Throws as
    // net::Listener does, and std::system_error for want of descriptors.
    Server(ServerOptions options, Handlers handlers, std::vector<net::Fd> listening = {});
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    std::uint16_t port() const { return port_; }

    // Serves until `stop_fd` is readable. Then accepts nobody any more, closes every connection
    // with 1001, and returns when the last has gone or after shutdown_timeout.
    void run(int stop_fd);

    // The same from within, for handlers.
    void stop() { stop_seen_ = true; }

    // Something else that the loop waits for: while `fd` can be read, `on_readable` is called, on the
    // loop's thread and once a turn. To be called before run(); both outlive it.
    void watch(int fd, std::function<void()> on_readable);

    // The client with this id; null when it has gone. Lives until the turn of the loop ends.
    LoopConnection* find(ConnectionId id);

    // All clients whose handshake has succeeded and that are not closing.
    template <typename Body>
    void for_each_open(Body body) {
        for_each([&body](LoopConnection& client) {
            if (client.is_open()) body(client);
        });
    }

    // Readable by any thread.
    const Counters& counters() const { return loop_.counters; }

  private:
    // A place for a client. Its generation counts who had it, so that ids are never used again.
    // A std::optional's flag would take eight bytes beside it.
    class Slot {
      public:
        Slot() noexcept {}
        Slot(const Slot&) = delete;
        Slot& operator=(const Slot&) = delete;
        ~Slot() { reset(); }

        LoopConnection* client() { return taken_ ? &client_ : nullptr; }
        LoopConnection& emplace(Loop& loop, net::Fd socket, const net::Address& peer,
                                ConnectionId id) {
            std::construct_at(&client_, loop, std::move(socket), peer, id);
            taken_ = true;
            return client_;
        }
        void reset() {
            if (taken_) std::destroy_at(&client_);
            taken_ = false;
        }

        std::uint32_t generation = 0;

      private:
        bool taken_ = false;
        union {
            LoopConnection client_;  // lives while the slot is taken
        };
    };
    // Places are made in blocks and stay where they are. Each in memory of its own would cost a
    // pointer and the allocator's header besides.
    static constexpr std::uint32_t slots_a_block = 64;
    using Block = std::array<Slot, slots_a_block>;

    Slot& slot(std::uint32_t place) {
        return (*blocks_[place / slots_a_block])[place % slots_a_block];
    }
    template <typename Body>
    void for_each(Body body) {
        for (const std::unique_ptr<Block>& block : blocks_)
            for (Slot& slot : *block)
                if (LoopConnection* client = slot.client()) body(*client);
    }

    void turn();
    void on_other(std::uint64_t tag);
    void go_on();
    void accept_some(const net::Fd& listening);
    void admit(net::Fd socket, const net::Address& peer);
    ws::Errc judge(const net::Address& peer, bool limited) const;
    void make_places();
    LoopConnection* seat(net::Fd socket, const net::Address& peer);
    void refuse(net::Fd socket, ws::Errc errc);
    bool refuse_one(const net::Fd& listening);
    void accept_again(bool accepting);
    void flush_due();
    void remove_gone();
    void begin_shutdown(int stop_fd);
    bool finished() const;
    std::chrono::milliseconds until_shutdown_ends() const;
    std::optional<std::chrono::milliseconds> until_next_look() const;

    Loop loop_;
    std::vector<net::Fd> listening_;  // none once we are stopping
    std::uint16_t port_;
    std::vector<std::unique_ptr<Block>> blocks_;
    std::vector<std::uint32_t> free_places_;
    std::vector<ConnectionId> going_on_;  // empty between two turns
    std::vector<std::function<void()>> watched_;
    std::uint64_t max_connections_;
    std::uint64_t admitted_ = 0;  // clients that are not being turned away
    net::Fd spare_;               // given up when there is no descriptor left, to be able to say so
    bool accepting_ = false;
    bool stop_seen_ = false;
    bool stopping_ = false;
    net::Milliseconds stopping_since_ = 0;
};

}  // namespace endpoint
