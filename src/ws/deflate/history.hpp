// The last bytes that were decompressed, as far back as a distance may reach: the LZ77 sliding
// window of RFC 1951 §2 and RFC 7692 §7.1.1. Lesson 14.
// Takes no more memory than bytes have passed, at most the window's size; none before the first.
#pragma once

#include <algorithm>
#include <cassert>

#include "ws/bytes.hpp"

namespace ws::deflate {

inline constexpr unsigned min_window_bits = 8, max_window_bits = 15;

class History {
  public:
    // A window of 2^window_bits bytes.
    explicit History(unsigned window_bits = max_window_bits)
        : limit_{std::size_t{1} << window_bits} {}

    std::size_t window_size() const { return limit_; }
    std::size_t size() const { return bytes_.size(); }

    // `written` follows what is remembered already.
    void remember(Bytes written) {
        if (written.size() >= limit_) {
            bytes_.assign(written.end() - static_cast<std::ptrdiff_t>(limit_), written.end());
            next_ = 0;
            return;
        }
        const std::size_t room = std::min(limit_ - bytes_.size(), written.size());
        append(bytes_, written.first(room));
        for (written = written.subspan(room); !written.empty();) {
            // Full: a ring, whose oldest byte is at next_.
            const std::size_t count = std::min(limit_ - next_, written.size());
            std::ranges::copy(written.first(count),
                              bytes_.begin() + static_cast<std::ptrdiff_t>(next_));
            next_ = (next_ + count) % limit_;
            written = written.subspan(count);
        }
    }

    // Up to `count` bytes that stand together, of which the first lies `distance` back.
    // `distance` is 1 to size().
    Bytes at(std::size_t distance, std::size_t count) const {
        assert(distance > 0 && distance <= size());
        const std::size_t begin = next_ + size() - distance;
        if (begin >= size())
            return Bytes{bytes_}.subspan(begin - size(), std::min(count, distance));
        return Bytes{bytes_}.subspan(begin, std::min({count, distance, size() - begin}));
    }

    // Forgets all of it, and gives the memory back.
    void clear() {
        bytes_ = Buffer{};
        next_ = 0;
    }

  private:
    std::size_t limit_;
    std::size_t next_ = 0;
    Buffer bytes_;
};

}  // namespace ws::deflate
