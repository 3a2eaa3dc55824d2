// Checks of lesson 1: descriptors with one owner, listening, the outcomes of recv() and send(), and
// the echo server over real sockets.
// Leaves out: signals other than the two that people meet, SIGPIPE and one that interrupts.
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <thread>

#include "lessons/tools/check/check.hpp"
#include "lessons/tools/check/descriptors.hpp"
#include "net/socket.hpp"

namespace {

using check::Run;
using namespace std::chrono_literals;

const check::Lesson lesson{1, "01-tcp-echo"};

void expect_status(Run& run, const net::IoResult& result, net::IoStatus expected,
                   std::string_view why) {
    constexpr std::string_view names[] = {"ok", "closed", "timed_out", "failed"};
    std::string got{names[static_cast<int>(result.status)]};
    if (result.status != expected && result.status == net::IoStatus::failed)
        got += std::string{" ("} + ::strerrorname_np(result.error) + ")";
    run.equal("the status", got, std::string{names[static_cast<int>(expected)]}, why);
}

// --- net/fd.hpp ---------------------------------------------------------------------------------

const check::Scenario fd_moved{
    {.lesson = 1, .name = "fd-moved", .exercise = 2,
     .rule = "a moved descriptor has one owner, the new one", .section = "man 2 close"},
    [](Run& run) {
        const int number = check::some_descriptor();
        net::Fd a{number};
        net::Fd b{std::move(a)};
        run.equal("b.get() after Fd b{std::move(a)}", b.get(), number);
        run.equal("a.get() after Fd b{std::move(a)}", a.get(), -1,
                  "Both have the number now, so both will close it, and between the two the kernel "
                  "may have given it to somebody else.");

        const int first = check::some_descriptor();
        const int second = check::some_descriptor();
        net::Fd c{first};
        net::Fd d{second};
        c = std::move(d);
        run.equal("c.get() after c = std::move(d)", c.get(), second);
        run.equal("d.get() after c = std::move(d)", d.get(), -1,
                  "Both have the number now, so both will close it.");
        run.is_true(!check::is_open(first),
                    "After c = std::move(d) nobody owns the descriptor that c had before, and "
                    "nobody will ever close it.");
        net::Fd& same = c;
        c = std::move(same);
        run.is_true(c.get() == second && check::is_open(second),
                    "c = std::move(c) has closed the descriptor, or lost it. Whoever assigns an "
                    "object to itself wants nothing to happen.");
    }};

const check::Scenario fd_closed{
    {.lesson = 1, .name = "fd-closed", .exercise = 2,
     .rule = "a descriptor is closed by its last owner, and once", .section = "man 2 close"},
    [](Run& run) {
        const int number = check::some_descriptor();
        { const net::Fd owner{number}; }
        run.is_true(!check::is_open(number),
                    "The owner is gone and its descriptor is still open. A server that forgets one "
                    "for each client can take no more clients after a thousand of them.");

        net::Fd owner{check::some_descriptor()};
        owner.close();
        const int reused = check::some_descriptor();  // the kernel gives out the lowest free number
        owner.close();
        run.is_true(check::is_open(reused),
                    "close() was called twice on one Fd, and the second call closed a descriptor "
                    "that had been opened in between and was given the same number: a stranger's.");
        run.is_true(!owner, "An Fd that was closed still says that it has a descriptor.");
        ::close(reused);
    }};

// --- bind_to ------------------------------------------------------------------------------------

const std::string listens = "nothing: it listens";

// What bind_all() says.
std::string bind_error(const std::string& host, std::uint16_t port, int type) {
    try {
        net::bind_all(host, port, type);
        return listens;
    } catch (const std::system_error& error) {
        return std::strerror(error.code().value());
    }
}

std::vector<net::Fd> listen_or_fail(Run& run, const std::string& host) {
    run.step("bind_all(\"" + host + "\", 0, SOCK_STREAM)");
    try {
        return net::bind_all(host, 0, SOCK_STREAM);
    } catch (const std::system_error& error) {
        run.fail(check::Verdict::wrong, std::string{"It threw: "} + error.what());
    }
}

const check::Scenario listen_both{
    {.lesson = 1, .name = "listen", .exercise = 3,
     .rule = "localhost is two addresses with one port, :: is everywhere", .section = "man 7 ipv6"},
    [](Run& run) {
        const auto sockets = listen_or_fail(run, "localhost");
        const std::uint16_t port = check::port_of(sockets.front().get());
        const int v4 = check::connect_to_loopback(port);
        run.is_true(v4 >= 0,
                    "Nobody listens on 127.0.0.1. Was listen() called? Without it a "
                    "socket has an address, and refuses everybody.");
        const int accepted = check::accept_from(sockets.front().get());
        int value = 0;
        socklen_t size = sizeof value;
        ::getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &value, &size);
        ::close(accepted);
        ::close(v4);
        run.is_true(
            value != 0,
            "TCP_NODELAY is off on a socket that was accepted. The kernel then holds a "
            "small message back until the one before it was confirmed, up to 40 ms (Nagle). "
            "Set on the listening socket, it is handed on to every client's.");
        if (sockets.size() == 1) return;  // a machine without IPv6
        run.equal("the port of ::1", check::port_of(sockets[1].get()), port);
        const int v6 = check::connect_to_loopback(port, true);
        run.is_true(v6 >= 0, "Nobody listens on ::1.");
        ::close(v6);

        const auto everywhere = listen_or_fail(run, "::");
        const int mapped = check::connect_to_loopback(check::port_of(everywhere.front().get()));
        run.is_true(mapped >= 0,
                    "A server on :: alone does not take clients over IPv4. With IPV6_V6ONLY off "
                    "it would: only_one says when there is no second socket that takes them.");
        ::close(mapped);
    }};

