// Answers compared: as prepared bytes, or frame by frame.
#include "clients/load/answers.hpp"

#include <algorithm>
#include <cstring>

namespace load {

std::uint64_t Answers::take(ws::MutableBytes bytes, ws::Buffer& out) {
    const std::uint64_t before = number_;
    if (!connection_) {
        bytes = bytes.subspan(compare(bytes));
        if (bytes.empty()) return number_ - before;
        if (offset_ >= prepared_->header_bytes())
            error_ = "message " + std::to_string(number_) + " came back with a wrong payload";
        else
            begin_reading_frames();
    }
    const std::uint64_t compared = number_ - before;
    return error_.empty() ? compared + read_frames(bytes, out) : compared;
}

// How many bytes at the front are the expected ones. Sets number_ and offset_ to what follows.
std::size_t Answers::compare(ws::Bytes bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ws::Bytes rest = bytes.subspan(done);
        const ws::Bytes expected = prepared_->expected(number_, offset_, rest.size() + 1);
        const std::size_t size = std::min(rest.size(), expected.size());
        std::size_t same = size;
        if (std::memcmp(rest.data(), expected.data(), size) != 0)
            same = static_cast<std::size_t>(
                std::ranges::mismatch(rest.first(size), expected).in1 - rest.begin());
        done += same;
        offset_ += same;
        number_ += offset_ / prepared_->answer_bytes();
        offset_ %= prepared_->answer_bytes();
        if (same < size) break;
    }
    return done;
}

// The header at hand is another one than the prepared one, but began with the same bytes.
void Answers::begin_reading_frames() {
    ws::Limits limits;
    limits.max_message_bytes = std::uint64_t{1} << 32;
    limits.max_fragments = 1u << 31;
    connection_ = std::make_unique<ws::Connection>(ws::Role::client, limits, keys_);
    connection_->deliver_pieces();
    const ws::Bytes begun = prepared_->expected(number_, 0, 1).first(offset_);
    ws::Buffer header{begun.begin(), begun.end()};
    ws::Buffer no_answer;
    connection_->feed(header);
    connection_->next(no_answer);
    offset_ = 0;
}

std::uint64_t Answers::read_frames(ws::MutableBytes bytes, ws::Buffer& out) {
    std::uint64_t messages = 0;
    connection_->feed(bytes);
    while (const auto event = connection_->next(out)) {
        if (handle(*event)) ++messages;
        if (!error_.empty()) break;
    }
    return messages;
}

// True: a message is complete.
bool Answers::handle(const ws::Event& event) {
    switch (event.type) {
        case ws::Event::message: return take_piece(event);
        case ws::Event::failed: error_ = std::string{ws::rule(event.error).sentence}; break;
        case ws::Event::close: close_code_ = event.code; break;
        case ws::Event::ping:
        case ws::Event::pong: break;
    }
    return false;
}

bool Answers::take_piece(const ws::Event& piece) {
    const ws::Bytes rest = prepared_->payload(number_).subspan(offset_);
    const std::string message = "message " + std::to_string(number_);
    if (piece.opcode != prepared_->opcode()) {
        error_ = message + " came back with another opcode";
    } else if (piece.data.size() > rest.size()) {
        error_ = message + " came back longer than it was sent";
    } else if (!std::ranges::equal(piece.data, rest.first(piece.data.size()))) {
        error_ = message + " came back with a wrong payload";
    } else if (piece.last && piece.data.size() < rest.size()) {
        error_ = message + " came back shorter than it was sent";
    }
    if (!error_.empty()) return false;
    offset_ = piece.last ? 0 : offset_ + piece.data.size();
    if (piece.last) ++number_;
    return piece.last;
}

}  // namespace load
