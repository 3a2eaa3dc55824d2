// The loop, what comes from the peer, and the ends of a session. What is typed is in
// session_input.cpp. RFC 6455 §5.5.1 and §7: who closes when, and who waits for whom.
// Leaves out: the protocol itself; ws::Connection applies its rules.
#include "clients/wsc/session.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "net/os_error.hpp"
#include "ws/hex.hpp"

namespace wsc {

namespace {

using std::chrono::milliseconds;

// From here on output counts as blocked: no further input is read, one pong at most waits.
constexpr std::size_t max_backlog = 1 << 20;

// How long whoever leaves waits for the echo of the Close, and a client for the server's end of
// TCP after the closing handshake (§7.1.1: the server ends it first).
constexpr milliseconds short_patience{1000};

// Messages that the kernel has taken; it holds a few MB at most.
constexpr std::size_t max_remembered = 100'000;

std::string seconds(milliseconds wait) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%g s", static_cast<double>(wait.count()) / 1000);
    return text.data();
}

// Pings in a row without a byte from the peer, until it counts as gone.
constexpr int max_unanswered_pings = 2;

}  // namespace

Session::Session(Opened opened, ws::Role role, Surroundings& around)
    : around_{around},
      settings_{around.settings},
      screen_{around.screen},
      tls_{std::move(opened.tls)},
      stream_{std::move(opened.stream)},
      beginning_{std::move(opened.beginning)},
      client_{role == ws::Role::client},
      connection_{role, {.max_message_bytes = around.settings.max_message_bytes}, &keys_} {
    connection_.extend(std::move(opened.extension));
}

Ending Session::run() {
    try {
        begin();
        while (!done_) turn();
    } catch (...) {
        say_goodbye();
        throw;
    }
    around_.wire.end();
    see_end_of_input();
    count_unsent();
    return ending_;
}

// Something of this machine has failed, and whoever started us will be told. The peer is told that
// we go, and for a moment what it still says is dropped, so that no reset overtakes our Close.
void Session::say_goodbye() {
    connection_.close(out_.storage(), ws::close_code::going_away, {});
    const net::Deadline end = net::after(short_patience);
    if (!net::send_all(stream_, out_.bytes(), end)) return;
    if (tls_ == nullptr) net::shutdown_sending(stream_);
    net::drain(stream_, end);
}

// Lines of the input that are here and were not taken; a megabyte is looked at.
std::size_t Session::lines_left() {
    terminal::Prompt& input = *screen_.prompt();
    pollfd ready{input.fd(), POLLIN, 0};
    while (!input.at_end() && input.buffered_bytes() < max_backlog && ::poll(&ready, 1, 0) == 1)
        input.fill();
    std::size_t count = 0;
    while (input.next_buffered()) ++count;
    return count;
}

// What was to be sent and was not. A script that pipes data through us must not take it for delivered.
void Session::count_unsent() {
    if (screen_.interactive() || ending_.signal || screen_.reader_gone()) return;
    int waiting = 0;
    ::ioctl(stream_.get(), SIOCOUTQ, &waiting);
    const std::uint64_t arrived =
        taken_ - std::min<std::uint64_t>(taken_, static_cast<unsigned>(waiting));
    std::size_t unsent = static_cast<std::size_t>(
        std::ranges::count_if(message_ends_, [&](std::uint64_t end) { return end > arrived; }));
    if (replay_) unsent += replay_->steps.size() - replayed_;
    // The next client of a server gets what is left of the input.
    const bool piped = client_ && !settings_.sends_and_leaves() && !replay_ && !asked_to_close_;
    if (piped) unsent += lines_left();
    const bool more = piped && !screen_.prompt()->at_end() && unsent > 0;
    if (unsent > 0)
        screen_.error((more ? "at least " : "") + std::to_string(unsent) +
                      (unsent == 1 ? " message was" : " messages were") +
                      " not sent: the connection has ended");
    if (ending_.code == ws::close_code::message_too_big && sent_ > 0)
        screen_.error("the peer has refused a message as too big (1009)");
    ending_.input_refused = ending_.input_refused || unsent > 0 ||
                            (ending_.code == ws::close_code::message_too_big && sent_ > 0);
}

