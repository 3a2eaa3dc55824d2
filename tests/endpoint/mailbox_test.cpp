// Letters from many threads to one loop: their order, their limit, the wake-ups; and who frees them.
#include "endpoint/mailbox.hpp"

#include <doctest/doctest.h>
#include <sys/eventfd.h>

#include <atomic>
#include <ctime>
#include <string>
#include <thread>

#include "net/socket.hpp"
#include "tests/support/process.hpp"

using endpoint::Letter;
using endpoint::Mailbox;
using endpoint::Posted;
using endpoint::SharedMessage;

namespace {

Letter letter(endpoint::ConnectionId to, std::string_view text) {
    return {to, SharedMessage{"", ws::Opcode::text, ws::as_bytes(text)}};
}

bool readable(const Mailbox& mailbox, std::chrono::milliseconds limit = {}) {
    return net::wait_readable(std::array{mailbox.fd()}, net::after(limit)) == 0;
}

// How often it was raised since it was lowered.
std::uint64_t raised(const Mailbox& mailbox) {
    eventfd_t count = 0;
    return ::eventfd_read(mailbox.fd(), &count) == 0 ? count : 0;
}

std::vector<Letter> take(Mailbox& mailbox) {
    std::vector<Letter> letters;
    mailbox.take(letters);
    return letters;
}

std::string_view text_of(const Letter& letter) {
    return ws::as_text(letter.message.message().data());
}

constexpr std::size_t plenty = 1 << 20;

}  // namespace

TEST_CASE("mailbox: letters come out in their order, each once") {
    Mailbox mailbox{plenty};
    CHECK(mailbox.post(letter(7, "one")) == Posted::ok);
    CHECK(mailbox.post(letter(8, "two")) == Posted::ok);
    const auto letters = take(mailbox);
    REQUIRE(letters.size() == 2);
    CHECK(letters[0].to == 7);
    CHECK(text_of(letters[0]) == "one");
    CHECK(text_of(letters[1]) == "two");
    CHECK(take(mailbox).empty());
}

TEST_CASE("mailbox: one wake-up for all letters that were not taken, and one more for the next") {
    Mailbox mailbox{plenty};
    CHECK_FALSE(readable(mailbox));
    for (int i = 0; i < 1000; ++i) mailbox.post(letter(1, "x"));
    mailbox.tell_of_room();
    CHECK(readable(mailbox));
    CHECK(raised(mailbox) == 1);
    CHECK(take(mailbox).size() == 1000);
    CHECK_FALSE(readable(mailbox));
    mailbox.post(letter(1, "x"));
    CHECK(raised(mailbox) == 1);
}

TEST_CASE("mailbox: no wake-up gets lost while four threads post and one takes") {
    Mailbox mailbox{plenty};
    constexpr unsigned each = 20'000, posters = 4;
    std::vector<std::jthread> threads;
    for (unsigned poster = 1; poster <= posters; ++poster)
        threads.emplace_back([&mailbox, poster] {
            for (unsigned i = 0; i < each; ++i)
                mailbox.post_when_room(letter(poster, std::to_string(i)));
        });
    std::vector<unsigned> next(posters + 1);
    for (unsigned all = 0; all < each * posters;) {
        REQUIRE_MESSAGE(readable(mailbox, test::patience), all << " came, and no wake-up");
        for (const Letter& letter : take(mailbox)) {
            REQUIRE(text_of(letter) == std::to_string(next[letter.to]++));
            ++all;
        }
        mailbox.delivered();
    }
}

