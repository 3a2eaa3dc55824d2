// A thread for each client, joined when it has ended or when all shall end. Lesson 1.
// A thread cannot join itself, so it leaves a mark, and the next start() clears up behind it. Its
// socket is closed under the lock, so that nobody shuts down a number that the kernel has reused.
#include "net/client_threads.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <system_error>

namespace net {

ClientThreads::~ClientThreads() {
    if (at_end_ == AtEnd::end_reading) {
        std::unique_lock lock{mutex_};
        const auto all_finished = [this] {
            return std::ranges::all_of(clients_, &Client::finished);
        };
        shut_down_all(SHUT_RD);
        if (!one_finished_.wait_for(lock, grace_, all_finished)) shut_down_all(SHUT_RDWR);
    }
    for (Client& client : clients_) client.thread.join();
}

void ClientThreads::shut_down_all(int how) {
    for (const Client& client : clients_)
        if (!client.finished) ::shutdown(client.accepted.socket.get(), how);
}

void ClientThreads::start(Accepted accepted) {
    join_finished();
    const std::lock_guard lock{mutex_};
    const Broken broken = check_limits(accepted.peer);
    if (broken != Broken::none && !may_tell()) return;  // the socket is closed with `accepted`
    Client& client = clients_.emplace_back();
    client.counted_as = accepted.peer;
    client.accepted = std::move(accepted);
    client.broken = broken;
    try {
        client.thread = std::thread{[this, &client] { run(client); }};
    } catch (const std::system_error& error) {
        std::fprintf(stderr, "%s: no thread for this client: %s\n",
                     client.accepted.peer.to_string().c_str(), error.what());
        clients_.pop_back();
    }
}

// Those who are being turned away take no place: a client that comes too often must not shut out
// the others even so.
ClientThreads::Broken ClientThreads::check_limits(const Address& peer) const {
    const auto served = std::ranges::count_if(clients_, [](const Client& client) {
        return !client.finished && client.broken == Broken::none;
    });
    if (static_cast<std::uint64_t>(served) >= limits_.in_all) return Broken::in_all;
    const bool proxy = std::ranges::any_of(
        limits_.proxies, [&](const Network& network) { return network.contains(peer); });
    if (!proxy && count_from(peer) >= limits_.per_address) return Broken::per_address;
    return Broken::none;
}

// A look at each client is nothing beside the thread that each of them costs. Without a limit
// even that is saved.
std::uint64_t ClientThreads::count_from(const Address& address) const {
    if (limits_.per_address == ClientLimits::unlimited) return 0;
    return static_cast<std::uint64_t>(std::ranges::count_if(clients_, [&](const Client& client) {
        return !client.finished && client.broken == Broken::none &&
               same_ip(client.counted_as, address);
    }));
}

bool ClientThreads::may_tell() const {
    const auto told = std::ranges::count_if(clients_, [](const Client& client) {
        return !client.finished && client.broken != Broken::none;
    });
    return limits_.turn_away && static_cast<std::uint64_t>(told) < limits_.turned_away;
}

bool ClientThreads::count_as(const Fd& socket, const Address& address) {
    const std::lock_guard lock{mutex_};
    const auto client = std::ranges::find_if(
        clients_, [&](const Client& other) { return &other.accepted.socket == &socket; });
    if (count_from(address) >= limits_.per_address) return false;
    client->counted_as = address;
    return true;
}

void ClientThreads::run(Client& client) noexcept {
    const auto& [socket, peer] = client.accepted;
    try {
        if (client.broken == Broken::none)
            handler_(socket, peer);
        else
            limits_.turn_away(socket, peer, client.broken);
    } catch (const Stopped&) {
        // The program ends, and this client with it.
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", client.accepted.peer.to_string().c_str(), error.what());
    }
    // Closed under the lock: the destructor must not shut down a number that the kernel has
    // meanwhile given to another client's socket.
    const std::lock_guard lock{mutex_};
    client.accepted.socket.close();
    client.finished = true;
    one_finished_.notify_all();
}

void ClientThreads::join_finished() {
    std::list<Client> finished;
    {
        const std::lock_guard lock{mutex_};
        for (auto client = clients_.begin(); client != clients_.end();) {
            const auto next = std::next(client);
            if (client->finished) finished.splice(finished.end(), clients_, client);
            client = next;
        }
    }
    for (Client& client : finished) client.thread.join();
}

}  // namespace net
