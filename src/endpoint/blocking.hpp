// An open WebSocket over a blocking socket: read and write whole messages. Lesson 8.
// Drives ws::Connection, RFC 6455 §5 to §7. One thread may read while others write.
// Keep-alive and deadlines: lesson 9. Opened by dial() and accept() in endpoint/dial_accept.hpp.
// Messages in pieces: lesson 13, endpoint/stream.hpp.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "endpoint/common_options.hpp"
#include "endpoint/keys.hpp"
#include "endpoint/liveness.hpp"
#include "endpoint/message.hpp"
#include "net/socket.hpp"
#include "net/wake.hpp"
#include "ws/connection.hpp"

namespace endpoint {

// What both sides can set. Keep-alive runs while somebody is in read_message(): a ping leaves each
// interval, whatever else is sent. A peer from which nothing came for the idle timeout, and that
// took none of our bytes while they were waiting for it, is given up; it needs to be the longer of
// the two. The trace may be called from every thread that uses the connection, one at a time.
struct BlockingOptions : ConnectionOptions {
    // Messages longer than this leave in several frames (§5.4); 0: one frame, whatever its size.
    std::uint64_t fragment_bytes = 0;
    // Called by read_message() with the payload of each ping (which has been answered already)
    // and of each pong; they may write, and move deadlines, but not call read_message().
    std::function<void(ws::Bytes)> on_ping{};
    std::function<void(ws::Bytes)> on_pong{};
    // A descriptor that becomes readable when the program should end (net::StopSignal): then a
    // handshake is given up, and read_message() begins the closing handshake with this code
    // and reason. Outlives the connection; -1: none.
    int stop_fd = -1;
    ws::CloseCode stop_code = ws::close_code::going_away;
    std::string stop_reason{};
};

class BlockingConnection {
  public:
    // An open connection over a socket that outlives it. `early` are bytes that came after
    // the handshake. `keys` is null or outlives the connection.
    BlockingConnection(const net::Fd& socket, ws::Role role, const BlockingOptions& options,
                       ws::Bytes early, ws::KeySource* keys, std::unique_ptr<ws::Tracer> tracer);
    // The same with a socket of its own.
    BlockingConnection(net::Fd&& socket, ws::Role role, const BlockingOptions& options,
                       ws::Bytes early, ws::KeySource* keys, std::unique_ptr<ws::Tracer> tracer);
    BlockingConnection(const BlockingConnection&) = delete;
    BlockingConnection& operator=(const BlockingConnection&) = delete;
    ~BlockingConnection();

    // What the opening has agreed on; before the first message.
    void extend(std::unique_ptr<ws::Extension> extension) { protocol_.extend(std::move(extension)); }

    // Waits for the next message. Answers pings and a Close on the way. Nothing, when the
    // connection has ended: then error() says why, and TCP has been ended in good order (§7.1.1).
    // One thread at a time; somebody has to call it, for it is what answers pings and Closes.
    std::optional<Message> read_message();

    // Sends one message; returns when the kernel has taken it. False: the connection is closing
    // or has ended, and it was not sent. Any thread, any number of them: messages never mix.
    // Throws std::invalid_argument for a text that is not UTF-8, which must not be sent (§5.6).
    bool write_message(ws::Opcode type, ws::Bytes data);
    bool write_message(std::string_view text);

    // A message in pieces, in bounded memory; see endpoint/stream.hpp. next_reader() waits for a
    // message's first bytes; nothing, when the connection has ended. What is left of the message
    // before is dropped, here as in read_message().
    class MessageReader;
    class MessageWriter;
    std::optional<MessageReader> next_reader();
    // Waits until no other message is being written. Frames hold up to `frame_bytes`, not 0.
    MessageWriter next_writer(ws::Opcode type, std::size_t frame_bytes = 64 * 1024);

    // A ping or an unasked pong with at most 125 bytes; false as above.
    bool ping(ws::Bytes data);
    bool pong(ws::Bytes data);

