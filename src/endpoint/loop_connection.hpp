// One client of the epoll server: its handshake, its messages, its end, its time. Lesson 11.
// Drives ws::Connection over a socket that does not block. RFC 6455 §4.2, §5 to §7.
// Leaves out: waiting. Every call does what can be done now and returns.
#pragma once

#include <memory>
#include <string_view>

#include "endpoint/loop.hpp"
#include "net/fd.hpp"
#include "ws/connection.hpp"
#include "ws/keep_alive.hpp"

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
    // Of the client that we believe to be there: behind a proxy that is in ServerOptions::proxies,
    // from the handshake on, the client of the proxy, with port 0.
    net::Address address() const { return client_.address(); }
    // What the handshake agreed on; empty for none.
    std::string_view subprotocol() const {
        if (subprotocol_ == 0) return {};
        return loop_.options.subprotocols[subprotocol_ - 1u];
    }

    // A number of the application's own, such as an index of its table of users.
    std::uint64_t tag = 0;

    // Each sends one frame. A text is UTF-8; a ping or an unasked pong has at most 125 bytes.
    Sent send(ws::Opcode type, ws::Bytes data);
    Sent send(std::string_view text) { return send(ws::Opcode::text, ws::as_bytes(text)); }
    Sent ping(ws::Bytes data) {
        if (!is_open()) return Sent::closed;
        ++loop_.counters.pings_sent;
        protocol_.ping(out(), data);
        return appended(data.size());
    }
    Sent pong(ws::Bytes data) {
        if (!is_open()) return Sent::closed;
        protocol_.pong(out(), data);
        return appended(data.size());
    }
    // The next part of a message, as a frame; `type` is the same for all of them. Until the last
    // one only pings may come in between. After Sent::slow, go on in on_drain. A message that
    // cannot be finished is ended by close() with 1011.
    Sent send_piece(ws::Opcode type, ws::Bytes data, bool last) {
        if (!is_open()) return Sent::closed;
        if (last) ++loop_.counters.messages_sent;
        protocol_.send_fragment(out(), type, data, last);
        return appended(data.size());
    }
    // A message that was encoded once for many receivers.
    Sent send(const ws::PreparedMessage& message) {
        if (!is_open()) return Sent::closed;
        ++loop_.counters.messages_sent;
        protocol_.send(out(), message);
        return appended(message.data().size());
    }

    // Another limits.max_message_bytes for this client, for the frames that are read from now on;
    // of a message that has begun, all frames count.
    void set_read_limit(std::uint64_t bytes) { protocol_.set_read_limit(bytes); }

    // Begins the closing handshake; `code` may be sent (ws::may_be_sent). From now on messages
    // of the peer's are dropped; on_close comes with its Close, or when it took too long.
    void close(ws::CloseCode code, std::string_view reason = {});

    // Reads no more from it, and hands on no more of what was read, until resume(): for an application
    // that has no room for what it asks for. Silence meanwhile is not counted. What waits for the
    // client still leaves, and on_drain tells when it has.
    void pause() {
        if (held_ || phase_ != Phase::open) return;
        held_ = true;
        watch();
    }
    void resume() {
        if (!held_ || phase_ != Phase::open) return;
        held_ = false;
        keep_alive_.heard(loop_.clock.now());
        watch();
        if (input_.has_rest() || protocol_.holds_more()) go_on_later();
    }

    // From now on all that crosses this connection goes there too, our answer 101 first, while it
    // is being read or written. To be called in on_request.
    void tap(ws::Tracer::Tap tap) {
        if (!tracer_) tracer_ = std::make_unique<ws::Tracer>(nullptr);
        tracer_->tap(std::move(tap));
    }

    // Bytes that wait for this client to take them. Beyond max_backlog_bytes we stop reading from
    // it, so that it cannot ask for more; on_drain tells when all has gone.
    std::size_t backlog() const { return output_.waiting(); }

    // --- for the server --------------------------------------------------------------------------

    void on_ready(std::uint32_t events);  // what epoll says
    void on_time();                       // once an interval of the clock
    void go_on();  // with what was read before: its turn was over (Loop::to_go_on)
    void flush();  // a turn has ended: what was sent leaves now
    // The server is about to end: says so with 1001, or just goes.
    void on_shutdown();
    // The server ends now.
    void on_end();
    // Refuses the handshake before it has begun, because there are too many.
    void refuse(ws::Errc errc);
    bool is_refused() const { return refused_; }

    // With a limit for each address: from now on it counts under its own.
    void count_address() { client_.take_place(loop_.places); }
    // Its handshake has succeeded, no Close was sent or received, and it takes what we send.
    bool is_open() const {
        return phase_ == Phase::open && protocol_.state() == ws::State::open && !output_.failed();
    }

  private:
    // What may happen, by phase and by the protocol's state. A connection that breaks is over, from
    // every phase.
    //
    //   phase      protocol  what comes in       what goes out  it ends with
    //   handshake  (open)    the request's head  nothing        101: open; a refusal, a page: ending
    //   open       open      frames, to be       all            our Close: closing; the peer's Close,
    //                        handled                            a broken rule: ending; silence: over
    //   open       closing   frames, messages    pongs          the peer's Close: ending;
    //                        are dropped                        the close timeout: over
    //   ending     any       dropped             what waits     all taken: lingering, or over
    //   lingering  any       dropped             TCP has ended  the peer's end, or the timeout: over
    //   over       any       nothing             nothing        removed when the turn ends
    enum class Phase : std::uint8_t { handshake, open, ending, lingering, over };
    void on_readable();
    ws::MutableBytes receive();
    void take(ws::MutableBytes bytes);
    void on_writable();
    void drained();
    void receive_head(ws::MutableBytes bytes);
    void answer(ws::ServerOpening::Step step);
    ws::ServerOpening::Step decide(ws::ServerOpening& opening);
    void opened(ws::ServerOpening& opening);
    void refused(const ws::ServerOpening& opening);
    void handle_events();
    void handle(const ws::Event& event);
    void go_on_later();

    void end(const Error& error, Phase phase);
    void end_of_stream();
    void lost(int error);
    void timed_out(const char* what);
    void send_failed();
    void finish_sending();
    void remove();
    void check_phase();
    void check_silence();

    Output::Line line() const { return {socket_, loop_.output, tracer_.get(), loop_.clock.now()}; }
    ws::Buffer& out() { return output_.buffer(loop_.output); }
    Sent appended(std::size_t size);
    void write_out(ws::Bytes data = {});
    void pause_if_slow();
    bool waits() const { return paused_ || held_; }
    bool reads() const { return !waits() && !peer_ended_; }
    void watch();
    // In its own turn, what is sent to a client is collected, and leaves when the turn ends.
    void begin_turn() { loop_.output.current = &output_; }
    void end_turn() {
        flush();
        loop_.output.collected.clear();  // of a client that is over
        loop_.output.current = nullptr;
    }
    void receive_frames(ws::MutableBytes bytes) {
        protocol_.feed(bytes);
        handle_events();
    }
    void trace(ws::Direction direction, ws::Bytes bytes) {
        if (tracer_) tracer_->bytes(direction, bytes);
    }
    net::Milliseconds waited() const { return net::elapsed(loop_.clock.now(), since_); }

    // Ten thousand of these are idle: small things lie where larger ones end before their last
    // word.
    Loop& loop_;
    ConnectionId id_;
    [[no_unique_address]] ws::Connection protocol_;
    net::Fd socket_;
    [[no_unique_address]] Output output_;
    Phase phase_ = Phase::handshake;
    std::uint8_t subprotocol_ = 0;  // its place among ours, from 1; 0: none
    Input input_;
    std::unique_ptr<ws::ServerOpening> opening_;  // exists until the handshake has ended
    std::unique_ptr<ws::Tracer> tracer_;
    ws::KeepAlive keep_alive_;
    net::Milliseconds since_ = 0;  // when the phase began, or our Close was sent
    [[no_unique_address]] ClientAddress client_;
    bool paused_ : 1 = false;       // too much waits for it; we do not read
    bool held_ : 1 = false;         // nor as long as the application says so: pause()
    bool goes_on_ : 1 = false;      // our id is in Loop::to_go_on
    bool peer_ended_ : 1 = false;   // the peer's side of TCP has ended: no byte will come
    bool refused_ : 1 = false;  // it has no place among max_connections
};

}  // namespace endpoint
