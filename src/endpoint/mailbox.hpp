// What other threads want of a loop: letters under a lock, and a descriptor that wakes it. Lesson 15.
// The lock is held for the time of a push_back or a swap, never while something is sent. The loop is
// woken once for all the letters that it has not taken, for a wake-up is a system call.
// Leaves out: what is in a letter; and waiting, for loops: a loop that waits for another is a deadlock
// when the other waits for it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "endpoint/loop_connection.hpp"
#include "endpoint/shared_message.hpp"
#include "net/wake.hpp"

namespace endpoint {

struct Letter {
    ConnectionId to = 0;  // 0: all in the message's room
    SharedMessage message;

    // What it counts for in the mailbox.
    std::size_t bytes() const { return sizeof(Letter) + message.message().frame().size(); }
};

// What became of a letter.
enum class Posted : std::uint8_t {
    ok,      // it will be delivered, after all that was posted before
    full,    // more than the mailbox's limit waits: see there whether this one was taken
    closed,  // the loop has ended, and it was not taken
};

class Mailbox {
  public:
    // `most_bytes` of letters may wait, and one more.
    explicit Mailbox(std::size_t most_bytes) : most_bytes_{most_bytes} {}

    // --- for all threads -------------------------------------------------------------------------

    // Full: it was not taken.
    Posted post(Letter letter);
    // For another loop, `from` being its mailbox. Full: it was taken, for it has been taken from a
    // client already; but let that client send no more. `from` is told when there is room again.
    Posted post(Letter letter, Mailbox& from);
    // For a thread that is no loop: waits until there is room. Never full.
    Posted post_when_room(Letter letter);

    // The loop is to end.
    void ask_to_stop();
    // There is room again, somewhere.
    void tell_of_room();

    // --- for its loop ----------------------------------------------------------------------------

    // Readable when there is something to do.
    int fd() const { return wake_.fd(); }

    // What it was told since it asked last.
    struct News {
        bool stop = false;
        bool room = false;
    };
    // Takes all the letters, in the order in which they were posted, into `letters`, which is empty.
    // They count until they are delivered().
    News take(std::vector<Letter>& letters);
    void delivered();
    // Makes fd() readable: not all that was taken is delivered yet.
    void wake_again() { wake_.raise(); }

    // The loop has ended: nothing is taken any more, and what waits is dropped.
    void close();

  private:
    enum class IfFull : std::uint8_t { refuse, take, wait };
    Posted post(Letter letter, IfFull if_full, Mailbox* from);
    void wake(std::unique_lock<std::mutex>& lock);

    const std::size_t most_bytes_;
    net::Wake wake_;
    std::mutex mutex_;  // guards all that follows
    std::condition_variable room_;
    std::vector<Letter> letters_;
    std::size_t bytes_ = 0;        // of letters_ and of those that were taken and not delivered
    std::size_t taken_bytes_ = 0;  // of the latter
    std::vector<Mailbox*> waiting_;  // to be told of room; each once
    News news_;
    bool woken_ = false;  // since it took letters last
    bool closed_ = false;
};

}  // namespace endpoint
