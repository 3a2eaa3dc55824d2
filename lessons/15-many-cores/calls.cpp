// What the judge of lesson 15 may ask of net/shared_port, endpoint/shared_message, endpoint/mailbox and
// the counters of endpoint/reactors. The loops themselves are judged through the server.
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <atomic>
#include <ctime>
#include <memory>
#include <system_error>
#include <thread>

#include "endpoint/reactors.hpp"
#include "lessons/tools/check/calls/calls.hpp"
#include "net/shared_port.hpp"
#include "net/socket.hpp"

// Of AddressSanitizer, with which this is compiled. Not every compiler brings the header.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();

namespace {

using calls::Function;
using endpoint::Letter;
using endpoint::Mailbox;
using endpoint::SharedMessage;

// --- net/shared_port ----------------------------------------------------------------------------

std::vector<std::vector<net::Fd>> sets;

// Each set's port; or the errno with which it failed, alone.
const Function share_port{"share_port", [](std::uint16_t port, unsigned count) {
    std::vector<int> ports;
    try {
        for (auto& set : net::share_port("127.0.0.1", port, count)) {
            ports.push_back(net::local_port(set.front()));
            sets.push_back(std::move(set));
        }
    } catch (const std::system_error& error) {
        return std::tuple{error.code().value(), ports};
    }
    return std::tuple{0, ports};
}};

// How many clients wait at this set's door; they are let in, and go.
const Function clients_of{"clients_of", [](std::size_t set) {
    unsigned count = 0;
    while (net::Fd{::accept4(sets.at(set).front().get(), nullptr, nullptr, SOCK_CLOEXEC)}) ++count;
    return count;
}};

// --- endpoint/shared_message --------------------------------------------------------------------

std::vector<SharedMessage> held;

const Function make{"SharedMessage", [](std::string room, std::string text) {
    held.clear();
    held.emplace_back(room, ws::Opcode::text, ws::as_bytes(text));
}};
// Made here: what comes from the judge leaves room behind that is allocated, too.
const Function make_large{"large", [](std::size_t size) {
    held.clear();
    held.emplace_back("room", ws::Opcode::text, ws::as_bytes(std::string(size, 'x')));
}};
const Function another{"another", [](std::size_t of) { held.push_back(held.at(of).another()); }};
const Function release{"release", [](std::size_t which) { held.at(which).release(); }};
const Function let_go{"let_go", [](std::size_t which) { held.erase(held.begin() + static_cast<std::ptrdiff_t>(which)); }};

// Its frame, and where it lies.
const Function frame{"frame", [](std::size_t which) {
    const ws::Bytes bytes = held.at(which).message().frame();
    return std::tuple{ws::Buffer(bytes.begin(), bytes.end()),
                      reinterpret_cast<std::uintptr_t>(bytes.data())};
}};

const Function size{"size", [](std::size_t which) { return held.at(which).message().data().size(); }};

const Function allocated{"allocated", [] { return std::uint64_t{__sanitizer_get_current_allocated_bytes()}; }};

// Many threads read one message and let go of it.
const Function crowd{"crowd", [](unsigned rounds) {
    unsigned wrong = 0;
    for (unsigned i = 0; i < rounds; ++i) {
        SharedMessage message{"room", ws::Opcode::text, ws::as_bytes("hello")};
        std::atomic<unsigned> bad = 0;
        std::vector<std::jthread> threads;
        for (int k = 0; k < 4; ++k)
            threads.emplace_back([&bad, mine = message.another()]() mutable {
                if (ws::as_text(mine.message().data()) != "hello") ++bad;
                mine.release();
            });
        message.release();
        threads.clear();
        wrong += bad;
    }
    return wrong;
}};

// --- endpoint/mailbox ---------------------------------------------------------------------------

std::unique_ptr<Mailbox> mailbox, poster;

Letter letter(std::uint64_t to, std::string_view text) {
    return {to, SharedMessage{"", ws::Opcode::text, ws::as_bytes(text)}};
}

std::vector<std::string> taken() {
    std::vector<Letter> letters;
    mailbox->take(letters);
    std::vector<std::string> texts;
    for (const Letter& each : letters) texts.emplace_back(ws::as_text(each.message.message().data()));
    return texts;
}

std::uint64_t raised_since(const Mailbox& box) {
    eventfd_t count = 0;
    return ::eventfd_read(box.fd(), &count) == 0 ? count : 0;
}

bool readable(const Mailbox& box) {
    return net::wait_readable(std::array{box.fd()}, net::after(std::chrono::milliseconds{0})) == 0;
}

// Room for so many letters of ten bytes, and one more.
const Function new_mailbox{"Mailbox", [](std::size_t letters) {
    mailbox = std::make_unique<Mailbox>(letters * letter(1, "0123456789").bytes());
    poster = std::make_unique<Mailbox>(std::size_t{1} << 20);
}};
const Function post{"post", [](std::string text) { return mailbox->post(letter(1, text)); }};
// As a thread does that can wait.
const Function post_when_room{"post_when_room", [](std::string text) { return mailbox->post_when_room(letter(1, text)); }};
// As a loop does, whose own mailbox is `poster`; or this one.
const Function post_from{"post_from", [](std::string text) { return mailbox->post(letter(1, text), *poster); }};
const Function post_from_itself{"post_from_itself", [](std::string text) { return mailbox->post(letter(1, text), *mailbox); }};
const Function take{"take", [] { return taken(); }};
const Function delivered{"delivered", [] { mailbox->delivered(); }};
const Function close_it{"close", [] { mailbox->close(); }};
const Function raised{"raised", [] { return raised_since(*mailbox); }};
const Function is_readable{"readable", [] { return readable(*mailbox); }};
// Was the poster told of room since it was asked last?
const Function told{"told_of_room", [] {
    std::vector<Letter> none;
    return poster->take(none).room;
}};

// One thread posts while another takes; how many letters were neither taken nor announced.
const Function race{"race", [](int rounds) {
    Mailbox box{std::size_t{1} << 20};
    std::atomic<int> asked = 0, posted = 0;
    std::jthread posting{[&] {
        for (int i = 1; i <= rounds; ++i) {
            asked.wait(i - 1);
            if (asked < 0) return;
            box.post(letter(1, "x"));
            posted = i;
        }
    }};
    int lost = 0;
    std::vector<Letter> letters;
    // On a busy machine the other thread is long in coming, and taking goes on until it has: bounded.
    const std::clock_t end = std::clock() + 2 * CLOCKS_PER_SEC;
    for (int i = 1; i <= rounds && std::clock() < end; ++i) {
        std::size_t count = 0;
        asked = i;
        asked.notify_one();
        do {
            letters.clear();
            box.take(letters);
            count += letters.size();
        } while (posted != i);
        if (count == 0 && !readable(box)) ++lost;
        letters.clear();
        box.take(letters);
        box.delivered();
    }
    asked = -1;
    asked.notify_one();
    return lost;
}};

// --- endpoint/reactors --------------------------------------------------------------------------

endpoint::Counters counters(const std::vector<std::uint64_t>& values) {
    endpoint::Counters result;
    endpoint::Count* const all[] = {
        &result.connections_accepted, &result.connections_refused, &result.connections_open,
        &result.handshakes,           &result.http_requests,       &result.messages_received,
        &result.messages_sent,        &result.bytes_received,      &result.bytes_sent,
        &result.pings_sent,           &result.timeouts,            &result.errors[1],
        &result.errors.back()};
    for (std::size_t i = 0; i < std::size(all); ++i) *all[i] += values.at(i);
    return result;
}

std::vector<std::uint64_t> values(const endpoint::Counters& c) {
    return {c.connections_accepted, c.connections_refused, c.connections_open, c.handshakes,
            c.http_requests,        c.messages_received,   c.messages_sent,    c.bytes_received,
            c.bytes_sent,           c.pings_sent,          c.timeouts,         c.errors[1],
            c.errors.back()};
}

const Function add{"add", [](std::vector<std::uint64_t> sum, std::vector<std::uint64_t> more) {
    endpoint::Counters result = counters(sum);
    endpoint::add(result, counters(more));
    return values(result);
}};

}  // namespace
