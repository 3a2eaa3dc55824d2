#include "tests/support/exchange.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "ws/hex.hpp"

namespace test {

ws::Buffer masked(ws::Bytes frames, ws::MaskingKey key) {
    ws::Buffer result;
    while (!frames.empty()) {
        ws::FrameHeader header;
        if (ws::decode_header(frames, header) != ws::Parse::ok) {
            // Not even a header: of this only the mask bit can be added.
            result.push_back(frames[0]);
            for (const std::uint8_t byte : frames.subspan(1)) result.push_back(byte | 0x80);
            break;
        }
        const std::size_t size = header.size();
        result.push_back(frames[0]);
        result.push_back(frames[1] | 0x80);
        ws::append(result, frames.first(size).subspan(2));
        ws::append(result, key);
        frames = frames.subspan(size);
        const std::size_t length = std::min<std::uint64_t>(header.length, frames.size());
        for (std::size_t i = 0; i < length; ++i) result.push_back(frames[i] ^ key[i % 4]);
        frames = frames.subspan(length);
    }
    return result;
}

ws::Buffer close_frame(ws::CloseCode code, std::string_view reason) {
    ws::Buffer frame{0x88, static_cast<std::uint8_t>(2 + reason.size()),
                     static_cast<std::uint8_t>(code / 256), static_cast<std::uint8_t>(code % 256)};
    ws::append(frame, as_bytes(reason));
    return frame;
}

std::string describe(const ws::Event& event) {
    switch (event.type) {
        case ws::Event::message:
            if (event.opcode == ws::Opcode::text) return "text " + ws::quote(event.data);
            CHECK(event.opcode == ws::Opcode::binary);
            return "binary " + ws::hex(event.data);
        case ws::Event::ping: return "ping " + ws::quote(event.data);
        case ws::Event::pong: return "pong " + ws::quote(event.data);
        case ws::Event::close:
            return "close " + std::to_string(event.code) + " " + ws::quote(event.data);
        case ws::Event::failed:
            CHECK(event.code == ws::rule(event.error).close_code);
            return "failed " + std::string{ws::rule(event.error).name};
    }
    return "?";
}

std::string lines(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) all += text + '\n';
    return all;
}

Recorder::Recorder(ws::Role role, ws::Limits limits) : connection{role, limits, &keys} {}

void Recorder::feed(ws::Bytes piece) {
    ws::Buffer bytes{piece.begin(), piece.end()};
    ws::MutableBytes rest = bytes;
    const std::size_t before = events.size();
    while (!rest.empty()) {
        ws::MutableBytes read = rest;
        if (const ws::MutableBytes room = connection.room(0); in_place && !room.empty()) {
            read = room.first(std::min(room.size(), rest.size()));
            std::ranges::copy(rest.first(read.size()), read.begin());
        }
        rest = rest.subspan(read.size());
        connection.feed(read);
        while (const auto event = connection.next(out)) {
            events.push_back(describe(*event));
            REQUIRE_MESSAGE(events.size() - before <= piece.size(), "more events than bytes");
        }
    }
}

void check_exchange(ws::Bytes frames, const Expected& expected, ws::Limits limits) {
    Expected of_client = expected;
    of_client.out = masked(expected.out);
    check_exchange(ws::Role::server, masked(frames), expected, limits);
    check_exchange(ws::Role::client, frames, of_client, limits);
}

void check_exchange(ws::Role role, ws::Bytes bytes, const Expected& expected, ws::Limits limits) {
    INFO("role: " << (role == ws::Role::server ? "server" : "client"));
    for_every_split(bytes, [&](const Pieces& pieces) {
        for (const bool in_place : {false, true}) {
            CAPTURE(in_place);
            Recorder recorder{role, limits};
            recorder.in_place = in_place;
            for (const ws::Buffer& piece : pieces) recorder.feed(piece);
            // One cut that goes wrong is enough to see why.
            REQUIRE(lines(recorder.events) == lines(expected.events));
            REQUIRE(ws::hex(recorder.out) == ws::hex(expected.out));
            REQUIRE(recorder.connection.state() == expected.state);
        }
    });
}

}  // namespace test
