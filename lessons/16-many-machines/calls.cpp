// What the judge of lesson 16 may ask: replies read from pieces, and waits. The connection to Redis, the
// rooms and the client's session are judged through the programs: the judge plays Redis, and a server.
#include "lessons/tools/check/calls/calls.hpp"
#include "redis/reply_reader.hpp"
#include "ws/backoff.hpp"
#include "ws/bytes.hpp"

namespace {

using calls::Function;

// As it is shown: +OK, -ERR x, :7, "hello", nothing, [:1 [] "a"]; {"a" :1} for a map.
std::string shown(const redis::Reply& reply) {
    switch (reply.kind) {
        case redis::Reply::Kind::status: return '+' + reply.text;
        case redis::Reply::Kind::error: return '-' + reply.text;
        case redis::Reply::Kind::integer: return ':' + std::to_string(reply.integer);
        case redis::Reply::Kind::text: return '"' + reply.text + '"';
        case redis::Reply::Kind::nothing: return "nothing";
        case redis::Reply::Kind::array:
        case redis::Reply::Kind::map: break;
    }
    std::string text = reply.is_map() ? "{" : "[";
    for (const redis::Reply& item : reply.items) text += (text.size() > 1 ? " " : "") + shown(item);
    return text + (reply.is_map() ? '}' : ']');
}

// The replies in these pieces, whether the stream is broken, and the limits that hold: of a text's
// bytes, of an array's items, of arrays within arrays, of a whole reply.
const Function replies{"replies", [](std::vector<ws::Buffer> pieces, std::size_t text, std::size_t items,
                                     std::size_t depth, std::size_t reply) {
    redis::ReplyLimits limits;
    limits.max_text_bytes = text;
    limits.max_items = items;
    limits.max_depth = depth;
    limits.max_reply_bytes = reply;
    redis::ReplyReader reader{limits};
    std::vector<std::string> all;
    for (const ws::Buffer& piece : pieces) {
        reader.feed(ws::as_text(piece));
        // One byte of a stream completes one reply at most: more of them would have no end.
        while (const auto next = reader.next()) {
            all.push_back(shown(*next));
            if (all.size() > 1000) return std::tuple{all, false};
        }
    }
    return std::tuple{all, !reader.failed().empty()};
}};

const Function next_wait{"next_wait", [](std::uint32_t first, std::uint32_t most, unsigned failures,
                                         std::uint32_t chance) {
    ws::Backoff backoff{.first = first, .most = most, .failures = failures};
    const std::uint32_t wait = backoff.next(chance);
    return std::tuple{wait, backoff.failures};
}};

}  // namespace
