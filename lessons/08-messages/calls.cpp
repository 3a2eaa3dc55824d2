// What the judge of lesson 8 may ask of ws/close, ws/utf8, ws/receiver and ws/connection. Bytes go
// in, and what comes out is told piece by piece, event by event.
#include "endpoint/liveness.hpp"
#include "lessons/tools/check/calls/errc.hpp"
#include "ws/connection.hpp"

namespace {

using calls::Function;

// --- ws/close, ws/utf8 --------------------------------------------------------------------------

const Function may_be_sent{"may_be_sent", [](ws::CloseCode code) { return ws::may_be_sent(code); }};

const Function parse_close_body{"parse_close_body", [](ws::Buffer payload) {
    ws::CloseBody body;
    const ws::Errc errc = ws::parse_close_body(payload, body);
    return std::tuple{calls::name_of(errc), body.code, ws::Buffer(body.reason.begin(), body.reason.end())};
}};

const Function append_close_body{"append_close_body", [](ws::CloseCode code, std::string reason) {
    ws::Buffer out;
    ws::append_close_body(out, code, reason);
    return out;
}};

const Function is_utf8{"is_utf8", [](ws::Buffer text) { return ws::is_utf8(text); }};

// Was each piece right so far, and may the text end behind the last?
const Function validate{"Utf8Validator", [](std::vector<ws::Buffer> pieces) {
    ws::Utf8Validator validator;
    bool right = true;
    for (const ws::Buffer& piece : pieces) right = validator.feed(piece);
    return std::tuple{right, validator.complete()};
}};

// --- ws/receiver: a server's --------------------------------------------------------------------

// opcode, does it end its message, data
using Piece = std::tuple<ws::Opcode, bool, ws::Buffer>;

// What comes out of these reads, and the rule that was broken. `later`: another limit for messages
// from the second read on.
const Function receive{"receive", [](std::vector<ws::Buffer> reads, std::uint64_t max_message_bytes,
                                     std::uint32_t max_fragments, std::optional<std::uint64_t> later) {
    ws::Receiver receiver{ws::Role::server,
                          {.max_message_bytes = max_message_bytes, .max_fragments = max_fragments}};
    std::vector<Piece> pieces;
    for (ws::Buffer& read : reads) {
        receiver.feed(read);
        while (const auto piece = receiver.next())
            pieces.emplace_back(piece->opcode, piece->last, ws::Buffer(piece->data.begin(), piece->data.end()));
        if (later) receiver.set_read_limit(*later);
    }
    return std::tuple{pieces, calls::name_of(receiver.error())};
}};

// --- ws/connection: a server's ------------------------------------------------------------------

std::optional<ws::Connection> connection;
ws::Buffer out;

const Function begin{"Connection", [] {
    connection.emplace(ws::Role::server);
    out.clear();
}};

// type, opcode, code, the broken rule, data
using Event = std::tuple<ws::Event::Type, ws::Opcode, ws::CloseCode, std::string, ws::Buffer>;

const Function feed{"feed", [](ws::Buffer read) {
    connection->feed(read);
    std::vector<Event> events;
    while (const auto event = connection->next(out))
        events.emplace_back(event->type, event->opcode, event->code, calls::name_of(event->error),
                            ws::Buffer(event->data.begin(), event->data.end()));
    return events;
}};

// Many reads of the same bytes between a first and a last one. The bytes of the messages.
const Function feed_often{"feed_often", [](ws::Buffer first, ws::Buffer middle, int times, ws::Buffer last) {
    std::vector<std::size_t> sizes;
    for (int i = 0; i < times + 2; ++i) {
        ws::Buffer read{i == 0 ? first : i <= times ? middle : last};  // unmasked where it lies
        connection->feed(read);
        while (const auto event = connection->next(out))
            if (event->type == ws::Event::message) sizes.push_back(event->data.size());
    }
    return sizes;
}};

const Function output_blocked{"output_blocked", [](bool blocked) { connection->output_blocked(blocked, out); }};

const Function close{"close", [](ws::CloseCode code, std::string reason) {
    return connection->close(out, code, reason);
}};

// All that has left so far.
const Function sent{"sent", [] { return out; }};

const Function state{"state", [] { return connection->state(); }};

const Function tcp_end{"tcp_end", [] { return connection->tcp_end(); }};

}  // namespace

// As in this lesson's programs. Nothing here asks for it; endpoint/blocking is linked, too.
std::unique_ptr<endpoint::Liveness> endpoint::liveness(const ConnectionOptions&) { return nullptr; }
