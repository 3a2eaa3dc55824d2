// A number that one thread counts and every thread may read. Lesson 11.
// Only the loop that owns it writes it, so no addition can get lost, and what is left to ask of the
// hardware is that no half of a number is read: `relaxed`, which on x86-64 and ARM is an ordinary load
// and an ordinary store. Leaves out: counting from two threads, which needs fetch_add().
#pragma once

#include <atomic>
#include <cstdint>

namespace endpoint {

class Count {
  public:
    Count() = default;
    Count(const Count& other) noexcept : value_{other} {}
    Count& operator=(const Count& other) noexcept { return set(other); }

    operator std::uint64_t() const noexcept { return value_.load(std::memory_order_relaxed); }
    Count& operator+=(std::uint64_t more) noexcept { return set(*this + more); }
    Count& operator++() noexcept { return set(*this + std::uint64_t{1}); }
    Count& operator--() noexcept { return set(*this - std::uint64_t{1}); }

  private:
    Count& set(std::uint64_t value) noexcept {
        value_.store(value, std::memory_order_relaxed);
        return *this;
    }

    std::atomic<std::uint64_t> value_{0};
};

}  // namespace endpoint
