// Checks of lesson 2: the client that asks again, and takes no late answer for the next one's.
// Leaves out: what a network does by itself. The check's own socket loses and delays on purpose.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "lessons/tools/check/check.hpp"
#include "lessons/tools/check/descriptors.hpp"

namespace check {

namespace {

using namespace std::chrono_literals;

// Their client with its standard input, and us as its server.
class Asked {
  public:
    Asked(Run& run, std::vector<std::string> arguments)
        : run_{run}, host_{datagrams_on_loopback()}, client_{run, port_of(host_), std::move(arguments)} {}
    ~Asked() { ::close(host_); }

    // Some question comes in time; expect() reads it.
    bool asks() { return question_comes(run_.patience()); }
    // The next question is this one.
    void expect(std::string_view question, std::string_view why) {
        run_.step("waits for a question of your client");
        if (!asks())
            run_.fail(
                Verdict::nothing_received,
                "your client did not ask " + quote(question) + ". " + std::string{why});
        std::string text(2000, '\0');
        from_length_ = sizeof from_;
        const ssize_t size = ::recvfrom(host_, text.data(), text.size(), 0,
                                        reinterpret_cast<sockaddr*>(&from_), &from_length_);
        text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
        run_.show_bytes(Way::from_client, bytes_of(text));
        run_.equal("the question", std::string_view{text}, question, why);
    }
    void answer(std::string_view text) {
        run_.show_bytes(Way::from_server, bytes_of(text));
        ::sendto(host_, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&from_),
                 from_length_);
    }
    void expect_no_question(std::string_view why, std::chrono::milliseconds silence = 400ms) {
        if (question_comes(silence))
            run_.fail(Verdict::wrong, std::string{why});
    }
    Program& client() { return client_.program(); }

  private:
    bool question_comes(Milliseconds patience) {
        pollfd host{host_, POLLIN, 0};
        return ::poll(&host, 1, static_cast<int>(patience.count())) == 1;
    }

