// A message in pieces, over a blocking connection: never more of it in memory than one read or
// one frame, whatever its size. Lesson 13. RFC 6455 §5.4, §5.6.
// The reader and the writer outlive neither their connection nor the block that they stand in.
// Leaves out: the event loop's way, Handlers::on_piece and LoopConnection::send_piece().
#pragma once

#include <string_view>

#include "endpoint/blocking.hpp"
#include "ws/utf8.hpp"

namespace endpoint {

// One message as it arrives. For one thread, the one that reads the connection:
//     while (auto reader = connection.next_reader()) {
//         while (auto piece = reader->next_piece()) use(*piece);
//         if (reader->complete()) ...
//     }
// A reader may be left before its end: then the rest is read and dropped, and never stored.
class BlockingConnection::MessageReader {
  public:
    // `first` is the first piece of the message that has just begun.
    MessageReader(BlockingConnection& connection, const Message& first);
    MessageReader(const MessageReader&) = delete;
    MessageReader& operator=(const MessageReader&) = delete;

    ws::Opcode type() const { return type_; }

    // The next bytes, at least one, cut where a read or a frame ended: a text may be cut within a
    // character. They live until the next call. Nothing at the end of the message, and when it
    // will never come; complete() tells which.
    std::optional<ws::Bytes> next_piece();

    // The same into memory of the caller's: how many bytes, 0 at the end.
    std::size_t read(ws::MutableBytes out);

    // All of the message has been handed out. False before that; and for good when the connection
    // ended in the middle (its error() says why), or when the next message has begun.
    bool complete() const { return last_ && rest_.empty(); }

  private:
    BlockingConnection& connection_;
    ws::Opcode type_;
    std::uint64_t number_;  // of this message
    ws::Bytes rest_;        // has arrived and was not handed out
    bool last_;             // nothing follows `rest_`
};

// One message as it is made. Other messages wait until it is finished, also those of the thread
// that has the writer, which must not write one meanwhile: it would wait for itself. Pings, pongs
// and a Close go in between.
class BlockingConnection::MessageWriter {
  public:
    // Use BlockingConnection::next_writer(). Waits for its turn.
    MessageWriter(BlockingConnection& connection, ws::Opcode type, std::size_t frame_bytes);
    MessageWriter(const MessageWriter&) = delete;
    MessageWriter& operator=(const MessageWriter&) = delete;

    // A message that was left unfinished (an exception, say) can neither be ended, for the peer
    // would take its first half for all of it, nor taken back. So the connection ends: Close 1011.
    // If no frame has left yet, nothing has happened, and nothing does.
    ~MessageWriter();

    // The next bytes. Returns when they have been taken, by the kernel or into the frame that is
    // being filled: a peer that reads slowly makes this wait (up to the write timeout). False: the
    // connection is closing or has ended, and the message is lost. Throws std::invalid_argument
    // when a text can no longer become UTF-8, whatever follows; then nothing of `bytes` was sent.
    bool write(ws::Bytes bytes);
    bool write(std::string_view text) { return write(ws::as_bytes(text)); }

    // The message is complete; the rest of it leaves. False as above. Throws when the text ends
    // within a character.
    bool finish();

  private:
    bool send_frame(bool last);
    void end_turn();

    BlockingConnection& connection_;
    ws::Opcode type_;
    std::size_t frame_bytes_;
    ws::Buffer frame_;  // the next frame's payload, while it is being filled
    ws::Utf8Validator utf8_;
    bool our_turn_ = false;
    bool begun_ = false;  // a frame of the message has left
};

using MessageReader = BlockingConnection::MessageReader;
using MessageWriter = BlockingConnection::MessageWriter;

}  // namespace endpoint
