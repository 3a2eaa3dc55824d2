// A client of the epoll server as a machine: handshake, open, ending, lingering. Lesson 11.
// RFC 6455 §4.2 and §7.1.1. What comes in, what time brings, and how it ends; each function does
// what can be done now and leaves the rest to the next event or to a deadline.
#include "endpoint/loop_connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "net/forwarded.hpp"

namespace endpoint {

namespace {

net::Milliseconds count(std::chrono::milliseconds wait) {
    return static_cast<net::Milliseconds>(wait.count());
}

// Why a socket has failed; 0: it has not.
int take_error(const net::Fd& socket) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

Error lost_connection(int error) {
    return {.kind = Error::Kind::lost,
            .code = ws::close_code::abnormal,
            .reason = error == 0 ? "the peer ended the connection"
                                 : std::generic_category().message(error)};
}

}  // namespace

LoopConnection::LoopConnection(Loop& loop, net::Fd socket, const net::Address& peer,
                               ConnectionId id)
    : loop_{loop},
      id_{id},
      protocol_{ws::Role::server, loop.options.limits},
      opening_{std::make_unique<ws::ServerOpening>(loop.options.head_limits)},
      socket_{std::move(socket)},
      received_{loop.clock.now()},
      since_{loop.clock.now()},
      peer_{peer} {
    protocol_.deliver_pieces(static_cast<bool>(loop.handlers.on_piece));
    if (loop.options.trace && loop.traced++ < loop.options.max_traced)
        tracer_ = std::make_unique<ws::Tracer>(loop.options.trace);
}

LoopConnection::~LoopConnection() {
    if (!counted_) return;
    const auto count = loop_.from_address.find(peer_.key());
    if (--count->second == 0) loop_.from_address.erase(count);
}

void LoopConnection::count_address() {
    ++loop_.from_address[peer_.key()];
    counted_ = true;
}

std::string_view LoopConnection::subprotocol() const {
    if (subprotocol_ == 0) return {};
    return loop_.options.subprotocols[subprotocol_ - 1u];
}

// --- what comes in -------------------------------------------------------------------------------

void LoopConnection::on_ready(std::uint32_t events) {
    if (phase_ == Phase::over) return;
    // That the connection has broken is reported whether we ask or not. Where nobody reads, nobody
    // would find out, and epoll would say it again at once, turn after turn.
    if (!reads() && (events & (EPOLLHUP | EPOLLERR)) != 0) return lost(take_error(socket_));
    if ((events & EPOLLOUT) != 0) on_writable();
    if ((events & ~std::uint32_t{EPOLLOUT}) != 0) on_readable();
}

// What has arrived, in the buffer that all share; empty when nothing has, or when this was the end.
ws::MutableBytes LoopConnection::receive() {
    ws::Buffer& buffer = loop_.receive_buffer;
    const ssize_t received = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (received < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) lost(errno);
        return {};
    }
    if (received == 0) end_of_stream();
    return ws::MutableBytes{buffer}.first(static_cast<std::size_t>(received));
}

// One read a turn: whoever sends much shares the loop with all the others. What is left in the
// kernel is reported again by the next wait.
void LoopConnection::on_readable() {
    if (phase_ == Phase::over || !reads()) return;
    const ws::MutableBytes bytes = receive();
    if (bytes.empty()) return;
    loop_.counters.bytes_received += bytes.size();
    received_ = loop_.clock.now();
    pinged_ = false;
    loop_.current = this;
    if (phase_ == Phase::handshake) {
        receive_head(bytes);
    } else {
        trace(ws::Direction::from_client, bytes);
        if (phase_ == Phase::open) receive_frames(bytes);
    }
    flush();
    loop_.current = nullptr;
}

void LoopConnection::receive_head(ws::MutableBytes bytes) {
    std::size_t taken = 0;
    const ws::ServerOpening::Step step = opening_->feed(bytes, taken);
    trace(ws::Direction::from_client, bytes.first(taken));
    if (step == ws::ServerOpening::Step::more) return;
    answer(step);
    // Who looks on has a right to the frames behind the head (cookies stand in it), and came in
    // answer(): so the two are traced apart.
    const ws::MutableBytes rest = bytes.subspan(taken);
    trace(ws::Direction::from_client, rest);
    if (phase_ == Phase::open) receive_frames(rest);
}

