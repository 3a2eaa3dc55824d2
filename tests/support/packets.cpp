#include "tests/support/packets.hpp"

#include <doctest/doctest.h>

#include "ws/byte_order.hpp"
#include "ws/hex.hpp"

namespace test {

namespace {

// RFC 1071: over a part that holds its own checksum, the sum is all ones.
bool sums_up(ws::Bytes bytes, std::uint32_t sum = 0) {
    for (std::size_t i = 0; i < bytes.size(); ++i) sum += std::uint32_t{bytes[i]} << (i % 2 == 0 ? 8 : 0);
    while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
    return sum == 0xFFFF;
}

}  // namespace

std::vector<Packet> packets_of(const std::string& file) {
    ws::Bytes rest = ws::as_bytes(file);
    REQUIRE(ws::hex(rest.first(8)) == "A1 B2 C3 D4 00 02 00 04");
    CHECK(ws::load_be<std::uint32_t>(rest.subspan(20, 4)) == 101);  // each begins with its IP header
    rest = rest.subspan(24);
    std::vector<Packet> packets;
    while (!rest.empty()) {
        const std::size_t size = ws::load_be<std::uint32_t>(rest.subspan(8, 4));
        REQUIRE(rest.size() >= 16 + size);
        const ws::Bytes ip = rest.subspan(16, size);
        rest = rest.subspan(16 + size);
        CHECK(ip[0] == 0x45);
        CHECK(ws::load_be<std::uint16_t>(ip.subspan(2, 2)) == size);
        CHECK(sums_up(ip.first(20)));
        const ws::Bytes tcp = ip.subspan(20);
        std::uint32_t pseudo = 6 + static_cast<std::uint32_t>(tcp.size());
        for (std::size_t i = 12; i < 20; i += 2) pseudo += ws::load_be<std::uint16_t>(ip.subspan(i, 2));
        CHECK(sums_up(tcp, pseudo));
        const bool from_client = ws::load_be<std::uint16_t>(tcp.subspan(2, 2)) == 80;
        packets.push_back({.from_client = from_client,
                           .client_port = ws::load_be<std::uint16_t>(tcp.subspan(from_client ? 0 : 2, 2)),
                           .flags = tcp[13],
                           .number = ws::load_be<std::uint32_t>(tcp.subspan(4, 4)),
                           .acknowledged = ws::load_be<std::uint32_t>(tcp.subspan(8, 4)),
                           .payload = std::string{ws::as_text(tcp.subspan(20))}});
    }
    return packets;
}

}  // namespace test
