#include "net/client_threads.hpp"

#include <sys/socket.h>

#include <cstdio>
#include <exception>
#include <system_error>

namespace net {

ClientThreads::~ClientThreads() {
    if (at_end_ == AtEnd::end_reading) {
        const std::lock_guard lock{mutex_};
        for (const Client& client : clients_)
            if (!client.finished) ::shutdown(client.accepted.socket.get(), SHUT_RD);
    }
    for (Client& client : clients_) client.thread.join();
}

void ClientThreads::start(Accepted accepted) {
    join_finished();
    const std::lock_guard lock{mutex_};
    Client& client = clients_.emplace_back();
    client.accepted = std::move(accepted);
    try {
        client.thread = std::thread{[this, &client] { run(client); }};
    } catch (const std::system_error& error) {
        std::fprintf(stderr, "%s: no thread for this client: %s\n",
                     client.accepted.peer.to_string().c_str(), error.what());
        clients_.pop_back();
    }
}

void ClientThreads::run(Client& client) noexcept {
    try {
        handler_(client.accepted.socket, client.accepted.peer);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", client.accepted.peer.to_string().c_str(), error.what());
    }
    // Closed under the lock: the destructor must not shut down a number that the kernel has
    // meanwhile given to another client's socket.
    const std::lock_guard lock{mutex_};
    client.accepted.socket.close();
    client.finished = true;
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
