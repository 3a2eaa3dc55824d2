// The place of an extension, RFC 6455 §5.8 and §9: what it says in the opening, and what it does to
// messages on their way. Lesson 8. An interface, so that the connection knows that messages may be
// changed, and not how; permessage-deflate (ws/deflate) is the one there is.
// Leaves out: more than one at a time, bits other than RSV1, frames of an extension's own.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ws/bytes.hpp"
#include "ws/error.hpp"

namespace ws {

class PreparedMessage;

inline constexpr std::uint8_t rsv1 = 4;  // as FrameHeader::rsv has it

// What was agreed on, for one connection.
class Extension {
  public:
    virtual ~Extension() = default;

    // The next part of a message, or the whole of it. What is to be sent in its place, with or
    // without RSV1 (which counts for the first part only); lives until the next call for any
    // connection of this extension.
    struct Outgoing {
        Bytes payload;
        std::uint8_t rsv = 0;
    };
    virtual Outgoing send(Bytes data, bool first, bool last) = 0;
    // The frame of a message that goes to many, where it is not the plain one; lives as long as the
    // message. Empty: the plain one.
    virtual Bytes frame_of(const PreparedMessage& message) = 0;

    // A part of a message that came with RSV1: take() it, then next() until nothing is left of it.
    struct Incoming {
        Bytes payload;  // lives until next() says `wants_more`, or is copied
        bool text;      // it is to be UTF-8 (§8.1)
        bool last;
        std::uint64_t most;  // bytes that the message may have
    };
    virtual void take(const Incoming& part) = 0;

    struct Part {
        enum Kind : std::uint8_t {
            wants_more,  // nothing is left of what was taken, and the message goes on
            data,        // the message, or (in pieces) the next part of it
            end,         // the same, and the message is complete
            error,       // a rule was broken
        };
        Kind kind;
        Bytes bytes{};  // live until the next call
        Errc errc = Errc::none;
    };
    // In pieces, what there is is handed out; otherwise the message is put together.
    virtual Part next(bool pieces) = 0;
    // The last message that next() has given is done with.
    virtual void release() = 0;
};

// What an endpoint knows of an extension; it makes the connections' part. Outlives them.
class Extensions {
  public:
    virtual ~Extensions() = default;

    // What a client writes into Sec-WebSocket-Extensions.
    virtual std::string offer() const = 0;
    // The client's connection after this answer: the elements of the same header. Null: it is no
    // answer to the offer, and the connection must be failed (§4.1).
    virtual std::unique_ptr<Extension> accept(std::span<const std::string_view> answered) = 0;
    // The server's connection after these offers, and what it says about it in `answer`. Null: none
    // of them, and the answer says nothing.
    virtual std::unique_ptr<Extension> choose(std::span<const std::string_view> offers,
                                              std::string& answer) = 0;
};

}  // namespace ws
