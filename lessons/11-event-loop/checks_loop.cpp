// The judge of lesson 11, exercises 3 to 6: the loop over real sockets.
// RFC 6455 §5.5.2, §7; RFC 9110 §15.6.4 for those who are too many.
// What time brings is asked of the program, with times that are short enough to wait for.
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <thread>

#include "lessons/tools/check/check.hpp"

namespace check {

namespace {

// --- exercise 3: one read, one write ------------------------------------------------------------

const Scenario echo{"echo", exercise(3), "RFC 6455 §5.6", "what comes in goes out again",
    [](Run& run) {
    // On a busy machine the client is more patient than a server would be with its handshake.
    Server server{run, {"--handshake-timeout", "600"}};
    Peer client{run, server};
    client.open();
    const std::string word = run.payload(5), longer = run.payload(70'000);
    client.send(text(word).masked(run.key()));
    client.expect(text(word));
    client.send(binary(bytes_of(word)).masked(run.key()));
    client.expect(binary(bytes_of(word)));
    client.send(text(longer).masked(run.key()));
    client.expect(text(longer));
}};

const Scenario end_of_stream{"end-of-stream", exercise(3), "RFC 6455 §7.1.1",
    "a client that ends its direction still gets what it asked for", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    const std::string word = run.payload(9);
    client.send(text(word).masked(run.key()));
    client.end_sending();
    client.expect(text(word));
    client.expect_end("it has sent its end, and everything was answered");
}};

const Scenario reset{"reset", exercise(3), "",
    "a client that drops its connection harms nobody else", [](Run& run) {
    Server server{run};
    Peer stays{run, server};
    stays.open();
    stays.send(text("before").masked(run.key()));
    stays.expect(text("before"));
    for (int i = 0; i < 3; ++i) {
        Peer goes{run, server};
        goes.open();
        goes.send(text(run.payload(2000)).masked(run.key()));
        goes.reset();
    }
    stays.send(text("after").masked(run.key()));
    stays.expect(text("after"));
}};

// A client that has opened, and reads nothing from now on.
void open_and_freeze(Run& run, Peer& client, int room) {
    client.open();
    client.send(text("a").masked(run.key()));
    client.expect(text("a"));
    client.freeze(room);
}

// Messages of these sizes, in turn, to a client that does not read their echoes for a while.
class Flood {
  public:
    Flood(Run& run, Peer& client, const std::vector<std::size_t>& sizes) : run_{run}, client_{client} {
        for (const std::size_t size : sizes) {
            const std::string payload = run.payload(size);
            frames_.push_back(text(payload).masked(run.key()).bytes());
            answers_.push_back(text(payload).bytes());
        }
    }

    // Sends as many as are taken.
    void fill(std::size_t most) {
        run_.step("up to " + std::to_string(most) + " messages of " +
                  (frames_.size() > 1 ? std::to_string(answers_.front().size()) + " and " : "") +
                  std::to_string(answers_.back().size()) + " bytes, nothing is read");
        while (sent_ < most && (taken_ = client_.push_now(frame())) == frame().size()) ++sent_;
        if (sent_ == most) taken_ = 0;
    }

    // All of it has to come back.
    void drain(std::string_view says = "What send() does not take has to wait, and to be sent when "
                                       "epoll says so") {
        const std::size_t all = sent_ + (taken_ > 0 ? 1 : 0);
        run_.step("now the " + std::to_string(all) + " echoes are read");
        for (std::size_t i = 0; i < sent_; ++i) expect_echo(i, all, says);
        if (taken_ == 0) return;
        if (!client_.push(Bytes{frame()}.subspan(taken_)))
            client_.fail(Verdict::timed_out,
                         "all echoes were read, and the server takes no more bytes: it has stopped "
                         "reading from a slow client, and has to go on when its backlog is gone");
        expect_echo(sent_, all, says);
    }

  private:
    const Buffer& frame() const { return frames_[sent_ % frames_.size()]; }

    // Echo number `i` comes, and is right to its last byte.
    void expect_echo(std::size_t i, std::size_t all, std::string_view says) {
        const Buffer& answer = answers_[i % answers_.size()];
        const std::string name = "echo " + std::to_string(i + 1) + " of " + std::to_string(all);
        while (client_.received().size() < answer.size())
            if (!client_.read())
                client_.fail(client_.ended() ? Verdict::closed_early : Verdict::nothing_received,
                             name + " did not come whole. " + std::string{says});
        const Bytes got = Bytes{client_.received()}.first(answer.size());
        if (!std::ranges::equal(got, answer))
            client_.fail(Verdict::wrong, name + " is wrong from its byte " +
                                             std::to_string(first_difference(got, answer)) +
                                             " on: something was sent twice, lost, or overtaken by later "
                                             "bytes");
        client_.drop(answer.size());
    }

