// Checks of lesson 2: one datagram sent, one received, and the client that asks again.
// Leaves out: what a network does by itself. The check's own socket loses and delays on purpose.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "lessons/tools/check/check.hpp"
#include "lessons/tools/check/descriptors.hpp"
#include "net/datagram.hpp"
#include "net/parse_ip.hpp"

namespace {

using check::Run;
using namespace std::chrono_literals;

const check::Lesson lesson{2, "02-udp-echo"};

void expect_status(Run& run, const net::IoResult& result, net::IoStatus expected,
                   std::string_view why) {
    constexpr std::string_view names[] = {"ok", "closed", "timed_out", "failed"};
    std::string got{names[static_cast<int>(result.status)]};
    if (result.status != expected && result.status == net::IoStatus::failed)
        got += std::string{" ("} + ::strerrorname_np(result.error) + ")";
    run.equal("the status", got, std::string{names[static_cast<int>(expected)]}, why);
}

// The student's end of a pair of sockets for datagrams, and ours.
struct Pair {
    Pair() {
        int both[2];
        ::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, both);
        ours = both[0];
        socket = net::Fd{both[1]};
    }
    ~Pair() { ::close(ours); }
    void send(std::string_view text) const { ::send(ours, text.data(), text.size(), 0); }
    std::string receive() const {
        std::string text(70'000, '\0');
        const ssize_t size = ::recv(ours, text.data(), text.size(), MSG_DONTWAIT);
        text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
        return size < 0 ? "(nothing)" : text;
    }
    int ours = -1;
    net::Fd socket;
};

// --- net/datagram -------------------------------------------------------------------------------

const check::Scenario send{
    {.lesson = 2, .name = "send", .exercise = 2,
     .rule = "one send is one datagram, an empty one too", .section = "man 2 sendto"},
    [](Run& run) {
        const Pair pair;
        for (const std::string_view text : {"Hello", ""}) {
            run.step("send_datagram() of " + check::quote(text));
            const auto bytes = check::bytes_of(text);
            expect_status(run, net::send_datagram(pair.socket, bytes), net::IoStatus::ok,
                          "sendto() returned " + std::to_string(text.size()) +
                              ", the number of bytes that left. 0 is a success, if there was "
                              "nothing in the datagram.");
            run.equal("the datagram that arrived", std::string_view{pair.receive()}, text);
        }
        run.step("send_datagram() to an address");
        const int receiver = check::datagrams_on_loopback();
        const net::Fd sender{check::datagrams_on_loopback()};
        net::Address to = net::parse_ip("127.0.0.1").value();
        to.set_port(check::port_of(receiver));
        expect_status(run, net::send_datagram(sender, check::bytes_of("to you"), to),
                      net::IoStatus::ok,
                      "This socket is not connected: the address says where to.");
        char text[16];
        run.equal("the size that arrived there", ::recv(receiver, text, sizeof text, MSG_DONTWAIT),
                  ssize_t{6});
    }};

const check::Scenario send_too_long{
    {.lesson = 2, .name = "send-too-long", .exercise = 2,
     .rule = "what does not fit into a datagram is not sent in two", .section = "man 2 sendto"},
    [](Run& run) {
        const net::Fd sender{check::datagrams_on_loopback()};
        net::Address to = net::parse_ip("127.0.0.1").value();
        to.set_port(check::port_of(sender.get()));
        run.step("70000 bytes; IPv4 carries 65507 at most");
        const auto sent = net::send_datagram(sender, check::Buffer(70'000, 'x'), to);
        expect_status(run, sent, net::IoStatus::failed,
                      "sendto() said EMSGSIZE. A datagram is one message: to send it in two parts "
                      "would make two of it.");
        run.equal("error", sent.error, EMSGSIZE, "It is errno, as sendto() left it.");

        run.step("300 datagrams to a peer that reads none");
        const Pair pair;
        const auto begin = net::Clock::now();
        net::IoResult last;
        for (int i = 0; i < 300 && last; ++i)
            last = net::send_datagram(pair.socket, check::Buffer(2000, 'x'));
        run.is_true(net::Clock::now() - begin < 1s,
                    "It waited for room. A datagram for which there is none is lost, here as "
                    "anywhere on its way; MSG_DONTWAIT says so.");
        expect_status(run, last, net::IoStatus::failed, "There was no room for all of them.");
    }};

const check::Scenario receive{
    {.lesson = 2, .name = "receive", .exercise = 3, .rule = "one read is one datagram",
     .section = "man 2 recvfrom"},
    [](Run& run) {
        const Pair pair;
        pair.send("one");
        pair.send("two");
        check::Buffer buffer(16);
        for (const std::string_view text : {"one", "two"}) {
            run.step("receives " + check::quote(text));
            const auto got = net::receive_datagram(pair.socket, buffer, net::after(1s));
            expect_status(run, got.result, net::IoStatus::ok, "A datagram was there.");
            run.equal("size", got.size, text.size());
            run.equal("result.bytes", got.result.bytes, text.size(), "So many are in the buffer.");
            run.equal("the buffer", check::text_of(buffer).substr(0, text.size()), text);
        }
    }};

const check::Scenario truncated{
    {.lesson = 2, .name = "truncated", .exercise = 3,
     .rule = "what does not fit is gone, and its size is told",
     .section = "man 2 recvfrom, MSG_TRUNC"},
    [](Run& run) {
        const Pair pair;
        pair.send("abcdefgh");
        pair.send("next");
        check::Buffer buffer(4);
        run.step("8 bytes were sent, the buffer has room for 4");
        const auto got = net::receive_datagram(pair.socket, buffer, net::after(1s));
        expect_status(run, got.result, net::IoStatus::ok, "A datagram was there.");
        run.equal(
            "size", got.size, std::size_t{8},
            "It is the size as it was sent. The ordinary return value of recvfrom() is the "
            "number of bytes that fitted, and a message that was cut looks like a short one.");
        run.equal("result.bytes", got.result.bytes, std::size_t{4},
                  got.result.bytes < 4
                      ? "There is room for 4, and 8 came. A datagram is bytes with a size: it is "
                        "no C string, and needs no room for a zero byte."
                      : "Only so many are in the buffer. Whoever believes more reads beyond its "
                        "end.");
        run.is_true(got.truncated(), "truncated() is false");
        const auto next = net::receive_datagram(pair.socket, buffer, net::after(1s));
        run.equal("the next datagram", check::text_of(buffer).substr(0, next.result.bytes),
                  std::string_view{"next"}, "The rest of the one before it is gone for good.");
    }};

const check::Scenario empty{
    {.lesson = 2, .name = "empty", .exercise = 3, .rule = "0 bytes are a message and no end",
     .section = "man 2 recvfrom"},
    [](Run& run) {
        const Pair pair;
        pair.send("");
        check::Buffer buffer(4);
        const auto got = net::receive_datagram(pair.socket, buffer, net::after(1s));
        expect_status(run, got.result, net::IoStatus::ok,
                      "recvfrom() returned 0: somebody sent a datagram without a byte. There is "
                      "no connection that could have ended.");
        run.equal("size", got.size, std::size_t{0});
    }};

const check::Scenario who_sent_it{
    {.lesson = 2, .name = "who-sent-it", .exercise = 3, .rule = "each datagram names its sender",
     .section = "man 2 recvfrom"},
    [](Run& run) {
        const net::Fd receiver{check::datagrams_on_loopback()};
        const std::uint16_t port = check::port_of(receiver.get());
        check::Buffer buffer(16);
        for (int i = 1; i <= 2; ++i) {
            run.step("client " + std::to_string(i) + " of two sends a datagram");
            const int client = check::datagrams_to_loopback(port);
            ::send(client, "x", 1, 0);
            const auto got = net::receive_datagram(receiver, buffer, net::after(1s));
            run.equal("peer", got.peer.to_string(),
                      "127.0.0.1:" + std::to_string(check::port_of(client)),
                      "recvfrom() writes it into the address that it is given, and needs to know "
                      "before each call how much room there is.");
            ::close(client);
        }
    }};

const check::Scenario receive_deadline{
    {.lesson = 2, .name = "receive-deadline", .exercise = 3,
     .rule = "nobody waits beyond the deadline, and nothing is lost by it"},
    [](Run& run) {
        const Pair pair;
        check::Buffer buffer(16);
        run.step("nothing is sent, and the deadline is 200 ms away");
        const auto begin = net::Clock::now();
        const std::clock_t cpu = std::clock();
        const auto nothing = [&] {
            const check::Rescue rescue{1500ms, [&] { pair.send("x"); }};
            return net::receive_datagram(pair.socket, buffer, net::after(200ms));
        }();
        const auto took = net::Clock::now() - begin;
        run.is_true(took < 1400ms,
                    "It waited until a datagram came, 1.5 s, and would have waited for ever. "
                    "recvfrom() itself knows no deadline. With MSG_DONTWAIT it returns at once, "
                    "with EAGAIN; then wait_readable() waits.");
        expect_status(run, nothing.result, net::IoStatus::timed_out,
                      "Nothing came until the deadline.");
        run.is_true(took >= 190ms, "It gave up after " + std::to_string(took / 1ms) + " ms of 200.");
        run.is_true(std::clock() - cpu < CLOCKS_PER_SEC / 10,
                    "It asked over and over for 200 ms. wait_readable() sleeps meanwhile.");
        pair.send("x");
        run.step("a datagram is here, and the deadline has passed");
        const auto got = net::receive_datagram(pair.socket, buffer, net::Clock::now() - 1ms);
        expect_status(run, got.result, net::IoStatus::ok,
                      "One that is here already is taken, so that \"is there one?\" can be asked "
                      "with a deadline of now. The server does.");
        run.step("two signals come while it waits, then a datagram");
        const check::Alarm alarm{pair.ours};
        expect_status(run, net::receive_datagram(pair.socket, buffer, net::after(2s)).result,
                      net::IoStatus::ok,
                      "EINTR: a signal came first. Nothing was lost, ask again.");
    }};

const check::Scenario connect{
    {.lesson = 2, .name = "connect", .exercise = 4,
     .rule = "connecting sends nothing, and notes the address", .section = "man 2 connect"},
    [](Run& run) {
        const int server = check::datagrams_on_loopback();
        const std::uint16_t port = check::port_of(server);
        const net::Fd socket = net::connect_udp("127.0.0.1", port);
        char text[16];
        run.is_true(::recv(server, text, sizeof text, MSG_DONTWAIT) < 0,
                    "A datagram was sent. connect() itself sends none.");
        run.is_true(
            ::send(socket.get(), "x", 1, 0) == 1,
            std::string{"The socket does not know whom to talk to: "} + std::strerror(errno));
        run.equal("the size that arrived", ::recv(server, text, sizeof text, MSG_DONTWAIT),
                  ssize_t{1});
    }};

const check::Scenario strangers{
    {.lesson = 2, .name = "strangers", .exercise = 4,
     .rule = "a connected socket hears one address only", .section = "man 2 connect"},
    [](Run& run) {
        const int server = check::datagrams_on_loopback();
        const net::Fd socket = net::connect_udp("127.0.0.1", check::port_of(server));
        ::send(socket.get(), "x", 1, 0);
        const int stranger = check::datagrams_to_loopback(check::port_of(socket.get()));
        ::send(stranger, "I am the server", 15, 0);
        ::close(stranger);
        char text[16];
        run.is_true(::recv(socket.get(), text, sizeof text, MSG_DONTWAIT) < 0,
                    "A datagram of somebody else came through, and would be taken for the server's "
                    "answer. connect() keeps them out, and tells you of a port where nobody is.");
    }};

// --- the server ---------------------------------------------------------------------------------

const check::Scenario echo{
    {.lesson = 2, .name = "echo", .exercise = 3, .rule = "each datagram comes back as it was",
     .needs = {2}},
    [](Run& run) {
        check::Server server{run};
        check::Datagrams client{run, server};
        for (const std::string& text : {run.payload(5), std::string{}, run.payload(900)}) {
            client.send(text);
            client.expect(text, text.empty() ? "A datagram without a byte is one, too." : "");
        }
    }};

const check::Scenario two_clients{
    {.lesson = 2, .name = "two-clients", .exercise = 3, .rule = "the answer goes to whoever asked",
     .needs = {2}},
    [](Run& run) {
        check::Server server{run};
        check::Datagrams first{run, server};
        check::Datagrams second{run, server};
        first.send("of the first");
        second.send("of the second");
        first.expect("of the first");
        second.expect("of the second",
                      "Nobody is connected: each datagram brings the address to answer to.");
    }};

// --- the client ---------------------------------------------------------------------------------

// Their client with its standard input, and us as its server.
class Asked {
  public:
    Asked(Run& run, std::vector<std::string> arguments)
        : run_{run}, host_{check::datagrams_on_loopback()}, client_{run.start("client", [&] {
              arguments.insert(arguments.begin(), {"--host", "127.0.0.1", "--port",
                                                   std::to_string(check::port_of(host_))});
              return arguments;
          }())} {}
    ~Asked() {
        run_.stop(client_);
        ::close(host_);
    }

    // The next question is this one.
    void expect(std::string_view question, std::string_view why) {
        run_.note('S', "waits for a question of your client");
        if (!run_.wait_for(host_, POLLIN, check::in(run_.patience())))
            run_.fail(
                check::Verdict::nothing_received,
                "your client did not ask " + check::quote(question) + ". " + std::string{why});
        std::string text(2000, '\0');
        from_length_ = sizeof from_;
        const ssize_t size = ::recvfrom(host_, text.data(), text.size(), 0,
                                        reinterpret_cast<sockaddr*>(&from_), &from_length_);
        text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
        run_.show_bytes(check::Way::from_client, check::bytes_of(text));
        run_.equal("the question", std::string_view{text}, question, why);
    }
    void answer(std::string_view text) {
        run_.show_bytes(check::Way::from_server, check::bytes_of(text));
        ::sendto(host_, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&from_),
                 from_length_);
    }
    void expect_no_question(std::string_view why, std::chrono::milliseconds silence = 400ms) {
        if (run_.wait_for(host_, POLLIN, check::in(silence)))
            run_.fail(check::Verdict::wrong, std::string{why});
    }
    check::Program& client() { return client_; }

  private:
    Run& run_;
    int host_;
    check::Program& client_;
    sockaddr_storage from_{};
    socklen_t from_length_ = 0;
};

const check::Scenario lossy{
    {.lesson = 2, .name = "lossy", .exercise = 5,
     .rule = "a question without an answer is asked again", .needs = {2, 3, 4},
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        // Long enough that a busy machine answers in time.
        Asked asked{run, {"--timeout", "0.8", "--retries", "2"}};
        asked.client().type("one\ntwo\n");
        asked.expect("one", "It was typed.");
        run.step("the question is lost; --timeout is 0.8 s");
        const auto lost = net::Clock::now();
        asked.expect("one", "No answer came within --timeout, and there are --retries left.");
        const auto waited = (net::Clock::now() - lost) / 1ms;
        run.is_true(waited > 400, "The question came again after " + std::to_string(waited) +
                                      " ms. An answer needs time: it has --timeout, 800 ms.");
        asked.answer("one");
        asked.client().expect_line("one", "The answer to the second attempt.");
        asked.expect("two", "The next line.");
        asked.answer("two");
        asked.client().expect_line("two");
        asked.client().end_of_input();
        run.equal("the exit status", asked.client().wait(), 0, "In the end nothing was lost.");
    }};

const check::Scenario gives_up{
    {.lesson = 2, .name = "gives-up", .exercise = 5,
     .rule = "--retries 2 is three questions and no more", .needs = {2, 3, 4},
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        Asked asked{run, {"--timeout", "0.15", "--retries", "2"}};
        asked.client().type("one\n");
        for (const std::string_view which : {"first", "second", "third"})
            asked.expect("one", "This would be the " + std::string{which} +
                                    " attempt. The first is no retry, so --retries 2 is three.");
        asked.expect_no_question(
            "A fourth question came. The first is no retry, and two are "
            "allowed.");
        asked.client().end_of_input();
        run.equal("the exit status", asked.client().wait(), 1,
                  "A line was lost, and a script wants to know.");
        run.is_true(asked.client().errors().find("no answer to") != std::string::npos,
                    "Nothing on standard error says that there was no answer.");
    }};

const check::Scenario nobody_there{
    {.lesson = 2, .name = "nobody-there", .exercise = 5,
     .rule = "a port where nobody is ends the client with one line", .needs = {2, 3, 4},
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        const int unused = check::datagrams_on_loopback();
        const std::string port = std::to_string(check::port_of(unused));
        ::close(unused);
        check::Program& client = run.start("client", {"--host", "127.0.0.1", "--port", port,
                                                      "--timeout", "1.5", "--retries", "3"});
        run.step("your client asks on port " + port + ", where nobody is");
        client.type("one\n");
        run.equal("the exit status", client.wait(), 1, "The line was not answered.");
        run.is_true(client.errors().find("Connection refused") != std::string::npos,
                    "The other machine says that nobody has this port, and the kernel tells at "
                    "the next call. Its standard error says only: " +
                        check::quote(client.errors(), 200));
        run.stop(client);
    }};

const check::Scenario late_answer{
    {.lesson = 2, .name = "late-answer", .exercise = 6,
     .rule = "an answer that comes too late is not the next one's", .needs = {2, 3, 4, 5},
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        // Long enough that a busy machine answers in time.
        Asked asked{run, {"--timeout", "0.6"}};
        asked.client().type("one\n");
        asked.expect("one", "It was typed.");
        asked.expect_no_question("There are no --retries, so it must not be asked again.", 1s);
        run.step("the client has given up; now the answer comes");
        asked.answer("one");
        asked.client().type("two\n");
        asked.expect("two", "It was typed.");
        asked.answer("two");
        asked.client().expect_line(
            "two",
            "The late answer to \"one\" was taken for that to \"two\", and from now on each "
            "answer belongs to the line before. Read what is here already before you ask.");
        asked.client().end_of_input();
        asked.client().wait();
        run.is_true(asked.client().errors().find("a late answer: \"one\"") != std::string::npos,
                    "The late answer was dropped without a word.");
    }};

}  // namespace
