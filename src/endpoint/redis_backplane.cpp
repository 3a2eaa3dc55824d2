// Following rooms, publishing, presence. Lesson 16.
// All commands may be carried out twice without harm, for that is what happens after a lost
// connection (endpoint/redis_link): entries are added under a key that Redis remembers.
#include "endpoint/redis_backplane.hpp"

#include <string>
#include <utility>

#include "endpoint/random_name.hpp"
#include "json/parse.hpp"
#include "json/write.hpp"

namespace endpoint {

namespace {

constexpr std::uint64_t commands_tag = 1, reader_tag = 2, ticker_tag = 3;
constexpr std::chrono::milliseconds tick{100};
constexpr std::size_t entries_a_read = 256;  // of each log

RedisAccess for_reader(RedisAccess access, std::chrono::milliseconds block) {
    access.reply_timeout += block;
    return access;
}

std::uint64_t count(std::chrono::milliseconds time) {
    return static_cast<std::uint64_t>(time.count());
}

std::string server_name() {
    net::RandomPool random;
    return random_name(random);
}

// Each server has said its names, as a JSON array.
std::vector<std::string> all_names(const std::vector<std::string>& lists) {
    std::vector<std::string> names;
    for (const std::string& text : lists) {
        json::Value list;
        if (json::parse(text, list) || list.array() == nullptr) continue;
        for (const json::Value& name : *list.array())
            if (name.string() != nullptr) names.push_back(*name.string());
    }
    return names;
}

}  // namespace

RedisBackplane::RedisBackplane(RedisBackplaneOptions options)
    : options_{std::move(options)},
      ticker_{tick},
      server_{server_name()},
      commands_{epoll_, commands_tag, options_.access,
                {.on_up = [this] { say_state(true, "connected, RESP" + std::to_string(commands_.protocol())); },
                 .on_down = [this](std::string_view why) { say_state(false, why); }}},
      reader_{epoll_, reader_tag, for_reader(options_.access, options_.block),
              {.on_up = [this] { check_ends(); },
               .on_down =
                   [this](std::string_view) {
                       // What it waited for is asked anew after the next greeting, by check_ends().
                       reader_.forget();
                       waiting_ = false;
                       checking_ = 0;
                   }}} {
    epoll_.add(ticker_.fd(), net::Epoll::readable, ticker_tag);
}

void RedisBackplane::turn() {
    for (const epoll_event& event : epoll_.wait(std::chrono::milliseconds{0})) {
        switch (event.data.u64) {
            case commands_tag: commands_.on_ready(event.events); break;
            case reader_tag: reader_.on_ready(event.events); break;
            default: ticker_.take(); on_time();
        }
    }
}

void RedisBackplane::on_time() {
    commands_.on_time();
    reader_.on_time();
    if (!commands_.is_up()) return;
    const auto now = net::Clock::now();
    // Redis forgets a server's names when they are not said again, for it may have died.
    if (now >= next_beat_) {
        next_beat_ = now + options_.beat;
        for (const auto& [name, room] : rooms_)
            if (!room.names.empty()) changed_.insert(name);
    }
    for (const std::string& room : std::exchange(changed_, {})) say_here(room);
}

void RedisBackplane::say_state(bool up, std::string_view why) {
    const std::string state{up ? "" : why};
    if (state == std::exchange(state_, state)) return;
    if (listener_.on_state) listener_.on_state(up, why);
}

// --- messages -----------------------------------------------------------------------------------

void RedisBackplane::publish(std::string_view room, std::string_view key, std::string_view text,
                             OnPublished on_published) {
    if (text.size() > options_.limits.max_text_bytes)
        return on_published({.why = "the message is too long for the room's log"});
    if (!commands_.is_up()) return on_published({.why = "the rooms' store is away"});
    if (is_full())
        return on_published({.why = "the rooms' store is too slow"});
    commands_.send(redis::add_once(keys(room), key, text, options_.limits.room),
                   [on_published = std::move(on_published)](const redis::Reply* reply) {
                       // Given up: only Redis knows whether it was carried out. Its author may
                       // send it again, under the same key.
                       if (reply == nullptr)
                           return on_published({.why = "the rooms' store does not answer", .unknown = true});
                       if (const auto position = redis::position_in(*reply))
                           return on_published({.position = position});
                       on_published({.why = "the rooms' store refuses it: " + reply->text});
                   });
}

void RedisBackplane::read(std::string_view room, const Position& after, std::size_t most,
                          OnRead on_read) {
    if (is_full()) return on_read(std::nullopt);
    commands_.send(redis::read_after(keys(room), after, most),
                   [on_read = std::move(on_read)](const redis::Reply* reply) {
                       on_read(reply != nullptr ? redis::entries_in(*reply) : std::nullopt);
                   });
}

// --- following ----------------------------------------------------------------------------------

// A room that is left and followed again is another one: the generation tells that an answer was meant
// for the first.
void RedisBackplane::follow(std::string_view room, OnFollowed on_followed) {
    if (is_full()) return on_followed(std::nullopt);
    const std::string name{room};
    const std::uint64_t generation = ++generation_;
    rooms_[name] = Room{.generation = generation};
    rooms_by_log_[keys(room).log()] = name;
    commands_.send(redis::read_last(keys(room)),
                   [this, name, generation, on_followed = std::move(on_followed)](
                       const redis::Reply* reply) { placed(name, generation, reply, on_followed); });
}

void RedisBackplane::placed(const std::string& room, std::uint64_t generation,
                            const redis::Reply* reply, const OnFollowed& on_followed) {
    const auto found = rooms_.find(room);
    if (found == rooms_.end() || found->second.generation != generation) return;
    const auto last = reply != nullptr ? redis::entries_in(*reply) : std::nullopt;
    if (!last) return on_followed(std::nullopt);
    found->second.placed = true;
    if (!last->empty()) found->second.end = last->back().position;
    outdated_ = true;  // the XREAD that waits does not know of this room
    if (waiting_)
        wake_reader();
    else
        wait_for_more();
    on_followed(found->second.end);
}

void RedisBackplane::unfollow(std::string_view room) {
    const auto found = rooms_.find(room);
    if (found == rooms_.end()) return;
    found->second.names.clear();  // which says that nobody of ours is in it
    if (commands_.is_up()) say_here(found->first);
    changed_.erase(found->first);
    rooms_by_log_.erase(keys(room).log());
    rooms_.erase(found);
}

// After a new connection, before it waits: a Redis that has come back without its last entries, or
// a replica that never had them, may give their ids to others, after which nobody would look.
void RedisBackplane::check_ends() {
    for (const auto& [name, room] : rooms_) {
        if (!room.placed) continue;
        ++checking_;
        reader_.send(redis::read_last(keys(name)),
                     [this, name = name, generation = room.generation](const redis::Reply* reply) {
                         --checking_;
                         check_end(name, generation, reply);
                         wait_for_more();
                     });
    }
    wait_for_more();
}

void RedisBackplane::check_end(const std::string& room, std::uint64_t generation,
                               const redis::Reply* reply) {
    const auto found = rooms_.find(room);
    const auto last = redis::entries_in(*reply);
    // Followed anew since then, it has been placed by a later answer than this one.
    if (found == rooms_.end() || found->second.generation != generation || !last) return;
    const Position end = last->empty() ? Position{} : last->back().position;
    if (end >= found->second.end) return;
    found->second.end = end;
    if (listener_.on_rewind) listener_.on_rewind(room, end);
}

// The one blocking XREAD, for all rooms, each from where it is.
void RedisBackplane::wait_for_more() {
    if (waiting_ || checking_ > 0 || !reader_.is_up()) return;
    std::vector<std::pair<std::string, Position>> logs;
    for (const auto& [name, room] : rooms_)
        if (room.placed) logs.emplace_back(keys(name).log(), room.end);
    outdated_ = false;
    if (logs.empty()) return;
    waiting_ = true;
    reader_.send(redis::wait_for_entries(logs, entries_a_read, count(options_.block)),
                 [this](const redis::Reply* reply) { take(reply); });
}

// A blocked connection takes no command, so it is woken through the other one. The two race: where
// the XREAD has not arrived yet, Redis wakes nobody (0), and we ask again.
void RedisBackplane::wake_reader() {
    if (waking_ || !waiting_ || !outdated_) return;
    waking_ = true;
    commands_.send({"CLIENT", "UNBLOCK", std::to_string(reader_.id())},
                   [this](const redis::Reply*) {
                       waking_ = false;
                       wake_reader();
                   });
}

void RedisBackplane::take(const redis::Reply* reply) {
    waiting_ = false;
    const auto logs = redis::logs_in(*reply);
    if (!logs) return reader_.fail("no entries, but " + reply->text);
    for (const redis::LogEntries& log : *logs) tell(log);
    wait_for_more();
}

void RedisBackplane::tell(const redis::LogEntries& log) {
    const auto name = rooms_by_log_.find(log.log);
    if (name == rooms_by_log_.end()) return;
    // A copy: a member that hears an entry may leave, and the room may end.
    const std::string room = name->second;
    for (const Entry& entry : log.entries) {
        const auto found = rooms_.find(room);
        if (found == rooms_.end() || !found->second.placed || entry.position <= found->second.end) continue;
        found->second.end = entry.position;
        if (listener_.on_entry) listener_.on_entry(room, entry);
    }
}

// --- presence -----------------------------------------------------------------------------------

void RedisBackplane::here(std::string_view room, std::vector<std::string> names) {
    const auto found = rooms_.find(room);
    if (found == rooms_.end()) return;
    if (names.size() > options_.limits.max_names) names.resize(options_.limits.max_names);
    json::Array list;
    for (std::string& name : names) list.emplace_back(std::move(name));
    found->second.names = list.empty() ? "" : json::write(list);
    changed_.insert(found->first);
}

void RedisBackplane::say_here(const std::string& room) {
    const auto found = rooms_.find(room);
    if (found == rooms_.end()) return;
    commands_.send(
        redis::say_who_is_here(keys(room), server_, found->second.names, count(options_.alive),
                               options_.limits.room),
        [this, room](const redis::Reply* reply) {
            const auto lists = reply != nullptr ? redis::texts_in(*reply) : std::nullopt;
            if (!lists || !rooms_.contains(room) || !listener_.on_here) return;
            listener_.on_here(room, all_names(*lists));
        });
}

}  // namespace endpoint