// Sends the opening's answer, and goes on as it says. The opening ends with this.
void LoopConnection::answer(ws::ServerOpening::Step step) {
    const std::unique_ptr<ws::ServerOpening> opening = std::move(opening_);
    if (step == ws::ServerOpening::Step::judge) step = judge(*opening);
    ws::append(out(), ws::as_bytes(opening->answer()));
    if (step == ws::ServerOpening::Step::open) return opened(*opening);
    phase_ = Phase::ending;
    since_ = loop_.clock.now();
    if (step == ws::ServerOpening::Step::refuse) return refused(*opening);
    ++loop_.counters.http_requests;
    send_directly(loop_.out, ws::as_bytes(opening->page()));
}

ws::ServerOpening::Step LoopConnection::judge(ws::ServerOpening& opening) {
    const net::Address peer = address();
    const bool behind_proxy = find_client(opening.request());
    ws::Policy policy = policy_for(loop_.options, peer);
    policy.admit = [&](const ws::Request& request) {
        if (behind_proxy && !take_place()) return ws::Errc::too_many_connections_from_address;
        return loop_.options.admit ? loop_.options.admit(request, peer) : ws::Errc::none;
    };
    if (loop_.handlers.on_http) policy.on_http = std::cref(loop_.handlers.on_http);
    return opening.judge(policy);
}

void LoopConnection::opened(const ws::ServerOpening& opening) {
    const auto& ours = loop_.options.subprotocols;
    const auto place = std::ranges::find(ours, opening.subprotocol());
    if (place != ours.end()) subprotocol_ = static_cast<std::uint8_t>(place - ours.begin() + 1);
    phase_ = Phase::open;
    ++loop_.counters.handshakes;
    if (loop_.handlers.on_request) loop_.handlers.on_request(*this, opening.request());
    if (loop_.handlers.on_open) loop_.handlers.on_open(*this);
}

void LoopConnection::refused(const ws::ServerOpening& opening) {
    ++loop_.counters.errors[static_cast<std::size_t>(opening.error())];
    if (loop_.handlers.on_log) loop_.handlers.on_log(address(), opening.refusal());
}

// True: it is a proxy that speaks, and for whom is known now.
bool LoopConnection::find_client(const ws::Request& request) {
    const net::Address peer = address();
    const auto& proxies = loop_.options.proxies;
    if (!net::contains(proxies, peer)) return false;
    const net::Address client =
        net::believed_client(peer, request.list("X-Forwarded-For"), proxies);
    if (net::same_ip(client, peer)) return false;
    peer_ = net::PeerAddress{client};
    return true;
}

// The client of a proxy counts under its own address, if there is a place.
bool LoopConnection::take_place() {
    if (loop_.options.max_connections_per_address == 0) return true;
    if (loop_.is_full(peer_)) return false;
    count_address();
    return true;
}

void LoopConnection::turn_away(ws::Errc errc) {
    turned_away_ = true;
    answer(opening_->refuse(errc));
    flush();
}

void LoopConnection::receive_frames(ws::MutableBytes bytes) {
    protocol_.feed(bytes);
    while (phase_ == Phase::open) {
        const std::optional<ws::Event> event = protocol_.next(out());
        if (!event) break;
        handle(*event);
    }
}

void LoopConnection::handle(const ws::Event& event) {
    switch (event.type) {
        case ws::Event::message:
            if (event.last) ++loop_.counters.messages_received;
            // The application that has closed a client is done with it.
            if (!is_open()) break;
            if (loop_.handlers.on_piece)
                loop_.handlers.on_piece(*this, {event.opcode, event.last, event.data});
            else if (loop_.handlers.on_message)
                loop_.handlers.on_message(*this, {event.opcode, event.data});
            break;
        case ws::Event::ping:
        case ws::Event::pong: break;
        case ws::Event::close:
            peer_closed_ = true;
            end({.kind = Error::Kind::closed,
                 .code = event.code,
                 .reason = std::string{ws::as_text(event.data)}},
                Phase::ending);
            break;
        case ws::Event::failed:
            ++loop_.counters.errors[static_cast<std::size_t>(event.error)];
            end({.kind = Error::Kind::rule, .code = event.code, .rule = event.error},
                Phase::ending);
            break;
    }
}

// --- the end -------------------------------------------------------------------------------------