void Session::begin() {
    if (!settings_.replay.empty()) replay_ = read_record(settings_.replay);
    if (settings_.ping_interval) keep_alive();
    for (const std::string& message : settings_.execute)
        send(settings_.binary ? hex_message(message) : text_message(message));
    for (const std::string& name : settings_.files) send_file(name);
    if (settings_.sends_and_leaves()) {
        const milliseconds wait = settings_.wait.value_or(default_wait);
        if (wait.count() >= 0) leave_at_ = net::after(wait);
    }
    take_bytes(beginning_);
    replay_steps();
}

void Session::turn() {
    read_input();
    flush();
    if (done_) return;
    std::vector<pollfd> polled{
        {stream_.get(),
         static_cast<short>(out_.empty() || sending_ended_ ? POLLIN : POLLIN | POLLOUT), 0},
        {around_.signals.fd(), POLLIN, 0},
        {wants_lines() ? screen_.prompt()->fd() : -1, POLLIN, 0},
        {open() ? screen_.watched_output() : -1, 0, 0}};
    for (const int other : around_.others) polled.push_back({other, POLLIN, 0});

    int timeout = -1;
    if (const Deadline next = next_deadline()) {
        const auto left = std::chrono::ceil<milliseconds>(*next - net::Clock::now());
        timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30));
    }
    if (::poll(polled.data(), polled.size(), timeout) < 0 && errno != EINTR)
        net::throw_system_error("poll");
    if (polled[1].revents != 0) handle_signals();
    if (polled[0].revents != 0 && !done_) receive();
    if (polled[2].revents != 0 && wants_lines()) screen_.prompt()->fill();
    for (std::size_t i = 4; i < polled.size(); ++i)
        if (polled[i].revents != 0) other_client(polled[i].fd);
    meet_deadlines(net::Clock::now());
    if (polled[3].revents != 0 || screen_.reader_gone())
        if (open()) leave(ws::close_code::normal, short_patience);
}

Session::Deadline Session::next_deadline() const {
    Deadline next;
    for (const Deadline& deadline : {leave_at_, end_at_, keep_alive_at_, replay_at_, write_by_})
        if (deadline && (!next || *deadline < *next)) next = deadline;
    return next;
}

void Session::meet_deadlines(Time now) {
    const auto due = [now](Deadline& deadline) {
        if (!deadline || *deadline > now) return false;
        deadline.reset();
        return true;
    };
    if (due(replay_at_)) {
        replay_overdue_ = true;
        replay_steps();
    }
    if (due(leave_at_)) leave(ws::close_code::normal, settings_.close_timeout);
    if (due(keep_alive_at_) && open()) keep_alive();
    if (due(write_by_)) {
        screen_.error("the peer has taken no byte for " + seconds(settings_.write_timeout));
        ending_.failed = true;
        done_ = true;
    }
    // The peer was given its time: for its Close, or, after that, for its end of TCP.
    if (due(end_at_)) {
        if (leaving_ && connection_.state() == ws::State::closing)
            screen_.error("the peer has not answered our Close within " + seconds(patience_));
        end_of_stream();
    }
}

// A ping each interval; the peer has gone when it answered none of so many.
void Session::keep_alive() {
    const auto interval = *settings_.ping_interval;
    const ws::KeepAlive::Next next = keep_alive_.next(
        endpoint::keep_alive_now(),
        endpoint::keep_alive_times(interval, (max_unanswered_pings + 1) * interval));
    keep_alive_at_ = endpoint::deadline_of(next);
    if (next.duty == ws::KeepAlive::Duty::ping) connection_.ping(out_.storage(), {});
    if (next.duty != ws::KeepAlive::Duty::gone) return;
    screen_.error("the peer has answered none of the last " + std::to_string(max_unanswered_pings) +
                  " pings");
    ending_.failed = true;
    leave(ws::close_code::going_away, short_patience);
}