    Run& run_;
    Peer& client_;
    std::vector<Buffer> frames_, answers_;
    std::size_t sent_ = 0;   // whole messages
    std::size_t taken_ = 0;  // bytes of the one after them
};

// What it was sent has been handled, and it sleeps.
void wait_until_asleep(Server& server) {
    for (int still = 0, looks = 0; still < 4 && looks < 200; ++looks) {
        const Milliseconds before = server->cpu_time();
        std::this_thread::sleep_for(Milliseconds{25});
        const bool asleep = !server->where_it_waits().empty() && server->cpu_time() == before;
        still = asleep ? still + 1 : 0;
    }
}

// What a server does while it has nothing to do. On a busy machine a loop that spins gets little of a
// processor, but whenever one looks it is awake, and in its turn. One that sleeps hardly ever is.
struct Idleness {
    Milliseconds used;
    bool awake;
};

Idleness idle_for(Server& server, Milliseconds time) {
    const Milliseconds before = server->cpu_time();
    const Deadline end = in(time);
    int looks = 0, awake = 0;
    for (; std::chrono::steady_clock::now() < end; ++looks) {
        std::this_thread::sleep_for(Milliseconds{10});
        if (server->where_it_waits().empty()) ++awake;
    }
    return {server->cpu_time() - before, awake > looks / 2};
}

const Scenario end_while_slow{"end-while-slow", exercise(3).needs(4).once(), "RFC 6455 §7.1.1",
    "a slow client that ends its direction still gets the rest", [](Run& run) {
    Server server{run, {"--max-backlog-bytes", "67108864"}};
    Peer client{run, server};
    open_and_freeze(run, client, 256 * 1024);
    Flood flood{run, client, {50'000}};
    flood.fill(200);
    client.end_sending();
    wait_until_asleep(server);
    flood.drain("0 from recv() is no error: the client sends no more, and still reads. What it is to get "
                "leaves first");
    client.expect_end("it has sent its end, and everything was answered");
}};

// --- exercise 4: what the kernel does not take --------------------------------------------------

const Scenario backlog_order{"backlog-order", exercise(4).needs(3).once(), "",
    "what has waited leaves before what came later", [](Run& run) {
    Server server{run, {"--max-backlog-bytes", "67108864"}};
    Peer client{run, server};
    open_and_freeze(run, client, 256 * 1024);
    Flood flood{run, client, {50'000}};
    flood.fill(300);
    flood.drain();

    // A large message leaves together with the small ones before it. Where in them the kernel
    // stops is its own affair, so several sizes are tried.
    Server mixed{run, {"--max-backlog-bytes", "262144"}};
    for (std::size_t small = 2'000; small < 14'000; small += 1'000) {
        Peer reader{run, mixed};
        reader.open();
        reader.freeze(64 * 1024);
        Flood both{run, reader, {small, small, small, small, 17'000}};
        both.fill(1'200);
        both.drain();
    }
}};

const Scenario backlog_limit{"backlog-limit", exercise(4).needs(3).once(), "",
    "a client that reads nothing costs max_backlog_bytes, and no more", [](Run& run) {
    Server server{run, {"--max-backlog-bytes", "262144"}};
    Peer client{run, server};
    open_and_freeze(run, client, 4096);
    const std::size_t before = server->resident_kib();
    const Buffer frame = binary(Buffer(100'000)).masked(run.key()).bytes();
    run.step("messages of 100,000 bytes, up to 64 MB, and nothing is read");
    std::size_t taken = 0;
    while (taken < 640 && client.push_now(frame) == frame.size()) ++taken;
    const std::size_t grown = server->resident_kib() - before;
    run.is_true(grown < 24 * 1024, "the server holds " + std::to_string(grown / 1024) +
                                       " MiB more than before, for one client that reads nothing: it has to "
                                       "stop reading");
    wait_until_asleep(server);
    const auto [used, awake] = idle_for(server, Milliseconds{500});
    run.is_true(used < Milliseconds{30} && !awake,
                "nothing happens, and within 500 ms the server used " + std::to_string(used.count()) +
                    " ms of a processor. Bytes that nobody reads are there, so epoll says so "
                    "again and again: whoever stops reading tells epoll (watch())");
}};

const Scenario others_served{"others-served", exercise(4).needs(3).once(), "",
    "a client that reads nothing keeps nobody waiting", [](Run& run) {
    Server server{run};
    Peer frozen{run, server};
    open_and_freeze(run, frozen, 4096);
    const Buffer frame = binary(Buffer(100'000)).masked(run.key()).bytes();
    for (int i = 0; i < 200 && frozen.push_now(frame) == frame.size(); ++i) {
    }
    Peer other{run, server};
    other.open();
    for (int i = 0; i < 20; ++i) {
        other.send(text("still there?").masked(run.key()));
        other.expect(text("still there?"));
    }
}};

// --- exercise 5: time without timers ------------------------------------------------------------

std::size_t descriptors_of(Server& server) {
    const std::filesystem::path folder = "/proc/" + std::to_string(server->pid()) + "/fd";
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder}, {}));
}

const Scenario handshake_timeout{"handshake-timeout", exercise(5).once(), "RFC 9110 §15.5.9",
    "half a request is not waited for without end", [](Run& run) {
    Server server{run, {"--handshake-timeout", "0.3"}};
    Peer client{run, server};
    client.send("GET /ws HTTP/1.1\r\nHost: localhost\r\n");
    client.expect_status(408, "the request is not complete after 0.3 s: 408, Request Timeout");
}};

const Scenario slow_request{"slow-request", exercise(5).once(), "RFC 9110 §15.5.9",
    "a request that trickles has no more time than one that stops", [](Run& run) {
    Server server{run, {"--handshake-timeout", "0.5"}};
    Peer client{run, server};
    client.send("GET /ws HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    run.step("and then a byte each 100 ms");
    const Deadline deadline = in(run.patience());
    while (std::chrono::steady_clock::now() < deadline && client.push(bytes_of("x")))
        if (client.read(Milliseconds{100})) break;
    if (client.received().empty() && !client.ended())
        client.fail(Verdict::nothing_received,
                    "the request is not complete, and its 0.5 s are long over: they are for all of it, "
                    "however it trickles. Counted from the last byte, a byte now and then keeps a place for "
                    "ever (slow loris)");
    client.expect_status(408, "the request is not complete after 0.5 s: 408, Request Timeout");
}};

const Scenario pings{"ping", exercise(5).needs(3, 4).once(), "RFC 6455 §5.5.2",
    "a ping each interval, and whoever answers stays", [](Run& run) {
    Server server{run, {"--ping-interval", "0.9", "--idle-timeout", "60"}};
    Peer client{run, server};
    client.open();
    client.expect(ping());
    client.expect_silence(Milliseconds{500}, "one ping each interval, which is 0.9 s");
    client.send(pong().masked(run.key()));
    client.expect(ping());
}};

const Scenario idle_timeout{"idle-timeout", exercise(5).needs(3, 4).once(), "",
    "a client from which nothing comes any more is given up", [](Run& run) {
    Server server{run, {"--ping-interval", "0.9", "--idle-timeout", "1.5"}};
    Peer client{run, server};
    client.open();
    client.expect(ping());
    client.expect_end("no byte for 1.5 s, not even a pong: nobody is there");
}};

const Scenario paused{"paused", exercise(5).needs(3, 4).once(), "",
    "whoever is not read from cannot be heard: a pause of ours is no silence", [](Run& run) {
    Server server{run, {"--ping-interval", "0", "--idle-timeout", "0.8", "--max-backlog-bytes", "262144"}};
    Peer client{run, server};
    open_and_freeze(run, client, 256 * 1024);
    Flood flood{run, client, {50'000}};
    flood.fill(1'000);
    run.step("1.5 s go by, --idle-timeout is 0.8 s, and the server reads nothing from this client");
    std::this_thread::sleep_for(Milliseconds{1500});
    flood.drain("It was given up for its silence, and it was the server that did not read. Its write timeout "
                "goes on, and that is enough");
}};

const Scenario never{"never", exercise(5).needs(3, 4).once(), "",
    "0 is never: no ping, and no end of a silence", [](Run& run) {
    Server server{run, {"--ping-interval", "0", "--idle-timeout", "0"}};
    Peer client{run, server};
    client.open();
    client.expect_silence(Milliseconds{800}, "no ping is due, and nobody is given up");
    client.send(text("still here").masked(run.key()));
    client.expect(text("still here"));
}};

const Scenario unanswered_close{"unanswered-close", exercise(5).needs(3, 4).once(), "RFC 6455 §7.1.2",
    "a client that does not answer our Close is given up", [](Run& run) {
    Server server{run, {"--close-timeout", "0.5", "--shutdown-timeout", "30"}};
    Peer client{run, server};
    client.open();
    run.step("the server is stopped (Ctrl-C), and says so to its clients; this one does not answer");
    server->signal(SIGINT);
    client.expect_close(1001, "it is going away");
    client.expect_end("no Close came within 0.5 s, which is --close-timeout");
}};

const Scenario close_timeout{"close-timeout", exercise(5).needs(3, 4).once(), "RFC 6455 §7.1.1",
    "a Close that is not answered is not waited for without end", [](Run& run) {
    Server server{run, {"--close-timeout", "0.5"}};
    static_cast<void>(server.port());
    const std::size_t before = descriptors_of(server);
    Peer client{run, server};
    client.open();
    client.send(text("not masked"));
    client.expect_close(1002, "a client's frame must be masked (§5.1)");
    client.expect_end("it has ended its side");
    run.step("our side stays open; 0.5 s later the server has to close the socket all the same");
    const Deadline deadline = in(run.patience());
    while (descriptors_of(server) > before && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(Milliseconds{20});
    run.is_true(descriptors_of(server) <= before,
                "its socket is still open: whoever never answers, and never ends TCP, keeps it "
                "for ever. In each phase a client has close_timeout, or another limit");
}};

// --- exercise 6: nothing left -------------------------------------------------------------------

// From now on the server may open descriptors below `most` only. Set when it runs, for it raises its limit
// as far as it may; the limit of connections is beyond it, as if others in the program had taken them.
void leave_descriptors(Server& server, rlim_t most) {
    static_cast<void>(server.port());
    const rlimit few{most, most};
    ::prlimit(server->pid(), RLIMIT_NOFILE, &few, nullptr);
}

using Peers = std::vector<std::unique_ptr<Peer>>;

Peers connect(Run& run, Server& server, int count) {
    Peers peers;
    for (int i = 0; i < count; ++i) peers.push_back(std::make_unique<Peer>(run, server));
    std::this_thread::sleep_for(Milliseconds{300});  // whoever can be told is told
    const auto [used, awake] = idle_for(server, Milliseconds{1200});
    // Four looks at the clock cost a few ms.
    run.is_true(used < Milliseconds{100} && !awake,
                "the server has used " + std::to_string(used.count()) +
                    " ms of CPU time in 1.2 s in which nothing happened: accept() fails, epoll "
                    "says at once that somebody waits, accept() fails");
    return peers;
}

const Scenario no_descriptors{"no-descriptors", exercise(6).needs(3, 4, 5).once(), "RFC 9110 §15.6.4",
    "whoever is too many is told so, and the loop does not spin", [](Run& run) {
    Server server{run, {"--max-connections", "1000"}};
    Peer inside{run, server};
    inside.open();
    leave_descriptors(server, 24);
    run.step("30 clients for a server that may open 24 descriptors");
    const Peers peers = connect(run, server, 30);
    peers.back()->expect_status(503, "whoever is too many learns it at once, and not by its own patience");
    run.step("8 more, one after the other; another one that was let in before says \"and I?\" three times after "
             "each of them, and is answered");
    int untold = 0;
    for (int i = 0; i < 8; ++i) {
        Peer late{run, server};
        for (int k = 0; k < 3; ++k) {
            inside.send(text("and I?").masked(run.key()));
            inside.expect(text("and I?"));
        }
        if (!late.read(Milliseconds{0})) ++untold;
    }
    run.is_true(untold < 2, "the loop has turned three times after each of them came, and " +
                                std::to_string(untold) +
                                " were told nothing. The spare descriptor has helped, and then nobody was left in "
                                "the queue (EAGAIN): that is no reason to look away");
}};

const Scenario looks_away{"looks-away", exercise(6).needs(3, 4, 5).once(), "man 2 accept",
    "where not even the spare descriptor helps, the loop looks away", [](Run& run) {
    Server server{run, {"--max-connections", "1000"}};
    leave_descriptors(server, 4);
    run.step("a client for a server that may open no descriptor at all");
    const Peers peers = connect(run, server, 1);
}};

}  // namespace

}  // namespace check
