// Whole frames over a blocking socket, in the plainest way that works: RFC 6455 §5.2. Bytes are
// collected until a frame is complete; what follows it waits for its turn. Lessons 5, 6 and 7.
// What it gets wrong, and the lesson that mends it:
//   a frame is handed over as if it were a message; a fragmented message falls apart (lesson 8);
//   text is not checked for UTF-8, pings are not answered, a Close is just a frame (lesson 8);
//   a frame must lie in memory whole, and is copied twice, before anybody sees it (lesson 8);
//   without a deadline it waits for ever for the second half of a frame (lesson 9).
#pragma once

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/byte_trace.hpp"
#include "net/socket.hpp"
#include "ws/byte_order.hpp"
#include "ws/frame.hpp"
#include "ws/trace.hpp"

namespace lesson {

// A longer frame is refused as soon as its header is there. Without a bound, fourteen bytes from
// a stranger could announce 2^63 - 1 more and make us collect them.
inline constexpr std::uint64_t max_payload_bytes = 16 * 1024 * 1024;

struct Frame {
    ws::FrameHeader header;
    ws::Buffer wire;     // as it crossed: header, then the payload, masked if it was
    ws::Buffer payload;  // unmasked
};

class FrameSocket {
  public:
    // `socket` outlives this object. A client gives its masking keys; a server gives none, and
    // that makes it a server.
    FrameSocket(const net::Fd& socket, ws::KeySource* keys, bool trace)
        : socket_{socket}, keys_{keys} {
        if (trace) tracer_ = std::make_unique<ws::Tracer>(cli::trace_to_stderr);
    }
    FrameSocket(const FrameSocket&) = delete;
    FrameSocket& operator=(const FrameSocket&) = delete;
    ~FrameSocket() {
        if (tracer_) tracer_->end();
    }

    // From now on what crosses goes there too, beginning with what has come and was not taken.
    void tap(ws::Tracer::Tap tap) {
        if (!pending_.empty()) tap(ws::Direction::from_client, pending_);
        if (!tracer_) tracer_ = std::make_unique<ws::Tracer>(nullptr);
        tracer_->tap(std::move(tap));
    }

    const net::Fd& socket() const { return socket_; }  // to wait for it beside others

    // Ends a wait for room to send, by net::Stopped, as soon as this descriptor is readable.
    void stop_on(int stop_fd) { stop_fd_ = stop_fd; }
    ws::Role role() const { return keys_ == nullptr ? ws::Role::server : ws::Role::client; }

    // The rule that the peer broke, after `error` or false; none: see io().
    ws::Errc errc() const { return errc_; }
    // What became of the last read or write.
    const net::IoResult& io() const { return io_; }
    // Why there was no frame, with what a person needs to find the mistake.
    std::string why() const {
        ws::FrameHeader header;
        if (ws::decode_header(pending_, header) != ws::Parse::ok)
            return "no frame came: " + io_.message();
        const std::string bytes = ws::hex(ws::Bytes{pending_}.first(header.size()));
        if (errc_ != ws::Errc::none)
            return "the frame " + bytes + " breaks " + std::string{ws::rule(errc_).section} + ": " +
                   std::string{ws::rule(errc_).sentence};
        return "the frame " + bytes + " is not complete: it announces " +
               std::to_string(header.length) + " bytes of payload, and " +
               std::to_string(pending_.size() - header.size()) + " came (" + io_.message() + ")";
    }
    // Bytes that have come and belong to no complete frame yet.
    ws::Bytes pending() const { return pending_; }

    // One read: however many bytes the kernel has. False: the end, a failure, or the deadline.
    // Throws net::Stopped when `stop_fd` is readable first, as do all that read.
    bool fill(net::Deadline deadline = {}, int stop_fd = -1) {
        const int ready[] = {stop_fd, socket_.get()};
        if (stop_fd >= 0 && net::wait_readable(ready, deadline) == 0) throw net::Stopped{};
        std::array<std::uint8_t, 16384> chunk;
        io_ = net::receive_some(socket_, chunk, deadline);
        const ws::Bytes received = ws::Bytes{chunk}.first(io_.bytes);
        trace(role() == ws::Role::server, received);
        ws::append(pending_, received);
        return static_cast<bool>(io_);
    }

