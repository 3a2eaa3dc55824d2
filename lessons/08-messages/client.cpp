// Lesson 8: a complete WebSocket client. One thread reads messages and prints them, the other
// reads lines and writes messages; endpoint::BlockingConnection keeps the two apart.
#include <array>
#include <charconv>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "cli/byte_trace.hpp"
#include "cli/key_options.hpp"
#include "endpoint/dial_accept.hpp"
#include "net/signal.hpp"
#include "terminal/line_reader.hpp"
#include "ws/unhex.hpp"

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
        std::puts("Connected! Type messages to send, Ctrl+C to quit.");
        std::fflush(stdout);
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
        std::puts(line.c_str());
        std::fflush(stdout);
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
        // What was sent is still answered: the server's Close comes behind its answers.
        connection_->close(ws::close_code::normal);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "client: %s\n", error.what());
        connection_->close(ws::close_code::going_away);
    }

    // False when the line was not sent.
    bool send(const std::string& line) try {
        return settings_.slash && line.starts_with('/') ? command(line)
                                                        : connection_->write_message(line);
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "not sent: %s\n", error.what());
        return false;
    }

    bool command(const std::string& line) {
        const std::string name = line.substr(0, line.find(' '));
        const std::string rest{ws::trim(std::string_view{line}.substr(name.size()))};
        if (name == "/ping") return connection_->ping(ws::as_bytes(rest));
        if (name == "/binary") {
            if (const auto bytes = ws::unhex(rest))
                return connection_->write_message(ws::Opcode::binary, *bytes);
            throw std::invalid_argument{"/binary needs pairs of hex digits"};
        }
        if (name != "/close") throw std::invalid_argument{"not /ping, /binary or /close"};
        ws::CloseCode code = rest.empty() ? ws::close_code::normal : ws::CloseCode{0};
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), code);
        connection_->close(code, ws::trim({end, rest.data() + rest.size()}));
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
    cli::Common common;
    cli::KeyOptions keys;
    Settings settings;
    cli::Options options{"client", "Lesson 8: a complete WebSocket client."};
    options.client(common, {"ws"});
    options.path(common);
    options.flag("--slash", settings.slash, "obey /ping TEXT, /binary HEX, /close [CODE [REASON]]");
    options.flag("--wait", settings.wait, "wait for the answer before the next line is sent");
    options.number("--fragment", settings.fragment_bytes, 0, 1u << 30, "N",
                   "send longer messages in frames of N bytes; 0: in one frame");
    options.seconds("--handshake-timeout", settings.handshake_timeout, "for the whole handshake");
    options.seconds("--close-timeout", settings.close_timeout, "for the server's Close");
    keys.declare(options);
    options.parse(argc, argv);

    const net::StopSignal stop;
    settings.stop_fd = stop.fd();
    settings.stop_code = ws::close_code::normal;
    settings.ping_interval = settings.idle_timeout = {};  // 0, off: keep-alive is lesson 9
    settings.key = keys.handshake;
    settings.masking_keys = keys.masking.get();
    if (common.trace) settings.trace = cli::trace_to_stderr;
    const std::string url = "ws://" + net::join_host_port(common.host, common.port) + common.path;
    const endpoint::Error error = Conversation{url, settings}.run();
    std::fprintf(stderr, "Disconnected: %s\n", error.message().c_str());
    return error.expected() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
