// A client of the epoll server as a machine: handshake, open, ending, lingering. Lesson 11.
// RFC 6455 §4.2, §5.4 and §7.1.1. What comes in, what goes out, what time brings, and how it ends;
// each function does what can be done now and leaves the rest to the next event or to a deadline.
#include "endpoint/loop_connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace endpoint {

namespace {

using Step = ws::ServerOpening::Step;

net::Milliseconds count(std::chrono::milliseconds wait) {
    return static_cast<net::Milliseconds>(wait.count());
}

}  // namespace

LoopConnection::LoopConnection(Loop& loop, net::Fd socket, const net::Address& peer,
                               ConnectionId id)
    : loop_{loop},
      id_{id},
      protocol_{ws::Role::server, loop.options.limits},
      socket_{std::move(socket)},
      opening_{std::make_unique<ws::ServerOpening>(loop.options.head_limits)},
      keep_alive_{loop.clock.now()},
      since_{loop.clock.now()},
      client_{peer} {
    protocol_.deliver_pieces(static_cast<bool>(loop.handlers.on_piece));
    if (loop.options.trace && loop.traced++ < loop.options.max_traced)
        tracer_ = std::make_unique<ws::Tracer>(loop.options.trace);
    if (loop.options.make_tap) tap(loop.options.make_tap());
}

LoopConnection::~LoopConnection() {
    input_.drop(loop_.input);
    client_.give_back(loop_.places);
}

// --- what comes in -------------------------------------------------------------------------------

void LoopConnection::on_ready(std::uint32_t events) {
    if (phase_ == Phase::over) return;
    // That the connection has broken is reported whether we ask or not. Where nobody reads, nobody
    // would find out, and epoll would say it again at once, turn after turn.
    if (!reads() && (events & (EPOLLHUP | EPOLLERR)) != 0) return lost(net::take_error(socket_));
    if ((events & EPOLLOUT) != 0) on_writable();
    if ((events & ~std::uint32_t{EPOLLOUT}) != 0) on_readable();
}

// One read a turn, or two where a large message begins: a client that sends much shares the loop with
// all the others. What is left in the kernel is reported again by the next wait; what is left of an
// earlier read comes first (go_on).
void LoopConnection::on_readable() {
    if (phase_ == Phase::over || !reads() || input_.has_rest() || goes_on_) return;
    const ws::MutableBytes bytes = receive();
    if (bytes.empty()) return;
    begin_turn();
    take(bytes);
    // Of a large message the rest is read at once, while its beginning lies in the cache.
    if (phase_ == Phase::open && reads() && input_.has_begun(protocol_)) take(receive());
    end_turn();
}

void LoopConnection::take(ws::MutableBytes bytes) {
    if (bytes.empty()) return;
    loop_.counters.bytes_received += bytes.size();
    keep_alive_.heard(loop_.clock.now());
    if (phase_ == Phase::handshake) return receive_head(bytes);
    trace(ws::Direction::from_client, bytes);
    if (phase_ == Phase::open) receive_frames(bytes);
}

// What has arrived; empty when nothing has, or when this was the end.
ws::MutableBytes LoopConnection::receive() {
    const ws::MutableBytes buffer = input_.room(protocol_, loop_.input);
    const ssize_t received = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (received < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) lost(errno);
        return {};
    }
    if (received == 0) end_of_stream();
    return buffer.first(static_cast<std::size_t>(received));
}

void LoopConnection::receive_head(ws::MutableBytes bytes) {
    std::size_t taken = 0;
    const Step step = opening_->feed(bytes, taken);
    trace(ws::Direction::from_client, bytes.first(taken));
    if (step == Step::more) return;
    answer(step);
    // An onlooker has a right to the frames after the head (cookies stand in it), and came in
    // answer(): so the two are traced apart.
    const ws::MutableBytes rest = bytes.subspan(taken);
    trace(ws::Direction::from_client, rest);
    if (phase_ == Phase::open) receive_frames(rest);
}

// Sends the opening's answer, and goes on as it says. The opening ends with this.
void LoopConnection::answer(Step step) {
    const std::unique_ptr<ws::ServerOpening> opening = std::move(opening_);
    if (step == Step::decide) step = decide(*opening);
    ws::append(out(), ws::as_bytes(opening->answer()));
    if (step == Step::open) return opened(*opening);
    phase_ = Phase::ending;
    since_ = loop_.clock.now();
    if (step == Step::refuse) return refused(*opening);
    ++loop_.counters.http_requests;
    write_out(ws::as_bytes(opening->page()));
}

