// What people have when they ask what their bytes mean: hex in any spelling, the output of xxd,
// hexdump -C, tcpdump -X or Wireshark, a whole conversation with its HTTP heads, a capture file.
// Leaves out: pcapng (tcpdump and `tshark -F pcap` write the older format), fragmented IP.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ws/bytes.hpp"

namespace explain {

// Bytes of one direction, in their order.
struct Stream {
    std::string name;  // "127.0.0.1:5000 to 127.0.0.1:8080" of a capture, otherwise empty
    ws::Buffer bytes;
};

// Nothing, when it is none of all that.
std::optional<std::vector<Stream>> read_input(std::string_view input);

// Takes an HTTP head off the front: its text, or nothing when there is none, or when it is not
// whole.
std::string take_head(ws::Buffer& bytes);

}  // namespace explain
