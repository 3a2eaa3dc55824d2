// What crosses the wire of one connection, shown to whoever wants to see it: --trace, --record, --pcap.
// Costs nothing when nobody does.
// Leaves out: finding the frames in the bytes (ws/trace, record).
#pragma once

#include <optional>

#include "cli/capture.hpp"
#include "clients/wsc/record.hpp"
#include "ws/frame.hpp"
#include "ws/trace.hpp"

namespace wsc {

// The files in which what crosses is kept; null: none. They outlive every connection.
struct Kept {
    Recorder* record = nullptr;
    cli::Capture* packets = nullptr;
};

class Wire {
  public:
    // `role` is ours, and says which way the arrows point. `trace` may be empty.
    Wire(ws::Role role, ws::Tracer::Sink trace, Kept kept)
        : client_{role == ws::Role::client}, kept_{kept} {
        if (trace) tracer_.emplace(std::move(trace));
        if (kept_.packets != nullptr) packets_.emplace(*kept_.packets).begin();
    }

    void sent(ws::Bytes bytes) { crossed(client_, bytes); }
    // Before they are unmasked. After a Close or a broken frame there are no frames any more that could
    // be kept whole: they are shown, and not recorded.
    void received(ws::Bytes bytes, bool in_frames = true) { crossed(!client_, bytes, in_frames); }

    void end() {
        if (tracer_) tracer_->end();
        if (kept_.record != nullptr) kept_.record->end();
        if (packets_) packets_->end();
    }

    bool traced() const { return tracer_.has_value(); }

  private:
    void crossed(bool from_client, ws::Bytes bytes, bool recorded = true) {
        const auto direction =
            from_client ? ws::Direction::from_client : ws::Direction::from_server;
        if (tracer_) tracer_->bytes(direction, bytes);
        if (kept_.record != nullptr && recorded) kept_.record->bytes(direction, bytes);
        if (packets_) packets_->bytes(direction, bytes);
    }

    bool client_;
    std::optional<ws::Tracer> tracer_;
    Kept kept_;
    std::optional<cli::Capture::Connection> packets_;
};

}  // namespace wsc
