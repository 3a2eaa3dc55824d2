// Checks of lesson 1: the echo server over real sockets, and what accept() does without descriptors.
// Leaves out: many clients at once (lesson 11).
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "lessons/tools/check/check.hpp"
#include "lessons/tools/check/descriptors.hpp"

namespace check {

namespace {

using namespace std::chrono_literals;

// --- the server ---------------------------------------------------------------------------------

const Scenario echo{"echo", exercise(5).needs(2, 3, 4), "", "every byte comes back, in order",
    [](Run& run) {
    Server server{run};
    Peer client{run, server};
    const std::string line = run.payload(12) + '\n';
    client.send(line);
    client.expect(line);
    const Buffer bytes{0x00, 0xFF, 0x0A, 0x00, 0x80};
    client.send(bytes);
    client.expect(text_of(bytes),
                  {when([](const Came& came) { return came.got.empty(); },
                               "00 is a byte like every other. Is the echo taken for a text "
                               "that ends at its first zero?")});
}};

const Scenario end_of_stream_echo{"end-of-stream-echo", exercise(4).needs(2, 3, 5), "man 2 shutdown",
    "after the client's last byte comes its echo, then the end", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.send("last words");
    client.end_sending();
    client.expect("last words");
    client.expect_end(
        "The client has ended its direction. The server owes it the end of the "
        "other one: recv() returned 0, so the socket can be closed.");
}};

const Scenario idle_limit{"idle-limit", exercise(4).needs(2, 3, 5).once(), "", "a silent client is let go",
    [](Run& run) {
    Server server{run, {"--idle-timeout", "0.3"}};
    Peer client{run, server};
    client.send("x");
    client.expect("x");
    run.step("nothing is sent for 0.3 s, which is --idle-timeout");
    client.expect_end(
        "A peer whose cable was pulled sends no farewell. Without a deadline it "
        "keeps a thread and a descriptor for ever.");
}};

const Scenario large_echo{"large-echo", exercise(5).needs(2, 3, 4).once(), "man 2 send",
    "what does not fit into one write comes back too", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    const std::string much = run.payload(3'000'000);
    client.send(much);
    client.expect(much);
}};

const Scenario survivor{"survivor", exercise(5).needs(2, 3, 4).once(), "",
    "a client that leaves harms nobody else", [](Run& run) {
    Server server{run};
    Peer good{run, server};
    for (int i = 0; i < 5; ++i) {
        Peer bad{run, server};
        bad.send(run.payload(200'000));
        bad.reset();
    }
    good.send("still there?");
    good.expect("still there?");
}};

// --- accept -------------------------------------------------------------------------------------

// A Listener, and a client that waits in its queue.
int client_of_a_listener(Run& run, const Ends& stop) {
    const Call listen = Call{"Listener", "127.0.0.1", pass(stop.theirs())}.as("Listener{\"127.0.0.1\", 0}");
    return connect_to_loopback(run.call(listen).as<std::uint16_t>());
}

void press_ctrl_c(const Ends& stop) { (void)!::write(stop.mine(), "x", 1); }

void forget_ctrl_c(const Ends& stop) {
    char byte = 0;
    ::recv(stop.theirs(), &byte, 1, 0);
}

// Waiting costs 1 ms or so; a busy machine may leave little to whoever spins.
void expect_no_spinning(Run& run, Milliseconds used) {
    run.is_true(used < 20ms, "While it waited, accept() used " + std::to_string(used.count()) +
                                 " ms of a processor. The client stays in the queue, so poll() "
                                 "reports it at once, accept() fails at once, and so on. Wait a "
                                 "moment for others to give back what they have.");
}

const Scenario no_descriptors{"no-descriptors", exercise(6).needs(3), "man 2 accept",
    "a server without descriptors waits, and does not spin", [](Run& run) {
    Ends stop;
    const int client = client_of_a_listener(run, stop);
    const Call accept = Call{"accept"}.as("accept()");
    {
        const NoDescriptors none{run.students_process()};
        run.step("a client waits, and no descriptor is left; Ctrl-C comes after 600 ms");
        const Milliseconds cpu = run.students_process().cpu_time();
        Pending accepting = run.start(accept);
        if (!accepting.ready(300ms)) accepting.interrupt();
        accepting.ready(300ms);
        press_ctrl_c(stop);
        run.is_true(!accepting.answer().as<bool>(), "A client was accepted, without a descriptor for it.");
        expect_no_spinning(run, run.students_process().cpu_time() - cpu);
    }
    forget_ctrl_c(stop);
    run.step("descriptors are there again");
    run.is_true(run.call(accept).as<bool>(), "The client that waited was lost.");
    ::close(client);
}};

const Scenario no_memory{"no-memory", exercise(6).needs(3), "man 2 accept",
    "want of memory, or of the whole machine's descriptors, is waited out as well", [](Run& run) {
    const std::pair<int, std::string> errors[] = {{ENFILE, "ENFILE"}, {ENOBUFS, "ENOBUFS"}, {ENOMEM, "ENOMEM"}};
    Ends stop;
    const int client = client_of_a_listener(run, stop);
    for (const auto& [error, name] : errors) {
        run.fresh();
        run.step("a client waits, and the kernel says " + name + "; Ctrl-C comes after 300 ms");
        const Milliseconds cpu = run.students_process().cpu_time();
        Pending accepting = run.start(Call{"accept_refused", error}.as("accept()"));
        accepting.ready(300ms);
        press_ctrl_c(stop);
        const auto accepted = accepting.answer().as<std::optional<bool>>();
        if (!accepted) return;  // a kernel that plays no part for us
        run.is_true(!*accepted, "A client was accepted, and the kernel had refused it.");
        expect_no_spinning(run, run.students_process().cpu_time() - cpu);
        forget_ctrl_c(stop);
    }
    ::close(client);
}};

const Scenario stays_reachable{"stays-reachable", exercise(6).needs(3), "man 2 poll",
    "Ctrl-C ends the wait for a descriptor at once", [](Run& run) {
    Ends stop;
    const int client = client_of_a_listener(run, stop);
    const NoDescriptors none{run.students_process()};
    // The best of three: on a busy machine anything may be late once.
    Milliseconds shortest{10'000};
    for (int i = 0; i < 3 && shortest > 500ms; ++i) {
        run.fresh();
        run.step("a client waits, and no descriptor is left; 100 ms later comes Ctrl-C");
        Pending accepting = run.start(Call{"accept"}.as("accept()"));
        accepting.ready(100ms);
        const auto begin = std::chrono::steady_clock::now();
        press_ctrl_c(stop);
        const Answer answer = accepting.answer("accept() still waits, 2.5 s after Ctrl-C. Whoever sleeps hears "
                                               "nothing: wait for stop, with the moment as the deadline.");
        run.is_true(!answer.as<bool>(), "A client was accepted, without a descriptor for it.");
        shortest = std::min(shortest, std::chrono::duration_cast<Milliseconds>(
                                          std::chrono::steady_clock::now() - begin));
        forget_ctrl_c(stop);
    }
    run.is_true(shortest <= 500ms, "accept() returned " + std::to_string(shortest.count()) +
                                       " ms after Ctrl-C at the earliest, of three times. Whoever sleeps hears "
                                       "nothing: wait for stop, with the moment as the deadline.");
    ::close(client);
}};

}  // namespace

}  // namespace check
