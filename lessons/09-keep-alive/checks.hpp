// For the judge of lesson 9: time on the clock of the wall, and a server's connection that runs in the
// student's process over one of two sockets. The other one is ours, its client's.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "lessons/tools/check/check.hpp"
#include "lessons/tools/check/descriptors.hpp"

namespace check {

using Clock = std::chrono::steady_clock;

inline Milliseconds since(Clock::time_point begin) {
    return std::chrono::duration_cast<Milliseconds>(Clock::now() - begin);
}

inline std::string in_words(Milliseconds time) { return std::to_string(time.count()) + " ms"; }

// Nothing comes before its time. A little less is the clock's granularity.
inline void expect_not_before(Run& run, Clock::time_point begin, Milliseconds time, std::string_view what) {
    const Milliseconds passed = since(begin);
    run.is_true(passed >= time - Milliseconds{20}, std::string{what} + " after " + in_words(passed) +
                                                       ", expected not before " + in_words(time));
}

// What is not given is as the course has it.
struct Times {
    std::optional<Milliseconds> ping_interval{}, idle_timeout{}, write_timeout{};
};

// A server's connection over a socket with little room, and the client's end of it in our hands.
class Pair {
  public:
    explicit Pair(Run& run, const Times& times = {}) : run_{run} {
        const int little = 16 * 1024;
        ::setsockopt(ends_.theirs(), SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
        run.fresh();
        std::string words = "a new connection, a server's";
        const auto add = [&](std::string_view name, const std::optional<Milliseconds>& time) {
            if (time) words.append(", ").append(name) += ' ' + in_words(*time);
        };
        add("ping_interval", times.ping_interval);
        add("idle_timeout", times.idle_timeout);
        add("write_timeout", times.write_timeout);
        run.call(Call{"connection", pass(ends_.theirs()), times.ping_interval, times.idle_timeout,
                      times.write_timeout}.as(words));
        ends_.close_theirs();
    }

    // --- the server's end: calls in the student's process ---------------------------------------
    Pending start_reading(std::string words = "read_message()") {
        return run_.start(Call{"read_message"}.as(std::move(words)));
    }
    Pending start_writing(const std::string& data, std::string words) {
        return run_.start(Call{"write_message", data}.as(std::move(words)));
    }
    // A message that fills every buffer on the way.
    Pending start_writing_4_mib(std::string_view who = "") {
        return start_writing(run_.repeated(std::size_t{4} << 20),
                             std::string{who} + "write_message() of 4 MiB");
    }
    void set_read_deadline(std::optional<Milliseconds> wait) { set_deadline("set_read_deadline", wait); }
    void set_write_deadline(std::optional<Milliseconds> wait) { set_deadline("set_write_deadline", wait); }

    // endpoint::Error: does it say that a time has passed?
    struct Error {
        unsigned kind, code;
        std::string message;
        bool timed_out() const { return kind == 4; }
    };
    Error error() {
        const auto [kind, code, message] =
            run_.call(Call{"error"}).as<unsigned, unsigned, std::string>();
        return {kind, code, message};
    }

    // --- the client's end: ours -----------------------------------------------------------------
    void send(const Frame& frame) {
        const Buffer bytes = frame.masked(run_.key()).bytes();
        run_.show_frames(Way::from_client, bytes);
        // What the other end does not want to hear any more is no failure of ours.
        (void)!::send(ends_.mine(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }

    // Takes some bytes, as a slow client does. False: there is none within `wait`, or no more.
    bool take(std::size_t most, Milliseconds wait) {
        pollfd ours{ends_.mine(), POLLIN, 0};
        if (::poll(&ours, 1, static_cast<int>(wait.count())) <= 0) return false;
        Buffer bytes(most);
        const ssize_t size = ::recv(ends_.mine(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (size <= 0) return false;
        in_.insert(in_.end(), bytes.begin(), bytes.begin() + size);
        return true;
    }

    // The next frame; not whole when the bytes are none that this server may send. Nothing: none
    // came in time.
    std::optional<Seen> frame() {
        for (;;) {
            Seen seen = read_frame(in_);
            if (seen.has_header && !plausible(seen)) seen.whole = false;
            if (seen.whole || (seen.has_header && !plausible(seen))) {
                const Bytes bytes = Bytes{in_}.first(std::min(seen.size, in_.size()));
                last_.assign(bytes.begin(), bytes.end());
                in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(bytes.size()));
                return seen;
            }
            if (!take(64 * 1024, run_.patience())) return std::nullopt;
        }
    }
    const Buffer& last() const { return last_; }
    // Gone, with bytes unread: whoever sends hears of it at once.
    void close() { ends_.close_mine(); }

  private:
    void set_deadline(const std::string& name, std::optional<Milliseconds> wait) {
        run_.call(Call{name, wait}.as(name + (!wait                      ? "({})"
                                              : *wait == Milliseconds{0} ? "(now)"
                                                                         : "(" + in_words(*wait) + " from now)")));
    }

    static bool plausible(const Seen& seen) {
        const bool known = seen.opcode <= 2 || (seen.opcode >= 8 && seen.opcode <= 10);
        return known && seen.rsv == 0 && !seen.masked && seen.length <= std::size_t{16} << 20;
    }

    Run& run_;
    Ends ends_;
    Buffer in_;
    Buffer last_;
};

}  // namespace check
