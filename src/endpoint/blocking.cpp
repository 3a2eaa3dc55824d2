// Reading, writing and closing over a blocking socket, RFC 6455 §5 to §7. Lessons 8 and 9.
// The lock guards the protocol and is never held during a system call, so a peer that takes
// nothing stops the writers only: the reader goes on, and sees Closes and deadlines. A thread that
// sends takes along what others have added meanwhile. Pings need no thread of their own: the
// reader waits no longer than until the next one is due.
#include "endpoint/blocking.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include "ws/utf8.hpp"

namespace endpoint {

namespace {

// One read takes at most this much. It limits no message: those are put together (§5.4).
constexpr std::size_t receive_buffer_bytes = 64 * 1024;

// "60 s", "0.3 s".
std::string seconds(std::chrono::milliseconds wait) {
    char text[32];
    std::snprintf(text, sizeof text, "%g s", static_cast<double>(wait.count()) / 1000);
    return text;
}

// The one that comes first; no deadline comes after every other.
net::Deadline earlier(net::Deadline a, net::Deadline b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

bool has_passed(net::Deadline deadline) { return deadline && net::Clock::now() >= *deadline; }

}  // namespace

BlockingConnection::BlockingConnection(const net::Fd& socket, ws::Role role,
                                       const BlockingOptions& options, ws::Bytes early,
                                       ws::KeySource* keys, std::unique_ptr<ws::Tracer> tracer)
    : socket_{socket},
      role_{role},
      options_{options},
      protocol_{role, options.limits, keys != nullptr ? keys : &random_keys_},
      liveness_{liveness(options)},
      tracer_{std::move(tracer)},
      buffer_(std::max(receive_buffer_bytes, early.size())) {
    std::ranges::copy(early, buffer_.begin());
    protocol_.feed(ws::MutableBytes{buffer_}.first(early.size()));
}

// The reference is to this object's own member, which outlives every use of it.
BlockingConnection::BlockingConnection(net::Fd&& socket, ws::Role role, const BlockingOptions& options,
                                       ws::Bytes early, ws::KeySource* keys,
                                       std::unique_ptr<ws::Tracer> tracer)
    : BlockingConnection{owned_, role, options, early, keys, std::move(tracer)} {
    owned_ = std::move(socket);
}

BlockingConnection::~BlockingConnection() {
    if (tracer_) tracer_->end();
}

std::optional<Message> BlockingConnection::read_message() {
    Lock lock{mutex_};
    begin_reading(false, lock);
    return read(lock);
}

// Drops what nobody wanted to read of the message before, and says in which way the next one is to
// be handed out.
void BlockingConnection::begin_reading(bool pieces, Lock& lock) {
    while (in_message_ && read(lock)) {
    }
    protocol_.deliver_pieces(pieces);
    ++messages_begun_;
}

// The next message, or the next piece of one.
std::optional<Message> BlockingConnection::read(Lock& lock) {
    // The application may have been away for long, and nobody has listened or sent pings
    // meanwhile. That is not the peer's silence, so it is measured from here.
    sign_of_life();
    while (error_.kind == Error::Kind::none) {
        if (const std::optional<Message> message = next_message(lock)) return message;
        if (error_.kind == Error::Kind::none) receive(lock);
    }
    if (!std::exchange(ended_, true)) end_tcp(lock);  // once, however often somebody reads on
    return std::nullopt;
}

// What the bytes at hand hold. Answers are on their way before a message is handed out: its
// handler may take long.
std::optional<Message> BlockingConnection::next_message(Lock& lock) {
    std::optional<Message> message;
    while (!message) {
        const std::optional<ws::Event> event = protocol_.next(pending_);
        if (!event) break;
        message = handle(*event, lock);
    }
    if (!sending_) flush(lock);
    return message;
}

std::optional<Message> BlockingConnection::handle(const ws::Event& event, Lock& lock) {
    switch (event.type) {
        case ws::Event::message:
            in_message_ = !event.last;
            // A client that takes nothing any more is over: what it had sent is not delivered.
            if (cannot_send_ && role_ == ws::Role::server) break;
            return Message{event.opcode, event.data};
        case ws::Event::ping: call(options_.on_ping, event.data, lock); break;
        case ws::Event::pong: call(options_.on_pong, event.data, lock); break;
        case ws::Event::close:
            set_error({.kind = Error::Kind::closed,
                       .code = event.code,
                       .reason = std::string{ws::as_text(event.data)}});
            break;
        case ws::Event::failed:
            set_error({.kind = Error::Kind::rule, .code = event.code, .rule = event.error});
            break;
    }
    return std::nullopt;
}

// The handler may take long: the answer to a ping does not wait for it. It may want to write, and
// to move a deadline: the lock is open.
void BlockingConnection::call(const std::function<void(ws::Bytes)>& handler, ws::Bytes data,
                              Lock& lock) {
    if (!handler) return;
    if (!sending_) flush(lock);
    lock.unlock();
    handler(data);
    lock.lock();
    sign_of_life();  // as in read_message(): we were away
}

// Waits for bytes, for the next thing to do, or for the program's end, and hands the bytes to
// the protocol.
void BlockingConnection::receive(Lock& lock) {
    const net::Deadline next = next_duty(lock);
    if (error_.kind != Error::Kind::none) return;
    const net::Deadline last = earlier(close_deadline_, read_deadline_);
    const net::Deadline duty = earlier(last, next);
    const bool closing = protocol_.state() != ws::State::open;
    waiting_ = true;  // from here on a new deadline has to wake us
    lock.unlock();
    // poll() skips a negative descriptor. Once closing, the stop signal need not wake us again.
    // The socket comes last: it may always be readable.
    const std::array<int, 3> watched{closing ? -1 : options_.stop_fd, wake_.fd(), socket_.get()};
    const int ready = net::wait_readable(watched, duty);
    net::IoResult result{net::IoStatus::timed_out};
    // Not later than `last`, even if bytes are there: a peer that sends without a pause must not
    // outlast it. But bytes that are there prove that the peer is not silent, however late we
    // come to look.
    if (ready == 2) result = net::receive_some(socket_, buffer_, last);
    const ws::MutableBytes bytes = ws::MutableBytes{buffer_}.first(result.bytes);
    trace(false, bytes);
    lock.lock();
    waiting_ = false;

    if (ready == 1) {
        wake_.lower();  // wait again, by the new deadline
    } else if (ready == 0) {
        transmit(lock, protocol_.close(pending_, options_.stop_code, options_.stop_reason));
    } else if (result) {
        sign_of_life();
        protocol_.feed(bytes);
    } else if (result.status == net::IoStatus::timed_out) {
        end_if_late();
    } else {
        set_error({.kind = Error::Kind::lost,
                   .code = ws::close_code::abnormal,
                   .reason = result.message()});
    }
}

// Does what keep-alive asks for, and says when the reader has to look up next although no byte
// came. Once we have sent a Close no ping may follow, and the peer's silence is the close timeout's
// business.
net::Deadline BlockingConnection::next_duty(Lock& lock) {
    if (!liveness_ || protocol_.state() != ws::State::open) return {};
    const Liveness::Duty duty = liveness_->duty();
    if (duty.gone)
        give_up("the peer went silent: no byte from it for " + seconds(options_.idle_timeout));
    if (duty.ping) transmit(lock, protocol_.ping(pending_, {}));
    return duty.next;
}

// The wait has ended without a byte. If it was for the next ping alone, nothing is late.
void BlockingConnection::end_if_late() {
    if (has_passed(close_deadline_))
        give_up("the peer did not answer our Close within " + seconds(options_.close_timeout));
    else if (has_passed(read_deadline_))
        give_up("the read deadline has passed");
}

bool BlockingConnection::write_message(ws::Opcode type, ws::Bytes data) {
    // RFC 6455 §5.6: "The "Payload data" is text data encoded as UTF-8."
    if (type == ws::Opcode::text && !ws::is_utf8(data))
        throw std::invalid_argument{"a text message must be valid UTF-8 (RFC 6455 §5.6)"};
    Lock lock{mutex_};
    const net::Deadline deadline = write_deadline_;
    if (!wait_for_turn(lock, deadline)) return false;
    return transmit(lock, append_message(type, data), deadline);
}

// Until no other thread is sending, or in the middle of a message (§5.4: fragments of two must not
// be interleaved). False: the deadline came first, or nothing can be sent any more.
bool BlockingConnection::wait_for_turn(Lock& lock, net::Deadline deadline) {
    const auto our_turn = [this] { return !sending_ && !streaming_; };
    if (!deadline) {
        sending_done_.wait(lock, our_turn);
    } else if (!sending_done_.wait_until(lock, *deadline, our_turn)) {
        give_up("the write deadline has passed");
        return false;
    }
    return !cannot_send_;
}

// One frame, or as many as fragment_bytes asks for.
bool BlockingConnection::append_message(ws::Opcode type, ws::Bytes data) {
    const std::uint64_t most = options_.fragment_bytes;
    if (most == 0 || data.size() <= most) return protocol_.send(pending_, type, data);
    bool appended = true;
    while (appended && !data.empty()) {
        const std::size_t count = std::min(static_cast<std::size_t>(most), data.size());
        appended = protocol_.send_fragment(pending_, type, data.first(count), count == data.size());
        data = data.subspan(count);
    }
    return appended;
}

bool BlockingConnection::write_message(std::string_view text) {
    return write_message(ws::Opcode::text, ws::as_bytes(text));
}

bool BlockingConnection::ping(ws::Bytes data) {
    Lock lock{mutex_};
    return transmit(lock, protocol_.ping(pending_, data));
}

bool BlockingConnection::pong(ws::Bytes data) {
    Lock lock{mutex_};
    return transmit(lock, protocol_.pong(pending_, data));
}

bool BlockingConnection::close(ws::CloseCode code, std::string_view reason) {
    if (code != ws::close_code::none && !ws::may_be_sent(code))
        throw std::invalid_argument{"close code " + std::to_string(code) +
                                    " must not be sent (RFC 6455 §7.4)"};
    Lock lock{mutex_};
    return transmit(lock, protocol_.close(pending_, code, reason));
}

void BlockingConnection::set_read_deadline(net::Deadline deadline) {
    const Lock lock{mutex_};
    read_deadline_ = deadline;
    wake_reader();
}

void BlockingConnection::set_write_deadline(net::Deadline deadline) {
    const Lock lock{mutex_};
    write_deadline_ = deadline;
}

void BlockingConnection::set_read_limit(std::uint64_t bytes) {
    const Lock lock{mutex_};
    protocol_.set_read_limit(bytes);
}

// In pieces: what is dropped is not put together before.
void BlockingConnection::wait_until_closed() {
    Lock lock{mutex_};
    begin_reading(true, lock);
    while (read(lock)) {
    }
}

Error BlockingConnection::error() const {
    const std::lock_guard lock{mutex_};
    return error_;
}

// Sends what was appended, or leaves it to the thread that is sending. Once a Close is on its
// way the peer has the close timeout to answer it, and a waiting reader is told so.
bool BlockingConnection::transmit(Lock& lock, bool appended, net::Deadline deadline) {
    if (!appended) return false;
    if (protocol_.state() != ws::State::open && !close_deadline_) begin_close_timeout();
    if (!sending_) flush(lock, deadline);
    return !cannot_send_;
}

// Sends all that is pending, also what other threads add meanwhile. The lock is open during
// the system call: a peer that does not read must not keep our reader from reading, or two
// endpoints that write to each other wait for ever. The deadline is that of the first batch, with
// the message that we are here for; what others add has deadlines of its own.
void BlockingConnection::flush(Lock& lock, net::Deadline deadline) {
    sending_ = true;
    ws::Buffer batch;
    while (!pending_.empty() && !cannot_send_) {
        batch.clear();
        batch.swap(pending_);
        // A ping that comes meanwhile is answered afterwards; of several, only the last (§5.5.3).
        protocol_.output_blocked(true, pending_);
        lock.unlock();
        trace(true, batch);
        const net::IoStatus status = send(batch, deadline);
        lock.lock();
        protocol_.output_blocked(false, pending_);
        if (status != net::IoStatus::ok) cannot_send_ = true;
        if (status == net::IoStatus::timed_out)
            give_up(has_passed(deadline) ? "the write deadline has passed"
                    : has_passed(close_deadline_)
                        ? "the peer did not answer our Close within " + seconds(options_.close_timeout)
                        : "the peer took no bytes for " + seconds(options_.write_timeout));
        deadline = {};
        // A failure is no error yet: the peer may have sent a Close before it went, as clients
        // do that were interrupted. The reader reads on and finds that Close, or the end.
    }
    pending_.clear();
    sending_ = false;
    sending_done_.notify_all();
}

// False: the deadline came first. Whoever waits here may be the reader, who would look after the
// program's end and after the time that the peer has for our Close; so both are looked after here.
bool BlockingConnection::wait_for_room(net::Deadline deadline) {
    for (;;) {
        Lock lock{mutex_};
        const int stop = protocol_.state() == ws::State::open ? options_.stop_fd : -1;
        const net::Deadline last = earlier(deadline, close_deadline_);
        lock.unlock();
        const std::array<int, 2> others{stop, sender_wake_.fd()};
        const int ready = net::wait_writable(socket_, others, last);
        if (ready < 0) return false;
        if (ready == 2) return true;
        lock.lock();
        if (ready == 1) sender_wake_.lower();  // wait again, by the new deadline
        if (ready == 0 && protocol_.close(pending_, options_.stop_code, options_.stop_reason))
            begin_close_timeout();
    }
}

// The write timeout begins anew with each byte that the peer takes; the deadline does not.
net::IoStatus BlockingConnection::send(ws::Bytes bytes, net::Deadline deadline) {
    net::Deadline stalled;  // until then the peer takes a byte; none while it does
    while (!bytes.empty()) {
        const net::IoResult result = net::send_some(socket_, bytes, net::Clock::now());  // no waiting
        if (result.status == net::IoStatus::timed_out) {
            if (!stalled) stalled = net::after(options_.write_timeout);
            if (!wait_for_room(earlier(deadline, stalled))) return net::IoStatus::timed_out;
            continue;
        }
        if (!result) return result.status;
        // The kernel had no room, and now it has: the peer has taken bytes. That is a sign of
        // life too. Its answer to a ping must wait until all that came before was read.
        if (stalled) {
            const std::lock_guard lock{mutex_};
            sign_of_life();
        }
        stalled.reset();
        bytes = bytes.subspan(result.bytes);
    }
    return net::IoStatus::ok;
}

// RFC 6455 §7.1.1: "An endpoint SHOULD use a method that cleanly closes the TCP connection": so a
// server ends its side and then reads until its peer has ended too, also where it might close at
// once (TcpEnd::now), for the peer may not keep the rules. A client waits for the server's end.
void BlockingConnection::end_tcp(Lock& lock) {
    sending_done_.wait(lock, [this] { return !sending_; });
    const ws::TcpEnd end = protocol_.tcp_end();
    lock.unlock();
    const net::Deadline deadline = net::after(options_.close_timeout);
    if (end == ws::TcpEnd::await) net::drain(socket_, deadline);
    net::shutdown_sending(socket_);
    if (end == ws::TcpEnd::now || end == ws::TcpEnd::drain) net::drain(socket_, deadline);
    lock.lock();
}

void BlockingConnection::set_error(Error error) {
    if (error_.kind == Error::Kind::none) error_ = std::move(error);
}

// Ends TCP as well: a writer may be stuck in it, or the reader may wait for bytes that will not
// come.
void BlockingConnection::give_up(std::string reason) {
    set_error({.kind = Error::Kind::timed_out,
               .code = ws::close_code::abnormal,
               .reason = std::move(reason)});
    cannot_send_ = true;
    ::shutdown(socket_.get(), SHUT_RDWR);
}

// A thread that waits for the peer, to say or to take something, waits no longer than that.
void BlockingConnection::begin_close_timeout() {
    close_deadline_ = net::after(options_.close_timeout);
    wake_reader();
    if (sending_) sender_wake_.raise();
}

void BlockingConnection::wake_reader() {
    if (waiting_) wake_.raise();
}

void BlockingConnection::trace(bool sent, ws::Bytes bytes) {
    if (!tracer_) return;
    const std::lock_guard lock{trace_mutex_};
    const bool from_client = sent == (role_ == ws::Role::client);
    tracer_->bytes(from_client ? ws::Direction::from_client : ws::Direction::from_server, bytes);
}

}  // namespace endpoint
