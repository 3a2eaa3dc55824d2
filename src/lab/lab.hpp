// The server's part of the frame lab: its pages, and traces for those who look on. Lesson 5.
// A page opens /lab/trace?lab=TOKEN and then its conversation with ?lab=TOKEN in the path. What
// crosses the wire of the conversation, as this server reads and writes it, goes to the trace.
// Leaves out: how a trace is sent; each kind of server does that in its own way.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "lab/pages.hpp"
#include "ws/trace.hpp"

namespace lab {

inline constexpr std::string_view trace_path = "/lab/trace";

// The token of a request, "lab=" and 32 hex digits in its query; empty: it has none. The page
// makes it of random bytes, so that nobody else can ask for this trace.
std::string_view lab_token(const ws::Request& request);

// What a binary message of the trace begins with; the bytes of one read or one write follow.
enum class TraceMark : std::uint8_t { ready = '=', from_client = '>', from_server = '<' };
ws::Buffer trace_message(ws::Direction direction, ws::Bytes bytes);

// How a trace ends, as a Close (RFC 6455 §7.4) of the server's.
struct TraceEnd {
    std::uint16_t code = 1000;
    std::string_view reason{};
};
inline constexpr TraceEnd no_token{1008, "a trace needs lab= and 32 hex digits in its query"};
inline constexpr TraceEnd token_in_use{1008, "this trace has a reader already"};
inline constexpr TraceEnd too_many_readers{1013, "too many traces are being read"};
inline constexpr TraceEnd reader_too_slow{1013, "the trace was not read fast enough"};

// Bounds for all that waits: readers, and bytes for each. Beyond them a reader is dropped; the
// conversation never waits for it.
inline constexpr std::size_t max_trace_readers = 16;
inline constexpr std::size_t max_trace_bytes = 1024 * 1024;

// For servers with a thread for each client: who looks on, and what waits for them.
class Traces {
  public:
    // One who looks on, for as long as this object lives.
    class Reader {
      public:
        Reader(Traces& traces, std::string_view token);
        Reader(const Reader&) = delete;
        Reader& operator=(const Reader&) = delete;
        ~Reader();

        // Waits for the next message, the first of which is `ready`. Nothing: see end().
        std::optional<ws::Buffer> next();
        TraceEnd end() const;
        // From another thread: next() waits no longer.
        void stop() { finish({}); }

        void add(ws::Direction direction, ws::Bytes bytes);
        void finish(TraceEnd end);
        // True once: a trace shows one conversation.
        bool take() { return !std::exchange(taken_, true); }

      private:
        Traces& traces_;
        std::string token_;
        bool taken_ = false;  // guarded by the mutex of traces_, what follows by this one
        mutable std::mutex mutex_;
        std::condition_variable changed_;
        std::deque<ws::Buffer> waiting_;
        std::size_t waiting_bytes_ = 0;
        std::optional<TraceEnd> end_;
    };

    // The tap for a conversation with this token; empty when nobody waits for it.
    ws::Tracer::Tap tap(std::string_view token);

  private:
    std::mutex mutex_;  // guards readers_; before that of a reader
    std::map<std::string, Reader*, std::less<>> readers_;
};

// All of it, for one server.
struct Lab {
    Pages pages{};
    Traces traces{};
};

}  // namespace lab