const check::Scenario restart{
    {.lesson = 1, .name = "restart", .exercise = 3,
     .rule = "a server comes back on its port at once", .section = "man 7 socket, SO_REUSEADDR"},
    [](Run& run) {
        auto sockets = listen_or_fail(run, "127.0.0.1");
        const std::uint16_t port = check::port_of(sockets.front().get());
        const int client = check::connect_to_loopback(port);
        const int accepted = check::accept_from(sockets.front().get());
        run.is_true(client >= 0 && accepted >= 0, "No client could connect.");
        run.step("the server ends the connection first, then ends itself, and starts again");
        ::close(accepted);
        char byte = 0;
        ::read(client, &byte, 1);
        ::close(client);
        // By hand: exercise 2 may not be done yet, and then nothing would be closed.
        for (const net::Fd& socket : sockets) ::close(socket.get());
        sockets.clear();
        run.equal("what bind_all() says when the server comes back",
                  bind_error("127.0.0.1", port, SOCK_STREAM), listens,
                  "Whoever ends a connection first keeps its port in TIME-WAIT for a minute. A "
                  "socket with SO_REUSEADDR, set before bind(), may have the port all the same.");
    }};

const check::Scenario port_in_use{
    {.lesson = 1, .name = "port-in-use", .exercise = 3,
     .rule = "a port belongs to one program at a time", .section = "man 7 socket, SO_REUSEADDR"},
    [](Run& run) {
        const auto sockets = listen_or_fail(run, "127.0.0.1");
        run.equal("what a second bind_all() on the same port says",
                  bind_error("127.0.0.1", check::port_of(sockets.front().get()), SOCK_STREAM),
                  std::string{::strerror(EADDRINUSE)},
                  "Two servers would share the port, and each client would go to one or the other "
                  "by chance. That is what SO_REUSEPORT does; SO_REUSEADDR does not.");
        run.step("the same with datagrams, as in lesson 2");
        const auto first = net::bind_all("127.0.0.1", 0, SOCK_DGRAM);
        run.equal("what a second socket for datagrams on the same port says",
                  bind_error("127.0.0.1", check::port_of(first.front().get()), SOCK_DGRAM),
                  std::string{::strerror(EADDRINUSE)},
                  "For datagrams SO_REUSEADDR does let a second program in, and it takes the first "
                  "one's datagrams. Set it for streams only: they alone know TIME-WAIT.");
    }};

