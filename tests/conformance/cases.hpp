// What a case is: what the suite sends, and what an endpoint that echoes answers. One table for both
// roles; a case is written as its frames, unmasked, and whoever plays the client masks them.
// Leaves out: sockets (link.hpp) and judging (judge.hpp).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/packing.hpp"
#include "tests/conformance/wire.hpp"

namespace conformance {

inline Frame text(Bytes payload) { return {.opcode = text_opcode, .payload = std::move(payload)}; }
inline Frame binary(Bytes payload) { return {.opcode = binary_opcode, .payload = std::move(payload)}; }
inline Frame ping(Bytes payload) { return {.opcode = ping_opcode, .payload = std::move(payload)}; }
inline Frame pong(Bytes payload) { return {.opcode = pong_opcode, .payload = std::move(payload)}; }
inline Frame cont(Bytes payload) { return {.opcode = continuation, .payload = std::move(payload)}; }
Frame close(unsigned code, const std::string& reason = "");
inline Frame close_body(std::string body) { return {.opcode = close_opcode, .payload = std::move(body)}; }
Frame unfinished(Frame frame);  // FIN = 0
Frame with_rsv(Frame frame, unsigned rsv);

// One thing that is done, in the order of the case.
struct Step {
    enum Kind : std::uint8_t {
        frame,
        raw,      // these bytes
        soon,     // the endpoint can know by now that the connection has failed: does it say so?
        message,  // a message, packed by the extension that was agreed on
    };
    Kind kind = frame;
    Frame what{};
    std::string bytes{};
    Packer::Kind packing = Packer::Kind::fixed;
    std::size_t fragment = 0;  // of a message: bytes in a frame; 0: one frame
    std::size_t later = 0;     // of a frame: so many bytes at its end wait until `soon` is over

    Step(Frame f) : what{std::move(f)} {}
    Step(Kind k, std::string b = {}) : kind{k}, bytes{std::move(b)} {}
    Step(Frame f, Packer::Kind p, std::size_t n) : kind{message}, what{std::move(f)}, packing{p}, fragment{n} {}
};
inline Step soon() { return Step::soon; }
// The frame less its last `later` bytes; then it is asked as by soon(); then they follow.
inline Step interrupted(Frame f, std::size_t later) {
    Step step{std::move(f)};
    step.later = later;
    return step;
}
inline Step raw(std::string bytes) { return {Step::raw, std::move(bytes)}; }
inline Step packed(Frame f, Packer::Kind kind = Packer::Kind::fixed, std::size_t fragment = 0) {
    return {std::move(f), kind, fragment};
}

// The frames of a Step::message.
std::vector<Frame> packed_frames(const Step& step, Packer& packer);

// What is to come. Messages, pongs and a Close (its code counts, not its reason).
struct Expected {
    std::vector<Frame> events{};
    std::vector<unsigned> fails{};  // not empty: the endpoint ends the connection, with one of these codes
    bool not_strict_if_taken = false;  // whoever takes it in spite of that, breaks no MUST of its own
    bool free = false;                 // the RFC leaves it open: noted, not judged
};
Expected echoes(std::vector<Frame> events);
Expected fails(unsigned code, std::vector<Frame> before = {});
Expected may_fail(unsigned code, std::vector<Frame> before = {});  // not_strict_if_taken
Expected anything();

enum class Side : std::uint8_t { both, servers, clients };

// An opening handshake that is not the usual one. $HOST, $PATH, $KEY, $ACCEPT stand for what they say.
struct Opening {
    std::string head{};          // all of it; empty: the usual one
    std::size_t chop = 0;
    std::vector<int> refused{};  // for servers: the right statuses; clients just give up
    bool accepted = false;       // it is right, and has to be taken
    bool not_strict_if_taken = false;
    bool free = false;
};

// The same with what they stand for.
struct Values {
    std::string host = "localhost";
    std::string path = "/ws";
    std::string key = "dGhlIHNhbXBsZSBub25jZQ==";  // of RFC 6455 §1.2
};
std::string filled_in(std::string head, const Values& values);

struct Case {
    std::string id{};       // "2.5"
    std::string title{};
    std::string section{};  // "§5.5.2"
    Side side = Side::both;
    std::vector<Step> steps{};
    Expected expected{};
    std::size_t chop = 0;           // bytes in a segment
    bool glued = false;             // the frames come in one piece with the handshake
    bool large = false;             // left out of a short run
    std::optional<Opening> opening{};
    std::string deflate{};          // offered (to servers) or answered (to clients); empty: none
    std::string wanted_answer{};    // of a server to that offer: "" anything right, "none", or parameters
};

// All that a case sends over an open connection, as nobody who listens would: at once.
std::string bytes_of(const Case& each, bool from_client);

struct Group {
    std::string number{};
    std::string title{};
    std::string section{};
    std::vector<Case> cases{};

    Case& add(std::string title, std::vector<Step> steps, Expected expected);
    Case& open(std::string title, Side side, Opening opening);
};

// All of them, in groups. Which of them an endpoint meets depends on its side.
std::vector<Group> all_groups();

// One function for each file of cases.
void frame_groups(std::vector<Group>& groups);
void message_groups(std::vector<Group>& groups);
void close_groups(std::vector<Group>& groups);
void size_groups(std::vector<Group>& groups);
void opening_groups(std::vector<Group>& groups);
void compression_groups(std::vector<Group>& groups);

}  // namespace conformance
