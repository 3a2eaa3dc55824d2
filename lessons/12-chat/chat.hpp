// Lesson 12: what a chat message means. Who is who, who may say what, and what the room hears.
// The messages are described in this lesson's README, and in no other place.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "endpoint/hub.hpp"
#include "endpoint/json_message.hpp"
#include "lessons/12-chat/rules.hpp"

namespace chat {

class Chat {
  public:
    // Called with a line for the log, not escaped.
    using Log = std::function<void(const endpoint::LoopConnection&, std::string_view)>;

    // The server outlives the chat.
    Chat(endpoint::Server& server, Log log)
        : log_{std::move(log)},
          hub_{server, [this](endpoint::LoopConnection& client, std::string_view room) {
                   log_(client, "dropped from its room with 1013: too slow");
                   tell(client, room, "left the chat", "left");
               }} {}

    // A message came. What makes no sense is answered by a sentence that says why.
    void receive(endpoint::LoopConnection& client, const endpoint::Message& message) {
        const std::string error = handle(client, message);
        if (error.empty()) return;
        send(client, json::Object{{"error", error}});
        // A client that cannot say a name has nothing to wait for.
        if (!is_known(client)) client.close(ws::close_code::policy_violation, error);
    }

    // A client has gone.
    void forget(const endpoint::LoopConnection& client) {
        leave(client);
        users_.erase(client.id());
    }

  private:
    std::string handle(endpoint::LoopConnection& client, const endpoint::Message& message) {
        std::string why;
        const auto said = endpoint::read_json(message, why, {.max_depth = 4, .max_values = 16});
        if (!said) return why;
        if (!is_known(client)) return introduce(client, *said);
        if (const std::string* const text = said->find_string("text")) return say(client, *text);
        if (const std::string* const room = said->find_string("room")) return move(client, *room);
        if (said->find("rooms") == nullptr) return "not one of text, room, rooms";
        send(client, json::Object{{"rooms", rooms()}});
        return "";
    }

    // The first message: {"user":"ada","room":"lobby"}.
    std::string introduce(endpoint::LoopConnection& client, const json::Value& said) {
        const std::string* const user = said.find_string("user");
        const std::string* const room = said.find_string("room");
        if (user == nullptr) return "say first who you are: {\"user\":\"ada\"}";
        if (!is_name(*user)) return "a user's " + name_rule;
        if (room != nullptr && !is_name(*room)) return "a room's " + name_rule;
        users_[client.id()] = *user;
        join(client, room != nullptr ? *room : "lobby");
        return "";
    }

    std::string move(endpoint::LoopConnection& client, const std::string& room) {
        if (!is_name(room)) return "a room's " + name_rule;
        if (room == hub_.room_of(client)) return "you are in this room";
        leave(client);
        join(client, room);
        return "";
    }

    std::string say(endpoint::LoopConnection& client, const std::string& text) {
        if (!is_text(text)) return text_rule;
        tell(client, hub_.room_of(client), text);
        return "";
    }

    void join(endpoint::LoopConnection& client, const std::string& room) {
        log_(client, ws::quote(ws::as_bytes(users_.at(client.id()))) + " joined " +
                         ws::quote(ws::as_bytes(room)));
        hub_.join(client, room);
        json::Array users;
        for (const endpoint::ConnectionId id : hub_.members(room)) users.push_back(users_.at(id));
        send(client, json::Object{{"room", room}, {"users", users}, {"rooms", rooms()}});
        tell(client, room, "joined the chat", "joined");
    }

    void leave(const endpoint::LoopConnection& client) {
        const std::string room{hub_.room_of(client)};
        hub_.leave(client);
        if (!room.empty()) tell(client, room, "left the chat", "left");
    }

    // To all in the room, whoever said it included.
    void tell(const endpoint::LoopConnection& client, std::string_view room, std::string_view text,
              const char* event = nullptr) {
        json::Object message{{"user", users_.at(client.id())}, {"text", text}, {"time", now()}};
        if (event != nullptr) message.push_back({"event", event});
        hub_.broadcast(room, json::write(message));
    }

    json::Array rooms() const {
        std::vector<std::string_view> names = hub_.rooms();
        std::ranges::sort(names);
        return {names.begin(), names.end()};
    }

    bool is_known(const endpoint::LoopConnection& client) const {
        return users_.contains(client.id());
    }

    static void send(endpoint::LoopConnection& client, const json::Value& value) {
        client.send(json::write(value));
    }

    Log log_;
    std::unordered_map<endpoint::ConnectionId, std::string>
        users_;  // those who have said their name
    endpoint::Hub hub_;
};

}  // namespace chat
