// Lesson 16: what a chat message means when rooms span servers. The rules of names and texts are those
// of lesson 12; new are the position in what is told, the key in what is said, and what becomes of it.
// The messages are described in this lesson's README, and in no other place.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "endpoint/json_message.hpp"
#include "endpoint/random_name.hpp"
#include "endpoint/shared_rooms.hpp"
#include "lessons/12-chat/rules.hpp"

namespace chat {

// A key comes from a client and becomes a part of a key in Redis.
inline bool is_key(std::string_view key) {
    const auto fits = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    };
    return key.size() >= 16 && key.size() <= 64 && std::ranges::all_of(key, fits);
}

class SharedChat {
  public:
    // Called with a line for the log, not escaped.
    using Log = std::function<void(const endpoint::LoopConnection&, std::string_view)>;
    // Called with each news of the rooms' store.
    using StoreLog = std::function<void(bool up, std::string_view why)>;

    // The server and the backplane outlive the chat.
    SharedChat(endpoint::Server& server, endpoint::Backplane& backplane, Log log, StoreLog store_log)
        : server_{server}, backplane_{backplane}, log_{std::move(log)},
          store_log_{std::move(store_log)}, rooms_{server, backplane, application()} {}

    // A message came. What makes no sense is answered by a sentence that says why.
    void receive(endpoint::LoopConnection& client, const endpoint::Message& message) {
        const std::string error = handle(client, message);
        if (error.empty()) return;
        send(client, json::Object{{"error", error}});
        // A client that cannot say a name has nothing to wait for.
        if (!users_.contains(client.id()))
            client.close(ws::close_code::policy_violation, error);
    }

    // A client that was slow takes what we send again.
    void drained(const endpoint::LoopConnection& client) { rooms_.go_on(client); }

    // A client has gone.
    void forget(const endpoint::LoopConnection& client) {
        rooms_.leave(client);
        users_.erase(client.id());
    }

  private:
    endpoint::SharedRooms::Application application() {
        return {
            .entry = [](std::string_view, const endpoint::Entry& entry) {
                // What lies in the log is an object, {"user":...; its place is its first member.
                return "{\"id\":\"" + entry.position.text() + "\"," + entry.text.substr(1);
            },
            .gap = [](std::string_view, std::optional<std::uint64_t> missed) {
                return json::write(json::Object{
                    {"missed", missed ? json::Value{static_cast<std::int64_t>(*missed)} : nullptr}});
            },
            .joined = [this](endpoint::LoopConnection& client, std::string_view room,
                             const endpoint::Position& at) {
                json::Object said = who_is_in(room, rooms_.names(room));
                said.push_back({"rooms", room_list()});
                said.push_back({"id", at.text()});
                send(client, said);
            },
            .not_joined = [](endpoint::LoopConnection& client, std::string_view) {
                client.close(ws::close_code::try_again_later, "the rooms' store is away");
            },
            .here = [this](std::string_view room, const std::vector<std::string>& names) {
                rooms_.broadcast(room, json::write(who_is_in(room, names)));
            },
            .dropped = [this](endpoint::LoopConnection& client, std::string_view) {
                log_(client, "dropped from its room with 1013: too slow");
            },
            .state = [this](bool up, std::string_view why) {
                store_log_(up, why);
                if (up != std::exchange(store_is_up_, up)) tell_all_about_store(why);
            },
        };
    }

    // Once: that it is away, and not each attempt to find it.
    void tell_all_about_store(std::string_view why) {
        json::Object said{{"store", store_is_up_ ? "back" : "away"}};
        if (!store_is_up_) said.push_back({"why", why});
        const std::string text = json::write(said);
        server_.for_each_open([&](endpoint::LoopConnection& client) { client.send(text); });
    }

    std::string handle(endpoint::LoopConnection& client, const endpoint::Message& message) {
        std::string why;
        const auto said = endpoint::read_json(message, why, {.max_depth = 4, .max_values = 16});
        if (!said) return why;
        if (!users_.contains(client.id())) return introduce(client, *said);
        if (const std::string* const text = said->find_string("text"))
            return say(client, *text, said->find_string("key"));
        if (said->find_string("room") != nullptr) return enter(client, *said);
        if (said->find("rooms") == nullptr) return "not one of text, room, rooms";
        send(client, json::Object{{"rooms", room_list()}});
        return "";
    }

    // The first message: {"user":"ada","room":"lobby","after":"1767225600000-0/17"}.
    std::string introduce(endpoint::LoopConnection& client, const json::Value& said) {
        const std::string* const user = said.find_string("user");
        if (user == nullptr) return "say first who you are: {\"user\":\"ada\"}";
        if (!is_name(*user)) return "a user's " + name_rule;
        users_[client.id()] = *user;
        std::string error = enter(client, said);
        if (!error.empty()) users_.erase(client.id());
        return error;
    }

    // Into a room, after what was seen of it already.
    std::string enter(endpoint::LoopConnection& client, const json::Value& said) {
        const std::string* const name = said.find_string("room");
        const std::string room = name != nullptr ? *name : "lobby";
        if (!is_name(room)) return "a room's " + name_rule;
        if (room == rooms_.room_of(client)) return "you are in this room";
        std::optional<endpoint::Position> after;
        if (const std::string* const text = said.find_string("after")) {
            after = redis::parse_position(*text);
            if (!after) return "after has the id of the last message that you saw, as it came";
        }
        log_(client, ws::quote(ws::as_bytes(users_.at(client.id()))) + " joins " +
                         ws::quote(ws::as_bytes(room)) + (after ? " after " + after->text() : ""));
        rooms_.join(client, room, users_.at(client.id()), after);
        return "";
    }

    // Into the log, from where it comes back to all in the room.
    std::string say(endpoint::LoopConnection& client, const std::string& text, const std::string* key) {
        if (!is_text(text)) return text_rule;
        if (key != nullptr && !is_key(*key)) return "a key has 16 to 64 letters, digits and hyphens";
        const json::Object entry{{"user", users_.at(client.id())}, {"text", text}, {"time", now()}};
        const std::string name = key != nullptr ? *key : new_key();
        backplane_.publish(rooms_.room_of(client), name, json::write(entry),
                           [this, id = client.id(), name](const endpoint::Published& published) {
                               if (auto* const author = server_.find(id)) answer(*author, name, published);
                           });
        return "";
    }

    static void answer(endpoint::LoopConnection& author, const std::string& key,
                       const endpoint::Published& published) {
        if (published.position)
            return send(author, json::Object{{"accepted", key}, {"id", published.position->text()}});
        json::Object said{{"refused", key}, {"error", published.why}};
        if (published.unknown) said.push_back({"unknown", true});
        send(author, said);
    }

    // For an author that gives none, and so cannot say a message again.
    std::string new_key() { return endpoint::random_name(random_); }

    static json::Object who_is_in(std::string_view room, const std::vector<std::string>& names) {
        return {{"room", room}, {"users", json::Array{names.begin(), names.end()}}};
    }

    json::Array room_list() const {
        std::vector<std::string_view> names = rooms_.rooms();
        std::ranges::sort(names);
        return {names.begin(), names.end()};
    }

    static void send(endpoint::LoopConnection& client, const json::Value& value) {
        client.send(json::write(value));
    }

    endpoint::Server& server_;
    endpoint::Backplane& backplane_;
    Log log_;
    StoreLog store_log_;
    bool store_is_up_ = false;
    net::RandomPool random_;
    std::unordered_map<endpoint::ConnectionId, std::string> users_;  // those who have said their name
    endpoint::SharedRooms rooms_;
};

}  // namespace chat
