// What every endpoint hands to its application: messages, and at last the reason why no more come.
// Lesson 8. RFC 6455 §5.6, §7.1.5, §7.1.6.
// Leaves out: how the bytes came; a blocking connection and an event loop say the same.
#pragma once

#include <initializer_list>
#include <string>

#include "ws/close.hpp"
#include "ws/frame.hpp"

namespace endpoint {

// Why no more messages come. The code is always the one that a browser would show.
struct Error {
    enum class Kind : std::uint8_t {
        none,       // the connection is open
        closed,     // the closing handshake: `code` and `reason` are the peer's
        rule,       // the peer broke `rule`; it was told so with `code`
        lost,       // the bytes ended without a Close: 1006, `reason` is the system's word
        timed_out,  // the peer took too long: 1006, `reason` says with what
    };
    Kind kind = Kind::none;
    ws::CloseCode code = ws::close_code::none;
    std::string reason{};  // not escaped
    ws::Errc rule = ws::Errc::none;

    // Without a Close. Why (errno); 0: the stream has ended.
    static Error lost_connection(int error);

    // Did the connection end by a closing handshake with one of these codes? By default those
    // with which a conversation normally ends.
    bool expected(std::initializer_list<ws::CloseCode> codes = {
                      ws::close_code::normal, ws::close_code::going_away,
                      ws::close_code::none}) const;

    // One line for people, safe to print.
    std::string message() const;
};

struct Message {
    ws::Opcode type;  // text or binary
    ws::Bytes data;   // lives until the next read_message()

    // One line for people, safe to print: the text, or "3 bytes [00 FF 10]"; long ones shortened.
    std::string to_string() const;
};

// The next part of a message, as it has arrived: lesson 13.
struct MessagePiece {
    ws::Opcode type;  // of the message, in each of its pieces
    bool last;        // the message is complete; this piece may be empty, others are not
    ws::Bytes data;   // a text may be cut within a character; lives until its handler returns
};

}  // namespace endpoint
