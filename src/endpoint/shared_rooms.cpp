// Joining, catching up, and hearing what is said. Lesson 16.
// A guest is in the hub when it stands where its room stands, and not before. Until then it reads the
// log, page by page; what it reads beyond the room's place, the room hears as well. So nobody can be
// given an entry twice, whichever of the two ways it came first.
#include "endpoint/shared_rooms.hpp"

#include <algorithm>
#include <utility>

namespace endpoint {

namespace {

constexpr std::size_t page = 128;  // entries that are read at once

// How many are missing between a position and the entry that comes next; none: nothing is.
struct Gap {
    bool is_one = false;
    std::optional<std::uint64_t> missed{};
};

// The numbers of a log have no holes of their own. One that does not rise is another log.
Gap gap_between(const Position& at, const Position& next) {
    if (next.number == at.number + 1) return {};
    if (next.number <= at.number) return {.is_one = true};
    return {.is_one = true, .missed = next.number - at.number - 1};
}

}  // namespace

SharedRooms::SharedRooms(Server& server, Backplane& backplane, Application application)
    : server_{server},
      backplane_{backplane},
      application_{std::move(application)},
      hub_{server, [this](LoopConnection& client, std::string_view room) { drop(client, room); }} {
    backplane_.listen(
        {.on_entry = [this](std::string_view room, const Entry& entry) { on_entry(room, entry); },
         .on_rewind = [this](std::string_view room, const Position& end) { on_rewind(room, end); },
         .on_here = [this](std::string_view room,
                           const std::vector<std::string>& names) { on_here(room, names); },
         .on_state = application_.state});
    if (backplane_.fd() >= 0) server_.watch(backplane_.fd(), [this] { backplane_.turn(); });
}

// --- coming and going ---------------------------------------------------------------------------

void SharedRooms::join(const LoopConnection& client, std::string_view room, std::string_view name,
                       std::optional<Position> after) {
    leave(client);
    const std::string key{room};
    Guest& guest = guests_[client.id()];
    guest = {.room = key, .name = std::string{name}, .after = after, .generation = ++generation_};
    const auto [found, is_new] = rooms_.try_emplace(key);
    found->second.guests.push_back(client.id());
    if (found->second.placed) {
        say_here(key, found->second);
        return let_in(client.id(), guest, found->second);
    }
    if (is_new)  // a guest that comes while that is asked waits for the same answer
        backplane_.follow(key, [this, key](const std::optional<Position>& end) { placed(key, end); });
}

// Where the room stands is known: the guests who waited for that come in.
void SharedRooms::placed(const std::string& name, const std::optional<Position>& end) {
    const auto found = rooms_.find(name);
    if (found == rooms_.end()) return;
    // A copy: a guest that is let in may leave at once.
    const std::vector<ConnectionId> waiting = found->second.guests;
    if (!end) {
        for (const ConnectionId id : waiting) {
            LoopConnection* const client = server_.find(id);
            if (client == nullptr) continue;
            leave(*client);
            application_.not_joined(*client, name);
        }
        return;
    }
    found->second.at = *end;
    found->second.placed = true;
    say_here(name, found->second);
    for (const ConnectionId id : waiting) {
        // Looked for each time: one that came in before it may have made it leave.
        const auto guest = guests_.find(id);
        const auto room = rooms_.find(name);
        if (guest != guests_.end() && guest->second.room == name && room != rooms_.end())
            let_in(id, guest->second, room->second);
    }
}

void SharedRooms::let_in(ConnectionId id, Guest& guest, Room& room) {
    LoopConnection* const client = server_.find(id);
    if (client == nullptr) return;
    guest.at = guest.after.value_or(room.at);
    // The application may let it leave at once, or join another room; or this one again.
    const std::uint64_t generation = guest.generation;
    application_.joined(*client, guest.room, guest.at);
    if (find(id, generation) != nullptr) catch_up(id);
}

void SharedRooms::leave(const LoopConnection& client) {
    const auto guest = guests_.find(client.id());
    if (guest == guests_.end()) return;
    const std::string name = std::move(guest->second.room);
    guests_.erase(guest);
    hub_.leave(client);
    const auto room = rooms_.find(name);
    std::erase(room->second.guests, client.id());
    if (!room->second.guests.empty()) return say_here(name, room->second);
    // Nobody of ours is in it any more; its log stays where it is.
    rooms_.erase(room);
    backplane_.unfollow(name);
}

void SharedRooms::drop(LoopConnection& client, std::string_view room) {
    leave(client);
    if (application_.dropped) application_.dropped(client, room);
}

SharedRooms::Guest* SharedRooms::find(ConnectionId id, std::uint64_t generation) {
    const auto guest = guests_.find(id);
    const bool same = guest != guests_.end() && guest->second.generation == generation;
    return same ? &guest->second : nullptr;
}

std::string_view SharedRooms::room_of(const LoopConnection& client) const {
    const auto guest = guests_.find(client.id());
    return guest != guests_.end() ? std::string_view{guest->second.room} : std::string_view{};
}

std::vector<std::string_view> SharedRooms::rooms() const {
    std::vector<std::string_view> names;
    for (const auto& [name, room] : rooms_) names.push_back(name);
    return names;
}

// --- what was missed ----------------------------------------------------------------------------

// The next page for a guest. Another server may have been quicker to tell it something than ours is:
// then it is the room that has to catch up.
void SharedRooms::catch_up(ConnectionId id) {
    Guest& guest = guests_.at(id);
    const Room& room = rooms_.at(guest.room);
    LoopConnection* const client = server_.find(id);
    if (client == nullptr || guest.paused) return;
    if (guest.at == room.at) return hub_.join(*client, guest.room);
    backplane_.read(guest.room, std::min(guest.at, room.at), page,
                    [this, id, generation = guest.generation](const auto& entries) {
                        caught_up_to(id, generation, entries);
                    });
}

void SharedRooms::caught_up_to(ConnectionId id, std::uint64_t generation,
                               const std::optional<std::vector<Entry>>& entries) {
    LoopConnection* const client = server_.find(id);
    if (client == nullptr || find(id, generation) == nullptr) return;
    if (!entries) {
        const std::string room{room_of(*client)};
        leave(*client);
        return application_.not_joined(*client, room);
    }
    for (const Entry& entry : *entries) {
        // The room first, if it is behind: so reading takes nobody further than the room is.
        on_entry(room_of(*client), entry);
        Guest* const guest = find(id, generation);
        if (guest == nullptr || !send_missed(*client, *guest, entry)) return;
    }
    Guest* const guest = find(id, generation);
    if (guest == nullptr) return;
    if (entries->empty()) skip_to_room(*client, *guest);
    catch_up(id);
}

// The log holds nothing more, and yet this is not where the room stands: what lay between the two
// has gone, or the guest's position is of a log that is no more.
void SharedRooms::skip_to_room(LoopConnection& client, Guest& guest) {
    const Position& at = rooms_.at(guest.room).at;
    const bool known = guest.at < at && guest.at.number < at.number;
    const auto missed = known ? std::optional{at.number - guest.at.number} : std::nullopt;
    client.send(application_.gap(guest.room, missed));
    guest.at = at;
}

// False: no more for now. The rest is read again from here.
bool SharedRooms::send_missed(LoopConnection& client, Guest& guest, const Entry& entry) {
    if (entry.position <= guest.at) return true;
    const Gap gap = gap_between(guest.at, entry.position);
    if (gap.is_one) client.send(application_.gap(guest.room, gap.missed));
    guest.at = entry.position;
    // Taken, however slow: the next page begins after it.
    guest.paused = client.send(application_.entry(guest.room, entry)) == Sent::slow;
    return !guest.paused;
}

void SharedRooms::go_on(const LoopConnection& client) {
    const auto guest = guests_.find(client.id());
    if (guest == guests_.end() || !std::exchange(guest->second.paused, false)) return;
    catch_up(client.id());
}

// --- what is said -------------------------------------------------------------------------------

void SharedRooms::on_entry(std::string_view name, const Entry& entry) {
    const auto room = rooms_.find(std::string{name});
    if (room == rooms_.end() || !room->second.placed || entry.position <= room->second.at) return;
    const std::string key = room->first;
    const Gap gap = gap_between(room->second.at, entry.position);
    room->second.at = entry.position;
    if (gap.is_one) hub_.broadcast(key, application_.gap(key, gap.missed));
    hub_.broadcast(key, application_.entry(key, entry));
}

// What members have seen beyond the end is in no log any more.
void SharedRooms::on_rewind(std::string_view name, const Position& end) {
    const auto room = rooms_.find(std::string{name});
    if (room == rooms_.end() || !room->second.placed || room->second.at <= end) return;
    room->second.at = end;
    hub_.broadcast(room->first, application_.gap(room->first, std::nullopt));
}

// --- who is here --------------------------------------------------------------------------------

void SharedRooms::say_here(const std::string& name, Room& room) {
    std::vector<std::string> names;
    for (const ConnectionId id : room.guests) names.push_back(guests_.at(id).name);
    // Until the others' are known.
    if (room.names.empty()) {
        room.names = names;
        std::ranges::sort(room.names);
    }
    backplane_.here(name, std::move(names));
}

void SharedRooms::on_here(std::string_view name, std::vector<std::string> names) {
    const auto room = rooms_.find(std::string{name});
    if (room == rooms_.end()) return;
    std::ranges::sort(names);
    if (room->second.names == names) return;
    room->second.names = std::move(names);
    if (application_.here) application_.here(room->first, room->second.names);
}

const std::vector<std::string>& SharedRooms::names(std::string_view name) const {
    static const std::vector<std::string> nobody;
    const auto room = rooms_.find(std::string{name});
    return room != rooms_.end() ? room->second.names : nobody;
}

}  // namespace endpoint