// The letter that is posted while the loop takes is taken, or the descriptor is readable again.
TEST_CASE("mailbox: a letter that comes while letters are taken wakes the loop once more") {
    Mailbox mailbox{plenty};
    constexpr int rounds = 1000;
    std::atomic<int> asked = 0, posted = 0;
    std::jthread poster{[&] {
        for (int i = 1; i <= rounds; ++i) {
            asked.wait(i - 1);
            if (asked < 0) return;
            mailbox.post(letter(1, "x"));
            posted = i;
        }
    }};
    int lost = 0;
    // While the other thread waits for a processor this one only turns: bounded.
    const std::clock_t end = std::clock() + 2 * CLOCKS_PER_SEC;
    for (int i = 1; i <= rounds && std::clock() < end; ++i) {
        std::size_t taken = 0;
        asked = i;
        asked.notify_one();
        do taken += take(mailbox).size();
        while (posted != i);
        if (taken == 0 && !readable(mailbox)) ++lost;
        take(mailbox);
    }
    asked = -1;
    asked.notify_one();
    CHECK(lost == 0);
}

TEST_CASE("mailbox: a full one refuses, counts what is not delivered yet, and says when there is room") {
    const std::size_t size = letter(1, "x").bytes();
    Mailbox mailbox{2 * size}, poster{plenty};
    for (int i = 0; i < 3; ++i) CHECK(mailbox.post(letter(1, "x")) == Posted::ok);
    CHECK(mailbox.post(letter(1, "refused")) == Posted::full);
    // A loop's letter is taken all the same: the message has been taken from its client.
    CHECK(mailbox.post(letter(1, "taken"), poster) == Posted::full);
    CHECK(mailbox.post(letter(1, "taken"), poster) == Posted::full);
    CHECK(take(mailbox).size() == 5);
    CHECK(mailbox.post(letter(1, "refused")) == Posted::full);
    CHECK_FALSE(readable(poster));
    mailbox.delivered();
    CHECK(raised(poster) == 1);
    std::vector<Letter> none;
    CHECK(poster.take(none).room);
    CHECK(mailbox.post(letter(1, "x")) == Posted::ok);
}

TEST_CASE("mailbox: a thread that is no loop waits for room, or for the end") {
    Mailbox mailbox{0};
    CHECK(mailbox.post(letter(1, "first")) == Posted::ok);
    std::atomic<bool> posted = false;
    std::jthread thread{[&] {
        CHECK(mailbox.post_when_room(letter(1, "second")) == Posted::ok);
        posted = true;
        CHECK(mailbox.post_when_room(letter(1, "third")) == Posted::closed);
    }};
    CHECK(take(mailbox).size() == 1);
    CHECK_FALSE(posted);
    mailbox.delivered();
    REQUIRE(readable(mailbox, test::patience));
    mailbox.close();
}

TEST_CASE("mailbox: closed, it takes nothing and drops what waits, and nobody waits for room") {
    Mailbox mailbox{0}, poster{plenty};
    mailbox.post(letter(1, "x"));
    CHECK(mailbox.post(letter(1, "x"), poster) == Posted::full);
    mailbox.close();
    CHECK(mailbox.post(letter(1, "x")) == Posted::closed);
    CHECK(mailbox.post(letter(1, "x"), poster) == Posted::closed);
    CHECK(mailbox.post_when_room(letter(1, "x")) == Posted::closed);
    CHECK(take(mailbox).empty());
    std::vector<Letter> none;
    CHECK(poster.take(none).room);
}

TEST_CASE("mailbox: whoever asks it to stop wakes the loop") {
    Mailbox mailbox{plenty};
    mailbox.ask_to_stop();
    REQUIRE(readable(mailbox));
    std::vector<Letter> none;
    CHECK(mailbox.take(none).stop);
    CHECK_FALSE(mailbox.take(none).stop);
}

// What is freed twice or never is for the sanitizers to say.
TEST_CASE("shared message: read by all who hold it, freed by the last, on any thread") {
    for (int round = 0; round < 200; ++round) {
        SharedMessage message{"room", ws::Opcode::binary, ws::as_bytes("payload")};
        std::vector<std::jthread> threads;
        for (int i = 0; i < 3; ++i)
            threads.emplace_back([held = message.another()]() mutable {
                SharedMessage mine = held.another();
                CHECK(mine.room() == "room");
                held.release();
                CHECK(ws::as_text(mine.message().data()) == "payload");
            });
        message.release();
        message.release();
    }
}
