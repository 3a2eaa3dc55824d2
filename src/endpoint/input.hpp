// What is read from a client of the loop, and what one client may have of a turn. Lesson 11.
// The loop owns one buffer for all. Where a client sends more than is handled in its turn, the rest
// moves to a buffer of its own, once, and is not read again: so no flood keeps the others waiting,
// nor the clock, nor whoever is at the door.
// Leaves out: what the bytes mean (ws/connection).
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "ws/connection.hpp"

namespace endpoint {

struct InputPool {
    // A read takes at most this much. The larger, the fewer system calls a large message costs;
    // beyond this size the kernel rarely has more at once. A message that is larger still is read
    // to where it is put together.
    static constexpr std::size_t receive_bytes = 512 * 1024;
    static constexpr std::size_t receive_bytes_in_place = 1024 * 1024;
    static constexpr std::size_t few_bytes = 16 * 1024;
    // What waits for its client's next turn, of all clients; beyond it a read takes few bytes. So
    // ten thousand that flood us cost hardly more memory than a hundred.
    static constexpr std::size_t most_rest_bytes = 16u << 20;
    // What is kept of the memory that large messages were put together in, for the next ones.
    static constexpr std::size_t most_spare_bytes = 4u << 20;

    // Where a read goes that may bring anything.
    ws::MutableBytes room(bool few) {
        const ws::MutableBytes all{buffer};
        return few || rest_bytes >= most_rest_bytes ? all.first(few_bytes) : all;
    }

    ws::Buffer buffer = ws::Buffer(receive_bytes);
    std::size_t rest_bytes = 0;
    ws::SpareBuffers spare{most_spare_bytes};
    // What a client may have of this turn; endpoint/server divides it.
    std::chrono::microseconds share{0};
};

// What was read of one client and not handled.
class Input {
  public:
    bool has_rest() const { return rest_ != nullptr; }

    // Where its next read goes. After a part of a large message another one may follow: then a few
    // bytes are read first, with the header that tells, and all others in their place.
    ws::MutableBytes room(ws::Connection& protocol, InputPool& pool) {
        const ws::MutableBytes place = protocol.room(InputPool::receive_bytes);
        const bool after_large = std::exchange(in_place_, !place.empty());
        if (place.empty()) return pool.room(after_large);
        return place.first(std::min(place.size(), InputPool::receive_bytes_in_place));
    }
    // The last read brought the beginning of a large message, and the rest of it has a place now.
    bool has_begun(ws::Connection& protocol) const {
        return !in_place_ && !protocol.room(InputPool::receive_bytes).empty();
    }

    // Its turn is over: what next() has not looked at is kept. False: nothing is left.
    bool keep(ws::Connection& protocol, InputPool& pool) {
        const ws::Bytes unread = protocol.unread();
        if (unread.empty()) {
            drop(pool);
        } else if (!rest_) {
            rest_ = std::make_unique<ws::Buffer>(unread.begin(), unread.end());
            pool.rest_bytes += rest_->size();
            protocol.move_unread(*rest_);
        }
        return has_rest();
    }

    void drop(InputPool& pool) {
        if (rest_) pool.rest_bytes -= rest_->size();
        rest_.reset();
    }

  private:
    std::unique_ptr<ws::Buffer> rest_;
    bool in_place_ = false;  // the last read was a part of a large message
};

// So many events, or about so long: for a message may cost its handler nothing, or a hash, or a
// write to each member of a room.
class Share {
  public:
    static constexpr unsigned most_events = 1024;

    explicit Share(std::chrono::microseconds time) : time_{time} {}

    // After each event. The clock is asked now and then, and for a few events not at all.
    bool used_up() {
        if (++events_ % events_between_looks != 0) return false;
        const auto now = std::chrono::steady_clock::now();
        if (events_ == events_between_looks) end_ = now + time_;
        return events_ >= most_events || now >= end_;
    }

  private:
    static constexpr unsigned events_between_looks = 16;
    std::chrono::microseconds time_;
    std::chrono::steady_clock::time_point end_;
    unsigned events_ = 0;
};

}  // namespace endpoint
