// What crosses the wire of one connection, shown to whoever wants to see it: --trace, --record.
// Costs nothing when nobody does.
// Leaves out: finding the frames in the bytes (ws/trace, record).
#pragma once

#include <optional>

#include "clients/wsc/record.hpp"
#include "ws/frame.hpp"
#include "ws/trace.hpp"

namespace wsc {

class Wire {
  public:
    // `role` is ours, and says which way the arrows point. `trace` may be empty, `recorder` null;
    // the recorder outlives this object.
    Wire(ws::Role role, ws::Tracer::Sink trace, Recorder* recorder)
        : client_{role == ws::Role::client}, recorder_{recorder} {
        if (trace) tracer_.emplace(std::move(trace));
    }

    void sent(ws::Bytes bytes) { crossed(client_, bytes); }
    // Before they are unmasked.
    void received(ws::Bytes bytes) { crossed(!client_, bytes); }

    void end() {
        if (tracer_) tracer_->end();
        if (recorder_ != nullptr) recorder_->end();
    }

    bool traced() const { return tracer_.has_value(); }

  private:
    void crossed(bool from_client, ws::Bytes bytes) {
        const auto direction =
            from_client ? ws::Direction::from_client : ws::Direction::from_server;
        if (tracer_) tracer_->bytes(direction, bytes);
        if (recorder_ != nullptr) recorder_->bytes(direction, bytes);
    }

    bool client_;
    std::optional<ws::Tracer> tracer_;
    Recorder* recorder_;
};

}  // namespace wsc
