// The logs in this process. Lesson 16.
// All limits are those that a Redis is given, so that a program behaves the same with either: the
// number of entries, the length of each, and how long a message's key is remembered.
#include "endpoint/memory_backplane.hpp"

#include <algorithm>
#include <chrono>

namespace endpoint {

namespace {

std::uint64_t now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

// The next entry's; later than the one before, also when the clock was set back.
Position after(const Position& end) {
    const std::uint64_t time = std::max(now(), end.time);
    return {time, time == end.time ? end.part + 1 : 0, end.number + 1};
}

}  // namespace

void MemoryBackplane::follow(std::string_view room, OnFollowed on_followed) {
    Room& followed = rooms_[std::string{room}];
    followed.followed = true;
    std::erase(idle_, room);
    on_followed(followed.end);
}

void MemoryBackplane::unfollow(std::string_view room) {
    const auto found = rooms_.find(room);
    if (found == rooms_.end()) return;
    found->second.followed = false;
    // The log stays for a while, for a client that returns with a position in it; but not the logs of all
    // rooms that there ever were.
    idle_.emplace_back(room);
    if (idle_.size() <= max_idle_rooms_) return;
    rooms_.erase(idle_.front());
    idle_.pop_front();
}

void MemoryBackplane::publish(std::string_view room, std::string_view key, std::string_view text,
                              OnPublished on_published) {
    const auto found = rooms_.find(room);
    if (found == rooms_.end()) return on_published({.why = "nobody is in this room"});
    if (text.size() > limits_.max_text_bytes)
        return on_published({.why = "the message is too long for the room's log"});
    // Said before, and its author has not heard the answer: the same one again.
    const auto known = found->second.said.find(std::string{key});
    if (known != found->second.said.end()) return on_published({.position = known->second});
    const Position position = add(found->second, key, text);
    const bool followed = found->second.followed;  // before the answer, whose hearer may leave
    on_published({.position = position});
    if (followed && listener_.on_entry)
        listener_.on_entry(room, Entry{position, std::string{text}});
}

Position MemoryBackplane::add(Room& room, std::string_view key, std::string_view text) {
    room.end = after(room.end);
    room.entries.push_back({room.end, std::string{text}});
    room.said.emplace(key, room.end);
    room.keys.emplace_back(key);
    if (room.entries.size() > limits_.room.most_entries) {
        room.entries.pop_front();
        // A key is known for as long as its entry is there.
        room.said.erase(room.keys.front());
        room.keys.pop_front();
    }
    return room.end;
}

void MemoryBackplane::read(std::string_view room, const Position& after, std::size_t most,
                           OnRead on_read) {
    const auto found = rooms_.find(room);
    if (found == rooms_.end()) return on_read(std::vector<Entry>{});
    const std::deque<Entry>& entries = found->second.entries;
    const auto begin = std::ranges::upper_bound(entries, after, std::less{}, &Entry::position);
    const auto count = std::min(most, static_cast<std::size_t>(entries.end() - begin));
    on_read(std::vector<Entry>{begin, begin + static_cast<std::ptrdiff_t>(count)});
}

void MemoryBackplane::here(std::string_view room, std::vector<std::string> names) {
    if (names.size() > limits_.max_names) names.resize(limits_.max_names);
    if (listener_.on_here) listener_.on_here(room, names);
}

}  // namespace endpoint
