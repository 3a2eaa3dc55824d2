// Reading, writing and closing over a blocking socket, RFC 6455 §5 to §7. Lesson 8.
// The lock guards the protocol and is never held during a system call, so a peer that takes
// nothing stops the writers only: the reader goes on, and sees Closes and deadlines. A thread that
// sends takes along what others have added meanwhile.
#include "endpoint/blocking.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <stdexcept>
#include <utility>

#include "ws/utf8.hpp"

namespace endpoint {

namespace {

// One read takes at most this much. It limits no message: those are put together (§5.4).
constexpr std::size_t receive_buffer_bytes = 64 * 1024;

std::string seconds(std::chrono::milliseconds wait) {
    return std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()) + " s";
}

}  // namespace

Connection::Connection(const net::Fd& socket, ws::Role role, const Options& options,
                       ws::Bytes early, ws::KeySource* keys, std::unique_ptr<ws::Tracer> tracer)
    : socket_{socket},
      role_{role},
      options_{options},
      protocol_{role, options.limits, keys != nullptr ? keys : &random_keys_},
      tracer_{std::move(tracer)},
      buffer_(std::max(receive_buffer_bytes, early.size())) {
    std::ranges::copy(early, buffer_.begin());
    protocol_.feed(ws::MutableBytes{buffer_}.first(early.size()));
}

// The reference is to this object's own member, which outlives every use of it.
Connection::Connection(net::Fd&& socket, ws::Role role, const Options& options, ws::Bytes early,
                       ws::KeySource* keys, std::unique_ptr<ws::Tracer> tracer)
    : Connection{owned_, role, options, early, keys, std::move(tracer)} {
    owned_ = std::move(socket);
}

Connection::~Connection() {
    if (tracer_) tracer_->end();
}

std::optional<Message> Connection::read_message() {
    Lock lock{mutex_};
    while (error_.kind == Error::Kind::none) {
        if (const std::optional<Message> message = next_message(lock)) return message;
        if (error_.kind == Error::Kind::none) receive(lock);
    }
    if (!std::exchange(ended_, true)) end_tcp(lock);
    return std::nullopt;
}

// What the bytes at hand hold. Answers are on their way before a message is handed out: its
// handler may take long.
std::optional<Message> Connection::next_message(Lock& lock) {
    std::optional<Message> message;
    while (!message) {
        const std::optional<ws::Event> event = protocol_.next(pending_);
        if (!event) break;
        message = handle(*event, lock);
    }
    if (!sending_) flush(lock);
    return message;
}

