// The commands and the scripts. Lesson 16.
// A script is the only way to do "unless it is known already, add it" in one step: between two
// commands of ours, another server's could come.
#include "redis/room_log.hpp"

namespace redis {

namespace {

// KEYS: log, said. ARGV: most entries, text, keep_room, keep_key. With '~' Redis drops whole nodes of
// its tree only, which is cheap, and keeps some entries more. %d, for Lua's numbers are doubles, and
// large ones would be written as 1e+15.
constexpr std::string_view add_once_script = R"(
local known = redis.call('GET', KEYS[2])
if known then return known end
local number = 1
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if last then number = tonumber(last[2][2]) + 1 end
number = string.format('%d', number)
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'n', number, 'text', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], id .. '/' .. number, 'PX', ARGV[4])
return id .. '/' .. number
)";

// KEYS: here, log. ARGV: server, who, alive, keep_room. The time is that of Redis: the servers'
// clocks need not agree.
constexpr std::string_view here_script = R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%d %s', now + ARGV[3], ARGV[2]))
end
local here = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local till, who = string.match(all[i + 1], '^(%d+) (.*)$')
  if tonumber(till) < now then
    redis.call('HDEL', KEYS[1], all[i])
  else
    here[#here + 1] = who
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[3] * 2)
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return here
)";

// [id, ["n", number, "text", text]].
std::optional<Entry> entry_in(const Reply& reply) {
    if (reply.items.size() != 2 || reply.items[1].items.size() != 4) return std::nullopt;
    const std::vector<Reply>& fields = reply.items[1].items;
    auto position = parse_position(reply.items[0].text + '/' + fields[1].text);
    if (!position || fields[0].text != "n" || fields[2].text != "text") return std::nullopt;
    return Entry{*position, fields[3].text};
}

// Log, entries, log, entries.
bool add_logs(const std::vector<Reply>& items, std::vector<LogEntries>& logs) {
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
        auto entries = entries_in(items[i + 1]);
        if (!entries || !items[i].is_text()) return false;
        logs.push_back({items[i].text, std::move(*entries)});
    }
    return true;
}

}  // namespace

Command add_once(const RoomKeys& keys, std::string_view key, std::string_view text,
                 const RoomLimits& limits) {
    return {"EVAL", add_once_script, "2", keys.log(), keys.said(key),
            std::to_string(limits.most_entries), text, std::to_string(limits.keep_room_ms),
            std::to_string(limits.keep_key_ms)};
}

Command read_after(const RoomKeys& keys, const Position& after, std::size_t most) {
    return {"XRANGE", keys.log(), after.next_id(), "+", "COUNT", std::to_string(most)};
}

Command read_last(const RoomKeys& keys) {
    return {"XREVRANGE", keys.log(), "+", "-", "COUNT", "1"};
}

Command wait_for_entries(const std::vector<std::pair<std::string, Position>>& logs, std::size_t most,
                         std::uint64_t wait_ms) {
    Command command{"XREAD", "COUNT", std::to_string(most), "BLOCK", std::to_string(wait_ms), "STREAMS"};
    for (const auto& [log, position] : logs) command.add(log);
    for (const auto& [log, position] : logs) command.add(position.id());
    return command;
}

Command say_who_is_here(const RoomKeys& keys, std::string_view server, std::string_view who,
                        std::uint64_t alive_ms, const RoomLimits& limits) {
    return {"EVAL", here_script, "2", keys.here(), keys.log(), server, who, std::to_string(alive_ms),
            std::to_string(limits.keep_room_ms)};
}

std::optional<Position> position_in(const Reply& reply) {
    return reply.is_text() ? parse_position(reply.text) : std::nullopt;
}

std::optional<std::vector<Entry>> entries_in(const Reply& reply) {
    if (!reply.is_array()) return std::nullopt;
    std::vector<Entry> entries;
    for (const Reply& item : reply.items) {
        auto entry = entry_in(item);
        if (!entry) return std::nullopt;
        entries.push_back(std::move(*entry));
    }
    return entries;
}

std::optional<std::vector<std::string>> texts_in(const Reply& reply) {
    if (!reply.is_array()) return std::nullopt;
    std::vector<std::string> texts;
    for (const Reply& item : reply.items) {
        if (!item.is_text()) return std::nullopt;
        texts.push_back(item.text);
    }
    return texts;
}

// RESP3: a map, {log: entries, ...}. RESP2: pairs, [[log, entries], ...]. Nothing: the time was over first.
std::optional<std::vector<LogEntries>> logs_in(const Reply& reply) {
    std::vector<LogEntries> logs;
    if (reply.is_nothing()) return logs;
    if (reply.is_map() && add_logs(reply.items, logs)) return logs;
    if (!reply.is_array()) return std::nullopt;
    for (const Reply& pair : reply.items)
        if (pair.items.size() != 2 || !add_logs(pair.items, logs)) return std::nullopt;
    return logs;
}

}  // namespace redis
