// A socket that heads cross: each is received up to its blank line, whatever the reads cut, and
// shown when the trace is on. RFC 6455 §4.1, §4.2; RFC 9112. Lesson 4, both programs.
// Leaves out: what a head means.
#pragma once

#include <algorithm>
#include <array>
#include <string>

#include "cli/byte_trace.hpp"
#include "net/socket.hpp"
#include "ws/http.hpp"

namespace lesson {

class HeadSocket {
  public:
    HeadSocket(const net::Fd& socket, bool trace) : socket_{socket}, trace_{trace} {}

    // Receives a head. False: error() says which rule it broke, or io() why nothing more came.
    // `stop_fd` becomes readable when the program should end; that ends the wait, too.
    bool receive(ws::HeadReader& reader, ws::Direction from, net::Deadline deadline, int stop_fd) {
        ws::Parse parse = ws::Parse::need_more;
        while (parse == ws::Parse::need_more && fill(deadline, stop_fd)) {
            std::size_t taken = 0;
            parse = reader.feed(ws::as_bytes(rest_), taken);
            rest_.erase(0, taken);
        }
        if (parse == ws::Parse::error) error_ = reader.error();
        show(from, reader.text());
        return parse == ws::Parse::ok;
    }

    void send(ws::Direction from, const std::string& head, net::Deadline deadline) {
        show(from, head);
        io_ = net::send_all(socket_, head, deadline);
    }

    // Bytes that came in the same read and lie behind the blank line. They are no part of HTTP.
    const std::string& rest() const { return rest_; }

    // Reads what there is, or waits for it, up to the deadline. False: nothing came.
    bool fill(net::Deadline deadline, int stop_fd) {
        const int ready = net::wait_readable(std::array{stop_fd, socket_.get()}, deadline);
        std::array<std::uint8_t, 4096> buffer;
        if (ready == 1)
            io_ = net::receive_some(socket_, buffer, deadline);
        else
            io_ = {.status = ready == 0 ? net::IoStatus::closed : net::IoStatus::timed_out};
        rest_ += ws::as_text(ws::Bytes{buffer}.first(io_.bytes));
        return io_.status == net::IoStatus::ok;
    }

    // The line behind a head, which often says more than its status. It gets a moment to arrive.
    std::string first_line(bool chunked, int stop_fd) {
        const net::Deadline moment = net::after(std::chrono::seconds{1});
        while (std::ranges::count(rest_, '\n') < (chunked ? 2 : 1) && rest_.size() < 1024 &&
               fill(moment, stop_fd)) continue;
        // RFC 9112 §7.1: before a chunk stands its size, on a line of its own.
        const std::string body = rest_.substr(chunked ? rest_.find('\n') + 1 : 0);
        return body.substr(0, body.find_first_of("\r\n"));
    }

    // Says "no more from me" and reads what still comes, for a moment.
    void end(int stop_fd) {
        net::end_in_order(socket_, net::after(std::chrono::seconds{1}), stop_fd);
    }

    ws::Errc error() const { return error_; }
    const net::IoResult& io() const { return io_; }

  private:
    // The same form as in the traces of later lessons: a number and an arrow, then the lines.
    void show(ws::Direction from, std::string_view head) {
        if (!trace_ || head.empty()) return;
        std::string text;
        for (const std::string_view line : ws::split(head, '\n')) {
            const std::string_view visible = line.substr(0, line.find('\r'));
            if (visible.empty()) continue;
            text += text.empty() ? "" : "\n      ";
            text += ws::escape(visible);
        }
        const char* arrow = from == ws::Direction::from_client ? " → " : " ← ";
        cli::trace_to_stderr("  " + std::to_string(++heads_) + arrow + text);
    }

    const net::Fd& socket_;
    bool trace_;
    unsigned heads_ = 0;
    std::string rest_;
    ws::Errc error_ = ws::Errc::none;
    net::IoResult io_;
};

}  // namespace lesson
