// The turns of the loop, and how clients come and go. Lesson 11.
// A client's tag in epoll holds its slot and a generation, so that an event for a client that went
// in the same turn does not reach the next one in its slot.
#include "endpoint/server.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "net/descriptors.hpp"
#include "net/forwarded.hpp"
#include "net/socket.hpp"

namespace endpoint {

namespace {

// Epoll tags. A client's is its id, whose upper half, the generation, is never 0.
constexpr std::uint64_t stop_tag = 0;
constexpr std::uint64_t first_listener_tag = 1;
constexpr std::uint64_t first_watched_tag = 0x8000'0000;

constexpr std::uint32_t generation_of(ConnectionId id) {
    return static_cast<std::uint32_t>(id >> 32);
}
constexpr std::uint32_t place_of(ConnectionId id) { return static_cast<std::uint32_t>(id); }
constexpr ConnectionId make_id(std::uint32_t generation, std::uint32_t place) {
    return ConnectionId{generation} << 32 | place;
}

// New connections a turn: a storm of them must not keep the others waiting.
constexpr int accepts_a_turn = 64;

// Of the reserved descriptors, so many may serve clients that are being told that there is no
// place for them.
constexpr std::uint64_t refusal_places = 16;

// A turn of the loop takes about so long at most, however much everybody sends: so long a newcomer
// waits, and a timer. It is divided among those who have something to do, up to a limit: the next
// one should not wait long for one who floods, either.
constexpr std::chrono::microseconds turn_time{20'000};
constexpr std::chrono::microseconds longest_share{1000};
constexpr std::chrono::microseconds shortest_share{50};

std::chrono::microseconds share_of(std::size_t clients) {
    const auto share = turn_time / static_cast<std::int64_t>(std::max<std::size_t>(clients, 1));
    return std::clamp(share, shortest_share, longest_share);
}

net::Fd open_spare() { return net::Fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)}; }

bool out_of_descriptors(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

bool nobody_waits(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

Server::Server(ServerOptions options, Handlers handlers, std::vector<net::Fd> listening)
    : loop_{std::move(options), std::move(handlers)},
      listening_{listening.empty()
                     ? net::bind_all(loop_.options.host, loop_.options.port, SOCK_STREAM)
                     : std::move(listening)},
      port_{net::local_port(listening_.front())},
      max_connections_{loop_.options.max_connections != 0 ? loop_.options.max_connections
                                                          : net::allowed_connections(1)},
      spare_{open_spare()} {
    accept_again(true);
}

Server::~Server() = default;

LoopConnection* Server::find(ConnectionId id) {
    const std::uint32_t place = place_of(id);
    if (place >= blocks_.size() * slots_a_block) return nullptr;
    Slot& found = slot(place);
    return found.generation == generation_of(id) ? found.client() : nullptr;
}

void Server::run(int stop_fd) {
    loop_.epoll.add(stop_fd, net::Epoll::readable, stop_tag);
    while (!finished()) {
        turn();
        if (!stopping_ && stop_seen_) begin_shutdown(stop_fd);
    }
    for_each([](LoopConnection& client) { client.on_end(); });
    remove_gone();
}

bool Server::finished() const {
    return stopping_ &&
           (loop_.counters.connections_open == 0 || until_shutdown_ends().count() == 0);
}

std::chrono::milliseconds Server::until_shutdown_ends() const {
    const std::chrono::milliseconds passed{net::elapsed(loop_.clock.now(), stopping_since_)};
    return std::max(loop_.options.shutdown_timeout - passed, std::chrono::milliseconds{0});
}

// How long the loop may sleep. Without clients there are no deadlines, and an idle server does not
// wake up at all.
std::optional<std::chrono::milliseconds> Server::until_next_look() const {
    if (!loop_.to_go_on.empty()) return std::chrono::milliseconds{0};
    if (loop_.counters.connections_open == 0 && accepting_) return std::nullopt;
    const std::chrono::milliseconds look = loop_.clock.until_due();
    return stopping_ ? std::min(look, until_shutdown_ends()) : look;
}

void Server::turn() {
    const auto ready = loop_.epoll.wait(until_next_look());
    loop_.clock.update();
    loop_.input.share = share_of(ready.size() + loop_.to_go_on.size());
    for (const epoll_event& event : ready) {
        const std::uint64_t tag = event.data.u64;
        if (generation_of(tag) == 0) {
            on_other(tag);
        } else if (LoopConnection* client = find(tag)) {
            client->on_ready(event.events);
        }
    }
    go_on();
    if (loop_.clock.due()) {
        for_each([](LoopConnection& client) { client.on_time(); });
        if (!spare_) spare_ = open_spare();
        if (!stopping_) accept_again(true);
    }
    flush_due();
    // Last: until here events and handlers may still mean a client that has ended in this turn.
    remove_gone();
}

// What is ready is no client.
void Server::on_other(std::uint64_t tag) {
    if (tag == stop_tag)
        stop_seen_ = true;
    else if (tag < first_watched_tag)
        accept_some(listening_[tag - first_listener_tag]);
    else
        watched_[tag - first_watched_tag]();
}

void Server::watch(int fd, std::function<void()> on_readable) {
    loop_.epoll.add(fd, net::Epoll::readable, first_watched_tag + watched_.size());
    watched_.push_back(std::move(on_readable));
}

// Those who sent more than was handled in their turn, each once more. That they still have bytes to
// be handled is known without a system call.
void Server::go_on() {
    std::swap(going_on_, loop_.to_go_on);
    for (const ConnectionId id : going_on_)
        if (LoopConnection* client = find(id)) client->go_on();
    going_on_.clear();
}

void Server::flush_due() {
    // The list may grow meanwhile: by what a tap sends to others (LoopConnection::tap).
    for (std::size_t i = 0; i < loop_.to_flush.size(); ++i)
        if (LoopConnection* client = find(loop_.to_flush[i])) client->flush();
    loop_.to_flush.clear();
}

// --- clients come --------------------------------------------------------------------------------

void Server::accept_some(const net::Fd& listening) {
    for (int i = 0; i < accepts_a_turn; ++i) {
        net::Address peer;
        net::Fd socket{
            ::accept4(listening.get(), peer.raw(), &peer.length, SOCK_CLOEXEC | SOCK_NONBLOCK)};
        if (socket) {
            admit(std::move(socket), peer);
        } else if (nobody_waits(errno)) {
            return;
        } else if (out_of_descriptors(errno)) {
            if (!refuse_one(listening)) return;
        }
        // Anything else is a client that gave up while it waited (ECONNABORTED): the next one.
    }
}

void Server::admit(net::Fd socket, const net::Address& peer) {
    ++loop_.counters.connections_accepted;
    const bool limited = loop_.options.max_connections_per_address != 0 &&
                         !net::contains(loop_.options.proxies, peer);
    const ws::Errc errc = judge(peer, limited);
    // Those that are being refused have places of their own, and not many.
    const bool full = loop_.counters.connections_open - admitted_ >= refusal_places;
    if (errc != ws::Errc::none && full) return refuse(std::move(socket), errc);
    LoopConnection* client = seat(std::move(socket), peer);
    if (client == nullptr) return;
    if (errc == ws::Errc::none) {
        ++admitted_;
        if (limited) client->count_address();
    } else {
        ++loop_.counters.connections_refused;
        client->refuse(errc);
    }
}

ws::Errc Server::judge(const net::Address& peer, bool limited) const {
    if (admitted_ >= max_connections_) return ws::Errc::too_many_connections;
    return limited && loop_.places.is_full(net::PeerAddress{peer})
               ? ws::Errc::too_many_connections_from_address
               : ws::Errc::none;
}

void Server::make_places() {
    const auto first = static_cast<std::uint32_t>(blocks_.size()) * slots_a_block;
    blocks_.push_back(std::make_unique<Block>());
    // Places are taken from the end, so the lowest comes last.
    for (std::uint32_t i = slots_a_block; i > 0; --i) free_places_.push_back(first + i - 1);
}

// Gives the client a place; null when the kernel has no room to watch it.
LoopConnection* Server::seat(net::Fd socket, const net::Address& peer) {
    if (free_places_.empty()) make_places();
    const std::uint32_t place = free_places_.back();
    Slot& free = slot(place);
    if (++free.generation == 0) ++free.generation;  // 0 is for the tags that are no clients
    const ConnectionId id = make_id(free.generation, place);
    try {
        loop_.epoll.add(socket.get(), net::Epoll::readable, id);
    } catch (const std::system_error&) {
        refuse(std::move(socket), ws::Errc::too_many_connections);
        return nullptr;
    }
    // Only now: where epoll refused, a place that was taken before would be lost.
    free_places_.pop_back();
    ++loop_.counters.connections_open;
    return &free.emplace(loop_, std::move(socket), peer, id);
}

// Says why, as well as it can be said without waiting, and closes.
void Server::refuse(net::Fd socket, ws::Errc errc) {
    ++loop_.counters.connections_refused;
    ++loop_.counters.errors[static_cast<std::size_t>(errc)];
    const std::string answer = ws::refuse_response(errc);
    ::send(socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    net::shutdown_sending(socket);
    // Mostly the request is here already. Unread, it would turn the end into a reset, and the
    // answer might be lost.
    ws::Buffer& buffer = loop_.input.buffer;
    ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
}

// Out of descriptors: gives up the spare one to accept a client, tells it so, and takes the spare
// back. Without this trick clients would wait in silence until their own patience ends. True: it
// worked, and others may wait.
bool Server::refuse_one(const net::Fd& listening) {
    spare_.close();
    net::Fd socket{::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    const bool found = static_cast<bool>(socket);
    const bool nobody = !found && nobody_waits(errno);
    if (found) {
        ++loop_.counters.connections_accepted;
        refuse(std::move(socket), ws::Errc::too_many_connections);
    }
    spare_ = open_spare();
    if (found && spare_) return true;
    // The client stays in the kernel's queue, so epoll would report it again at once, and again.
    // We look away until the clock says so; others give theirs back.
    if (!nobody) accept_again(false);
    return false;
}

void Server::accept_again(bool accepting) {
    if (accepting == accepting_) return;
    accepting_ = accepting;
    std::uint64_t tag = first_listener_tag;
    for (const net::Fd& socket : listening_)
        if (accepting)
            loop_.epoll.add(socket.get(), net::Epoll::readable, tag++);
        else
            loop_.epoll.remove(socket.get());
}

// --- clients go ----------------------------------------------------------------------------------

void Server::remove_gone() {
    for (const ConnectionId id : loop_.to_remove) {
        Slot& place = slot(place_of(id));
        if (!place.client()->is_refused()) --admitted_;
        place.reset();  // closes the socket, and with that epoll forgets it
        free_places_.push_back(place_of(id));
        --loop_.counters.connections_open;
    }
    loop_.to_remove.clear();
}

void Server::begin_shutdown(int stop_fd) {
    loop_.epoll.remove(stop_fd);
    stopping_ = true;
    stopping_since_ = loop_.clock.now();
    // A client that comes now is refused by the kernel, and tries another server.
    listening_.clear();
    for_each([](LoopConnection& client) { client.on_shutdown(); });
    flush_due();
    remove_gone();
}

}  // namespace endpoint
