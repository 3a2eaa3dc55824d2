// What crossed the wire as packets, in a file that Wireshark opens: --pcap. The format is pcap 2.4.
// We see a stream and no packets, so those are made up: one for each write and each read of ours,
// between two addresses that stand for the client and for port 80 of the server, by which Wireshark
// knows that HTTP comes first. Their bytes, their order and their times are true.
// Leaves out: acknowledgements on their own, which no connection of ours ever sees.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "ws/hex.hpp"

namespace wsc {

class Capture {
  public:
    // The file is readable by its owner only: a head may hold a password. Throws OwnFailure.
    explicit Capture(const std::string& path);

    // A connection has begun, from a client's port of its own; the one before is over.
    void begin();
    // What crossed, in its order; throws OwnFailure when the disk is full.
    void bytes(ws::Direction direction, ws::Bytes bytes);
    void end();

  private:
    void packet(ws::Direction direction, std::uint8_t flags, ws::Bytes payload);
    void write(ws::Bytes bytes);

    std::string path_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
    std::uint16_t client_port_ = 49'151;
    std::array<std::uint32_t, 2> next_{};  // the next byte's number, from the client, from the server
    bool open_ = false;
};

}  // namespace wsc
