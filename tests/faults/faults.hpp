// System calls and memory that fail on purpose: one call of one kind, in one thread. LIMITS: EINTR, EAGAIN,
// short reads and writes, ENOBUFS, EMFILE, ECONNRESET, no memory. The linker leads the calls of this
// program here (--wrap), so nothing in src/ knows of it.
// Leaves out: calls that src/ never makes, and what the C++ library does by itself.
#pragma once

#include <atomic>
#include <cstddef>

namespace faults {

enum class Call : unsigned char { recv, send, sendmsg, accept4, epoll_ctl, epoll_wait, poll, socket, connect,
                                  eventfd, open, epoll_create1, getrandom, bind, listen, memory };
inline constexpr int shortened = -1;  // in the place of an error: one byte is read or written

struct Fault {
    Call call{};
    unsigned long at = 0;  // 1 is the first call
    int error = 0;         // errno, or `shortened`; no matter for memory

    std::atomic<unsigned long> calls = 0;
    std::atomic<bool> happened = false;
};

// While it lives, the calls of this thread count, and one of them fails.
class Armed {
  public:
    explicit Armed(Fault& fault);
    ~Armed();
    Armed(const Armed&) = delete;
    Armed& operator=(const Armed&) = delete;
};

}  // namespace faults
