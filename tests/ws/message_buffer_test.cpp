// Memory for a message that is being put together: where bytes go, and what is not copied.
#include "ws/message_buffer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "tests/support/bytes.hpp"

namespace {

ws::Buffer numbered(std::size_t size, std::uint8_t first = 0) {
    ws::Buffer bytes(size);
    std::iota(bytes.begin(), bytes.end(), first);
    return bytes;
}

}  // namespace

TEST_CASE("message buffer: empty, it has no memory, and moved from it is empty") {
    ws::MessageBuffer buffer;
    CHECK(buffer.empty());
    CHECK(buffer.capacity() == 0);
    CHECK(buffer.room().empty());
    CHECK(buffer.bytes().empty());
    buffer.append({});
    buffer.clear();
    CHECK(buffer.capacity() == 0);
    buffer.append(numbered(5));
    const ws::MessageBuffer other = std::move(buffer);
    CHECK(std::ranges::equal(other.bytes(), numbered(5)));
}

TEST_CASE("message buffer: what is appended stands in order, however it is cut and grows") {
    for (const std::size_t part : {1u, 3u, 100u, 4096u, 70'000u}) {
        CAPTURE(part);
        const ws::Buffer all = numbered(200'000);
        ws::MessageBuffer buffer;
        for (std::size_t at = 0; at < all.size(); at += part)
            buffer.append(ws::Bytes{all}.subspan(at, std::min(part, all.size() - at)));
        CHECK(std::ranges::equal(buffer.bytes(), all));
    }
}

TEST_CASE("message buffer: many small parts move it a few times only") {
    ws::MessageBuffer buffer;
    int moves = 0;
    const std::uint8_t* place = nullptr;
    for (int i = 0; i < 100'000; ++i) {
        buffer.append(numbered(1));
        if (buffer.bytes().data() != place) ++moves;
        place = buffer.bytes().data();
    }
    CHECK(moves < 20);
}

TEST_CASE("message buffer: reserved memory is there, and what stood there moves along") {
    ws::MessageBuffer buffer;
    buffer.append(numbered(10));
    buffer.reserve(100'000);
    CHECK(buffer.capacity() >= 100'000);
    CHECK(buffer.room().size() == buffer.capacity() - 10);
    CHECK(std::ranges::equal(buffer.bytes(), numbered(10)));
    const std::uint8_t* const place = buffer.bytes().data();
    buffer.reserve(50'000);
    CHECK(buffer.bytes().data() == place);
    buffer.append(ws::Buffer(buffer.room().size(), 'x'));
    CHECK(buffer.bytes().data() == place);
    buffer.clear();
    CHECK(buffer.empty());
    CHECK(buffer.room().data() == place);
}

TEST_CASE("message buffer: bytes that were read into its room are counted, not copied") {
    ws::MessageBuffer buffer;
    buffer.reserve(20);
    buffer.append(numbered(4));
    const ws::MutableBytes room = buffer.room();
    std::ranges::copy(numbered(6, 4), room.begin());
    buffer.append(room.first(6));
    CHECK(std::ranges::equal(buffer.bytes(), numbered(10)));
    CHECK(buffer.room().data() == room.data() + 6);
}

// Another's bytes may begin where a full one ends: here in the rest of the last page.
TEST_CASE("message buffer: what lies behind a full one is copied, and not taken for its own") {
    ws::MessageBuffer buffer;
    buffer.reserve(ws::MessageBuffer::large_bytes);
    std::ranges::fill(buffer.room(), std::uint8_t{'x'});
    buffer.append(buffer.room());
    REQUIRE(buffer.room().empty());
    std::uint8_t* const behind = buffer.room().data();
    std::ranges::copy("other", behind);
    buffer.append(ws::Bytes{behind, 5});
    REQUIRE(buffer.capacity() >= buffer.size());
    CHECK(ws::as_text(buffer.bytes().last(6)) == "xother");
}

// The sender's bytes and the kernel's begin where a page begins.
TEST_CASE("message buffer: a large message begins in the middle of a page") {
    for (const std::size_t size : {ws::MessageBuffer::large_bytes, std::size_t{1'000'000}}) {
        ws::MessageBuffer buffer;
        buffer.reserve(size);
        CHECK(reinterpret_cast<std::uintptr_t>(buffer.room().data()) % 4096 == 2048);
        std::ranges::fill(buffer.room(), std::uint8_t{1});
    }
}
