// A run: connections are opened, messages sent and compared, and everything is closed again. Epoll
// says whose turn it is, as in the server of lesson 11; here are the clients.
#pragma once

#include <deque>
#include <limits>
#include <memory>
#include <string>

#include "clients/load/answers.hpp"
#include "clients/load/result.hpp"
#include "net/epoll.hpp"
#include "net/random.hpp"
#include "net/signal.hpp"
#include "net/socket.hpp"
#include "ws/opening.hpp"
#include "ws/trace.hpp"

namespace load {

// Nanoseconds of the steady clock.
using Time = std::int64_t;
constexpr Time never = std::numeric_limits<Time>::max();

// One client. Its messages are numbered from 0 on; `sent` and so on count them.
struct Peer {
    Peer(std::uint32_t place, Answers reader) : index{place}, answers{std::move(reader)} {}

    enum class Phase : std::uint8_t { connecting, opening, open, closing, over };

    std::uint32_t index;
    Phase phase = Phase::over;
    bool watches_writing = false;
    net::Fd socket;
    Answers answers;
    std::unique_ptr<ws::ClientOpening> opening;  // until the handshake has ended
    ws::Buffer out;                              // request, pongs, Close: what is no message
    std::size_t offset = 0;                      // bytes of message `sent` that have left
    std::uint64_t sent = 0;                      // messages that have left
    std::uint64_t released = 0;                  // messages that may leave
    std::uint64_t answered = 0;
    Time began = 0;  // when it began to connect
};

class Run {
  public:
    Run(const Settings& settings, Progress& progress);

    // Throws when nothing could be measured; what went wrong later is counted in the result.
    Result measure();

  private:
    // --- connections: connecting.cpp ---
    void open_all(std::size_t count);
    void connect(Peer& peer);
    void connected(Peer& peer);
    void receive_raw_handshake(Peer& peer, ws::Bytes bytes);
    void receive_head(Peer& peer, ws::MutableBytes bytes);
    void opened(Peer& peer);
    void close(Peer& peer);
    void close_all();
    void end(Peer& peer, const std::string& error);
    void gone(Peer& peer, bool in_order);

    // --- messages: run.cpp ---
    void measure_idle();
    void measure_messages();
    void window(std::chrono::milliseconds time, const char* what);
    void turn(Time until);
    void receive(Peer& peer);
    void receive_messages(Peer& peer, ws::MutableBytes bytes);
    void flush(Peer& peer);
    void watch(Peer& peer, bool writing);

    void start();
    std::uint64_t allowed(std::uint64_t count) const;
    void begin_handshake(Peer& peer);
    std::uint64_t may_have_left(const Peer& peer) const;
    void release(Peer& peer, std::uint64_t count);
    void release_due();
    void arm_timer();
    void answered(Peer& peer, std::uint64_t count);
    void delivered(Peer& peer, std::uint64_t count);
    void reached(std::uint64_t number);
    Time sent_at(const Peer& peer, std::uint64_t number) const;
    Time due_at(std::uint64_t number) const;
    void record(Time began);
    void drain();
    void give_up_unanswered(const Peer& peer);

    bool done() const;
    void show(const char* what, double part);
    void check_silence();
    Peer& sender() { return peers_.front(); }
    bool is_sender(const Peer& peer) const { return peer.index == 0; }
    std::optional<Usage> server_usage() const;

    const Settings& settings_;
    Progress& progress_;
    Prepared prepared_;
    net::StopSignal stop_;
    net::Epoll epoll_;
    net::RandomPool random_;
    struct Keys : ws::KeySource {
        explicit Keys(net::RandomPool& random) : random_{random} {}
        ws::MaskingKey next_key() override { return random_.bytes<4>(); }
        net::RandomPool& random_;
    } keys_{random_};
    std::unique_ptr<ws::Tracer> tracer_;  // of the first client
    net::Address address_;                // of the server, the one that answered
    ws::ClientHandshake handshake_;
    std::string request_;
    ws::Buffer goodbye_;  // a Close frame
    std::deque<Peer> peers_;
    ws::Buffer buffer_;

    bool stopped_ = false;    // Ctrl-C
    bool running_ = false;    // answers make room for new messages
    bool measuring_ = false;  // answers count
    bool closing_ = false;
    std::size_t connecting_ = 0;
    std::size_t open_ = 0;
    std::uint64_t all_released_ = 0;
    std::uint64_t all_answered_ = 0;
    std::uint64_t lost_ = 0;  // with connections that broke
    std::vector<Time> sent_at_;         // in_flight of them for each client
    std::vector<std::uint64_t> left_;   // fan-out: receivers that each message in flight must reach
    net::Fd timer_;                     // for --rate
    Time began_ = 0;                    // the first message is due
    Time window_began_ = never;
    Time window_ended_ = never;
    Time heard_ = 0;                    // the last byte came
    Time shown_ = 0;
    Time now_ = 0;
    Result result_;
};

}  // namespace load
