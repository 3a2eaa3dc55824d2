// Every call in turn fails once, in the middle of a conversation: nobody crashes or hangs, nothing leaks, no
// byte of a message that was accepted is lost or changed, and a server goes on with the next client.
// Run by `make faults`, under the address sanitizer.
#include <doctest/doctest.h>

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <map>
#include <thread>

#include "endpoint/dial_accept.hpp"
#include "endpoint/server.hpp"
#include "net/wake.hpp"
#include "tests/faults/faults.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/exchange.hpp"

using faults::Call;
using faults::Fault;
using namespace test;

namespace {

constexpr std::chrono::milliseconds patience{20'000};

// For the message of a run that hangs; written before each of them.
char current[160] = "nothing yet";

[[noreturn]] void hangs(int) {
    constexpr char text[] = "\nfaults: it hangs with: ";
    static_cast<void>(!::write(STDERR_FILENO, text, sizeof text - 1));
    static_cast<void>(!::write(STDERR_FILENO, current, std::strlen(current)));
    ::_exit(3);
}

std::size_t open_descriptors() {
    DIR* folder = ::opendir("/proc/self/fd");
    std::size_t count = 0;
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
    return count;
}

// A server that is beside the one under test gives its descriptor back a moment later.
bool settles_at(std::size_t count) {
    const net::Deadline deadline = net::after(patience);
    while (open_descriptors() != count) {
        if (net::Clock::now() > *deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

// --- what may fail, and whether whoever meets it can go on as if nothing had been -----------------

struct Way {
    Call call;
    const char* call_name;
    int error;
    const char* error_name;
    bool harmless;  // the conversation is complete in spite of it
};

const std::vector<Way> ways{
    {Call::recv, "recv", EINTR, "EINTR", true},
    {Call::recv, "recv", EAGAIN, "EAGAIN", true},
    {Call::recv, "recv", faults::shortened, "one byte", true},
    {Call::recv, "recv", ECONNRESET, "ECONNRESET", false},
    {Call::recv, "recv", ENOMEM, "ENOMEM", false},
    {Call::send, "send", EINTR, "EINTR", true},
    {Call::send, "send", EAGAIN, "EAGAIN", true},
    {Call::send, "send", faults::shortened, "one byte", true},
    {Call::send, "send", ENOBUFS, "ENOBUFS", false},
    {Call::send, "send", EPIPE, "EPIPE", false},
    {Call::send, "send", ECONNRESET, "ECONNRESET", false},
    {Call::sendmsg, "sendmsg", EINTR, "EINTR", true},
    {Call::sendmsg, "sendmsg", EAGAIN, "EAGAIN", true},
    {Call::sendmsg, "sendmsg", faults::shortened, "one byte", true},
    {Call::sendmsg, "sendmsg", ENOBUFS, "ENOBUFS", false},
    {Call::sendmsg, "sendmsg", ECONNRESET, "ECONNRESET", false},
    {Call::accept4, "accept4", EINTR, "EINTR", true},
    {Call::accept4, "accept4", EAGAIN, "EAGAIN", true},
    {Call::accept4, "accept4", ECONNABORTED, "ECONNABORTED", true},
    {Call::accept4, "accept4", EMFILE, "EMFILE", false},
    {Call::accept4, "accept4", ENFILE, "ENFILE", false},
    {Call::accept4, "accept4", ENOBUFS, "ENOBUFS", false},
    {Call::accept4, "accept4", ENOMEM, "ENOMEM", false},
    {Call::accept4, "accept4", EPROTO, "EPROTO", true},
    {Call::epoll_ctl, "epoll_ctl", ENOSPC, "ENOSPC", false},
    {Call::epoll_ctl, "epoll_ctl", ENOMEM, "ENOMEM", false},
    {Call::epoll_wait, "epoll_wait", EINTR, "EINTR", true},
    {Call::poll, "poll", EINTR, "EINTR", true},
    {Call::socket, "socket", EMFILE, "EMFILE", false},
    {Call::socket, "socket", ENOBUFS, "ENOBUFS", false},
    {Call::connect, "connect", ECONNREFUSED, "ECONNREFUSED", false},
    {Call::connect, "connect", ETIMEDOUT, "ETIMEDOUT", false},
    {Call::eventfd, "eventfd", EMFILE, "EMFILE", false},
    {Call::open, "open", EMFILE, "EMFILE", false},
    {Call::epoll_create1, "epoll_create1", EMFILE, "EMFILE", false},
    {Call::getrandom, "getrandom", EINTR, "EINTR", true},
    {Call::getrandom, "getrandom", faults::shortened, "one byte", true},
    {Call::bind, "bind", EADDRINUSE, "EADDRINUSE", false},
    {Call::listen, "listen", EADDRINUSE, "EADDRINUSE", false},
    {Call::memory, "operator new", ENOMEM, "no memory", false},
};

// --- the conversation ----------------------------------------------------------------------------

const std::string large(70'000, 'x');

ws::Buffer client_bytes() {
    ws::Buffer frames = "81 03 6f 6e 65"_hex;                           // "one"
    frames = frames + ws::Bytes{"89 01 70"_hex};                        // a ping
    ws::append_frame(frames, {.fin = false, .opcode = ws::Opcode::binary}, ws::as_bytes(large));
    ws::append_frame(frames, {.opcode = ws::Opcode::continuation}, ws::as_bytes(large));
    frames = frames + ws::Bytes{"81 05 74 68 72 65 65"_hex};            // "three"
    frames = frames + ws::Bytes{close_frame(1000)};
    const std::string request =
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    ws::Buffer bytes{request.begin(), request.end()};
    return bytes + ws::Bytes{masked(frames)};
}

// All that a server says to a client that says all of that at once.
std::string converse(std::uint16_t port) {
    const net::Deadline deadline = net::after(patience);
    const net::Fd socket = net::connect_tcp("127.0.0.1", port, deadline);
    net::send_all(socket, client_bytes(), deadline);
    std::string said;
    std::array<std::uint8_t, 65536> buffer;
    while (const net::IoResult result = net::receive_some(socket, buffer, deadline))
        said += ws::as_text(ws::Bytes{buffer}.first(result.bytes));
    return said;
}

// What was said so far, and then perhaps a Close; or a refusal.
bool is_beginning(const std::string& said, const std::string& all) {
    if (said.starts_with("HTTP/1.1 5")) return true;
    const auto common = static_cast<std::size_t>(
        std::mismatch(said.begin(), said.end(), all.begin(), all.end()).first - said.begin());
    const std::string rest = said.substr(common);
    return rest.empty() || (rest[0] == '\x88' && rest.size() == 2u + static_cast<unsigned char>(rest[1]));
}

// --- the servers ---------------------------------------------------------------------------------

// Serves until `stop` is readable; tells its port as soon as it has one.
using Serve = std::function<void(int stop, std::atomic<int>& port)>;

void serve_loop(int stop, std::atomic<int>& port) {
    endpoint::ServerOptions options;
    options.host = "127.0.0.1";
    options.port = 0;
    options.close_timeout = std::chrono::milliseconds{500};  // where the peer's Close was lost
    endpoint::Handlers handlers;
    handlers.on_message = [](auto& client, const auto& message) { client.send(message.type, message.data); };
    endpoint::Server server{options, handlers};
    port = server.port();
    server.run(stop);
}

void serve_blocking(int stop, std::atomic<int>& port) {
    net::Listener listener{"127.0.0.1", 0};
    port = listener.port();
    endpoint::AcceptOptions options;
    options.stop_fd = stop;
    options.close_timeout = std::chrono::milliseconds{500};  // where the peer's Close was lost
    while (const auto client = listener.accept(stop)) try {
        const auto connection = endpoint::accept(client->socket, options, client->peer);
        while (const auto message = connection->read_message())
            if (!connection->write_message(message->type, message->data)) connection->wait_until_closed();
    } catch (const endpoint::HandshakeFailed&) {
        // This client; the next one is served.
    } catch (const std::system_error&) {
        // As in net::ClientThreads: what fails for one client, ends this client.
    } catch (const std::bad_alloc&) {
    }
}

struct Outcome {
    std::vector<std::string> heard{};  // by three clients, one after the other
    std::string error{};               // of the server as a whole
};

Outcome outcome_of(const Serve& serve, Fault& fault) {
    net::Wake stop;
    std::atomic<int> port = -1;  // 0: it never had one
    Outcome outcome;
    std::thread thread{[&] {
        const faults::Armed armed{fault};
        try {
            serve(stop.fd(), port);
        } catch (const std::exception& error) {
            outcome.error = error.what();
        }
        if (port < 0) port = 0;
    }};
    while (port < 0) std::this_thread::yield();
    if (port > 0) try {
        for (int i = 0; i < 3; ++i) outcome.heard.push_back(converse(static_cast<std::uint16_t>(port)));
    } catch (const std::system_error&) {
        // It has ended; `error` says why.
    }
    stop.raise();
    thread.join();
    return outcome;
}

struct Tally {
    unsigned long runs = 0, harmless = 0;
};

// Each call, each error, each place.
template <typename Try>
void try_all(const char* subject, Try try_one) {
    std::signal(SIGALRM, hangs);
    std::map<std::string, Tally> table;
    const std::size_t before = open_descriptors();
    for (const Way& way : ways)
        for (unsigned long at = 1;; ++at) {
            Fault fault;
            fault.call = way.call;
            fault.at = at;
            fault.error = way.error;
            std::snprintf(current, sizeof current, "%s, call %lu of %s: %s\n", subject, at, way.call_name, way.error_name);
            CAPTURE(std::string{current});
            ::alarm(60);
            try_one(way, fault);
            CHECK(settles_at(before));
            ::alarm(0);
            if (!fault.happened) break;
            Tally& tally = table[std::string{way.call_name} + " " + way.error_name];
            ++tally.runs;
            if (way.harmless) ++tally.harmless;
        }
    unsigned long all = 0;
    std::printf("%s\n", subject);
    for (const auto& [name, tally] : table) {
        std::printf("  %-28s %4lu calls%s\n", name.c_str(), tally.runs, tally.harmless > 0 ? ", nothing was lost" : "");
        all += tally.runs;
    }
    std::printf("  %lu faults\n", all);
}

void try_server(const char* name, const Serve& serve) {
    Fault none;
    const std::vector<std::string> clean = outcome_of(serve, none).heard;
    const std::string all = clean.at(0);
    REQUIRE(all.size() > 2 * large.size());
    unsigned long ended = 0;
    try_all(name, [&](const Way& way, Fault& fault) {
        const Outcome outcome = outcome_of(serve, fault);
        const auto whole = std::ranges::count(outcome.heard, all);
        for (const std::string& heard : outcome.heard) CHECK(is_beginning(heard, all));
        // At the start a server says what it lacks, and does not run; later only the want of memory ends it.
        const bool started = !outcome.heard.empty();
        if (!outcome.error.empty() && started) ++ended;
        CHECK_MESSAGE((outcome.error.empty() || !started || way.call == Call::memory), outcome.error);
        // One client may pay for the fault, and no other one.
        if (outcome.error.empty()) CHECK(whole >= (fault.happened && !way.harmless ? 2 : 3));
    });
    std::printf("  the whole server ended %lu times, in order, for want of memory\n", ended);
}

}  // namespace

TEST_CASE("faults: the event loop's server, each call in turn") { try_server("epoll server", serve_loop); }

TEST_CASE("faults: the blocking server, each call in turn") { try_server("blocking server", serve_blocking); }

namespace {

// What a client did and saw.
struct Talk {
    std::vector<std::string> accepted{};
    std::vector<std::string> answers{};
    bool closed = false;
    std::string error{};
};

Talk talk(std::uint16_t port) {
    Talk seen;
    try {
        const auto connection = endpoint::dial("ws://127.0.0.1:" + std::to_string(port) + "/ws");
        for (const std::string& message : {std::string{"one"}, large, std::string{"three"}})
            if (connection->write_message(message)) seen.accepted.push_back(message);
        while (seen.answers.size() < seen.accepted.size()) {
            const auto answer = connection->read_message();
            if (!answer) break;
            seen.answers.emplace_back(ws::as_text(answer->data));
        }
        connection->close(ws::close_code::normal);
        connection->wait_until_closed();
        seen.closed = connection->error().expected();
    } catch (const std::exception& error) {
        seen.error = error.what();
    }
    return seen;
}

}  // namespace

TEST_CASE("faults: the blocking client, each call in turn") {
    net::Wake stop;
    std::atomic<int> port = -1;
    std::thread server{[&] { serve_loop(stop.fd(), port); }};
    while (port < 0) std::this_thread::yield();
    try_all("blocking client", [&](const Way& way, Fault& fault) {
        Talk seen;
        std::thread client{[&] {
            const faults::Armed armed{fault};
            seen = talk(static_cast<std::uint16_t>(port));
        }};
        client.join();
        if (!fault.happened || way.harmless) {
            CHECK(seen.error.empty());
            CHECK(seen.closed);
            CHECK(seen.accepted.size() == 3);
        }
        // What was accepted came back, in its order; all of it, unless the connection was lost.
        CHECK(seen.answers.size() <= seen.accepted.size());
        CHECK((std::equal(seen.answers.begin(), seen.answers.end(), seen.accepted.begin())));
        if (seen.closed) CHECK(seen.answers.size() == seen.accepted.size());
    });
    stop.raise();
    server.join();
}
