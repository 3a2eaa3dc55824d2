// Attacks on an open connection: lengths, floods, fragments, peers that take nothing, broken frames, and
// messages that are small on the wire and large in memory. RFC 6455 §5, §10.4, RFC 7692 §8.
#include <random>

#include "tests/attack/target.hpp"
#include "tests/conformance/cases.hpp"
#include "tests/load/flooders.hpp"
#include "ws/byte_order.hpp"
#include "ws/deflate/deflate.hpp"

using namespace attack;

namespace {

const std::vector<std::string> servers{"10-trust-nobody", "11-event-loop", "12-chat", "13-streaming",
                                       "14-compression"};

ws::Buffer many(ws::Bytes bytes, std::size_t count) {
    ws::Buffer all;
    for (std::size_t i = 0; i < count; ++i) ws::append(all, bytes);
    return all;
}

ws::CloseCode close_code_of(RawPeer& peer) {
    for (;;) {
        ws::FrameHeader header;
        const ws::Buffer payload = peer.receive_frame(header);
        if (header.opcode == ws::Opcode::close) return ws::load_be<std::uint16_t>(payload);
    }
}

// All that was sent has been looked at: what is asked last is answered.
void wait_until_read(RawPeer& peer) {
    peer.send(frame("\x03\xE8", {.opcode = ws::Opcode::close}));
    CHECK(holds_close(peer.receive_to_end(), 1000));
}

}  // namespace

TEST_CASE("attack: announced lengths") {
    for (const std::string& lesson : servers)
        withstand({.name = "3 announced lengths to 2^64", .lesson = lesson}, [](Target& target) {
            std::vector<RawPeer> peers;
            for (const std::uint64_t length : {1ull << 31, 1ull << 32, 1ull << 40, (1ull << 62) - 1, (1ull << 63) - 1,
                                               1ull << 63, ~0ull, ~0ull - 4})
                for (int form = 0; form < 5; ++form) {
                    peers.push_back(target.enter(peers.size()));
                    RawPeer& peer = peers.back();
                    const bool too_large = length < 1ull << 63;
                    if (form < 2) {
                        peer.send(announcement(length, {form == 0 ? ws::Opcode::text : ws::Opcode::binary}));
                    } else if (form == 2) {  // what is there already, and the length, would wrap around
                        peer.send(frame("hello", {.opcode = ws::Opcode::binary, .fin = false}));
                        peer.send(announcement(length, {.opcode = ws::Opcode::continuation}));
                    } else {
                        peer.send(announcement(length, {form == 3 ? ws::Opcode::ping : ws::Opcode::close}));
                    }
                    CHECK(close_code_of(peer) == (too_large && form < 3 ? 1009 : 1002));
                }
        });
}

