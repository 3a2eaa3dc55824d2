// Joining, leaving, and sending to all. Lesson 12.
// Rooms hold ids and not pointers, so a client that has gone is a miss and never a dangling
// pointer. The last member takes the place of the one that leaves, so to leave a full room costs no
// more than to leave an empty one.
#include "endpoint/hub.hpp"

#include <utility>

namespace endpoint {

void Hub::join(const LoopConnection& client, std::string_view room) {
    leave(client);
    const auto [found, begun] = rooms_.try_emplace(std::string{room});
    places_[client.id()] = {found->first, found->second.size()};
    found->second.push_back(client.id());
}

void Hub::leave(const LoopConnection& client) { remove(client.id()); }

void Hub::remove(ConnectionId id) {
    const auto place = places_.find(id);
    if (place == places_.end()) return;
    const auto room = rooms_.find(place->second.room);
    Room& members = room->second;
    const std::size_t index = place->second.index;
    // (Where the last one itself leaves, it takes its own place, and goes with the next lines.)
    members[index] = members.back();
    places_[members[index]].index = index;
    members.pop_back();
    places_.erase(place);
    if (members.empty()) rooms_.erase(room);
}

std::string_view Hub::room_of(const LoopConnection& client) const {
    const auto place = places_.find(client.id());
    return place != places_.end() ? std::string_view{place->second.room} : std::string_view{};
}

std::span<const ConnectionId> Hub::members(std::string_view room) const {
    const auto found = rooms_.find(std::string{room});
    return found != rooms_.end() ? std::span<const ConnectionId>{found->second}
                                 : std::span<const ConnectionId>{};
}

std::vector<std::string_view> Hub::rooms() const {
    std::vector<std::string_view> names;
    names.reserve(rooms_.size());
    for (const auto& [name, members] : rooms_) names.push_back(name);
    return names;
}

std::size_t Hub::broadcast(std::string_view room, ws::Opcode type, ws::Bytes data) {
    return deliver(room, ws::PreparedMessage{type, data});
}

std::size_t Hub::deliver(std::string_view room, const ws::PreparedMessage& message) {
    std::size_t sent = 0;
    std::vector<ConnectionId> slow;
    for (const ConnectionId id : members(room)) {
        LoopConnection* const client = server_.find(id);
        const Sent outcome = client != nullptr ? client->send(message) : Sent::closed;
        if (outcome == Sent::slow) slow.push_back(id);
        if (outcome == Sent::ok) ++sent;
    }
    // Only now: to leave changes the list that we have just walked through, and on_drop may want
    // to tell the room. `room` may be a view of what the last member takes along.
    if (slow.empty()) return sent;
    const std::string name{room};
    // All of them before the first on_drop: what it says must not find the others slow again.
    for (const ConnectionId id : slow) remove(id);
    for (const ConnectionId id : slow) {
        // It is still there: clients are removed when the turn of the loop ends.
        LoopConnection* const client = server_.find(id);
        client->close(ws::close_code::try_again_later, "too slow for this room");
        if (on_drop_) on_drop_(*client, name);
    }
    return sent;
}

}  // namespace endpoint
