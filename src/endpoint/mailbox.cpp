// Posting and taking. Lesson 15.
// A wake-up must not get lost: the loop lowers the descriptor first and takes the letters then. One
// that is posted in between is taken now, or wakes the loop once more; the other way round it would
// lie there until somebody else writes.
#include "endpoint/mailbox.hpp"

#include <algorithm>
#include <utility>

namespace endpoint {

Posted Mailbox::post(Letter letter) { return post(std::move(letter), IfFull::refuse, nullptr); }

Posted Mailbox::post(Letter letter, Mailbox& from) {
    return post(std::move(letter), IfFull::take, &from);
}

Posted Mailbox::post_when_room(Letter letter) {
    return post(std::move(letter), IfFull::wait, nullptr);
}

Posted Mailbox::post(Letter letter, IfFull if_full, Mailbox* from) {
    std::unique_lock lock{mutex_};
    if (if_full == IfFull::wait)
        room_.wait(lock, [this] { return closed_ || bytes_ <= most_bytes_; });
    if (closed_) return Posted::closed;
    // Asked before it is added: a letter that is larger than the limit could never be sent otherwise.
    const bool full = bytes_ > most_bytes_;
    if (full && if_full == IfFull::refuse) return Posted::full;
    // It is told once when there is room, however many of its letters came too early.
    if (full && from != nullptr && std::ranges::find(waiting_, from) == waiting_.end())
        waiting_.push_back(from);
    bytes_ += letter.bytes();
    letters_.push_back(std::move(letter));
    wake(lock);
    return full ? Posted::full : Posted::ok;
}

// Once for all that happens until the loop looks, and without the lock: the loop that is woken wants it.
void Mailbox::wake(std::unique_lock<std::mutex>& lock) {
    const bool first = !std::exchange(woken_, true);
    lock.unlock();
    if (first) wake_.raise();
}

void Mailbox::ask_to_stop() {
    std::unique_lock lock{mutex_};
    news_.stop = true;
    wake(lock);
}

void Mailbox::tell_of_room() {
    std::unique_lock lock{mutex_};
    news_.room = true;
    wake(lock);
}

Mailbox::News Mailbox::take(std::vector<Letter>& letters) {
    // First this: whatever is posted from here on wakes us again.
    wake_.lower();
    const std::lock_guard lock{mutex_};
    woken_ = false;
    std::swap(letters, letters_);
    taken_bytes_ = bytes_;
    return std::exchange(news_, {});
}

// Room is counted now and not when letters are taken: in the hands of a loop they are memory as well. And
// it is told without our lock, for whoever is told takes its own, and its loop may be posting to us.
void Mailbox::delivered() {
    std::vector<Mailbox*> waiting;
    {
        const std::lock_guard lock{mutex_};
        bytes_ -= std::exchange(taken_bytes_, 0);
        if (bytes_ > most_bytes_) return;
        waiting = std::exchange(waiting_, {});
    }
    room_.notify_all();
    for (Mailbox* const mailbox : waiting) mailbox->tell_of_room();
}

void Mailbox::close() {
    std::vector<Letter> dropped;  // freed when the lock is open again
    std::vector<Mailbox*> waiting;
    {
        const std::lock_guard lock{mutex_};
        closed_ = true;
        std::swap(dropped, letters_);
        waiting = std::exchange(waiting_, {});
    }
    room_.notify_all();
    // Nobody is to wait for a loop that has ended.
    for (Mailbox* const mailbox : waiting) mailbox->tell_of_room();
}

}  // namespace endpoint
