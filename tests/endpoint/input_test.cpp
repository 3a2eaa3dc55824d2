// Where a client of the loop is read to: the buffer of all, or the place of a large message.
#include "endpoint/input.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/bytes.hpp"
#include "tests/support/exchange.hpp"

namespace {

using endpoint::InputPool;

constexpr std::size_t header_bytes = 14;  // of a large frame with its masking key

ws::Buffer large_frame(std::size_t size) {
    ws::Buffer frame;
    ws::append_frame(frame, {.opcode = ws::Opcode::binary, .masked = true}, ws::Buffer(size));
    return frame;
}

struct Client {
    InputPool pool;
    endpoint::Input input;
    ws::Connection protocol{ws::Role::server};
    ws::Buffer out;
    int messages = 0;

    // "Reads" so many bytes, from `rest`; how much room there was for them.
    std::size_t read(ws::Bytes& rest, std::size_t most) {
        const ws::MutableBytes room = input.room(protocol, pool);
        const std::size_t size = std::min({room.size(), rest.size(), most});
        std::ranges::copy(rest.first(size), room.begin());
        rest = rest.subspan(size);
        protocol.feed(room.first(size));
        while (protocol.next(out, &pool.spare)) ++messages;
        return room.size();
    }
};

}  // namespace

TEST_CASE("input: a message that no read could hold is read to its place, and so is the next one") {
    constexpr std::size_t size = 1u << 20;
    Client client;
    const ws::Buffer frame = large_frame(size);
    ws::Bytes rest = frame;
    CHECK(client.read(rest, 1000) == InputPool::receive_bytes);
    CHECK(client.input.has_begun(client.protocol));
    // As much as was lent to a peer that has sent so little; then as much as is missing.
    CHECK(client.read(rest, size) == 32 * (1000 - header_bytes) - (1000 - header_bytes));
    CHECK_FALSE(client.input.has_begun(client.protocol));
    while (!rest.empty()) client.read(rest, 100'000);
    CHECK(client.messages == 1);

    rest = frame;
    CHECK(client.read(rest, size) == InputPool::few_bytes);
    CHECK(client.input.has_begun(client.protocol));
    CHECK(client.read(rest, size) == size + header_bytes - InputPool::few_bytes);
    CHECK(rest.empty());
    CHECK(client.messages == 2);

    // After a small one everything is as it was.
    const ws::Buffer small = large_frame(5);
    rest = small;
    CHECK(client.read(rest, size) == InputPool::few_bytes);
    rest = small;
    CHECK(client.read(rest, size) == InputPool::receive_bytes);
    CHECK_FALSE(client.input.has_begun(client.protocol));
}

TEST_CASE("input: what one read may hold stays in the buffer of all") {
    Client client;
    const ws::Buffer frame = large_frame(InputPool::receive_bytes);
    ws::Bytes rest = frame;
    while (!rest.empty()) {
        CHECK(client.read(rest, 200'000) == InputPool::receive_bytes);
        CHECK_FALSE(client.input.has_begun(client.protocol));
    }
    CHECK(client.messages == 1);
}

TEST_CASE("input: one read in place takes a part of a message that is very large") {
    Client client;
    const ws::Buffer frame = large_frame(8u << 20);
    ws::Bytes rest = frame;
    client.read(rest, InputPool::receive_bytes);
    CHECK(client.read(rest, 8u << 20) == InputPool::receive_bytes_in_place);
}

TEST_CASE("input: while much waits for other turns, a read takes few bytes") {
    Client client;
    client.pool.rest_bytes = InputPool::most_rest_bytes;
    CHECK(client.input.room(client.protocol, client.pool).size() == InputPool::few_bytes);
}
