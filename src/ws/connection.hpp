// An open WebSocket connection as a value: bytes in, events and bytes out. Lesson 8.
// RFC 6455 §5.4 (messages), §5.5.2 and §5.5.3 (ping and pong), §7 (closing).
// Knows no socket and no clock, so the blocking endpoint, the tests and the fuzzers all drive
// the same code. The CONNECTING state is ws/handshake; a Connection begins when it has ended.
#pragma once

#include <memory>
#include <optional>

#include "ws/receiver.hpp"
#include "ws/sender.hpp"
#include "ws/spare_buffers.hpp"

namespace ws {

enum class State : std::uint8_t {
    open,     // messages go both ways
    closing,  // we have sent a Close and wait for the peer's
    closed,   // no more frames either way; see tcp_end()
};

// What is to become of TCP once all that was appended has left. RFC 6455 §7.1.1: "The underlying
// TCP connection, in most normal cases, SHOULD be closed first by the server, so that it holds the
// TIME_WAIT state and not the client".
enum class TcpEnd : std::uint8_t {
    not_yet,  // frames are still to come, or to be sent
    now,      // a server: both Closes are through, and nothing can follow
    drain,    // a server that failed the connection, while its peer may still be sending: it ends
              // its own side, then reads and drops. Unread bytes would turn the end into a reset,
              // and that may overtake the Close that says what was wrong
    await,    // a client: reads and drops until the server has ended TCP, and ends it itself only
              // when that takes too long
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

    // The opening has agreed on an extension (§9): messages go through it, both ways. Before the
    // first frame.
    void extend(std::unique_ptr<Extension> extension);
    const Extension* extension() const { return extension_.get(); }
    // An extension holds bytes from which next() will make another event.
    bool holds_more() const { return extending_; }

    // The next bytes from the peer, unmasked where they are. They live until next() has
    // returned nothing, and only then comes the next feed(). Ignored once closed.
    void feed(MutableBytes bytes);

    // What feed() gave and next() has not looked at yet: a caller that stops in the middle, because it
    // is the next client's turn, moves it to a place of its own, and goes on with next() later.
    Bytes unread() const { return receiver_.unread(); }
    void move_unread(MutableBytes to) { receiver_.move_unread(to); }

    // Where the next bytes belong, of a message that is being put together and has more than `most`.
    // To read them there, and feed() them from there, saves their copy. Empty: there is no such
    // message, or what comes next is a header.
    MutableBytes room(std::size_t most);

    // The next event; nothing when more bytes are needed or the connection is closed. Answers
    // (pong, the echo of a Close, the Close that tells of an error) are appended to `out`. With
    // `spare`, the memory for large messages that have to be put together comes from there.
    std::optional<Event> next(Buffer& out, SpareBuffers* spare = nullptr);

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
    bool send(Buffer& out, const PreparedMessage& message);
    // For a large message, without a copy: `data` becomes what has to follow `out` on the wire. It
    // stays where it lies, or is empty where the payload was changed on its way (ws/sender).
    bool send_in_place(Buffer& out, Opcode opcode, Bytes& data);
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
    // Who ends TCP, and when. What remains to a driver is the limit of time for it.
    TcpEnd tcp_end() const;
    // A message of fragments has begun and is not finished: until then, no other may begin.
    bool sending_message() const { return sender_.in_message(); }

  private:
    std::optional<Event> handle(const Piece& piece, Buffer& out);
    std::optional<Event> handle_data(const Piece& piece);
    std::optional<Event> collect(const Piece& piece);
    void extend(const Piece& piece);
    std::optional<Event> handle_extended(Buffer& out);
    Event handle_ping(const Piece& piece, Buffer& out);
    Event handle_close(const Piece& piece, Buffer& out);
    Event fail(Errc errc, Buffer& out);
    void answer_ping(Bytes data, Buffer& out);
    void reserve(std::uint64_t needed);
    void take_spare(SpareBuffers& spare, const Piece& first);
    void forget_message(SpareBuffers* spare);
    void end();

    Receiver receiver_;
    MessageBuffer message_;                 // has memory only while a message is split over reads
    std::unique_ptr<Buffer> kept_ping_;     // exists only while output is blocked
    std::unique_ptr<Extension> extension_;  // null: none was agreed on
    // What follows it takes the room that its last bytes leave: ten thousand of these are idle.
    [[no_unique_address]] Sender sender_;
    State state_ : 2 = State::open;
    Role role_ : 1;
    bool failed_ : 1 = false;  // the peer broke a rule; its Close has not come
    bool blocked_ : 1 = false;
    bool pieces_ : 1 = false;
    bool delivered_ : 1 = false;      // message_ was handed out by the last next()
    bool extending_ : 1 = false;      // the extension has not given all of what it has taken
    Opcode extended_ = Opcode::text;  // of the message that it works on
};

}  // namespace ws
