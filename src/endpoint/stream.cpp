// Messages in pieces over a blocking connection, RFC 6455 §5.4. Lesson 13.
// Reading is what endpoint/blocking does anyway, less the putting together. Writing keeps the turn
// of all writers from the first byte to the last, so that no other message comes in between.
#include "endpoint/stream.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>
#include <utility>

namespace endpoint {

// --- reading -------------------------------------------------------------------------------------

std::optional<MessageReader> BlockingConnection::next_reader() {
    Lock lock{mutex_};
    begin_reading(true, lock);
    const std::optional<Message> first = read(lock);
    if (!first) return std::nullopt;
    return std::optional<MessageReader>{std::in_place, *this, *first};
}

MessageReader::MessageReader(BlockingConnection& connection, const Message& first)
    : connection_{connection},
      type_{first.type},
      number_{connection.messages_begun_},
      rest_{first.data},
      last_{!connection.in_message_} {}

std::optional<ws::Bytes> MessageReader::next_piece() {
    if (number_ != connection_.messages_begun_) {
        rest_ = {};  // its bytes have gone with the buffer that they lay in
        last_ = false;
    }
    if (rest_.empty() && !last_ && number_ == connection_.messages_begun_) {
        Lock lock{connection_.mutex_};
        if (const std::optional<Message> piece = connection_.read(lock)) {
            rest_ = piece->data;
            last_ = !connection_.in_message_;
        }
    }
    if (rest_.empty()) return std::nullopt;
    return std::exchange(rest_, {});
}

std::size_t MessageReader::read(ws::MutableBytes out) {
    const std::optional<ws::Bytes> piece = next_piece();
    if (!piece) return 0;
    const std::size_t count = std::min(piece->size(), out.size());
    std::ranges::copy(piece->first(count), out.begin());
    rest_ = piece->subspan(count);
    return count;
}

// --- writing -------------------------------------------------------------------------------------

MessageWriter BlockingConnection::next_writer(ws::Opcode type, std::size_t frame_bytes) {
    return MessageWriter{*this, type, frame_bytes};
}

MessageWriter::MessageWriter(BlockingConnection& connection, ws::Opcode type,
                             std::size_t frame_bytes)
    : connection_{connection}, type_{type}, frame_bytes_{frame_bytes} {
    assert(frame_bytes > 0);
    assert(type == ws::Opcode::text || type == ws::Opcode::binary);
    Lock lock{connection_.mutex_};
    our_turn_ = connection_.wait_for_turn(lock, connection_.write_deadline_);
    if (our_turn_) connection_.streaming_ = true;
}

// A frame that was sent cannot be taken back. Its message would be continued by whatever is sent next,
// or keep everybody from sending for ever (§5.4); so the connection ends.
MessageWriter::~MessageWriter() {
    if (our_turn_ && begun_)
        connection_.close(ws::close_code::internal_error, "a message was left unfinished");
    end_turn();
}

// RFC 6455 §5.6: "Note that a particular text frame might include a partial UTF-8 sequence; however,
// the whole message MUST contain valid UTF-8."
bool MessageWriter::write(ws::Bytes bytes) {
    if (type_ == ws::Opcode::text && !utf8_.feed(bytes))
        throw std::invalid_argument{"a text message must be valid UTF-8 (RFC 6455 §5.6)"};
    while (our_turn_ && !bytes.empty()) {
        // A full frame waits for the next byte: if none comes, it is the last one, with FIN.
        if (frame_.size() == frame_bytes_ && !send_frame(false)) break;
        const ws::Bytes part = bytes.first(std::min(bytes.size(), frame_bytes_ - frame_.size()));
        ws::append(frame_, part);
        bytes = bytes.subspan(part.size());
    }
    return our_turn_;
}

bool MessageWriter::finish() {
    if (type_ == ws::Opcode::text && !utf8_.complete())
        throw std::invalid_argument{
            "a text message must not end within a character "
            "(RFC 6455 §5.6)"};
    const bool sent = our_turn_ && send_frame(true);
    end_turn();
    return sent;
}

// One frame at a time, and it waits while another thread sends: a ping's thread may be stuck with
// our bytes, and what is pending would grow with every frame of ours.
bool MessageWriter::send_frame(bool last) {
    bool sent = false;
    {
        Lock lock{connection_.mutex_};
        connection_.sending_done_.wait(lock, [this] { return !connection_.sending_; });
        const bool appended =
            connection_.protocol_.send_fragment(connection_.pending_, type_, frame_, last);
        sent = connection_.transmit(lock, appended, connection_.write_deadline_);
    }
    begun_ = true;
    frame_.clear();
    if (!sent) end_turn();
    return sent;
}

void MessageWriter::end_turn() {
    if (!std::exchange(our_turn_, false)) return;
    const Lock lock{connection_.mutex_};
    connection_.streaming_ = false;
    connection_.sending_done_.notify_all();
}

}  // namespace endpoint
