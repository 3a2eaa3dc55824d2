// getrandom(2), a pool at a time. Lesson 4.
// The kernel may answer in part, or be interrupted by a signal, so it is asked until the pool is
// full. Bytes that were given away are wiped.
#include "net/random.hpp"

#include <sys/random.h>

#include <algorithm>

#include "net/os_error.hpp"

namespace net {

namespace {

void refill(std::span<std::uint8_t> pool) {
    for (std::size_t done = 0; done < pool.size();) {
        const ssize_t got = ::getrandom(pool.data() + done, pool.size() - done, 0);
        if (got > 0)
            done += static_cast<std::size_t>(got);
        else if (errno != EINTR)
            throw_system_error("getrandom");
    }
}

}  // namespace

void RandomPool::fill(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        if (left_ == 0) {
            refill(pool_);
            left_ = pool_.size();
        }
        const std::size_t count = std::min(out.size(), left_);
        const auto first = pool_.end() - static_cast<std::ptrdiff_t>(left_);
        const auto last = first + static_cast<std::ptrdiff_t>(count);
        std::copy(first, last, out.begin());
        // A byte that was given away must not be found in this memory later on.
        std::fill(first, last, std::uint8_t{0});
        left_ -= count;
        out = out.subspan(count);
    }
}

}  // namespace net