// Leaves `open`, and says so to the application. Output that is pending still goes out while the
// phase is `ending`.
void LoopConnection::end(const Error& error, Phase phase) {
    const bool was_open = phase_ == Phase::open;
    phase_ = phase;
    since_ = loop_.clock.now();
    // It may have no memory to read from us before we have read what it writes.
    if (phase == Phase::ending && paused_) {
        paused_ = false;
        watch();
    }
    if (was_open && loop_.handlers.on_close) loop_.handlers.on_close(*this, error);
}

// The peer sends no more. It may still listen (`nc -N` ends its side right after the request), so
// what it is to get is sent to it.
void LoopConnection::end_of_stream() {
    peer_ended_ = true;
    if (phase_ == Phase::open) end(lost_connection(0), Phase::ending);
    if (phase_ != Phase::ending) return remove();
    flush();
    if (phase_ == Phase::ending) watch();
}

void LoopConnection::lost(int error) {
    end(lost_connection(error), Phase::over);
    remove();
}

void LoopConnection::timed_out(const char* what) {
    ++loop_.counters.timeouts;
    end({.kind = Error::Kind::timed_out, .code = ws::close_code::abnormal, .reason = what},
        Phase::over);
    remove();
}

// The last byte has been taken by the kernel. RFC 6455 §7.1.1: the server ends TCP first. When
// the peer has sent its Close, nothing can follow and the socket is closed at once. Otherwise its
// unread bytes would turn the end into a reset, which may destroy our last words on their way: so
// only our side ends, and the rest is read and dropped for a while.
void LoopConnection::finish_sending() {
    if (peer_closed_ || peer_ended_) return remove();
    ::shutdown(socket_.get(), SHUT_WR);
    phase_ = Phase::lingering;
    since_ = loop_.clock.now();
}

void LoopConnection::remove() {
    phase_ = Phase::over;
    loop_.to_remove.push_back(id_);
    if (tracer_) tracer_->end();
}

void LoopConnection::on_shutdown() {
    if (phase_ == Phase::handshake) remove();
    close(ws::close_code::going_away);
}

void LoopConnection::on_end() {
    if (phase_ == Phase::open) return timed_out("it did not answer our Close");
    if (phase_ != Phase::over) remove();
}

// --- what time brings ----------------------------------------------------------------------------

void LoopConnection::on_time() {
    if (phase_ == Phase::over) return;
    const net::Milliseconds patience = count(loop_.options.write_timeout);
    if (blocked_ && net::elapsed(loop_.clock.now(), written_) >= patience)
        return timed_out("it took no bytes for too long");
    check_phase();
}

void LoopConnection::check_phase() {
    const ServerOptions& options = loop_.options;
    switch (phase_) {
        case Phase::handshake:
            if (waited() < count(options.handshake_timeout)) break;
            ++loop_.counters.timeouts;
            answer(opening_->refuse(ws::Errc::handshake_timeout));
            return flush();
        case Phase::open:
            if (protocol_.state() == ws::State::open)
                check_silence();
            else if (waited() >= count(options.close_timeout))
                timed_out("it did not answer our Close");
            break;
        case Phase::lingering:
            if (waited() >= count(options.close_timeout)) remove();
            break;
        case Phase::ending:  // ends by the write timeout above
        case Phase::over: break;
    }
}

// A cable that was pulled sends nothing, not even an end of TCP. So silence is ended by us: first
// a ping, which any peer that is there answers, then the connection.
void LoopConnection::check_silence() {
    if (paused_) return;  // it is we who do not read
    const net::Milliseconds silent = net::elapsed(loop_.clock.now(), received_);
    const net::Milliseconds patience = count(loop_.options.idle_timeout);
    const net::Milliseconds interval = count(loop_.options.ping_interval);
    if (patience != 0 && silent >= patience) {
        timed_out("the peer went silent");
    } else if (interval != 0 && silent >= interval && !pinged_) {
        pinged_ = true;
        ping({});
        flush();
    }
}

void LoopConnection::tap(ws::Tracer::Tap tap) {
    if (!tracer_) tracer_ = std::make_unique<ws::Tracer>(nullptr);
    tracer_->tap(std::move(tap));
}

void LoopConnection::trace(ws::Direction direction, ws::Bytes bytes) {
    if (tracer_) tracer_->bytes(direction, bytes);
}

}  // namespace endpoint
