// Memory that is kept for large messages: that it is used again, and how much of it there may be.
#include "ws/spare_buffers.hpp"

#include <doctest/doctest.h>

#include "tests/support/bytes.hpp"
#include "ws/connection.hpp"

namespace {

constexpr std::size_t large = ws::SpareBuffers::least_bytes;

ws::Buffer frame_of(std::size_t bytes, std::uint8_t first = 0x82, std::uint8_t fill = 'x') {
    ws::Buffer frame;
    ws::append_frame(frame, {.opcode = ws::Opcode::binary, .masked = true, .key = {1, 2, 3, 4}},
                     ws::Buffer(bytes, fill));
    frame[0] = first;
    return frame;
}

ws::MessageBuffer with_room(std::size_t bytes) {
    ws::MessageBuffer buffer;
    buffer.reserve(bytes);
    return buffer;
}

// Feeds a message in two reads; where its bytes lay, and its size.
ws::Bytes deliver(ws::Connection& connection, ws::SpareBuffers& spare, ws::Buffer frame,
                  std::size_t cut) {
    ws::Buffer out;
    connection.feed(ws::MutableBytes{frame}.first(cut));
    CHECK_FALSE(connection.next(out, &spare));
    connection.feed(ws::MutableBytes{frame}.subspan(cut));
    const auto event = connection.next(out, &spare);
    REQUIRE(event);
    const ws::Bytes data = event->data;
    CHECK(data.size() + 8 <= frame.size());
    for (const std::uint8_t byte : data)
        if (byte != 'x') FAIL("a byte of another message");
    CHECK_FALSE(connection.next(out, &spare));
    return data;
}

}  // namespace

TEST_CASE("spare buffers: what is given is taken again, the last one first, and it is empty") {
    ws::SpareBuffers spare{4 * large};
    CHECK(spare.take().capacity() == 0);
    ws::MessageBuffer first = with_room(large);
    ws::MessageBuffer second = with_room(2 * large);
    const std::uint8_t* const places[] = {first.room().data(), second.room().data()};
    first.append(ws::Buffer(large, 1));
    spare.give(std::move(first));
    spare.give(std::move(second));
    CHECK(spare.bytes() == 3 * large);
    for (const int expected : {1, 0}) {
        ws::MessageBuffer taken = spare.take();
        CHECK(taken.empty());
        CHECK(taken.room().data() == places[expected]);
    }
    CHECK(spare.bytes() == 0);
}

TEST_CASE("spare buffers: never more bytes than allowed, and no small ones") {
    ws::SpareBuffers spare{3 * large};
    spare.give(with_room(large - 1));
    CHECK(spare.bytes() == 0);
    for (int i = 0; i < 5; ++i) spare.give(with_room(large));
    CHECK(spare.bytes() == 3 * large);
    spare.take();
    spare.give(with_room(2 * large));
    CHECK(spare.bytes() == 2 * large);
}

TEST_CASE("spare buffers: large messages that are cut use one memory, also of two connections") {
    ws::SpareBuffers spare{16 * large};
    ws::Connection one{ws::Role::server};
    ws::Connection other{ws::Role::server};
    const ws::Bytes first = deliver(one, spare, frame_of(2 * large), large);
    CHECK(spare.bytes() >= 2 * large);
    CHECK(deliver(one, spare, frame_of(2 * large), 50).data() == first.data());
    CHECK(deliver(other, spare, frame_of(large), 14).data() != nullptr);
    const ws::Bytes last = deliver(other, spare, frame_of(large + 1), large / 2);
    CHECK(last.data() == first.data());
    CHECK(last.size() == large + 1);
}

TEST_CASE("spare buffers: a small message, or a small part of one, takes none") {
    ws::SpareBuffers spare{16 * large};
    spare.give(with_room(large));
    ws::Connection connection{ws::Role::server};
    ws::Buffer out;
    ws::Buffer begun = frame_of(100);
    connection.feed(ws::MutableBytes{begun}.first(50));
    CHECK_FALSE(connection.next(out, &spare));
    CHECK(spare.bytes() == large);
}

TEST_CASE("spare buffers: a message that will never be whole does not come back as a spare one") {
    ws::SpareBuffers spare{16 * large};
    ws::Connection connection{ws::Role::server};
    ws::Buffer out;
    ws::Buffer begun = frame_of(large, 0x02);
    connection.feed(begun);
    CHECK_FALSE(connection.next(out, &spare));
    ws::Buffer wrong = frame_of(1, 0x82);  // a second message within the first
    connection.feed(wrong);
    const auto event = connection.next(out, &spare);
    REQUIRE(event);
    CHECK(event->error == ws::Errc::expected_continuation);
    CHECK_FALSE(connection.next(out, &spare));
    CHECK(spare.bytes() == 0);
}
