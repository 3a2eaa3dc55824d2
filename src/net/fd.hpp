// One open file descriptor with one owner: closed when its owner goes away.
// Lesson 1. Leaves out: sharing. A descriptor number is reused by the kernel as soon as it
// is closed, so two owners would sooner or later write into a stranger's socket.
#pragma once

#include <unistd.h>

#include <utility>

namespace net {

class Fd {
  public:
    Fd() noexcept = default;

    // Takes over `fd`, a descriptor that nobody else will close; -1 means "none".
    explicit Fd(int fd) noexcept : fd_{fd} {}

    // [exercise 1/2] moving takes the descriptor away from `other`; the last owner closes it
    Fd(Fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            close();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Fd() { close(); }
    // [stub] Fd(Fd&& other) noexcept : fd_{other.fd_} {}
    // [stub] Fd& operator=(Fd&& other) noexcept {
    // [stub]     fd_ = other.fd_;
    // [stub]     return *this;
    // [stub] }
    // [stub] ~Fd() = default;
    // [end]

    // The number, for a system call. The Fd stays its owner.
    int get() const noexcept { return fd_; }

    explicit operator bool() const noexcept { return fd_ >= 0; }

    // Closing a socket queues its last bytes for sending and returns; nothing useful can be
    // done about an error here, and the number is free again even after EINTR (Linux).
    void close() noexcept {
        // [exercise 1/2] once: whoever closes a number twice closes a stranger's descriptor
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
        // [end]
    }

  private:
    int fd_ = -1;
};

}  // namespace net
