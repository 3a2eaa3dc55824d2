// One message for the clients of several loops: encoded once, read by all, freed by the last. Lesson 15.
// The loops end with it in an order that nobody knows, so none of them can own it; what they share is
// a count of those who hold it. It is made by hand, and not with shared_ptr, so that a holder more is a
// word in the code (another()) and never a copy that happened.
// Leaves out: compressed forms, which a loop makes for its own clients (endpoint/reactors).
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include "ws/sender.hpp"

namespace endpoint {

class SharedMessage {
  public:
    // Encodes it. A text is UTF-8. `room` is for whom it is; empty, when a letter names its receiver.
    SharedMessage(std::string_view room, ws::Opcode type, ws::Bytes data)
        : shared_{new Shared{std::string{room}, {type, data}}} {}
    SharedMessage(SharedMessage&& other) noexcept
        : shared_{std::exchange(other.shared_, nullptr)} {}
    SharedMessage& operator=(SharedMessage&& other) noexcept {
        std::swap(shared_, other.shared_);
        return *this;
    }
    ~SharedMessage() { release(); }

    // For one more holder, on whatever thread.
    SharedMessage another() const;

    // Not after it was moved from or released. Nobody changes a message, so all threads may read it.
    const std::string& room() const { return shared_->room; }
    const ws::PreparedMessage& message() const { return shared_->message; }

    // Holds it no more. The last one frees it.
    void release() noexcept;

  private:
    struct Shared {
        std::string room;
        ws::PreparedMessage message;
        std::atomic<unsigned> holders{1};
    };
    explicit SharedMessage(Shared* shared) : shared_{shared} {}

    Shared* shared_;  // null: released
};

}  // namespace endpoint