    Run& run_;
    int host_;
    Client client_;
    sockaddr_storage from_{};
    socklen_t from_length_ = 0;
};

const Scenario lossy{"lossy", exercise(5).needs(2, 3, 4).once(), "",
    "a question without an answer is asked again", [](Run& run) {
    // Long enough that a busy machine answers in time.
    Asked asked{run, {"--timeout", "1.5", "--retries", "2"}};
    asked.client().type("one\ntwo\n");
    asked.expect("one", "It was typed.");
    run.step("the question is lost; --timeout is 1.5 s");
    const auto lost = std::chrono::steady_clock::now();
    asked.expect("one", "No answer came within --timeout, and there are --retries left.");
    const auto waited = (std::chrono::steady_clock::now() - lost) / 1ms;
    run.is_true(waited > 1000, "The question came again after " + std::to_string(waited) +
                                   " ms. An answer needs time: it has --timeout, 1500 ms.");
    asked.expect_no_question("The question came a third time, right after the second. Each attempt has a "
                             "--timeout of its own: one moment for all of them is over after the first.", 300ms);
    asked.answer("one");
    asked.client().expect_line("one", "The answer to the second attempt.");
    asked.expect("two", "The next line.");
    asked.answer("two");
    asked.client().expect_line("two");
    asked.client().end_of_input();
    run.equal("the exit status", asked.client().wait(), 0, "In the end nothing was lost.");
}};

const Scenario gives_up{"gives-up", exercise(5).needs(2, 3, 4).once(), "",
    "--retries 2 is three questions and no more", [](Run& run) {
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

const Scenario interrupted{"interrupted", exercise(5).needs(2, 3, 4).once(), "",
    "Ctrl-C ends the waiting for an answer at once", [](Run& run) {
    Asked asked{run, {"--timeout", "60"}};
    asked.client().type("one\n");
    if (!asked.asks()) {
        Asked hasty{run, {"--timeout", "0.1"}};
        hasty.client().type("one\n");
        run.is_true(!hasty.asks(), "With --timeout 0.1 your client asks what was typed, and with --timeout 60 it "
                                   "does not: it waits before it asks. take_late_answers() reads what is here "
                                   "already and waits for nothing more: make hint-2 T=6.");
    }
    asked.expect("one", "It was typed.");
    run.step("Ctrl-C for your client, while it waits for the answer; --timeout is 60 s");
    asked.client().signal(SIGINT);
    run.equal("the exit status", asked.client().wait(), 0,
              "Whoever presses Ctrl-C wants to leave now. The signal is a descriptor, stop_.fd(): wait for it "
              "as well as for the socket, and name it first.");
}};

const Scenario question_too_long{"question-too-long", exercise(5).needs(2, 3, 4).once(), "",
    "a question that cannot be sent is told, and not waited for", [](Run& run) {
    Asked asked{run, {"--timeout", "0.5", "--retries", "0"}};
    run.step("a line of 70000 bytes is typed");
    asked.client().type(std::string(70'000, 'x') + "\n");
    asked.client().end_of_input();
    run.equal("the exit status", asked.client().wait(), 1, "The line was not answered.");
    const std::string& says = asked.client().errors();
    run.is_true(says.find("too long for a datagram") != std::string::npos &&
                    says.find("no answer to") == std::string::npos,
                "A line of 70000 bytes fits into no datagram, so send_datagram() failed with EMSGSIZE, and "
                "there is nothing to wait for: explain() says why. Its standard error says: " + quote(says, 200));
}};

const Scenario nobody_there{"nobody-there", exercise(5).needs(2, 3, 4).once(), "",
    "a port where nobody is ends the client with one line", [](Run& run) {
    const int unused = datagrams_on_loopback();
    const std::uint16_t port = port_of(unused);
    ::close(unused);
    Client client{run, port, {"--timeout", "1.5", "--retries", "3"}};
    run.step("your client asks on port " + std::to_string(port) + ", where nobody is");
    client->type("one\n");
    run.equal("the exit status", client->wait(), 1, "The line was not answered.");
    run.is_true(client->errors().find("Connection refused") != std::string::npos,
                "The other machine says that nobody has this port, and the kernel tells at "
                "the next call. Its standard error says only: " +
                    quote(client->errors(), 200));
}};

const Scenario late_answer{"late-answer", exercise(6).needs(2, 3, 4, 5).once(), "",
    "an answer that comes too late is not the next one's", [](Run& run) {
    // Long enough that a busy machine answers in time.
    Asked asked{run, {"--timeout", "0.6"}};
    asked.client().type("one\n");
    asked.expect("one", "It was typed.");
    asked.expect_no_question("There are no --retries, so it must not be asked again.", 1s);
    run.step("the client has given up; now two answers come");
    asked.answer("one");
    asked.answer("uno");
    asked.client().type("two\n");
    asked.expect("two", "It was typed.");
    asked.answer("two");
    asked.client().expect_line(
        "two",
        "The late answer to \"one\" was taken for that to \"two\", and from now on each "
        "answer belongs to the line before. Read what is here already, all of it, before you ask.");
    asked.client().end_of_input();
    asked.client().wait();
    for (const std::string_view late : {"one", "uno"})
        run.is_true(asked.client().errors().find("a late answer: " + quote(late)) != std::string::npos,
                    "The late answer " + quote(late) + " was dropped without a word.");
}};

// A busy machine is slow now and then, and a wait is there each time: the quickest of many tells.
const Scenario asks_at_once{"asks-at-once", exercise(6).needs(2, 3, 4, 5).once(), "",
    "looking for late answers waits for none", [](Run& run) {
    constexpr int lines = 40;
    Asked asked{run, {"--timeout", "20"}};
    run.step(std::to_string(lines) + " lines are typed at once, and each question is answered at once");
    std::string all;
    for (int i = 0; i < lines; ++i) all += "line " + std::to_string(i) + '\n';
    asked.client().type(all);
    auto answered = std::chrono::steady_clock::now();
    Milliseconds quickest = 1h;
    for (int i = 0; i < lines && quickest >= 30ms; ++i) {
        const std::string line = "line " + std::to_string(i);
        asked.expect(line, "It was typed.");
        const auto took = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - answered);
        if (i > 0) quickest = std::min(quickest, took);  // the first has to start the program, too
        asked.answer(line);
        answered = std::chrono::steady_clock::now();
    }
    run.is_true(quickest < 30ms,
                "Between an answer and the next question your client let " + std::to_string(quickest.count()) +
                    " ms pass, the shortest of " + std::to_string(lines) + " times, although the next line was "
                    "there. What has come until now is read without waiting for more: wait_readable() with a "
                    "deadline of now takes one look.");
}};

}  // namespace

}  // namespace check
