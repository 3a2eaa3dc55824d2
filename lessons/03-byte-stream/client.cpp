// Sends messages over TCP, cut into writes as its input says. Lesson 3.
//   one + two + three   three messages in one write
//   Hel / lo            one message in two writes
// Leaves out: a server that speaks without being asked; here each write awaits its answer.
#include <unistd.h>

#include <array>

#include "cli/byte_trace.hpp"
#include "cli/options.hpp"
#include "cli/say.hpp"
#include "lessons/03-byte-stream/writes.hpp"
#include "net/look_up.hpp"
#include "net/signal.hpp"
#include "net/socket.hpp"
#include "terminal/line_reader.hpp"

namespace {

constexpr std::chrono::seconds patience{10};  // for the connection, and for each answer

class MessageClient {
  public:
    MessageClient(net::Fd socket, const net::StopSignal& stop, bool naive, bool trace)
        : socket_{std::move(socket)}, stop_{stop}, naive_{naive}, trace_{trace} {}

    void run() {
        const std::array others{stop_.fd(), socket_.get()};
        terminal::LineReader lines{STDIN_FILENO};
        while (const auto line = lines.next(others)) say(*line);
        if (stop_.raised()) return;
        if (!lines.at_end()) throw lesson::Failure{"the server ended the connection"};
        say_goodbye();
    }

  private:
    void say(std::string_view line) {
        const auto messages = lesson::split(line, " + ");
        for (const ws::Buffer& bytes : lesson::plan_writes(messages, naive_)) {
            if (bytes.empty()) continue;
            const net::IoResult sent = net::send_all(socket_, bytes, net::after(patience), stop_.fd());
            if (!sent) throw lesson::Failure{"cannot send: " + sent.message()};
            trace_.bytes(ws::Direction::from_client, bytes);
            if (naive_) receive_reads(bytes.size());
        }
        if (!naive_)
            for (std::size_t i = 0; i < messages.size(); ++i) receive_message();
    }

    // Takes each read for an answer. Only the sum of their bytes is certain.
    void receive_reads(std::size_t count) {
        while (count > 0) {
            ws::Buffer answer(count);
            answer.resize(receive_some(answer));
            trace_.bytes(ws::Direction::from_server, answer);
            show(answer);
            count -= answer.size();
        }
    }

    void receive_message() {
        ws::Buffer answer(2);
        receive_exactly(answer);
        answer.resize(2u + ws::load_be<std::uint16_t>(answer));
        receive_exactly(ws::MutableBytes{answer}.subspan(2));
        trace_.bytes(ws::Direction::from_server, answer);
        show(ws::Bytes{answer}.subspan(2));
    }

    // With an ear for Ctrl-C.
    void receive_exactly(ws::MutableBytes buffer) {
        while (!buffer.empty()) buffer = buffer.subspan(receive_some(buffer));
    }

    std::size_t receive_some(ws::MutableBytes buffer) {
        const net::Deadline deadline = net::after(patience);
        if (net::wait_readable(std::array{stop_.fd(), socket_.get()}, deadline) == 0)
            throw net::Stopped{};
        const net::IoResult got = net::receive_some(socket_, buffer, deadline);
        if (!got) throw lesson::Failure{"no answer: " + got.message()};
        return got.bytes;
    }

    static void show(ws::Bytes message) { cli::say("Echo: " + ws::quote(message)); }

    void say_goodbye() {
        net::shutdown_sending(socket_);
        trace_.end(ws::Direction::from_client);
        const net::Deadline deadline = net::after(patience);
        if (net::wait_readable(std::array{stop_.fd(), socket_.get()}, deadline) == 0) return;
        std::array<std::uint8_t, 1> byte;
        const net::IoResult got = net::receive_some(socket_, byte, deadline);
        if (got.status != net::IoStatus::closed) throw lesson::Failure{"no end: " + got.message()};
        trace_.end(ws::Direction::from_server);
    }

    net::Fd socket_;
    const net::StopSignal& stop_;
    bool naive_;
    cli::ByteTrace trace_;
};

int talk(int argc, char** argv) {
    cli::Common common{.port = 9002};
    bool naive = false;
    cli::Options options{"client", "Sends its input as messages: 'a + b' are two in one write, "
                                   "'a / b' one\nin two writes. Prints the answers."};
    options.client(common);
    options.flag("--naive", naive, "no lengths: each write is one message, so it hopes");
    options.parse(argc, argv);

    const net::StopSignal stop;
    net::Fd socket = net::connect_in_time(common.host, common.port, net::after(patience), stop.fd());
    MessageClient{std::move(socket), stop, naive, common.trace}.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