    // Begins the closing handshake; read_message() ends when the peer has answered, or after
    // the close timeout. `code` may be sent (ws::may_be_sent), or is 1005 for a Close without a
    // code; throws std::invalid_argument otherwise. False: the connection had ended before.
    bool close(ws::CloseCode code, std::string_view reason = {});

    // Moments at which waiting ends; nothing: none. To miss one is final: the connection has
    // ended, error() says 1006, and moving the deadline afterwards does not bring it back. From
    // any thread; a reader that is waiting goes by the new deadline at once.
    void set_read_deadline(net::Deadline deadline);
    // For the messages that are written from now on. What the kernel takes at once is in time.
    void set_write_deadline(net::Deadline deadline);

    // Another limits.max_message_bytes, for the frames that are read from now on; of a message
    // that has begun, all frames count. From any thread. A message beyond it ends the connection
    // with 1009.
    void set_read_limit(std::uint64_t bytes);

    // Reads and drops messages until the connection has ended.
    void wait_until_closed();

    Error error() const;

    // What the handshake agreed on; empty for none. Set by dial() and accept().
    std::string subprotocol;

  private:
    using Lock = std::unique_lock<std::mutex>;

    void begin_reading(bool pieces, Lock& lock);
    std::optional<Message> read(Lock& lock);
    std::optional<Message> next_message(Lock& lock);
    std::optional<Message> handle(const ws::Event& event, Lock& lock);
    bool wait_for_turn(Lock& lock, net::Deadline deadline);
    bool append_message(ws::Opcode type, ws::Bytes data);
    void call(const std::function<void(ws::Bytes)>& handler, ws::Bytes data, Lock& lock);
    void receive(Lock& lock);
    net::Deadline next_duty(Lock& lock);
    void sign_of_life() { if (liveness_) liveness_->sign_of_life(); }  // the lock is held
    void end_if_late();
    bool transmit(Lock& lock, bool appended, net::Deadline deadline = {});
    void flush(Lock& lock, net::Deadline deadline = {});
    net::IoStatus send(ws::Bytes bytes, net::Deadline deadline);
    bool wait_for_room(net::Deadline deadline);
    void begin_close_timeout();
    void end_tcp(Lock& lock);
    void set_error(Error error);
    void give_up(std::string reason);
    void wake_reader();
    void trace(bool sent, ws::Bytes bytes);

    net::Fd owned_;
    const net::Fd& socket_;
    ws::Role role_;
    BlockingOptions options_;
    RandomKeys random_keys_;

    mutable std::mutex mutex_;  // guards what follows; never held during a system call
    ws::Connection protocol_;
    ws::Buffer pending_;  // frames that nobody has begun to send
    bool sending_ = false;       // a thread is in flush(), and takes along what others add
    bool cannot_send_ = false;   // the peer's end of TCP is gone; the reader will find out why
    bool streaming_ = false;     // a MessageWriter is in the middle of its message
    std::condition_variable sending_done_;  // or streaming_
    Error error_;
    bool ended_ = false;  // TCP was ended by end_tcp()
    net::Deadline close_deadline_;  // once our Close is on its way
    net::Deadline read_deadline_;
    net::Deadline write_deadline_;
    std::unique_ptr<Liveness> liveness_;  // null: none
    bool waiting_ = false;  // the reader waits, by the deadlines that it knew
    net::Wake wake_;        // for that reader: a deadline has been set or moved
    net::Wake sender_wake_; // for the sender: the peer's time for our Close has begun

    std::mutex trace_mutex_;
    std::unique_ptr<ws::Tracer> tracer_;

    // The reader's alone.
    ws::Buffer buffer_;
    bool in_message_ = false;          // pieces of it follow
    std::uint64_t messages_begun_ = 0;  // so that a reader knows when its message is the past
};

}  // namespace endpoint
