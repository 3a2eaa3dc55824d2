// What the judge of lesson 11 may ask of net/out_buffer, net/loop_clock and endpoint/output.
#include <algorithm>
#include <optional>
#include <thread>

#include "endpoint/output.hpp"
#include "lessons/tools/check/calls/calls.hpp"
#include "net/loop_clock.hpp"
#include "net/out_buffer.hpp"

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

// In a client's own turn. Has it failed?
const Function flush{"flush", [](wire::Fd descriptor, Bytes bytes) {
    const net::Fd socket{descriptor.number};
    endpoint::Output output;
    endpoint::OutputPool pool;
    pool.collected = bytes;
    pool.current = &output;
    output.flush({socket, pool, nullptr, 0});
    return output.failed();
}};

}  // namespace
