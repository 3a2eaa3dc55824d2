// Packets of IPv4 (RFC 791) and TCP (RFC 9293) around bytes of a stream, each behind a header of pcap.
// Lesson 5. A packet is one call of fwrite(), which locks the file: threads do not mix theirs.
// Leaves out: IPv6, and the real addresses; behind a proxy they would say nothing either.
#include "cli/capture.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "cli/private_file.hpp"
#include "ws/byte_order.hpp"
#include "ws/hex.hpp"

namespace cli {

namespace {

using ws::store_be;

constexpr std::size_t ip_bytes = 20, tcp_bytes = 20;
// A packet's length has 16 bits.
constexpr std::size_t most_payload = 65'535 - ip_bytes - tcp_bytes;
constexpr std::uint8_t fin = 0b0000'0001, syn = 0b0000'0010, push = 0b0000'1000, ack = 0b0001'0000;
// Addresses that are nobody's (RFC 5737).
constexpr std::uint32_t client_address = 0xC0000201, server_address = 0xC0000202;  // 192.0.2.1, .2
constexpr std::uint16_t server_port = 80;
// Those that systems give to clients; after the last one they begin anew.
constexpr std::uint32_t first_client_port = 49'152, client_ports = 65'536 - first_client_port;

void append_16(ws::Buffer& out, std::size_t value) {
    out.resize(out.size() + 2);
    store_be<std::uint16_t>(ws::MutableBytes{out}.last(2), static_cast<std::uint16_t>(value));
}

void append_32(ws::Buffer& out, std::uint64_t value) {
    out.resize(out.size() + 4);
    store_be<std::uint32_t>(ws::MutableBytes{out}.last(4), static_cast<std::uint32_t>(value));
}

// RFC 1071: the sum of all 16-bit numbers, carries added, turned over.
std::uint16_t checksum(ws::Bytes bytes, std::uint64_t sum = 0) {
    for (std::size_t i = 0; i < bytes.size(); ++i) sum += std::uint64_t{bytes[i]} << (i % 2 == 0 ? 8 : 0);
    while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

ws::Buffer ip_header(std::uint32_t from, std::uint32_t to, std::size_t packet_bytes) {
    ws::Buffer header{0x45, 0};  // version 4, five words of header
    append_16(header, packet_bytes);
    append_32(header, 0x4000);   // no number of its own, not to be cut
    append_16(header, 0x4006);   // 64 hops, TCP
    append_16(header, 0);        // the checksum
    append_32(header, from);
    append_32(header, to);
    store_be<std::uint16_t>(ws::MutableBytes{header}.subspan(10, 2), checksum(header));
    return header;
}

}  // namespace

Capture::Capture(const std::string& path)
    : path_{path}, file_{open_private("--pcap", path), &std::fclose} {
    ws::Buffer header;
    append_32(header, 0xA1B2C3D4);  // big-endian, times in microseconds
    append_16(header, 2);
    append_16(header, 4);
    append_32(header, 0);
    append_32(header, 0);
    append_32(header, 65'535);  // no packet is cut
    append_32(header, 101);     // LINKTYPE_RAW: each begins with its IP header
    write(header);
}

Capture::Connection::Connection(Capture& capture)
    : capture_{&capture},
      client_port_{static_cast<std::uint16_t>(first_client_port + capture.connections_++ % client_ports)} {}

void Capture::Connection::begin() {
    open_ = true;
    packet(ws::Direction::from_client, syn, {});
    packet(ws::Direction::from_server, syn | ack, {});
    packet(ws::Direction::from_client, ack, {});
}

void Capture::Connection::bytes(ws::Direction direction, ws::Bytes bytes) {
    if (!open_) begin();
    while (!bytes.empty()) {
        const std::size_t count = std::min(bytes.size(), most_payload);
        packet(direction, push | ack, bytes.first(count));
        bytes = bytes.subspan(count);
    }
    // The file is whole at any moment: a reader who looks at it while we run sees what has crossed.
    capture_->flush();
}

void Capture::Connection::end() {
    if (!open_) return;
    open_ = false;
    packet(ws::Direction::from_client, fin | ack, {});
    packet(ws::Direction::from_server, fin | ack, {});
    packet(ws::Direction::from_client, ack, {});
    capture_->flush();
}

void Capture::Connection::packet(ws::Direction direction, std::uint8_t flags, ws::Bytes payload) {
    const bool from_client = direction == ws::Direction::from_client;
    const std::uint32_t from = from_client ? client_address : server_address;
    const std::uint32_t to = from_client ? server_address : client_address;
    std::uint32_t& ours = next_[from_client ? 0 : 1];
    const std::uint32_t theirs = next_[from_client ? 1 : 0];

    ws::Buffer segment;
    append_16(segment, from_client ? client_port_ : server_port);
    append_16(segment, from_client ? server_port : client_port_);
    append_32(segment, ours);
    append_32(segment, (flags & ack) != 0 ? theirs : 0);
    append_16(segment, 0x5000 | flags);  // five words of header
    append_16(segment, 65'535);          // the window
    append_32(segment, 0);               // checksum, nothing urgent
    ws::append(segment, payload);
    // RFC 9293 §3.1: addresses, protocol and length count, too.
    const std::uint64_t pseudo = (std::uint64_t{from} >> 16) + (from & 0xFFFF) +
                                 (std::uint64_t{to} >> 16) + (to & 0xFFFF) + 6 + segment.size();
    store_be<std::uint16_t>(ws::MutableBytes{segment}.subspan(16, 2), checksum(segment, pseudo));
    // SYN and FIN count as a byte each.
    ours += static_cast<std::uint32_t>(payload.size()) + ((flags & (syn | fin)) != 0 ? 1 : 0);

    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    const std::size_t size = ip_bytes + segment.size();
    ws::Buffer record;
    append_32(record, static_cast<std::uint64_t>(now.count()) / 1'000'000);
    append_32(record, static_cast<std::uint64_t>(now.count()) % 1'000'000);
    append_32(record, size);
    append_32(record, size);
    ws::append(record, ip_header(from, to, size));
    ws::append(record, segment);
    capture_->write(record);
}

void Capture::write(ws::Bytes bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size())
        throw std::runtime_error{"--pcap: cannot write '" + path_ + "': " + std::strerror(errno)};
}

void Capture::flush() {
    if (std::fflush(file_.get()) != 0)
        throw std::runtime_error{"--pcap: cannot write '" + path_ + "': " + std::strerror(errno)};
}

ws::Tracer::Tap Capture::tap() {
    // It may be a pipe that nobody reads.
    ::fcntl(::fileno(file_.get()), F_SETFL, O_NONBLOCK);
    return [this, connection = Connection{*this}](ws::Direction direction, ws::Bytes bytes) mutable {
        if (given_up_) return;
        try {
            connection.bytes(direction, bytes);
        } catch (const std::runtime_error& error) {
            if (!given_up_.exchange(true))
                std::fprintf(stderr, "%s; the capture ends here\n", error.what());
        }
    };
}

void CaptureOption::declare(Options& options) {
    options.custom("--pcap", "FILE", "write what crosses the wire to FILE, for Wireshark",
                   [this](const std::string& path) { capture_ = std::make_unique<Capture>(path); });
}

std::function<ws::Tracer::Tap()> CaptureOption::taps() const {
    if (!capture_) return {};
    return [capture = capture_.get()] { return capture->tap(); };
}

}  // namespace cli
