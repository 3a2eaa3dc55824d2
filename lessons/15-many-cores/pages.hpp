// Lesson 15: what an operator asks over HTTP: is it up, what has it done, who is on which loop.
// Called on any loop's thread; it reads the counters of all of them.
#pragma once

#include <string>
#include <string_view>

#include "endpoint/metrics.hpp"
#include "endpoint/reactors.hpp"

namespace lesson {

// False: there is no such page.
inline bool show(const endpoint::Reactors& loops, std::string_view path, ws::HttpReply& reply) {
    if (path == "/health") {
        reply.body = "ok\n";
    } else if (path == "/metrics") {
        reply.content_type = endpoint::metrics_content_type;
        reply.body = endpoint::metrics_text(loops.counters());
    } else if (path == "/loops") {
        for (unsigned i = 0; i < loops.loops(); ++i)
            reply.body += "loop " + std::to_string(i) + ": " +
                          std::to_string(loops.counters(i).connections_open) + " connections\n";
    } else {
        return false;
    }
    return true;
}

}  // namespace lesson
