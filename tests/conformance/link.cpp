// Bytes in and out without a rest, and the rules that the peer's own frames have to keep.
// RFC 6455 §5.1 to §5.5, RFC 7692 §6.
#include "tests/conformance/link.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace conformance {

namespace {

// Milliseconds for poll(); what has passed is 0.
int left(net::Deadline deadline) {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*deadline - net::Clock::now());
    return static_cast<int>(std::max<std::chrono::milliseconds::rep>(rest.count(), 0));
}

bool wait_for(int fd, short events, net::Deadline deadline) {
    pollfd entry{fd, events, 0};
    for (;;) {
        const int count = ::poll(&entry, 1, left(deadline));
        if (count >= 0 || errno != EINTR) return count > 0;
    }
}

}  // namespace

// Takes what is there now. False: nothing.
bool Link::read_some() {
    std::array<char, 65536> buffer;
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (count <= 0)
        ended = true;
    else if (broken.empty())
        in_.append(buffer.data(), static_cast<std::size_t>(count));
    if (frames_) read_frames();
    return true;
}

std::string Link::receive_head(net::Deadline deadline) {
    std::size_t end = std::string::npos;
    wait([&] { return (end = in_.find("\r\n\r\n")) != std::string::npos; }, deadline);
    frames_ = true;
    std::string head = in_.substr(0, end == std::string::npos ? end : end + 4);
    in_.erase(0, head.size());
    read_frames();
    return head;
}

void Link::send(std::string_view bytes, net::Deadline deadline, std::size_t chop) {
    while (!bytes.empty() && !ended) {
        const std::string_view piece = bytes.substr(0, chop == 0 ? bytes.size() : chop);
        const ssize_t count =
            ::send(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno != EAGAIN && errno != EINTR) {
            // The peer has gone; what it said before may still be there.
            wait([] { return false; }, deadline);
            return;
        } else if (!wait_for(socket_.get(), POLLIN | POLLOUT, deadline)) {
            return;
        }
        while (!ended && read_some()) {}
    }
}

bool Link::wait(const std::function<bool()>& so, net::Deadline deadline) {
    for (;;) {
        if (so()) return true;
        if (ended || !broken.empty()) return so();
        if (!answers_.empty()) {
            const std::string answers = std::exchange(answers_, {});
            send(answers, deadline);
        } else if (!read_some() && !wait_for(socket_.get(), POLLIN, deadline)) {
            return so();
        }
    }
}

void Link::read_frames() {
    std::size_t at = 0;
    for (std::size_t size = 0; broken.empty() && !closed; at += size) {
        const auto frame = decode(std::string_view{in_}.substr(at), size);
        if (!frame) break;
        take(*frame);
    }
    in_.erase(0, at);
}

void Link::take(const Frame& frame) {
    const bool control = frame.opcode >= 8;
    const bool packed = frame.rsv == 4 && compression && !control && frame.opcode != continuation;
    if (frame.masked != (role_ == Role::server)) broken = "a mask on the wrong side (§5.1)";
    else if (frame.rsv != 0 && !packed) broken = "reserved bits (§5.2)";
    else if (!is_minimal(frame)) broken = "a length that is not in its shortest form (§5.2)";
    else if ((frame.opcode > 2 && frame.opcode < 8) || frame.opcode > 10) broken = "a reserved opcode (§5.2)";
    else if (control) take_control(frame);
    else take_data(frame);
}

void Link::take_control(const Frame& frame) {
    if (!frame.fin || frame.payload.size() > 125) {
        broken = "a control frame that is long or fragmented (§5.5)";
    } else if (frame.opcode == ping_opcode) {
        answer({.opcode = pong_opcode, .payload = frame.payload});
    } else if (frame.opcode == pong_opcode) {
        events.push_back(frame);
    } else {
        if (frame.payload.size() == 1) broken = "a Close of one byte (§5.5.1)";
        if (!is_utf8(std::string_view{frame.payload.unit}.substr(std::min<std::size_t>(2, frame.payload.size()))))
            broken = "a reason that is not UTF-8 (§5.5.1)";
        closed = true;
        events.push_back(frame);
        if (!close_sent) answer({.opcode = close_opcode, .payload = frame.payload});
        close_sent = true;
    }
}

void Link::take_data(const Frame& frame) {
    if ((frame.opcode == continuation) != in_message_) {
        broken = "a frame that does not follow on the one before (§5.4)";
        return;
    }
    if (!in_message_) message_ = frame, collected_.clear();
    in_message_ = !frame.fin;
    collected_ += frame.payload.unit;
    if (frame.fin) finish_message();
}

void Link::finish_message() {
    std::string payload = std::move(collected_);
    collected_ = {};
    if (message_.rsv == 4) {
        ++packed_messages;
        if (compression->peer_forgets) compression->unpacker.forget();
        auto unpacked = compression->unpacker.unpack(payload);
        if (!unpacked) {
            broken = "a message that cannot be unpacked (RFC 7692 §7.2)";
            return;
        }
        payload = std::move(*unpacked);
    }
    if (message_.opcode == text_opcode && !is_utf8(payload)) broken = "a text that is not UTF-8 (§8.1)";
    events.push_back({.opcode = message_.opcode, .payload = std::move(payload)});
}

void Link::answer(const Frame& frame) { answers_ += encode(frame); }

}  // namespace conformance
