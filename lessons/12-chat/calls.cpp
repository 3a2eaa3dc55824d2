// What the judge of lesson 12 may ask of json/parse and json/write, and of endpoint/hub: how often a
// message for a room is encoded, to how many it was sent, and large rooms, of which clients go. The rooms
// themselves are judged through the server.
#include <atomic>
#include <deque>
#include <thread>

#include "endpoint/hub.hpp"
#include "json/parse.hpp"
#include "json/write.hpp"
#include "lessons/tools/check/calls/calls.hpp"
#include "net/wake.hpp"

namespace {

using calls::Function;

// The fault, the place of what is wrong in words, and what write() makes of the value.
const Function parse{"parse", [](std::string text) {
    json::Value value;
    const json::ParseError error = json::parse(text, value);
    return std::tuple{error.fault, error.message(), json::write(value)};
}};

const Function write{"write", [](std::string text) { return json::write(text); }};

// --- endpoint/hub -------------------------------------------------------------------------------

std::atomic<int> sent_singly = 0;    // messages that were sent to one client, each
std::atomic<std::size_t> told = 0;  // what the last broadcast() returned
std::atomic<int> dropped = 0;       // members that were too slow, when it had returned

// An extension that changes nothing. A message for one goes through send(), one that was encoded for
// many through frame_of().
struct Counted : ws::Extension {
    Outgoing send(ws::Bytes data, bool, bool) override {
        ++sent_singly;
        return {data};
    }
    ws::Bytes frame_of(const ws::PreparedMessage&) override { return {}; }
    void take(const Incoming&) override {}
    Part next(bool) override { return {Part::wants_more}; }
    void release() override {}
};
struct Counting : ws::Extensions {
    std::string offer() const override { return "counted"; }
    std::unique_ptr<ws::Extension> accept(std::span<const std::string_view>) override { return nullptr; }
    std::unique_ptr<ws::Extension> choose(std::span<const std::string_view>, std::string& answer) override {
        answer = "counted";
        return std::make_unique<Counted>();
    }
};

// A server with one room. Whoever comes is in it, until it says that it goes, and what one says all in
// the room are sent.
struct House {
    static endpoint::ServerOptions options() {
        static Counting counting;
        endpoint::ServerOptions chosen;
        chosen.host = "127.0.0.1";
        chosen.port = 0;
        chosen.extensions = &counting;
        chosen.max_backlog_bytes = 64 * 1024;
        return chosen;
    }
    endpoint::Handlers handlers() {
        endpoint::Handlers all;
        all.on_open = [this](endpoint::LoopConnection& client) { hub.join(client, "room"); };
        all.on_message = [this](endpoint::LoopConnection& client, const endpoint::Message& message) {
            if (ws::as_text(message.data) != "I go to another room") {
                told = hub.broadcast("room", message.type, message.data);
                dropped = slow;
            } else {
                hub.join(client, "another room");
                client.send("gone");
            }
        };
        all.on_close = [this](endpoint::LoopConnection& client, const endpoint::Error&) { hub.leave(client); };
        return all;
    }

    endpoint::Server server{options(), handlers()};
    int slow = 0;
    endpoint::Hub hub{server, [this](endpoint::LoopConnection&, std::string_view) { ++slow; }};
    net::Wake never;
};

// Its port. It serves until this process ends.
const Function open_house{"House", [] {
    static House& house = *new House;
    std::thread{[] { house.server.run(house.never.fd()); }}.detach();
    return house.server.port();
}};

const Function counted{"counted", [] { return std::tuple{told.load(), sent_singly.load()}; }};
const Function after_drop{"after_drop", [] { return std::tuple{dropped.load(), told.load()}; }};

// Rooms of clients without a socket: nothing is sent to them.
struct Crowd {
    static endpoint::ServerOptions options() {
        endpoint::ServerOptions chosen;
        chosen.host = "127.0.0.1";
        chosen.port = 0;
        return chosen;
    }
    Crowd(std::uint64_t rooms, std::uint64_t members) {
        for (std::uint64_t id = 1; id <= rooms * members; ++id)
            hub.join(clients.emplace_back(loop, net::Fd{}, net::Address{}, id), name(id % rooms));
    }
    static std::string name(std::uint64_t number) { return "room " + std::to_string(number); }

    endpoint::Loop loop{options(), {}};
    std::deque<endpoint::LoopConnection> clients;
    endpoint::Server server{options(), {}};
    endpoint::Hub hub{server};
};
std::unique_ptr<Crowd> crowd;

const Function fill_rooms{"fill_rooms", [](std::uint64_t rooms, std::uint64_t members) {
    crowd = std::make_unique<Crowd>(rooms, members);
}};

// Neither the first nor the last to come goes first. How many are left in all rooms.
const Function go{"go", [](std::uint64_t count) {
    const std::size_t all = crowd->clients.size();
    std::size_t at = all / 2;
    for (std::uint64_t gone = 0; gone < count; ++gone, at = (at + 7'919) % all)
        crowd->hub.leave(crowd->clients[at]);
    std::size_t left = 0;
    for (const std::string_view room : crowd->hub.rooms()) left += crowd->hub.members(room).size();
    return left;
}};

}  // namespace
