// An open connection, from "Connected" to its end: what is typed goes out, what comes is shown.
// One poll(2) loop over the socket, standard input and the signals; ws::Connection is the protocol.
// Serves both modes: -c plays the client, -l the server.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "clients/wsc/history.hpp"
#include "clients/wsc/opening.hpp"
#include "clients/wsc/options.hpp"
#include "clients/wsc/outgoing.hpp"
#include "clients/wsc/record.hpp"
#include "clients/wsc/screen.hpp"
#include "clients/wsc/signals.hpp"
#include "clients/wsc/wire.hpp"
#include "clients/wsc/words.hpp"
#include "endpoint/keep_alive_clock.hpp"
#include "endpoint/keys.hpp"
#include "net/out_buffer.hpp"
#include "net/socket.hpp"
#include "ws/connection.hpp"

namespace wsc {

// How a session ended.
struct Ending {
    ws::CloseCode code = ws::close_code::abnormal;  // of the peer's Close
    bool failed = false;         // the peer broke a rule, or was silent for too long
    bool input_refused = false;  // a line of the input could not be sent
    bool input_ended = false;
    bool by_us = false;  // we have left: the time was over, a signal came, or nobody reads
    std::optional<int> signal{};  // that asked us to leave
};

// What a session uses and does not own. All of it outlives the session.
struct Surroundings {
    const Settings& settings;
    Screen& screen;
    const Signals& signals;
    Wire& wire;
    History& history;
    // Further descriptors to watch, and what to do when one is readable (-l: more clients).
    std::vector<int> others{};
    std::function<void(int fd)> on_other{};
};

class Session {
  public:
    Session(Opened opened, ws::Role role, Surroundings& around);

    // Until the connection has ended.
    Ending run();

  private:
    using Time = net::Clock::time_point;
    using Deadline = std::optional<Time>;

    void begin();
    void turn();
    void meet_deadlines(Time now);
    void keep_alive();
    Deadline next_deadline() const;
    bool reads_input() const;
    bool wants_input() const;
    bool wants_lines() const;
    void say_goodbye();
    void count_unsent();
    std::size_t lines_left();

    void receive();
    void take_bytes(ws::MutableBytes bytes);
    void handle(const ws::Event& event);
    void tell_end(ws::CloseCode code, ws::Bytes reason);
    void failed(ws::Errc errc);
    void flush();
    void end_of_stream();
    void other_client(int listener);

    void read_input();
    void line(std::string text);
    void send(const Outgoing& what);
    void send_file(const std::string& name);
    void end_of_input();
    void see_end_of_input();
    void replay_steps();
    void replay_step(const Step& step);
    void count_message();

    void handle_signals();
    void leave(ws::CloseCode code, std::chrono::milliseconds patience);
    bool open() const { return connection_.state() == ws::State::open; }
    bool input_ended() const { return ending_.input_ended; }

    // After the last message, and for an answer that may never come.
    static constexpr std::chrono::milliseconds default_wait{2000};

    Surroundings& around_;
    const Settings& settings_;
    Screen& screen_;
    std::unique_ptr<Tls> tls_;
    net::Fd stream_;
    ws::Buffer beginning_;
    bool client_;
    endpoint::RandomKeys keys_;
    ws::Connection connection_;
    FrameWatch watch_;
    net::OutBuffer out_;

    Ending ending_;
    bool done_ = false;
    bool leaving_ = false;        // we end it by ourselves, so nothing is said about the end
    bool told_end_ = false;       // "Disconnected" was shown
    bool asked_to_close_ = false;  // by /close; what follows it is not to be sent
    bool sending_ended_ = false;  // the peer takes no more bytes, or gets no more
    std::optional<Replay> replay_;
    std::size_t replayed_ = 0;
    std::size_t sent_ = 0, received_ = 0;  // data messages
    Deadline leave_at_;                    // after the last message
    Deadline end_at_;                      // of waiting for the peer's Close, or for its end of TCP
    std::chrono::milliseconds patience_{};  // that end_at_ gives
    Deadline write_by_;                    // until then the peer takes another byte
    std::uint64_t taken_ = 0;              // bytes that the kernel has taken
    std::deque<std::uint64_t> message_ends_;  // of those that are not on their way yet, in all bytes
    ws::KeepAlive keep_alive_{endpoint::keep_alive_now()};
    Deadline keep_alive_at_;
    Deadline replay_at_;  // the next step comes even if its message has not
    bool replay_overdue_ = false;
};

}  // namespace wsc
