// A dump's line (xxd, hexdump, od, tcpdump, Wireshark) is an offset, bytes in hex, and the same
// bytes as characters, which are left out. What was captured from a network lies behind the headers
// of Ethernet, IP and TCP. RFC 791 (IPv4), RFC 8200 (IPv6), RFC 9293 (TCP); the file format is that
// of libpcap, pcap-savefile(5).
#include "clients/explain/input.hpp"

#include <algorithm>
#include <map>

#include "ws/byte_order.hpp"
#include "ws/hex.hpp"
#include "ws/unhex.hpp"

namespace explain {

namespace {

bool is_hex(std::string_view text) {
    return !text.empty() &&
           text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t start = std::min(text.find_first_not_of(" \t"), text.size());
    text.remove_prefix(start);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

// The offset before the bytes: "00000000: ", "0x0010:  ", "0000   ". Empty: this is no line of a
// dump.
std::string_view without_offset(std::string_view line) {
    line = trimmed(line);
    if (line.starts_with("0x")) line.remove_prefix(2);
    const std::size_t end = line.find_first_not_of("0123456789abcdefABCDEF");
    if (end == std::string_view::npos || end < 4 || end > 8) return {};
    const std::string_view rest = line.substr(end);
    // Of od -A x a single space stands there; four digits and one space are bytes.
    if (!rest.starts_with(": ") && !rest.starts_with(":\t") && !rest.starts_with("  ") &&
        !(rest.front() == ' ' && end >= 6 && line.starts_with("00")))
        return {};
    return trimmed(rest.substr(rest.front() == ':' ? 1 : 0));
}

// The hex column ends where two spaces or more stand before the characters; but hexdump and tcpdump
// put two in the middle as well, so a group of digits after them goes on with it, up to 16 bytes.
ws::Buffer bytes_of_line(std::string_view line) {
    constexpr std::size_t bytes_in_line = 16;
    ws::Buffer bytes;
    while (!line.empty() && bytes.size() < bytes_in_line) {
        const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
        const std::string_view group = line.substr(0, end);
        if (!is_hex(group) || group.size() % 2 != 0 || group.size() > 8) break;
        ws::append(bytes, *ws::unhex(group));
        line.remove_prefix(end);
        // Where the gap is wide, the line's bytes have ended.
        const std::size_t gap = std::min(line.find_first_not_of(" \t"), line.size());
        if (gap > 2) break;
        line.remove_prefix(gap);
    }
    return bytes;
}

// --- what lies around TCP's payload --------------------------------------------------------------

struct Segment {
    std::string from, to;
    std::uint32_t sequence = 0;
    ws::Bytes payload;
};

std::string endpoint_name(ws::Bytes address, std::uint16_t port) {
    std::string text;
    if (address.size() == 4)
        for (const std::uint8_t byte : address)
            text += (text.empty() ? "" : ".") + std::to_string(byte);
    else
        text = '[' + ws::hex(address) + ']';
    return text + ':' + std::to_string(port);
}

std::optional<Segment> tcp_segment(ws::Bytes tcp, ws::Bytes from, ws::Bytes to) {
    if (tcp.size() < 20) return std::nullopt;
    const std::size_t header = (tcp[12] >> 4) * std::size_t{4};
    if (header < 20 || header > tcp.size()) return std::nullopt;
    return Segment{endpoint_name(from, ws::load_be<std::uint16_t>(tcp)),
                   endpoint_name(to, ws::load_be<std::uint16_t>(tcp.subspan(2))),
                   ws::load_be<std::uint32_t>(tcp.subspan(4)), tcp.subspan(header)};
}

// From IP's first byte on. Nothing: no TCP.
std::optional<Segment> ip_packet(ws::Bytes ip) {
    constexpr std::uint8_t tcp = 6;
    if (ip.size() >= 20 && ip[0] >> 4 == 4) {
        const std::size_t header = (ip[0] & 15) * std::size_t{4};
        // A card that cuts segments by itself lets the kernel leave the length 0.
        const std::size_t announced = ws::load_be<std::uint16_t>(ip.subspan(2));
        const std::size_t length = announced == 0 ? ip.size() : std::min(announced, ip.size());
        if (header < 20 || header > length || ip[9] != tcp) return std::nullopt;
        return tcp_segment(ip.first(length).subspan(header), ip.subspan(12, 4), ip.subspan(16, 4));
    }
    if (ip.size() >= 40 && ip[0] >> 4 == 6 && ip[6] == tcp) {
        const std::size_t length = ws::load_be<std::uint16_t>(ip.subspan(4));
        const ws::Bytes rest = ip.subspan(40);
        return tcp_segment(rest.first(length == 0 ? rest.size() : std::min(length, rest.size())),
                           ip.subspan(8, 16), ip.subspan(24, 16));
    }
    return std::nullopt;
}

std::optional<Segment> ethernet_frame(ws::Bytes frame) {
    if (frame.size() < 14) return std::nullopt;
    const auto type = ws::load_be<std::uint16_t>(frame.subspan(12));
    return type == 0x0800 || type == 0x86DD ? ip_packet(frame.subspan(14)) : std::nullopt;
}

// Puts segments of each direction together. What was sent again is left out; a gap is lost.
class Streams {
  public:
    void add(const Segment& segment) {
        if (segment.payload.empty()) return;
        Direction& direction = directions_[segment.from + " to " + segment.to];
        if (direction.bytes.empty()) {
            direction.next = segment.sequence;
            direction.place = directions_.size();
        }
        const auto known = static_cast<std::int32_t>(direction.next - segment.sequence);
        const std::size_t skipped = known > 0 ? static_cast<std::size_t>(known) : 0;
        if (skipped >= segment.payload.size()) return;
        ws::append(direction.bytes, segment.payload.subspan(skipped));
        direction.next = segment.sequence + static_cast<std::uint32_t>(segment.payload.size());
    }

    std::vector<Stream> all() && {
        std::vector<std::pair<std::size_t, Stream>> found;
        for (auto& [name, direction] : directions_)
            found.push_back({direction.place, {name, std::move(direction.bytes)}});
        std::ranges::sort(found, {}, &std::pair<std::size_t, Stream>::first);
        std::vector<Stream> streams;
        streams.reserve(found.size());
        for (auto& [place, stream] : found) streams.push_back(std::move(stream));
        return streams;
    }

  private:
    struct Direction {
        std::uint32_t next = 0;
        std::size_t place = 0;  // by first appearance
        ws::Buffer bytes;
    };
    std::map<std::string, Direction> directions_;
};

// --- a capture file ------------------------------------------------------------------------------

class Capture {
  public:
    // Nothing: no capture.
    static std::optional<std::vector<Stream>> read(ws::Bytes file) {
        if (file.size() < 24) return std::nullopt;
        Capture capture;
        const auto magic = ws::load_be<std::uint32_t>(file);
        if (magic == 0xD4C3B2A1 || magic == 0x4D3CB2A1)
            capture.swapped_ = true;
        else if (magic != 0xA1B2C3D4 && magic != 0xA1B23C4D)
            return std::nullopt;
        const std::uint32_t link = capture.number(file.subspan(20)) & 0xFFFF;
        file = file.subspan(24);
        Streams streams;
        while (file.size() >= 16) {
            const std::size_t captured = capture.number(file.subspan(8));
            file = file.subspan(16);
            if (captured > file.size()) break;  // cut off
            if (const auto segment = packet(link, file.first(captured))) streams.add(*segment);
            file = file.subspan(captured);
        }
        return std::move(streams).all();
    }

  private:
    std::uint32_t number(ws::Bytes bytes) const {
        const auto value = ws::load_be<std::uint32_t>(bytes);
        return swapped_
                   ? (value >> 24) | (value >> 8 & 0xFF00) | (value << 8 & 0xFF0000) | value << 24
                   : value;
    }

    // https://www.tcpdump.org/linktypes.html
    static std::optional<Segment> packet(std::uint32_t link, ws::Bytes bytes) {
        constexpr std::uint32_t null = 0, ethernet = 1, raw = 101, linux_cooked = 113,
                                cooked2 = 276;
        const std::size_t before = link == null           ? 4
                                   : link == linux_cooked ? 16
                                   : link == cooked2      ? 20
                                                          : 0;
        if (link == ethernet) return ethernet_frame(bytes);
        if (link != raw && before == 0) return std::nullopt;
        return bytes.size() < before ? std::nullopt : ip_packet(bytes.subspan(before));
    }

    bool swapped_ = false;
};

// --- text ----------------------------------------------------------------------------------------

// The lines of one dump, several packets of which stand one behind the other (tcpdump -X).
class Dump {
  public:
    void line(std::string_view text) {
        // tshark shows what it has made of a packet, too: "Unmasked data (5 bytes):".
        const std::string_view title = trimmed(text);
        if (title.ends_with(" bytes):"))
            derived_ = !title.starts_with("Frame (");
        else if (title.empty())
            derived_ = false;
        const std::string_view rest = derived_ ? "" : without_offset(text);
        if (rest.empty()) return finish();
        found_ = true;
        if (starts_anew(text)) finish();
        ws::append(packet_, bytes_of_line(rest));
    }

    // Nothing: it was no dump.
    std::optional<std::vector<Stream>> streams() && {
        finish();
        if (!found_) return std::nullopt;
        std::vector<Stream> all = std::move(streams_).all();
        if (!plain_.empty()) all.push_back({"", std::move(plain_)});
        return all;
    }

  private:
    static bool starts_anew(std::string_view text) {
        text = trimmed(text);
        if (text.starts_with("0x")) text.remove_prefix(2);
        return text.substr(0, 4) == "0000" &&
               text.substr(0, text.find_first_of(": ")).find_first_not_of('0') ==
                   std::string_view::npos;
    }

    void finish() {
        if (packet_.empty()) return;
        auto segment = ip_packet(packet_);
        if (!segment) segment = ethernet_frame(packet_);
        if (segment)
            streams_.add(*segment);
        else
            ws::append(plain_, packet_);
        packet_.clear();
    }

    Streams streams_;
    ws::Buffer plain_, packet_;
    bool found_ = false;
    bool derived_ = false;  // what stands here is no packet
};

std::optional<std::vector<Stream>> read_dump(std::string_view input) {
    Dump dump;
    while (!input.empty()) {
        const std::size_t end = std::min(input.find('\n'), input.size());
        dump.line(input.substr(0, end));
        input.remove_prefix(std::min(end + 1, input.size()));
    }
    return std::move(dump).streams();
}

bool begins_with_head(std::string_view text) {
    return text.starts_with("GET ") || text.starts_with("HTTP/1.");
}

}  // namespace

std::string take_head(ws::Buffer& bytes) {
    const std::string_view text = ws::as_text(bytes);
    if (!begins_with_head(text)) return "";
    const std::size_t blank = text.find("\r\n\r\n");
    if (blank == std::string_view::npos) return "";
    std::string head{text.substr(0, blank + 4)};
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(head.size()));
    return head;
}

std::optional<std::vector<Stream>> read_input(std::string_view input) {
    if (auto capture = Capture::read(ws::as_bytes(input))) return capture;
    if (begins_with_head(input)) {
        const ws::Bytes bytes = ws::as_bytes(input);
        return std::vector{Stream{"", {bytes.begin(), bytes.end()}}};
    }
    if (auto dump = read_dump(input)) return dump;
    if (auto bytes = ws::unhex(input)) return std::vector{Stream{"", std::move(*bytes)}};
    return std::nullopt;
}

}  // namespace explain
