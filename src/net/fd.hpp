// One open file descriptor with one owner: closed when its owner goes away.
// Lesson 1. Leaves out: sharing. A descriptor number is reused by the kernel as soon as it
// is closed, so two owners would sooner or later write into a stranger's socket.
#pragma once

namespace net {

class Fd {
  public:
    Fd() noexcept = default;

    // Takes over `fd`, a descriptor that nobody else will close; -1 means "none".
    explicit Fd(int fd) noexcept : fd_{fd} {}

    Fd(Fd&& other) noexcept : fd_{other.release()} {}
    Fd& operator=(Fd&& other) noexcept;
    ~Fd();

    // The number, for a system call. The Fd stays its owner.
    int get() const noexcept { return fd_; }

    explicit operator bool() const noexcept { return fd_ >= 0; }

    // Gives the descriptor away, open: from now on the caller owns it.
    int release() noexcept;

    void close() noexcept;  // at once; afterwards this is "none"

  private:
    int fd_ = -1;
};

}  // namespace net
