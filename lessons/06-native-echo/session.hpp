// A client's conversation: a line typed is a message sent, then its echo is waited for. Lines that
// were piped in wait as well, so none is lost. Lessons 6 and 7.
// Leaves out: messages in several frames, binary, answers to a ping (lesson 8), a limit for the
// patience with a server that never echoes (lesson 9).
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "lessons/05-frames/frame_socket.hpp"
#include "net/signal.hpp"
#include "terminal/line_reader.hpp"
#include "ws/byte_order.hpp"

namespace lesson {

class Session {
  public:
    enum class State {
        talking,  // waits for a line to send
        waiting,  // waits for the server's next message
        closing,  // our Close is sent
        over,
    };

    // `prefix` heads each message on standard output.
    Session(FrameSocket& connection, std::string prefix, State first)
        : connection_{connection},
          prefix_{std::move(prefix)},
          on_terminal_{::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1},
          state_{first} {}

    // Until the input ends, Ctrl-C comes, or the server closes. The program's exit status.
    int run(const net::StopSignal& stop) {
        connection_.stop_on(stop.fd());
        prompt();
        while (state_ != State::over) {
            take_frames();
            if (state_ == State::talking) send_line();
            if (state_ != State::over) wait(stop);
        }
        return status_;
    }

  private:
    void prompt() {
        if (on_terminal_ && state_ == State::talking) std::fputs("> ", stdout);
        std::fflush(stdout);
    }

    // Everything that the last read has brought: half a frame, or several.
    void take_frames() {
        Frame frame;
        ws::Parse parsed = ws::Parse::need_more;
        while (state_ != State::over && (parsed = connection_.next(frame)) == ws::Parse::ok)
            take(frame);
        if (parsed != ws::Parse::error) return;
        finish(1, connection_.why());
        connection_.fail(connection_.errc());
    }

    void take(const Frame& frame) {
        switch (frame.header.opcode) {
            case ws::Opcode::text:
                std::printf("%s%s\n", prefix_.c_str(),
                            ws::escape(ws::as_text(frame.payload)).c_str());
                if (state_ == State::waiting) state_ = State::talking;
                return prompt();
            case ws::Opcode::close: return take_close(frame);
            default:
                std::fprintf(stderr, "Left unanswered: %s\n",
                             ws::describe_header(frame.header).c_str());
        }
    }

    // The second Close completes the closing handshake; then the server ends TCP (§7.1.1).
    void take_close(const Frame& frame) {
        const bool answer = state_ == State::closing;
        if (!answer) connection_.send(ws::Opcode::close, frame.payload);
        net::drain(connection_.socket(), net::after(close_timeout));
        const bool normal = frame.payload == ws::Buffer{0x03, 0xE8};  // 1000
        if (answer || normal) return finish(0);
        finish(1, "The server closed the connection: " + describe_close(frame.payload));
    }

    static std::string describe_close(ws::Bytes body) {
        if (body.size() < 2) return "no reason given";
        return std::to_string(ws::load_be<std::uint16_t>(body)) + ' ' + ws::quote(body.subspan(2));
    }

    void send_line() {
        if (const std::optional<std::string> line = lines_.next_buffered()) {
            connection_.send_text(*line);  // should this fail, the next read says why
            state_ = State::waiting;
        } else if (lines_.at_end()) {
            close();
        }
    }

    void close() {
        connection_.send_close(1000);
        state_ = State::closing;
        deadline_ = net::after(close_timeout);
    }

    void wait(const net::StopSignal& stop) {
        // The socket comes last, and the deadline before it: a server that sends without a pause
        // makes it readable always.
        std::vector<int> watched;
        if (state_ != State::closing) watched.push_back(stop.fd());
        if (state_ == State::talking) watched.push_back(STDIN_FILENO);
        watched.push_back(connection_.socket().get());
        const bool late = deadline_ && net::Clock::now() >= *deadline_;
        const int ready = late ? -1 : net::wait_readable(watched, deadline_);
        if (ready < 0) return finish(0);  // the server owes us a Close; we have waited enough
        const int descriptor = watched[static_cast<std::size_t>(ready)];
        if (descriptor == STDIN_FILENO) return lines_.fill();
        if (descriptor == stop.fd()) return close();
        if (connection_.fill()) return;
        const bool lost = state_ != State::closing;
        finish(lost ? 1 : 0, lost ? "The connection is lost: " + connection_.io().message() : "");
    }

    void finish(int status, const std::string& why = {}) {
        state_ = State::over;
        status_ = status;
        if (on_terminal_) std::puts("");  // leaves the line of the prompt
        std::fflush(stdout);
        if (!why.empty()) std::fprintf(stderr, "%s\n", why.c_str());
    }

    static constexpr std::chrono::seconds close_timeout{1};

    FrameSocket& connection_;
    std::string prefix_;
    bool on_terminal_;
    State state_;
    terminal::LineReader lines_{STDIN_FILENO};
    net::Deadline deadline_;
    int status_ = 0;
};

}  // namespace lesson
