// Ctrl-C in every state of every program: before anything has begun it ends at once, with 0; later
// (idle, flooded, blocked in a write, closing) within the time that a closing handshake may take.
#include <netinet/in.h>
#include <signal.h>

#include <atomic>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include "tests/lessons/peers.hpp"
#include "tests/support/machine.hpp"
#include "ws/handshake.hpp"
#include "ws/unhex.hpp"
#include "net/parse_ip.hpp"

using namespace test;
using namespace test::literals;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> tcp_lessons{"01-tcp-echo", "03-byte-stream"};
const std::vector<std::string> websocket_lessons{
    "04-handshake",  "05-frames",       "06-native-echo", "07-hello", "08-messages",
    "09-keep-alive", "10-trust-nobody", "11-event-loop",  "12-chat",  "13-streaming",
    "14-compression", "15-many-cores", "16-many-machines"};

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
    CHECK(net::Clock::now() - begin < on_this_machine(1s));
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

// --- in the middle of it -------------------------------------------------------------------------

namespace {

const std::vector<std::string> frame_lessons{"05-frames",     "06-native-echo", "07-hello",
                                             "08-messages",   "09-keep-alive",  "10-trust-nobody",
                                             "11-event-loop", "12-chat",        "13-streaming",
                                             "14-compression", "15-many-cores", "16-many-machines"};

// A server that has let the client in, and does not read or say anything more by itself.
struct Hooked {
    explicit Hooked(const std::string& lesson, std::vector<std::string> arguments = {})
        : listener{"127.0.0.1", 0}, client{start(lesson, std::move(arguments))} {
        request = peer().receive_head();
        peer().send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
            ws::accept_key(request.substr(request.find("Sec-WebSocket-Key: ") + 19, 24)) +
            "\r\n\r\n");
    }

    Process& process() { return *client; }
    RawPeer& peer() {
        if (!accepted) accepted.emplace(listener);
        return *accepted;
    }

    std::unique_ptr<Process> start(const std::string& lesson, std::vector<std::string> arguments) {
        std::vector<std::string> all = to_port(listener.port());
        all.insert(all.end(), arguments.begin(), arguments.end());
        return std::make_unique<Process>(program("lessons/" + lesson + "/client"), all);
    }

    net::Listener listener;
    std::unique_ptr<Process> client;
    std::optional<RawPeer> accepted;
    std::string request;
};

// The same bytes over and over, until this object goes. Each time from where the kernel stopped.
class Flood {
  public:
    Flood(const net::Fd& socket, ws::Buffer bytes)
        : thread_{[this, &socket, bytes = std::move(bytes)] {
              for (std::size_t done = 0; !over_;) {
                  const net::IoResult sent =
                      net::send_some(socket, ws::Bytes{bytes}.subspan(done),
                                     net::after(std::chrono::milliseconds{20}));
                  if (sent.status == net::IoStatus::failed) return;
                  done = (done + sent.bytes) % bytes.size();
              }
          }} {}
    ~Flood() {
        over_ = true;
        thread_.join();
    }

  private:
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

// Sends until the peer has taken nothing for half a second: it waits for us to read. What is sent in
// all is far more than two kernels keep.
void send_until_stuck(const net::Fd& socket, ws::Bytes bytes) {
    constexpr std::size_t enough = 64 << 20;
    for (std::size_t sent = 0; sent < enough; sent += bytes.size())
        if (!net::send_all(socket, bytes, net::after(500ms))) return;
}

ws::Buffer many(std::string_view frame, std::size_t count) {
    const ws::Buffer one = *ws::unhex(frame);
    ws::Buffer bytes;
    for (std::size_t i = 0; i < count; ++i) ws::append(bytes, one);
    return bytes;
}

// Ctrl-C ends it within the time that it gives a peer for the closing handshake, and a little more:
// far below the 30 s that a write may take.
void ends_in_time(Process& process, const std::string& lesson) {
    CAPTURE(lesson);
    process.signal(SIGINT);
    process.wait(std::chrono::duration_cast<std::chrono::milliseconds>(on_this_machine(10s)));
}

}  // namespace

TEST_CASE("Ctrl-C: a client that is idle ends, also when its Close stays unanswered") {
    for (const std::string& lesson : frame_lessons) {
        Hooked hooked{lesson};
        ends_in_time(hooked.process(), lesson);
    }
}

TEST_CASE("Ctrl-C: a server that sends without a pause does not hide it") {
    for (const std::string lesson : {"06-native-echo", "07-hello", "08-messages", "09-keep-alive",
                                     "10-trust-nobody", "12-chat"}) {
        Hooked hooked{lesson};
        const Flood flood{hooked.peer().socket(), many("81 01 78", 2000)};
        hooked.process().read_line();  // it is in the middle of it
        if (lesson == "12-chat")
            hooked.process().read_error_line();
        else
            hooked.process().read_line();
        ends_in_time(hooked.process(), lesson);
    }
}

TEST_CASE("Ctrl-C: a client whose server takes nothing ends in the middle of its write") {
    for (const std::string lesson :
         {"06-native-echo", "07-hello", "08-messages", "10-trust-nobody"}) {
        Hooked hooked{lesson};
        if (lesson == "07-hello") hooked.peer().send("81 01 78"_hex);
        // One line, longer than what two kernels keep for us.
        hooked.process().write(std::string(15'000'000, 'x') + '\n');
        send_until_stuck(hooked.peer().socket(), many("8A 00", 500));
        ends_in_time(hooked.process(), lesson);
    }
}

TEST_CASE("Ctrl-C: a client that is blocked by its own pongs ends within the close timeout") {
    for (const std::string lesson : {"08-messages", "09-keep-alive"}) {
        Hooked hooked{lesson, {"--close-timeout", "0.5"}};
        send_until_stuck(hooked.peer().socket(), many("89 08 78 78 78 78 78 78 78 78", 5000));
        ends_in_time(hooked.process(), lesson);
    }
}

TEST_CASE("SIGTERM: a server that is blocked by a client which takes nothing ends") {
    for (const std::string lesson : {"06-native-echo", "08-messages", "11-event-loop"}) {
        LessonServer server{lesson};
        RawPeer peer = open_peer(server.port);
        ws::Buffer frame;
        ws::FrameHeader header;
        header.opcode = ws::Opcode::text;
        header.masked = true;
        ws::append_frame(frame, header, ws::Buffer(100'000, 'x'));
        send_until_stuck(peer.socket(), frame);
        CAPTURE(lesson);
        server.process.signal(SIGTERM);
        server.process.wait(
            std::chrono::duration_cast<std::chrono::milliseconds>(on_this_machine(10s)));
    }
}
