// A thread for each client, joined when it has ended or when all shall end. Lesson 1.
// A thread cannot join itself, so it leaves a mark, and the next start() clears up after it. Its
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

bool ClientThreads::start(Accepted accepted) {
    join_finished();
    const std::lock_guard lock{mutex_};
    Client& client = clients_.emplace_back();  // a list: it stays where it is, for its thread
    client.accepted = std::move(accepted);
    try {
        client.thread = std::thread{[this, &client] { run(client); }};
        return true;
    } catch (const std::system_error& error) {
        std::fprintf(stderr, "%s: no thread for this client: %s\n",
                     client.accepted.peer.to_string().c_str(), error.what());
        clients_.pop_back();
        return false;
    }
}

void ClientThreads::run(Client& client) noexcept {
    try {
        handler_(client.accepted.socket, client.accepted.peer);
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
