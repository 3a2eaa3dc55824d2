// Client threads with a limit: how many clients in all, and from one address. Lesson 10.
// A place is taken when a client is accepted and given back when its handler has returned.
// Leaves out: telling a client why; that is the program's protocol, and its refuse.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <vector>

#include "net/client_threads.hpp"
#include "net/network.hpp"

namespace net {

// How many clients are served at the same time. Without limits: all that come.
struct ClientLimits {
    enum class Broken : std::uint8_t { none, in_all, per_address };
    static constexpr std::uint64_t unlimited = ~std::uint64_t{0};

    std::uint64_t in_all = unlimited;
    std::uint64_t per_address = unlimited;
    // Not limited by address: many clients come through each of them. See count_as().
    std::vector<Network> proxies{};
    // Tells a client that it finds no place, and by which limit; on a thread of its own.
    std::function<void(const Fd& socket, const Address& peer, Broken)> refuse{};
    // So many at a time are told. While there are more, a client that comes is dropped.
    std::uint64_t refused_at_once = 16;
};

class LimitedClients {
  public:
    // The handler's rules are those of ClientThreads.
    LimitedClients(ClientThreads::Handler handler, ClientThreads::AtEnd at_end,
                   ClientLimits limits);

    // Serves one client, has it turned away, or drops it.
    void start(Accepted client);

    // For a handler that has learned for whom a proxy speaks: from now on the client counts under
    // that address. False, when the address has as many as it may. `socket` is the handler's.
    bool count_as(const Fd& socket, const Address& address);

  private:
    using Broken = ClientLimits::Broken;

    struct Place {
        int fd;  // of its socket, which is closed only after the place was given back
        Address counted_as;
        Broken broken;  // not none: it is being turned away
    };

    void run(const Fd& socket, const Address& peer);
    Broken check(const Address& peer) const;
    std::uint64_t count_from(const Address& address) const;
    bool may_tell() const;
    std::list<Place>::iterator find(int fd);
    void leave(int fd);

    ClientThreads::Handler handler_;
    ClientLimits limits_;
    std::mutex mutex_;  // guards places_
    std::list<Place> places_;
    ClientThreads threads_;  // last: it uses the others until all have ended
};

}  // namespace net
