// Unpredictable bytes from the kernel's generator, fetched in pools. Lesson 4.
// For nonces and masking keys, which RFC 6455 §10.3 wants unpredictable.
// Leaves out: thread safety (each thread, or each owner of a lock, has its own).
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace net {

// Bytes that nobody can guess from the ones before them, getrandom(2). A pool of 1 KiB is
// fetched at a time, so that a four-byte masking key costs no system call of its own.
class RandomPool {
  public:
    // Throws std::system_error when the kernel has no generator (it then never had one).
    void fill(std::span<std::uint8_t> out);

    template <std::size_t N>
    std::array<std::uint8_t, N> bytes() {
        std::array<std::uint8_t, N> out;
        fill(out);
        return out;
    }

  private:
    std::array<std::uint8_t, 1024> pool_;
    std::size_t left_ = 0;  // unused bytes, at the end of the pool
};

}  // namespace net
