// Ctrl-C before anything has begun: while a client connects, or waits for the server's answer to
// its handshake, and while a server waits for a request. Every program ends at once, with 0.
#include <netinet/in.h>
#include <signal.h>

#include <fstream>
#include <sstream>

#include "tests/lessons/peers.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> tcp_lessons{"01-tcp-echo", "03-byte-stream"};
const std::vector<std::string> websocket_lessons{
    "04-handshake",  "05-frames",       "06-native-echo", "07-hello", "08-messages",
    "09-keep-alive", "10-trust-nobody", "11-event-loop",  "12-chat",  "13-streaming"};

std::vector<std::string> all_lessons() {
    std::vector<std::string> all = tcp_lessons;
    all.insert(all.end(), websocket_lessons.begin(), websocket_lessons.end());
    return all;
}

// A port of this machine that answers no connection: its listener's queue is full.
class DeafPort {
  public:
    DeafPort() : listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        net::Address address = *net::parse_ip("127.0.0.1");
        REQUIRE(::bind(listener_.get(), address.raw(), address.length) == 0);
        REQUIRE(::listen(listener_.get(), 0) == 0);
        try {
            for (int i = 0; i < 10; ++i)
                waiting_.push_back(net::connect_tcp("127.0.0.1", port(), net::after(100ms)));
        } catch (const std::system_error&) {
            return;
        }
        FAIL("a full queue still takes connections");
    }
    std::uint16_t port() const { return net::local_port(listener_); }

  private:
    net::Fd listener_;
    std::vector<net::Fd> waiting_;
};

// Does the program hold SIGINT back, for its descriptor? Before that the signal would kill it.
bool blocks_interrupts(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/status"};
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("SigBlk:"))
            return (std::stoull(line.substr(7), nullptr, 16) >> (SIGINT - 1) & 1) != 0;
    return false;
}

void wait_until_blocking(Process& process) {
    const net::Deadline deadline = net::after(patience);
    while (!blocks_interrupts(process.pid()))
        REQUIRE_MESSAGE(net::Clock::now() < *deadline, process.errors_so_far());
}

// Ends at once means: long before any time-out of its own (10 s for a handshake).
void interrupt(Process& process) {
    const auto begin = net::Clock::now();
    process.signal(SIGINT);
    CHECK(process.wait() == 0);
    CHECK(net::Clock::now() - begin < 1s);
    CHECK(process.errors_so_far().find("andshake") == std::string::npos);  // has failed, or so
}

std::vector<std::string> to_port(std::uint16_t port) {
    return {"--host", "127.0.0.1", "--port", std::to_string(port)};
}

}  // namespace

TEST_CASE("Ctrl-C: every client that is still connecting ends at once, with 0") {
    const DeafPort deaf;
    for (const std::string& lesson : all_lessons()) {
        CAPTURE(lesson);
        Process client{program("lessons/" + lesson + "/client"), to_port(deaf.port())};
        wait_until_blocking(client);
        interrupt(client);
    }
}

TEST_CASE("Ctrl-C: every client whose handshake is not answered ends at once, with 0") {
    for (const std::string_view answer : {"", "HTTP/1.1 101 Switching Pro"})
        for (const std::string& lesson : websocket_lessons) {
            CAPTURE(lesson);
            net::Listener listener{"127.0.0.1", 0};
            Process client{program("lessons/" + lesson + "/client"), to_port(listener.port())};
            RawPeer silent{listener};
            silent.receive_head();
            silent.send(answer);
            interrupt(client);
            CHECK(client.errors_so_far() == "");
        }
}

TEST_CASE("Ctrl-C: a client waits no longer for the reason of its refusal") {
    for (const std::string lesson : {"04-handshake", "05-frames", "06-native-echo", "07-hello"}) {
        CAPTURE(lesson);
        net::Listener listener{"127.0.0.1", 0};
        Process client{program("lessons/" + lesson + "/client"), to_port(listener.port())};
        RawPeer slow{listener};
        slow.receive_head();
        client.signal(SIGINT);
        slow.send("HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\n");
        CHECK(client.wait() == 0);
    }
}

TEST_CASE("Ctrl-C: lesson 5's client waits no longer for an echo") {
    net::Listener listener{"127.0.0.1", 0};
    std::vector<std::string> arguments = to_port(listener.port());
    arguments.insert(arguments.end(), {"--key", sample_key});
    Process client{program("lessons/05-frames/client"), arguments};
    RawPeer mute{listener};
    mute.receive_head();
    mute.send(sample_answer);
    ws::FrameHeader header;
    mute.receive_frame(header);
    interrupt(client);
}

TEST_CASE("Ctrl-C: every server that waits for a request ends at once, with 0") {
    for (const std::string& lesson : all_lessons()) {
        CAPTURE(lesson);
        LessonServer server{lesson};
        RawPeer silent{server.port};
        RawPeer slow{server.port};
        slow.send("GET /ws HT");
        // Accepted in their order: once this one is served, the two above are waited for.
        if (lesson > "04") open_peer(server.port).close();
        interrupt(server.process);
    }
}
