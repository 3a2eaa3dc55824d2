// What a piece means for an open connection: RFC 6455 §5.4, §5.5, §7. Lesson 8.
// The receiver has applied the rules of frames and messages before. Here messages are put together
// if they must be, pings and Closes answered, and the state moves on: open, closing, closed.
#include "ws/connection.hpp"

#include <algorithm>
#include <utility>

namespace ws {

namespace {

// How much more than what has arrived of a message may be reserved when its header announces
// that much. An announced length alone gets no memory: the peer has to send for it. And a large
// message is still moved no more than a few times while it grows.
constexpr std::uint64_t credit = 32;

}  // namespace

Connection::Connection(Role role, Limits limits, KeySource* keys) noexcept
    : receiver_{role, limits}, sender_{role, keys}, role_{role} {}

void Connection::extend(std::unique_ptr<Extension> extension) {
    extension_ = std::move(extension);
    if (extension_) receiver_.expect_rsv1();
}

void Connection::feed(MutableBytes bytes) {
    // RFC 6455 §1.4: "after receiving a control frame indicating the connection should be closed,
    // a peer discards any further data received."
    if (state_ != State::closed) receiver_.feed(bytes);
}

// Hands a piece to the extension, which gives what it stands for piece by piece.
void Connection::extend(const Piece& piece) {
    extension_->take({piece.data, piece.opcode == Opcode::text, piece.last,
                      receiver_.limits().max_message_bytes});
    extending_ = true;
    extended_ = piece.opcode;
}

std::optional<Event> Connection::next(Buffer& out, SpareBuffers* spare) {
    if (delivered_) forget_message(spare);
    while (state_ != State::closed) {
        if (extending_) {
            if (auto event = handle_extended(out)) return event;
            continue;
        }
        const std::optional<Piece> piece = receiver_.next();
        if (!piece && receiver_.error() == Errc::none) return std::nullopt;
        if (!piece) return fail(receiver_.error(), out);
        if (piece->extended) {
            extend(*piece);
            continue;
        }
        // Most pieces are a whole message. It is built where our caller wants it: a copy of something
        // just written makes the processor wait, a tenth of the time that a small message takes here.
        if (piece->last && message_.empty() && !is_control(piece->opcode))
            return Event{.type = Event::message, .opcode = piece->opcode, .data = piece->data};
        if (pieces_ || piece->last) return handle(*piece, out);
        if (spare != nullptr && message_.capacity() == 0) take_spare(*spare, *piece);
        collect(*piece);
    }
    return std::nullopt;
}

// For a message whose frame is large, of which this is the first part.
void Connection::take_spare(SpareBuffers& spare, const Piece& first) {
    if (first.data.size() + receiver_.frame_bytes_left() >= SpareBuffers::least_bytes)
        message_ = spare.take();
}

// It has been handed out, and what was made of it is made.
void Connection::forget_message(SpareBuffers* spare) {
    if (spare != nullptr) spare->give(std::move(message_));
    message_ = {};
    if (extension_) extension_->release();
    delivered_ = false;
}

std::optional<Event> Connection::handle(const Piece& piece, Buffer& out) {
    switch (piece.opcode) {
        case Opcode::ping: return handle_ping(piece, out);
        case Opcode::pong: return Event{.type = Event::pong, .data = piece.data};
        case Opcode::close: return handle_close(piece, out);
        default: return handle_data(piece);
    }
}

std::optional<Event> Connection::handle_data(const Piece& piece) {
    if (!pieces_) return collect(piece);
    return Event{
        .type = Event::message, .opcode = piece.opcode, .last = piece.last, .data = piece.data};
}

// Puts a message together that comes in more than one piece; next() has handed on those that do not.
std::optional<Event> Connection::collect(const Piece& piece) {
    reserve(message_.size() + piece.data.size());
    message_.append(piece.data);
    if (!piece.last) return std::nullopt;
    delivered_ = true;
    return Event{.type = Event::message, .opcode = piece.opcode, .data = message_.bytes()};
}

// Makes room in the message for the bytes needed now, and for what is known to follow. Doubling
// keeps a message of many small fragments from being moved with each of them.
void Connection::reserve(std::uint64_t needed) {
    if (message_.capacity() >= needed) return;
    const std::uint64_t announced = needed + receiver_.frame_bytes_left();
    const std::uint64_t doubled = 2 * std::uint64_t{message_.capacity()};
    const std::uint64_t room = std::max(doubled, std::min(announced, credit * needed));
    // The receiver lets no message become larger than that, so more room would never be used.
    const std::uint64_t most = receiver_.limits().max_message_bytes;
    message_.reserve(static_cast<std::size_t>(std::min(room, most)));
}

MutableBytes Connection::room(std::size_t most) {
    const std::uint64_t left = receiver_.frame_bytes_left();
    if (left == 0 || message_.empty() || message_.size() + left <= most) return {};
    const MutableBytes room = message_.room();
    return room.first(static_cast<std::size_t>(std::min<std::uint64_t>(left, room.size())));
}

// What an extension makes of a piece that it was given.
std::optional<Event> Connection::handle_extended(Buffer& out) {
    using Part = Extension::Part;
    const Part part = extension_->next(pieces_);
    extending_ = part.kind == Part::data;
    if (part.kind == Part::wants_more) return std::nullopt;
    if (part.kind == Part::error) return fail(part.errc, out);
    delivered_ = part.kind == Part::end;
    return Event{.type = Event::message,
                 .opcode = extended_,
                 .last = part.kind == Part::end,
                 .data = part.bytes};
}

// RFC 6455 §5.5.2: "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in
// response, unless it already received a Close frame." So also after our own Close, which ends
// our data frames only (§5.5.1).
Event Connection::handle_ping(const Piece& piece, Buffer& out) {
    answer_ping(piece.data, out);
    return {.type = Event::ping, .data = piece.data};
}

void Connection::answer_ping(Bytes data, Buffer& out) {
    if (!blocked_) {
        sender_.control(out, Opcode::pong, data);
    } else {
        // RFC 6455 §5.5.3: "If an endpoint receives a Ping frame and has not yet sent Pong
        // frame(s) in response to previous Ping frame(s), the endpoint MAY elect to send a Pong
        // frame for only the most recently processed Ping frame."
        if (!kept_ping_) kept_ping_ = std::make_unique<Buffer>();
        kept_ping_->assign(data.begin(), data.end());
    }
}

void Connection::output_blocked(bool blocked, Buffer& out) {
    blocked_ = blocked;
    if (blocked || !kept_ping_) return;
    sender_.control(out, Opcode::pong, *kept_ping_);
    kept_ping_.reset();
}

Event Connection::handle_close(const Piece& piece, Buffer& out) {
    CloseBody body;
    if (const Errc errc = parse_close_body(piece.data, body); errc != Errc::none)
        return fail(errc, out);
    // After a Close of ours, close() sends nothing: this is the answer to it.
    // RFC 6455 §5.5.1: "If an endpoint receives a Close frame and did not previously send a Close
    // frame, the endpoint MUST send a Close frame in response. (When sending a Close frame in
    // response, the endpoint typically echos the status code it received.)"
    close(out, body.code, as_text(body.reason));
    end();
    return {.type = Event::close, .code = body.code, .data = body.reason};
}

// RFC 6455 §7.1.7, _Fail the WebSocket Connection_: say why, unless a Close was sent before.
Event Connection::fail(Errc errc, Buffer& out) {
    close(out, rule(errc).close_code, rule(errc).sentence);
    failed_ = true;
    end();
    return {.type = Event::failed, .code = rule(errc).close_code, .error = errc};
}

// It may take a while until TCP has ended as well; a message that will never be whole and a pong
// that will never be sent do not wait for that.
void Connection::end() {
    state_ = State::closed;
    // §1.4: what follows the last frame is discarded.
    receiver_.move_unread({});
    message_ = {};
    kept_ping_.reset();
    extending_ = false;
}

// RFC 6455 §7.1.1: "As such, when a server is instructed to _Close the WebSocket Connection_ it
// SHOULD initiate a TCP Close immediately, and when a client is instructed to do the same, it
// SHOULD wait for a TCP Close from the server."
TcpEnd Connection::tcp_end() const {
    if (state_ != State::closed) return TcpEnd::not_yet;
    if (role_ == Role::client) return TcpEnd::await;
    // A peer that broke a rule may still be sending. A socket that is closed with bytes unread resets
    // the connection, and our Close, which says what was wrong, could be lost with it.
    return failed_ ? TcpEnd::drain : TcpEnd::now;
}

bool Connection::send(Buffer& out, Opcode opcode, Bytes data) {
    if (state_ != State::open) return false;
    if (extension_) {
        const Extension::Outgoing sent = extension_->send(data, true, true);
        sender_.message(out, opcode, sent.payload, sent.rsv);
    } else {
        sender_.message(out, opcode, data);
    }
    return true;
}

bool Connection::send(Buffer& out, const PreparedMessage& message) {
    if (state_ != State::open) return false;
    const Bytes frame = extension_ ? extension_->frame_of(message) : Bytes{};
    if (frame.empty())
        sender_.message(out, message);
    else
        append(out, frame);
    return true;
}

bool Connection::send_in_place(Buffer& out, Opcode opcode, Bytes& data) {
    if (state_ != State::open) return false;
    if (extension_) {
        send(out, opcode, data);
        // What leaves is what the extension has made of it, and that is in `out`.
        data = {};
    } else {
        data = sender_.message_in_place(out, opcode, data);
    }
    return true;
}

bool Connection::send_fragment(Buffer& out, Opcode opcode, Bytes data, bool last) {
    if (state_ != State::open) return false;
    Extension::Outgoing sent{data};
    if (extension_) sent = extension_->send(data, !sender_.in_message(), last);
    sender_.fragment(out, opcode, sent.payload, last, sent.rsv);
    return true;
}

bool Connection::ping(Buffer& out, Bytes data) {
    if (state_ != State::open) return false;
    sender_.control(out, Opcode::ping, data);
    return true;
}

bool Connection::pong(Buffer& out, Bytes data) {
    if (state_ != State::open) return false;
    sender_.control(out, Opcode::pong, data);
    return true;
}

bool Connection::close(Buffer& out, CloseCode code, std::string_view reason) {
    if (state_ != State::open) return false;
    sender_.close(out, code, reason);
    state_ = State::closing;
    return true;
}

}  // namespace ws