void Session::receive() {
    std::array<std::uint8_t, 65536> chunk;
    const ssize_t got = ::recv(stream_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return end_of_stream();
    keep_alive_.heard(endpoint::keep_alive_now());
    take_bytes(ws::MutableBytes{chunk}.first(static_cast<std::size_t>(got)));
}

// Frame by frame, so that the one which broke a rule is known.
void Session::take_bytes(ws::MutableBytes bytes) {
    around_.wire.received(bytes, connection_.state() != ws::State::closed);
    while (!bytes.empty() && connection_.state() != ws::State::closed) {
        const std::size_t count = watch_.advance(bytes);
        connection_.feed(bytes.first(count));
        bytes = bytes.subspan(count);
        while (const auto event = connection_.next(out_.storage())) handle(*event);
    }
}

void Session::handle(const ws::Event& event) {
    switch (event.type) {
        case ws::Event::message:
            screen_.message(event.opcode, event.data);
            count_message();
            break;
        case ws::Event::ping:
            if (settings_.show_pings) screen_.received("ping", event.data);
            break;
        case ws::Event::pong:
            if (settings_.show_pings) screen_.received("pong", event.data);
            break;
        case ws::Event::close:
            ending_.code = event.code;
            if (!leaving_) tell_end(event.code, event.data);
            leave_at_.reset();
            end_at_ = net::after(short_patience);
            break;
        case ws::Event::failed: failed(event.error); break;
    }
}

void Session::tell_end(ws::CloseCode code, ws::Bytes reason) {
    told_end_ = true;
    screen_.notice("Disconnected (code: " + std::to_string(code) + ", reason: \"" +
                   ws::escape(reason) + "\")");
}

void Session::failed(ws::Errc errc) {
    screen_.error(frame_words(errc, watch_));
    if (around_.wire.traced()) screen_.trace(rule_text(errc));
    ending_.failed = true;
    // A server goes on with its next client, so it says that this one is gone.
    if (!client_) tell_end(ws::close_code::abnormal, {});
    end_at_ = net::after(short_patience);
}

void Session::count_message() {
    ++received_;
    replay_steps();
    const bool waits_for_answers = leave_at_ && !settings_.wait && !settings_.sends_and_leaves();
    if (!waits_for_answers) return;
    const bool all = received_ >= (replay_ ? replay_->messages : sent_);
    leave_at_ = net::Clock::now() + (all ? std::chrono::milliseconds{0} : default_wait);
}

void Session::flush() {
    while (!out_.empty() && !sending_ended_) {
        const ws::Bytes bytes = out_.bytes();
        const ssize_t sent =
            ::send(stream_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) break;
        // What the peer said before it went may still be there to be read.
        if (sent < 0) {
            sending_ended_ = true;
            out_.clear();
            break;
        }
        around_.wire.sent(bytes.first(static_cast<std::size_t>(sent)));
        out_.taken(static_cast<std::size_t>(sent));
        taken_ += static_cast<std::uint64_t>(sent);
        write_by_.reset();
    }
    if (out_.empty() || sending_ended_)
        write_by_.reset();
    else if (!write_by_)
        write_by_ = net::after(settings_.write_timeout);
    // Of what is on its way, the last few are kept: the kernel may still hold them.
    while (message_ends_.size() > max_remembered && message_ends_.front() <= taken_)
        message_ends_.pop_front();
    connection_.output_blocked(out_.size() > max_backlog, out_.storage());
    // The side that ends TCP does so now. The peer's bytes are still read, so that a reset does not
    // overtake ours.
    const ws::TcpEnd end = connection_.tcp_end();
    const bool ours = end == ws::TcpEnd::now || end == ws::TcpEnd::drain;
    if (ours && out_.empty() && !sending_ended_) {
        sending_ended_ = true;
        if (tls_ == nullptr) net::shutdown_sending(stream_);
    }
}

void Session::end_of_stream() {
    const bool closed = connection_.state() == ws::State::closed;
    if (!closed && !leaving_ && !told_end_) tell_end(ws::close_code::abnormal, {});
    done_ = true;
}

// Another one waits: it is refused as long as this one is served, and no longer.
void Session::other_client(int listener) {
    if (connection_.state() == ws::State::closed && out_.empty())
        done_ = true;
    else
        around_.on_other(listener);
}

// Ends the connection by ourselves, and quietly.
void Session::leave(ws::CloseCode code, milliseconds patience) {
    leave_at_.reset();
    replay_at_.reset();
    if (!connection_.close(out_.storage(), code, {}) && !end_at_) done_ = true;
    leaving_ = true;
    ending_.by_us = !ending_.failed;
    patience_ = std::min(patience, settings_.close_timeout);
    const Time end = net::Clock::now() + patience_;
    end_at_ = end_at_ ? std::min(*end_at_, end) : end;
}

void Session::handle_signals() {
    while (const auto number = around_.signals.next()) {
        screen_.follow_terminal(*number);
        if (!Signals::asks_to_leave(*number)) continue;
        // The second time at once; and there is nothing to wait for when we were leaving anyway.
        if (!open()) done_ = true;
        ending_.signal = *number;
        leave(*number == SIGINT ? ws::close_code::normal : ws::close_code::going_away,
              short_patience);
    }
}

}  // namespace wsc
