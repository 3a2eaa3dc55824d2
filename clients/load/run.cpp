// Messages in flight: who may send, what came back and how long it took.
#include "clients/load/run.hpp"

#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "cli/byte_trace.hpp"
#include "net/descriptors.hpp"

namespace load {

namespace {

constexpr std::size_t receive_bytes = 256 * 1024;
constexpr std::uint64_t too_many_errors = 100;

// Tags of epoll that are no client's place.
constexpr std::uint64_t stop_tag = std::uint64_t{1} << 32;
constexpr std::uint64_t timer_tag = stop_tag + 1;

Time clock_now() { return net::Clock::now().time_since_epoch().count(); }
Time in_nanoseconds(std::chrono::milliseconds time) {
    return std::chrono::nanoseconds{time}.count();
}

// What is needed beside the clients.
std::size_t peers_of(const Settings& settings) {
    const bool one_more = settings.mode == Mode::fan_out || settings.mode == Mode::idle;
    return static_cast<std::size_t>(settings.connections) + (one_more ? 1 : 0);
}

void get_descriptors(std::uint64_t connections) {
    const std::uint64_t needed = connections + net::reserved_descriptors;
    const std::uint64_t limit = net::raise_descriptor_limit();
    if (limit < needed)
        throw std::runtime_error{std::to_string(connections) + " connections need " +
                                 std::to_string(needed) + " descriptors, and this process may open " +
                                 std::to_string(limit) +
                                 "; raise the hard limit (ulimit -Hn, as root)"};
}

}  // namespace

Run::Run(const Settings& settings, Progress& progress)
    : settings_{settings},
      progress_{progress},
      prepared_{settings},
      buffer_(receive_bytes),
      now_{clock_now()} {
    address_.storage.ss_family = AF_UNSPEC;
    get_descriptors(peers_of(settings));
    epoll_.add(stop_.fd(), net::Epoll::readable, stop_tag);
    handshake_ = {.host = net::join_host_port(settings.common.host, settings.common.port),
                  .resource = settings.common.path,
                  .key = ws::make_key(random_.bytes<16>())};
    if (!ws::is_sendable(handshake_))
        throw cli::UsageError{"the host or the path cannot stand in a request"};
    request_ = ws::client_request(handshake_);
    ws::Buffer body;
    ws::append_close_body(body, ws::close_code::normal, {});
    ws::append_frame(goodbye_,
                     {.opcode = ws::Opcode::close, .masked = true, .key = random_.bytes<4>()},
                     body);
    for (std::uint32_t i = 0; i < peers_of(settings); ++i)
        peers_.emplace_back(i, Answers{prepared_, 0, keys_});
    if (!settings.rate)
        sent_at_.resize((settings.mode == Mode::fan_out ? 1 : peers_.size()) * settings.in_flight);
    if (settings.mode == Mode::fan_out) left_.resize(settings.in_flight);
    if (settings.common.trace) tracer_ = std::make_unique<ws::Tracer>(cli::trace_to_stderr,
        settings.raw ? ws::Tracer::Start::frames : ws::Tracer::Start::http_head);
    heard_ = now_;
}

Result Run::measure() {
    server_usage();  // complains about a wrong --pid before anything is done
    if (settings_.mode == Mode::idle) {
        measure_idle();
    } else {
        measure_messages();
    }
    close_all();
    progress_.clear();
    return result_;
}

// The first connection makes a server fetch what it needs once; it does not count.
void Run::measure_idle() {
    open_all(1);
    const auto before = server_usage();
    open_all(peers_.size());
    const auto after = server_usage();
    if (after)
        result_.bytes_each = (static_cast<double>(after->resident_bytes) -
                              static_cast<double>(before->resident_bytes)) /
                             static_cast<double>(settings_.connections);
    window(settings_.time, "idle");
}

void Run::measure_messages() {
    if (settings_.mode != Mode::handshake) open_all(peers_.size());
    running_ = true;
    start();
    if (!settings_.messages && settings_.warm_up.count() > 0) {
        const Time until = clock_now() + in_nanoseconds(settings_.warm_up);
        while (now_ < until && !done()) {
            turn(until);
            show("warming up", 0);
        }
    }
    measuring_ = true;
    window(settings_.time, "measuring");
    measuring_ = false;
    running_ = false;
    drain();
}

// What is measured is measured here, from end to end.
void Run::window(std::chrono::milliseconds time, const char* what) {
    const auto server = server_usage();
    const auto own = own_cpu_time();
    window_began_ = now_ = clock_now();
    const Time until = settings_.messages ? never : window_began_ + in_nanoseconds(time);
    while (now_ < until && !done()) {
        turn(until);
        const auto passed = static_cast<double>(now_ - window_began_);
        result_.seconds = passed / 1e9;
        show(what, settings_.messages ? static_cast<double>(all_answered_) /
                                            static_cast<double>(*settings_.messages)
                                      : passed / static_cast<double>(in_nanoseconds(time)));
        check_silence();
    }
    window_ended_ = now_;
    result_.seconds = static_cast<double>(window_ended_ - window_began_) / 1e9;
    result_.own_cpu = own_cpu_time() - own;
    if (server) {
        result_.server = *server_usage();
        result_.server->cpu -= server->cpu;
    }
}

// Waits, and lets everyone act who can. Returns at `until` at the latest, and often before.
void Run::turn(Time until) {
    const Time most = std::min<Time>(until - clock_now(), 100'000'000);
    const auto wait = std::chrono::milliseconds{std::max<Time>(0, (most + 999'999) / 1'000'000)};
    for (const epoll_event& event : epoll_.wait(wait)) {
        now_ = clock_now();
        if (event.data.u64 == stop_tag) {
            stopped_ = true;
            epoll_.remove(stop_.fd());
            continue;
        }
        if (event.data.u64 == timer_tag) {
            std::uint64_t times = 0;
            [[maybe_unused]] const auto size = ::read(timer_.get(), &times, sizeof times);
            release_due();
            continue;
        }
        Peer& peer = peers_[event.data.u64];
        if ((event.events & ~std::uint32_t{EPOLLOUT}) != 0 &&
            peer.phase != Peer::Phase::connecting)
            receive(peer);
        else if (peer.phase == Peer::Phase::connecting)
            connected(peer);
        else
            flush(peer);
    }
    now_ = clock_now();
}

void Run::receive(Peer& peer) {
    const ssize_t size = ::recv(peer.socket.get(), buffer_.data(), buffer_.size(), 0);
    if (size < 0) {
        if (errno != EAGAIN && errno != EINTR)
            end(peer, std::generic_category().message(errno));
        return;
    }
    const bool closing = peer.phase == Peer::Phase::closing;
    if (size == 0) {
        const bool in_order = closing && (settings_.raw || peer.answers.close_code());
        return end(peer, in_order ? "" : closing ? "the server ended TCP without a Close"
                                                 : "the server ended the connection");
    }
    heard_ = now_;
    const auto bytes = ws::MutableBytes{buffer_}.first(static_cast<std::size_t>(size));
    if (tracer_ && peer.index == 0) tracer_->bytes(ws::Direction::from_server, bytes);
    if (peer.phase == Peer::Phase::opening)
        settings_.raw ? receive_raw_handshake(peer, bytes) : receive_head(peer, bytes);
    else
        receive_messages(peer, bytes);
}

void Run::receive_messages(Peer& peer, ws::MutableBytes bytes) {
    const std::uint64_t count = peer.answers.take(bytes, peer.out);
    if (!peer.answers.error().empty()) return end(peer, peer.answers.error());
    if (count > 0) answered(peer, count);
    if (peer.phase == Peer::Phase::open && peer.answers.close_code())
        return end(peer, "the server closed with " +
                             ws::describe_close_code(*peer.answers.close_code()));
    if (peer.phase == Peer::Phase::open) flush(peer);
}

// Sends what may be sent: what is no message between two messages, and of those as many as may
// be in flight.
void Run::flush(Peer& peer) {
    for (;;) {
        const std::uint64_t may = may_have_left(peer);
        const bool between = peer.offset == 0 || peer.phase == Peer::Phase::opening;
        ws::Bytes bytes;
        const bool message = !between || peer.out.empty();
        if (!message) bytes = peer.out;
        // Where something else waits, only the message that has begun is finished before it.
        else if (may > peer.sent)
            bytes = prepared_.to_send(peer.sent, peer.offset,
                                      peer.out.empty() ? may - peer.sent : 1);
        if (bytes.empty()) return watch(peer, false);

        const ssize_t size = ::send(peer.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (size < 0) {
            if (errno == EAGAIN) return watch(peer, true);
            if (errno == EINTR) continue;
            // That the connection has broken is said by the next recv(), and why.
            return watch(peer, false);
        }
        const auto sent = static_cast<std::size_t>(size);
        if (tracer_ && peer.index == 0)
            tracer_->bytes(ws::Direction::from_client, bytes.first(sent));
        if (message) {
            peer.offset += sent;
            peer.sent += peer.offset / prepared_.frame_bytes();
            peer.offset %= prepared_.frame_bytes();
        } else {
            peer.out.erase(peer.out.begin(), peer.out.begin() + size);
        }
        if (sent < bytes.size()) return watch(peer, true);
    }
}

void Run::watch(Peer& peer, bool writing) {
    if (peer.watches_writing == writing) return;
    peer.watches_writing = writing;
    epoll_.modify(peer.socket.get(),
                  writing ? net::Epoll::readable | net::Epoll::writable : net::Epoll::readable,
                  peer.index);
}

// --- who may send ---------------------------------------------------------------------------------

void Run::start() {
    began_ = now_ = clock_now();
    std::ranges::fill(left_, settings_.connections);
    if (settings_.rate) return arm_timer();
    if (settings_.mode == Mode::fan_out) {
        release(sender(), settings_.in_flight);
        return flush(sender());
    }
    for (Peer& peer : peers_) {
        if (settings_.mode == Mode::handshake) {
            begin_handshake(peer);
        } else {
            release(peer, settings_.in_flight);
            flush(peer);
        }
    }
}

// How many of so many may begin, before `--messages` are reached.
std::uint64_t Run::allowed(std::uint64_t count) const {
    return settings_.messages ? std::min(count, *settings_.messages - all_released_) : count;
}

void Run::release(Peer& peer, std::uint64_t count) {
    count = allowed(count);
    all_released_ += count;
    for (; count > 0; --count, ++peer.released) {
        const std::uint64_t place = peer.released % settings_.in_flight;
        if (!settings_.rate) sent_at_[peer.index * settings_.in_flight + place] = now_;
    }
}

// How many of a client's messages may have left it: with --rate fewer than are due, while
// answers are late.
std::uint64_t Run::may_have_left(const Peer& peer) const {
    const std::uint64_t back = settings_.mode == Mode::fan_out ? all_answered_ : peer.answered;
    return std::min(peer.released, back + settings_.in_flight);
}

void Run::begin_handshake(Peer& peer) {
    if (allowed(1) == 0) return;
    ++all_released_;
    peer.answers = Answers{prepared_, 0, keys_};
    peer.began = now_;
    connect(peer);
}

Time Run::due_at(std::uint64_t number) const {
    const double apart = 1e9 / static_cast<double>(*settings_.rate);
    return began_ + static_cast<Time>(static_cast<double>(number) * apart);
}

void Run::release_due() {
    if (!running_) return;
    while (due_at(all_released_) <= now_ && allowed(1) == 1) {
        Peer& peer = settings_.mode == Mode::fan_out ? sender()
                                                     : peers_[all_released_ % peers_.size()];
        release(peer, 1);
        // Of a connection that has ended the messages are lost. They are due even so: the others
        // keep their times.
        if (peer.phase == Peer::Phase::open)
            flush(peer);
        else
            ++lost_;
    }
    arm_timer();
}

// For the moment at which the next message is due.
void Run::arm_timer() {
    if (!timer_) {
        timer_ = net::Fd{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
        if (!timer_) net::throw_system_error("timerfd_create");
        epoll_.add(timer_.get(), net::Epoll::readable, timer_tag);
    }
    const Time due = due_at(all_released_);
    itimerspec when{};
    when.it_value.tv_sec = due / 1'000'000'000;
    when.it_value.tv_nsec = due % 1'000'000'000;
    ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

// --- what came back -------------------------------------------------------------------------------

Time Run::sent_at(const Peer& peer, std::uint64_t number) const {
    const bool fan_out = settings_.mode == Mode::fan_out;
    if (settings_.rate) return due_at(fan_out ? number : number * peers_.size() + peer.index);
    return sent_at_[(fan_out ? 0 : peer.index * settings_.in_flight) + number % settings_.in_flight];
}

void Run::record(Time began) {
    if (measuring_) ++result_.messages;
    // With a rate, each message that was due in the window counts, however late it came back: a
    // server that stands still must not hide that by the messages that it delays. (Of so many messages
    // each counts, also those that were due before the window was opened: there is no warm-up.)
    const bool counts = settings_.rate && !settings_.messages
                            ? began >= window_began_ && began < window_ended_
                            : measuring_;
    if (counts) result_.latency.add(static_cast<std::uint64_t>(now_ - began));
}

void Run::answered(Peer& peer, std::uint64_t count) {
    if (settings_.mode == Mode::fan_out) return delivered(peer, count);
    if (count > peer.sent - peer.answered)
        return end(peer, "more messages came back than were sent");
    for (std::uint64_t i = 0; i < count; ++i) record(sent_at(peer, peer.answered++));
    all_answered_ += count;
    if (running_ && !settings_.rate) release(peer, count);
}

void Run::delivered(Peer& peer, std::uint64_t count) {
    if (count > sender().sent - peer.answered)
        return end(peer, "more messages came than were sent");
    for (; count > 0; --count, ++peer.answered) {
        if (is_sender(peer)) continue;  // its own copy, where the server sends it one
        record(sent_at(peer, peer.answered));
        reached(peer.answered);
    }
}

// Fan-out: message `number` has come to one more receiver, or will never come to it. Each receiver
// gets them in order, so they are complete in order, and their places are free for later ones.
void Run::reached(std::uint64_t number) {
    std::uint64_t& left = left_[number % settings_.in_flight];
    if (--left > 0) return;
    left = open_ - 1;
    ++all_answered_;
    if (running_ && !settings_.rate) release(sender(), 1);
    if (sender().phase == Peer::Phase::open) flush(sender());
}

// A connection has ended, and nothing more will come from it.
void Run::gone(Peer& peer, bool in_order) {
    if (settings_.mode == Mode::handshake) {
        if (in_order) record(peer.began);
        ++(in_order ? all_answered_ : lost_);
        if (running_ && !done()) begin_handshake(peer);
    } else if (!closing_ && settings_.mode == Mode::echo) {
        lost_ += peer.released - peer.answered;
    } else if (!closing_ && settings_.mode == Mode::fan_out && !is_sender(peer) && open_ > 1) {
        const std::uint64_t end = all_answered_ + settings_.in_flight;
        for (std::uint64_t number = peer.answered; number < end; ++number) reached(number);
    }
}

// --- the end --------------------------------------------------------------------------------------

bool Run::done() const {
    if (stopped_ || result_.errors >= too_many_errors) return true;
    if (settings_.messages && all_answered_ + lost_ >= *settings_.messages) return true;
    switch (settings_.mode) {
        case Mode::handshake: return false;
        case Mode::fan_out: return open_ < 2 || peers_.front().phase != Peer::Phase::open;
        default: return open_ == 0;
    }
}

void Run::check_silence() {
    const bool waits = settings_.mode != Mode::idle && all_answered_ + lost_ < all_released_;
    if (!waits || now_ - heard_ < in_nanoseconds(settings_.timeout)) return;
    throw std::runtime_error{"the server has gone silent: " +
                             std::to_string(all_released_ - all_answered_ - lost_) +
                             " messages are on their way, and nothing has come back for " +
                             std::to_string(settings_.timeout.count() / 1000) + " s (--timeout)"};
}

// What is on its way is waited for.
void Run::drain() {
    const Time until = now_ + (stopped_ ? 1'000'000'000 : in_nanoseconds(settings_.timeout));
    while (all_answered_ + lost_ < all_released_ && now_ < until &&
           result_.errors < too_many_errors) {
        turn(until);
        show("waiting for the last answers", 1);
    }
    if (settings_.mode == Mode::handshake) return;
    for (const Peer& peer : peers_) give_up_unanswered(peer);
}

// With a rate they count for as long as they have waited.
void Run::give_up_unanswered(const Peer& peer) {
    const bool fan_out = settings_.mode == Mode::fan_out;
    if (peer.phase != Peer::Phase::open || (fan_out && is_sender(peer))) return;
    const std::uint64_t end = fan_out ? sender().released : peer.released;
    for (std::uint64_t number = peer.answered; number < end; ++number) {
        ++result_.unanswered;
        if (settings_.rate) record(sent_at(peer, number));
    }
}

void Run::show(const char* what, double part) {
    if (now_ - shown_ < 200'000'000) return;
    shown_ = now_;
    progress_.show(what, part, result_);
}

std::optional<Usage> Run::server_usage() const {
    if (!settings_.pid) return std::nullopt;
    return usage_of(static_cast<pid_t>(*settings_.pid));
}

}  // namespace load
