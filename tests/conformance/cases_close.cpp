// The closing handshake: codes, bodies, and what comes after it. RFC 6455 §5.5.1, §7.
// Codes: §7.4, and 1012 to 1014 of IANA's registry, which came later.
#include "tests/conformance/cases.hpp"

namespace conformance {

namespace {

Group closing() {
    Group group{"10", "closing", "§5.5.1, §7"};
    group.add("without a body", {close_body("")}, echoes({close_body("")}));
    group.add("without a body, byte by byte", {close_body("")}, echoes({close_body("")})).chop = 1;
    group.add("after a message", {text("Hello"), close(1000)}, echoes({text("Hello"), close(1000)}));
    group.add("after a ping", {ping("p"), close(1000)}, echoes({pong("p"), close(1000)}));
    group.add("a message after it", {close(1000), text("late")}, echoes({close(1000)}));
    group.add("a ping after it", {close(1000), ping("late")}, echoes({close(1000)}));
    group.add("a second one after it", {close(1000), close(1001)}, echoes({close(1000)}));
    group.add("a wrong frame after it", {close(1000), raw(from_hex("ff ff"))}, echoes({close(1000)}));
    group.add("in one segment with the handshake", {close(1000)}, echoes({close(1000)})).glued = true;
    group.add("a body of one byte", {close_body("\x03")}, fails(1002));
    group.add("a body of one byte, byte by byte", {close_body("\x03")}, fails(1002)).chop = 1;
    for (const std::size_t size : {1u, 10u, 122u, 123u})
        group.add("a reason of " + std::to_string(size) + " bytes", {close(1000, std::string(size, '*'))},
                  echoes({close(1000)}));
    group.add("a reason of 123 bytes, byte by byte", {close(1000, std::string(123, '*'))}, echoes({close(1000)})).chop = 1;
    group.add("a reason of 124 bytes", {close(1000, std::string(124, '*'))}, fails(1002));
    group.add("a reason of 124 bytes, byte by byte", {close(1000, std::string(124, '*'))}, fails(1002)).chop = 1;
    group.add("a Close in two frames", {unfinished(close(1000)), cont("reason")}, fails(1002));
    group.add("a reason beyond ASCII", {close(1000, "gr\xC3\xBC\xC3\x9F" "e \xE2\x82\xAC")}, echoes({close(1000)}));
    group.add("a Close of 65536 bytes", {close(1000, std::string(65534, '*'))}, fails(1002));
    return group;
}

Group reasons() {
    Group group{"11", "reasons that are not UTF-8", "§5.5.1, §8.1"};
    for (const char* hex : {"ff", "80", "c0 af", "ed a0 80", "f4 90 80 80", "e2 82", "ce ba e1 bd b9 cf 83 ff"}) {
        group.add(hex, {close(1000, from_hex(hex))}, fails(1007));
        group.add(std::string{hex} + ", byte by byte", {close(1000, "good " + from_hex(hex))}, fails(1007)).chop = 1;
    }
    return group;
}

Group codes() {
    Group group{"12", "close codes", "§7.4"};
    for (const unsigned code : {1000u, 1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u, 3000u, 3999u, 4000u, 4999u})
        group.add("code " + std::to_string(code), {close(code, "right")}, echoes({close(code)}));
    // Registered after the RFC: whoever takes them for unknown goes by an older list.
    for (const unsigned code : {1012u, 1013u, 1014u}) {
        Expected expected = echoes({close(code)});
        expected.free = true;
        group.add("code " + std::to_string(code) + ", registered later", {close(code)}, expected);
    }
    for (const unsigned code : {0u, 1u, 999u, 1004u, 1005u, 1006u, 1015u, 1016u, 1100u, 2000u, 2999u})
        group.add("code " + std::to_string(code) + ", which must not be sent", {close(code)}, fails(1002));
    // §7.4.2 names no use for these, and forbids none.
    for (const unsigned code : {5000u, 65535u}) group.add("code " + std::to_string(code), {close(code)}, anything());
    return group;
}

}  // namespace

void close_groups(std::vector<Group>& groups) {
    for (const auto make : {closing, reasons, codes}) groups.push_back(make());
}

}  // namespace conformance
