// The frame lab beside a blocking server: endpoint::accept(), and the lab's share. Lesson 8.
// A request for a page is answered, one for a trace is served until its reader goes; both on the
// thread that the client has anyway.
// Leaves out: FrameSocket (lessons/05-frames/lab.hpp), the event loop (lab/lab_loop).
#pragma once

#include <memory>

#include "endpoint/dial_accept.hpp"
#include "lab/lab.hpp"

namespace lab {

// As endpoint::accept(). Null: it was the lab's business, and that is done. `lab` outlives the
// connection.
std::unique_ptr<endpoint::BlockingConnection> accept(Lab& lab, const net::Fd& socket,
                                                     endpoint::AcceptOptions options,
                                                     const net::Address& peer = {});

}  // namespace lab
