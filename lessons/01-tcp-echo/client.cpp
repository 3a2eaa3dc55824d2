// Sends each line of its input over TCP and prints what comes back. Lesson 1.
// Leaves out: telling where an answer ends. It counts bytes, which works with an echo only.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "cli/byte_trace.hpp"
#include "cli/options.hpp"
#include "cli/say.hpp"
#include "net/signal.hpp"
#include "net/socket.hpp"
#include "terminal/line_reader.hpp"

namespace {

constexpr std::chrono::seconds patience{10};  // for the connection, and for each echo

// At most this much is under way at once. A client that sends megabytes before reading an echo
// waits for the server to read, while the server waits for it to read: for ever.
constexpr std::size_t piece_bytes = 4096;

// Ends the program with one line and status 1 (cli::run); net::Stopped ends it with 0.
using Failure = std::runtime_error;

class EchoClient {
  public:
    EchoClient(net::Fd socket, const net::StopSignal& stop, bool trace)
        : socket_{std::move(socket)}, stop_{stop}, trace_{trace} {}

    void run() {
        terminal::LineReader lines{STDIN_FILENO};
        for (;;) {
            while (const auto line = lines.next_buffered()) say(*line);
            if (lines.at_end()) return say_goodbye();
            const int ready[] = {stop_.fd(), socket_.get(), lines.fd()};
            switch (net::wait_readable(ready)) {
                case 0: throw net::Stopped{};
                // Every echo is here already, so this can only be the server's farewell.
                case 1: throw Failure{farewell()};
                default: lines.fill();
            }
        }
    }

  private:
    void say(const std::string& line) {
        const std::string text = line + '\n';
        std::string echo;
        for (ws::Bytes rest = ws::as_bytes(text); !rest.empty();) {
            const ws::Bytes piece = rest.first(std::min(rest.size(), piece_bytes));
            const net::IoResult sent = net::send_all(socket_, piece, net::after(patience), stop_.fd());
            if (!sent) throw Failure{"cannot send: " + sent.message()};
            trace_.bytes(ws::Direction::from_client, piece);
            receive(piece.size(), echo);
            rest = rest.subspan(piece.size());
        }
        if (echo.ends_with('\n')) echo.pop_back();  // ours
        cli::say(ws::escape(echo));
    }

    // Reads until `count` bytes are here, however many reads that takes.
    void receive(std::size_t count, std::string& echo) {
        const net::Deadline deadline = net::after(patience);
        std::array<std::uint8_t, piece_bytes> buffer;
        while (count > 0) {
            const int ready[] = {stop_.fd(), socket_.get()};
            if (net::wait_readable(ready, deadline) == 0) throw net::Stopped{};
            const net::IoResult got =
                net::receive_some(socket_, std::span{buffer}.first(count), deadline);
            if (got.status == net::IoStatus::closed)
                throw Failure{"the server ended the connection before its echo was complete"};
            if (!got) throw Failure{"no echo: " + got.message()};
            const std::span chunk = std::span{buffer}.first(got.bytes);
            trace_.bytes(ws::Direction::from_server, chunk);
            echo += ws::as_text(chunk);
            count -= got.bytes;
        }
    }

    std::string farewell() {
        std::array<std::uint8_t, piece_bytes> buffer;
        const net::IoResult got = net::receive_some(socket_, buffer);
        if (!got) return "the server is gone: " + got.message();
        return "this is no echo server, it sent " + ws::quote(std::span{buffer}.first(got.bytes), 60);
    }

    // Ends our direction of the stream and waits until the server has ended its own.
    void say_goodbye() {
        net::shutdown_sending(socket_);
        trace_.end(ws::Direction::from_client);
        const int ready[] = {stop_.fd(), socket_.get()};
        if (net::wait_readable(ready, net::after(patience)) == 0) throw net::Stopped{};
        std::array<std::uint8_t, 1> buffer;
        const net::IoResult got = net::receive_some(socket_, buffer, net::after(patience));
        if (got.status != net::IoStatus::closed) throw Failure{"no orderly end: " + got.message()};
        trace_.end(ws::Direction::from_server);
    }

    net::Fd socket_;
    const net::StopSignal& stop_;
    cli::ByteTrace trace_;
};

int talk(int argc, char** argv) {
    cli::Common common{.port = 9000};
    cli::Options options{"client", "Sends each line of its input over TCP, prints the echoes."};
    options.client(common);
    options.parse(argc, argv);

    const net::StopSignal stop;
    net::Fd socket = net::connect_tcp(common.host, common.port, net::after(patience), stop.fd());
    EchoClient{std::move(socket), stop, common.trace}.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
