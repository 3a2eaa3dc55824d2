// Places for clients, taken and given back. Lesson 10.
// Those who are being turned away take no place: a client that comes too often must not shut out
// the others even so.
#include "net/client_limits.hpp"

#include <algorithm>

namespace net {

LimitedClients::LimitedClients(ClientThreads::Handler handler, ClientThreads::AtEnd at_end,
                               ClientLimits limits)
    : handler_{std::move(handler)},
      limits_{std::move(limits)},
      threads_{[this](const Fd& socket, const Address& peer) { run(socket, peer); }, at_end} {}

void LimitedClients::start(Accepted client) {
    const int fd = client.socket.get();
    {
        const std::lock_guard lock{mutex_};
        const Broken broken = check(client.peer);
        if (broken != Broken::none && !may_tell()) return;  // the socket is closed with `client`
        places_.push_back({fd, client.peer, broken});
    }
    if (!threads_.start(std::move(client))) leave(fd);
}

void LimitedClients::run(const Fd& socket, const Address& peer) {
    // Given back also when the handler throws.
    struct Leave {
        LimitedClients& clients;
        int fd;
        ~Leave() { clients.leave(fd); }
    };
    const Leave at_end{*this, socket.get()};
    Broken broken;
    {
        const std::lock_guard lock{mutex_};
        broken = find(socket.get())->broken;
    }
    if (broken == Broken::none)
        handler_(socket, peer);
    else
        limits_.refuse(socket, peer, broken);
}

LimitedClients::Broken LimitedClients::check(const Address& peer) const {
    const auto served = std::ranges::count(places_, Broken::none, &Place::broken);
    if (static_cast<std::uint64_t>(served) >= limits_.in_all) return Broken::in_all;
    const bool proxy = std::ranges::any_of(
        limits_.proxies, [&](const Network& network) { return network.contains(peer); });
    if (!proxy && count_from(peer) >= limits_.per_address) return Broken::per_address;
    return Broken::none;
}

// A look at each client is nothing beside the thread that each of them costs. Without a limit
// even that is saved.
std::uint64_t LimitedClients::count_from(const Address& address) const {
    if (limits_.per_address == ClientLimits::unlimited) return 0;
    return static_cast<std::uint64_t>(std::ranges::count_if(places_, [&](const Place& place) {
        return place.broken == Broken::none && same_ip(place.counted_as, address);
    }));
}

bool LimitedClients::may_tell() const {
    const auto told = std::ranges::count_if(
        places_, [](const Place& place) { return place.broken != Broken::none; });
    return limits_.refuse && static_cast<std::uint64_t>(told) < limits_.refused_at_once;
}

bool LimitedClients::count_as(const Fd& socket, const Address& address) {
    const std::lock_guard lock{mutex_};
    if (count_from(address) >= limits_.per_address) return false;
    find(socket.get())->counted_as = address;
    return true;
}

std::list<LimitedClients::Place>::iterator LimitedClients::find(int fd) {
    return std::ranges::find(places_, fd, &Place::fd);
}

void LimitedClients::leave(int fd) {
    const std::lock_guard lock{mutex_};
    places_.erase(find(fd));
}

}  // namespace net
