// Is the peer still there? What a blocking connection asks about a peer that says nothing. Lesson 8.
// Called under the connection's lock.
// Leaves out: the answer, which is lesson 9's (heartbeat.cpp, with ws/keep_alive).
#pragma once

#include <memory>

#include "endpoint/common_options.hpp"
#include "net/socket.hpp"

namespace endpoint {

class Liveness {
  public:
    virtual ~Liveness() = default;

    // The peer has sent a byte, or taken one that was waiting for it. Also said where nobody has
    // listened until now, for that was not the peer's silence.
    virtual void sign_of_life() = 0;

    struct Duty {
        bool ping = false;        // send one now
        bool gone = false;        // no sign of life for the idle timeout: end TCP
        net::Deadline next = {};  // when to ask again, unless there was a sign; none: no need to
    };
    virtual Duty duty() = 0;
};

// For a connection that opens now; null: nobody watches over it. Linked and not passed, so that no
// program can forget it: one without heartbeat.cpp has to say what it does instead (lesson 8).
std::unique_ptr<Liveness> liveness(const ConnectionOptions& options);

}  // namespace endpoint
