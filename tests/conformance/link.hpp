// One connection of the suite, in either role: sends what a case says, byte for byte, notes what comes.
// Reads while it sends, so that an echo of 16 MiB stops neither side. RFC 6455 §5, §7.
// Leaves out: what was to come; see judge.hpp.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/socket.hpp"
#include "tests/conformance/packing.hpp"
#include "tests/conformance/wire.hpp"

namespace conformance {

// Compression as it was agreed on for this connection. Null in a Link: none.
struct Compression {
    Packer packer;
    Unpacker unpacker;
    bool forgets = false;       // this side begins each message anew
    bool peer_forgets = false;
};

class Link {
  public:
    enum class Role : std::uint8_t { client, server };  // the suite's

    Link(net::Fd socket, Role role) : socket_{std::move(socket)}, role_{role} {}

    Role role() const { return role_; }

    // The head of an HTTP message, up to its blank line; what there was, when the peer ended first.
    std::string receive_head(net::Deadline deadline);

    // In pieces of `chop` bytes, each a segment of its own; 0: as the kernel likes.
    void send(std::string_view bytes, net::Deadline deadline, std::size_t chop = 0);
    std::string encode(Frame frame) { return conformance::encode(frame, role_ == Role::client); }

    // Reads until it is so, or nothing more will come. False: the deadline came first.
    bool wait(const std::function<bool()>& so, net::Deadline deadline);
    void end_sending() { net::shutdown_sending(socket_); }

    // What came. Whole messages (their payload unpacked), pongs and the peer's Close, in their order.
    std::vector<Frame> events;
    bool closed = false;    // the peer's Close is the last of the events
    bool ended = false;     // TCP
    std::string broken{};   // a rule that the peer broke; nothing is read after that
    bool close_sent = false;
    std::unique_ptr<Compression> compression;
    std::size_t packed_messages = 0;  // of the peer

  private:
    bool read_some();
    void read_frames();
    void take(const Frame& frame);
    void take_control(const Frame& frame);
    void take_data(const Frame& frame);
    void finish_message();
    void answer(const Frame& frame);

    net::Fd socket_;
    Role role_;
    std::string in_;            // not yet understood
    bool frames_ = false;       // the head has come
    std::string answers_;       // to pings and a Close, to be sent at the next chance
    bool in_message_ = false;
    Frame message_;
    std::string collected_;
};

}  // namespace conformance
