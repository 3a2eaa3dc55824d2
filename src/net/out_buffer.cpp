// What the kernel has taken goes, now or when it is worth moving the rest. Lesson 11.
// Not in the header: all of the event loop includes that, and would be compiled anew.
// Leaves out: the writing (endpoint/output).
#include "net/out_buffer.hpp"

namespace net {

void OutBuffer::taken(std::size_t count) {
    sent_ += count;
    if (empty()) {
        clear();
    } else if (sent_ > bytes_.size() / 2) {
        bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(sent_));
        sent_ = 0;
    }
}

}  // namespace net
