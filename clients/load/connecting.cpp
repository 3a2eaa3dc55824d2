// Connections opened and closed: TCP without blocking, the opening handshake of RFC 6455 §4.1, the
// closing one of §7. In the mode handshake this is all that is done, over and over.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>

#include "clients/load/run.hpp"

namespace load {

namespace {

constexpr std::size_t most_connecting = 64;  // at once, so that no queue of a server overflows
constexpr std::uint64_t shown_errors = 3;

std::string text_of(int error) { return std::generic_category().message(error); }

}  // namespace

// Opens connections until there are so many.
void Run::open_all(std::size_t count) {
    while (open_ < count && !stopped_) {
        while (open_ + connecting_ < count && connecting_ < most_connecting)
            connect(peers_[open_ + connecting_]);
        turn(now_ + std::chrono::nanoseconds{std::chrono::seconds{1}}.count());
        if (result_.errors > 0)
            throw std::runtime_error{"only " + std::to_string(open_) + " of " +
                                     std::to_string(count) + " connections could be opened"};
        if (now_ - heard_ > std::chrono::nanoseconds{settings_.timeout}.count())
            throw std::runtime_error{target(settings_) + " does not answer the handshake"};
        show("connecting", static_cast<double>(open_) / static_cast<double>(count));
    }
    if (stopped_) throw net::Stopped{};
}

void Run::connect(Peer& peer) {
    const bool first = address_.family() == AF_UNSPEC;
    peer.phase = Peer::Phase::connecting;
    peer.began = now_;
    ++connecting_;
    if (first) {
        // Which of the host's addresses answers is found out once, and may take a moment.
        peer.socket = net::connect_tcp(settings_.common.host, settings_.common.port,
                                       net::after(settings_.timeout), stop_.fd());
        ::fcntl(peer.socket.get(), F_SETFL, O_NONBLOCK);
        if (::getpeername(peer.socket.get(), address_.raw(), &address_.length) < 0)
            net::throw_system_error("getpeername");
    } else {
        peer.socket = net::Fd{
            ::socket(address_.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        if (!peer.socket) net::throw_system_error("socket");
        const int on = 1;
        ::setsockopt(peer.socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (::connect(peer.socket.get(), address_.raw(), address_.length) < 0 &&
            errno != EINPROGRESS)
            return end(peer, "cannot connect: " + text_of(errno));
    }
    epoll_.add(peer.socket.get(), net::Epoll::readable | net::Epoll::writable, peer.index);
    peer.watches_writing = true;
}

void Run::connected(Peer& peer) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(peer.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return end(peer, "cannot connect: " + text_of(error));
    peer.phase = Peer::Phase::opening;
    heard_ = now_;
    if (settings_.raw && settings_.mode != Mode::handshake) {
        watch(peer, false);
        return opened(peer);
    }
    if (!settings_.raw) peer.opening = std::make_unique<ws::ClientOpening>(handshake_);
    ws::append(peer.out, ws::as_bytes(request_));
    flush(peer);
}

// Without WebSocket, a "handshake" is the request that comes back as it was.
void Run::receive_raw_handshake(Peer& peer, ws::Bytes bytes) {
    const std::string_view expected = std::string_view{request_}.substr(peer.offset, bytes.size());
    if (ws::as_text(bytes) != expected) return end(peer, "other bytes came back than were sent");
    peer.offset += bytes.size();
    if (peer.offset < request_.size()) return;
    peer.offset = 0;
    opened(peer);
}

void Run::receive_head(Peer& peer, ws::MutableBytes bytes) {
    std::size_t taken = 0;
    const ws::ClientOpening::Step step = peer.opening->feed(bytes, taken);
    if (step == ws::ClientOpening::Step::more) return;
    if (step == ws::ClientOpening::Step::failed)
        return end(peer, peer.opening->failure(bytes.subspan(taken)));
    peer.opening.reset();
    opened(peer);
    if (taken < bytes.size() && peer.phase != Peer::Phase::over)
        receive_messages(peer, bytes.subspan(taken));
}

void Run::opened(Peer& peer) {
    peer.phase = Peer::Phase::open;
    --connecting_;
    ++open_;
    if (settings_.mode == Mode::handshake) close(peer);
}

void Run::close(Peer& peer) {
    peer.phase = Peer::Phase::closing;
    if (settings_.raw) return net::shutdown_sending(peer.socket);
    ws::append(peer.out, goodbye_);
    flush(peer);
}

// Goodbye to all. A server that does not answer in time is left, and counted.
void Run::close_all() {
    closing_ = true;
    for (Peer& peer : peers_)
        if (peer.phase == Peer::Phase::open) close(peer);
    const Time until = now_ + std::chrono::nanoseconds{settings_.timeout}.count();
    while (open_ > 0 && now_ < until) {
        turn(until);
        show("closing", 1.0 - static_cast<double>(open_) / static_cast<double>(peers_.size()));
    }
    for (Peer& peer : peers_)
        if (peer.phase == Peer::Phase::closing) end(peer, "the server did not answer our Close");
}

// The connection is over; `error` is empty when it ended as it should.
void Run::end(Peer& peer, const std::string& error) {
    using Phase = Peer::Phase;
    if (peer.phase == Phase::over) return;
    --(peer.phase == Phase::connecting || peer.phase == Phase::opening ? connecting_ : open_);
    peer.phase = Phase::over;
    peer.socket.close();
    peer.out.clear();
    if (peer.index == 0 && tracer_) {
        tracer_->end();
        tracer_.reset();
    }
    if (!error.empty() && ++result_.errors <= shown_errors) {
        progress_.clear();
        std::fprintf(stderr, "load: client %u: %s\n", peer.index + 1, error.c_str());
    }
    gone(peer, error.empty());
}

}  // namespace load
