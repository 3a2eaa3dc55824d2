// The output of a client of the epoll server: frames of one turn leave together, and what the
// kernel does not take waits, with a limit. Lesson 11. The other half of
// endpoint/loop_connection.cpp. A client with older output waiting appends behind it, so the order
// is always that of the calls.
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include "endpoint/loop_connection.hpp"

namespace endpoint {

namespace {

// A payload of this size or more is handed to the kernel from where it lies; a smaller one is
// copied behind the others of this turn, which is cheaper than a system call of its own.
constexpr std::size_t direct_bytes = 16 * 1024;

// So much is collected for one system call at most. Without a limit, an application that answers
// a few bytes with many could fill the memory within one turn of the loop.
constexpr std::size_t corked_bytes = 128 * 1024;

// Buffers that are kept for the next slow client, and the largest that is worth keeping.
constexpr std::size_t max_spare_buffers = 1024;
constexpr std::size_t max_spare_bytes = 16 * 1024;

// Does this answer of send() mean that nothing can be sent any more?
bool ends_sending(int error) {
    return error != EAGAIN && error != EWOULDBLOCK && error != ENOBUFS;
}

}  // namespace

// RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the fragments of
// another message unless an extension has been negotiated that can interpret the interleaving."
Sent LoopConnection::send(ws::Opcode type, ws::Bytes data) {
    if (!is_open()) return Sent::closed;
    assert(!protocol_.sending_message() && "finish with send_piece() first");
    ++loop_.counters.messages_sent;
    if (data.size() >= direct_bytes && !backlog_) {
        ws::Buffer own;
        ws::Buffer& first = loop_.current == this ? loop_.out : own;
        std::array<std::uint8_t, ws::max_header_bytes> header;
        const std::size_t size = ws::encode_header(header, {.opcode = type, .length = data.size()});
        ws::append(first, ws::Bytes{header}.first(size));
        send_directly(first, data);
    } else {
        protocol_.send(out(), type, data);
        appended();
    }
    return waiting_with(data.size());
}

// A large message leaves from where it lies, behind what is pending, without a copy.
void LoopConnection::send_directly(ws::Buffer& first, ws::Bytes data) {
    const std::size_t sent = write(first, data);
    const std::size_t of_first = std::min(sent, first.size());
    keep(ws::Bytes{first}.subspan(of_first), data.subspan(sent - of_first));
    first.clear();
}

// A copy is fine here: a piece is as large as a read or a block of a file, not as a message.
Sent LoopConnection::send_piece(ws::Opcode type, ws::Bytes data, bool last) {
    if (!is_open()) return Sent::closed;
    if (last) ++loop_.counters.messages_sent;
    protocol_.send_fragment(out(), type, data, last);
    appended();
    return waiting_with(data.size());
}

Sent LoopConnection::send_encoded(ws::Bytes frame) {
    if (!is_open()) return Sent::closed;
    assert(!protocol_.sending_message() && "finish with send_piece() first");
    ++loop_.counters.messages_sent;
    ws::append(out(), frame);
    appended();
    return waiting_with(frame.size());
}

Sent LoopConnection::ping(ws::Bytes data) {
    if (!is_open()) return Sent::closed;
    ++loop_.counters.pings_sent;
    protocol_.ping(out(), data);
    appended();
    return waiting_with(data.size());
}

void LoopConnection::close(ws::CloseCode code, std::string_view reason) {
    if (!is_open()) return;
    protocol_.close(out(), code, reason);
    since_ = loop_.clock.now();
    appended();
}

// Where frames are appended: the loop's buffer for the client whose turn it is, unless older
// output of its waits; a buffer of its own for any other.
ws::Buffer& LoopConnection::out() {
    if (!backlog_ && loop_.current == this) return loop_.out;
    if (!backlog_) take_backlog();
    return backlog_->storage();
}

// All that is sent to a client in one turn leaves in one system call, when the turn ends.
void LoopConnection::appended() {
    if (blocked_) return pause_if_slow();
    if ((backlog_ ? backlog_->size() : loop_.out.size()) >= corked_bytes) return flush();
    if (loop_.current == this || flush_due_) return;
    flush_due_ = true;
    loop_.to_flush.push_back(id_);
}

// What became of a message of this size, which was appended.
Sent LoopConnection::waiting_with(std::size_t size) const {
    return blocked_ && backlog() > loop_.options.max_backlog_bytes + size ? Sent::slow : Sent::ok;
}

void LoopConnection::flush() {
    flush_due_ = false;
    if (phase_ == Phase::over || blocked_) return;
    send_waiting();
    if (phase_ == Phase::ending && !backlog_) finish_sending();
}

void LoopConnection::send_waiting() {
    if (backlog_) {
        backlog_->taken(write(backlog_->bytes()));
        if (!backlog_->empty()) return block();
        release_backlog();
    } else if (loop_.current == this && !loop_.out.empty()) {
        keep(ws::Bytes{loop_.out}.subspan(write(loop_.out)));
        loop_.out.clear();
    }
}

void LoopConnection::on_writable() {
    if (phase_ == Phase::over || !blocked_) return;
    backlog_->taken(write(backlog_->bytes()));
    if (backlog_->empty()) drained();
}

// The kernel has taken everything: the answer to the latest ping may go, reading begins again if
// it had stopped, and the application may go on sending.
void LoopConnection::drained() {
    release_backlog();
    blocked_ = false;
    const bool was_paused = paused_;
    paused_ = false;
    watch();
    // While it was we who did not listen, the peer was not silent.
    if (was_paused) received_ = loop_.clock.now();
    loop_.current = this;
    if (phase_ == Phase::open) protocol_.output_blocked(false, out());
    if (was_paused && !cannot_send_ && is_open() && loop_.handlers.on_drain)
        loop_.handlers.on_drain(*this);
    flush();
    loop_.current = nullptr;
}

// One system call for both; how many bytes the kernel took.
std::size_t LoopConnection::write(ws::Bytes first, ws::Bytes second) {
    const std::size_t size = first.size() + second.size();
    if (cannot_send_) return size;
    std::array<iovec, 2> parts{{{const_cast<std::uint8_t*>(first.data()), first.size()},
                                {const_cast<std::uint8_t*>(second.data()), second.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    ssize_t sent = 0;
    do
        sent = second.empty() ? ::send(socket_.get(), first.data(), first.size(), MSG_NOSIGNAL)
                              : ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        // The peer may have sent a Close before it went; whoever reads will find it, or the end.
        cannot_send_ = ends_sending(errno);
        return cannot_send_ ? size : 0;
    }
    const auto count = static_cast<std::size_t>(sent);
    loop_.counters.bytes_sent += count;
    written_ = loop_.clock.now();
    trace(ws::Direction::from_server, first.first(std::min(count, first.size())));
    if (count > first.size()) trace(ws::Direction::from_server, second.first(count - first.size()));
    return count;
}

// Keeps what the kernel did not take.
void LoopConnection::keep(ws::Bytes first, ws::Bytes second) {
    if (first.empty() && second.empty()) return;
    if (!backlog_) take_backlog();
    backlog_->append(first);
    backlog_->append(second);
    block();
}

// From now on epoll says when the kernel takes more.
void LoopConnection::block() {
    blocked_ = true;
    written_ = loop_.clock.now();
    protocol_.output_blocked(true, backlog_->storage());
    watch();
    pause_if_slow();
}

// A client that does not take what it asked for gets no chance to ask for more.
void LoopConnection::pause_if_slow() {
    if (paused_ || phase_ != Phase::open || backlog() <= loop_.options.max_backlog_bytes) return;
    paused_ = true;
    watch();
}

void LoopConnection::take_backlog() {
    if (loop_.spare_buffers.empty()) {
        backlog_ = std::make_unique<net::OutBuffer>();
    } else {
        backlog_ = std::move(loop_.spare_buffers.back());
        loop_.spare_buffers.pop_back();
    }
}

void LoopConnection::release_backlog() {
    std::unique_ptr<net::OutBuffer> buffer = std::move(backlog_);
    buffer->clear();
    if (buffer->capacity() <= max_spare_bytes && loop_.spare_buffers.size() < max_spare_buffers)
        loop_.spare_buffers.push_back(std::move(buffer));
}

void LoopConnection::watch() {
    if (phase_ == Phase::over) return;
    const std::uint32_t events =
        (reads() ? net::Epoll::readable : 0) | (blocked_ ? net::Epoll::writable : 0);
    loop_.epoll.modify(socket_.get(), events, id_);
}

}  // namespace endpoint