std::optional<Message> Connection::handle(const ws::Event& event, Lock& lock) {
    switch (event.type) {
        case ws::Event::message: return Message{event.opcode, event.data};
        case ws::Event::ping: break;  // answered already
        case ws::Event::pong:
            if (options_.on_pong) {
                lock.unlock();  // the handler may want to write
                options_.on_pong(event.data);
                lock.lock();
            }
            break;
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

// Waits for bytes, for the end of the time that a closing handshake may take, or for the
// program's end, and hands the bytes to the protocol.
void Connection::receive(Lock& lock) {
    const net::Deadline deadline = close_deadline_;
    const bool closing = protocol_.state() != ws::State::open;
    lock.unlock();
    // poll() skips a negative descriptor. Once closing, what woke us need not wake us again. The
    // socket comes last: it may always be readable.
    const std::array<int, 3> watched{closing ? -1 : options_.stop_fd, closing ? -1 : close_begun_.fd(),
                                     socket_.get()};
    const int ready = net::wait_readable(watched, deadline);
    net::IoResult result{net::IoStatus::timed_out};
    if (ready == 2) result = net::receive_some(socket_, buffer_, deadline);
    const ws::MutableBytes bytes = ws::MutableBytes{buffer_}.first(result.bytes);
    trace(false, bytes);
    lock.lock();

    if (ready == 1) return;  // close() was called: wait again, with its deadline
    if (ready == 0) {
        transmit(lock, protocol_.close(pending_, options_.stop_code, {}));
        return;
    }
    if (result)
        protocol_.feed(bytes);
    else
        end_of_stream(result);
}

void Connection::end_of_stream(const net::IoResult& result) {
    if (result.status == net::IoStatus::timed_out)
        set_error({.kind = Error::Kind::timed_out,
                   .code = ws::close_code::abnormal,
                   .reason = "the peer did not answer our Close within " +
                             seconds(options_.close_timeout)});
    else
        set_error({.kind = Error::Kind::lost,
                   .code = ws::close_code::abnormal,
                   .reason = result.message()});
}

bool Connection::write_message(ws::Opcode type, ws::Bytes data) {
    // RFC 6455 §5.6: "The "Payload data" is text data encoded as UTF-8."
    if (type == ws::Opcode::text && !ws::is_utf8(data))
        throw std::invalid_argument{"a text message must be valid UTF-8 (RFC 6455 §5.6)"};
    Lock lock{mutex_};
    sending_done_.wait(lock, [this] { return !sending_; });
    return transmit(lock, append_message(type, data));
}

// One frame, or as many as fragment_bytes asks for.
bool Connection::append_message(ws::Opcode type, ws::Bytes data) {
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

bool Connection::write_message(std::string_view text) {
    return write_message(ws::Opcode::text, ws::as_bytes(text));
}

bool Connection::ping(ws::Bytes data) {
    Lock lock{mutex_};
    return transmit(lock, protocol_.ping(pending_, data));
}

bool Connection::pong(ws::Bytes data) {
    Lock lock{mutex_};
    return transmit(lock, protocol_.pong(pending_, data));
}

bool Connection::close(ws::CloseCode code, std::string_view reason) {
    if (code != ws::close_code::none && !ws::may_be_sent(code))
        throw std::invalid_argument{"close code " + std::to_string(code) +
                                    " must not be sent (RFC 6455 §7.4)"};
    Lock lock{mutex_};
    return transmit(lock, protocol_.close(pending_, code, reason));
}

void Connection::wait_until_closed() {
    while (read_message()) {
    }
}

Error Connection::error() const {
    const std::lock_guard lock{mutex_};
    return error_;
}

// Sends what was appended, or leaves it to the thread that is sending. Once a Close is on its
// way the peer has the close timeout to answer it, and a waiting reader is told so.
bool Connection::transmit(Lock& lock, bool appended) {
    if (!appended) return false;
    if (protocol_.state() != ws::State::open && !close_deadline_) {
        close_deadline_ = net::after(options_.close_timeout);
        close_begun_.raise();
    }
    if (!sending_) flush(lock);
    return !cannot_send_;
}

// Sends all that is pending, also what other threads add meanwhile. The lock is open during
// the system call: a peer that does not read must not keep our reader from reading, or two
// endpoints that write to each other wait for ever.
void Connection::flush(Lock& lock) {
    sending_ = true;
    ws::Buffer batch;
    while (!pending_.empty() && !cannot_send_) {
        batch.clear();
        batch.swap(pending_);
        protocol_.output_blocked(true, pending_);
        lock.unlock();
        trace(true, batch);
        const net::IoStatus status = send(batch);
        lock.lock();
        protocol_.output_blocked(false, pending_);
        cannot_send_ = status != net::IoStatus::ok;
        if (status == net::IoStatus::timed_out) {
            set_error({.kind = Error::Kind::timed_out,
                       .code = ws::close_code::abnormal,
                       .reason = "the peer took no bytes for " + seconds(options_.write_timeout)});
            // The reader may be waiting for bytes that will not come.
            ::shutdown(socket_.get(), SHUT_RDWR);
        }
        // A failure is no error yet: the peer may have sent a Close before it went, as clients
        // do that were interrupted. The reader reads on and finds that Close, or the end.
    }
    pending_.clear();
    sending_ = false;
    sending_done_.notify_all();
}

// The write timeout begins anew with each byte that the peer takes.
net::IoStatus Connection::send(ws::Bytes bytes) {
    while (!bytes.empty()) {
        const net::IoResult result =
            net::send_some(socket_, bytes, net::after(options_.write_timeout));
        if (!result) return result.status;
        bytes = bytes.subspan(result.bytes);
    }
    return net::IoStatus::ok;
}

// RFC 6455 §7.1.1: "The underlying TCP connection, in most normal cases, SHOULD be closed first by
// the server, so that it holds the TIME_WAIT state and not the client". And: "An endpoint SHOULD
// use a method that cleanly closes the TCP connection": half-close, then read until the peer has
// ended too. Closing at once with unread bytes would send a reset, which may destroy our last
// Close frame on its way.
void Connection::end_tcp(Lock& lock) {
    sending_done_.wait(lock, [this] { return !sending_; });
    const bool in_order = error_.kind == Error::Kind::closed || error_.kind == Error::Kind::rule;
    lock.unlock();
    if (role_ == ws::Role::server || !in_order) net::shutdown_sending(socket_);
    const net::Deadline deadline = net::after(options_.close_timeout);
    while (in_order && net::receive_some(socket_, buffer_, deadline)) {
    }
    if (role_ == ws::Role::client) net::shutdown_sending(socket_);
    lock.lock();
}

void Connection::set_error(Error error) {
    if (error_.kind == Error::Kind::none) error_ = std::move(error);
}

void Connection::trace(bool sent, ws::Bytes bytes) {
    if (!tracer_) return;
    const std::lock_guard lock{trace_mutex_};
    const bool from_client = sent == (role_ == ws::Role::client);
    tracer_->bytes(from_client ? ws::Direction::from_client : ws::Direction::from_server, bytes);
}

}  // namespace endpoint
