// One client of the epoll server: its handshake, its messages, its output, its end. Lesson 11.
// Drives ws::Connection over a socket that does not block. RFC 6455 §4.2, §5 to §7.
// Leaves out: waiting. Every call does what can be done now and returns.
#pragma once

#include <memory>
#include <string_view>

#include "endpoint/loop.hpp"
#include "net/fd.hpp"
#include "net/peer_address.hpp"
#include "ws/connection.hpp"

namespace endpoint {

// Names a client for good: never used again, so one that is kept too long finds nobody.
using ConnectionId = std::uint64_t;

// What became of a message for a client.
enum class Sent : std::uint8_t {
    ok,      // it is on its way, at the latest when this turn of the loop ends
    slow,    // it waits, and more than max_backlog_bytes before it: better send no more
    closed,  // the client is closing or gone, and it was not sent
};

class LoopConnection {
  public:
    LoopConnection(Loop& loop, net::Fd socket, const net::Address& peer, ConnectionId id);
    LoopConnection(const LoopConnection&) = delete;
    LoopConnection& operator=(const LoopConnection&) = delete;
    ~LoopConnection();

    // --- for the application ---------------------------------------------------------------------

    ConnectionId id() const { return id_; }
    // Of the one whom we believe to be there: behind a proxy that is in ServerOptions::proxies,
    // from the handshake on, the client of the proxy, with port 0.
    net::Address address() const { return peer_.address(); }
    // What the handshake agreed on; empty for none.
    std::string_view subprotocol() const;

    // A number of the application's own, such as an index of its table of users.
    std::uint64_t tag = 0;

    // Each sends one frame. A text is UTF-8; a ping has at most 125 bytes.
    Sent send(ws::Opcode type, ws::Bytes data);
    Sent send(std::string_view text) { return send(ws::Opcode::text, ws::as_bytes(text)); }
    Sent ping(ws::Bytes data);
    // The next part of a message, as a frame; `type` is the same for all of them. Until the last
    // one only pings may come in between. After Sent::slow, go on in on_drain. A message that
    // cannot be finished is ended by close() with 1011.
    Sent send_piece(ws::Opcode type, ws::Bytes data, bool last);
    // A frame that was encoded once for many receivers (ws::append_frame, not masked).
    Sent send_encoded(ws::Bytes frame);

    // Another limits.max_message_bytes for this client, for the frames that are read from now on;
    // of a message that has begun, all frames count.
    void set_read_limit(std::uint64_t bytes) { protocol_.set_read_limit(bytes); }

    // Begins the closing handshake; `code` may be sent (ws::may_be_sent). From now on messages
    // of the peer's are dropped; on_close comes with its Close, or when it took too long.
    void close(ws::CloseCode code, std::string_view reason = {});

    // From now on all that crosses this connection goes there too, our answer 101 first, while it
    // is being read or written. To be called in on_request.
    void tap(ws::Tracer::Tap tap);

    // Bytes that wait for this client to take them. Beyond max_backlog_bytes we stop reading from
    // it, so that it cannot ask for more; on_drain tells when all has gone.
    std::size_t backlog() const { return backlog_ ? backlog_->size() : 0; }

    // --- for the server --------------------------------------------------------------------------

    void on_ready(std::uint32_t events);  // what epoll says
    void on_time();                       // once an interval of the clock
    void flush();
    // The server is about to end: says so with 1001, or just goes.
    void on_shutdown();
    // The server ends now.
    void on_end();
    // Refuses the handshake before it has begun, because there are too many.
    void turn_away(ws::Errc errc);
    bool turned_away() const { return turned_away_; }

    // With a limit for each address: from now on it counts under its own.
    void count_address();
    // Its handshake has succeeded, and no Close was sent or received.
    bool is_open() const { return phase_ == Phase::open && protocol_.state() == ws::State::open; }

  private:
    enum class Phase : std::uint8_t {
        handshake,  // the request is not complete
        open,       // also while closing: frames are read until the peer's Close
        ending,     // our last bytes are on their way; what the peer sends is dropped
        lingering,  // our side of TCP has ended; the rest of the peer's bytes is dropped
        over,       // to be removed
    };
    void on_readable();
    ws::MutableBytes receive();
    void on_writable();
    void receive_head(ws::MutableBytes bytes);
    void answer(ws::ServerOpening::Step step);
    ws::ServerOpening::Step judge(ws::ServerOpening& opening);
    bool find_client(const ws::Request& request);
    bool take_place();
    void opened(const ws::ServerOpening& opening);
    void refused(const ws::ServerOpening& opening);
    void receive_frames(ws::MutableBytes bytes);
    void handle(const ws::Event& event);

    void end(const Error& error, Phase phase);
    void end_of_stream();
    void lost(int error);
    void timed_out(const char* what);
    void finish_sending();
    void remove();
    void check_phase();
    void check_silence();

    ws::Buffer& out();
    void appended();
    Sent waiting_with(std::size_t size) const;
    void send_directly(ws::Buffer& first, ws::Bytes data);
    std::size_t write(ws::Bytes first, ws::Bytes second = {});
    void send_waiting();
    void keep(ws::Bytes first, ws::Bytes second = {});
    void block();
    void pause_if_slow();
    void drained();
    void take_backlog();
    void release_backlog();
    bool reads() const { return !paused_ && !peer_ended_; }
    void watch();
    void trace(ws::Direction direction, ws::Bytes bytes);
    net::Milliseconds waited() const { return net::elapsed(loop_.clock.now(), since_); }

    Loop& loop_;
    ConnectionId id_;
    ws::Connection protocol_;
    std::unique_ptr<ws::ServerOpening> opening_;  // exists until the handshake has ended
    std::unique_ptr<net::OutBuffer> backlog_;  // exists while there is output that has to wait
    std::unique_ptr<ws::Tracer> tracer_;
    net::Fd socket_;
    net::Milliseconds received_ = 0;  // when the last byte came
    net::Milliseconds since_ = 0;     // when the phase began, or our Close was sent
    net::Milliseconds written_ = 0;   // when the peer last took a byte
    net::PeerAddress peer_;
    Phase phase_ = Phase::handshake;
    std::uint8_t subprotocol_ = 0;  // its place among ours, from 1; 0: none
    bool blocked_ : 1 = false;      // the kernel takes no more; we wait until it does
    bool paused_ : 1 = false;       // the backlog is over its limit; we do not read
    bool pinged_ : 1 = false;       // since the last byte came
    bool peer_closed_ : 1 = false;  // the peer's Close has come: TCP may end at once
    bool peer_ended_ : 1 = false;   // the peer's side of TCP has ended: no byte will come
    bool flush_due_ : 1 = false;    // our id is in Loop::to_flush
    bool cannot_send_ : 1 = false;  // the peer's end is gone; reading will tell how it went
    bool turned_away_ : 1 = false;  // it has no place among max_connections
    bool counted_ : 1 = false;      // in Loop::from_address, under peer_
};

}  // namespace endpoint
