// What the judge of lesson 11 may ask of net/out_buffer, net/loop_clock, endpoint/output and
// endpoint/loop_connection.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>

#include "endpoint/loop_connection.hpp"
#include "lessons/tools/check/calls/calls.hpp"
#include "net/loop_clock.hpp"
#include "net/out_buffer.hpp"
#include "net/parse_ip.hpp"

namespace {

// What send() of this process says (errno) in place of sending; 0: it sends.
int send_says = 0;

}  // namespace

// In place of libc's: no kernel says ENOBUFS when it is asked to.
extern "C" ssize_t send(int socket, const void* bytes, std::size_t size, int flags) {
    if (send_says == 0) return ::sendto(socket, bytes, size, flags, nullptr, 0);
    errno = send_says;
    return -1;
}

namespace {

using calls::Function;
using Bytes = std::vector<std::uint8_t>;

// --- net/out_buffer -----------------------------------------------------------------------------

std::optional<net::OutBuffer> buffer;

// What is left to send.
Bytes left() { return {buffer->bytes().begin(), buffer->bytes().end()}; }

const Function new_buffer{"OutBuffer", [] { buffer.emplace(); }};

const Function append{"append", [](Bytes bytes) {
    buffer->append(bytes);
    return left();
}};

const Function taken{"taken", [](std::size_t count) {
    buffer->taken(count);
    return std::tuple{buffer->size(), left()};
}};

const Function empty{"empty", [] { return buffer->empty(); }};

// So many blocks are appended, and leave in crumbs.
const Function crumbs{"crumbs", [](std::size_t blocks, Bytes block, std::size_t crumb) {
    for (std::size_t i = 0; i < blocks; ++i) buffer->append(block);
    while (!buffer->empty()) buffer->taken(std::min(crumb, buffer->size()));
}};

// A block waits, and each time another comes one leaves. How much memory is that?
const Function always_behind{"always_behind", [](std::size_t times, Bytes block) {
    buffer->append(block);
    for (std::size_t i = 0; i < times; ++i) {
        buffer->append(block);
        buffer->taken(block.size());
    }
    return buffer->capacity();
}};

// --- net/loop_clock -----------------------------------------------------------------------------

std::optional<net::LoopClock> timer;
net::Milliseconds begin = 0;

const Function new_clock{"LoopClock", [](net::Milliseconds first) { timer.emplace(begin = first); }};

// Looks at the time until so much of it has passed, and says how much has.
const Function update_until{"update_until", [](net::Milliseconds time) {
    do {
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
        timer->update();
    } while (net::elapsed(timer->now(), begin) < time);
    return net::elapsed(timer->now(), begin);
}};

const Function due{"due", [] { return timer->due(); }};

const Function until_due{"until_due", [] { return timer->until_due(); }};

// --- endpoint/output ----------------------------------------------------------------------------

std::optional<endpoint::Output> output;
endpoint::OutputPool pool;

const Function new_output{"Output", [] {
    output.emplace();
    pool = {};
}};

// In its client's own turn, at this time; `says`: as above. What flush() returned, and what is true now.
const Function flush{"flush", [](wire::Fd descriptor, Bytes bytes, int says, net::Milliseconds now) {
    const net::Fd socket{descriptor.number};
    pool.current = &*output;
    ws::append(output->buffer(pool), bytes);
    send_says = says;
    const std::size_t count = output->flush({socket, pool, nullptr, now});
    send_says = 0;
    return std::tuple{count, output->failed(), output->blocked(), output->taken_at()};
}};

// --- endpoint/loop_connection -------------------------------------------------------------------

// One client of a loop that does not turn, and an application that echoes. What epoll would report
// the judge says.
struct Alone {
    Alone(int socket, std::uint64_t max_backlog_bytes) : loop{options(max_backlog_bytes), echo()} {
        loop.input.share = std::chrono::hours{1};
        loop.epoll.add(socket, net::Epoll::readable, 1);
        client.emplace(loop, net::Fd{socket}, net::parse_ip("127.0.0.1").value(),
                       endpoint::ConnectionId{1});
    }
    static endpoint::ServerOptions options(std::uint64_t max_backlog_bytes) {
        endpoint::ServerOptions chosen;
        chosen.max_backlog_bytes = max_backlog_bytes;
        return chosen;
    }
    static endpoint::Handlers echo() {
        endpoint::Handlers handlers;
        handlers.on_message = [](endpoint::LoopConnection& sender, const endpoint::Message& message) {
            sender.send(message.type, message.data);
        };
        return handlers;
    }

    endpoint::Loop loop;
    std::optional<endpoint::LoopConnection> client;
};

std::optional<Alone> alone;

const Function new_client{"LoopConnection", [](wire::Fd descriptor, std::uint64_t max_backlog_bytes) {
    alone.emplace(descriptor.number, max_backlog_bytes);
}};

// How many bytes wait for it then?
const Function on_ready{"on_ready", [](std::uint32_t events) {
    alone->client->on_ready(events);
    return alone->client->backlog();
}};

}  // namespace
