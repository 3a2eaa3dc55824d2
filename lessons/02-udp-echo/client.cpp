// Sends each line as a datagram, waits for the answer a while. Lesson 2. Leaves out: what TCP does.
#include <unistd.h>

#include <cstdio>

#include "cli/byte_trace.hpp"
#include "cli/options.hpp"
#include "cli/say.hpp"
#include "net/datagram.hpp"
#include "net/signal.hpp"
#include "terminal/line_reader.hpp"

namespace {

struct Settings {
    cli::Common common{.port = 9001};
    std::chrono::milliseconds timeout{1'000};
    std::uint64_t retries = 0;
};

enum class Outcome { answered, lost, nobody_there, interrupted };

void note(const std::string& text) {
    std::fprintf(stderr, "client: %s\n", text.c_str());
}

class EchoClient {
  public:
    EchoClient(const Settings& settings, net::Fd socket, const net::StopSignal& stop)
        : settings_{settings}, socket_{std::move(socket)}, stop_{stop}, buffer_(65'536) {}

    int run() {
        terminal::LineReader lines{STDIN_FILENO};
        bool complete = true;
        const int ctrl_c[] = {stop_.fd()};
        while (const auto line = lines.next(ctrl_c)) {
            take_late_answers();
            const Outcome outcome = ask_until_answered(ws::as_bytes(*line));
            if (outcome == Outcome::interrupted) return 0;
            if (outcome == Outcome::nobody_there) return 1;
            if (outcome == Outcome::lost) complete = false;
        }
        return complete || stop_.raised() ? 0 : 1;
    }

  private:
    Outcome ask_until_answered(ws::Bytes question) {
        for (std::uint64_t attempt = 0; attempt <= settings_.retries; ++attempt) {
            const net::IoResult sent = net::send_datagram(socket_, question);
            if (!sent) return explain(sent);
            trace_.bytes(ws::Direction::from_client, question);

            const int ready[] = {stop_.fd(), socket_.get()};
            switch (net::wait_readable(ready, net::after(settings_.timeout))) {
                case 0: return Outcome::interrupted;
                case 1: return receive_answer();
                default: note("no answer to " + ws::quote(question, 60) + ", lost?");
            }
        }
        return Outcome::lost;
    }

    Outcome receive_answer() {
        const net::Received answer = receive();
        if (!answer) return explain(answer.result);
        cli::say(ws::escape(text(answer)));
        return Outcome::answered;
    }

    static Outcome explain(const net::IoResult& result) {
        if (result.error == EMSGSIZE) {
            note("this line is too long for a datagram, which holds " +
                 std::to_string(net::max_datagram_bytes) + " bytes at most");
            return Outcome::lost;
        }
        note(result.message() + "; is the server running, and on this port?");  // ECONNREFUSED
        return Outcome::nobody_there;
    }

    // An answer that comes too late would be taken for the answer to the next line.
    void take_late_answers() {
        for (const int ready[] = {socket_.get()};
             net::wait_readable(ready, net::Clock::now()) == 0;)
            if (const net::Received late = receive())
                note("a late answer: " + ws::quote(text(late), 60));
    }

    net::Received receive() {
        const net::Received answer = net::receive_datagram(socket_, buffer_, net::Clock::now());
        if (answer) trace_.bytes(ws::Direction::from_server, text(answer));
        return answer;
    }

    ws::Bytes text(const net::Received& answer) const {
        return std::span{buffer_}.first(answer.result.bytes);
    }

    const Settings& settings_;
    net::Fd socket_;
    const net::StopSignal& stop_;
    std::vector<std::uint8_t> buffer_;
    cli::ByteTrace trace_{settings_.common.trace};
};

int talk(int argc, char** argv) {
    Settings settings;
    cli::Options options{"client", "Sends each line of its input as a datagram, prints answers."};
    options.client(settings.common);
    options.seconds("--timeout", settings.timeout, "how long to wait for an answer");
    options.number("--retries", settings.retries, 0, 100, "N", "how often to send a line again");
    options.parse(argc, argv);

    const net::StopSignal stop;
    net::Fd socket = net::connect_udp(settings.common.host, settings.common.port, stop.fd());
    return EchoClient{settings, std::move(socket), stop}.run();
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
