// Checks of lesson 2: one datagram sent, one received, and the server. The client: checks_client.cpp.
// Leaves out: what a network does by itself.
#include <poll.h>
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

// A socket for datagrams; and two that are connected, theirs and ours.
struct Socket {
    explicit Socket(int descriptor) : number{descriptor} {}
    ~Socket() { ::close(number); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    void send(std::string_view text) const { ::send(number, text.data(), text.size(), 0); }
    std::string receive() const {
        std::string text(70'000, '\0');
        const ssize_t size = ::recv(number, text.data(), text.size(), MSG_DONTWAIT);
        text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
        return size < 0 ? "(nothing)" : text;
    }

    int number;
};
std::array<int, 2> two_connected() {
    std::array<int, 2> both{};
    ::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, both.data());
    return both;
}
struct Pair {
    Pair() : Pair{two_connected()} {}
    explicit Pair(std::array<int, 2> both) : ours{both[0]}, theirs{both[1]} {}

    Socket ours, theirs;
};

// --- net/datagram -------------------------------------------------------------------------------

// What receive_datagram gives: the result, the size as it was sent, the buffer, the sender,
// truncated().
struct Received {
    Result result;
    std::size_t size;
    Buffer buffer;
    std::string peer;
    bool truncated;

    std::size_t bytes() const { return std::get<1>(result); }
    std::string text() const {
        return std::string{text_of(buffer).substr(0, std::min(bytes(), buffer.size()))};
    }
};

Call receive_call(const Socket& socket, std::size_t room, int milliseconds) {
    return Call{"receive_datagram", pass(socket.number), room, milliseconds}.as(
        "receive_datagram() into " + std::to_string(room) + " bytes, " + std::to_string(milliseconds) +
        " ms until the deadline");
}

Received received(const Answer& answer) {
    auto [result, size, buffer, peer, truncated] =
        answer.as<std::tuple<Result, std::size_t, Buffer, std::string, bool>>();
    return {result, size, buffer, peer, truncated};
}

Received receive_datagram(Run& run, const Socket& socket, std::size_t room, int milliseconds = 1000) {
    return received(run.call(receive_call(socket, room, milliseconds)));
}

const Scenario send{"send", exercise(2), "man 2 sendto", "one send is one datagram, an empty one too",
    [](Run& run) {
    const Pair pair;
    for (const std::string_view text : {"Hello", ""}) {
        const auto result = run.call(Call{"send_datagram", pass(pair.theirs.number), bytes_of(text)}.as(
                                         "send_datagram() of " + quote(text)))
                                .as<Result>();
        expect_status(run, result, Status::ok,
                      "sendto() returned " + std::to_string(text.size()) +
                          ", the number of bytes that left. 0 is a success, if there was "
                          "nothing in the datagram.");
        run.equal("the datagram that arrived", std::string_view{pair.ours.receive()}, text);
    }
    const Socket receiver{datagrams_on_loopback()}, sender{datagrams_on_loopback()};
    const auto result = run.call(Call{"send_datagram_to", pass(sender.number), bytes_of("to you"),
                                      port_of(receiver.number)}
                                     .as("send_datagram() of \"to you\" to an address"))
                            .as<Result>();
    expect_status(run, result, Status::ok, "This socket is not connected: the address says where to.");
    run.equal("the datagram that arrived there", std::string_view{receiver.receive()},
              std::string_view{"to you"});
}};

const Scenario send_too_long{"send-too-long", exercise(2), "man 2 sendto",
    "what does not fit into a datagram is not sent in two", [](Run& run) {
    const Socket sender{datagrams_on_loopback()};
    const auto sent = run.call(Call{"send_datagram_to", pass(sender.number), Buffer(70'000, 'x'),
                                    port_of(sender.number)}
                                   .as("send_datagram() of 70000 bytes; IPv4 carries 65507 at most"))
                          .as<Result>();
    expect_status(run, sent, Status::failed,
                  "sendto() said EMSGSIZE. A datagram is one message: to send it in two parts "
                  "would make two of it.");
    run.equal("error", std::get<2>(sent), EMSGSIZE, "It is errno, as sendto() left it.");

    run.fresh();
    const Pair pair;
    Pending sending = run.start(Call{"send_datagrams", pass(pair.theirs.number), 2000, 300}.as(
        "send_datagram(), up to 300 times, to a peer that reads nothing"));
    const Result last =
        sending
            .answer("It waited for room. A datagram for which there is none is lost, here as "
                    "anywhere on its way; MSG_DONTWAIT says so.")
            .as<Result>();
    expect_status(run, last, Status::failed, "There was no room for all of them.");
}};

const Scenario refused{"refused", exercise(2), "man 7 udp",
    "that an earlier datagram found nobody is told, and not passed over", [](Run& run) {
    const int nobody = datagrams_on_loopback();
    const std::uint16_t port = port_of(nobody);
    ::close(nobody);
    const Socket sender{datagrams_to_loopback(port)};
    sender.send("the first");
    run.step("a datagram was sent to a port where nobody is, and the other machine has said so");
    pollfd told{sender.number, 0, 0};
    ::poll(&told, 1, static_cast<int>(run.patience().count()));
    const auto sent = run.call(Call{"send_datagram", pass(sender.number), bytes_of("the second")}.as(
                                   "send_datagram() of \"the second\""))
                          .as<Result>();
    expect_status(run, sent, Status::failed,
                  "sendto() said ECONNREFUSED, and has sent nothing. It speaks of the datagram before, and "
                  "says so once: whoever calls it again then has hidden that nobody is there. After EINTR "
                  "alone the call is made again.");
    run.equal("error", std::get<2>(sent), ECONNREFUSED, "It is errno, as sendto() left it.");
}};

const Scenario receive{"receive", exercise(3), "man 2 recvfrom", "one read is one datagram",
    [](Run& run) {
    const Pair pair;
    pair.ours.send("one");
    pair.ours.send("two");
    for (const std::string_view text : {"one", "two"}) {
        run.step("the next datagram is " + quote(text));
        const Received got = receive_datagram(run, pair.theirs, 16);
        expect_status(run, got.result, Status::ok, "A datagram was there.");
        run.equal("size", got.size, text.size());
        run.equal("result.bytes", got.bytes(), text.size(), "So many are in the buffer.");
        run.equal("the buffer", got.text(), text);
    }
}};

const Scenario truncated{"truncated", exercise(3), "man 2 recvfrom, MSG_TRUNC",
    "what does not fit is gone, and its size is told", [](Run& run) {
    const Pair pair;
    pair.ours.send("abcdefgh");
    pair.ours.send("next");
    run.step("8 bytes were sent, the buffer has room for 4");
    const Received got = receive_datagram(run, pair.theirs, 4);
    expect_status(run, got.result, Status::ok, "A datagram was there.");
    run.equal("size", got.size, std::size_t{8},
              "It is the size as it was sent. The ordinary return value of recvfrom() is the "
              "number of bytes that fitted, and a message that was cut looks like a short one.");
    run.equal("result.bytes", got.bytes(), std::size_t{4},
              got.bytes() < 4 ? "There is room for 4, and 8 came. A datagram is bytes with a size: it is "
                                "no C string, and needs no room for a zero byte."
                              : "Only so many are in the buffer. Whoever believes more reads beyond its "
                                "end.");
    run.is_true(got.truncated, "truncated() is false");
    const Received next = receive_datagram(run, pair.theirs, 4);
    run.equal("the next datagram", next.text(), "next",
              "The rest of the one before it is gone for good.");
}};

const Scenario empty{"empty", exercise(3), "man 2 recvfrom", "0 bytes are a message and no end",
    [](Run& run) {
    const Pair pair;
    pair.ours.send("");
    const Received got = receive_datagram(run, pair.theirs, 4);
    expect_status(run, got.result, Status::ok,
                  "recvfrom() returned 0: somebody sent a datagram without a byte. There is "
                  "no connection that could have ended.");
    run.equal("size", got.size, std::size_t{0});
}};

const Scenario who_sent_it{"who-sent-it", exercise(3), "man 2 recvfrom", "each datagram names its sender",
    [](Run& run) {
    const Socket receiver{datagrams_on_loopback()};
    for (int i = 1; i <= 2; ++i) {
        run.step("client " + std::to_string(i) + " of two sends a datagram");
        const Socket client{datagrams_to_loopback(port_of(receiver.number))};
        client.send("x");
        run.equal("peer", receive_datagram(run, receiver, 16).peer,
                  "127.0.0.1:" + std::to_string(port_of(client.number)),
                  "recvfrom() writes it into the address that it is given, and needs to know "
                  "before each call how much room there is.");
    }
}};

const Scenario receive_deadline{"receive-deadline", exercise(3), "",
    "nobody waits beyond the deadline, and nothing is lost by it", [](Run& run) {
    const Pair pair;
    run.step("nothing is sent, and the deadline is 200 ms away");
    const auto begin = std::chrono::steady_clock::now();
    const Milliseconds cpu = run.students_process().cpu_time();
    Pending waiting = run.start(receive_call(pair.theirs, 16, 200));
    const Received nothing =
        received(waiting.answer("It waits until a datagram comes, and would wait for ever. "
                                "recvfrom() itself knows no deadline. With MSG_DONTWAIT it returns at once, "
                                "with EAGAIN; then wait_readable() waits."));
    const auto took = std::chrono::steady_clock::now() - begin;
    expect_status(run, nothing.result, Status::timed_out, "Nothing came until the deadline.");
    run.is_true(took >= 190ms, "It gave up after " + std::to_string(took / 1ms) + " ms of 200.");
    run.is_true(run.students_process().cpu_time() - cpu < 100ms,
                "It asked over and over for 200 ms. wait_readable() sleeps meanwhile.");
    pair.ours.send("x");
    run.step("a datagram is here, and the deadline has passed");
    expect_status(run, receive_datagram(run, pair.theirs, 16, -1).result, Status::ok,
                  "One that is here already is taken, so that \"is there one?\" can be asked "
                  "with a deadline of now. The server does.");
    run.step("two signals come while it waits, then a datagram");
    Pending interrupted = run.start(receive_call(pair.theirs, 16, 10'000));
    for (int i = 0; i < 2; ++i) interrupted.interrupt();
    pair.ours.send("x");
    expect_status(run, received(interrupted.answer()).result, Status::ok,
                  "EINTR: a signal came first. Nothing was lost, ask again.");
}};

// Their socket after connect_udp(), ours to look at.
Socket connected(Run& run, std::uint16_t port, std::string_view host = "127.0.0.1",
                 const std::string& why = "This address will do.") {
    const auto [socket, error] =
        run.call("connect_udp", host, port).as<std::optional<wire::Fd>, std::string>();
    if (!socket) run.fail(Verdict::wrong, "connect_udp() threw \"" + error + "\". " + why);
    return Socket{socket->number};
}

const Scenario connect{"connect", exercise(4), "man 2 connect",
    "connecting sends nothing, and notes the address", [](Run& run) {
    const Socket server{datagrams_on_loopback()};
    const Socket socket = connected(run, port_of(server.number));
    run.equal("what arrived at the server", server.receive(), "(nothing)",
              "A datagram was sent. connect() itself sends none.");
    run.is_true(::send(socket.number, "x", 1, 0) == 1,
                std::string{"The socket does not know whom to talk to: "} + std::strerror(errno));
    run.equal("what arrived at the server", server.receive(), "x");
}};

const Scenario next_address{"next-address", exercise(4), "man 2 connect",
    "where an address will not do, the next one is taken", [](Run& run) {
    const Socket server{datagrams_on_loopback()};
    run.step("the host has three addresses: 255.255.255.255, which is everybody's and which connect() "
             "refuses, then 127.0.0.1 and 127.0.0.2");
    const Socket socket = connected(run, port_of(server.number), "three.addresses",
                                    "The first address of the host will not do, and it has two more. One "
                                    "that cannot be reached from here is passed over (`for`, and no return "
                                    "nor break when connect() has failed).");
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    run.is_true(::getpeername(socket.number, reinterpret_cast<sockaddr*>(&peer), &size) == 0,
                "This socket is connected to nobody: connect() had refused the first address, and it was returned "
                "all the same. Look at what connect() says.");
    socket.send("x");
    run.equal("what arrived at 127.0.0.1", server.receive(), "x",
              "It is the first that will do. Whoever goes on after it talks to the last.");
}};

const Scenario strangers{"strangers", exercise(4), "man 2 connect",
    "a connected socket hears one address only", [](Run& run) {
    const Socket server{datagrams_on_loopback()};
    const Socket socket = connected(run, port_of(server.number));
    socket.send("x");
    const Socket stranger{datagrams_to_loopback(port_of(socket.number))};
    stranger.send("I am the server");
    run.equal("what the socket received", socket.receive(), "(nothing)",
              "A datagram of somebody else came through, and would be taken for the server's "
              "answer. connect() keeps them out, and tells you of a port where nobody is.");
}};

// --- the server ---------------------------------------------------------------------------------

const Scenario echo{"echo", exercise(3).needs(2), "", "each datagram comes back as it was",
    [](Run& run) {
    Server server{run};
    Datagrams client{run, server};
    for (const std::string& text : {run.payload(5), std::string{}, run.payload(900)}) {
        client.send(text);
        client.expect(text, text.empty() ? "A datagram without a byte is one, too." : "");
    }
}};

const Scenario two_clients{"two-clients", exercise(3).needs(2), "", "the answer goes to whoever asked",
    [](Run& run) {
    Server server{run};
    Datagrams first{run, server};
    Datagrams second{run, server};
    first.send("of the first");
    second.send("of the second");
    first.expect("of the first");
    second.expect("of the second",
                  "Nobody is connected: each datagram brings the address to answer to.");
}};

}  // namespace

}  // namespace check
