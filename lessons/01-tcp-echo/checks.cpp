// Checks of lesson 1: descriptors with one owner, listening, the outcomes of recv() and send(). The echo
// server over real sockets is in checks_server.cpp.
// Leaves out: signals other than the two that people meet, SIGPIPE and one that interrupts.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lessons/tools/check/check.hpp"
#include "lessons/tools/check/descriptors.hpp"
#include "lessons/tools/check/io_result.hpp"

namespace check {

namespace {

using namespace std::chrono_literals;

using Wait = std::optional<Milliseconds>;

Call receive_call(const Ends& ends, Wait wait) {
    return Call{"receive_some", pass(ends.theirs()), 16, wait}.as(
        "receive_some() into 16 bytes" +
        (wait ? ", with " + std::to_string(wait->count()) + " ms until the deadline" : ""));
}

// The result, and what stands in the buffer.
std::pair<Result, Buffer> receive_some(Run& run, const Ends& ends, Wait wait) {
    const auto [result, buffer] = run.call(receive_call(ends, wait)).as<Result, Buffer>();
    return {result, buffer};
}

Call send_call(const Ends& ends, Bytes bytes, Wait wait) {
    return Call{"send_all", pass(ends.theirs()), bytes, wait}.as(
        "send_all() of " + std::to_string(bytes.size()) + " bytes, " +
        (wait ? std::to_string(wait->count()) + " ms until the deadline" : "without a deadline"));
}

// --- net/fd -------------------------------------------------------------------------------------

// A new owner of one end of a pair of sockets; the other end tells when it is closed.
int own(Run& run, const std::string& name, Ends& ends) {
    const int number = run.call(Call{"Fd", name, pass(ends.theirs())}.as("Fd " + name + "{a descriptor}"))
                           .as<int>();
    ends.close_theirs();
    return number;
}

int get(Run& run, const std::string& name) {
    return run.call(Call{"get", name}.as(name + ".get()")).as<int>();
}

void move_assign(Run& run, const std::string& to, const std::string& from) {
    run.call(Call{"move_assign", to, from}.as(to + " = std::move(" + from + ")"));
}

// What was moved from has nothing any more; it had `number`.
void expect_empty(Run& run, const std::string& name, const std::string& after, int number) {
    const int left = get(run, name);
    run.equal(name + ".get() after " + after, left, -1,
              left == number ? "Both have the number now, so both will close it, and between the two the kernel "
                               "may have given it to somebody else."
                             : "An Fd that owns nothing holds -1. Every other number is a descriptor that it will "
                               "close in the end; 0, for one, is standard input.");
}

const Scenario fd_moved{"fd-moved", exercise(2), "man 2 close", "a moved descriptor has one owner, the new one",
    [](Run& run) {
    Ends only;
    const int number = own(run, "a", only);
    run.call(Call{"Fd_from_moved", "b", "a"}.as("Fd b{std::move(a)}"));
    run.equal("b.get() after Fd b{std::move(a)}", get(run, "b"), number);
    expect_empty(run, "a", "Fd b{std::move(a)}", number);

    Ends first, second;
    own(run, "c", first);
    const int kept = own(run, "d", second);
    move_assign(run, "c", "d");
    run.equal("c.get() after c = std::move(d)", get(run, "c"), kept);
    expect_empty(run, "d", "c = std::move(d)", kept);
    run.is_true(first.theirs_is_closed(),
                "After c = std::move(d) nobody owns the descriptor that c had before, and "
                "nobody will ever close it.");
    move_assign(run, "c", "c");
    run.is_true(get(run, "c") == kept && !second.theirs_is_closed(),
                "c = std::move(c) has closed the descriptor, or lost it. Whoever assigns an "
                "object to itself wants nothing to happen.");
}};

const Scenario fd_closed{"fd-closed", exercise(2), "man 2 close",
    "a descriptor is closed by its last owner, and once", [](Run& run) {
    Ends ends;
    own(run, "a", ends);
    run.call(Call{"end_of_life", "a"}.as("the end of a's life"));
    run.is_true(ends.theirs_is_closed(),
                "The owner is gone and its descriptor is still open. A server that forgets one "
                "for each client can take no more clients after a thousand of them.");

    Ends first, second;
    own(run, "owner", first);
    run.call(Call{"close", "owner"}.as("owner.close()"));
    own(run, "stranger", second);  // the kernel gives out the lowest free number
    run.call(Call{"close", "owner"}.as("owner.close()"));
    run.is_true(!second.theirs_is_closed(),
                "close() was called twice on one Fd, and the second call closed a descriptor "
                "that had been opened in between and was given the same number: a stranger's.");
    run.is_true(!run.call(Call{"bool", "owner"}.as("bool{owner}")).as<bool>(),
                "An Fd that was closed still says that it has a descriptor.");
}};

// --- bind_all -----------------------------------------------------------------------------------

// What it says, and the sockets, which are ours now.
std::pair<std::string, std::vector<int>> bind_all(Run& run, const std::string& host, std::uint16_t port,
                                                  int type) {
    const auto [error, sockets] = run.call("bind_all", host, port, type).as<int, std::vector<wire::Fd>>();
    std::vector<int> numbers;
    for (const wire::Fd& socket : sockets) numbers.push_back(socket.number);
    return {error == 0 ? "nothing: it listens" : std::strerror(error), numbers};
}

std::vector<int> listen_or_fail(Run& run, const std::string& host) {
    const auto [says, sockets] = bind_all(run, host, 0, SOCK_STREAM);
    if (sockets.empty()) run.fail(Verdict::wrong, "It threw: " + says);
    return sockets;
}

const Scenario listen_both{"listen", exercise(3), "man 7 ipv6",
    "localhost is two addresses with one port, :: is everywhere", [](Run& run) {
    const std::vector<int> sockets = listen_or_fail(run, "localhost");
    const std::uint16_t port = port_of(sockets.front());
    const int v4 = connect_to_loopback(port);
    run.is_true(v4 >= 0,
                "Nobody listens on 127.0.0.1. Was listen() called? Without it a "
                "socket has an address, and refuses everybody.");
    const int accepted = accept_from(sockets.front());
    int value = 0;
    socklen_t size = sizeof value;
    ::getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &value, &size);
    run.is_true(value != 0,
                "TCP_NODELAY is off on a socket that was accepted. The kernel then holds a "
                "small message back until the one before it was confirmed, up to 40 ms (Nagle). "
                "Set on the listening socket, it is handed on to every client's.");
    // Of a socket that listens, this is how many clients may wait.
    tcp_info info{};
    size = sizeof info;
    ::getsockopt(sockets.front(), IPPROTO_TCP, TCP_INFO, &info, &size);
    run.is_true(info.tcpi_sacked >= 16, "listen() was told to keep " + std::to_string(info.tcpi_sacked) +
                                            " clients waiting. While the server is busy for a moment, the next ones "
                                            "are not answered at all: listen_backlog stands above.");
    if (sockets.size() == 1) return;  // a machine without IPv6
    run.equal("the port of ::1", port_of(sockets[1]), port);
    run.is_true(connect_to_loopback(port, true) >= 0, "Nobody listens on ::1.");

    const std::vector<int> everywhere = listen_or_fail(run, "::");
    run.is_true(connect_to_loopback(port_of(everywhere.front())) >= 0,
                "A server on :: alone does not take clients over IPv4. With IPV6_V6ONLY off "
                "it would: only_one says when there is no second socket that takes them.");
    run.step("a host has two addresses, 0.0.0.0 and ::");
    const auto [says, both] = bind_all(run, "everywhere.in.both", 0, SOCK_STREAM);
    run.is_true(both.size() == 2, "There are not two sockets" + (says.empty() ? "" : ": " + says) +
                                      ". With IPV6_V6ONLY off the one of :: takes IPv4 as well, and cannot have the "
                                      "port of the one beside it. Where each family has a socket, it is on.");
}};

const Scenario restart{"restart", exercise(3), "man 7 socket, SO_REUSEADDR",
    "a server comes back on its port at once", [](Run& run) {
    const std::vector<int> sockets = listen_or_fail(run, "127.0.0.1");
    const std::uint16_t port = port_of(sockets.front());
    const int client = connect_to_loopback(port);
    const int accepted = accept_from(sockets.front());
    run.is_true(client >= 0 && accepted >= 0, "No client could connect.");
    run.step("the server ends the connection first, then ends itself, and starts again");
    ::close(accepted);
    char byte = 0;
    ::read(client, &byte, 1);
    ::close(client);
    for (const int socket : sockets) ::close(socket);
    run.equal("what bind_all() says when the server comes back",
              bind_all(run, "127.0.0.1", port, SOCK_STREAM).first, std::string{"nothing: it listens"},
              "Whoever ends a connection first keeps its port in TIME-WAIT for a minute. A "
              "socket with SO_REUSEADDR, set before bind(), may have the port all the same.");
}};

const Scenario port_in_use{"port-in-use", exercise(3), "man 7 socket, SO_REUSEADDR",
    "a port belongs to one program at a time", [](Run& run) {
    const std::string in_use = std::strerror(EADDRINUSE);
    const std::vector<int> sockets = listen_or_fail(run, "127.0.0.1");
    run.equal("what a second bind_all() on the same port says",
              bind_all(run, "127.0.0.1", port_of(sockets.front()), SOCK_STREAM).first, in_use,
              "Two servers would share the port, and each client would go to one or the other "
              "by chance. That is what SO_REUSEPORT does; SO_REUSEADDR does not.");
    run.step("the same with datagrams, as in lesson 2");
    const auto [says, first] = bind_all(run, "127.0.0.1", 0, SOCK_DGRAM);
    run.is_true(!first.empty(), "the first socket for datagrams says: " + says);
    run.equal("what a second socket for datagrams on the same port says",
              bind_all(run, "127.0.0.1", port_of(first.front()), SOCK_DGRAM).first, in_use,
              "For datagrams SO_REUSEADDR does let a second program in, and it takes the first "
              "one's datagrams. Set it for streams only: they alone know TIME-WAIT.");
}};

// --- receive_some -------------------------------------------------------------------------------

const Scenario receive{"receive", exercise(4), "man 2 recv", "one read brings what is there, and says how much",
    [](Run& run) {
    Ends ends;
    ::write(ends.mine(), "Hello", 5);
    run.step("5 bytes are there, the buffer has room for 16");
    auto [got, buffer] = receive_some(run, ends, 1s);
    expect_status(run, got, Status::ok, "5 bytes were there to be read.");
    run.equal("bytes", std::get<1>(got), std::size_t{5}, "It must be what recv() returned.");
    buffer.resize(5);
    run.same_bytes("the bytes", buffer, bytes_of("Hello"), {}, false);
}};

const Scenario end_of_stream{"end-of-stream", exercise(4), "man 2 recv",
    "0 from recv() is the end, after the last byte", [](Run& run) {
    Ends ends;
    ::write(ends.mine(), "x", 1);
    ends.close_mine();
    run.step("the other side sent \"x\" and ended the stream");
    expect_status(run, receive_some(run, ends, 1s).first, Status::ok,
                  "What was sent before the end still has to be read.");
    expect_status(run, receive_some(run, ends, 1s).first, Status::closed,
                  "recv() returned 0. That is no error and no empty message: the other side "
                  "has said all that it had to say, and every further recv() returns 0 too.");
}};

const Scenario interrupted_read{"interrupted-read", exercise(4), "man 7 signal, EINTR",
    "a signal is no failure of the connection", [](Run& run) {
    Ends ends;
    run.step("two signals come while it waits, then a byte");
    Pending reading = run.start(receive_call(ends, {}));
    for (int i = 0; i < 2; ++i) reading.interrupt();
    ::write(ends.mine(), "x", 1);
    expect_status(run, std::get<0>(reading.answer().as<Result, Buffer>()), Status::ok,
                  "recv() said EINTR: a signal came, such as that of a window that changed its "
                  "size, before a byte did. Nothing was lost; ask again.");
}};

const Scenario deadline{"deadline", exercise(4), "src/net/socket.hpp", "nobody waits beyond the deadline",
    [](Run& run) {
    Ends ends;
    run.step("nothing is sent, and the deadline is 200 ms away");
    const auto begin = std::chrono::steady_clock::now();
    const Milliseconds cpu = run.students_process().cpu_time();
    Pending reading = run.start(receive_call(ends, 200ms));
    const bool returned = reading.ready(1500ms);
    const auto took = std::chrono::steady_clock::now() - begin;
    if (!returned) ::write(ends.mine(), "x", 1);
    const auto [got, buffer] = reading.answer().as<Result, Buffer>();
    run.is_true(returned, "It waited until a byte came, 1.5 s, and would have waited for ever. recv() "
                          "itself knows no deadline. With MSG_DONTWAIT it returns at once, with EAGAIN.");
    expect_status(run, got, Status::timed_out,
                  "Nothing came until the deadline. EAGAIN means: not now. Wait with poll() "
                  "for as long as there is time, then ask again.");
    run.is_true(took >= 190ms, "It gave up after " + std::to_string(took / 1ms) +
                                   " ms of 200. EAGAIN says that nothing is there now, not that the time is "
                                   "over: poll() waits for as long as there is time.");
    run.is_true(run.students_process().cpu_time() - cpu < 100ms,
                "It asked over and over for 200 ms, and used a whole processor meanwhile. "
                "poll() sleeps until there is something.");

    run.step("now a byte is there, and the deadline has passed");
    ::write(ends.mine(), "x", 1);
    expect_status(run, receive_some(run, ends, -1ms).first, Status::timed_out,
                  "The deadline is absolute. A peer that sends a byte now and then would keep "
                  "a loop over receive_some() going for ever, if each byte were still taken.");
}};

// A connection over TCP: only there is a reset.
const Scenario reset{"reset", exercise(4), "man 2 recv", "a reset is a failure with its errno, and no exception",
    [](Run& run) {
    const int listening = listen_on_loopback();
    const int peer = connect_to_loopback(port_of(listening));
    const int theirs = accept_from(listening);
    const linger at_once{1, 0};
    ::setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(peer);
    run.step("the other side resets the connection");
    const auto [got, buffer] =
        run.call(Call{"receive_some", pass(theirs), 16, Wait{1s}}.as("receive_some()")).as<Result, Buffer>();
    expect_status(run, got, Status::failed,
                  "recv() said ECONNRESET. The stream did not end in order: bytes may be lost.");
    run.equal("error", std::get<2>(got), ECONNRESET, "It is errno, as recv() left it.");
}};

// --- send_some, send_all ------------------------------------------------------------------------

const Scenario send_all{"send-all", exercise(5), "man 2 send",
    "a short write is no error, and the rest is still to be sent", [](Run& run) {
    Ends ends{true};
    const Buffer bytes = run.random_bytes(300'000);
    run.step("300000 bytes, into a buffer that holds a few thousand, with a deadline");
    Pending sending = run.start(send_call(ends, bytes, 5s));
    const Buffer came = read_during(sending, ends.mine());
    const auto sent = sending.answer().as<Result>();
    expect_status(run, sent, Status::ok,
                  "EAGAIN means that there is no room now. poll() with POLLOUT waits for it.");
    run.equal("the number of bytes that arrived", came.size(), bytes.size(),
              came.size() < bytes.size()
                  ? "send() took as many as it had room for, said so, and the rest was never "
                    "sent."
                  : "Some were sent twice: after a short write the next one goes on where that "
                    "stopped, and not at the beginning.");
    run.equal("bytes", std::get<1>(sent), bytes.size(), "It counts all writes together.");
    run.is_true(came == bytes,
                "All bytes arrived, but not the right ones: after a short write "
                "the next one goes on where that stopped.");
}};

const Scenario send_deadline{"send-deadline", exercise(5), "man 2 send",
    "a peer that takes nothing costs no more than the deadline", [](Run& run) {
    Ends ends{true};
    run.step("300000 bytes to a peer that reads nothing, the deadline is 200 ms away");
    Pending sending = run.start(send_call(ends, Buffer(300'000, 'x'), 200ms));
    const bool returned = sending.ready(1500ms);
    const Buffer taken = read_during(sending, ends.mine());
    const auto sent = sending.answer().as<Result>();
    run.is_true(returned, "It waited until there was room, 1.5 s, and would have waited for ever. send() "
                          "itself knows no deadline. With MSG_DONTWAIT it returns at once, with EAGAIN.");
    expect_status(run, sent, Status::timed_out,
                  "Nothing was taken until the deadline. poll() with POLLOUT waits for room, "
                  "for as long as there is time.");
    run.equal("bytes", std::get<1>(sent), taken.size(),
              "So many did leave before the time was up, and the result should say so.");
}};

const Scenario send_stopped{"send-stopped", exercise(5), "src/net/socket.hpp",
    "whoever waits for room can be stopped", [](Run& run) {
    Ends ends{true}, stop;
    run.step("300000 bytes to a peer that reads nothing; the descriptor that says stop can be read");
    (void)!::write(stop.mine(), "x", 1);
    Pending sending = run.start(Call{"send_all_until_stopped", pass(ends.theirs()), Buffer(300'000, 'x'),
                                     pass(stop.theirs())}.as("send_all() of 300000 bytes, with a stop_fd"));
    run.is_true(sending.answer("It still waits for room, 2.5 s later. Somebody wants the program to end: wait for "
                               "stop_fd as well as for room, with wait_writable().").as<bool>(),
                "It has returned, and Stopped was not thrown.");
}};

const Scenario peer_gone{"peer-gone", exercise(5), "man 2 send, MSG_NOSIGNAL",
    "writing to a peer that is gone is an error and not the end", [](Run& run) {
    const Call sigpipes = Call{"count_sigpipes"}.as("was there a SIGPIPE?");
    run.call(sigpipes);
    for (const Wait wait : {Wait{}, Wait{1s}}) {
        Ends ends;
        ends.close_mine();
        run.fresh();
        run.step("the peer is gone");
        const auto sent = run.call(send_call(ends, bytes_of("hi"), wait)).as<Result>();
        run.is_true(run.call(sigpipes).as<int>() == 0,
                    "send() raised SIGPIPE. Its default is to end the whole program, without "
                    "a word: one client that leaves takes all the others with it. A flag of "
                    "send() turns the signal into the error EPIPE.");
        expect_status(run, sent, Status::failed, "send() said EPIPE.");
        run.equal("error", std::get<2>(sent), EPIPE);
    }
}};

const Scenario interrupted_write{"interrupted-write", exercise(5), "man 7 signal, EINTR",
    "a signal is no failure of the connection", [](Run& run) {
    Ends ends{true};
    const Buffer bytes = run.random_bytes(100'000);
    run.step("signals come while it sends 100000 bytes, without a deadline");
    Pending sending = run.start(send_call(ends, bytes, {}));
    for (int i = 0; i < 3; ++i) sending.interrupt();
    const Buffer came = read_during(sending, ends.mine());
    expect_status(run, sending.answer().as<Result>(), Status::ok,
                  "send() said EINTR: a signal came before a byte could be taken. Ask again.");
    run.equal("the number of bytes that arrived", came.size(), bytes.size(),
              "A signal also makes send() return early, with fewer bytes than it was given.");
}};

}  // namespace

}  // namespace check
