// Says which messages it found in a TCP stream, and sends each back. Lesson 3.
// --naive: a read is taken for a message. Without it a length stands before each message.
// Leaves out: types of messages, lengths over 65,535 (lesson 5 has both).
#include <cstdio>

#include "cli/byte_trace.hpp"
#include "cli/options.hpp"
#include "cli/say.hpp"
#include "net/client_threads.hpp"
#include "net/signal.hpp"
#include "ws/byte_order.hpp"

namespace {

struct Settings {
    cli::Common common{.port = 9002};
    std::chrono::milliseconds idle_timeout{30'000};
    std::uint64_t max_message_bytes = 4096;
    bool naive = false;
};

class Conversation {
  public:
    Conversation(const net::Fd& socket, const net::Address& peer, const Settings& settings)
        : socket_{socket}, peer_{peer}, settings_{settings} {}

    void run() {
        while (settings_.naive ? echo_a_read() : echo_a_message()) continue;
    }

  private:
    net::Deadline deadline() const { return net::after(settings_.idle_timeout); }

    // Wrong: where a read ends is no boundary that the sender made.
    bool echo_a_read() {
        std::vector<std::uint8_t> buffer(settings_.max_message_bytes);
        const net::IoResult got = net::receive_some(socket_, buffer, deadline());
        if (!got) return end(got);
        buffer.resize(got.bytes);
        trace_.bytes(ws::Direction::from_client, buffer);
        show(buffer);
        if (const net::IoResult sent = net::send_all(socket_, buffer, deadline()); !sent)
            return end(sent);
        trace_.bytes(ws::Direction::from_server, buffer);
        return true;
    }

    // Right: the length says where the message ends, and the bytes are counted.
    bool echo_a_message() {
        std::vector<std::uint8_t> message(2);
        const net::IoResult head = net::receive_exactly(socket_, message, deadline());
        if (!head) return end(head);
        const auto length = ws::load_be<std::uint16_t>(message);
        // Before the memory is reserved: the other side can announce what it likes.
        if (length > settings_.max_message_bytes)
            return log("announces " + std::to_string(length) + " bytes, more than " +
                       std::to_string(settings_.max_message_bytes) + "; closed");
        message.resize(2u + length);
        const std::span body = std::span{message}.subspan(2);
        const net::IoResult got = net::receive_exactly(socket_, body, deadline());
        if (!got) return log("the stream ended within a message: " + got.message());

        const std::string meaning = "length " + std::to_string(length) + ", " + ws::quote(body, 40);
        trace_.line(ws::Direction::from_client, message, meaning);
        show(body);
        if (const net::IoResult sent = net::send_all(socket_, message, deadline()); !sent)
            return end(sent);
        trace_.line(ws::Direction::from_server, message, meaning);
        return true;
    }

    void show(ws::Bytes message) {
        cli::say("Message " + std::to_string(++messages_) + ": " + ws::quote(message));
    }

    bool end(const net::IoResult& result) {
        if (result.status != net::IoStatus::closed) return log(result.message());
        if (result.bytes > 0) return log("the stream ended within a length");
        trace_.end(ws::Direction::from_client);
        trace_.end(ws::Direction::from_server);
        return false;
    }

    bool log(const std::string& text) const {
        std::fprintf(stderr, "%s: %s\n", peer_.to_string().c_str(), text.c_str());
        return false;
    }

    const net::Fd& socket_;
    const net::Address& peer_;
    const Settings& settings_;
    cli::ByteTrace trace_{settings_.common.trace};
    unsigned messages_ = 0;
};

int serve(int argc, char** argv) {
    Settings settings;
    cli::Options options{"server", "Shows the messages that it finds in a TCP stream."};
    options.server(settings.common);
    options.flag("--naive", settings.naive, "take each read for a message");
    options.number("--max-message-bytes", settings.max_message_bytes, 1, 65'535, "BYTES",
                   "the longest message that is accepted");
    options.seconds("--idle-timeout", settings.idle_timeout, "a client may be silent for so long");
    options.parse(argc, argv);

    const net::StopSignal stop;
    net::Listener listener{settings.common.host, settings.common.port};
    cli::say("Message server on :" + std::to_string(listener.port()) + ", " +
             (settings.naive ? "taking each read for a message" : "a 2-byte length before each message"));

    net::ClientThreads clients{[&settings](const net::Fd& socket, const net::Address& peer) {
        Conversation{socket, peer, settings}.run();
    }};
    while (auto client = listener.accept(stop.fd())) clients.start(std::move(*client));
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
