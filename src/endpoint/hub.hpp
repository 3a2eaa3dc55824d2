// Rooms of the epoll server: who is in which, and one message for all of them. Lesson 12.
// A message is encoded once, whatever the number of its receivers (RFC 6455 §5.1: what a server
// sends is not masked, so the bytes are the same for all). A member that is too slow is dropped,
// and nobody waits for it.
// Leaves out: what the messages say; rooms on several machines (lesson 16).
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "endpoint/server.hpp"

namespace endpoint {

class Hub {
  public:
    // Called when a member was too slow, with the room that it is no longer in. The client is
    // closing. The handler may use the hub. The server outlives the hub.
    using OnDrop = std::function<void(LoopConnection&, std::string_view room)>;
    explicit Hub(Server& server, OnDrop on_drop = {})
        : server_{server}, on_drop_{std::move(on_drop)} {}
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;

    // A client is in one room at a time: one that is in another leaves it. A room begins with
    // its first member.
    void join(const LoopConnection& client, std::string_view room);

    // To be called by on_close at the latest. No harm for a client that is in no room. A room
    // ends with its last member.
    void leave(const LoopConnection& client);

    // The room that a client is in; empty for none. Lives until the client leaves it.
    std::string_view room_of(const LoopConnection& client) const;

    // In no particular order; live until somebody joins or leaves.
    std::span<const ConnectionId> members(std::string_view room) const;
    std::vector<std::string_view> rooms() const;

    // Sends one message to all in the room, at the latest when this turn of the loop ends. A
    // member with more than max_backlog_bytes waiting has missed too much to catch up: it is closed
    // with 1013 and leaves the room. A text is UTF-8. Says how many it was sent to, without those that
    // were dropped.
    std::size_t broadcast(std::string_view room, ws::Opcode type, ws::Bytes data);
    std::size_t broadcast(std::string_view room, std::string_view text) {
        return broadcast(room, ws::Opcode::text, ws::as_bytes(text));
    }
    // The same with one that was encoded before.
    std::size_t deliver(std::string_view room, const ws::PreparedMessage& message);

  private:
    using Room = std::vector<ConnectionId>;
    struct Place {
        std::string room;
        std::size_t index = 0;  // in that room
    };

    void remove(ConnectionId id);

    Server& server_;
    OnDrop on_drop_;
    std::unordered_map<std::string, Room> rooms_;
    std::unordered_map<ConnectionId, Place> places_;
};

}  // namespace endpoint
