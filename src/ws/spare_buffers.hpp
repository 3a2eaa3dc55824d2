// Memory for large messages that lies ready between them. Lesson 8, for the loop of lesson 11.
// Memory that is given back to the system and taken anew costs a page fault for each 4 KiB of it, and
// the kernel clears every page: for an echo of 1 MiB that was a third of all its time.
// Bounded: what is kept is counted over all buffers, so it does not grow with the clients.
#pragma once

#include <utility>
#include <vector>

#include "ws/message_buffer.hpp"

namespace ws {

class SpareBuffers {
  public:
    // A smaller message gets its memory from the allocator, which keeps small pieces by itself.
    static constexpr std::size_t least_bytes = MessageBuffer::large_bytes;

    // Keeps so many bytes at most, in all.
    explicit SpareBuffers(std::size_t most_bytes) : most_bytes_{most_bytes} {}

    // An empty buffer: with memory if one is here, the one that was used last, whose bytes are the
    // most likely ones to be in the processor's cache.
    MessageBuffer take() {
        if (buffers_.empty()) return {};
        MessageBuffer buffer = std::move(buffers_.back());
        buffers_.pop_back();
        bytes_ -= buffer.capacity();
        return buffer;
    }

    // Takes a buffer that is done with, and keeps it or gives its memory back.
    void give(MessageBuffer buffer) {
        const std::size_t size = buffer.capacity();
        if (size < least_bytes || size > most_bytes_ - bytes_) return;
        bytes_ += size;
        buffer.clear();
        buffers_.push_back(std::move(buffer));
    }

    std::size_t bytes() const { return bytes_; }

  private:
    std::size_t most_bytes_;
    std::size_t bytes_ = 0;  // of all that are kept
    std::vector<MessageBuffer> buffers_;
};

}  // namespace ws
