// Lesson 8: a complete WebSocket client. One thread reads messages and prints them, the other
// reads lines and writes messages; endpoint::BlockingConnection keeps the two apart.
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "cli/blocking_options.hpp"
#include "cli/say.hpp"
#include "endpoint/dial_accept.hpp"
#include "lessons/08-messages/commands.hpp"
#include "net/signal.hpp"
#include "terminal/line_reader.hpp"

namespace {

struct Settings : endpoint::DialOptions {
    bool slash = false;
    bool wait = false;
};

class Conversation {
  public:
    Conversation(const std::string& url, const Settings& settings) : settings_{settings} {
        settings_.on_pong = [this](ws::Bytes data) { print("Received pong: " + ws::escape(data)); };
        connection_ = endpoint::dial(url, settings_);
    }

    // Both directions, until the connection has ended; why it did.
    endpoint::Error run() {
        cli::say("Connected! Type messages to send, Ctrl+C to quit.");
        std::thread writer{[this] { write_lines(); }};
        while (const auto message = connection_->read_message())
            print("Received: " + message->to_string());
        ended_.raise();
        count_answer(true);
        writer.join();
        return connection_->error();
    }

  private:
    void print(const std::string& line) {
        cli::say(line);
        count_answer(false);
    }

    void count_answer(bool last) {
        const std::lock_guard lock{mutex_};
        ++answers_;
        over_ = last;
        changed_.notify_one();
    }

    // Until the end of the input, Ctrl-C, or the end of the connection.
    void write_lines() try {
        terminal::LineReader lines{STDIN_FILENO};
        const std::array others{ended_.fd(), settings_.stop_fd};
        for (unsigned sent = 0; const auto line = lines.next(others);)
            if (send(*line) && settings_.wait) wait_for_answers(++sent);
        // What was sent is still answered: the server's Close comes after its answers.
        connection_->close(ws::close_code::normal);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "client: %s\n", error.what());
        connection_->close(ws::close_code::going_away);
    }

    // False when the line was not sent.
    bool send(const std::string& line) try {
        const bool command = settings_.slash && line.starts_with('/');
        return command ? lesson::obey(*connection_, line) : connection_->write_message(line);
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "not sent: %s\n", error.what());
        return false;
    }

    void wait_for_answers(unsigned sent) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this, sent] { return answers_ >= sent || over_; });
    }

    Settings settings_;
    std::unique_ptr<endpoint::BlockingConnection> connection_;
    net::Wake ended_;
    std::mutex mutex_;  // guards answers_ and over_
    std::condition_variable changed_;
    unsigned answers_ = 0;
    bool over_ = false;
};

int talk(int argc, char** argv) {
    cli::ClientLine line;
    Settings settings;
    cli::Options options{"client", "Lesson 8: a complete WebSocket client."};
    line.declare(options, settings);
    options.flag("--slash", settings.slash, "obey /ping TEXT, /binary HEX, /close [CODE [REASON]]");
    options.flag("--wait", settings.wait, "wait for the answer before the next line is sent");
    options.number("--fragment", settings.fragment_bytes, 0, 1u << 30, "N",
                   "send longer messages in frames of N bytes; 0: in one frame");
    options.parse(argc, argv);

    const net::StopSignal stop;
    const std::string url = line.finish(settings, stop);
    const endpoint::Error error = Conversation{url, settings}.run();
    return cli::report_end(error);
}

}  // namespace

// Nobody watches over a server that says nothing: lesson 9.
std::unique_ptr<endpoint::Liveness> endpoint::liveness(const ConnectionOptions&) { return nullptr; }

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
