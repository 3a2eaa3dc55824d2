// What leaves a socket that does not block: collected, written, waiting for room. Lesson 11.
// All that is sent in one turn of the loop leaves in one system call; what the kernel does not take
// waits, and what comes later goes after it, so the order is always that of the calls.
// Bytes only: what they mean is ws/connection's part, and how much may wait is the client's.
#pragma once

#include <memory>
#include <vector>

#include "net/fd.hpp"
#include "net/out_buffer.hpp"
#include "net/loop_clock.hpp"
#include "ws/trace.hpp"

namespace endpoint {

class Output;

// What the outputs of one loop share, so that a connection without output owns no buffer.
struct OutputPool {
    ws::Buffer collected;             // of `current`; empty between two turns
    const Output* current = nullptr;  // of the client whose turn it is
    std::vector<std::unique_ptr<net::OutBuffer>> spare;
};

class Output {
  public:
    // A payload of this size or more is handed to the kernel from where it lies; a smaller one is
    // copied after the others of this turn, which is cheaper than a system call of its own.
    static constexpr std::size_t in_place_bytes = 16 * 1024;
    // So much is collected for one system call at most. Without a limit, an application that
    // answers a few bytes with many could fill the memory within one turn of the loop.
    static constexpr std::size_t most_collected_bytes = 128 * 1024;

    // What it needs while it does something.
    struct Line {
        const net::Fd& socket;
        OutputPool& pool;
        ws::Tracer* tracer;  // null: nobody looks on
        net::Milliseconds now;
    };

    // Where to append: the pool's buffer in the client's own turn, unless something waits; else a
    // buffer of its own.
    ws::Buffer& buffer(OutputPool& pool) {
        if (!waiting_ && pool.current == this) return pool.collected;
        if (!waiting_) take_buffer(pool);
        return waiting_->storage();
    }

    // Hands the kernel what it takes: all that was appended, and `data` after it, from where it
    // lies; what is left of it is copied. Afterwards nothing is pending, or it is blocked, or it
    // has failed. Returns how many bytes the kernel took.
    std::size_t flush(const Line& line, ws::Bytes data = {});

    // Bytes that were appended, or kept, and did not leave.
    std::size_t pending(const OutputPool& pool) const {
        return waiting_ ? waiting_->size() : pool.current == this ? pool.collected.size() : 0;
    }
    // Those in a buffer of its own.
    std::size_t waiting() const { return waiting_ ? waiting_->size() : 0; }

    // The kernel takes no more. Time to flush() again is when epoll says that it does.
    bool blocked() const { return blocked_; }
    // When it last took a byte, or began to take none.
    net::Milliseconds taken_at() const { return taken_at_; }

    // The peer takes nothing any more, for this reason (errno), and what was pending is dropped.
    bool failed() const { return error_ != 0; }
    int error() const { return error_; }

    // It is on its client's list of what is to be flushed when the turn ends. Returns what was so
    // before.
    bool set_due(bool due) {
        const bool before = due_;
        due_ = due;
        return before;
    }

  private:
    std::size_t write(const Line& line, ws::Bytes first, ws::Bytes second);
    void keep(OutputPool& pool, std::size_t taken, ws::Bytes data);
    void take_buffer(OutputPool& pool);
    void release_buffer(OutputPool& pool);

    std::unique_ptr<net::OutBuffer> waiting_;
    net::Milliseconds taken_at_ = 0;
    std::uint8_t error_ = 0;  // Linux has 133 of them
    bool blocked_ : 1 = false;
    bool due_ : 1 = false;
};

}  // namespace endpoint
