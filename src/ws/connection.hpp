// An open WebSocket connection as a value: bytes in, events and bytes out. Lesson 8.
// RFC 6455 §5.4 (messages), §5.5.2 and §5.5.3 (ping and pong), §7 (closing).
// Knows no socket and no clock, so the blocking endpoint, the tests and the fuzzers all drive
// the same code. The CONNECTING state is ws/handshake; a Connection begins when it has ended.
#pragma once

#include <memory>
#include <optional>

#include "ws/receiver.hpp"
#include "ws/sender.hpp"

namespace ws {

enum class State : std::uint8_t {
    open,     // messages go both ways
    closing,  // we have sent a Close and wait for the peer's
    closed,   // no more frames either way. The server now ends TCP; the client waits until it
              // does, and ends it itself when that takes too long (§7.1.1)
};

struct Event {
    enum Type : std::uint8_t {
        message,  // `opcode` and `data`, whole; after deliver_pieces() its next part, and `last`
        ping,     // `data`; it has been answered, or will be (see output_blocked)
        pong,     // `data`
        close,    // the peer's Close: `code` (1005: it had none) and `data`, the reason in UTF-8
        failed,   // the peer broke the rule `error`. It was told so, and the state is `closed`
    };
    Type type;
    Opcode opcode = Opcode::continuation;
    CloseCode code = close_code::none;
    Errc error = Errc::none;
    bool last = true;  // false: more parts of this message follow
    Bytes data{};      // lives until the next call of next() or feed()
};

class Connection {
  public:
    // A client needs a source of masking keys, which outlives the connection.
    explicit Connection(Role role, Limits limits = {}, KeySource* keys = nullptr) noexcept;

    // The next bytes from the peer, unmasked where they are. They live until next() has
    // returned nothing, and only then comes the next feed(). Ignored once closed.
    void feed(MutableBytes bytes);

    // The next event; nothing when more bytes are needed or the connection is closed. Answers
    // (pong, the echo of a Close, the Close that tells of an error) are appended to `out`.
    std::optional<Event> next(Buffer& out);

    // From now on messages come in pieces, as they arrive and wherever they lie, and nothing is
    // put together: a message may be larger than memory (§6.2). Every other rule and limit holds
    // as before. Called between two messages: before the first next(), or when it has just given
    // the last event of one.
    void deliver_pieces(bool pieces = true) { pieces_ = pieces; }

    // Another limit for the size of messages, for the frames that are read from now on: between
    // two messages, or in the middle of one, of which all frames count.
    void set_read_limit(std::uint64_t bytes) { receiver_.set_read_limit(bytes); }

    // Each appends frames to `out`; false, and nothing is appended, unless the state is open.
    // A text is UTF-8: that is the caller's promise, as is the order of fragments (ws/sender).
    bool send(Buffer& out, Opcode opcode, Bytes data);
    bool send_fragment(Buffer& out, Opcode opcode, Bytes data, bool last);
    bool ping(Buffer& out, Bytes data);
    bool pong(Buffer& out, Bytes data);

    // Begins the closing handshake with a code that may be sent, or 1005 for a Close without.
    // The reason is UTF-8, and cut to 123 bytes.
    bool close(Buffer& out, CloseCode code, std::string_view reason);

    // While the peer does not take our output, only the newest ping is kept, and answered when
    // this is called with false. RFC 6455 §5.5.3 allows it, and a flood costs no memory.
    void output_blocked(bool blocked, Buffer& out);

    State state() const { return state_; }
    // A message of fragments has begun and is not finished: until then, no other may begin.
    bool sending_message() const { return sender_.in_message(); }

  private:
    std::optional<Event> handle(const Piece& piece, Buffer& out);
    std::optional<Event> handle_data(const Piece& piece);
    std::optional<Event> collect(const Piece& piece);
    Event handle_ping(const Piece& piece, Buffer& out);
    Event handle_close(const Piece& piece, Buffer& out);
    Event fail(Errc errc, Buffer& out);
    void answer_ping(Bytes data, Buffer& out);
    void reserve(std::uint64_t needed);
    void end();

    Receiver receiver_;
    Sender sender_;
    Buffer message_;                     // exists only while a message is split over reads
    std::unique_ptr<Buffer> kept_ping_;  // exists only while output is blocked
    State state_ = State::open;
    bool blocked_ = false;
    bool pieces_ = false;
    bool delivered_ = false;  // message_ was handed out by the last next()
};

}  // namespace ws