// --- receive_some -------------------------------------------------------------------------------

const check::Scenario receive{
    {.lesson = 1, .name = "receive", .exercise = 4,
     .rule = "one read brings what is there, and says how much", .section = "man 2 recv"},
    [](Run& run) {
        check::Ends ends;
        const net::Fd socket{ends.theirs()};
        ::write(ends.mine(), "Hello", 5);
        check::Buffer buffer(16);
        run.step("5 bytes are there, the buffer has room for 16");
        const net::IoResult got = net::receive_some(socket, buffer, net::after(1s));
        expect_status(run, got, net::IoStatus::ok, "5 bytes were there to be read.");
        run.equal("bytes", got.bytes, std::size_t{5}, "It must be what recv() returned.");
        buffer.resize(5);
        run.same_bytes("the bytes", buffer, check::bytes_of("Hello"), {}, false);
    }};

const check::Scenario end_of_stream{
    {.lesson = 1, .name = "end-of-stream", .exercise = 4,
     .rule = "0 from recv() is the end, after the last byte", .section = "man 2 recv"},
    [](Run& run) {
        check::Ends ends;
        const net::Fd socket{ends.theirs()};
        ::write(ends.mine(), "x", 1);
        ends.close_mine();
        check::Buffer buffer(16);
        run.step("the other side sent \"x\" and ended the stream");
        expect_status(run, net::receive_some(socket, buffer, net::after(1s)), net::IoStatus::ok,
                      "What was sent before the end still has to be read.");
        const net::IoResult end = net::receive_some(socket, buffer, net::after(1s));
        expect_status(run, end, net::IoStatus::closed,
                      "recv() returned 0. That is no error and no empty message: the other side "
                      "has said all that it had to say, and every further recv() returns 0 too.");
    }};

const check::Scenario interrupted_read{
    {.lesson = 1, .name = "interrupted-read", .exercise = 4,
     .rule = "a signal is no failure of the connection", .section = "man 7 signal, EINTR"},
    [](Run& run) {
        check::Ends ends;
        const net::Fd socket{ends.theirs()};
        check::Buffer buffer(16);
        run.step("two signals come while it waits, then a byte");
        const check::Alarm alarm{ends.mine()};
        const net::IoResult got = net::receive_some(socket, buffer);
        expect_status(run, got, net::IoStatus::ok,
                      "recv() said EINTR: a signal came, such as that of a window that changed its "
                      "size, before a byte did. Nothing was lost; ask again.");
    }};

const check::Scenario deadline{
    {.lesson = 1, .name = "deadline", .exercise = 4, .rule = "nobody waits beyond the deadline",
     .section = "src/net/socket.hpp"},
    [](Run& run) {
        check::Ends ends;
        const net::Fd socket{ends.theirs()};
        check::Buffer buffer(16);
        run.step("nothing is sent, and the deadline is 200 ms away");
        const auto begin = net::Clock::now();
        const std::clock_t cpu = std::clock();
        const net::IoResult got = [&] {
            const check::Rescue rescue{1500ms, [&] { ::write(ends.mine(), "x", 1); }};
            return net::receive_some(socket, buffer, net::after(200ms));
        }();
        const auto took = net::Clock::now() - begin;
        run.is_true(took < 1400ms || got.status != net::IoStatus::ok,
                    "It waited until a byte came, 1.5 s, and would have waited for ever. recv() "
                    "itself knows no deadline. With MSG_DONTWAIT it returns at once, with EAGAIN.");
        expect_status(run, got, net::IoStatus::timed_out,
                      "Nothing came until the deadline. EAGAIN means: not now. Wait with poll() "
                      "for as long as there is time, then ask again.");
        run.is_true(took >= 190ms && took < 1400ms,
                    "It gave up after " + std::to_string(took / 1ms) +
                        " ms of 200. EAGAIN says that nothing is there now, not that the time is "
                        "over: poll() waits for as long as there is time.");
        run.is_true(std::clock() - cpu < CLOCKS_PER_SEC / 10,
                    "It asked over and over for 200 ms, and used a whole processor meanwhile. "
                    "poll() sleeps until there is something.");

        run.step("now a byte is there, and the deadline has passed");
        ::write(ends.mine(), "x", 1);
        expect_status(run, net::receive_some(socket, buffer, net::Clock::now() - 1ms),
                      net::IoStatus::timed_out,
                      "The deadline is absolute. A peer that sends a byte now and then would keep "
                      "a loop over receive_some() going for ever, if each byte were still taken.");
    }};

