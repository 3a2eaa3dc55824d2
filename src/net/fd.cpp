// Who owns a descriptor, and when it is closed. Lesson 1.
// Not in the header: nearly every file includes that, and would be compiled anew after each change.
// Leaves out: an error of close(), see there.
#include "net/fd.hpp"

#include <unistd.h>

#include <utility>

namespace net {

Fd& Fd::operator=(Fd&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = other.release();
    }
    return *this;
}

Fd::~Fd() {
    close();
}

int Fd::release() noexcept {
    return std::exchange(fd_, -1);
}

// Closing a socket queues its last bytes for sending and returns; nothing useful can be
// done about an error here, and the number is free again even after EINTR (Linux).
void Fd::close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace net
