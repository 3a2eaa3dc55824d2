// Checks of lesson 1: the echo server over real sockets, and what accept() does without descriptors.
// Leaves out: many clients at once (lesson 11).
#include <sys/socket.h>
#include <unistd.h>

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

const Scenario no_descriptors{"no-descriptors", exercise(6).needs(3), "man 2 accept",
    "a server without descriptors waits, and does not spin", [](Run& run) {
    Ends stop;
    const auto port = run.call(Call{"Listener", "127.0.0.1", pass(stop.theirs())}.as("Listener{\"127.0.0.1\", 0}"))
                          .as<std::uint16_t>();
    const int client = connect_to_loopback(port);
    const Call accept = Call{"accept"}.as("accept()");
    {
        const NoDescriptors none{run.students_process()};
        run.step("a client waits, and no descriptor is left; Ctrl-C comes after 600 ms");
        const Milliseconds cpu = run.students_process().cpu_time();
        Pending accepting = run.start(accept);
        if (!accepting.ready(300ms)) accepting.interrupt();
        accepting.ready(300ms);
        ::write(stop.mine(), "x", 1);
        run.is_true(!accepting.answer().as<bool>(), "A client was accepted, without a descriptor for it.");
        // Waiting costs 1 ms or so; a busy machine may leave little to whoever spins.
        const Milliseconds used = run.students_process().cpu_time() - cpu;
        run.is_true(used < 20ms, "Within 600 ms accept() used " + std::to_string(used.count()) +
                                     " ms of a processor. The client stays in the queue, so poll() "
                                     "reports it at once, accept() fails at once, and so on. Wait a "
                                     "moment for others to give their descriptors back.");
    }
    char byte = 0;
    ::recv(stop.theirs(), &byte, 1, 0);  // Ctrl-C is over
    run.step("descriptors are there again");
    run.is_true(run.call(accept).as<bool>(), "The client that waited was lost.");
    ::close(client);
}};

}  // namespace

}  // namespace check