// A connection over TCP: only there is a reset.
const check::Scenario reset{
    {.lesson = 1, .name = "reset", .exercise = 4,
     .rule = "a reset is a failure with its errno, and no exception", .section = "man 2 recv"},
    [](Run& run) {
        const int listening = check::listen_on_loopback();
        const int peer = check::connect_to_loopback(check::port_of(listening));
        const net::Fd socket{check::accept_from(listening)};
        ::close(listening);
        const linger at_once{1, 0};
        ::setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ::close(peer);
        run.step("the other side resets the connection");
        check::Buffer buffer(16);
        const net::IoResult got = net::receive_some(socket, buffer, net::after(1s));
        expect_status(
            run, got, net::IoStatus::failed,
            "recv() said ECONNRESET. The stream did not end in order: bytes may be lost.");
        run.equal("error", got.error, ECONNRESET, "It is errno, as recv() left it.");
    }};

// --- send_some, send_all ------------------------------------------------------------------------

const check::Scenario send_all{
    {.lesson = 1, .name = "send-all", .exercise = 5,
     .rule = "a short write is no error, and the rest is still to be sent",
     .section = "man 2 send"},
    [](Run& run) {
        check::Ends ends{true};
        const net::Fd socket{ends.theirs()};
        const check::Buffer bytes = run.random_bytes(300'000);
        run.step("300000 bytes, into a buffer that holds a few thousand, with a deadline");
        check::Buffer came;
        std::thread reader{[&] { came = check::read_all(ends.mine(), bytes.size()); }};
        const net::IoResult sent = net::send_all(socket, bytes, net::after(5s));
        ::shutdown(ends.theirs(), SHUT_WR);
        reader.join();
        expect_status(run, sent, net::IoStatus::ok,
                      "EAGAIN means that there is no room now. poll() with POLLOUT waits for it.");
        run.equal("the number of bytes that arrived", came.size(), bytes.size(),
                  came.size() < bytes.size()
                      ? "send() took as many as it had room for, said so, and the rest was never "
                        "sent."
                      : "Some were sent twice: after a short write the next one goes on where that "
                        "stopped, and not at the beginning.");
        run.equal("bytes", sent.bytes, bytes.size(), "It counts all writes together.");
        run.is_true(came == bytes,
                    "All bytes arrived, but not the right ones: after a short write "
                    "the next one goes on where that stopped.");
    }};

const check::Scenario send_deadline{
    {.lesson = 1, .name = "send-deadline", .exercise = 5,
     .rule = "a peer that takes nothing costs no more than the deadline", .section = "man 2 send"},
    [](Run& run) {
        check::Ends ends{true};
        const net::Fd socket{ends.theirs()};
        run.step("300000 bytes to a peer that reads nothing, the deadline is 200 ms away");
        bool rescued = false;
        const net::IoResult sent = [&] {
            const check::Rescue rescue{1500ms, [&] {
                                           rescued = true;
                                           check::read_all(ends.mine(), 300'000);
                                       }};
            return net::send_all(socket, check::Buffer(300'000, 'x'), net::after(200ms));
        }();
        run.is_true(!rescued,
                    "It waited until there was room, 1.5 s, and would have waited for ever. send() "
                    "itself knows no deadline. With MSG_DONTWAIT it returns at once, with EAGAIN.");
        expect_status(run, sent, net::IoStatus::timed_out,
                      "Nothing was taken until the deadline. poll() with POLLOUT waits for room, "
                      "for as long as there is time.");
        ::shutdown(ends.theirs(), SHUT_WR);
        const std::size_t taken = check::read_all(ends.mine(), 300'000).size();
        run.equal("bytes", sent.bytes, taken,
                  "So many did leave before the time was up, and the result should say so.");
    }};

volatile sig_atomic_t sigpipes = 0;

const check::Scenario peer_gone{
    {.lesson = 1, .name = "peer-gone", .exercise = 5,
     .rule = "writing to a peer that is gone is an error and not the end",
     .section = "man 2 send, MSG_NOSIGNAL"},
    [](Run& run) {
        struct sigaction action {};
        action.sa_handler = [](int) { sigpipes = sigpipes + 1; };
        ::sigaction(SIGPIPE, &action, nullptr);  // it would end this check too
        for (const net::Deadline until : {net::Deadline{}, net::after(1s)}) {
            check::Ends ends;
            const net::Fd socket{ends.theirs()};
            ends.close_mine();
            run.step(std::string{"sends to a peer that is gone, "} +
                     (until ? "with a deadline" : "without a deadline"));
            const net::IoResult sent = net::send_all(socket, std::string_view{"hi"}, until);
            run.is_true(sigpipes == 0,
                        "send() raised SIGPIPE. Its default is to end the whole program, without "
                        "a word: one client that leaves takes all the others with it. A flag of "
                        "send() turns the signal into the error EPIPE.");
            expect_status(run, sent, net::IoStatus::failed, "send() said EPIPE.");
            run.equal("error", sent.error, EPIPE);
        }
    }};

const check::Scenario interrupted_write{
    {.lesson = 1, .name = "interrupted-write", .exercise = 5,
     .rule = "a signal is no failure of the connection", .section = "man 7 signal, EINTR"},
    [](Run& run) {
        check::Ends ends{true};
        const net::Fd socket{ends.theirs()};
        const check::Buffer bytes = run.random_bytes(100'000);
        run.step("signals come while it sends 100000 bytes, without a deadline");
        // The peer begins to read at the third signal, when send() was interrupted twice.
        int go[2];
        ::pipe(go);
        check::Buffer came;
        sigset_t alarm_only;
        sigemptyset(&alarm_only);
        sigaddset(&alarm_only, SIGALRM);
        ::pthread_sigmask(SIG_BLOCK, &alarm_only, nullptr);  // in the reader, that is
        std::thread reader{[&] {
            pollfd entry{go[0], POLLIN, 0};
            ::poll(&entry, 1, 5000);
            came = check::read_all(ends.mine(), bytes.size());
        }};
        ::pthread_sigmask(SIG_UNBLOCK, &alarm_only, nullptr);
        net::IoResult sent;
        {
            const check::Alarm alarm{go[1]};
            sent = net::send_all(socket, bytes);
        }
        ::write(go[1], "x", 1);
        ::shutdown(ends.theirs(), SHUT_WR);
        reader.join();
        expect_status(run, sent, net::IoStatus::ok,
                      "send() said EINTR: a signal came before a byte could be taken. Ask again.");
        run.equal("the number of bytes that arrived", came.size(), bytes.size(),
                  "A signal also makes send() return early, with fewer bytes than it was given.");
    }};

// --- the server ---------------------------------------------------------------------------------

const check::Scenario echo{
    {.lesson = 1, .name = "echo", .exercise = 5, .rule = "every byte comes back, in order",
     .needs = {2, 3, 4}},
    [](Run& run) {
        check::Server server{run};
        check::Peer client{run, server};
        const std::string line = run.payload(12) + '\n';
        client.send(line);
        client.expect(line);
        const check::Buffer bytes{0x00, 0xFF, 0x0A, 0x00, 0x80};
        client.send(bytes);
        client.expect(check::text_of(bytes),
                      {check::when([](const check::Came& came) { return came.got.empty(); },
                                   "00 is a byte like every other. Is the echo taken for a text "
                                   "that ends at its first zero?")});
    }};

const check::Scenario end_of_stream_echo{
    {.lesson = 1, .name = "end-of-stream-echo", .exercise = 4,
     .rule = "after the client's last byte comes its echo, then the end",
     .section = "man 2 shutdown", .needs = {2, 3, 5}},
    [](Run& run) {
        check::Server server{run};
        check::Peer client{run, server};
        client.send("last words");
        client.end_sending();
        client.expect("last words");
        client.expect_end(
            "The client has ended its direction. The server owes it the end of the "
            "other one: recv() returned 0, so the socket can be closed.");
    }};

const check::Scenario idle_limit{
    {.lesson = 1, .name = "idle-limit", .exercise = 4, .rule = "a silent client is let go",
     .needs = {2, 3, 5}, .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run, {"--idle-timeout", "0.3"}};
        check::Peer client{run, server};
        client.send("x");
        client.expect("x");
        run.step("nothing is sent for 0.3 s, which is --idle-timeout");
        client.expect_end(
            "A peer whose cable was pulled sends no farewell. Without a deadline it "
            "keeps a thread and a descriptor for ever.");
    }};

const check::Scenario large_echo{
    {.lesson = 1, .name = "large-echo", .exercise = 5,
     .rule = "what does not fit into one write comes back too", .section = "man 2 send",
     .needs = {2, 3, 4}, .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run};
        check::Peer client{run, server};
        const std::string much = run.payload(3'000'000);
        client.send(much);
        client.expect(much);
    }};

const check::Scenario survivor{
    {.lesson = 1, .name = "survivor", .exercise = 5,
     .rule = "a client that leaves harms nobody else", .needs = {2, 3, 4},
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run};
        check::Peer good{run, server};
        for (int i = 0; i < 5; ++i) {
            check::Peer bad{run, server};
            bad.send(run.payload(200'000));
            bad.reset();
        }
        good.send("still there?");
        good.expect("still there?");
    }};

// --- accept -------------------------------------------------------------------------------------

const check::Scenario no_descriptors{
    {.lesson = 1, .name = "no-descriptors", .exercise = 6,
     .rule = "a server without descriptors waits, and does not spin", .section = "man 2 accept",
     .needs = {3}},
    [](Run& run) {
        net::Listener listener{"127.0.0.1", 0};
        const int client = check::connect_to_loopback(listener.port());
        int stop[2];
        ::pipe(stop);
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        const rlimit few{64, limit.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &few);
        std::vector<int> others;
        for (int one = check::some_descriptor(); one >= 0; one = check::some_descriptor())
            others.push_back(one);
        run.step("a client waits, and no descriptor is left; Ctrl-C comes after 600 ms");
        const std::clock_t cpu = std::clock();
        auto accepted = [&] {
            const check::Alarm alarm{stop[1], 200};
            return listener.accept(stop[0]);
        }();
        const auto used = (std::clock() - cpu) * 1000 / CLOCKS_PER_SEC;
        for (const int one : others) ::close(one);
        ::setrlimit(RLIMIT_NOFILE, &limit);
        run.is_true(!accepted, "A client was accepted, without a descriptor for it.");
        // Waiting costs 1 ms or so; a busy machine may leave little to whoever spins.
        run.is_true(used < 20, "Within 600 ms accept() used " + std::to_string(used) +
                                   " ms of a processor. The client stays in the queue, so poll() "
                                   "reports it at once, accept() fails at once, and so on. Wait a "
                                   "moment for others to give their descriptors back.");
        run.step("descriptors are there again");
        run.is_true(listener.accept().has_value(), "The client that waited was lost.");
        ::close(client);
    }};

}  // namespace
