// The count of those who hold a message. Lesson 15.
// Two orders matter to the hardware: whoever adds a holder has one already, so nothing can go wrong
// meanwhile (relaxed); whoever lets go has read the message before (release), and the last one frees
// it after all of that (acquire).
#include "endpoint/shared_message.hpp"

namespace endpoint {

SharedMessage SharedMessage::another() const {
    shared_->holders.fetch_add(1, std::memory_order_relaxed);
    return SharedMessage{shared_};
}

void SharedMessage::release() noexcept {
    Shared* const shared = std::exchange(shared_, nullptr);
    if (shared == nullptr) return;
    if (shared->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) delete shared;
}

}  // namespace endpoint
