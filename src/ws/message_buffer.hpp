// A message that is being put together. Lesson 8.
// Unlike a vector's, its memory is not cleared before bytes are written there: so a driver can read
// from its socket straight to where the next bytes belong, and most of a large message is never
// copied.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "ws/bytes.hpp"

namespace ws {

class MessageBuffer {
  public:
    static constexpr std::size_t large_bytes = 64 * 1024;

    std::size_t size() const { return memory_ ? memory_->size : 0; }
    std::size_t capacity() const { return memory_ ? memory_->capacity : 0; }
    bool empty() const { return size() == 0; }
    Bytes bytes() const { return memory_ ? Bytes{memory_->begin, memory_->size} : Bytes{}; }

    // Forgets the bytes, and keeps their memory.
    void clear() {
        if (memory_) memory_->size = 0;
    }

    // Memory for so many bytes, in all. What stands here moves there.
    void reserve(std::size_t bytes) {
        if (bytes > capacity()) grow(bytes);
    }

    // Where the next bytes belong, as far as there is memory.
    MutableBytes room() {
        if (!memory_) return {};
        return {memory_->begin + memory_->size, memory_->capacity - memory_->size};
    }

    // What lies where room() begins is in its place already, and is not copied.
    void append(Bytes bytes) {
        if (bytes.empty()) return;
        // Where room is for less, it is another's memory that begins there.
        const bool fits = bytes.size() <= room().size();
        std::unique_ptr<Memory> before;  // `bytes` may lie there
        if (!fits) before = grow(std::max(size() + bytes.size(), 2 * capacity()));
        if (!fits || bytes.data() != room().data()) put(bytes, room().data());
        memory_->size += bytes.size();
    }

  private:
    // Bytes in one go, also where nothing is optimized: std::ranges::copy() would take each by itself.
    static void put(Bytes bytes, std::uint8_t* to) { std::copy(bytes.begin(), bytes.end(), to); }

    struct Memory {
        explicit Memory(std::size_t bytes) : capacity{bytes} {
            const std::size_t more = bytes < large_bytes ? 0 : page_bytes;
            all = std::make_unique_for_overwrite<std::uint8_t[]>(bytes + more);
            begin = all.get();
            // The kernel keeps what it receives in pages, mostly from the first byte of one on.
            // Some processors copy ten times slower where two addresses differ by a few bytes
            // within their pages; so a large message begins in the middle of a page.
            if (more != 0)
                begin += (page_bytes / 2 - reinterpret_cast<std::uintptr_t>(begin)) % page_bytes;
        }
        std::unique_ptr<std::uint8_t[]> all;
        std::uint8_t* begin;
        std::size_t capacity;
        std::size_t size = 0;
    };
    static constexpr std::size_t page_bytes = 4096;

    // Returns the memory that was there.
    std::unique_ptr<Memory> grow(std::size_t wanted) {
        auto larger = std::make_unique<Memory>(wanted);
        larger->size = size();
        put(bytes(), larger->begin);
        return std::exchange(memory_, std::move(larger));
    }

    // Apart: ten thousand connections that are idle have no message, and a pointer each.
    std::unique_ptr<Memory> memory_;
};

}  // namespace ws
