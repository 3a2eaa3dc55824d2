// Lesson 14 under load: what compression costs in memory, for clients that are idle. `make load-14`
// runs it; it is no part of `make test`, because it wants the machine for itself. Its text has the
// table that this prints.
#include <doctest/doctest.h>

#include <cstdio>
#include <vector>

#include "net/descriptors.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/load/measure.hpp"

using namespace test;

namespace {

RawPeer open_offering(std::uint16_t port, const std::string& extension) {
    RawPeer peer{port};
    std::string request = sample_request(port);
    if (!extension.empty())
        request.insert(request.size() - 2, "Sec-WebSocket-Extensions: " + extension + "\r\n");
    peer.send(request);
    const std::string head = peer.receive_head();
    const bool agreed = head.find("Sec-WebSocket-Extensions: permessage-deflate") != head.npos;
    REQUIRE_MESSAGE(agreed == !extension.empty(), head);
    return peer;
}

// A text of 100 bytes, as one stored block. Its echo is compressed, for it has the threshold's size.
void echo_one(RawPeer& peer) {
    ws::Buffer payload{0x00, 100, 0, 0xFF - 100, 0xFF};
    for (int i = 0; i < 100; ++i) payload.push_back(static_cast<std::uint8_t>('a' + i % 7));
    payload.push_back(0x00);  // an empty stored block, less its length
    ws::Buffer frame;
    ws::append_frame(frame, {.rsv = 4, .masked = true, .key = {1, 2, 3, 4}}, payload);
    peer.send(frame);
    ws::FrameHeader header;
    CHECK(peer.receive_frame(header).size() < 50);
    CHECK(header.rsv == 4);
}

struct Mode {
    const char* name;
    const char* extension;
    std::vector<std::string> arguments;
    std::size_t clients;
    double most_bytes;  // each
};

// The server's resident memory for each of so many clients, of which each was answered once.
void measure(const Mode& mode) {
    LessonServer server{"14-compression", mode.arguments};
    const bool speaks = *mode.extension != '\0';
    std::vector<RawPeer> peers;
    peers.reserve(mode.clients + 10);
    // The first ones make the server fetch what all share.
    for (int i = 0; i < 10; ++i) {
        peers.push_back(open_offering(server.port, mode.extension));
        if (speaks) echo_one(peers.back());
    }
    const std::uint64_t before = memory_of(server.process);
    for (std::size_t i = 0; i < mode.clients; ++i) {
        peers.push_back(open_offering(server.port, mode.extension));
        if (speaks) echo_one(peers.back());
    }
    const auto used = static_cast<double>(memory_of(server.process) - before);
    const double each = used / static_cast<double>(mode.clients);
    std::printf("%-52s %6zu clients  %9.0f bytes each\n", mode.name, mode.clients, each);
    CHECK(each <= mode.most_bytes);
    for (RawPeer& peer : peers) peer.reset();
    server.stop();
}

}  // namespace

TEST_CASE("load: resident memory of idle clients, with compression in each of its modes") {
    net::raise_descriptor_limit();
    const std::vector<std::string> usual{"--compress", "--ping-interval", "0", "--idle-timeout", "0"};
    const auto with = [&usual](std::vector<std::string> more) {
        more.insert(more.end(), usual.begin(), usual.end());
        return more;
    };
    measure({"not agreed on", "", usual, 10'000, 300});
    measure({"agreed on, without context takeover",
             "permessage-deflate; server_no_context_takeover; client_no_context_takeover", usual, 10'000,
             300});
    measure({"with context takeover, windows of 2^9",
             "permessage-deflate; client_max_window_bits", with({"--window-bits", "9"}), 10'000, 6'000});
    measure({"with context takeover, windows of 2^12",
             "permessage-deflate; client_max_window_bits", with({"--window-bits", "12"}), 10'000, 40'000});
    measure({"with context takeover, windows of 2^15", "permessage-deflate", usual, 1'000, 250'000});
}