    // Takes the first frame out of what has come. `need_more`: it is not there whole; `error`: its
    // header breaks a rule.
    ws::Parse next(Frame& frame) {
        const ws::Parse parsed = ws::decode_header(pending_, frame.header);
        if (parsed != ws::Parse::ok) return parsed;
        // The header is judged before its payload is waited for: a peer that breaks a rule learns
        // of it at once, and what it announces costs no memory.
        errc_ = ws::check_header(frame.header, role());
        if (errc_ == ws::Errc::none && frame.header.length > max_payload_bytes)
            errc_ = ws::Errc::message_too_big;
        if (errc_ != ws::Errc::none) return ws::Parse::error;

        const std::size_t header_size = frame.header.size();
        const std::size_t size = header_size + static_cast<std::size_t>(frame.header.length);
        if (pending_.size() < size) return ws::Parse::need_more;
        const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(size);
        frame.wire.assign(pending_.begin(), end);
        // What lies behind this frame is the beginning of the next one, and must not be lost.
        pending_.erase(pending_.begin(), end);
        const ws::Bytes payload = ws::Bytes{frame.wire}.subspan(header_size);
        frame.payload.assign(payload.begin(), payload.end());
        ws::unmask_payload(frame.header, frame.payload);
        return ws::Parse::ok;
    }

    // Waits for a whole frame. False: errc() or io() says why there is none.
    bool receive(Frame& frame, net::Deadline deadline = {}, int stop_fd = -1) {
        for (;;) {
            const ws::Parse parsed = next(frame);
            if (parsed != ws::Parse::need_more) return parsed == ws::Parse::ok;
            if (!fill(deadline, stop_fd)) return false;
        }
    }

    // Feeds an opening until it says what is next. `more`: nothing else came, see io(). What came
    // behind the head are frames already.
    template <typename Opening>
    typename Opening::Step receive_head(Opening& opening, net::Deadline deadline,
                                        int stop_fd = -1) {
        for (;;) {
            std::size_t taken = 0;
            const auto step = opening.feed(pending_, taken);
            pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(taken));
            if (step != Opening::Step::more || !fill(deadline, stop_fd)) return step;
        }
    }

    // Sends a frame; a client's is masked, with a key of its own.
    bool send(ws::FrameHeader header, ws::Bytes payload) {
        header.masked = keys_ != nullptr;
        if (header.masked) header.key = keys_->next_key();
        ws::Buffer bytes;
        ws::append_frame(bytes, header, payload);
        return send_raw(bytes);
    }
    bool send(ws::Opcode opcode, ws::Bytes payload) {
        ws::FrameHeader header;
        header.opcode = opcode;
        return send(header, payload);
    }
    bool send_text(std::string_view text) { return send(ws::Opcode::text, ws::as_bytes(text)); }

    // RFC 6455 §5.5.1: the payload of a Close is a code of two bytes, then a reason.
    bool send_close(std::uint16_t code, std::string_view reason = {}) {
        ws::Buffer body(2);
        ws::store_be(body, code);
        ws::append(body, ws::as_bytes(reason));
        return send(ws::Opcode::close, body);
    }

    // Bytes as they stand: a head, or a frame that was made by hand.
    bool send_raw(ws::Bytes bytes) {
        trace(role() == ws::Role::client, bytes);
        // A peer that stops reading would otherwise hold this thread for ever.
        io_ = net::send_all(socket_, bytes, net::after(std::chrono::seconds{30}), stop_fd_);
        return static_cast<bool>(io_);
    }

    // Says in a Close which rule was broken (RFC 6455 §7.1.7), then ends the connection.
    void fail(ws::Errc errc) {
        send_close(ws::rule(errc).close_code, ws::rule(errc).sentence);
        end();
    }

    // Ends TCP, ours first, and for a moment drops what still comes, so that no reset overtakes and
    // destroys our last frame.
    void end() { net::end_in_order(socket_, net::after(std::chrono::seconds{1})); }

  private:
    void trace(bool from_client, ws::Bytes bytes) {
        const auto direction =
            from_client ? ws::Direction::from_client : ws::Direction::from_server;
        if (tracer_) tracer_->bytes(direction, bytes);
    }

    const net::Fd& socket_;
    ws::KeySource* keys_;
    int stop_fd_ = -1;
    ws::Buffer pending_;
    ws::Errc errc_ = ws::Errc::none;
    net::IoResult io_;
    std::unique_ptr<ws::Tracer> tracer_;
};

}  // namespace lesson
