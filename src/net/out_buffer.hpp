// Bytes that the kernel did not take yet, in order. Lesson 11.
// Exists for a connection only while its peer is slower than we are; the loop keeps a few empty
// ones, so that a broadcast to a thousand connections allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace net {

class OutBuffer {
  public:
    void append(std::span<const std::uint8_t> bytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    }

    // What is left to send; lives until the next call of a member that is not const.
    std::span<const std::uint8_t> bytes() const { return std::span{bytes_}.subspan(sent_); }
    std::size_t size() const { return bytes_.size() - sent_; }
    bool empty() const { return size() == 0; }

    // The first `count` bytes were taken. They stay in memory until they are half of it: moving
    // the rest after each write would cost more than the room.
    void taken(std::size_t count);

    void clear() {
        bytes_.clear();
        sent_ = 0;
    }

    std::size_t capacity() const { return bytes_.capacity(); }

    // For code that appends by itself, such as ws::append_frame().
    std::vector<std::uint8_t>& storage() { return bytes_; }

  private:
    std::vector<std::uint8_t> bytes_;
    std::size_t sent_ = 0;
};

}  // namespace net
