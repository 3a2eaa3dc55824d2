// A capture, read back: the packets of a file in the format pcap, each with checksums that are right.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace test {

// What stands behind the headers of a packet, and who sent it.
struct Packet {
    bool from_client;
    std::uint16_t client_port;
    std::uint8_t flags;
    std::uint32_t number, acknowledged;
    std::string payload;
};

// The test fails where something is wrong with the file.
std::vector<Packet> packets_of(const std::string& file);

}  // namespace test
