// One system call for what is pending, and the buffer for what the kernel did not take. Lesson 11.
// That buffer exists only while something is in it, and comes from a few that the loop keeps: a
// broadcast to a thousand connections allocates nothing.
#include "endpoint/output.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>

namespace endpoint {

namespace {

// Buffers that are kept for the next slow client, and the largest that is worth keeping.
constexpr std::size_t max_spare_buffers = 1024;
constexpr std::size_t max_spare_bytes = 16 * 1024;

// Does this answer of send() mean that nothing can be sent any more?
bool ends_sending(int error) { return error != EAGAIN && error != EWOULDBLOCK && error != ENOBUFS; }

}  // namespace

std::size_t Output::flush(const Line& line, ws::Bytes data) {
    OutputPool& pool = line.pool;
    ws::Bytes first;
    // What was kept of earlier turns goes first; while something is kept, nothing is collected.
    if (waiting_)
        first = waiting_->bytes();
    else if (pool.current == this)
        first = pool.collected;
    if (first.empty() && data.empty()) return 0;
    assert((waiting_ || pool.current == this) && "data follows what stands in buffer()");
    const std::size_t taken = write(line, first, data);
    const std::size_t of_first = std::min(taken, first.size());
    keep(pool, of_first, data.subspan(taken - of_first));
    if (waiting_ && waiting_->empty()) release_buffer(pool);
    if (waiting_ && !blocked_) taken_at_ = line.now;  // from here on its silence is counted
    blocked_ = waiting_ != nullptr;
    // Bytes that had nowhere to go count as gone, and not as sent.
    return failed() ? 0 : taken;
}

// One system call for both; how many bytes the kernel took.
std::size_t Output::write(const Line& line, ws::Bytes first, ws::Bytes second) {
    const std::size_t size = first.size() + second.size();
    if (failed()) return size;
    // An iovec is for reading and writing alike, so it points to bytes that could be changed.
    std::array<iovec, 2> parts{{{const_cast<std::uint8_t*>(first.data()), first.size()},
                                {const_cast<std::uint8_t*>(second.data()), second.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    ssize_t sent = 0;
    // With one part the plain call: it is the cheaper one.
    do
        sent = second.empty() ? ::send(line.socket.get(), first.data(), first.size(), MSG_NOSIGNAL)
                              : ::sendmsg(line.socket.get(), &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        if (!ends_sending(errno)) return 0;
        error_ = static_cast<std::uint8_t>(errno);
        return size;  // they have nowhere to go
    }
    const auto count = static_cast<std::size_t>(sent);
    taken_at_ = line.now;
    if (line.tracer != nullptr) {
        line.tracer->bytes(ws::Direction::from_server, first.first(std::min(count, first.size())));
        if (count > first.size())
            line.tracer->bytes(ws::Direction::from_server, second.first(count - first.size()));
    }
    return count;
}

// Of what was pending, `taken` bytes have left; the rest of it waits, and `data` after it.
void Output::keep(OutputPool& pool, std::size_t taken, ws::Bytes data) {
    if (waiting_) {
        waiting_->taken(taken);
    } else {
        // Mostly the kernel took everything, and this client needs no buffer of its own.
        if (taken < pool.collected.size() || !data.empty()) {
            take_buffer(pool);
            waiting_->append(ws::Bytes{pool.collected}.subspan(taken));
        }
        pool.collected.clear();
    }
    if (!data.empty()) waiting_->append(data);
}

void Output::take_buffer(OutputPool& pool) {
    if (pool.spare.empty()) {
        waiting_ = std::make_unique<net::OutBuffer>();
    } else {
        waiting_ = std::move(pool.spare.back());
        pool.spare.pop_back();
    }
}

void Output::release_buffer(OutputPool& pool) {
    std::unique_ptr<net::OutBuffer> buffer = std::move(waiting_);
    buffer->clear();
    if (buffer->capacity() <= max_spare_bytes && pool.spare.size() < max_spare_buffers)
        pool.spare.push_back(std::move(buffer));
}

}  // namespace endpoint
