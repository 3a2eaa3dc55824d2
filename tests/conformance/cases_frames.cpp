// Single frames: every form of the length, pings, what is reserved, and what is wrong. RFC 6455 §5.1 to §5.5.
#include "tests/conformance/cases.hpp"

namespace conformance {

namespace {

const char* name_of(unsigned opcode) {
    switch (opcode) {
        case text_opcode: return "text";
        case binary_opcode: return "binary message";
        case ping_opcode: return "ping";
        case pong_opcode: return "pong";
        case close_opcode: return "Close";
        default: return "continuation";
    }
}

std::string bytes(std::size_t count) { return std::to_string(count) + " bytes"; }

Group lengths() {
    Group group{"1", "lengths", "§5.2"};
    for (const bool is_text : {true, false})
        for (const std::size_t size : {0u, 1u, 2u, 124u, 125u, 126u, 127u, 128u, 255u, 256u, 65534u, 65535u, 65536u, 65537u}) {
            const Frame message = is_text ? text({"*", size}) : binary({"\xFE", size});
            const std::string title = std::string{name_of(message.opcode)} + " of " + bytes(size);
            group.add(title, {message}, echoes({message}));
            // Each byte a segment of its own; of a long one, as many as cut its header anywhere.
            group.add(title + ", in small segments", {message}, echoes({message})).chop = size < 300 ? 1 : 997;
        }
    const Frame hello = text("Hello");
    std::vector<Step> hundred;
    std::vector<Frame> answers;
    std::string glued;
    for (int i = 0; i < 100; ++i) {
        const Frame message = text("message " + std::to_string(i));
        hundred.push_back(message);
        answers.push_back(message);
    }
    group.add("two messages", {hello, binary("\x01\x02")}, echoes({hello, binary("\x01\x02")}));
    group.add("100 messages, one after the other", hundred, echoes(answers));
    group.add("100 messages, a byte in each segment", hundred, echoes(answers)).chop = 1;
    group.add("a message in one segment with the handshake", {hello}, echoes({hello})).glued = true;
    group.add("three messages in one segment with the handshake", {hello, binary("x"), text("")},
              echoes({hello, binary("x"), text("")})).glued = true;
    group.add("a binary message of all 256 values", {binary(from_hex("00 01 7f 80 fe ff"))},
              echoes({binary(from_hex("00 01 7f 80 fe ff"))}));
    Frame zero_key = hello;
    zero_key.key = 0;
    group.add("a masking key of zeroes", {zero_key}, echoes({hello})).side = Side::servers;
    Frame other_key = text({"key ", 100});
    other_key.key = 0xFFFFFFFF;
    group.add("a masking key of ones", {other_key}, echoes({text({"key ", 100})})).side = Side::servers;
    return group;
}

Group pings() {
    Group group{"2", "pings and pongs", "§5.5.2, §5.5.3"};
    for (const std::size_t size : {0u, 1u, 2u, 124u, 125u}) {
        group.add("ping of " + bytes(size), {ping({"p", size})}, echoes({pong({"p", size})}));
        group.add("ping of " + bytes(size) + ", byte by byte", {ping({"p", size})}, echoes({pong({"p", size})})).chop = 1;
    }
    const std::string data = from_hex("00 ff fe fd fc fb 00 ff");
    group.add("ping with bytes that are no text", {ping(data)}, echoes({pong(data)}));
    group.add("ping of 126 bytes", {ping({"p", 126})}, fails(1002));
    group.add("ping of 126 bytes, byte by byte", {ping({"p", 126})}, fails(1002)).chop = 1;
    group.add("ping of 65536 bytes", {ping({"p", 65536})}, fails(1002));
    group.add("ping in two frames", {unfinished(ping("a")), cont("b")}, fails(1002));
    group.add("a pong that nobody asked for", {pong("")}, echoes({}));
    group.add("a pong with a payload that nobody asked for", {pong("unasked")}, echoes({}));
    group.add("pong of 126 bytes", {pong({"p", 126})}, fails(1002));
    group.add("pong in two frames", {unfinished(pong("a")), cont("b")}, fails(1002));
    group.add("an unasked pong, then a ping", {pong("unasked"), ping("asked")}, echoes({pong("asked")}));
    group.add("a text between two pings", {ping("1"), text("between"), ping("2")},
              echoes({pong("1"), text("between"), pong("2")}));
    std::vector<Step> ten;
    std::vector<Frame> answers;
    for (int i = 0; i < 10; ++i) {
        ten.push_back(ping("ping " + std::to_string(i)));
        answers.push_back(pong("ping " + std::to_string(i)));
    }
    group.add("ten pings", ten, echoes(answers));
    group.add("ten pings, a byte in each segment", ten, echoes(answers)).chop = 1;
    group.add("a ping in one segment with the handshake", {ping("early")}, echoes({pong("early")})).glued = true;
    return group;
}

Group reserved_bits() {
    Group group{"3", "reserved bits", "§5.2"};
    const Frame good = text("before");
    for (unsigned rsv = 1; rsv < 8; ++rsv) {
        const std::string title = "RSV = " + std::to_string(rsv) + ": ";
        group.add(title + "text", {with_rsv(text("Hello"), rsv)}, fails(1002));
        group.add(title + "empty binary message", {with_rsv(binary(""), rsv)}, fails(1002));
        group.add(title + "text after a good one", {good, with_rsv(text("Hello"), rsv), ping("")}, fails(1002, {good}));
        group.add(title + "text, byte by byte", {with_rsv(text("Hello"), rsv)}, fails(1002)).chop = 1;
        group.add(title + "ping", {with_rsv(ping("x"), rsv)}, fails(1002));
        group.add(title + "Close", {with_rsv(close(1000), rsv)}, fails(1002));
        group.add(title + "continuation", {unfinished(text("Hel")), with_rsv(cont("lo"), rsv)}, fails(1002));
    }
    return group;
}

Group reserved_opcodes() {
    Group group{"4", "reserved opcodes", "§5.2"};
    const Frame good = text("before");
    for (const unsigned opcode : {3u, 4u, 5u, 6u, 7u, 11u, 12u, 13u, 14u, 15u}) {
        const std::string title = "opcode " + std::to_string(opcode) + ": ";
        group.add(title + "empty", {Frame{.opcode = opcode}}, fails(1002));
        group.add(title + "with a payload", {Frame{.opcode = opcode, .payload = "reserved"}}, fails(1002));
        group.add(title + "after a good text", {good, Frame{.opcode = opcode}, ping("")}, fails(1002, {good}));
        group.add(title + "byte by byte", {Frame{.opcode = opcode, .payload = "reserved"}}, fails(1002)).chop = 1;
        group.add(title + "within a fragmented message", {unfinished(text("Hel")), Frame{.opcode = opcode}, cont("lo")},
                  fails(1002));
    }
    return group;
}

Frame unminimal(Frame frame, int length_bytes) {
    frame.length_bytes = length_bytes;
    return frame;
}

Frame announcing(Frame frame, std::uint64_t length) {
    frame.announced = length;
    return frame;
}

Frame wrongly_masked(Frame frame) {
    frame.wrong_mask = true;
    return frame;
}

Group wrong_headers() {
    Group group{"5", "masks and wrong lengths", "§5.1, §5.2"};
    const Frame good = text("before");
    for (const Frame& frame : {text("Hello"), text(""), binary("Hello"), ping("x"), pong("x"), close(1000)}) {
        const std::string title = "mask on the wrong side: " + std::string{name_of(frame.opcode)};
        group.add(title + " of " + bytes(frame.payload.size()), {wrongly_masked(frame)}, fails(1002));
    }
    group.add("mask on the wrong side, after a good text", {good, wrongly_masked(text("Hello")), ping("")},
              fails(1002, {good}));
    group.add("mask on the wrong side: continuation", {unfinished(text("Hel")), wrongly_masked(cont("lo"))}, fails(1002));
    group.add("mask on the wrong side, byte by byte", {wrongly_masked(text("Hello"))}, fails(1002)).chop = 1;

    for (const std::size_t size : {0u, 1u, 125u})
        group.add("16 bits of length for " + bytes(size), {unminimal(text({"x", size}), 2)}, may_fail(1002));
    for (const std::size_t size : {0u, 1u, 125u, 126u, 65535u})
        group.add("64 bits of length for " + bytes(size), {unminimal(text({"x", size}), 8)}, may_fail(1002));
    group.add("16 bits of length for a ping", {unminimal(ping("x"), 2)}, may_fail(1002));
    group.add("64 bits of length for a ping", {unminimal(ping("x"), 8)}, may_fail(1002));
    group.add("16 bits of length for a Close", {unminimal(close(1000), 2)}, may_fail(1002));

    // Nothing of the payload is sent: whoever reserves what was announced, or waits for it, is seen.
    for (const std::uint64_t length : {std::uint64_t{1} << 63, ~std::uint64_t{0}, (std::uint64_t{1} << 63) + 5})
        group.add("top bit of the length is set: " + std::to_string(length), {announcing(text(""), length), soon()},
                  fails(1002));
    for (const int bits : {31, 32, 40, 62}) {
        Expected expected = fails(1009);
        expected.fails.push_back(1002);
        expected.free = true;  // what is too long for an endpoint is its own decision
        group.add("a message of 2^" + std::to_string(bits) + " bytes is announced",
                  {announcing(text(""), std::uint64_t{1} << bits), soon()}, expected);
    }
    group.add("a ping of 2^32 bytes is announced", {announcing(ping(""), std::uint64_t{1} << 32), soon()}, fails(1002));
    group.add("a Close of 2^63 - 1 bytes is announced",
              {announcing(close_body(""), (std::uint64_t{1} << 63) - 1), soon()}, fails(1002));
    return group;
}

}  // namespace

void frame_groups(std::vector<Group>& groups) {
    for (const auto make : {lengths, pings, reserved_bits, reserved_opcodes, wrong_headers}) groups.push_back(make());
}

}  // namespace conformance
