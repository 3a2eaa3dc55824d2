// Lesson 14: a client that says how many bytes its messages have on the wire, and in memory.
// With --bomb it sends one that is small on the wire and large in memory; with --guess it finds out
// a secret that the server compresses beside its text.
#include <unistd.h>

#include <array>
#include <semaphore>
#include <stdexcept>
#include <thread>

#include "cli/blocking_options.hpp"
#include "cli/size_options.hpp"
#include "lessons/14-compression/counted_connection.hpp"
#include "lessons/14-compression/guess.hpp"
#include "net/signal.hpp"
#include "net/wake.hpp"
#include "terminal/line_reader.hpp"

namespace {

using lesson::CountedConnection;

// A line typed, an answer printed, and again. One thread reads, for pings come at any time.
class Conversation {
  public:
    explicit Conversation(CountedConnection& connection) : connection_{connection} {}

    void run(int stop_fd) {
        std::thread reader{[this] { print_answers(); }};
        terminal::LineReader lines{STDIN_FILENO};
        const std::array others{ended_.fd(), stop_fd};
        while (const auto line = lines.next(others)) {
            if (!connection_.send(ws::Opcode::text, ws::as_bytes(*line))) break;
            answers_.acquire();
        }
        connection_.close();
        reader.join();
    }

  private:
    void print_answers() {
        while (const auto answer = connection_.receive()) {
            cli::say("Received: " + answer->text + " (" + answer->sizes.to_string() + ")");
            answers_.release();
        }
        ended_.raise();
        answers_.release();
    }

    CountedConnection& connection_;
    net::Wake ended_;
    std::counting_semaphore<> answers_{0};
};

// Zeros, as one message in one frame. They are echoed, unless the server refuses them.
void send_bomb(CountedConnection& connection, std::uint64_t size) {
    if (!connection.send(ws::Opcode::binary, ws::Buffer(size, 0))) return;
    if (const auto answer = connection.receive()) cli::say("Received: " + answer->sizes.to_string());
}

void find_secret(CountedConnection& connection) {
    unsigned texts = 0;
    lesson::Guess guess{[&](const std::string& text) {
        ++texts;
        connection.send(ws::Opcode::text, ws::as_bytes(text));
        // All messages of the answer, up to the one with our text. But for its end, nothing is
        // looked at but lengths.
        for (std::uint64_t length = 0;;) {
            const auto answer = connection.receive();
            if (!answer) throw std::runtime_error{"the connection ended before the secret was found"};
            length += answer->sizes.wire;
            if (answer->text.ends_with(text)) return length;
        }
    }};
    guess.progress = [&texts](const std::string& known) {
        cli::say(known + ", after " + std::to_string(texts) + " texts");
    };
    const std::string found = guess.run();
    cli::say(found.empty() ? "The lengths tell nothing." : "The secret is " + found);
}

int talk(int argc, char** argv) {
    cli::ClientLine line;
    endpoint::DialOptions settings;
    cli::CompressionOptions compression;
    std::uint64_t bomb = 0;
    bool guess = false;
    cli::Options options{"client", "Lesson 14: a WebSocket client that compresses, and counts."};
    line.declare(options, settings);
    compression.declare(options);
    cli::size_option(options, "--bomb", bomb, "send so many zeros as one message", 0, 1u << 30);
    options.flag("--guess", guess, "find out the secret of a server's answers by their lengths");
    options.parse(argc, argv);

    const net::StopSignal stop;
    const std::string url = line.finish(settings, stop);
    CountedConnection connection{
        url, settings, compression.extensions(cli::CompressionOptions::Sharing::none), !guess};
    if (guess) {
        find_secret(connection);
    } else if (bomb > 0) {
        send_bomb(connection, bomb);
    } else {
        cli::say("Connected! Type messages to send, Ctrl+C to quit.");
        Conversation{connection}.run(settings.stop_fd);
    }
    return cli::report_end(connection.end());
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
