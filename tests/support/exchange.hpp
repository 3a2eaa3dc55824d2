// A connection under test: what is fed to it, in both roles and cut anywhere, and what comes of
// it, written down as text. RFC 6455 §5 to §7.
// Frames are written unmasked; whoever plays the client masks them (see masked()).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/bytes.hpp"
#include "ws/connection.hpp"

namespace test {

// The masking key of the RFC's examples (§5.7), always the same: what a client under test sends
// is then known byte by byte.
inline constexpr ws::MaskingKey sample_key{0x37, 0xfa, 0x21, 0x3d};

class SampleKeys : public ws::KeySource {
  public:
    ws::MaskingKey next_key() override { return sample_key; }
};

// The same frames as a client sends them. The length forms stay as they are, also wrong ones,
// and the last frame may be incomplete.
ws::Buffer masked(ws::Bytes frames, ws::MaskingKey key = sample_key);

// A Close frame, unmasked.
ws::Buffer close_frame(ws::CloseCode code, std::string_view reason = "");

// One event as text:
//   text "Hello"      binary 00 FF      ping "x"      pong ""
//   close 1000 "bye"  failed frame_masked
std::string describe(const ws::Event& event);

// Texts one below the other, so that a failed comparison shows them.
std::string lines(const std::vector<std::string>& texts);

// A connection and everything that has happened to it.
struct Recorder {
    explicit Recorder(ws::Role role, ws::Limits limits = {});

    // Feeds a copy of the piece and takes every event out of it.
    void feed(ws::Bytes piece);

    SampleKeys keys;
    ws::Connection connection;
    bool in_place = false;  // bytes are fed from Connection::room(), where they have one
    std::vector<std::string> events;
    ws::Buffer out;  // what the connection answered
};

// What is expected of a connection that receives some frames.
struct Expected {
    std::vector<std::string> events;
    ws::Buffer out{};  // its answers, unmasked
    ws::State state = ws::State::open;
};

// Feeds `frames` (unmasked) to a server and to a client, over every cut and in place or not, and
// checks all that they said.
void check_exchange(ws::Bytes frames, const Expected& expected, ws::Limits limits = {});

// The same for one role; `bytes` and `expected.out` are as they cross the wire.
void check_exchange(ws::Role role, ws::Bytes bytes, const Expected& expected,
                    ws::Limits limits = {});

}  // namespace test
