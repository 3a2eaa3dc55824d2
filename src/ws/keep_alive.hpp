// When to ping a peer, and when to give it up: RFC 6455 §5.5.2, §5.5.3. Lesson 9.
// A value: time comes in as a number, and out comes what is due and when to ask again.
// Leaves out: sending the ping and ending TCP, which is an endpoint's part; and the closing
// handshake, during which nobody asks (no ping may follow a Close).
#pragma once

#include <cstdint>

namespace ws {

class KeepAlive {
  public:
    // Milliseconds since some moment, always the same one. They last for 49 days and begin again
    // at 0, so only differences are looked at, and no time may be 24 days or longer.
    using Time = std::uint32_t;

    // Zero: never.
    struct Times {
        Time ping_interval;  // from one ping to the next, whatever else crosses the connection
        Time idle_timeout;   // without a sign of life; the longer of the two
    };

    enum class Duty : std::uint8_t {
        none,
        ping,  // send one now
        gone,  // the peer has given no sign of life for the idle timeout: end TCP
    };
    struct Next {
        Duty duty;
        Time wait;  // then ask again, unless something was heard; `forever`: no need to
    };
    static constexpr Time forever = ~Time{0};

    // The connection has opened.
    explicit KeepAlive(Time now) : heard_{now}, pinged_{now} {}

    // A sign of life. A byte has come, of whatever kind: a peer within a long message is not dead.
    void heard(Time now) { heard_ = now; }
    // The kernel had no room for our bytes, and now the peer has taken some. Its answer to a ping
    // has to wait until it has read all that we sent before.
    void took(Time now) { heard_ = now; }

    // What is due. A driver that asks for the first time after `wait` comes late; one that comes
    // later than that by more than `late` stood still (a debugger, SIGSTOP, a suspended machine). Our
    // silence is not the peer's, so it gets a ping and the time to answer it.
    static constexpr Time late = 1000;
    Next next(Time now, const Times& times);

  private:
    // How far a moment lies ahead, `time` after `since`; below 0 it has passed. Right also where
    // the 32 bits begin again.
    static std::int32_t ahead(Time now, Time since, Time time);

    Time heard_;
    Time pinged_;
};

}  // namespace ws
