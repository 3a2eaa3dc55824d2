// The naive twin of ws/frame: bytes one after the other, no table, no trick.
// RFC 6455 §5.2, §5.3.
#include "lessons/tools/check/frame.hpp"

#include <algorithm>

namespace check {

namespace {

void append_number(Buffer& out, std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t number(Bytes bytes) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes) value = value * 256 + byte;
    return value;
}

// "first", "second", ...
std::string ordinal(std::size_t index) {
    constexpr std::array names{"first", "second", "third", "fourth",
                               "fifth", "sixth",  "seventh", "eighth"};
    return index < names.size() ? names[index] : std::to_string(index + 1) + "th";
}

}  // namespace

Buffer masked_with(Key key, Bytes bytes) {
    Buffer out(bytes.begin(), bytes.end());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] ^= key[i % 4];
    return out;
}

Frame Frame::masked(Key key) const {
    Frame frame = *this;
    frame.key_ = key;
    return frame;
}

Frame Frame::any_key() const {
    Frame frame = masked({});
    frame.any_key_ = true;
    return frame;
}

Frame Frame::unmasked() const {
    Frame frame = *this;
    frame.key_.reset();
    return frame;
}

Frame Frame::not_last() const {
    Frame frame = *this;
    frame.fin_ = false;
    return frame;
}

Frame Frame::rsv(unsigned bits) const {
    Frame frame = *this;
    frame.rsv_ = static_cast<std::uint8_t>(bits & 7);
    return frame;
}

Frame Frame::opcode(unsigned number) const {
    Frame frame = *this;
    frame.op_ = static_cast<std::uint8_t>(number & 15);
    return frame;
}

Frame Frame::length_in(int bytes) const {
    Frame frame = *this;
    frame.length_bytes_ = bytes;
    return frame;
}

Frame Frame::announcing(std::uint64_t length) const {
    Frame frame = *this;
    frame.announced_ = length;
    return frame;
}

Buffer Frame::header() const {
    const std::uint64_t length = announced_.value_or(payload_.size());
    int length_bytes = length_bytes_;
    if (length_bytes < 0) length_bytes = length <= 125 ? 0 : length <= 65535 ? 2 : 8;
    Buffer out;
    out.push_back(static_cast<std::uint8_t>((fin_ ? 0x80 : 0) | rsv_ << 4 | op_));
    const std::uint64_t field = length_bytes == 2 ? 126 : length_bytes == 8 ? 127 : length;
    out.push_back(static_cast<std::uint8_t>((key_ ? 0x80U : 0U) | field));
    if (length_bytes > 0) append_number(out, length, length_bytes);
    if (key_) out.insert(out.end(), key_->begin(), key_->end());
    return out;
}

