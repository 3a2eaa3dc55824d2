// Rooms that span servers: who is in them here, what each member has seen, what it gets. Lesson 16.
// A hub over a backplane. A member that comes back names its position, and gets what it missed: in
// order, once, and with a word where something cannot be given any more.
// Leaves out: what the messages say; that is the application's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "endpoint/backplane.hpp"
#include "endpoint/hub.hpp"

namespace endpoint {

class SharedRooms {
  public:
    // What the application makes of it. The texts are UTF-8.
    struct Application {
        // What a member is sent: an entry; and, before one, that `missed` of them are gone (nothing:
        // nobody knows how many, for the log has begun anew).
        std::function<std::string(std::string_view room, const Entry&)> entry;
        std::function<std::string(std::string_view room, std::optional<std::uint64_t> missed)> gap;
        // A member is in. What it missed since `position` comes next.
        std::function<void(LoopConnection&, std::string_view room, const Position& position)> joined;
        // The room cannot be followed now. The client is in none.
        std::function<void(LoopConnection&, std::string_view room)> not_joined;
        // Who is in the room, on all servers, has changed.
        std::function<void(std::string_view room, const std::vector<std::string>& names)> here{};
        // A member was too slow, is closing, and is in no room any more.
        std::function<void(LoopConnection&, std::string_view room)> dropped{};
        // Messages are accepted, or not any more.
        std::function<void(bool up, std::string_view why)> state{};
    };

    // All three outlive this. The backplane's descriptor is watched by the server.
    SharedRooms(Server& server, Backplane& backplane, Application application);
    SharedRooms(const SharedRooms&) = delete;
    SharedRooms& operator=(const SharedRooms&) = delete;

    // Into a room, out of the one before; `name` is what others see. After `after` it has seen
    // nothing (nothing: it wants only what comes from now on).
    void join(const LoopConnection& client, std::string_view room, std::string_view name,
              std::optional<Position> after);
    // To be called by on_close at the latest.
    void leave(const LoopConnection& client);
    // To be called by on_drain: a member that was slow to take what it missed, gets the next part.
    void go_on(const LoopConnection& client);

    std::string_view room_of(const LoopConnection& client) const;
    // Here; whoever has not been let in yet is not among them.
    std::span<const ConnectionId> members(std::string_view room) const { return hub_.members(room); }
    // Those with a member here, in no particular order; live until somebody joins or leaves.
    std::vector<std::string_view> rooms() const;
    // On all servers, as far as is known.
    const std::vector<std::string>& names(std::string_view room) const;

    // To all in the room whose catching up is over, and to nobody else's log.
    void broadcast(std::string_view room, std::string_view text) { hub_.broadcast(room, text); }

  private:
    struct Room {
        Position at{};        // entries up to here have been sent to the members in the hub
        bool placed = false;  // `at` is known
        std::vector<ConnectionId> guests{};  // all of this server, whether they are in the hub or not
        std::vector<std::string> names{};    // on all servers
    };
    struct Guest {
        std::string room;
        std::string name;
        std::optional<Position> after;
        Position at{};          // it has seen everything up to here, while it catches up
        std::uint64_t generation = 0;
        bool paused = false;    // it takes no more for now
    };
    using Rooms = std::unordered_map<std::string, Room>;

    void placed(const std::string& room, const std::optional<Position>& end);
    void let_in(ConnectionId id, Guest& guest, Room& room);
    void catch_up(ConnectionId id);
    void caught_up_to(ConnectionId id, std::uint64_t generation,
                      const std::optional<std::vector<Entry>>& entries);
    void skip_to_room(LoopConnection& client, Guest& guest);
    bool send_missed(LoopConnection& client, Guest& guest, const Entry& entry);
    void on_entry(std::string_view room, const Entry& entry);
    void on_rewind(std::string_view room, const Position& end);
    void on_here(std::string_view room, std::vector<std::string> names);
    void drop(LoopConnection& client, std::string_view room);
    void say_here(const std::string& name, Room& room);
    Guest* find(ConnectionId id, std::uint64_t generation);

    Server& server_;
    Backplane& backplane_;
    Application application_;
    Hub hub_;
    Rooms rooms_;
    std::unordered_map<ConnectionId, Guest> guests_;
    std::uint64_t generation_ = 0;
};

}  // namespace endpoint
