// One listener, one connection, no manners.
#include "tests/hostile/server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "tests/conformance/judge.hpp"

namespace hostile {

namespace {
using namespace std::chrono_literals;
constexpr std::chrono::milliseconds to_send = 10s;  // a client that takes nothing for so long is left alone
}  // namespace

bool Server::take_client(net::Deadline deadline) {
    const std::array<int, 1> ready{listener_.sockets().front().get()};
    if (net::wait_readable(ready, deadline) < 0) return false;
    auto accepted = listener_.accept();
    if (!accepted) return false;
    spare_ = net::Fd{::dup(accepted->socket.get())};
    link_.emplace(std::move(accepted->socket), conformance::Link::Role::server);
    return true;
}

const std::string& Server::read_request() { return request_ = link_->receive_head(net::after(to_send)); }

void Server::accept(const std::string& extra) { send(conformance::accepting(request_, extra)); }

void Server::send(std::string_view bytes, std::size_t chop) { link_->send(bytes, net::after(to_send), chop); }

void Server::flood(std::string_view bytes, std::size_t total, std::chrono::milliseconds time) {
    const net::Deadline end = net::after(time);
    for (std::size_t sent = 0; sent < total && !link_->ended && net::Clock::now() < *end; sent += bytes.size())
        link_->send(bytes, end);
}

bool Server::wait_for_close(std::chrono::milliseconds time) {
    return !link_ || link_->wait([this] { return link_->closed || link_->ended; }, net::after(time));
}

void Server::end() { link_->end_sending(); }

void Server::reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(spare_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    spare_.close();
    link_.reset();
}

void Server::finish(std::chrono::milliseconds patience) {
    if (!link_) return;
    link_->end_sending();
    link_->broken.clear();  // what the client says now, is read and dropped
    link_->wait([this] { return link_->ended; }, net::after(patience));
    spare_.close();
    link_.reset();
}

}  // namespace hostile