TEST_CASE("attack: floods of control frames") {
    for (const std::string& lesson : servers) {
        const ws::Buffer ping = frame("ping", {.opcode = ws::Opcode::ping});
        const ws::Buffer pong = frame("pong", {.opcode = ws::Opcode::pong});
        withstand({.name = "4 200,000 pings", .lesson = lesson}, [&](Target& target) {
            RawPeer peer = target.enter();
            pump(peer, many(ping, 1000), 200'000 * ping.size());
            wait_until_read(peer);
        });
        withstand({.name = "4 200,000 pongs nobody asked for", .lesson = lesson}, [&](Target& target) {
            RawPeer peer = target.enter();
            pump(peer, many(pong, 1000), 200'000 * pong.size());
            wait_until_read(peer);
        });
    }
}

TEST_CASE("attack: floods of fragments") {
    for (const std::string& lesson : servers)
        for (const std::string_view payload : {"", "x"})
            withstand({.name = payload.empty() ? "4 1,000,000 empty fragments" : "4 1,000,000 fragments of 1 byte",
                       .lesson = lesson},
                      [&](Target& target) {
                          RawPeer peer = target.enter();
                          peer.send(frame("begin", {.opcode = ws::Opcode::binary, .fin = false}));
                          const ws::Buffer part = frame(payload, {.opcode = ws::Opcode::continuation, .fin = false});
                          ws::Buffer last = pump(peer, many(part, 1000), 1'000'000 * part.size());
                          peer.end_sending();
                          ws::append(last, peer.receive_to_end());
                          // A chat's messages are short: there the size is refused before the number.
                          CHECK((holds_close(last, 1008) || (lesson == "12-chat" && holds_close(last, 1009))));
                      });
}

TEST_CASE("attack: a peer that never reads what it asked for") {
    for (const std::string& lesson : servers)
        withstand({.name = "5 it asks for 64 MiB, reads nothing", .lesson = lesson}, [&](Target& target) {
            RawPeer frozen = target.enter();
            // The chat takes no more than 2,000 bytes at a time.
            const bool chat = lesson == "12-chat";
            const ws::Buffer message = frame(chat ? R"({"text":")" + std::string(1900, 'x') + "\"}"
                                                  : std::string(65'536, 'x'));
            for (std::uint64_t sent = 0; sent < 64 * mebibyte; sent += message.size())
                if (!net::send_all(frozen.socket(), message, net::after(500ms))) break;
            frozen.reset();
        });
    withstand({.name = "5 it pings, and reads no pong", .lesson = "11-event-loop"}, [](Target& target) {
        RawPeer frozen = target.enter();
        const ws::Buffer pings = many(frame("are you there?", {.opcode = ws::Opcode::ping}), 1000);
        for (std::uint64_t sent = 0; sent < 64 * mebibyte; sent += pings.size())
            if (!net::send_all(frozen.socket(), pings, net::after(500ms))) break;
        frozen.reset();
    });
}

// --- frames that break rules ------------------------------------------------------------------------------

namespace {

// All that the cases of the conformance suite send, less the largest.
std::vector<std::string> case_bytes() {
    std::vector<std::string> all;
    for (const conformance::Group& group : conformance::all_groups())
        for (const conformance::Case& each : group.cases) {
            if (each.large || each.opening || each.side == conformance::Side::clients) continue;
            all.push_back(conformance::bytes_of(each, true));
        }
    return all;
}

// Flips bits, cuts, repeats, swaps: a few times.
void spoil(std::string& bytes, std::mt19937& random) {
    const std::size_t times = 1 + random() % 4;
    for (std::size_t i = 0; i < times && bytes.size() > 1; ++i) {
        const std::size_t at = random() % bytes.size(), other = random() % bytes.size();
        switch (random() % 4) {
            case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8)); break;
            case 1: bytes.resize(at); break;
            case 2: bytes.insert(at, bytes.substr(other, 20)); break;
            default: std::swap(bytes[at], bytes[other]);
        }
    }
}

// The server ends it, for its peer has ended its side.
void send_and_leave(RawPeer& peer, const std::string& bytes) {
    peer.try_send(ws::as_bytes(bytes));
    peer.end_sending();
    peer.receive_to_end();
}

}  // namespace

TEST_CASE("attack: broken frames, and right ones that were spoilt") {
    const std::vector<std::string> cases = case_bytes();
    for (const std::string& lesson : servers) {
        withstand({.name = "12 every case of `make conformance`", .lesson = lesson, .most_growth = 64 * mebibyte},
                  [&](Target& target) {
                      for (std::size_t i = 0; i < cases.size(); ++i) {
                          RawPeer peer = target.enter(i);
                          send_and_leave(peer, cases[i]);
                      }
                  });
        withstand({.name = "12 2,000 of them, spoilt", .lesson = lesson, .most_growth = 64 * mebibyte},
                  [&](Target& target) {
                      std::mt19937 random{2};
                      for (std::size_t i = 0; i < 2'000; ++i) {
                          std::string bytes = cases[random() % cases.size()] + cases[random() % cases.size()];
                          spoil(bytes, random);
                          RawPeer peer = target.enter(i);
                          send_and_leave(peer, bytes);
                      }
                  });
    }
}

// --- small on the wire, large in memory -------------------------------------------------------------------

namespace {

const std::string compressed = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

RawPeer enter_compressed(Target& target) {
    RawPeer peer{target.port()};
    std::string request = sample_request(target.port());
    peer.send(request.insert(request.size() - 2, compressed));
    REQUIRE(peer.receive_head().find(compressed.substr(0, 40)) != std::string::npos);
    return peer;
}

// So many MiB of zeros. Each MiB is the same stream, for all of it refers to the zeros before.
std::string bomb(std::size_t size) {
    const auto blocks = std::make_unique<ws::deflate::Blocks>();
    ws::deflate::Deflater deflater{15, ws::deflate::max_level};
    const ws::Buffer zeros(mebibyte);
    ws::Buffer first, next;
    deflater.compress(zeros, first, *blocks);
    deflater.compress(zeros, next, *blocks);
    const std::string tail{ws::as_text(ws::deflate::flush_tail)};
    std::string stream{ws::as_text(first)};
    for (std::size_t i = 1; i < size; ++i) stream += tail + std::string{ws::as_text(next)};
    return stream;
}

}  // namespace

TEST_CASE("attack: bombs in permessage-deflate") {
    const ws::Buffer packed = frame(bomb(1024), {.opcode = ws::Opcode::binary, .rsv = 4});
    withstand({.name = "13 20 bombs of 1 GiB", .lesson = "14-compression", .options = {"--compress"},
               .most_growth = 64 * mebibyte},
              [&](Target& target) {
                  for (int i = 0; i < 20; ++i) {
                      RawPeer peer = enter_compressed(target);
                      ws::Buffer last = pump(peer, packed, packed.size());
                      ws::append(last, peer.receive_to_end());
                      CHECK(holds_close(last, 1009));
                  }
              });
}

TEST_CASE("attack: windows that are kept") {
    constexpr std::size_t clients = 200;
    withstand({.name = "13 200 windows of 32 KiB, kept", .lesson = "14-compression", .options = {"--compress"},
               .most_growth = 16 * mebibyte + clients * 250'000},
              [](Target& target) {
                  std::vector<RawPeer> peers;
                  const ws::Buffer message = frame(bomb(1), {.rsv = 4});
                  for (std::size_t i = 0; i < clients; ++i) {
                      peers.push_back(enter_compressed(target));
                      peers.back().send(message);
                      ws::FrameHeader header;
                      peers.back().receive_frame(header);
                  }
                  for (RawPeer& peer : peers) peer.reset();
              });
}

// --- fairness ----------------------------------------------------------------------------------------------

TEST_CASE("attack: eight flooders of tiny messages") {
    for (const std::string lesson : {"11-event-loop", "12-chat", "13-streaming"})
        withstand({.name = "18 eight flooders, tiny messages", .lesson = lesson, .most_growth = 32 * mebibyte,
                   .round_trip = 100ms, .handshake = 200ms},
                  [&](Target& target) {
                      Flooders flooders{[&](int i) { return target.enter(static_cast<std::size_t>(i)); },
                                        lesson == "12-chat" ? "{}" : "hi"};
                      const std::uint64_t before = flooders.taken();
                      std::this_thread::sleep_for(3s);
                      MESSAGE("lesson " << lesson << ": " << (flooders.taken() - before) / 8 / 3
                                        << " messages of the flooders a second");
                      flooders.stop();
                  });
}