Buffer Frame::bytes() const {
    Buffer out = header();
    const Buffer body = key_ ? masked_with(*key_, payload_) : payload_;
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

Frame text(std::string_view payload) { return {Op::text, bytes_of(payload)}; }
Frame binary(Bytes payload) { return {Op::binary, payload}; }
Frame continuation(std::string_view payload) { return {Op::continuation, bytes_of(payload)}; }
Frame ping(std::string_view payload) { return {Op::ping, bytes_of(payload)}; }
Frame pong(std::string_view payload) { return {Op::pong, bytes_of(payload)}; }
Frame close() { return {Op::close, {}}; }

Frame close(std::uint16_t code, std::string_view reason) {
    Buffer body;
    append_number(body, code, 2);
    body.insert(body.end(), reason.begin(), reason.end());
    return {Op::close, body};
}

std::uint16_t Seen::close_code() const {
    return payload.size() < 2 ? std::uint16_t{0}
                              : static_cast<std::uint16_t>(payload[0] * 256 + payload[1]);
}

Buffer joined(const std::vector<Frame>& frames, const std::optional<Key>& key) {
    Buffer bytes;
    for (const Frame& frame : frames) {
        const Buffer one = (key ? frame.masked(*key) : frame).bytes();
        bytes.insert(bytes.end(), one.begin(), one.end());
    }
    return bytes;
}

Seen read_frame(Bytes bytes) {
    Seen seen;
    seen.size = bytes.size();
    if (bytes.empty()) return seen;
    seen.fin = (bytes[0] & 0x80) != 0;
    seen.rsv = bytes[0] >> 4 & 7;
    seen.opcode = bytes[0] & 0x0F;
    if (bytes.size() < 2) return seen;
    seen.masked = (bytes[1] & 0x80) != 0;
    seen.length = bytes[1] & 0x7F;
    seen.length_bytes = seen.length == 126 ? 2 : seen.length == 127 ? 8 : 0;
    const auto length_bytes = static_cast<std::size_t>(seen.length_bytes);
    seen.header_size = 2 + length_bytes + (seen.masked ? 4 : 0);
    if (length_bytes > 0 && bytes.size() >= 2 + length_bytes)
        seen.length = number(bytes.subspan(2, length_bytes));
    if (bytes.size() < seen.header_size) return seen;
    seen.has_header = true;
    if (seen.masked) std::ranges::copy(bytes.subspan(seen.header_size - 4, 4), seen.key.begin());
    const Bytes rest = bytes.subspan(seen.header_size);
    seen.whole = rest.size() >= seen.length;
    const Bytes body = seen.whole ? rest.first(static_cast<std::size_t>(seen.length)) : rest;
    seen.size = seen.header_size + body.size();
    seen.payload = seen.masked ? masked_with(seen.key, body) : Buffer(body.begin(), body.end());
    return seen;
}

std::string name_of_opcode(std::uint8_t opcode) {
    switch (opcode) {
        case 0: return "CONT";
        case 1: return "TEXT";
        case 2: return "BINARY";
        case 8: return "CLOSE";
        case 9: return "PING";
        case 10: return "PONG";
        default: return "OPCODE-" + std::to_string(opcode);
    }
}

std::string describe(const Seen& frame) {
    if (!frame.has_header) return "a frame's header that was never completed";
    std::string text = name_of_opcode(frame.opcode);
    if (frame.fin) text += " FIN";
    for (int bit = 1; bit <= 3; ++bit)
        if ((frame.rsv >> (3 - bit) & 1) != 0) text += " RSV" + std::to_string(bit);
    if (frame.masked) text += " masked";
    text += " len=" + std::to_string(frame.length);
    if (!frame.whole) return text + '?';
    Bytes shown{frame.payload};
    if (frame.is(Op::close) && shown.size() >= 2) {
        text += ' ' + std::to_string(frame.close_code());
        shown = shown.subspan(2);
    }
    if (shown.empty()) return text;
    return text + ' ' + (frame.is(Op::binary) ? '[' + hex(shown, 8) + ']' : quote(shown, 24));
}

std::string first_byte_in_words(std::uint8_t byte) {
    std::string words = std::string{"FIN "} + ((byte & 0x80) != 0 ? '1' : '0');
    for (int bit = 1; bit <= 3; ++bit)
        if ((byte >> (7 - bit) & 1) != 0) words += ", RSV" + std::to_string(bit) + " 1";
    const auto opcode = static_cast<std::uint8_t>(byte & 15);
    return words + ", opcode " + std::to_string(opcode) + " (" + name_of_opcode(opcode) + ")";
}

std::string second_byte_in_words(std::uint8_t byte) {
    const int length = byte & 0x7F;
    return std::string{"MASK "} + ((byte & 0x80) != 0 ? '1' : '0') +
           (length == 126   ? ", 126: the length is in the next 2 bytes"
            : length == 127 ? ", 127: the length is in the next 8 bytes"
                            : ", length " + std::to_string(length));
}

std::string what_is(Bytes frame, std::size_t offset) {
    const std::string place = "byte " + std::to_string(offset);
    if (offset >= frame.size()) return place + ", which is not there";
    const std::string name = place + " (" + hex(frame[offset]) + ")";
    if (offset == 0) return name + ": " + first_byte_in_words(frame[0]);
    if (offset == 1) return name + ": " + second_byte_in_words(frame[1]);
    const Seen seen = read_frame(frame);
    const auto length_bytes = static_cast<std::size_t>(seen.length_bytes);
    if (offset < 2 + length_bytes)
        return name + ", the " + ordinal(offset - 2) + " of the " + std::to_string(length_bytes) +
               " length bytes (" + hex(frame.subspan(2).first(std::min(length_bytes, frame.size() - 2))) +
               " = " + std::to_string(seen.length) + ")";
    if (offset < seen.header_size)
        return name + ", the " + ordinal(offset - 2 - length_bytes) + " byte of the masking key";
    const std::size_t at = offset - seen.header_size;
    if (at >= seen.payload.size()) return name + ", after the end of this frame";
    std::string text = name + ", payload byte " + std::to_string(at);
    if (seen.masked) text += ", unmasked " + hex(seen.payload[at]);
    if (seen.is(Op::close) && at < 2 && seen.payload.size() >= 2)
        return text + ", of the close code " + std::to_string(seen.close_code());
    return text + " = " + quote(Bytes{seen.payload}.subspan(at, 1));
}

}  // namespace check
