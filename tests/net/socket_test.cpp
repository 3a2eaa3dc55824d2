// TCP over real sockets: what the kernel does to programs that do not expect it.
#include "net/socket.hpp"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <future>
#include <system_error>
#include <thread>

#include "net/wake.hpp"

using namespace std::chrono_literals;
using net::Fd;
using net::IoStatus;
using Byte = std::uint8_t;

namespace {

net::Deadline soon() { return net::after(20s); }  // only a test that hangs meets it

struct Pair {
    Fd client;
    Fd server;
};

// A connection over TCP. `buffer` bounds what the kernel holds for the client (0: its default).
Pair connected(int buffer = 0, const std::string& host = "localhost") {
    net::Listener listener{host, 0};
    Pair pair;
    pair.client = net::connect_tcp(host, listener.port(), soon());
    pair.server = std::move(listener.accept()->socket);
    if (buffer > 0) ::setsockopt(pair.client.get(), SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    return pair;
}

std::vector<Byte> pattern(std::size_t size) {
    std::vector<Byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<Byte>(i * 7 + (i >> 8));
    return bytes;
}

void reset(Fd& socket) {
    const linger at_once{1, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket.close();
}

std::string what(const std::function<void()>& call, int& error) {
    try {
        call();
    } catch (const std::system_error& failure) {
        error = failure.code().value();
        return failure.what();
    }
    return "";
}

}  // namespace

TEST_CASE("socket: bytes both ways, over IPv4 and over IPv6") {
    for (const char* host : {"127.0.0.1", "::1", "localhost"}) {
        CAPTURE(host);
        Pair pair = connected(0, host);
        std::array<Byte, 16> buffer;
        CHECK(net::send_all(pair.client, "ping"));
        CHECK(net::receive_some(pair.server, buffer).bytes == 4);
        CHECK(std::memcmp(buffer.data(), "ping", 4) == 0);
        CHECK(net::send_all(pair.server, "pong", soon()));
        const auto got = net::receive_exactly(pair.client, std::span{buffer}.first(4), soon());
        CHECK(got.status == IoStatus::ok);
        CHECK(got.bytes == 4);
    }
}

TEST_CASE("socket: localhost has one free port for both families") {
    net::Listener listener{"localhost", 0};
    CHECK(listener.port() != 0);
    for (const char* host : {"127.0.0.1", "::1"}) {
        const Fd client = net::connect_tcp(host, listener.port(), soon());
        const auto accepted = listener.accept();
        REQUIRE(accepted);
        CHECK(accepted->peer.ip() == host);
        CHECK(accepted->peer.port() == net::local_port(client));
    }
}

TEST_CASE("socket: neither address family can shut out the other") {
    net::Listener listener{"localhost", 0};
    std::vector<Fd> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(net::connect_tcp("127.0.0.1", listener.port()));
    clients.push_back(net::connect_tcp("::1", listener.port()));
    const std::string first = listener.accept()->peer.ip();
    const std::string second = listener.accept()->peer.ip();
    CHECK(first != second);
}

TEST_CASE("socket: `::` alone serves both families") {
    net::Listener listener{"::", 0};
    const Fd v4 = net::connect_tcp("127.0.0.1", listener.port(), soon());
    CHECK(listener.accept()->peer.ip() == "127.0.0.1");
    const Fd v6 = net::connect_tcp("::1", listener.port(), soon());
    CHECK(listener.accept()->peer.ip() == "::1");
}

TEST_CASE("socket: a port in use, and the same port right after its server's end") {
    int error = 0;
    std::uint16_t port = 0;
    {
        net::Listener first{"localhost", 0};
        port = first.port();
        CHECK(what(
                  [&] {
                      net::Listener{"localhost", port};
                  },
                  error) ==
              "cannot listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use");
        CHECK(error == EADDRINUSE);
        // The server closes first: its side of the connection stays in TIME_WAIT for a minute.
        Fd client = net::connect_tcp("127.0.0.1", port, soon());
        first.accept()->socket.close();
        std::array<Byte, 1> buffer;
        CHECK(net::receive_some(client, buffer, soon()).status == IoStatus::closed);
    }
    CHECK_NOTHROW(net::Listener{"localhost", port});
}

TEST_CASE("socket: nobody listens, and an address that is not ours") {
    std::uint16_t port = 0;
    { port = net::Listener{"localhost", 0}.port(); }
    int error = 0;
    CHECK(what([&] { net::connect_tcp("localhost", port, soon()); }, error) ==
          "cannot connect to localhost:" + std::to_string(port) + ": Connection refused");
    CHECK(error == ECONNREFUSED);
    what([] { net::Listener{"192.0.2.7", 0}; }, error);
    CHECK(error == EADDRNOTAVAIL);
    CHECK_THROWS_AS((net::Listener{"no-such-host.invalid", 0}), net::ResolveError);
}

TEST_CASE("socket: connecting has a deadline") {
    // A listener whose queue is full: the kernel drops further connections without an answer.
    const Fd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    net::Address address = net::resolve("127.0.0.1", 0, SOCK_STREAM).front();
    REQUIRE(::bind(listener.get(), address.raw(), address.length) == 0);
    REQUIRE(::listen(listener.get(), 0) == 0);
    const std::uint16_t port = net::local_port(listener);
    std::vector<Fd> waiting;
    int error = 0;
    for (int i = 0; i < 10 && error == 0; ++i)
        what([&] { waiting.push_back(net::connect_tcp("127.0.0.1", port, net::after(100ms))); },
             error);
    CHECK(error == ETIMEDOUT);

    // And an end, which comes before the deadline.
    net::Wake stop;
    std::thread stopper{[&stop] { stop.raise(); }};
    CHECK_THROWS_AS(net::connect_tcp("127.0.0.1", port, soon(), stop.fd()), net::Stopped);
    stopper.join();
}

TEST_CASE("socket: a read with a deadline") {
    Pair pair = connected();
    std::array<Byte, 8> buffer;
    const auto begin = net::Clock::now();
    CHECK(net::receive_some(pair.server, buffer, net::after(30ms)).status == IoStatus::timed_out);
    CHECK(net::Clock::now() - begin >= 30ms);

    // Bytes that trickle do not push the deadline away.
    CHECK(net::send_all(pair.client, "abc"));
    const auto partial = net::receive_exactly(pair.server, buffer, net::after(30ms));
    CHECK(partial.status == IoStatus::timed_out);
    CHECK(partial.bytes == 3);
    CHECK(partial.message() == "timed out");
    // Past it, not even bytes that are here.
    CHECK(net::send_all(pair.client, "abc"));
    CHECK(net::receive_some(pair.server, buffer, net::Clock::now()).status == IoStatus::timed_out);
}

TEST_CASE("socket: the end of the stream, at once and within an expected number of bytes") {
    Pair pair = connected();
    CHECK(net::send_all(pair.client, "abc"));
    net::shutdown_sending(pair.client);
    std::array<Byte, 8> buffer;
    const auto result = net::receive_exactly(pair.server, buffer, soon());
    CHECK(result.status == IoStatus::closed);
    CHECK(result.bytes == 3);
    CHECK(result.message() == "the peer ended the connection");
    CHECK(net::receive_some(pair.server, buffer, soon()).status == IoStatus::closed);
    // The other direction is open still.
    CHECK(net::send_all(pair.server, "bye"));
    CHECK(net::receive_some(pair.client, buffer, soon()).bytes == 3);
}

TEST_CASE("socket: a reset is a failure and no end") {
    Pair pair = connected();
    reset(pair.client);
    std::array<Byte, 8> buffer;
    const auto result = net::receive_some(pair.server, buffer, soon());
    CHECK(result.status == IoStatus::failed);
    CHECK(result.error == ECONNRESET);
    CHECK(result.message() == "Connection reset by peer");
}

TEST_CASE("socket: an end in order is no reset, although bytes were not read") {
    Pair pair = connected();
    // What nobody has read when a socket is closed would make a reset of its end.
    REQUIRE(net::send_all(pair.client, std::string(100'000, 'x'), soon()));
    REQUIRE(net::send_all(pair.server, "last words", soon()));
    std::thread end{[&pair] {
        net::end_in_order(pair.server, soon());
        pair.server.close();
    }};
    std::array<Byte, 10> buffer;
    CHECK(net::receive_exactly(pair.client, buffer, soon()));
    CHECK(net::receive_some(pair.client, buffer, soon()).status == IoStatus::closed);
    // A peer that was still sending may end: more than any buffer holds is taken, and dropped.
    CHECK(net::send_all(pair.client, std::string(8'000'000, 'x'), soon()));
    net::shutdown_sending(pair.client);
    end.join();
}

TEST_CASE("socket: writing to a peer that is gone is EPIPE and no SIGPIPE") {
    for (const net::Deadline& deadline : {net::Deadline{}, soon()}) {
        Pair pair = connected();
        reset(pair.client);
        std::array<Byte, 1> buffer;
        net::receive_some(pair.server, buffer, soon());  // the reset is here
        const auto result = net::send_all(pair.server, "x", deadline);
        CHECK(result.status == IoStatus::failed);
        CHECK(result.error == EPIPE);
    }
}

TEST_CASE("socket: a large block through small buffers arrives whole, in many writes") {
    for (const bool with_deadline : {false, true}) {
        CAPTURE(with_deadline);
        Pair pair = connected(4096);
        const std::vector<Byte> bytes = pattern(2'000'000);
        auto sender = std::async(std::launch::async, [&] {
            return net::send_all(pair.client, bytes, with_deadline ? soon() : net::Deadline{});
        });
        std::vector<Byte> received(bytes.size());
        const auto result = net::receive_exactly(pair.server, received, soon());
        CHECK(result.bytes == bytes.size());
        CHECK(received == bytes);
        CHECK(sender.get().bytes == bytes.size());
    }
}

TEST_CASE("socket: a peer that takes nothing meets the deadline, and the sent part is known") {
    Pair pair = connected(4096);
    const std::vector<Byte> bytes = pattern(20'000'000);  // more than a receiver buffers
    const auto result = net::send_all(pair.client, bytes, net::after(50ms));
    CHECK(result.status == IoStatus::timed_out);
    CHECK(result.bytes > 0);
    CHECK(result.bytes < bytes.size());
    std::vector<Byte> received(result.bytes);
    CHECK(net::receive_exactly(pair.server, received, soon()));
    CHECK(std::equal(received.begin(), received.end(), bytes.begin()));
}

TEST_CASE("socket: a signal that interrupts is no failure (EINTR)") {
    struct sigaction action {};
    struct sigaction before {};
    action.sa_handler = [](int) {};  // and no SA_RESTART: calls return with EINTR
    REQUIRE(::sigaction(SIGUSR1, &action, &before) == 0);
    // Long enough for the thread to be blocked in its call, and to be woken there many times. Not
    // while it starts: a sanitizer that looks at its first object is not made for signals.
    std::atomic<bool> started = false;
    const auto pester = [&started](std::thread& thread) {
        started.wait(false);
        started = false;
        for (const auto end = net::Clock::now() + 30ms; net::Clock::now() < end;) {
            ::pthread_kill(thread.native_handle(), SIGUSR1);
            std::this_thread::yield();
        }
    };
    for (const bool with_deadline : {false, true}) {
        CAPTURE(with_deadline);
        const net::Deadline deadline = with_deadline ? soon() : net::Deadline{};
        Pair pair = connected(4096);
        std::array<Byte, 1> one{};
        net::IoResult got;
        std::thread receiver{[&] {
            started = true;
            started.notify_one();
            got = net::receive_exactly(pair.server, one, deadline);
        }};
        pester(receiver);
        CHECK(net::send_all(pair.client, "x"));
        receiver.join();
        CHECK(got.message() == "ok");

        const std::vector<Byte> bytes = pattern(8'000'000);
        net::IoResult sent;
        std::thread sender{[&] {
            started = true;
            started.notify_one();
            sent = net::send_all(pair.client, bytes, deadline);
        }};
        pester(sender);
        std::vector<Byte> received(bytes.size());
        CHECK(net::receive_exactly(pair.server, received, soon()));
        sender.join();
        CHECK(sent.message() == "ok");
        CHECK(received == bytes);
    }
    ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE("socket: wait_readable names the first that is ready, skips -1, has a deadline") {
    Pair one = connected();
    Pair two = connected();
    const int both[] = {-1, one.server.get(), two.server.get()};
    CHECK(net::wait_readable(both, net::after(10ms)) == -1);
    CHECK(net::send_all(two.client, "x"));
    CHECK(net::wait_readable(both, soon()) == 2);
    one.client.close();  // an end counts as readable
    CHECK(net::wait_readable(both, soon()) == 1);
}

TEST_CASE("socket: accept ends when the stop descriptor is readable, and stays so") {
    net::Listener listener{"localhost", 0};
    net::Wake wake;
    std::thread waker{[&] { wake.raise(); }};
    CHECK_FALSE(listener.accept(wake.fd()));
    waker.join();
    const Fd client = net::connect_tcp("localhost", listener.port(), soon());
    CHECK_FALSE(listener.accept(wake.fd()));
}

TEST_CASE("socket: a client that gave up while it waited is passed over") {
    net::Listener listener{"localhost", 0};
    Fd gone = net::connect_tcp("127.0.0.1", listener.port(), soon());
    reset(gone);
    const Fd here = net::connect_tcp("127.0.0.1", listener.port(), soon());
    // Linux hands out the dead one too; its reset shows at the first read.
    auto accepted = listener.accept();
    std::array<Byte, 1> buffer;
    if (accepted->peer.port() != net::local_port(here)) {
        CHECK(net::receive_some(accepted->socket, buffer, soon()).status == IoStatus::failed);
        accepted = listener.accept();
    }
    CHECK(accepted->peer.port() == net::local_port(here));
}

TEST_CASE("socket: without free descriptors accept waits, without spinning, until one is free") {
    net::Listener listener{"localhost", 0};
    const Fd client = net::connect_tcp("127.0.0.1", listener.port(), soon());
    net::Wake wake;
    // The thread begins while there are descriptors: UndefinedBehaviorSanitizer wants some when
    // it looks at the types of objects.
    std::atomic<bool> begun{false};
    std::atomic<bool> limited{false};
    std::atomic<bool> accepted{false};
    std::thread acceptor{[&] {
        begun = true;
        begun.notify_one();
        limited.wait(false);
        accepted = listener.accept(wake.fd()).has_value();
    }};
    begun.wait(false);
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit none = before;
    // The lowest free descriptor becomes the first that is not allowed.
    none.rlim_cur = static_cast<rlim_t>(Fd{::dup(wake.fd())}.get());
    CHECK(::setrlimit(RLIMIT_NOFILE, &none) == 0);

    rusage begin{};
    ::getrusage(RUSAGE_SELF, &begin);
    limited = true;
    limited.notify_one();
    ::poll(nullptr, 0, 300);  // the time in which it shows whether accept() spins
    const bool too_early = accepted;
    rusage end{};
    ::getrusage(RUSAGE_SELF, &end);
    ::setrlimit(RLIMIT_NOFILE, &before);
    acceptor.join();
    CHECK_FALSE(too_early);
    CHECK(accepted);
    const auto cpu = [](const rusage& usage) {
        return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 +
               usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    };
    CHECK(cpu(end) - cpu(begin) < 100'000);  // microseconds, of 300,000
}

TEST_CASE("socket: small messages leave at once (Nagle is off)") {
    Pair pair = connected();
    for (const Fd* socket : {&pair.client, &pair.server}) {
        int value = 0;
        socklen_t size = sizeof value;
        ::getsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &value, &size);
        CHECK(value == 1);
    }
}
