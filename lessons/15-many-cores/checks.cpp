// The judge of lesson 15: a port that is shared, a message that is shared, letters, and rooms over
// loops. What is timed elsewhere is only counted here: wake-ups, copies, bytes that were not freed.
#include <cerrno>
#include <memory>
#include <signal.h>
#include <unistd.h>

#include "lessons/tools/check/check.hpp"
#include "lessons/tools/check/descriptors.hpp"

namespace check {

namespace {

// --- exercise 2: a door for each loop, and a sum --------------------------------------------------

using Ports = std::vector<int>;

const Scenario port_shared{"port-shared", exercise(2), "man 7 socket",
    "each loop has a listening socket of its own on the one port", [](Run& run) {
    const Call call = Call{"share_port", 0, 2}.as("share_port(\"127.0.0.1\", 0, 2)");
    const auto [error, ports] = run.call(call).as<int, Ports>();
    run.is_true(error != EADDRINUSE,
                "the second socket says EADDRINUSE: SO_REUSEPORT must be set on both, and before bind()");
    run.equal("errno", error, 0);
    run.is_true(ports.size() == 2 && ports[0] == ports[1] && ports[0] != 0,
                "both sets of sockets have one port");
    run.step("64 clients connect");
    for (int i = 0; i < 64; ++i) ::close(connect_to_loopback(static_cast<std::uint16_t>(ports[0])));
    const auto first = run.call("clients_of", 0).as<unsigned>(), second = run.call("clients_of", 1).as<unsigned>();
    run.equal("clients at both doors", first + second, 64u, "each client is in one queue");
    run.is_true(first > 0 && second > 0, "all 64 came to one socket, so the other loop has nothing to do");
}};

const Scenario port_kept{"port-kept", exercise(2), "man 7 socket",
    "a second server on the port is told that it is in use", [](Run& run) {
    const auto [error, ports] = run.call(Call{"share_port", 0, 2}.as("share_port(\"127.0.0.1\", 0, 2)")).as<int, Ports>();
    run.is_true(error == 0 && !ports.empty(), "a free port can be had");
    const Call again = Call{"share_port", ports[0], 2}.as("share_port() of the same port once more");
    const auto [second_error, second_ports] = run.call(again).as<int, Ports>();
    run.equal("errno of the second", second_error, EADDRINUSE,
              "it would get half of the first one's clients, and nobody would be told: look before you share");
}};

const Scenario counters{"counters", exercise(2), "", "what all loops have counted, each number of it",
    [](Run& run) {
    std::vector<std::uint64_t> sum, more, expected;
    for (std::size_t i = 0; i < 13; ++i) {
        sum.push_back(run.number(1, 1'000'000));
        more.push_back(run.number(1, 1'000'000));
        expected.push_back(sum[i] + more[i]);
    }
    const char* const names[] = {
        "connections_accepted", "connections_refused", "connections_open", "handshakes", "http_requests",
        "messages_received", "messages_sent", "bytes_received", "bytes_sent", "pings_sent", "timeouts",
        "errors[1]", "the last of errors"};
    const auto got = run.call(Call{"add", sum, more}.as("add() of two Counters")).as<std::vector<std::uint64_t>>();
    for (std::size_t i = 0; i < 13; ++i)
        run.equal(names[i], got.at(i), expected[i], "the sum of both");
}};

// --- exercise 3: one message, many holders ------------------------------------------------------

Call make(std::string_view text) {
    return Call{"SharedMessage", "room", text}.as("a SharedMessage of " + std::to_string(text.size()) + " bytes");
}

const Scenario one_copy{"one-copy", exercise(3), "", "all who hold a message read the same bytes in memory",
    [](Run& run) {
    const std::string payload = run.payload(100);
    run.call(make(payload));
    const auto [bytes, place] = run.call("frame", 0).as<Buffer, std::uint64_t>();
    run.call(Call{"another", 0}.as("another()"));
    const auto [again, second_place] = run.call("frame", 1).as<Buffer, std::uint64_t>();
    run.is_true(again == bytes, "the second holder reads another message");
    run.is_true(second_place == place,
                "the second holder has a copy of its own: it is encoded once, and read by all");
    run.call(Call{"release", 0}.as("release() of the first"));
    const auto [left, left_place] = run.call("frame", 1).as<Buffer, std::uint64_t>();
    run.is_true(left == bytes && left_place == place, "one holder is left, and the message is still there");
}};

const Scenario freed{"freed-by-the-last", exercise(3), "", "the last holder frees a message, and no other",
    [](Run& run) {
    run.call(Call{"large", 10}.as("a SharedMessage of 10 bytes"));
    run.call(Call{"let_go", 0}.as("the only holder goes"));
    const auto before = run.call("allocated").as<std::uint64_t>();
    constexpr std::uint64_t size = 1'000'000;
    run.fresh();
    run.call(Call{"large", size}.as("a SharedMessage of 1,000,000 bytes"));
    run.call(Call{"another", 0}.as("another()"));
    run.call(Call{"another", 1}.as("another() of that one"));
    run.call(Call{"let_go", 1}.as("the second holder goes"));
    run.call(Call{"release", 1}.as("release() of the third"));
    run.call(Call{"release", 1}.as("release() of the third once more: it holds nothing"));
    run.is_true(run.call("allocated").as<std::uint64_t>() >= before + size,
                "one still holds the message, and its memory has been freed");
    run.equal("its size", run.call("size", 0).as<std::uint64_t>(), size);
    run.call(Call{"let_go", 0}.as("the first holder goes, the last of them"));
    const auto after = run.call("allocated").as<std::uint64_t>();
    run.is_true(after < before + size / 2,
                "nobody holds the message any more, and its " + std::to_string(size) + " bytes are still in memory");
}};

const Scenario shared_by_threads{"threads", exercise(3), "", "four threads read a message and let go of it", [](Run& run) {
    run.equal("wrong readings", run.call("crowd", 100).as<unsigned>(), 0u, "nobody changes a message");
}};

// --- exercise 4: the mailbox --------------------------------------------------------------------

enum class Posted : std::uint8_t { ok, full, closed };
using Texts = std::vector<std::string>;

Call new_mailbox(std::size_t letters) {
    return Call{"Mailbox", letters}.as("a Mailbox with room for " + std::to_string(letters) + " letters of this size");
}

void expect_posted(Run& run, const Call& call, Posted expected, std::string_view why) {
    const char* const words[] = {"ok", "full", "closed"};
    const auto got = run.call(call).as<Posted>();
    run.equal(call.text(), Plain{words[static_cast<std::size_t>(got) % 3]},
              Plain{words[static_cast<std::size_t>(expected)]}, why);
}

const Scenario order{"order", exercise(4), "", "letters come out as they were posted, each once", [](Run& run) {
    run.call(new_mailbox(1000));
    Texts posted;
    for (int i = 0; i < 20; ++i) {
        posted.push_back(run.payload(10));
        run.call("post", posted.back());
    }
    const auto got = run.call("take").as<Texts>();
    run.is_true(got == posted, "20 were posted, and take() gave " + std::to_string(got.size()) +
                                   (got.size() == 20 ? ", in another order" : ""));
    run.is_true(run.call("take").as<Texts>().empty(), "they were taken, and come a second time");
}};

const Scenario one_wake_up{"one-wake-up", exercise(4), "man 2 eventfd",
    "the loop is woken once for all the letters that it has not taken", [](Run& run) {
    run.call(new_mailbox(1000));
    run.is_true(!run.call("readable").as<bool>(), "nothing was posted, and the loop is woken");
    for (int i = 0; i < 100; ++i) run.call("post", "x");
    run.is_true(run.call("readable").as<bool>(), "100 letters wait, and nobody wakes the loop");
    run.equal("how often the eventfd was written", run.call("raised").as<std::uint64_t>(), std::uint64_t{1},
              "each is a system call; the loop takes all the letters at once");
    run.call("take");
    run.fresh();
    run.step("the loop has taken all 100");
    run.call("post", "x");
    run.is_true(run.call("readable").as<bool>(), "a letter was posted after that, and the loop sleeps on");
    run.call("take");
    run.is_true(!run.call("readable").as<bool>(),
                "all was taken, and fd() is still readable: the loop turns and turns for nothing");
}};

const Scenario wakes_again{"wakes-again", exercise(4), "", "a letter that comes while others are taken wakes the loop",
    [](Run& run) {
    const Call race = Call{"race", 2000}.as("2,000 times: one thread posts while another takes");
    run.equal("letters that lie there, with fd() not readable", run.call(race).as<int>(), 0,
              "the wake-up was lowered after the letters were taken, so that of a letter in between is lost");
}};

const Scenario full{"full", exercise(4), "", "a full mailbox refuses, until its letters are delivered", [](Run& run) {
    const Call post = Call{"post", "0123456789"}.as("post()");
    run.call(new_mailbox(2));
    for (int i = 0; i < 3; ++i) expect_posted(run, post, Posted::ok, "there is room");
    expect_posted(run, post, Posted::full, "more than the limit waits");
    run.equal("letters in it", run.call("take").as<Texts>().size(), std::size_t{3},
              "what was refused must not be in it");
    expect_posted(run, post, Posted::full, "they were taken, and not delivered: they still take memory");
    run.call("delivered");
    expect_posted(run, post, Posted::ok, "all were delivered");
    run.call(Call{"close"}.as("close()"));
    expect_posted(run, post, Posted::closed, "its loop has ended");
}};

const Scenario told_of_room{"told-of-room", exercise(4), "",
    "a loop's letter is taken also by a full mailbox, and the loop is told when there is room", [](Run& run) {
    const Call post = Call{"post_from", "0123456789"}.as("post() from another loop");
    run.call(new_mailbox(2));
    for (int i = 0; i < 3; ++i) expect_posted(run, post, Posted::ok, "there is room");
    for (int i = 0; i < 2; ++i)
        expect_posted(run, post, Posted::full, "more than the limit waits, and the loop has to know");
    run.is_true(!run.call("told_of_room").as<bool>(), "there is no room yet, and the loop is told that there is");
    run.equal("letters in it", run.call("take").as<Texts>().size(), std::size_t{5},
              "their messages have been taken from clients: to drop them is to lose them");
    run.call("delivered");
    run.is_true(run.call("told_of_room").as<bool>(),
                "there is room, and the loop that waits for it is not told: it never reads from its client again");
    run.fresh();
    for (int i = 0; i < 4; ++i) run.call(post);
    run.call("take");
    for (int i = 0; i < 3; ++i) run.call(post);
    run.call("delivered");
    run.is_true(!run.call("told_of_room").as<bool>(),
                "four letters were delivered, and three have come meanwhile, which are more than the limit: there "
                "is no room, and the loop is told that there is");
    run.call("take");
    run.call("delivered");
    run.is_true(run.call("told_of_room").as<bool>(), "now there is room, and the loop that waits for it is not told");
    run.fresh();
    for (int i = 0; i < 3; ++i) run.call(post);
    run.call(Call{"post_from_itself", "0123456789"}.as("post() from a loop that is told while it delivers"));
    run.call("take");
    Pending delivering = run.start(Call{"delivered"});
    delivering.answer("it tells others of room while it holds its own lock: two loops that tell each other wait "
                      "for ever");
}};

const Scenario waits_for_room{"waits-for-room", exercise(4), "",
    "a thread that can wait posts when there is room", [](Run& run) {
    run.call(new_mailbox(2));
    for (int i = 0; i < 3; ++i) run.call(Call{"post", "0123456789"}.as("post()"));
    Pending posting = run.start(Call{"post_when_room", "0123456789"}.as("post_when_room() from another thread"));
    run.is_true(!posting.ready(Milliseconds{200}), "the mailbox is full, and post_when_room() does not wait");
    run.call("take");
    run.call("delivered");
    const auto posted = posting.answer("there is room, and the thread that waits for it sleeps on: nobody has told "
                                       "it (room_)").as<Posted>();
    run.is_true(posted == Posted::ok, "there was room when it was told, and its letter was not taken");
    run.equal("letters in it", run.call("take").as<Texts>().size(), std::size_t{1}, "it has posted one");
}};

// --- exercise 5: a room over the loops ------------------------------------------------------------

// A member on a certain loop: clients come and go until the kernel has chosen it.
std::unique_ptr<Peer> member(Run& run, Server& server, char loop) {
    for (int i = 0; i < 100; ++i) {
        auto peer = std::make_unique<Peer>(run, server);
        peer->open();
        peer->send(text("/loop").masked(run.key()));
        const Seen answer = peer->frame("the answer to /loop");
        if (text_of(answer.payload).starts_with(std::string{"loop "} + loop)) return peer;
    }
    run.fail(Verdict::wrong, std::string{"100 clients came, and none of them is on loop "} + loop);
}

// The next that this member hears is `said`, and not what it has heard last.
void hear(Run& run, Peer& member, const std::string& said, const std::string& before = {}) {
    const std::string came{text_of(member.frame("what was said to the room").payload)};
    run.is_true(came.empty() || came != before,
                "a member hears the same once more: its own loop has told it, and so has a letter");
    run.equal("what a member hears", came, said, "all hear it, in the order of its sender");
}

const Scenario room{"room", exercise(5).needs(2, 3, 4).once(), "",
    "what one says all hear, on whatever loop, each once", [](Run& run) {
    Server server{run, {"--loops", "2"}};
    const auto a = member(run, server, '0'), b = member(run, server, '0'), c = member(run, server, '1'),
               d = member(run, server, '1');
    run.fresh();
    std::string before;
    for (Peer* const from : {a.get(), c.get(), d.get(), b.get()}) {
        const std::string said = run.payload(20);
        from->send(text(said).masked(run.key()));
        for (Peer* const each : {a.get(), b.get(), c.get(), d.get()}) hear(run, *each, said, before);
        before = said;
    }
    // What has come twice would stand before this.
    for (Peer* const each : {a.get(), b.get(), c.get(), d.get()}) {
        each->send(text("/stall 0").masked(run.key()));
        hear(run, *each, "here again", before);
    }
}};

const Scenario sender_order{"sender-order", exercise(5).needs(2, 3, 4).once(), "",
    "what one client says arrives in its order, on every loop", [](Run& run) {
    Server server{run, {"--loops", "2"}};
    const auto a = member(run, server, '0'), b = member(run, server, '1');
    run.fresh();
    constexpr int count = 300;
    Buffer all;
    for (int i = 0; i < count; ++i) {
        const Buffer frame = text("number " + std::to_string(i)).masked(run.key()).bytes();
        all.insert(all.end(), frame.begin(), frame.end());
    }
    run.step("300 numbered messages, in one piece");
    a->push(all);
    for (Peer* const each : {b.get(), a.get()})
        for (int i = 0; i < count; ++i) hear(run, *each, "number " + std::to_string(i));
}};

// So many messages in one piece, each its number, which is filled up to this size.
Buffer numbered(Run& run, int count, std::size_t size = 0) {
    Buffer all;
    for (int i = 0; i < count; ++i) {
        std::string said = std::to_string(i);
        if (size > 0) (said += ' ').resize(size, 'x');
        const Buffer frame = text(said).masked(run.key()).bytes();
        all.insert(all.end(), frame.begin(), frame.end());
    }
    return all;
}

const Scenario between_letters{"between-letters", exercise(5).needs(2, 3, 4).once().seconds(60), "",
    "a client is answered while letters wait", [](Run& run) {
    constexpr int count = 3'000;
    // All letters have to be there, and the question behind them, before loop 1 is back. On a busy machine
    // it stands still for longer.
    for (const int stall : {700, 3'000, 9'000}) {
        Server server{run, {"--loops", "2", "--max-mailbox-bytes", "100000000"}};
        const auto sender = member(run, server, '0'), there = member(run, server, '1'),
                   asks = member(run, server, '1');
        run.fresh();
        run.step("loop 1 stands still");
        there->send(text("/stall " + std::to_string(stall)).masked(run.key()));
        run.step("3,000 messages from a client on loop 0, which hears all of them");
        sender->push(numbered(run, count));
        for (int i = 0; i < count; ++i) hear(run, *sender, std::to_string(i));
        run.fresh();
        run.step("3,000 letters wait for loop 1, which stands still; then one of its clients asks it something");
        asks->push(text("/loop").masked(run.key()).bytes());
        if ((!there->received().empty() || there->read(Milliseconds{100})) && stall < 9'000) continue;
        int heard = 0;
        while (!text_of(asks->frame("a message, or the answer to /loop").payload).starts_with("loop ")) {
            run.fresh();
            ++heard;
        }
        run.is_true(heard < count, "The question came while letters waited, and it was answered after the last of "
                                   "3,000. For as long as others write, a loop that delivers all that there is has "
                                   "no time for its clients: after mail_share, wake_again().");
        return;
    }
}};

// Numbered messages that have come, from `next` on, up to the answer to /loop.
int count_until_answer(Peer& peer, Run& run, int next) {
    peer.send(text("/loop").masked(run.key()));
    for (;;) {
        const std::string came{text_of(peer.frame("a message, or the answer to /loop").payload)};
        if (came.starts_with("loop ")) return next;
        run.equal("a message to the room", came.substr(0, came.find(' ')), std::to_string(next++),
                  "in the order of the sender, and none is lost");
    }
}

const Scenario full_mailbox{"full-mailbox", exercise(5).needs(2, 3, 4).once().seconds(60), "",
    "while a mailbox is full its sender is not read; then all arrives", [](Run& run) {
    constexpr int count = 200;
    // On a busy machine the loop may be back before we have looked; then it is too soon to judge.
    for (const int stall : {1'000, 3'000, 9'000}) {
        Server server{run, {"--loops", "2", "--max-mailbox-bytes", "10000"}};
        const auto sender = member(run, server, '0'), other = member(run, server, '0'),
                   there = member(run, server, '1');
        run.fresh();
        run.step("loop 1 stands still");
        there->send(text("/stall " + std::to_string(stall)).masked(run.key()));
        run.step("200 messages of 1,000 bytes from a client on loop 0; the mailbox of loop 1 has room for ten");
        sender->push(numbered(run, count, 1000));
        int next = 0;
        for (int i = 0; i < 20; ++i) next = count_until_answer(*other, run, next);
        // It may be back and its answer still on the way: a moment for that, which is less than it stands still.
        const bool too_soon = !there->received().empty() || there->read(Milliseconds{next > 20 ? 500 : 0});
        if (too_soon && stall < 9'000) continue;
        run.is_true(too_soon || next <= 20,
                    "loop 0 has taken " + std::to_string(next) + " of its messages, and loop 1 none: without a "
                    "limit all that one client says waits in our memory");
        run.step("loop 1 is back");
        for (Peer* const each : {other.get(), there.get()}) {
            if (each == there.get()) each->expect(text("here again"));
            for (int i = each == other.get() ? next : 0; i < count; ++i) {
                const std::string came{text_of(each->frame("the rest of the 200 messages").payload)};
                run.equal("a message", came.substr(0, came.find(' ')), std::to_string(i),
                          "when there is room, the client is read again, and nothing was lost");
            }
        }
        return;
    }
}};

const Scenario half_delivered{"half-delivered", exercise(5).needs(2, 3, 4).once().seconds(60), "",
    "letters that a loop has taken and not delivered take up room", [](Run& run) {
    constexpr int room = 2'000, size = 100;
    const auto is_back = [](Peer& peer) { return text_of(peer.received()).find("here again") != std::string::npos; };
    for (const int stall : {1'000, 3'000, 9'000}) {
        Server server{run, {"--loops", "2", "--max-mailbox-bytes", std::to_string(room * (size + 18))}};
        const auto sender = member(run, server, '0'), other = member(run, server, '0'), there = member(run, server, '1'),
                   asks = member(run, server, '1'), more = member(run, server, '1'), yet = member(run, server, '1');
        const Buffer stand_still = text("/stall " + std::to_string(stall)).masked(run.key()).bytes();
        run.step("loop 1 stands still, and a client on loop 0 says more than its mailbox has room for, 2,000");
        there->push(stand_still);
        sender->push(numbered(run, 2 * room + room / 2, size));
        int next = 0, taken = 0, delivered = 0;
        for (int i = 0; i < 20; ++i) next = count_until_answer(*other, run, next);
        run.step("loop 1 is to deliver letters for a moment, and to stand still again");
        asks->push(stand_still);
        for (int i = 0; i < 150 && !is_back(*there); ++i) there->read(Milliseconds{100});
        // Before it is back for good, all that loop 0 has taken waits, but for what asks hears first.
        for (int i = 0; i < 1'000 && taken <= room * 3 / 2 && !is_back(*asks); ++i) {
            next = count_until_answer(*other, run, next);
            while (asks->read(Milliseconds{10})) continue;
            if (!is_back(*asks)) taken = next;
        }
        for (int i = 0; i < 150 && !is_back(*asks); ++i) asks->read(Milliseconds{100});
        for (; text_of(asks->frame("what was delivered before it stood still").payload) != "here again"; run.fresh())
            ++delivered;
        run.is_true(delivered == 0 || taken - delivered <= room + room / 10,
                    "loop 0 has taken " + std::to_string(taken) + " messages, and loop 1 has delivered " +
                        std::to_string(delivered) + " and stands still: the others wait in its memory, which has room "
                        "for 2,000. When time is up and letters are left, they are not delivered() yet");
        if (delivered > 0) return;
    }
}};

const Scenario all_go_on{"all-go-on", exercise(5).needs(2, 3, 4).once(), "",
    "when there is room, each client that was held is read again", [](Run& run) {
    constexpr int count = 60;
    Server server{run, {"--loops", "2", "--max-mailbox-bytes", "10000"}};
    const auto a = member(run, server, '0'), b = member(run, server, '0'), there = member(run, server, '1');
    run.fresh();
    run.step("loop 1 stands still");
    there->send(text("/stall 500").masked(run.key()));
    run.step("60 messages of 1,000 bytes from each of two clients on loop 0; the mailbox of loop 1 has room for ten");
    for (Peer* const from : {a.get(), b.get()})
        for (int i = 0; i < count; ++i) {
            std::string said = (from == a.get() ? "a " : "b ") + std::to_string(i) + ' ';
            said.resize(1000, 'x');
            from->push(text(said).masked(run.key()).bytes());
        }
    run.step("loop 1 is back");
    there->expect(text("here again"));
    int next[2] = {0, 0};
    while (next[0] + next[1] < 2 * count) {
        run.fresh();
        const std::string came{text_of(there->frame("the rest of what two clients have said: whoever was held is read "
                                                    "again when there is room, all of them,").payload)};
        const bool of_a = came.starts_with('a');
        int& number = next[of_a ? 0 : 1];
        const std::string said = (of_a ? "a " : "b ") + std::to_string(number++) + ' ';
        run.equal("a message", came.substr(0, said.size()), said, "in the order of its sender, and none is lost");
    }
}};

const Scenario all_end{"all-end", exercise(5).needs(2, 3, 4).once(), "RFC 6455 §7.4.1",
    "at the end every client hears 1001, on every loop", [](Run& run) {
    Server server{run, {"--loops", "2"}};
    const auto a = member(run, server, '0'), b = member(run, server, '1');
    run.fresh();
    run.step("Ctrl-C");
    server->signal(SIGINT);
    for (Peer* const each : {a.get(), b.get()}) {
        each->expect_close(1001, "the server goes away");
        each->send(close(1001).masked(run.key()));
    }
    run.equal("exit status", server->wait(), 0, "an end in order");
}};

}  // namespace

}  // namespace check