Step LoopConnection::decide(ws::ServerOpening& opening) {
    const net::Address peer = address();
    const bool behind_proxy = client_.look_behind_proxy(opening.request(), loop_.options.proxies);
    ws::Policy policy = policy_for(loop_.options, peer);
    // Behind a proxy only the request tells whose place it takes.
    policy.admit = [&](const ws::Request& request) {
        if (behind_proxy && !client_.take_place(loop_.places))
            return ws::Errc::too_many_connections_from_address;
        return loop_.options.admit ? loop_.options.admit(request, peer) : ws::Errc::none;
    };
    policy.extensions = loop_.options.extensions;
    if (loop_.handlers.on_http) policy.on_http = std::cref(loop_.handlers.on_http);
    return opening.decide(policy);
}

void LoopConnection::opened(ws::ServerOpening& opening) {
    protocol_.extend(opening.take_extension());
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

void LoopConnection::refuse(ws::Errc errc) {
    refused_ = true;
    answer(opening_->refuse(errc));
    flush();
}

// What the bytes at hand hold, as far as the client's share of the turn goes. A client that takes less
// than it asks for (pause_if_slow) gets no more answers either.
void LoopConnection::handle_events() {
    Share share{loop_.input.share};
    while (phase_ == Phase::open) {
        const std::optional<ws::Event> event = protocol_.next(out(), &loop_.input.spare);
        if (!event) break;
        handle(*event);
        // Without bytes that wait there is no event either, and next() gives memory back. A client
        // that is over gets to its Close at once: nothing costs time any more.
        if ((share.used_up() || waits()) && !output_.failed() &&
            (!protocol_.unread().empty() || protocol_.holds_more()))
            break;
    }
    if (phase_ != Phase::open) return input_.drop(loop_.input);
    if (input_.keep(protocol_, loop_.input) || protocol_.holds_more()) go_on_later();
}

// While it is paused, it waits with what it has sent.
void LoopConnection::go_on_later() {
    if (waits() || goes_on_) return;
    goes_on_ = true;
    loop_.to_go_on.push_back(id_);
}

void LoopConnection::go_on() {
    goes_on_ = false;
    if (phase_ != Phase::open || waits()) return;
    begin_turn();
    handle_events();
    end_turn();
}

void LoopConnection::handle(const ws::Event& event) {
    switch (event.type) {
        case ws::Event::message:
            if (event.last) ++loop_.counters.messages_received;
            // The application that has closed a client is done with it; and what a client sent
            // that has gone, is not handled any more.
            if (!is_open()) break;
            if (loop_.handlers.on_piece)
                loop_.handlers.on_piece(*this, {event.opcode, event.last, event.data});
            else if (loop_.handlers.on_message)
                loop_.handlers.on_message(*this, {event.opcode, event.data});
            break;
        case ws::Event::ping:
        case ws::Event::pong: break;
        case ws::Event::close:
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

// --- what goes out -------------------------------------------------------------------------------

// RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the fragments of
// another message unless an extension has been negotiated that can interpret the interleaving."
Sent LoopConnection::send(ws::Opcode type, ws::Bytes data) {
    if (!is_open()) return Sent::closed;
    ++loop_.counters.messages_sent;
    const std::size_t size = data.size();
    if (size < Output::in_place_bytes || output_.blocked()) {
        protocol_.send(out(), type, data);
    } else {
        protocol_.send_in_place(out(), type, data);
        write_out(data);
    }
    return appended(size);
}

void LoopConnection::close(ws::CloseCode code, std::string_view reason) {
    if (!is_open()) return;
    protocol_.close(out(), code, reason);
    since_ = loop_.clock.now();
    appended(0);
}

// A frame was appended, with so much payload, and what became of it. It leaves when the turn ends,
// at the latest. Where a send has failed, the client ends then, too: its handler may be running.
Sent LoopConnection::appended(std::size_t size) {
    if (output_.blocked())
        pause_if_slow();
    else if (output_.pending(loop_.output) >= Output::most_collected_bytes)
        write_out();
    if (loop_.output.current != &output_ && !output_.set_due(true)) loop_.to_flush.push_back(id_);
    if (output_.failed()) return Sent::closed;
    // Less the message itself: a client that waits for nothing may get one larger than the limit.
    const bool slow = output_.blocked() && backlog() > loop_.options.max_backlog_bytes + size;
    return slow ? Sent::slow : Sent::ok;
}

// Hands the kernel what it takes now. From where it stops on, epoll says when it takes more.
void LoopConnection::write_out(ws::Bytes data) {
    loop_.counters.bytes_sent += output_.flush(line(), data);
    if (!output_.blocked()) return;
    protocol_.output_blocked(true, out());  // of the pongs that are due, the last is enough
    watch();
    pause_if_slow();
}

// A client that does not take what it asked for gets no chance to ask for more.
void LoopConnection::pause_if_slow() {
    if (paused_ || phase_ != Phase::open || backlog() <= loop_.options.max_backlog_bytes) return;
    paused_ = true;
    watch();
}

void LoopConnection::flush() {
    output_.set_due(false);
    if (phase_ == Phase::over) return;  // and still in Loop::to_flush
    if (!output_.blocked()) write_out();
    if (output_.failed()) return send_failed();
    if (phase_ == Phase::ending && !output_.blocked()) finish_sending();
}

void LoopConnection::on_writable() {
    if (phase_ == Phase::over || !output_.blocked()) return;
    const std::size_t taken = output_.flush(line());
    loop_.counters.bytes_sent += taken;
    // The peer reads, so it lives; an answer to our ping it could not even read before.
    if (taken > 0) keep_alive_.took(loop_.clock.now());
    if (!output_.blocked()) drained();
}

// The kernel has taken everything: the answer to the latest ping may go, reading begins again if
// it had stopped, and the application may go on sending.
void LoopConnection::drained() {
    const bool was_paused = paused_;
    paused_ = false;
    watch();
    begin_turn();
    if (phase_ == Phase::open) protocol_.output_blocked(false, out());
    if (was_paused && is_open() && loop_.handlers.on_drain) loop_.handlers.on_drain(*this);
    if (input_.has_rest() || protocol_.holds_more()) go_on_later();
    end_turn();
}

void LoopConnection::watch() {
    if (phase_ == Phase::over) return;
    const std::uint32_t events =
        (reads() ? net::Epoll::readable : 0) | (output_.blocked() ? net::Epoll::writable : 0);
    loop_.epoll.modify(socket_.get(), events, id_);
}

// --- the end -------------------------------------------------------------------------------------

// Leaves `open`, and says so to the application. Output that is pending still goes out while the
// phase is `ending`.
void LoopConnection::end(const Error& error, Phase phase) {
    const bool was_open = phase_ == Phase::open;
    phase_ = phase;
    since_ = loop_.clock.now();
    // It may have no memory to read from us before we have read what it writes.
    if (phase == Phase::ending && waits()) {
        paused_ = held_ = false;
        watch();
    }
    if (was_open && loop_.handlers.on_close) loop_.handlers.on_close(*this, error);
}

// The peer sends no more. It may still listen (`nc -N` ends its side right after the request), so
// what it is to get is sent to it.
void LoopConnection::end_of_stream() {
    peer_ended_ = true;
    if (phase_ == Phase::open) end(Error::lost_connection(0), Phase::ending);
    if (phase_ != Phase::ending) return remove();
    flush();
    if (phase_ == Phase::ending) watch();  // no more for reading: the end would be reported for ever
}

void LoopConnection::lost(int error) {
    end(Error::lost_connection(error), Phase::over);
    remove();
}

void LoopConnection::timed_out(const char* what) {
    ++loop_.counters.timeouts;
    end({.kind = Error::Kind::timed_out, .code = ws::close_code::abnormal, .reason = what},
        Phase::over);
    remove();
}

// The peer takes nothing any more: it is over, whatever it has sent before. Only a Close among the
// bytes that are here is looked for, because it says why the peer went.
void LoopConnection::send_failed() {
    handle_events();
    if (phase_ == Phase::open && !peer_ended_) receive_frames(receive());
    if (phase_ != Phase::over) lost(output_.error());
}

// The last byte has been taken by the kernel. The protocol says who ends TCP, and how; a
// request that was refused, or a page, ends like a broken rule: the client may still be sending.
void LoopConnection::finish_sending() {
    if (peer_ended_ || protocol_.tcp_end() == ws::TcpEnd::now) return remove();
    net::shutdown_sending(socket_);
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
    close(ws::close_code::going_away, loop_.options.shutdown_reason);  // if it is open
}

void LoopConnection::on_end() {
    if (phase_ == Phase::open) return timed_out("it did not answer our Close");
    if (phase_ != Phase::over) remove();
}

// --- what time brings ----------------------------------------------------------------------------

void LoopConnection::on_time() {
    if (phase_ == Phase::over) return;
    const net::Milliseconds waited_for_room = net::elapsed(loop_.clock.now(), output_.taken_at());
    if (output_.blocked() && waited_for_room >= count(loop_.options.write_timeout))
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
            return flush();  // nobody's turn ends after this
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

// A cable that was pulled sends nothing, not even an end of TCP. So we ask, each interval, and end
// a silence that goes on.
void LoopConnection::check_silence() {
    if (waits()) return;
    switch (keep_alive_.next(loop_.clock.now(), loop_.keep_alive).duty) {
        case ws::KeepAlive::Duty::none: break;
        case ws::KeepAlive::Duty::ping: ping({}); return flush();
        case ws::KeepAlive::Duty::gone: return timed_out("the peer went silent");
    }
}

}  // namespace endpoint
